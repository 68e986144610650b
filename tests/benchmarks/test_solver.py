"""The solver's benchmark: its formulations, its table, and the page made of it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from benchmarks.formulations import paper_model
from benchmarks.instances import FAMILIES
from benchmarks.solver_page import render, render_folder

from benchmarks import solver
from taskgraph.problem import make_problem
from taskgraph.program import compile_program
from taskgraph.solver import find_solver
from taskgraph.solver.choice import choose
from taskgraph.solver.clock import Clock

RESULTS = Path(__file__).resolve().parents[2] / "results" / "solver"


def program_of(family, tasks, per_target, seed, budget):
    problem = make_problem(None, {"budget": budget, "max_order": 4, "objective": "linear"})
    return compile_program(FAMILIES[family](tasks, per_target, seed), problem)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("budget", [3, 5])
def test_all_three_methods_agree(family, budget):
    program = program_of(family, 12, 12, 0, budget)
    found = {name: method(program, 30.0) for name, method in solver.METHODS.items()}
    assert len({outcome.status for outcome in found.values()}) == 1
    if found["taskgraph"].status == "optimal":
        for outcome in found.values():
            assert outcome.objective == pytest.approx(found["taskgraph"].objective, abs=1e-7)


@pytest.mark.parametrize("family", FAMILIES)
def test_tables_are_the_same_for_the_same_seed_and_sum_to_one(family):
    first, again, other = (FAMILIES[family](15, 20, seed).frame for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(first, again)
    assert not first["affinity"].equals(other["affinity"])
    assert np.allclose(first.groupby("target")["affinity"].sum(), 1.0)
    sets = first[first["sources"] != "self"]
    assert (sets.groupby("target").size() == 20).all()
    assert not any(t in s.split("+") for s, t in zip(sets["sources"], sets["target"], strict=True))


def test_a_time_out_of_cbc_on_the_papers_form_is_not_called_optimal():
    program = program_of("latent", 60, 40, 0, 8)
    model = paper_model(program)
    verdict = find_solver("cbc").run(model.problem, Clock(0.5))
    assert verdict.status in ("feasible", "unknown")
    if verdict.status == "feasible":
        assert choose(program, model.solution()) is not None


def test_a_run_goes_on_where_it_was_cut_off(tmp_path, monkeypatch):
    monkeypatch.setattr(solver, "GENERATED", [("latent", 10, 8, 0, (2, 3))])
    monkeypatch.setattr(solver, "HELD_OUT", [])
    monkeypatch.setattr(solver, "SHORT", 0.0)
    missing = tmp_path / "nowhere"
    solver.run(missing, tmp_path, 10.0, "grouped")
    before = pd.read_csv(tmp_path / "timings.csv")
    solver.run(missing, tmp_path, 10.0, "")
    after = pd.read_csv(tmp_path / "timings.csv")
    assert len(before) == 2
    assert len(after) == 6
    pd.testing.assert_frame_equal(before, after.iloc[:2], check_dtype=False)
    solver.run(missing, tmp_path, 11.0, "grouped")  # another limit: the table starts anew
    assert len(pd.read_csv(tmp_path / "timings.csv")) == 2


def test_without_the_published_tables_they_are_skipped_and_it_says_so(tmp_path, capsys):
    names = [name for name, _, _ in solver.instances(tmp_path / "nowhere")]
    assert not set(solver.PUBLISHED) & set(names)
    assert "taskonomy 1k is skipped" in capsys.readouterr().out


def test_the_page_marks_what_is_not_proven():
    rows = [
        ("latent", 5.0, "paper", 60.0, "unknown", None, None),
        ("latent", 5.0, "grouped", 60.0, "feasible", 1.0, 0.02),
        ("latent", 5.0, "taskgraph", 2.0, "optimal", 1.01, 0.0),
        ("flat", 5.0, "grouped", 1.0, "optimal", 1.0, 0.0),
        ("flat", 5.0, "taskgraph", 1.0, "optimal", 1.01, 0.0),
    ]
    columns = ["instance", "budget", "method", "seconds", "status", "objective", "gap"]
    frame = pd.DataFrame(rows, columns=columns).assign(transfers=10)
    page = render(frame, solver.config(60.0))
    assert "(60.0, none) | (60.0, 2.00%) | 2.0 | 1.010000 | > 30.0 | > 30.0" in page
    assert "Called optimal, and not: grouped on flat at budget 5" in page


def test_the_committed_page_is_made_of_the_committed_table():
    if not (RESULTS / "timings.csv").exists():
        pytest.skip("no results here")
    assert (RESULTS / "README.md").read_text() == render_folder(RESULTS)


def test_committed_proofs_agree_and_bounds_hold():
    if not (RESULTS / "timings.csv").exists():
        pytest.skip("no results here")
    frame = pd.read_csv(RESULTS / "timings.csv")
    best = frame.groupby(["instance", "budget"])["objective"].transform("max")
    proven = frame["status"] == "optimal"
    assert np.allclose(frame["objective"][proven & best.notna()], best[proven & best.notna()])
    bounded = frame["bound"].notna() & best.notna()
    assert (frame["bound"][bounded] >= best[bounded] * (1 - 1e-6)).all()
