"""Table 1 against loops, a case on paper, and the paper's own mean."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from encoders.bank.table1 import (
    MEAN,
    PAPER_MEAN,
    PAPER_WIN_RATES,
    make_table1,
    table1_markdown,
    weak,
)
from encoders.errors import InvalidDataError
from encoders.tasks import TASKS
from taskgraph.affinity import win_rate


def write(bank, target, losses):
    """``losses``: source -> {image: loss}."""
    rows = [
        (target, source, image, loss)
        for source, each in losses.items()
        for image, loss in each.items()
    ]
    frame = pd.DataFrame(rows, columns=["target", "sources", "image", "loss"])
    frame.to_parquet(bank / f"{target}.losses.parquet")


@pytest.fixture
def bank(tmp_path):
    """Three tasks on five buildings of different sizes; jigsaw has no read-out; gaps and ties."""
    rng = np.random.default_rng(0)
    images = [f"building_{b:04d}/point_{p}_view_0" for b in range(5) for p in range(3 + 4 * b)]
    hard = {f"building_{b:04d}": 0.25 * b for b in range(5)}
    for target in ("rgb2sfnorm", "jigsaw", "edge2d"):
        kept = [image for image in images if rng.random() > 0.1]
        ours = {i: round(0.6 + hard[i.partition("/")[0]] * rng.random(), 1) for i in kept}
        losses = {"self": ours}
        for source in ("average", "random")[: 1 if target == "jigsaw" else 2]:
            losses[source] = {i: round(0.5 + rng.random(), 1) for i in kept if rng.random() > 0.1}
        write(tmp_path, target, losses)
    return tmp_path


def read(bank, target):
    frame = pd.read_parquet(bank / f"{target}.losses.parquet")
    return {
        source: dict(zip(part["image"], part["loss"], strict=True))
        for source, part in frame.groupby("sources")
    }


def loop_rate(losses, reference, buildings):
    """Return the win rate over the buildings, each counted as often as it is listed."""
    won = of = 0.0
    for building in buildings:
        for image, ours in losses["self"].items():
            theirs = losses[reference].get(image)
            if image.startswith(building + "/") and theirs is not None:
                won += 1 if ours < theirs else 0.5 if ours == theirs else 0
                of += 1
    return 100 * won / of


def test_rates_and_losses_equal_loops(bank):
    found = make_table1(bank, draws=10)
    assert list(found.index) == ["edge2d", "jigsaw", "rgb2sfnorm", MEAN]
    for target in ("rgb2sfnorm", "jigsaw", "edge2d"):
        losses, row = read(bank, target), found.loc[target]
        every = sorted({image.partition("/")[0] for image in losses["self"]})
        assert (row["images"], row["buildings"]) == (len(losses["self"]), len(every))
        assert row["title"] == target
        assert row["loss"] == pytest.approx(np.mean(list(losses["self"].values())))
        for reference in ("average", "random"):
            if reference not in losses:
                assert math.isnan(row[reference])
                assert math.isnan(row[f"loss_{reference}"])
                assert math.isnan(row[f"{reference}_low"])
                continue
            assert row[reference] == pytest.approx(loop_rate(losses, reference, every))
            mean = np.mean(list(losses[reference].values()))
            assert row[f"loss_{reference}"] == pytest.approx(mean)
            both = [i for i in losses["self"] if i in losses[reference]]
            rate = win_rate(*([losses[s][i] for i in both] for s in ("self", reference)))
            assert row[reference] == pytest.approx(100 * rate)
    assert found.loc[MEAN, "random"] == pytest.approx(
        (found.loc["edge2d", "random"] + found.loc["rgb2sfnorm", "random"]) / 2
    )


def test_intervals_are_those_of_all_possible_resamples(bank):
    """Five buildings have 5^5 equally likely resamples; a loop over all of them has no chance."""
    found = make_table1(bank, draws=100_000, seed=1)
    every = [f"building_{b:04d}" for b in range(5)]
    losses = {target: read(bank, target) for target in ("edge2d", "rgb2sfnorm")}
    kinds = list(itertools.combinations_with_replacement(every, 5))
    whole = [tuple(sorted(drawn)) for drawn in itertools.product(every, repeat=5)]
    rates = {}
    for target, each in losses.items():
        rate_of = {kind: loop_rate(each, "random", kind) for kind in kinds}
        rates[target] = [rate_of[drawn] for drawn in whole]
    rates[MEAN] = np.mean([rates["edge2d"], rates["rgb2sfnorm"]], axis=0)
    for name, values in rates.items():
        for end, share in (("low", 2.5), ("high", 97.5)):
            wanted = np.percentile(values, share)
            assert found.loc[name, f"random_{end}"] == pytest.approx(wanted, abs=0.3)
    assert (found["average_high"] - found["average_low"] > 5).all()


def test_two_buildings_on_paper(tmp_path):
    """Won 4 of 4 and 1.5 of 2: 91.7 %. Draws are (2, 0), (1, 1), (0, 2): from 75 % to 100 %."""
    images = [f"a/{n}" for n in range(4)] + ["b/0", "b/1"]
    write(
        tmp_path,
        "edge2d",
        {
            "self": dict.fromkeys(images, 1.0),
            "average": dict(zip(images, [2.0] * 5 + [1.0], strict=True)),
            "random": dict(zip(images, [2.0] * 3 + [0.5] * 3, strict=True)),
        },
    )
    found = make_table1(tmp_path, draws=500)
    row = found.loc["edge2d"]
    assert row["average"] == pytest.approx(100 * 5.5 / 6)
    assert (row["average_low"], row["average_high"]) == pytest.approx((75, 100))
    assert (row["random"], row["random_low"], row["random_high"]) == pytest.approx((50, 0, 75))
    assert (row["loss"], row["loss_average"]) == pytest.approx((1, 11 / 6))
    assert weak(found) == []  # the paper has no random that is trained as long
    assert weak(found, bound=95) == [
        "edge2d wins on 91.7 % of the images against average, expected 95 % or more; look at its "
        "label, its loss and its training"
    ]
    lines = table1_markdown(found).splitlines()
    assert lines[2] == (
        "| edge2d | 6 | 2 | 91.7 (75.0–100.0) | 100.0 | – | 99.9 | 50.0 (0.0–75.0) "
        "| 1.0000 | 1.8333 | 1.2500 |"
    )
    assert lines[3].startswith("| Mean | – | – | 91.7 (75.0–100.0) | 92.4 | – | 90.9 | 50.0 ")
    assert len({line.count("|") for line in lines}) == 1


def test_views_of_one_building_widen_an_interval_as_one_observation_would(tmp_path):
    """Copying each view ten times changes no rate and no interval; independent views would."""
    rng = np.random.default_rng(5)
    results = []
    won = {f"{b}/{v}": rng.random() < 0.5 for b in "abcdef" for v in range(4)}
    for copies in (1, 10):
        folder = tmp_path / str(copies)
        folder.mkdir()
        images = {f"{i}-{n}": w for i, w in won.items() for n in range(copies)}
        write(
            folder,
            "edge2d",
            {
                "self": dict.fromkeys(images, 1.0),
                "average": {i: 2.0 if w else 0.5 for i, w in images.items()},
            },
        )
        results.append(
            make_table1(folder).loc["edge2d", ["average", "average_low", "average_high"]]
        )
    np.testing.assert_allclose(*(np.asarray(row, dtype=float) for row in results))


def test_a_read_out_is_compared_on_the_images_of_its_sweep(tmp_path):
    """Three of the six images, the own network's losses there: won 1, tied 1, lost 1."""
    images = [f"a/{n}" for n in range(4)] + ["b/0", "b/1"]
    bank, folder = tmp_path / "bank", tmp_path / "sweep" / "measured" / "edge2d"
    bank.mkdir()
    folder.mkdir(parents=True)
    write(
        bank, "edge2d", {"self": dict.fromkeys(images, 1.0), "random": dict.fromkeys(images, 2.0)}
    )
    write(bank, "jigsaw", {"self": dict.fromkeys(images, 1.0)})
    for source, losses in (("self", [0.5, 0.5, 0.5]), ("random", [1.0, 0.5, 0.25])):
        pd.DataFrame({"image": ["a/0", "a/1", "b/0"], "loss": losses}).to_parquet(
            folder / f"{source}.parquet"
        )
    found = make_table1(bank, tmp_path / "sweep", draws=500)
    row = found.loc["edge2d", ["readout", "readout_low", "readout_high", "readout_paper"]]
    assert row.to_list() == pytest.approx([50, 0, 75, 99.9])
    assert found.loc["edge2d", "random"] == 100
    assert math.isnan(found.loc["jigsaw", "readout"])
    assert found.loc[MEAN, "readout"] == 50
    assert weak(found)[0].startswith("edge2d wins on 50.0 % of the images against a read-out of r")


