"""The coverage of intervals: the simulation's truth, its records, and the committed grid."""

import numpy as np
import pandas as pd
import pytest

import taskgraph as tg
from benchmarks.intervals import cells, run
from benchmarks.intervals.page import repetitions_of, summary
from benchmarks.intervals.seeds import SeedScenario, seed_bounds, seed_truth, simulate_seeds
from benchmarks.intervals.seeds_page import coverage_of_seeds, seeds_finding
from benchmarks.intervals.settings import SEEDS, SUITE, TRIED, Settings
from benchmarks.results.frame import part
from benchmarks.results.machine import RESULTS
from benchmarks.results.record import Record, read_records
from taskgraph.affinity import affinity_from_wins, win_rates
from taskgraph.losses import Losses

FOLDER = RESULTS / "intervals"


@pytest.mark.parametrize(
    "cell",
    [
        cells.Scenario(10, 0.3),
        cells.Scenario(10, 1.0, rounding=0.5),
        cells.Scenario(10, 1.0, rounding=0.5, ties="strict"),
    ],
)
def test_the_truth_is_the_affinity_of_many_images(cell):
    many = cells.Scenario(100_000, **{k: v for k, v in vars(cell).items() if k != "images"})
    wins = win_rates(cells.simulate(many, np.random.default_rng(0)), ties=cell.ties)
    np.testing.assert_allclose(
        cells.truth(cell), affinity_from_wins(wins, ties=cell.ties), rtol=0.05
    )


def test_clusters_hold_half_of_the_variance():
    cell = cells.Scenario(1000, 2.0, 10)
    values = np.concatenate([cells.simulate(cell, np.random.default_rng(k)) for k in range(40)])
    values -= np.tile(cell.means, 40)[:, None]
    means = np.stack([values[:, k::10].mean(axis=1) for k in range(10)])
    assert values.var() == pytest.approx(4, rel=0.1)
    assert means.var() == pytest.approx(2, rel=0.1)


def records_of(cell, blocks, seed=run.SEED):
    """Return the records that a run would write of some blocks of a cell."""
    return [
        Record(
            "intervals",
            run.settings_of(cell, block, "grid"),
            seed,
            None,
            run.measure(cell, block, seed),
        )
        for block in blocks
    ]


@pytest.mark.parametrize(
    "cell", [cells.Scenario(20, 0.3), cells.Scenario(100, 0.3), cells.Scenario(100, 0.3, 10)]
)
def test_intervals_cover_where_the_percentile_interval_did_not(cell):
    """60 tables of a seed that the published grid does not use: 480 intervals."""
    held = summary(repetitions_of(records_of(cell, range(3), 77)))["held"]
    assert held[(cell.name, "before")] < 0.8
    assert 0.9 <= held[(cell.name, "after")] <= 0.99


