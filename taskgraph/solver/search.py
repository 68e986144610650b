"""The steps of a solve: presolve, relaxation, incumbent, fixing, branch and bound, ties."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from taskgraph.program import Program
from taskgraph.solver.additive import AdditiveAscent, AdditiveBound
from taskgraph.solver.backends import Backend
from taskgraph.solver.branch import branch_and_bound, can_branch
from taskgraph.solver.choice import Choice, choose_transfers
from taskgraph.solver.clock import Clock, OutOfTime
from taskgraph.solver.halves import can_halve, search_halves
from taskgraph.solver.incumbent import Incumbent
from taskgraph.solver.infeasible import explain_infeasibility
from taskgraph.solver.local import greedy_choice, local_search
from taskgraph.solver.presolve import presolve
from taskgraph.solver.ranking import Ranking
from taskgraph.solver.root import MANY, fix_variables, solve_root, unbudgeted_bound
from taskgraph.solver.scale import value_unit, with_values_in
from taskgraph.solver.solvable import (
    can_list_solvable,
    list_solvable,
    most_fitting,
    offer_solvable,
)
from taskgraph.solver.ties import break_ties
from taskgraph.taxonomy import Status

GRACE = 0.7
"""Seconds that the first local search has even beyond a short time limit."""
FEWER = 20_000
"""Most sets that are listed where trying every set in two halves is quick as well."""
TIES_SECONDS = 10.0
"""Most seconds that the first of equally good solutions is looked for, once the value is proven."""
SCARCE = 6
"""Where at most so many sources fit, all sets that solve every target may be few enough to list."""


@dataclass(frozen=True)
class EdgeLimits:
    """Numbers of edges that decide on the method.

    Attributes
    ----------
    listed : int
        With more edges, no attempt is made to list all sets that may be optimal, and none of the
        two other methods that try all of some sets is used.
    halved, covered : int
        With more edges, not all sets are tried in two halves (`search_halves`), and the sets that
        solve every target are not listed (`list_solvable`).
    branch : int
        With more edges after fixing, the Lagrangian branch and bound is quicker than the
        mixed-integer model.
    """

    listed: int = 1_000_000
    halved: int = 1_000_000
    covered: int = 1_000_000
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
    enough_budget : float or None
        A budget with a solution, where the program is infeasible and the least one is unknown.
    """

    status: Status
    program: Program
    choice: Choice | None = None
    bound: float = math.inf
    nodes: int = 0
    reason: str | None = None
    least_budget: float | None = None
    enough_budget: float | None = None

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
    clock = _in_units(clock or Clock(), unit)
    solution = _solve(scaled, backend, clock, limits or EdgeLimits())
    choice = solution.choice
    return replace(
        solution,
        program=with_values_in(solution.program, 1 / unit),
        choice=None if choice is None else replace(choice, value=choice.value * unit),
        bound=solution.bound * unit,
    )


def _in_units(clock: Clock, unit: float) -> Clock:
    """Return the clock with a callback that receives values and bounds times ``unit``."""
    told = clock.callback
    if told is None:
        return clock
    return replace(clock, callback=lambda value, bound, n: told(value * unit, bound * unit, n))


def _solve(program: Program, backend: Backend, clock: Clock, limits: EdgeLimits) -> Solution:
    """Solve a scaled program: list all sets that may be optimal, or search."""
    reduced = presolve(program, clock.share(1 / 2))
    if reduced is None:
        return _infeasible(program, backend, clock)
    brief = clock.share(1 / 3, least=GRACE)
    known = greedy_choice(reduced, brief) or local_search(reduced, [reduced.required], brief)
    edges = len(reduced.edge_value)
    listed = edges <= limits.listed
    halved = edges <= min(limits.listed, limits.halved) and can_halve(reduced)
    many = FEWER if halved else MANY
    ascent, best = solve_root(reduced, known, clock.share(1 / 2), listed=listed, many=many)
    if best is not None:
        return Solution("optimal", reduced, best, best.value)
    incumbent = Incumbent(reduced, clock)
    if known is not None:
        incumbent.offer(known.supervised)
    covered = edges <= min(limits.listed, limits.covered)
    tried = _try_solvable(incumbent, clock) if covered else None
    if tried is not None:
        return _finished(program, reduced, incumbent, tried, backend, clock)
    return _search(program, incumbent, ascent, backend, clock, limits.branch, halved=halved)


