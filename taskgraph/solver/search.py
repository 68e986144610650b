"""The steps of a solve: presolve, relaxation, incumbent, fixing, branch and bound, ties."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from taskgraph.program import Program
from taskgraph.solver.additive import AdditiveBound
from taskgraph.solver.backends import Backend
from taskgraph.solver.branch import branch_and_bound, can_branch
from taskgraph.solver.choice import Choice, choose_transfers
from taskgraph.solver.clock import Clock, OutOfTime
from taskgraph.solver.incumbent import Incumbent
from taskgraph.solver.infeasible import affordable_cover, explain_infeasibility
from taskgraph.solver.local import Neighborhood, greedy_choice, greedy_set, improve, local_search
from taskgraph.solver.presolve import presolve
from taskgraph.solver.ranking import Ranking
from taskgraph.solver.root import fix_variables, solve_root, unbudgeted_bound
from taskgraph.solver.scale import value_unit, with_values_in
from taskgraph.solver.ties import break_ties
from taskgraph.taxonomy import Status

GRACE = 0.7
"""Seconds that the first local search has even beyond a short time limit."""


@dataclass(frozen=True)
class EdgeLimits:
    """Numbers of edges that decide on the method.

    Attributes
    ----------
    listed : int
        With more edges, no attempt is made to list all sets that may be optimal.
    branch : int
        With more edges after fixing, the Lagrangian branch and bound is quicker than the
        mixed-integer model.
    """

    listed: int = 1_000_000
    branch: int = 600


@dataclass(frozen=True, eq=False)
class Solution:
    """What the solver has proven about a program.

    Attributes
    ----------
    status : str
        As for `Taxonomy`.
    program : Program
        The program to which ``choice`` refers; it may be presolved.
    choice : Choice or None
        The best solution.
    bound : float
        Proven upper bound of the objective.
    nodes : int
        Number of branch-and-bound nodes.
    reason : str or None
        Why there is no solution.
    least_budget : float or None
        The least budget with a solution, where the program is infeasible.
    """

    status: Status
    program: Program
    choice: Choice | None = None
    bound: float = math.inf
    nodes: int = 0
    reason: str | None = None
    least_budget: float | None = None

    @property
    def supervised(self) -> tuple[str, ...]:
        """Return the names of the supervised sources; none without a solution."""
        if self.choice is None:
            return ()
        return tuple(self.program.sources[j] for j in self.choice.supervised.nonzero()[0])


def solve_program(
    program: Program,
    backend: Backend,
    clock: Clock | None = None,
    *,
    limits: EdgeLimits | None = None,
) -> Solution:
    """Solve a program to proven optimality, or as far as the clock allows.

    Values are divided by a power of two, so that tolerances do not depend on their scale.
    """
    unit = value_unit(program)
    scaled = with_values_in(program, unit)
    solution = _solve(scaled, backend, clock or Clock(), limits or EdgeLimits())
    choice = solution.choice
    return replace(
        solution,
        program=with_values_in(solution.program, 1 / unit),
        choice=None if choice is None else replace(choice, value=choice.value * unit),
        bound=solution.bound * unit,
    )


def _solve(program: Program, backend: Backend, clock: Clock, limits: EdgeLimits) -> Solution:
    """Solve a scaled program: list all sets that may be optimal, or search."""
    reduced = presolve(program, clock.share(1 / 2))
    if reduced is None:
        return _infeasible(program, backend, clock)
    brief = clock.share(1 / 3, least=GRACE)
    known = greedy_choice(reduced, brief) or local_search(reduced, [reduced.required], brief)
    listed = len(reduced.edge_value) <= limits.listed
    bound, best = solve_root(reduced, known, clock.share(1 / 2), listed=listed)
    if best is not None:
        return Solution("optimal", reduced, best, best.value)
    incumbent = _incumbent(reduced, bound, known, backend, clock)
    residual = fix_variables(reduced, bound, cutoff=incumbent.cutoff)
    branching = backend.name == "highs" and can_branch(reduced)
    if branching and len(residual.edge_value) > limits.branch:
        solution = _solve_by_branching(residual, bound.value, incumbent, clock)
    else:
        solution = _solve_by_model(residual, bound.value, incumbent, backend, clock)
    if solution.status == "infeasible":
        return _infeasible(program, backend, clock, solution.nodes)
    return solution


def _incumbent(
    program: Program, bound: AdditiveBound, known: Choice | None, backend: Backend, clock: Clock
) -> Incumbent:
    """Find a good first solution by a longer local search.

    Under a time limit the local search has a third of the time, so that some is left for a bound,
    and at least `GRACE` seconds, as any solution is better than none. If it finds none, a quarter
    of the remaining time is spent on the cheapest solution.
    """
    incumbent = Incumbent(program, clock)
    if known is not None:
        incumbent.offer(known.supervised)
    starts = [bound.y > 0.5, *([] if known is None else [known.supervised])]
    choice = local_search(program, starts, clock.share(1 / 3, least=GRACE))
    if choice is not None:
        incumbent.offer(choice.supervised)
    if incumbent.first is None and clock.left is not None:
        cover = affordable_cover(program, backend, clock.share(1 / 4))
        if cover is not None:
            neighborhood, brief = Neighborhood(program), clock.share(1 / 4)
            incumbent.offer(cover)
            incumbent.offer(improve(neighborhood, greedy_set(neighborhood, cover, brief), brief))
    return incumbent


def _solve_by_branching(
    program: Program, root: float, incumbent: Incumbent, clock: Clock
) -> Solution:
    """Solve the fixed program by the Lagrangian branch and bound."""
    search = branch_and_bound(program, incumbent, clock)
    if not search.complete:
        return _stopped(incumbent, min(root, search.bound), search.nodes, clock)
    if incumbent.first is None:
        return Solution("infeasible", program, nodes=search.nodes)
    value = incumbent.first.value
    return Solution("optimal", incumbent.program, incumbent.first, value, search.nodes)


def _solve_by_model(
    program: Program, root: float, incumbent: Incumbent, backend: Backend, clock: Clock
) -> Solution:
    """Solve the fixed program as one mixed-integer model."""
    try:
        ranked = Ranking(program, backend, clock).best()
    except OutOfTime:
        return _stopped(incumbent, root, 0, clock)
    if ranked.choice is not None:
        incumbent.offer(ranked.choice.supervised)
    elif ranked.status == "infeasible" and incumbent.first is None:
        return Solution("infeasible", program, nodes=ranked.nodes)
    bound = min(root, max(ranked.bound, incumbent.value))
    if ranked.status in ("optimal", "infeasible"):
        return _first_of_ties(program, incumbent, ranked.nodes, backend, clock)
    return _stopped(incumbent, bound, ranked.nodes, clock)


def _first_of_ties(
    program: Program, incumbent: Incumbent, nodes: int, backend: Backend, clock: Clock
) -> Solution:
    """Return the first of all optima, in which edges that fixing removed may take part as well."""
    assert incumbent.first is not None
    first = break_ties(program, incumbent.first, backend, clock)
    choice = choose_transfers(incumbent.program, first.supervised) or incumbent.first
    return Solution("optimal", incumbent.program, choice, choice.value, nodes)


def _stopped(incumbent: Incumbent, bound: float, nodes: int, clock: Clock) -> Solution:
    """Return the best solution so far, after the time limit or a stop."""
    bound = min(bound, unbudgeted_bound(incumbent.program))
    if incumbent.first is None:
        limit = "the time limit passed before a taxonomy was found; raise --time-limit"
        reason = "stopped before a taxonomy was found" if clock.stop.is_set() else limit
        return Solution("unknown", incumbent.program, bound=bound, nodes=nodes, reason=reason)
    bound = max(bound, incumbent.first.value)
    return Solution("feasible", incumbent.program, incumbent.first, bound, nodes)


def _infeasible(program: Program, backend: Backend, clock: Clock, nodes: int = 0) -> Solution:
    """Return why there is no solution; or a solution, if exact arithmetic finds one after all."""
    reason = explain_infeasibility(program, backend, clock)
    if reason.affordable is not None:
        bound = max(unbudgeted_bound(program), reason.affordable.value)
        return Solution("feasible", program, reason.affordable, bound, nodes)
    return Solution(
        "infeasible",
        program,
        nodes=nodes,
        reason=reason.text,
        least_budget=reason.least_budget,
    )
