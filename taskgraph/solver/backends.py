"""Solvers as values: whatever PuLP finds, asked for a proof and not believed without one."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pulp

from taskgraph.errors import SolverError
from taskgraph.solver.clock import Clock, OutOfTime
from taskgraph.solver.running import interrupt_when, run_in_thread

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
    """One solver: how PuLP makes it for a clock, and how its own verdict is read."""

    name: str
    make: Callable[[Clock], pulp.LpSolver]
    judge: Callable[[pulp.LpProblem], Verdict]

    def run(self, problem: pulp.LpProblem, clock: Clock | None = None) -> Verdict:
        """Solve in place within the clock's time, and say what was proven.

        Raises
        ------
        SolverError
            If the solver cannot be run.
        """
        clock, halted = clock or Clock(), threading.Event()
        if clock.stop.is_set():
            return Verdict("unknown")
        solver = self.make(clock)
        solver.halted = halted
        try:
            run_in_thread(lambda: problem.solve(solver), clock, halted)
        except pulp.PulpSolverError as error:
            raise SolverError(f'the solver "{self.name}" failed: {error}') from error
        except OutOfTime:
            return Verdict("unknown")
        return self.judge(problem)


class _Highs(pulp.HiGHS):  # type: ignore[misc]
    """PuLP's HiGHS, which stops when it is halted."""

    halted = threading.Event()

    def callSolver(self, lp: pulp.LpProblem) -> None:
        """Run the model that PuLP has built, if HiGHS took all of it."""
        refused = lp.numConstraints() - lp.solverModel.getNumRow()
        if refused:  # PuLP does not look, and the model would be another one
            raise SolverError(f"HiGHS refused {refused} rows of the model: a number is too large")
        interrupt_when(lp.solverModel, self.halted)
        lp.solverModel.run()


def _limit(clock: Clock) -> float | None:
    return None if clock.left is None else max(0.01, clock.left)


def _make_highs(clock: Clock) -> pulp.LpSolver:
    return _Highs(
        msg=False,
        timeLimit=_limit(clock),
        gapRel=0.0,
        gapAbs=EXACT,
        threads=1,
        mip_feasibility_tolerance=EXACT,
        primal_feasibility_tolerance=EXACT,
        dual_feasibility_tolerance=EXACT,
    )


def _judge_highs(problem: pulp.LpProblem) -> Verdict:
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
        return Verdict("optimal", sign * info.mip_dual_bound, nodes)
    has_solution = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    bound = sign * info.mip_dual_bound
    return Verdict("feasible" if has_solution else "unknown", bound, nodes)


def _make_cbc(clock: Clock) -> pulp.LpSolver:
    return pulp.PULP_CBC_CMD(msg=False, timeLimit=_limit(clock), gapRel=0.0, threads=1)


def _judge_any(problem: pulp.LpProblem) -> Verdict:
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
    found = problem.sol_status == pulp.LpSolutionIntegerFeasible
    return Verdict("feasible" if found else "unknown")


def _named_by_pulp(name: str) -> Backend:
    def make(clock: Clock) -> pulp.LpSolver:
        options: dict[str, Any] = {"msg": False}
        if clock.left is not None:
            options["timeLimit"] = _limit(clock)
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
