"""The solver against exhaustive search, and the laws that any optimum obeys."""

import json
from dataclasses import replace
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import taskgraph as tg
from taskgraph.errors import InvalidProblemError
from taskgraph.program import compile_program
from taskgraph.solver.choice import choose_transfers
from taskgraph.solver.local import Neighborhood
from taskgraph.solver.presolve import presolve
from tests.examples import examples
from tests.taskgraph.solver.oracle import best_by_exhaustion, value_of

NAMES = ["a", "b", "c", "d", "e", "f"]
LEVELS = [0.0, 0.1, 0.2, 0.25, 0.4, 0.55, 0.7, 0.9]
COSTS = [0.0, 0.5, 1.0, 1.0, 1.0, 1.7, 2.3]


@st.composite
def instances(draw):
    """A small table and a problem, with costs, importances, roles and orders up to 4."""
    names = NAMES[: draw(st.integers(2, 6))]
    level = st.sampled_from(LEVELS)
    rows = []
    for target in names:
        others = [n for n in names if n != target]
        sets = [s for k in range(1, 5) for s in combinations(others, k)]
        chosen = draw(st.lists(st.sampled_from(sets), unique=True, max_size=8))
        if draw(st.integers(0, 4)):
            chosen = [("self",), *chosen]
        rows += [
            {"sources": s, "target": target}
            | {c: draw(level) for c in ("affinity", "gain", "quality", "closed")}
            for s in chosen
        ]
    tasks = sorted({r["target"] for r in rows} | {n for r in rows for n in r["sources"]} - {"self"})
    weights = st.dictionaries(st.sampled_from(tasks or ["a"]), st.sampled_from(COSTS), max_size=4)
    roles = {
        name: draw(st.sampled_from(["target"] * 5 + ["source", "target-only", "out"]))
        for name in tasks
    }
    allowed = [n for n in tasks if roles[n] in ("target", "source")]
    problem = tg.Problem(
        budget=draw(st.sampled_from([0.0, 0.5, 1.0, 1.5, 2.0, 2.7, 3.0, 4.0, 6.0])),
        max_order=draw(st.integers(1, 4)),
        objective=draw(st.sampled_from(sorted(tg.OBJECTIVES))),
        source_only=tuple(n for n in tasks if roles[n] == "source"),
        target_only=tuple(n for n in tasks if roles[n] == "target-only"),
        exclude=tuple(n for n in tasks if roles[n] == "out"),
        require=draw(st.lists(st.sampled_from(allowed), max_size=1)) if allowed else (),
        importance=draw(weights),
        label_cost=draw(weights),
        transfer_cost=draw(st.just({}) | weights),
        supervised_may_transfer=draw(st.booleans()),
    )
    return rows, problem


def table(rows):
    frame = pd.DataFrame(rows)
    return tg.Transfers(frame.assign(sources=frame["sources"].map("+".join)))


@examples(times=2.5)
@given(instances())
def test_optimum_and_tie_break_equal_exhaustive_search(instance):
    rows, problem = instance
    if not rows:
        return
    try:
        compile_program(table(rows), problem)
    except InvalidProblemError:  # every target is excluded
        return
    found = tg.solve(table(rows), problem)
    expected = best_by_exhaustion(rows, problem)
    if expected is None:
        assert found.status == "infeasible"
        _check_least_budget(rows, problem, found)
        return
    assert found.status == "optimal"
    assert found.objective == pytest.approx(expected[0], abs=1e-8)
    assert found.bound == pytest.approx(expected[0], abs=1e-8)
    assert found.supervised == expected[1]
    assert value_of(found.supervised, rows, problem) == pytest.approx(found.objective, abs=1e-8)
    assert found.spent <= problem.budget + 1e-9


def _check_least_budget(rows, problem, found):
    """The least budget solves the program, and nothing less does."""
    if found.least_budget is None:
        assert best_by_exhaustion(rows, replace(problem, budget=1e6)) is None
        return
    assert best_by_exhaustion(rows, replace(problem, budget=found.least_budget)) is not None
    if found.least_budget > 1e-6:
        less = replace(problem, budget=found.least_budget - 1e-6)
        assert best_by_exhaustion(rows, less) is None


@examples(times=0.4)
@given(instances())
def test_cbc_agrees_with_highs(instance):
    rows, problem = instance
    if not rows:
        return
    try:
        compile_program(table(rows), problem)
    except InvalidProblemError:
        return
    highs, cbc = (tg.solve(table(rows), problem, solver=s) for s in ("highs", "cbc"))
    assert highs.status == cbc.status
    assert highs.supervised == cbc.supervised


@examples(times=0.6)
@given(instances())
def test_presolve_keeps_the_optimum(instance):
    """The best set of the smaller program is worth as much, and none is lost where one is left."""
    rows, problem = instance
    if not rows:
        return
    try:
        program = compile_program(table(rows), problem)
    except InvalidProblemError:
        return
    reduced = presolve(program)
    if reduced is None:
        assert best_by_exhaustion(rows, problem) is None
        return
    assert len(reduced.edge_value) <= len(program.edge_value)
    before, after = best_value(program), best_value(reduced)
    assert after == pytest.approx(before)


def best_value(program):
    """The most that any set is worth, required and banned sources respected; -inf if none."""
    masks = (np.array(mask) for mask in product([False, True], repeat=len(program.sources)))
    allowed = (m for m in masks if m[program.required].all() and not m[program.banned].any())
    found = (choose_transfers(program, mask) for mask in allowed)
    return max((choice.value for choice in found if choice is not None), default=-np.inf)


@examples(times=0.6)
@given(instances(), st.randoms(use_true_random=False))
def test_additions_equal_the_value_of_each_larger_set(instance, random):
    rows, problem = instance
    if not rows or (problem.supervised_may_transfer and problem.transfer_cost):
        return
    try:
        program = compile_program(table(rows), replace(problem, budget=1e6))
    except InvalidProblemError:
        return
    near = Neighborhood(program)
    supervised = np.array([random.random() < 0.5 for _ in program.sources], dtype=bool)
    score, scores = near.additions(supervised)
    assert score == pytest.approx(near.values(supervised).sum())
    for source in range(len(program.sources)):
        larger = supervised.copy()
        larger[source] = True
        assert scores[source] == pytest.approx(near.values(larger).sum())


SMALL = Path(__file__).parents[2] / "cases"


@pytest.mark.parametrize("path", sorted(SMALL.glob("*.json")), ids=lambda path: path.stem)
def test_cases_that_a_person_can_check_on_paper(path):
    case = json.loads(path.read_text())
    found = tg.solve(tg.Transfers(pd.DataFrame(case["transfers"])), **case["problem"])
    expected = case["expected"]
    assert found.status == expected["status"]
    assert list(found.supervised) == expected["supervised"]
    if found.solved:
        assert found.objective == pytest.approx(expected["objective"])
        assert {t.target: "+".join(t.sources) for t in found.transfers} == expected["transfers"]
    else:
        assert expected["reason"] in found.reason
        assert found.least_budget == expected["least_budget"]
