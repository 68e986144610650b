"""The suite of arrivals: its records are what is measured, and its page says what they hold."""

import numpy as np
import pytest

import taskgraph as tg
from benchmarks.arrivals import run
from benchmarks.arrivals.page import finding, frames_of, last_records
from benchmarks.arrivals.settings import SUITE, Settings
from benchmarks.results.frame import part
from benchmarks.results.machine import RESULTS
from benchmarks.results.record import read_records
from tests.taskgraph.lifelong.test_extend import by_hand, small

FOLDER = RESULTS / "arrivals"


def test_a_committed_record_is_what_is_measured():
    known = part(read_records(FOLDER), table=run.OURS, order=3)[-1]
    settings = Settings(arrivals=None)
    assert run.settings_of(settings, run.OURS, 3, tg.default_transfers()) == known.settings
    first = 12  # its first arrivals, which do not depend on the later ones
    again = run.measure(tg.default_transfers(), Settings(arrivals=first), run.OURS, 3)
    for name in ("tasks", "budget", "labels", "shared"):
        assert again[name] == known.metrics[name][:first]
    for name in ("extended", "optimum", "random"):
        measured, committed = (
            np.array(values, dtype=float) for values in (again[name], known.metrics[name][:first])
        )
        np.testing.assert_allclose(measured, committed, atol=2e-6, equal_nan=True)
    assert {*again["bought"]} <= {*known.metrics["bought"]}


def test_random_labels_are_below_the_optimum_and_take_their_best_transfers():
    table, names = small(2, count=6)
    budgets = [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]
    values = run.random_labels(table, names, budgets, 0, 5)
    rng = np.random.default_rng([0, 5, 1])
    labels = []
    for place, (budget, value) in enumerate(zip(budgets, values, strict=True)):
        here = names[: place + 1]
        while len(labels) < budget:
            labels.append(str(rng.choice([name for name in here if name not in labels])))
        absent = [name for name in names if name not in here]
        chosen = tg.solve(table, budget=budget, exclude=absent, require=labels)
        assert chosen.supervised == tuple(sorted(labels))
        assert value == pytest.approx(chosen.objective, abs=1e-6)
        assert value <= tg.solve(table, budget=budget, exclude=absent).objective + 1e-6
    table = by_hand([("s", "a", 0.4), ("self", "a", 0.9), ("self", "b", 0.5)])
    assert np.isnan(run.random_labels(table, ["s"], [1.0], 0, 0)[0])
    assert np.isnan(run.random_labels(table, ["a", "b"], [1.0, 1.0], 0, 0)[1])


def test_a_run_goes_on_where_it_was_cut_off_and_says_what_is_left_out(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(run, "TASKONOMY", tmp_path / "absent")
    settings = Settings(orders=1, arrivals=3)
    run.run(settings, tmp_path / "out")
    assert "the published table is left out: absent is not here" in capsys.readouterr().out
    before = read_records(tmp_path / "out")
    run.run(Settings(orders=2, arrivals=3), tmp_path / "out")
    after = read_records(tmp_path / "out")
    assert after[: len(before)] == before
    assert [each.settings["order"] for each in after] == [0, 1]
    page = SUITE.write_page(tmp_path / "out")
    assert page.startswith("# Tasks that arrive one by one")
    assert "The published table was not at hand" in page
    assert (tmp_path / "out" / "arrivals.svg").stat().st_size > 1000


def test_orders_are_permutations_that_do_not_depend_on_their_number():
    table = tg.default_transfers()
    orders = [run.drawn_order(table, Settings(orders=n), run.OURS, 1) for n in (2, 20)]
    assert orders[0] == orders[1] != run.drawn_order(table, Settings(), run.OURS, 0)
    assert sorted(orders[0]) == list(table.tasks)
    known = {tuple(each.metrics["tasks"]) for each in read_records(FOLDER)}
    assert len(known) == 20  # the same orders for both tables


def test_the_committed_records_are_whole_and_hold_what_the_page_says():
    records = last_records(FOLDER)
    assert all(each.commit for each in records)
    frames = frames_of(records)
    for frame in frames.values():
        assert frame.groupby("order").size().tolist() == [26] * 20
        assert frame["ratio"].max() <= 1 + 1e-6
        end = frame[frame["arrived"] == 26]
        assert end["ratio"].mean() > 0.9 > 0.6 > end["random"].mean()
        assert len(end["offline"].unique()) == 1  # the optimum of all tasks, whatever the order
    end = frames[run.OURS].query("arrived == 26")
    best = tg.solve(tg.default_transfers(), budget=7)
    assert end["offline"].iloc[0] == pytest.approx(best.objective, abs=1e-6)
    assert f"ends at {end['ratio'].mean():.3f} of the optimum" in finding(FOLDER)


def test_the_published_part_is_measured_again(shared):
    table = tg.read_taskonomy(shared / "taskonomy")
    known = part(read_records(FOLDER), table=run.PUBLISHED, order=0)[0]
    best = tg.solve(table, budget=7, exclude=["class_selected"])
    assert known.metrics["optimum"][-1] == pytest.approx(best.objective, abs=1e-6)
    assert known.metrics["best"] == list(best.supervised)
    assert run.drawn_order(table, Settings(), run.PUBLISHED, 0) == known.metrics["tasks"]
