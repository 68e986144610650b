"""The Lagrangian branch and bound: against exhaustive search, the grouped model, and the clock."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

import taskgraph as tg
from benchmarks.speed.solver.instances import flat, latent
from taskgraph.errors import InvalidProblemError
from taskgraph.problem import make_problem
from taskgraph.program import Program, compile_program
from taskgraph.solver import find_solver, solve_program
from taskgraph.solver.branch import can_branch
from taskgraph.solver.choice import choose_transfers
from taskgraph.solver.clock import Clock
from taskgraph.solver.contract import root_node
from taskgraph.solver.lagrange import Multipliers, index_duals, lagrangian_bound
from taskgraph.solver.leaves import values_of_pairs
from taskgraph.solver.model import grouped_model
from taskgraph.solver.presolve import presolve
from taskgraph.solver.search import EdgeLimits
from tests.examples import examples
from tests.taskgraph.solver.oracle import best_by_exhaustion
from tests.taskgraph.solver.test_solve import instances, table

HIGHS = find_solver("highs")
LAGRANGE = EdgeLimits(listed=-1, branch=-1)
GROUPED = EdgeLimits(listed=-1, branch=10**9)


def program_of(rows, problem):
    """The compiled program, or None where every target is excluded."""
    try:
        return compile_program(table(rows), problem) if rows else None
    except InvalidProblemError:
        return None


@examples(times=1.2)
@given(instances())
def test_lagrangian_optimum_and_tie_break_equal_exhaustive_search(instance):
    rows, problem = instance
    problem = replace(problem, supervised_may_transfer=False)
    program = program_of(rows, problem)
    if program is None:
        return
    found = solve_program(program, HIGHS, limits=LAGRANGE)
    expected = best_by_exhaustion(rows, problem)
    if expected is None:
        assert found.status == "infeasible"
        return
    assert found.status == "optimal"
    assert found.choice.value == pytest.approx(expected[0], abs=1e-8)
    assert found.bound == pytest.approx(expected[0], abs=1e-8)
    assert tuple(np.array(program.sources)[found.choice.supervised]) == expected[1]


def random_program(seed, *, sources=(8, 14), unit=None, whole=None):
    """A program with orders up to 4; at times different costs, negative or equal values."""
    random = np.random.default_rng(seed)
    count, targets = int(random.integers(*sources)), int(random.integers(3, 12))
    own = np.where(random.random(targets) < 0.7, np.arange(targets), -1)
    own[np.arange(targets) >= count] = -1
    sets = []
    for target in range(targets):
        others = np.setdiff1d(np.arange(count), own[target : target + 1])
        for _ in range(int(random.integers(own[target] < 0, 25))):
            members = random.choice(others, int(random.integers(1, 5)), replace=False)
            sets.append((target, len(members), *sorted(members), *[count] * (4 - len(members))))
    sets = np.array(sorted(set(sets))).reshape(-1, 6)
    unit = random.random() < 0.5 if unit is None else unit
    whole = random.random() < 0.4 if whole is None else whole
    edges = random.integers(-3, 3, len(sets)) if whole else random.lognormal(0, 1, len(sets))
    transfer_cost = random.choice([0.0, 0.3], targets) if not unit else np.zeros(targets)
    return Program(
        sources=tuple(f"s{i:02d}" for i in range(count)),
        targets=tuple(f"t{i:02d}" for i in range(targets)),
        label_cost=np.ones(count) if unit else random.uniform(0.0, 3, count).round(1),
        transfer_cost=transfer_cost,
        budget=float(random.integers(1, 7)),
        required=random.random(count) < 0.05,
        banned=np.zeros(count, dtype=bool),
        self_source=own,
        self_value=np.where(own >= 0, random.normal(0.5, 1, targets), 0.0).round(1 if whole else 9),
        edge_target=sets[:, 0],
        edge_sources=sets[:, 2:],
        edge_value=edges.astype(float),
        edge_row=np.arange(len(sets)),
    )


@pytest.mark.parametrize("seed", range(40))
def test_lagrangian_and_grouped_model_agree_on_value_and_ties(seed):
    program = random_program(seed)
    lagrange = solve_program(program, HIGHS, limits=LAGRANGE)
    grouped = solve_program(program, HIGHS, limits=GROUPED)
    assert lagrange.status == grouped.status
    if grouped.choice is not None:
        assert lagrange.choice.value == pytest.approx(grouped.choice.value, abs=1e-8)
        assert lagrange.choice.supervised.tolist() == grouped.choice.supervised.tolist()


@pytest.fixture
def only_branching(monkeypatch):
    """Switch off the steps on the multipliers and the local search."""
    for name in ("ROOT_STEPS", "STEPS"):
        monkeypatch.setattr(f"taskgraph.solver.branch.{name}", 0)
    monkeypatch.setattr(
        "taskgraph.solver.branch._locally_searched",
        lambda _, near, __: np.zeros_like(near.program.banned),
    )
    monkeypatch.setattr("taskgraph.solver.search.local_search", lambda *_, **__: None)
    monkeypatch.setattr("taskgraph.solver.search.greedy_choice", lambda *_: None)


@pytest.mark.usefixtures("only_branching")
def test_branching_goes_on_where_every_target_is_solved_already():
    rows = [(("s0",), target, 0.1) for target in "abc"]
    rows += [(("s1", "s2"), "a", 1.0), (("s3", "s4"), "b", 1.0)]
    frame = [{"sources": s, "target": t, "affinity": v} for s, t, v in rows]
    program = program_of(frame, tg.Problem(budget=5, objective="linear"))
    found = solve_program(program, HIGHS, limits=LAGRANGE)
    assert found.choice.value == pytest.approx(2.1)


@pytest.mark.usefixtures("only_branching")
@pytest.mark.parametrize("seed", range(20))
def test_branching_alone_loses_nothing(seed):
    program = replace(random_program(seed, sources=(7, 11), unit=True), budget=4.0)
    found = solve_program(program, HIGHS, limits=LAGRANGE)
    choices = [c for c in every_choice(program) if c.supervised[program.required].all()]
    assert (found.choice is None) == (not choices)
    if choices:
        assert found.choice.value == pytest.approx(max(c.value for c in choices))


@pytest.mark.parametrize("seed", range(25))
def test_any_multipliers_bound_every_solution(seed):
    """The losses of forced sources and edges are bounds as well."""
    program, random = random_program(seed, sources=(5, 9)), np.random.default_rng(seed)
    node = root_node(program)
    if node is None or not len(node.targets):
        return
    layout = index_duals(node.program)
    scale = 10.0 ** random.integers(-2, 2)
    tilt = random.normal(0, scale, (len(node.names), len(node.names)))
    at = Multipliers(
        random.exponential(scale, len(layout.link_target)),
        random.exponential(scale, len(layout.pair_target)),
        tilt - tilt.T,
    )
    found = lagrangian_bound(layout, at)
    for choice in every_choice(node.program):
        inside = choice.supervised
        assert choice.value <= found.value + 1e-8
        assert (choice.value <= found.value - found.loss_in[inside] + 1e-8).all()
        assert (choice.value <= found.value - found.loss_out[~inside] + 1e-8).all()
        used = choice.edges[choice.edges >= 0]
        assert (choice.value <= found.value - found.loss_edge[used] + 1e-8).all()


def every_choice(program):
    count = len(program.sources)
    masks = (np.arange(2**count)[:, None] >> np.arange(count) & 1).astype(bool)
    found = (choose_transfers(program, mask) for mask in masks)
    return [choice for choice in found if choice is not None]


@pytest.mark.parametrize("seed", range(15))
def test_worth_of_two_sources_is_the_value_of_their_set(seed):
    node = root_node(random_program(seed, sources=(6, 9)))
    if node is None or not len(node.targets):
        return
    free = replace(node.program, budget=1e9)
    worth, count = values_of_pairs(free), len(free.sources)
    for first in range(count + 1):
        for second in range(count + 1):
            supervised = np.zeros(count + 1, dtype=bool)
            supervised[[first, second]] = True
            choice = choose_transfers(free, supervised[:-1])
            expected = -np.inf if choice is None else choice.value
            assert worth[first, second] == pytest.approx(expected)


def hard(transfers, budget):
    problem = make_problem(None, {"budget": budget, "max_order": 4, "objective": "linear"})
    return compile_program(transfers, problem)


def test_a_hundred_tasks_with_fifty_transfers_each_are_proven():
    """With and without the relaxation at the root."""
    program = hard(latent(100, 50, 1), 5)
    first = solve_program(program, HIGHS)
    second = solve_program(program, HIGHS, limits=LAGRANGE)
    assert first.status == second.status == "optimal"
    assert first.choice.supervised.tolist() == second.choice.supervised.tolist()
    grouped = grouped_model(presolve(program))
    assert HIGHS.run(grouped.lp).status == "optimal"
    assert choose_transfers(program, grouped.solution()).value == pytest.approx(first.choice.value)


@pytest.mark.parametrize(("limit", "solver"), [(0.0, "highs"), (1.0, "highs"), (1.0, "cbc")])
def test_a_time_limit_keeps_what_was_found_with_a_valid_bound(limit, solver):
    """The optimum is 4.0541041 (proven without a limit)."""
    found = tg.solve(
        latent(100, 50, 0), budget=20, objective="linear", solver=solver, time_limit=limit
    )
    assert found.status == "feasible"
    assert found.objective <= 4.0541042 <= (found.bound or np.inf)
    assert found.spent <= 20
    if found.bound is not None:
        assert found.gap == pytest.approx((found.bound - found.objective) / found.objective)


def test_without_local_search_a_cover_is_found_within_the_time(monkeypatch):
    """A time limit keeps any solution: `unknown` is only said where none was found."""
    monkeypatch.setattr("taskgraph.solver.search.local_search", lambda *_, **__: None)
    monkeypatch.setattr("taskgraph.solver.search.greedy_choice", lambda *_: None)
    program = hard(latent(100, 50, 0), 20)
    found = solve_program(program, HIGHS, Clock(2.0))
    assert found.status in ("feasible", "optimal")  # it is proven in about 2 s
    assert found.choice.cost <= 20


def test_without_any_time_nothing_is_claimed(monkeypatch):
    monkeypatch.setattr("taskgraph.solver.search.local_search", lambda *_, **__: None)
    monkeypatch.setattr("taskgraph.solver.search.greedy_choice", lambda *_: None)
    monkeypatch.setattr("taskgraph.solver.search.list_solvable", lambda *_, **__: None)
    found = solve_program(hard(latent(100, 50, 0), 20), HIGHS, Clock(0.0))
    assert found.status == "unknown"
    assert "--time-limit" in found.reason


def test_the_bound_falls_with_time_until_it_proves():
    program = hard(latent(60, 40, 3), 8)
    bounds = [solve_program(program, HIGHS, Clock(limit)).bound for limit in (0.3, None)]
    assert bounds[0] >= bounds[1] - 1e-9


def test_two_runs_take_the_same_steps():
    program = hard(latent(60, 40, 3), 8)
    first, second = (solve_program(program, HIGHS, limits=LAGRANGE) for _ in range(2))
    assert (first.nodes, first.bound) == (second.nodes, second.bound)


def test_scarce_transfers_are_proven_where_few_sets_solve_every_target():
    """The grouped model is the reference."""
    program = hard(flat(30, 14, 0), 4)
    found = solve_program(program, HIGHS)
    grouped = solve_program(program, HIGHS, limits=GROUPED)
    assert found.status == grouped.status
    if grouped.choice is not None:
        assert found.choice.value == pytest.approx(grouped.choice.value, abs=1e-9)
    else:
        assert found.least_budget > 4


def test_where_the_bound_does_not_hold_the_grouped_model_is_used():
    program = random_program(0)
    assert can_branch(program)
    assert not can_branch(replace(program, may_transfer=True))


def test_a_time_out_of_cbc_is_not_called_optimal():
    """PuLP's status says Optimal on a time-out with a solution; our result must not."""
    program = presolve(hard(latent(100, 50, 0), 20))
    result = find_solver("cbc").run(grouped_model(program).lp, Clock(1.0))
    assert result.status in ("feasible", "unknown")


def test_a_long_proof_reports_value_bound_and_nodes():
    """Reported values rise, and no reported bound is below the optimum."""
    table_of_40 = latent(40, 40, 0)
    told = []
    problem = make_problem(None, {"budget": 8, "max_order": 4, "objective": "linear"})
    program = compile_program(table_of_40, problem)
    clock = Clock(callback=lambda value, limit, nodes: told.append((value, limit, nodes)))
    found = solve_program(program, HIGHS, clock, limits=LAGRANGE)
    assert found.status == "optimal"
    assert [nodes for *_, nodes in told] == list(range(len(told)))
    values = [value for value, *_ in told]
    assert values == sorted(values)
    assert all(limit >= found.choice.value - 1e-9 for _, limit, _ in told)
