"""Solvers as values: whatever PuLP finds, asked for a proof and not believed without one."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pulp

from taskgraph.errors import SolverError

EXACT = 1e-9


@dataclass(frozen=True)
class Verdict:
    """What a solver claims: ``optimal``, ``feasible``, ``infeasible`` or ``unknown``.

    ``bound`` is a proven upper bound of a maximum (inf where the solver tells none);
    ``nodes`` counts the branch-and-bound nodes (-1 where it tells none).
    """

    status: str
    bound: float = math.inf
    nodes: int = -1


@dataclass(frozen=True)
class Backend:
    """One solver: how PuLP makes it for a time limit, and how its own verdict is read."""

    name: str
    make: Callable[[float | None, bool], pulp.LpSolver]
    judge: Callable[[pulp.LpProblem, bool], Verdict]

    def run(
        self, problem: pulp.LpProblem, *, time_limit: float | None = None, relax: bool = False
    ) -> Verdict:
        """Solve in place, and say what was proven.

        Raises
        ------
        SolverError
            If the solver cannot be run.
        """
        limit = None if time_limit is None else max(0.01, time_limit)
        try:
            problem.solve(self.make(limit, relax))
        except pulp.PulpSolverError as error:
            raise SolverError(f'the solver "{self.name}" failed: {error}') from error
        return self.judge(problem, relax)


def _make_highs(time_limit: float | None, relax: bool) -> pulp.LpSolver:
    return pulp.HiGHS(
        mip=not relax,
        msg=False,
        timeLimit=time_limit,
        gapRel=0.0,
        gapAbs=EXACT,
        threads=1,
        mip_feasibility_tolerance=EXACT,
        primal_feasibility_tolerance=EXACT,
        dual_feasibility_tolerance=EXACT,
    )


def _judge_highs(problem: pulp.LpProblem, relax: bool) -> Verdict:
    """Ask HiGHS itself: PuLP calls a time-out optimal (see also PuLP issue 661)."""
    import highspy

    model = problem.solverModel
    info, status = model.getInfo(), model.getModelStatus()
    sign = -1.0 if problem.sense == pulp.LpMaximize else 1.0
    nodes = max(0, int(info.mip_node_count))
    if status in (
        highspy.HighsModelStatus.kInfeasible,
        highspy.HighsModelStatus.kUnboundedOrInfeasible,
    ):
        return Verdict("infeasible", nodes=nodes)
    if status == highspy.HighsModelStatus.kOptimal:
        bound = info.objective_function_value if relax else info.mip_dual_bound
        return Verdict("optimal", sign * bound, nodes)
    bound = math.inf if relax else sign * info.mip_dual_bound
    has_solution = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    return Verdict("feasible" if has_solution and not relax else "unknown", bound, nodes)


def _make_cbc(time_limit: float | None, relax: bool) -> pulp.LpSolver:
    return pulp.PULP_CBC_CMD(mip=not relax, msg=False, timeLimit=time_limit, gapRel=0.0, threads=1)


def _judge_any(problem: pulp.LpProblem, relax: bool) -> Verdict:
    """Believe "Optimal" only where the solution status is optimal as well.

    On a time-out CBC's status is "Optimal" too, with ``sol_status`` 2 and, without an incumbent,
    fractional values; PuLP passes no bound on.
    """
    if problem.sol_status == pulp.LpSolutionOptimal and problem.status == pulp.LpStatusOptimal:
        # A variable that no row holds comes back without a value: it is free to be 0.
        terms = problem.objective.items()
        value = sum(weight * (variable.varValue or 0.0) for variable, weight in terms)
        return Verdict("optimal", float(value + problem.objective.constant))
    if problem.status == pulp.LpStatusInfeasible:
        return Verdict("infeasible")
    found = problem.sol_status == pulp.LpSolutionIntegerFeasible and not relax
    return Verdict("feasible" if found else "unknown")


def _named_by_pulp(name: str) -> Backend:
    def make(time_limit: float | None, relax: bool) -> pulp.LpSolver:
        options: dict[str, Any] = {"msg": False, "mip": not relax}
        if time_limit is not None:
            options["timeLimit"] = time_limit
        return pulp.getSolver(name, **options)

    return Backend(name, make, _judge_any)


SOLVERS: dict[str, Backend] = {
    "highs": Backend("highs", _make_highs, _judge_highs),
    "cbc": Backend("cbc", _make_cbc, _judge_any),
}
"""Solvers by name; `find_solver` adds every one that PuLP finds on the machine."""


def find_solver(name: str) -> Backend:
    """Look a solver up: ``highs``, ``cbc``, or the name of any that PuLP finds here.

    Raises
    ------
    SolverError
        If there is none of that name; the message lists those there are.
    """
    if name.lower() in SOLVERS:
        return SOLVERS[name.lower()]
    available = pulp.listSolvers(onlyAvailable=True)
    match = next((found for found in available if found.lower() == name.lower()), None)
    if match is None:
        names = ", ".join([*SOLVERS, *available])
        raise SolverError(f'there is no solver "{name}" here; expected one of {names}')
    return _named_by_pulp(match)
