"""Programs whose sets are all tried: in two halves, or those that solve every target."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.speed.solver.instances import flat, latent
from taskgraph.solver import find_solver, search, solve_program
from taskgraph.solver.additive import AdditiveAscent
from taskgraph.solver.choice import choose_transfers
from taskgraph.solver.clock import Clock
from taskgraph.solver.halves import Halves, can_halve
from taskgraph.solver.presolve import presolve
from taskgraph.solver.solvable import can_list_solvable, list_solvable, set_values
from tests.taskgraph.solver.test_hard import GROUPED, every_choice, hard, random_program

HIGHS = find_solver("highs")


def random_choices(seed, **fields):
    """A presolved random program, and every affordable choice of it; None without a choice."""
    program = replace(random_program(seed, sources=(6, 10)), **fields)
    if program.may_transfer:
        program = replace(program, transfer_cost=np.zeros(len(program.targets)))
    program = presolve(program)
    if program is None:
        return None, []
    return program, [c for c in every_choice(program) if c.supervised[program.required].all()]


@pytest.fixture
def small_halves(monkeypatch):
    """Halves of a few sources, so that both are used on small programs."""
    monkeypatch.setattr("taskgraph.solver.halves.SECOND", 3)
    monkeypatch.setattr("taskgraph.solver.halves.SHARED", 2)
    monkeypatch.setattr("taskgraph.solver.halves.MOST_PLAIN", 1)


@pytest.mark.usefixtures("small_halves")
@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_values_of_halves_are_those_of_their_sets_and_within_the_bounds(seed, keep):
    program, choices = random_choices(seed, may_transfer=keep)
    if program is None or not choices:
        return
    ascent = AdditiveAscent(program)
    ascent.run(max(c.value for c in choices), 20)
    halves = Halves(program, ascent)
    bounds, value = halves.bounds(), {c.supervised.tobytes(): c.value for c in choices}
    for first in range(len(halves.one.cost)):
        found = halves.values(first, halves.edges_within(first))
        for second, rough in enumerate(found.tolist()):
            exact = value.get(halves.supervised(first, second).tobytes(), -np.inf)
            assert rough == pytest.approx(exact, abs=halves.slack)
            assert exact <= bounds[first]


@pytest.mark.usefixtures("small_halves")
@pytest.mark.parametrize("seed", range(60, 68))
def test_two_halves_give_the_optimum_and_the_first_tie_of_the_model(seed, monkeypatch):
    program = random_program(seed)
    expected = solve_program(program, HIGHS, limits=GROUPED)
    root = search.solve_root
    monkeypatch.setattr(search, "solve_root", lambda *a, **_: (root(*a, listed=False)[0], None))
    found = solve_program(program, HIGHS)
    assert can_halve(program)
    assert found.status == expected.status
    if expected.choice is None:
        assert found.least_budget == pytest.approx(expected.least_budget)
        return
    assert found.choice.value == pytest.approx(expected.choice.value, abs=1e-8)
    assert found.choice.supervised.tolist() == expected.choice.supervised.tolist()


@pytest.mark.parametrize("seed", range(16))
def test_sets_that_solve_every_target_are_listed_once_each(seed, monkeypatch):
    monkeypatch.setattr("taskgraph.solver.solvable.BLOCK", 7)
    program = random_program(seed, sources=(5, 9), unit=seed % 2 == 0)
    if not can_list_solvable(program):
        return
    choices = [c for c in every_choice(program) if c.supervised[program.required].all()]
    some = list_solvable(program, Clock(), first=True)
    assert (len(some) > 0) == (len(choices) > 0)
    assert all(choose_transfers(program, each) is not None for each in some)
    found = list_solvable(program, Clock())
    if found is None:
        assert not (program.price > 0).all()
        return
    names = [tuple(np.flatnonzero(each)) for each in found]
    assert sorted(names) == sorted(tuple(np.flatnonzero(c.supervised)) for c in choices)
    values = [choose_transfers(program, each).value for each in found]
    assert set_values(program, found) == pytest.approx(values)


def test_a_hundred_tasks_with_too_small_a_budget_are_proven_at_once():
    """The least budget is one of which all smaller ones are proven to be too small."""
    found = solve_program(hard(latent(100, 50, 0), 4), HIGHS)
    assert found.status == "infeasible"
    assert "no taxonomy within budget 4: " in found.reason
    if "time limit" not in found.reason:
        assert "the best set that was found leaves target" in found.reason
    if found.least_budget is not None:  # on a busy machine the reason may take too long
        assert found.least_budget == 6


@pytest.mark.parametrize("cause", ["the clock is over", "there are too many"])
def test_without_a_whole_list_nothing_is_claimed(cause, monkeypatch):
    program = presolve(hard(flat(30, 14, 0), 6))
    if cause == "there are too many":
        monkeypatch.setattr("taskgraph.solver.solvable.MOST_SETS", 1)
        monkeypatch.setattr("taskgraph.solver.solvable.MOST_PARTIAL", 500)
    assert list_solvable(program, Clock(0.0 if "clock" in cause else None)) is None


@pytest.mark.usefixtures("small_halves")
def test_a_long_proof_reports_values_in_the_units_of_the_objective(monkeypatch):
    told, root = [], search.solve_root
    program = presolve(random_program(3, sources=(8, 9), unit=True))
    program = replace(program, edge_value=1000 * program.edge_value)
    monkeypatch.setattr(search, "solve_root", lambda *a, **_: (root(*a[:3], listed=False)[0], None))
    clock = Clock(callback=lambda value, bound, tried: told.append((value, bound, tried)))
    found = solve_program(program, HIGHS, clock)
    assert found.status == "optimal"
    assert told[-1][0] == pytest.approx(found.choice.value)
    assert all(bound >= found.choice.value - 1e-6 for _, bound, _ in told)