@pytest.mark.slow
@pytest.mark.parametrize("cell", cells.GRID, ids=lambda cell: cell.label)
def test_intervals_cover_in_every_cell(cell):
    """The published seed again: 200 tables a cell."""
    shown = summary(repetitions_of(records_of(cell, range(run.REPETITIONS // run.BLOCK))))
    assert 0.92 <= shown["held"][(cell.name, "after")] <= 0.98


def test_every_method_that_was_tried_gives_bounds():
    for cell in (cells.Scenario(20, 1.0), cells.Scenario(40, 1.0, 10)):
        for counts in run.measure_tried(cell, 0).values():
            assert {len(counts[name]) for name in run.COUNTS} == {run.BLOCK}
            sums = np.sum([counts[name] for name in ("held", "above", "below")], axis=0)
            assert (sums == 8).all()


def test_the_truth_of_candidates_with_seeds_is_the_affinity_of_many_runs_and_images():
    cell = SeedScenario(400, 0.5, images=400)
    values = simulate_seeds(cell, np.random.default_rng(0))
    wins = np.full((3, 3), 0.5)
    for i, j in ((0, 1), (0, 2), (1, 2)):
        # Seeds are independent, so that pairs of one seed each are a fair sample of all pairs.
        wins[i, j] = (values[i] < values[j]).mean()
        wins[j, i] = 1 - wins[i, j]
    np.testing.assert_allclose(seed_truth(cell), affinity_from_wins(wins), rtol=0.05)


def test_bounds_of_several_seeds_are_those_of_a_long_table():
    """Oracle: the same losses as rows with a column seed, through `tg.affinities`."""
    cell = SeedScenario(3, 0.5, images=20)
    found = seed_bounds(cell, range(2), 7)
    for repetition, (low, high) in enumerate(found):
        rng = np.random.default_rng([7, repetition, *cell.name.encode()])
        values = simulate_seeds(cell, rng)
        rows = [
            {"target": "t", "sources": f"s{e}", "image": f"{b:02}", "seed": s, "loss": loss}
            for (e, s, b), loss in np.ndenumerate(values)
        ]
        table = tg.affinities(Losses.from_frame(pd.DataFrame(rows)), bootstrap=1).transfers.frame
        np.testing.assert_allclose(low, table["low"])
        np.testing.assert_allclose(high, table["high"])


def test_the_committed_coverage_of_seeds_is_what_is_measured_and_what_the_docs_say():
    records = part(read_records(FOLDER), part=SEEDS)
    cell = SeedScenario(2, 0.5)
    asked = {"part": SEEDS, **vars(cell), "block": 0, "repetitions": run.BLOCK}
    known = next(each for each in records if each.settings == asked)
    again = run.measure_seeds(cell, 0)
    for name in ("held", "above", "below"):
        assert known.metrics["after"][name] == again["after"][name]
    docs = " ".join((RESULTS.parent / "docs" / "transfers.md").read_text().split())
    assert seeds_finding(coverage_of_seeds(records)) in docs


def test_the_committed_records_are_what_is_measured():
    """The first block of one cell, measured again: counts to the last one, widths as rounded."""
    cell = cells.GRID[0]
    asked = run.settings_of(cell, 0, "grid")
    known = next(each for each in read_records(FOLDER) if each.settings == asked)
    again = run.measure(cell, 0)
    for method, counts in known.metrics.items():
        for name in ("held", "above", "below"):
            assert counts[name] == again[method][name]
        assert counts["width"] == pytest.approx(again[method]["width"], abs=2e-4)


def test_a_run_goes_on_where_it_was_cut_off(tmp_path, monkeypatch):
    for name in ("FEW", "OTHER"):
        monkeypatch.setattr(run, name, [])
    monkeypatch.setattr(run, "GRID", [cells.Scenario(20, 1.0)])
    run.run(Settings(repetitions=run.BLOCK), tmp_path)
    before = read_records(tmp_path)
    monkeypatch.setattr(run, "GRID", [cells.Scenario(20, 1.0), cells.Scenario(20, 3.0)])
    run.run(Settings(repetitions=run.BLOCK), tmp_path)
    after = read_records(tmp_path)
    assert after[: len(before)] == before
    assert len(after) == 2 * len(before) == 2
    assert all(each.seconds > 0 for each in after)
    run.run(Settings(part=TRIED, repetitions=run.BLOCK, cells=1), tmp_path)
    assert [each.seed for each in read_records(tmp_path)] == [run.SEED, run.SEED, run.TRIED_SEED]
    assert SUITE.write_page(tmp_path).startswith("# How often")


def test_the_committed_grid_is_whole_and_holds():
    records = part(read_records(FOLDER), part="grid")
    assert all(each.commit for each in records)
    shown = summary(repetitions_of(records))
    for cell in cells.GRID:
        row = shown.loc[(cell.name, "after")]
        assert row["repetitions"] == run.REPETITIONS
        assert 0.92 <= row["held"] <= 0.98, cell.label
    for cell in [*cells.FEW, *cells.OTHER]:
        assert shown.loc[(cell.name, "after"), "repetitions"] == run.REPETITIONS // 2