def test_validation_rates_of_a_read_out_are_those_of_the_sweeps_validation_images(tmp_path):
    """Buildings that only the sweep has are resampled as well: won in c, lost in d and e."""
    images = ["a/0", "b/0"]
    bank, folder = tmp_path / "bank", tmp_path / "sweep" / "validation" / "edge2d"
    bank.mkdir()
    folder.mkdir(parents=True)
    write(bank, "edge2d", {"self": dict.fromkeys(images, 1.0)})
    (bank / "edge2d.losses.parquet").rename(bank / "edge2d.valid_losses.parquet")
    for source, losses in (("self", [0.5, 0.5, 0.5]), ("random", [1.0, 0.25, 0.25])):
        pd.DataFrame({"image": ["c/0", "d/0", "e/0"], "loss": losses}).to_parquet(
            folder / f"{source}.parquet"
        )
    row = make_table1(bank, tmp_path / "sweep", split="val", draws=500).loc["edge2d"]
    assert row["readout"] == pytest.approx(100 / 3)
    assert (row["readout_low"], row["readout_high"]) == (0, 100)


def test_the_papers_random_is_its_published_read_out_on_transfer_data(shared):
    path = shared / "taskonomy" / "transfers_16k.csv"
    published = pd.read_csv(path).query("sources == 'random'").set_index("target")
    wins = 100 * (1 - published["quality"])
    printed = pd.Series({name: random for name, (_, random) in PAPER_WIN_RATES.items()}).dropna()
    away = (wins[printed.index] - printed).abs()
    assert len(printed) == 20
    assert set(away[away > 0.2].index) == {"ego_motion", "class_places", "segment2d"}


def test_the_papers_figures_have_the_printed_mean_and_are_of_our_tasks():
    assert set(PAPER_WIN_RATES) <= set(TASKS)
    assert len(PAPER_WIN_RATES) == 22
    assert np.mean([average for average, _ in PAPER_WIN_RATES.values()]) == pytest.approx(
        PAPER_MEAN[0], abs=0.05
    )


def test_a_folder_without_losses_and_broken_files_are_told(tmp_path):
    with pytest.raises(InvalidDataError, match=r"no \*\.losses\.parquet in this folder; `taskg"):
        make_table1(tmp_path)
    write(tmp_path, "edge2d", {"average": {"a/0": 1.0}})
    with pytest.raises(InvalidDataError, match='no losses of "self", the task\'s own network'):
        make_table1(tmp_path)
    frame = pd.DataFrame(
        {"target": "edge2d", "sources": "self", "image": ["a/0", "a/0"], "loss": [1.0, 2.0]}
    )
    frame.to_parquet(tmp_path / "edge2d.losses.parquet")
    with pytest.raises(InvalidDataError, match=r"image a/0 has two losses of self, expected one"):
        make_table1(tmp_path)
