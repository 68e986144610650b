"""Solvers that PuLP can run, and how to read what each of them has proven."""

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
class SolverResult:
    """What a solver reports about a model.

    Attributes
    ----------
    status : str
        ``optimal``, ``feasible``, ``infeasible`` or ``unknown``.
    bound : float
        Upper bound of the maximum; inf where the solver reports none.
    nodes : int
        Number of branch-and-bound nodes; -1 where the solver reports none.
    """

    status: str
    bound: float = math.inf
    nodes: int = -1


@dataclass(frozen=True)
class Backend:
    """A solver of PuLP models, by name.

    Attributes
    ----------
    name : str
    make : function
        Returns PuLP's solver with the time limit of a clock.
    read_result : function
        Returns the result of a PuLP problem that this solver has solved.
    """

    name: str
    make: Callable[[Clock], pulp.LpSolver]
    read_result: Callable[[pulp.LpProblem], SolverResult]

    def run(self, lp: pulp.LpProblem, clock: Clock | None = None) -> SolverResult:
        """Solve a PuLP problem in place within the clock's time, and return the result.

        Raises
        ------
        SolverError
            If the solver cannot be run.
        """
        clock, halted = clock or Clock(), threading.Event()
        if clock.stop.is_set():
            return SolverResult("unknown")
        solver = self.make(clock)
        solver.halted = halted
        try:
            run_in_thread(lambda: lp.solve(solver), clock, halted)
        except pulp.PulpSolverError as error:
            raise SolverError(f'the solver "{self.name}" failed: {error}') from error
        except OutOfTime:
            return SolverResult("unknown")
        return self.read_result(lp)


class _Highs(pulp.HiGHS):  # type: ignore[misc]
    """PuLP's HiGHS, which stops when ``halted`` is set."""

    halted = threading.Event()

    def callSolver(self, lp: pulp.LpProblem) -> None:
        """Run the model that PuLP has built; raise `SolverError` if HiGHS refused some rows."""
        refused = lp.numConstraints() - lp.solverModel.getNumRow()
        if refused:  # PuLP does not check this
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


def _read_highs(lp: pulp.LpProblem) -> SolverResult:
    """Read the status from HiGHS: PuLP reports a time-out as optimal (see PuLP issue 661)."""
    import highspy

    model = lp.solverModel
    info, status = model.getInfo(), model.getModelStatus()
    sign = -1.0 if lp.sense == pulp.LpMaximize else 1.0
    nodes = max(0, int(info.mip_node_count))
    if status in (
        highspy.HighsModelStatus.kInfeasible,
        highspy.HighsModelStatus.kUnboundedOrInfeasible,
    ):
        return SolverResult("infeasible", nodes=nodes)
    if status == highspy.HighsModelStatus.kOptimal:
        return SolverResult("optimal", sign * info.mip_dual_bound, nodes)
    has_solution = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    bound = sign * info.mip_dual_bound
    return SolverResult("feasible" if has_solution else "unknown", bound, nodes)


def _make_cbc(clock: Clock) -> pulp.LpSolver:
    return pulp.PULP_CBC_CMD(msg=False, timeLimit=_limit(clock), gapRel=0.0, threads=1)


def _read_any(lp: pulp.LpProblem) -> SolverResult:
    """Read the status from PuLP: optimal only if the solution's own status is optimal as well.

    On a time-out CBC's status is "Optimal" too, with ``sol_status`` 2 and, without an incumbent,
    fractional values. PuLP reports no bound.
    """
    if lp.sol_status == pulp.LpSolutionOptimal and lp.status == pulp.LpStatusOptimal:
        # A variable without any constraint comes back without a value; it can be 0.
        terms = lp.objective.items()
        value = sum(weight * (variable.varValue or 0.0) for variable, weight in terms)
        return SolverResult("optimal", float(value + lp.objective.constant))
    if lp.status == pulp.LpStatusInfeasible:
        return SolverResult("infeasible")
    has_solution = lp.sol_status == pulp.LpSolutionIntegerFeasible
    return SolverResult("feasible" if has_solution else "unknown")


def _named_by_pulp(name: str) -> Backend:
    def make(clock: Clock) -> pulp.LpSolver:
        """Make the solver with the time that is left."""
        options: dict[str, Any] = {"msg": False}
        if clock.left is not None:
            options["timeLimit"] = _limit(clock)
        return pulp.getSolver(name, **options)

    return Backend(name, make, _read_any)


SOLVERS: dict[str, Backend] = {
    "highs": Backend("highs", _make_highs, _read_highs),
    "cbc": Backend("cbc", _make_cbc, _read_any),
}
"""Solvers by name; `find_solver` accepts any other that PuLP finds on the machine."""


def find_solver(name: str) -> Backend:
    """Return a solver by name: ``highs``, ``cbc``, or any other that PuLP finds on the machine.

    Raises
    ------
    SolverError
        If there is no such solver; the message lists the available ones.
    """
    if name.lower() in SOLVERS:
        return SOLVERS[name.lower()]
    available = pulp.listSolvers(onlyAvailable=True)
    match = next((known for known in available if known.lower() == name.lower()), None)
    if match is None:
        names = ", ".join([*SOLVERS, *available])
        raise SolverError(f'there is no solver "{name}" here; expected one of {names}')
    return _named_by_pulp(match)
