"""The solver's programs by other libraries: arrays, limits of the processor, records, the page."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import taskgraph as tg
from benchmarks.results.frame import UnfinishedError
from benchmarks.results.log import open_log
from benchmarks.results.record import Record, read_records
from benchmarks.speed.solver import libraries, page
from benchmarks.speed.solver import run as solver
from benchmarks.speed.solver.instances import FAMILIES
from benchmarks.speed.solver.libraries_section import libraries_section
from benchmarks.speed.solver.mixed_integer import model_arrays, values_of
from benchmarks.speed.solver.processor_clock import ProcessorClock, highs
from benchmarks.speed.solver.settings import LIBRARIES, VERSIONS, Settings
from benchmarks.speed.solver.versions_section import versions_section
from benchmarks.speed.solver.worker_calls import CALLS
from benchmarks.speed.solver.worker_libraries import highspy
from taskgraph.problem import make_problem
from taskgraph.program import compile_program
from taskgraph.solver import find_solver, solve_program
from taskgraph.solver.choice import choose_transfers
from taskgraph.solver.clock import Clock
from taskgraph.solver.presolve import presolve
from taskgraph.tables import write_transfers
from tests.taskgraph.solver.test_hard import every_choice

ROOT = Path(__file__).parents[2]


def presolved(seed):
    costs = {"t000": 2.0, "t001": 0.5}
    problem = make_problem(None, {"budget": 3.5, "label_cost": costs, "objective": "linear"})
    return presolve(compile_program(FAMILIES["latent"](9, 8, seed), problem))


@pytest.mark.parametrize("seed", range(3))
def test_the_arrays_are_the_program(seed):
    """Every choice meets the rows and has its value; HiGHS finds the best one from any hint."""
    program = presolved(seed)
    arrays, choices = model_arrays(program), every_choice(program)
    matrix = np.zeros((len(arrays["low"]), len(arrays["worth"])))
    for row, (first, last) in enumerate(zip(arrays["start"], arrays["start"][1:], strict=False)):
        matrix[row, arrays["index"][first:last]] = arrays["entry"][first:last]
    for choice in choices:
        values = values_of(program, choice)
        assert arrays["worth"] @ values == pytest.approx(choice.value)
        assert (matrix @ values <= arrays["high"]).all()
        assert (matrix @ values >= arrays["low"]).all()
    answer = highspy({**arrays, "hint": values_of(program, choices[0])}, 30.0)
    found = choose_transfers(program, answer.values[: arrays["sources"]] > 0.5)
    assert answer.status == "optimal"
    assert found.value == pytest.approx(max(choice.value for choice in choices))


def test_a_clock_of_the_processor_does_not_count_what_others_use():
    clock = ProcessorClock(5.0)
    time.sleep(0.3)
    assert clock.seconds < 0.2
    half = clock.share(0.5)
    assert isinstance(half, ProcessorClock)
    assert half.limit == pytest.approx(2.5, abs=0.2)
    assert highs().make(clock).timeLimit is None


def test_highs_is_stopped_by_a_clock_of_the_processor():
    program = compile_program(
        FAMILIES["latent"](100, 50, 0),
        make_problem(None, {"budget": 20, "max_order": 4, "objective": "linear"}),
    )
    answer = libraries.methods(Settings())["grouped"](program, presolve(program), None, 1.0)
    assert answer["status"] in ("feasible", "unknown")
    assert answer["seconds"] < 4


@pytest.mark.slow
def test_methods_agree_and_nothing_is_timed_twice(tmp_path, capsys):
    some = Settings(
        part=LIBRARIES, small=True, before=str(ROOT), time_limit=10.0, seeds=1, only="latent"
    )
    solver.run(some, tmp_path)
    records = read_records(tmp_path)
    names = [each.settings["method"] for each in records]
    assert names == ["paper", "grouped", "cbc", "highspy", "before", "taskgraph"]
    assert {each.metrics["status"] for each in records} == {"optimal"}
    values = [each.metrics["objective"] for each in records]
    assert values == pytest.approx([values[0]] * len(values))
    program = compile_program(
        FAMILIES["latent"](12, 12, 1000),
        make_problem(None, {"budget": 3, "max_order": 4, "objective": "linear"}),
    )
    expected = solve_program(program, find_solver("highs"), Clock())
    assert values[0] == pytest.approx(expected.choice.value)
    solver.run(some, tmp_path)
    solver.run(replace(some, before=None), tmp_path)
    assert len(read_records(tmp_path)) == len(records)


def test_the_seeds_after_the_first_two_have_our_time_alone(tmp_path):
    some = Settings(part=LIBRARIES, small=True, time_limit=5.0, seeds=3, only="flat,none")
    solver.run(some, tmp_path)
    records = read_records(tmp_path)
    names = {
        seed: [each.settings["method"] for each in records if each.seed == seed]
        for seed in (1000, 1001, 1002)
    }
    assert {each.settings["instance"][:4] for each in records} == {"flat"}
    assert names[1000] == names[1001] == ["paper", "grouped", "cbc", "highspy", "taskgraph"]
    assert names[1002] == ["taskgraph"]
    text = libraries_section(records)
    assert [text.count(f"| flat 12 x 12 ({seed}) |") for seed in names] == [2, 2, 1]


def record(method, budget, seconds, status, objective, gap=None, *, instance="flat (1000)"):
    settings = {"instance": instance, "budget": budget, "method": method}
    settings |= {"part": "library", "processor_limit": 20.0}
    metrics = {"transfers": 9, "undominated": 7, "processor_seconds": seconds, "gap": gap}
    metrics |= {"wall_seconds": 3 * seconds, "status": status, "objective": objective}
    return Record("solver", settings, 1000, None, metrics, None, None)


def test_the_section_says_who_was_stopped_and_who_was_wrong():
    text = libraries_section(
        [
            record("grouped", "5", 20.0, "feasible", 1.0, 0.02),
            record("scip", "5", 20.0, "unknown", None),
            record("taskgraph", "5", 2.0, "optimal", 1.1),
            record("grouped", "9", 4.0, "optimal", 1.0),
            record("taskgraph", "9", 20.0, "feasible", 1.1),
        ]
    )
    assert "| 20 | (20.0 / 60.0, 2.00%) | (20.0 / 60.0, none) | 2.0 / 6.0 |" in text
    assert "| 4.0 / 12.0 |  | (20.0 / 60.0, no bound) |" in text
    assert "| flat (1000) | 5 | > 10.0 | > 10.0 |" in text
    assert "| flat (1000) | 9 | < 0.2 |  |" in text
    assert "Called optimal, and not: grouped on flat (1000) at 9." in text


def test_seeds_that_were_timed_later_stand_with_their_kind_and_are_summed_up():
    def ours(instance, seconds, status, gap=None):
        return record("taskgraph", "5", seconds, status, 1.0, gap, instance=instance)

    text = libraries_section(
        [
            record("grouped", "5", 7.0, "optimal", 1.0, instance="flat 9 x 9 (1000)"),
            ours("flat 9 x 9 (1000)", 1.0, "optimal"),
            ours("gains 9 x 9 (1000)", 4.0, "optimal"),
            ours("flat 9 x 9 (1002)", 20.0, "feasible", 0.0041),
            ours("flat 9 x 9 (1001)", 3.0, "infeasible"),
            ours("flat 9 x 9 (1003)", 20.0, "feasible", 0.0034),
        ]
    )
    rows = [line.split("|")[1].strip() for line in text.splitlines() if "(10" in line]
    flat = [f"flat 9 x 9 ({seed})" for seed in range(1000, 1004)]
    assert rows == [*flat, "gains 9 x 9 (1000)", "flat 9 x 9 (1000)"], "the last is a ratio"
    assert "| flat 9 x 9 | 5 | 20 | 4 | 1 | 1 | 12 | 20 | 0.34% to 0.41% |" in text
    assert "| gains 9 x 9 |" not in text


def test_the_worker_makes_the_calls_that_it_names(tmp_path):
    table, file = FAMILIES["latent"](9, 12, 0), tmp_path / "table.csv"
    write_transfers(table, file)
    costs = {"budget": 4.5, "label_cost": {"t001": 1.5}}
    expected = {
        "first": ({"budget": 3}, 2, [tg.solve(table, budget=3)]),
        "again": ({"budget": 3}, 1, [tg.solve(table, budget=budget) for budget in range(2, 14)]),
        "drawn": ({"draws": [costs]}, 1, [tg.solve(table, **costs)]),
    }
    for name, (problem, turns, solved) in expected.items():
        found = [call() for call in CALLS[name](tg, str(file), problem, turns)]
        values = [each.objective_value for each in solved]
        assert found == pytest.approx(values * (len(found) // len(values)))
        assert len(found) == max(turns, len(values))
    lists = {
        "alternatives": ({"budget": 3, "k": 3}, tg.alternatives(table, budget=3, k=3)),
        "frontier": (
            {"budgets": [2, 3], "max_orders": [1, 2]},
            tg.frontier(table, budgets=[2, 3], max_orders=[1, 2]),
        ),
    }
    for name, (problem, solved) in lists.items():
        [call] = CALLS[name](tg, str(file), problem, 1)
        assert call() == pytest.approx(sum(each.objective_value for each in solved))


@pytest.mark.slow
def test_both_versions_make_the_same_calls_once(tmp_path):
    some = Settings(part=VERSIONS, small=True, before=str(ROOT), turns=1, draws=2)
    solver.run(some, tmp_path)
    records = read_records(tmp_path)
    names = [(each.settings["call"], each.settings["method"]) for each in records]
    assert [name for name, _ in names[::2]] == [
        "stability, 100 resamples",
        "alternatives, k 5, budget 20",
    ]
    assert [method for _, method in names] == ["before", "taskgraph"] * 2
    solver.run(some, tmp_path)
    assert len(read_records(tmp_path)) == len(records)
    assert "| alternatives, k 5, budget 20 | shipped | 1 |" in versions_section(records)


def test_a_page_of_one_part_alone_is_rendered(tmp_path):
    settings = {"part": "versions", "call": "solve", "instance": "16k", "turns": 2}
    for method, median in (("before", 0.03), ("taskgraph", 0.01)):
        metrics = {"calls": 2, "median_s": median, "largest_s": 2 * median}
        log = open_log(tmp_path, "solver", "pulp", "highspy")
        log.add({**settings, "method": method}, metrics)
    assert "| solve | 16k | 2 | 30.0 (60.0) | 10.0 (20.0) | 3.0 |" in page.render(tmp_path)
    with pytest.raises(UnfinishedError, match="has no finished run"):
        page.finding(tmp_path)
