"""The solver's benchmark: its formulations, its table, and the page made of it."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.results.frame import to_frame
from benchmarks.results.machine import RESULTS
from benchmarks.results.record import read_records
from benchmarks.speed.solver import anytime, growth, tables
from benchmarks.speed.solver import run as solver
from benchmarks.speed.solver.ablation import WITHOUT
from benchmarks.speed.solver.drawn_calls import draw, drawn_calls
from benchmarks.speed.solver.formulations import paper_model
from benchmarks.speed.solver.growth import exponent
from benchmarks.speed.solver.instances import FAMILIES
from benchmarks.speed.solver.methods import grouped, paper
from benchmarks.speed.solver.settings import LIBRARIES, SUITE, Settings
from benchmarks.speed.solver.whole_calls import turns
from taskgraph.problem import make_problem
from taskgraph.program import compile_program
from taskgraph.solver import find_solver, solve_program
from taskgraph.solver.choice import choose_transfers
from taskgraph.solver.clock import Clock


def program_of(family, tasks, per_target, seed, budget):
    problem = make_problem(None, {"budget": budget, "max_order": 4, "objective": "linear"})
    return compile_program(FAMILIES[family](tasks, per_target, seed), problem)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("budget", [3, 5])
def test_both_formulations_agree_with_the_solver(family, budget):
    program = program_of(family, 12, 12, 0, budget)
    ours = solve_program(program, find_solver("highs"))
    for method in (paper, grouped):
        found = method(program, 30.0)
        assert found.status == ours.status
        if ours.choice is not None:
            assert found.objective_value == pytest.approx(ours.choice.value, abs=1e-7)


@pytest.mark.parametrize("family", FAMILIES)
def test_tables_are_the_same_for_the_same_seed_and_sum_to_one(family):
    first, again, other = (FAMILIES[family](15, 20, seed).frame for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(first, again)
    assert not first["affinity"].equals(other["affinity"])
    assert np.allclose(first.groupby("target")["affinity"].sum(), 1.0)
    sets = first[first["sources"] != "self"]
    count = sets.groupby("target").size()
    assert (count >= 20).all() if family == "gains" else (count == 20).all()
    assert not any(t in s.split("+") for s, t in zip(sets["sources"], sets["target"], strict=True))


def test_a_time_out_of_cbc_on_the_papers_form_is_not_called_optimal():
    program = program_of("latent", 60, 40, 0, 8)
    model = paper_model(program)
    result = find_solver("cbc").run(model.lp, Clock(0.5))
    assert result.status in ("feasible", "unknown")
    if result.status == "feasible":
        assert choose_transfers(program, model.solution()) is not None


def test_without_the_published_tables_they_are_skipped_and_it_says_so(tmp_path, capsys):
    settings = Settings(taskonomy=str(tmp_path / "nowhere"))
    names = [one.name for one in solver.instances(settings)]
    assert not set(tables.PUBLISHED) & set(names)
    assert "taskonomy 1k is skipped" in capsys.readouterr().out


def test_the_smoke_run_takes_three_small_tables():
    settings = SUITE.with_preset("smoke", {"time_limit": 4.0})
    assert settings == Settings(part=LIBRARIES, small=True, time_limit=4.0, seeds=1)
    assert [one.name for one in solver.instances(settings)] == [
        "latent 12 x 12 (1000)",
        "flat 12 x 12 (1000)",
        "gains 8 x 12 (1000)",
    ]


def test_whole_calls_are_timed_in_turns_of_both_methods():
    table = FAMILIES["latent"](8, 6, 0)
    found = turns(table, {"budget": 3, "max_order": 4, "objective": "linear"}, 2)
    assert found["taskgraph_clock_s"] > 0
    assert found["paper_cpu_s"] > 0
    assert found["clock_ratio"] > 0


def test_drawn_calls_have_other_budgets_and_costs_and_the_grouped_model_agrees():
    table, random = FAMILIES["latent"](10, 8, 0), np.random.default_rng(0)
    first, second = draw(table, random), draw(table, random)
    assert first != second
    assert len(first["label_cost"]) == 6
    assert all(0.5 <= cost <= 2 for cost in first["label_cost"].values())
    found = drawn_calls(table, {"max_order": 4, "objective": "linear"}, 3)
    assert 0 < found["median_s"] <= found["largest_s"]


def test_the_exponent_of_seconds_that_grow_with_the_square_is_two():
    sizes = [10, 20, 40]
    frame = pd.DataFrame({"targets": sizes, "processor_seconds": [0.01 * n**2 for n in sizes]})
    assert exponent(frame, "targets") == pytest.approx(2.0)


def test_sizes_and_proofs_are_followed_and_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(growth, "BASE", {"targets": 8, "transfers": 6, "order": 2, "budget": 4})
    monkeypatch.setattr(growth, "SMALLER", {"targets": (8, 9)})
    monkeypatch.setattr(anytime, "SMALLER", (("latent", 10, 8, 3),))
    monkeypatch.setattr(tables, "SMALL", [("latent", 8, 6, (2, 4))])
    some = Settings(small=True, taskonomy=str(tmp_path / "nowhere"), time_limit=5.0, seeds=1)
    solver.run(some, tmp_path)
    records = read_records(tmp_path)
    followed = next(each for each in records if each.settings["part"] == "anytime").metrics
    assert followed["values"][-1] == pytest.approx(followed["bounds"][-1])
    assert followed["seconds_told"] == sorted(followed["seconds_told"])
    page = SUITE.write_page(tmp_path)
    assert "| targets | 8: " in page
    without = [each for each in records if each.settings["part"] == "ablation"]
    assert {each.settings["without"] for each in without} == set(WITHOUT)
    answers = {
        (each.settings["budget"], each.metrics["status"], round(each.metrics["objective"] or 0, 9))
        for each in without
    }
    assert len(answers) == 2, "two programs, and the same answer without each method"
    assert {status for _, status, _ in answers} == {"infeasible", "optimal"}
    assert "## Each method switched off" in page
    assert {path.name for path in tmp_path.glob("*.svg")} == {"growth.svg", "anytime.svg"}
    solver.run(some, tmp_path)
    assert len(read_records(tmp_path)) == len(records), "nothing is measured twice"


@pytest.mark.parametrize("part", ["library", "ablation"])
def test_committed_proofs_agree_and_bounds_hold(part):
    frame = to_frame(read_records(RESULTS / "solver"))
    frame = frame[frame["part"] == part]
    best = frame.groupby(["instance", "budget"])["objective"].transform("max")
    proven = frame["status"] == "optimal"
    assert np.allclose(frame["objective"][proven & best.notna()], best[proven & best.notna()])
    bounded = frame["bound"].notna() & best.notna()
    assert (frame["bound"][bounded] >= best[bounded] * (1 - 1e-6)).all()
