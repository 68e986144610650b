"""The additive bound and the lists of sets, against enumeration of every set."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import taskgraph as tg
from taskgraph.program import compile_program
from taskgraph.solver import find_solver, solve_program
from taskgraph.solver.additive import AdditiveAscent, least_value
from taskgraph.solver.choice import choose_transfers
from taskgraph.solver.listing import SetValues, best_of, list_sets
from taskgraph.solver.presolve import presolve, undominated
from taskgraph.solver.search import EdgeLimits
from tests.taskgraph.solver.test_hard import every_choice, random_program

MOST = 10**6


def presolved(seed):
    """A presolved random program with orders up to 4, and every affordable choice of it."""
    program = presolve(random_program(seed, sources=(5, 8)))
    return program, [] if program is None else list(every_choice(program))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("steps", [0, 30])
def test_no_set_is_worth_more_than_its_additive_bound(seed, steps):
    program, choices = presolved(seed)
    choices = [c for c in choices if c.supervised[program.required].all()] if program else []
    if not choices:
        return
    ascent = AdditiveAscent(program)
    ascent.run(max(c.value for c in choices), max(1, steps))
    bound = ascent.bound()
    for choice in choices:
        profits = bound.profit[choice.supervised & ~program.required].sum()
        assert choice.value <= bound.constant + profits + bound.rounding
        assert choice.value <= bound.value
        assert choice.value >= least_value(program)
        for edge in choice.edges[choice.edges >= 0].tolist():
            assert choice.value <= bound.value - bound.edge_loss[edge] + bound.rounding


@pytest.mark.parametrize("seed", range(8))
def test_the_list_holds_every_set_that_reaches_the_cutoff_with_its_value(seed):
    program, choices = presolved(seed)
    choices = [c for c in choices if c.supervised[program.required].all()] if program else []
    if not choices:
        return
    values = sorted({c.value for c in choices})
    cutoff = values[len(values) // 2]
    ascent = AdditiveAscent(program)
    ascent.run(values[-1], 20)
    listing = list_sets(program, ascent.bound(), cutoff, MOST)
    worth = SetValues(program, listing).of(listing.sets)
    found = {
        tuple(np.flatnonzero(listing.supervised(number))): worth[number]
        for number in range(len(listing.sets))
    }
    for choice in choices:
        if choice.value >= cutoff:
            names = tuple(np.flatnonzero(choice.supervised))
            assert found[names] == pytest.approx(choice.value)
    best = best_of(program, listing, cutoff)
    assert best.value == pytest.approx(values[-1])
    tied = [c for c in choices if c.value >= values[-1] - 1e-9 * max(1, abs(values[-1]))]
    assert best.supervised.sum() == min(c.supervised.sum() for c in tied)


@pytest.mark.parametrize("seed", range(40, 46))
def test_sources_that_exclude_each_other_are_never_listed_together(seed):
    program = presolve(replace(random_program(seed, sources=(5, 8)), conflicts=((0, 1, 2), (2, 3))))
    if program is None:
        return
    found = solve_program(program, find_solver("highs"))
    model = EdgeLimits(listed=-1, branch=10**9)
    expected = solve_program(program, find_solver("highs"), limits=model)
    assert found.status == expected.status
    if found.choice is not None:
        assert not program.in_conflict(found.choice.supervised)
        assert found.choice.value == pytest.approx(expected.choice.value)


def test_more_sets_than_allowed_are_not_listed():
    for seed in range(6):
        program, choices = presolved(seed)
        if program is not None and len(choices) > 1:
            ascent = AdditiveAscent(program)
            ascent.run(choices[0].value, 1)
            assert list_sets(program, ascent.bound(), least_value(program), 0) is None


def test_kept_data_of_a_table_do_not_change_the_answer():
    """Other orders, roles, objectives and resampled affinities on the same table."""
    random, names = np.random.default_rng(0), "abcdef"
    rows = [(s, t, random.random()) for t in names for s in names if s != t]
    rows += [("+".join(p), t, random.random()) for t in names for p in ("ab", "cd") if t not in p]
    rows += [("self", t, 1.0) for t in names]
    frame = tg.Transfers(pd.DataFrame(rows, columns=["sources", "target", "affinity"]))
    problems = [
        {},
        {"max_order": 1},
        {"exclude": ["a"]},
        {"target_only": ["b"]},
        {"objective": "log"},
    ]
    for fields in problems * 2:
        problem = tg.Problem(budget=2, **fields)
        fresh = tg.Transfers(frame.to_frame())
        assert tg.solve(frame, problem) == tg.solve(fresh, problem)
        affinity = frame.to_frame()["affinity"].to_numpy() * random.random(len(frame))
        resampled = tg.Transfers(frame.to_frame().assign(affinity=affinity))
        found = undominated(compile_program(frame, problem, affinity=affinity))
        expected = undominated(compile_program(resampled, problem))
        np.testing.assert_array_equal(found.edge_value, expected.edge_value)
        np.testing.assert_array_equal(found.edge_row, expected.edge_row)
        np.testing.assert_array_equal(found.self_value, expected.self_value)
        blocks = undominated(replace(compile_program(frame, problem), nesting=None))
        assert (
            blocks.edge_row.tolist()
            == undominated(compile_program(frame, problem)).edge_row.tolist()
        )
        assert choose_transfers(found, ~found.banned) is None  # six labels exceed the budget
