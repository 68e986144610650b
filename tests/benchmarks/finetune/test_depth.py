"""The part ``depth``: its grid, a small run that is resumed, and its section of the page."""

import re

import pytest

from benchmarks.finetune import depth, depth_page
from benchmarks.finetune.run import run
from benchmarks.finetune.settings import DEFAULT_PARTS, PART_NAMES, SUITE, Settings
from benchmarks.results.record import Record, read_records

SMALL = Settings(
    parts=("depth",),
    depths=(8, 20),
    depth_on="digits",
    depth_pixels=8,
    depth_sizes=(20, 9_999),
    depth_pool=40,
    depth_steps=2,
    depth_batch=8,
    tested=20,
    seeds=1,
)


def test_the_grid_has_every_depth_and_the_sizes_of_the_first_and_last():
    assert depth.cells(Settings(), 3_600) == sorted(
        [(d, 3_600) for d in (20, 32, 44, 56)] + [(d, n) for d in (20, 56) for n in (250, 1_000)]
    )
    assert set(PART_NAMES) - set(DEFAULT_PARTS) == {"depth"}, "it runs when it is named"


def test_a_small_run_is_resumed_and_gives_the_page(tmp_path, monkeypatch):
    calls, train = [], depth.train_depth

    def train_until_killed(*args):
        calls.append(args)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return train(*args)

    monkeypatch.setattr(depth, "train_depth", train_until_killed)
    with pytest.raises(KeyboardInterrupt):
        run(SMALL, tmp_path)
    run(SMALL, tmp_path)
    trained = len(calls)
    run(SMALL, tmp_path)
    assert len(calls) == trained == 4 + 1, "only the killed training is repeated"
    tests = [record for record in read_records(tmp_path) if record.split == "test"]
    cells = [(r.settings["depth"], r.settings["n"], r.seed) for r in tests]
    assert cells == [(8, 20, 0), (8, 40, 0), (20, 20, 0), (20, 40, 0)]
    page = SUITE.write_page(tmp_path)
    gray = 2 * 16 * 9  # the first layer has 1 channel instead of 3
    assert f"| ResNet-20 | {269_722 - gray:,} |" in page
    assert (tmp_path / "depth.svg").exists()


def test_the_section_has_errors_and_differences():
    """Errors 10 and 12 % of ResNet-20, 8 and 10 % of ResNet-56: 2 points lower at both seeds."""
    settings = {"part": "depth", "target": "digits", "pixels": 16, "steps": 9, "batch": 8}
    settings |= {"pool": 99, "tested": 50, "rates": [0.1]}
    records = [
        Record(
            "finetune",
            {**settings, "depth": d, "n": n, "method": f"ResNet-{d}"},
            seed,
            "test",
            {"accuracy": accuracy, "parameters": d},
            None,
            {},
            1.0,
        )
        for d, n, accuracies in ((20, 99, (0.9, 0.88)), (56, 99, (0.92, 0.9)), (20, 9, (0.5, 0.5)))
        for seed, accuracy in enumerate(accuracies)
    ]
    text = depth_page.section(records)
    assert re.search(r"\| ResNet-20 \| 20 \| 11\.00 ± \d+\.\d+ \| 10\.00 to 12\.00 \| – \|", text)
    assert re.search(
        r"\| ResNet-56 \| 56 \| 9\.00 ± \d+\.\d+ \| 8\.00 to 10\.00 \| \*\*-2\.0 ± 0\.0\*\* \|",
        text,
    )
    assert "Lower error than ResNet-20 (interval below 0): ResNet-56. Higher: none." in text
    assert "| ResNet-20 | 50.00 ± 0.00 | 11.00 ±" in text


def test_a_page_without_the_part_says_how_to_run_it():
    assert "Not run yet: `taskgraph bench finetune --parts depth`" in depth_page.NOT_RUN