def _search(
    program: Program,
    incumbent: Incumbent,
    ascent: AdditiveAscent,
    backend: Backend,
    clock: Clock,
    branch: int,
    *,
    halved: bool,
) -> Solution:
    """Search what the bound at the root leaves: in halves, by branching, or as one model."""
    bound, reduced = ascent.bound(), incumbent.program
    root = min(bound.value, unbudgeted_bound(reduced))
    if not incumbent.reaches(root):
        _search_locally(incumbent, bound, clock)
    residual = fix_variables(reduced, bound, cutoff=incumbent.least_tie)
    if incumbent.reaches(root):
        return _first_of_ties(residual, incumbent, 0, backend, clock)
    branching = backend.name == "highs" and can_branch(reduced)
    if halved:
        found = search_halves(residual, ascent.of_part(residual), incumbent, clock)
    elif branching and len(residual.edge_value) > branch:
        found = branch_and_bound(residual, incumbent, clock)
    else:
        return _solve_by_model(program, residual, root, incumbent, backend, clock)
    if not found.complete:
        return _stopped(incumbent, min(root, found.bound), found.nodes, clock)
    return _finished(program, residual, incumbent, found.nodes, backend, clock, proven=halved)


def _try_solvable(incumbent: Incumbent, clock: Clock) -> int | None:
    """Offer sets that solve every target, where few sources fit or no solution is known.

    Returns the number of such sets if all of them were tried, and None otherwise.
    """
    program = incumbent.program
    few = most_fitting(program) <= SCARCE and bool((program.price > 0).all())
    needed = incumbent.first is None or (few and not can_halve(program))
    if not needed or not can_list_solvable(program):
        return None
    sets = list_solvable(program, clock.share(1 / 3), first=not few)
    if sets is None:
        return None
    offer_solvable(sets, incumbent)
    return len(sets) if few or not len(sets) else None


def _search_locally(incumbent: Incumbent, bound: AdditiveBound, clock: Clock) -> None:
    """Improve the incumbent by a longer local search.

    Under a time limit it has a third of the time, so that some is left for a bound, and at least
    `GRACE` seconds, as any solution is better than none.
    """
    first = incumbent.first
    starts = [bound.y > 0.5, *([] if first is None else [first.supervised])]
    choice = local_search(incumbent.program, starts, clock.share(1 / 3, least=GRACE))
    if choice is not None:
        incumbent.offer(choice.supervised)


def _finished(
    program: Program,
    residual: Program,
    incumbent: Incumbent,
    nodes: int,
    backend: Backend,
    clock: Clock,
    *,
    proven: bool = True,
) -> Solution:
    """Return what follows where the incumbent was offered every set that may be optimal.

    ``residual`` still admits all ties. ``proven`` is that of `_infeasible`.
    """
    first = incumbent.first
    if first is None:
        return _infeasible(program, backend, clock, nodes, proven=proven)
    if incumbent.skips_ties:
        return _first_of_ties(residual, incumbent, nodes, backend, clock)
    return Solution("optimal", incumbent.program, first, first.value, nodes)


def _solve_by_model(
    program: Program,
    residual: Program,
    root: float,
    incumbent: Incumbent,
    backend: Backend,
    clock: Clock,
) -> Solution:
    """Solve the fixed program as one mixed-integer model."""
    try:
        ranked = Ranking(residual, backend, clock).best()
    except OutOfTime:
        return _stopped(incumbent, root, 0, clock)
    if ranked.choice is not None:
        incumbent.offer(ranked.choice.supervised)
    elif ranked.status == "infeasible" and incumbent.first is None:
        return _infeasible(program, backend, clock, ranked.nodes, proven=False)
    bound = min(root, max(ranked.bound, incumbent.value))
    if ranked.status in ("optimal", "infeasible"):
        return _first_of_ties(residual, incumbent, ranked.nodes, backend, clock)
    return _stopped(incumbent, bound, ranked.nodes, clock)


def _first_of_ties(
    program: Program, incumbent: Incumbent, nodes: int, backend: Backend, clock: Clock
) -> Solution:
    """Return the first of all optima, in which edges that fixing removed may take part as well.

    After `TIES_SECONDS` the first one so far is returned.
    """
    assert incumbent.first is not None
    left = TIES_SECONDS if clock.left is None else min(clock.left, TIES_SECONDS)
    brief = Clock(left, stop=clock.stop)
    first = break_ties(program, incumbent.first, backend, brief)
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
    status: Status = "optimal" if incumbent.reaches(bound) else "feasible"
    return Solution(status, incumbent.program, incumbent.first, bound, nodes)


def _infeasible(
    program: Program, backend: Backend, clock: Clock, nodes: int = 0, *, proven: bool = True
) -> Solution:
    """Return why there is no solution; or a solution, if it is not ``proven`` that there is none.

    The tolerances of a solver may cut off a solution; exact arithmetic finds it.
    """
    reason = explain_infeasibility(program, backend, clock, proven=proven)
    if reason.affordable is not None:
        bound = max(unbudgeted_bound(program), reason.affordable.value)
        return Solution("feasible", program, reason.affordable, bound, nodes)
    return Solution(
        "infeasible",
        program,
        nodes=nodes,
        reason=reason.text,
        least_budget=reason.least_budget,
        enough_budget=reason.enough_budget,
    )
