"""The suite `imagenet`: its sources, its optima by enumeration, and its page from made records."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from benchmarks.imagenet import page
from benchmarks.imagenet.run import OUTSIDE, optimum, outside_sources, singles
from benchmarks.imagenet.settings import SUITE
from benchmarks.results.record import Record, append
from taskgraph.affinity import affinities
from taskgraph.losses import Losses

TARGETS, BANK = ("edge2d", "rgb2depth", "reshade"), ("edge2d", "reshade", "jigsaw", "random")


@pytest.fixture(scope="module")
def made():
    """Affinities of made losses, in which `lite` is the best source of one target."""
    random = np.random.default_rng(0)
    rows = []
    for target in TARGETS:
        for source in (*BANK, *OUTSIDE, "self", "scratch", "average"):
            if source == target:
                continue
            level = random.uniform(0.5, 1.5) - (
                0.4 if (source, target) == ("lite", "reshade") else 0
            )
            rows += [
                (target, source, f"{n}", level + random.uniform(), f"b{n // 5}") for n in range(40)
            ]
    columns = ["target", "sources", "image", "loss", "cluster"]
    return affinities(Losses.from_frame(pd.DataFrame(rows, columns=columns)), bootstrap=5)


def best_by_listing(frame, budget, cost):
    """The largest objective over all sets of sources that can be paid."""
    names = sorted({*BANK, *OUTSIDE, *TARGETS})
    price = {name: cost if name in OUTSIDE else 1.0 for name in names}
    rows = frame.dropna(subset=["affinity"])
    pairs = zip(rows["target"], rows["sources"], strict=True)
    table = dict(zip(pairs, np.sqrt(rows["affinity"]), strict=True))
    values = []
    for size in range(len(names) + 1):
        for chosen in combinations(names, size):
            if sum(price[name] for name in chosen) > budget:
                continue
            value = 0.0
            for target in TARGETS:
                own = ["self"] if target in chosen else [n for n in chosen if n != target]
                value += max((table.get((target, name), -np.inf) for name in own), default=-np.inf)
            values.append(value)
    return max(values)


@pytest.mark.parametrize("cost", [0.0, 1.0])
def test_the_optimum_is_the_best_of_all_sets(made, cost):
    found = optimum(made, 2, cost)
    best = best_by_listing(made.transfers.frame, 2, cost)
    assert found["objective"] == pytest.approx(best, abs=2e-5)
    assert set(found["shares"]) == set(OUTSIDE)
    if cost == 0.0:
        assert found["sources"].get("reshade") == "lite" or "reshade" in found["supervised"]


def test_random_weights_are_drawn_anew_with_each_seed():
    one, other = outside_sources(0), outside_sources(1)
    assert [source.name for source in one] == list(OUTSIDE)
    assert [source.seed for source in other] == [1, 0, 0]


def test_the_page_is_of_the_records(made, tmp_path):
    settings = {"targets": "+".join(TARGETS), "images": 9, "valid_images": 8, "test_images": 7}
    settings |= {"epochs": 1, "budget": 2, "resamples": 5}
    settings |= {f"source_{name}": model for name, model in OUTSIDE.items()}
    metrics = {
        "transfers": 9,
        "tested": 40,
        "test_buildings": 8,
        "single": singles(made.transfers.frame),
        "optima": [optimum(made, 2, cost) for cost in (1.0, 0.0)],
    }
    for seed in (0, 1):
        versions = {"torch": "2"}
        append(tmp_path, Record("imagenet", settings, seed, "test", metrics, versions=versions))
    text = SUITE.write_page(tmp_path)
    assert "| `edge2d` | " in text
    assert "--source lite_mid=lite0,size=128,keep=blocks.4" in text
    assert "place: |" not in text
    share = metrics["optima"][1]["shares"]["lite"]
    assert f"lite {share:.2f} ({share:.2f} to {share:.2f})" in text
    assert (tmp_path / "gains.svg").exists()
    free = page.joined(page.records_of(tmp_path), 0.0, ("lite", "lite_mid"))
    assert f"at a label cost of 0 in {free} of 2 seeds" in SUITE.finding(tmp_path)
    table = made.transfers.frame.set_index(["target", "sources"])["affinity"]
    ours = [table["reshade", n] for n in (*BANK, *OUTSIDE) if n != "reshade"]
    place = 1 + sum(value > table["reshade", "lite"] for value in ours)
    assert page.place_of_source(page.records_of(tmp_path)[0], "reshade", "lite") == place


@pytest.mark.slow
def test_a_smoke_run_records_and_goes_on(world_of_14, tmp_path):
    for name in ("timm", "torchvision"):
        pytest.importorskip(name, reason=f"{name} is not installed: pip install -e '.[bench]'")
    asked = {"data": str(world_of_14), "work": str(tmp_path / "work")}
    settings = SUITE.with_preset("smoke", asked)
    SUITE.run(settings, tmp_path / "out")
    lines = (tmp_path / "out" / "records.jsonl").read_text()
    SUITE.run(settings, tmp_path / "out")
    assert (tmp_path / "out" / "records.jsonl").read_text() == lines
    assert lines.count("\n") == 1
    assert "Do they join" in SUITE.write_page(tmp_path / "out")
