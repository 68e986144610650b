"""One integer program for the supervised set with the least regret over many programs.

The R programs have the same sources, targets and costs, and other values. For supervised sources
y, which all programs share, and edges x^r of each program r,

    minimize    u                                    (max)
                (1/R) sum_r (v_r - value_r(x^r, y))  (mean)
    subject to  v_r - value_r(x^r, y) <= u           (max), for every r
                the rows of `taskgraph.solver.model` for y and x^r, for every r

where v_r is the optimum of program r, which is solved before. For a fixed set, the best transfers
of each program are an optimal x^r. So the regret is that of the set: its transfers are chosen
again in each resample.

Source: Kouvelis & Yu, Robust Discrete Optimization and Its Applications (1997), ch. 2.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pulp

from taskgraph.arrays import Booleans, Floats
from taskgraph.program import Program
from taskgraph.progress import Progress, no_progress
from taskgraph.sensitivity.regret import summarized, values_of
from taskgraph.sensitivity.shrinking import relaxed, shrunk
from taskgraph.solver.backends import Backend
from taskgraph.solver.choice import tolerance
from taskgraph.solver.clock import Clock, OutOfTime
from taskgraph.solver.model import Model, add_block, source_variables
from taskgraph.solver.presolve import fix_by_budget, undominated
from taskgraph.solver.scale import value_unit, with_values_in
from taskgraph.solver.search import solve_program


@dataclass(frozen=True, eq=False)
class LeastRegret:
    """A set of sources and its regrets.

    Attributes
    ----------
    supervised : (S,) bools
    optima, regrets : (R,) arrays
        The optimum of each program; optimum − value of the set, at least 0.
    value : float
        The largest or mean regret.
    bound : float
        A proven lower bound of ``value`` over all sets.
    proven : bool
        Whether no set has a smaller value, up to the relative tolerance of 1e-9.
    nodes : int
        Branch-and-bound nodes of the integer program.
    """

    supervised: Booleans
    optima: Floats
    regrets: Floats
    value: float
    bound: float
    proven: bool
    nodes: int


def least_regret(
    programs: Sequence[Program],
    criterion: str,
    backend: Backend,
    clock: Clock | None = None,
    *,
    starts: Iterable[Booleans] = (),
    progress: Progress = no_progress,
) -> LeastRegret | None:
    """Return the set with the least maximal or mean regret over the programs.

    Parameters
    ----------
    programs : R programs with the same sources, targets and costs
    criterion : str
        One of `CRITERIA`.
    starts : (S,) bools each
        Sets to begin with, beside the optima of the programs.
    progress : Progress
        Receives the number of programs whose optimum is known, of how many.

    Returns
    -------
    LeastRegret or None
        None if the programs have no solution, or the time passed before all optima were proven.
    """
    clock = clock or Clock()
    unit = max(value_unit(program) for program in programs)
    scaled = [with_values_in(program, unit) for program in programs]
    optima, sets = [], list(starts)
    for number, program in enumerate(scaled):
        progress(number, len(scaled))
        solution = solve_program(program, backend, clock)
        if solution.status != "optimal" or solution.choice is None:
            return None
        optima.append(solution.choice.value)
        sets.append(solution.choice.supervised)
    progress(len(scaled), len(scaled))
    search = _Search(scaled, np.array(optima), criterion, backend, clock)
    for supervised in {each.tobytes(): each for each in sets}.values():
        search.offer(supervised)
    return search.result(unit)


class _Search:
    """Keeps the best set, and solves the integer program until no set can be better."""

    def __init__(
        self,
        programs: Sequence[Program],
        optima: Floats,
        criterion: str,
        backend: Backend,
        clock: Clock,
    ) -> None:
        self.programs, self.optima, self.criterion = programs, optima, criterion
        self.backend, self.clock = backend, clock
        self.best: Booleans | None = None
        self.regrets: Floats = np.full(len(programs), math.inf)
        self.bound, self.nodes = 0.0, 0

    @property
    def value(self) -> float:
        """Return the regret of the best set so far."""
        return summarized(self.regrets, self.criterion)

    def offer(self, supervised: Booleans) -> None:
        """Evaluate a set exactly, and keep it if its regret is smaller, without useless sources."""
        regrets = self._regrets(supervised)
        if regrets is None or not summarized(regrets, self.criterion) < self.value:
            return
        self.best, self.regrets = supervised.copy(), regrets
        removable = np.flatnonzero(supervised & ~self.programs[0].required)
        label = self.programs[0].label_cost
        for source in sorted(removable.tolist(), key=lambda s: (-label[s], -s)):
            fewer = self.best.copy()
            fewer[source] = False
            regrets = self._regrets(fewer)
            if regrets is not None and summarized(regrets, self.criterion) <= self.value:
                self.best, self.regrets = fewer, regrets

    def _regrets(self, supervised: Booleans) -> Floats | None:
        """Return the (R,) regrets of a set; None if it is no solution."""
        values = values_of([supervised], self.programs)[0]
        return None if np.isnan(values).any() else np.maximum(0.0, self.optima - values)

    def result(self, unit: float) -> LeastRegret:
        """Solve the integer program, and return the best set with values in the given unit."""
        assert self.best is not None, "an optimum of a program is a solution of all of them"
        proven = self._prove()
        bound = self.value if proven else min(self.bound, self.value)
        return LeastRegret(
            self.best,
            self.optima * unit,
            self.regrets * unit,
            self.value * unit,
            bound * unit,
            proven,
            self.nodes,
        )

    def _prove(self) -> bool:
        """Improve the best set until the integer program has none with a smaller regret."""
        scale = tolerance(float(np.abs(self.optima).max()))
        try:
            # Not `presolve`: it bans what is idle in one resample, and resamples share variables.
            decided = [fix_by_budget(program) for program in self.programs]
            reduced = [None if p is None else undominated(p, self.clock) for p in decided]
            found = relaxed([p for p in reduced if p is not None], self.optima, self.clock)
            self.bound = summarized(found.floor, self.criterion)
            if self.value <= self.bound + scale:
                return True
            left = [program for program in reduced if program is not None]
            most = self.value + scale
            left = shrunk(left, self.optima, found, self.criterion, most)
            model = regret_model(left, self.optima, self.criterion, self.clock)
        except OutOfTime:
            return False
        offset = float(self.optima.mean()) if self.criterion == "mean" else 0.0
        while True:
            result = self.backend.run(model.lp, self.clock)
            self.nodes += max(0, result.nodes)
            if result.status == "infeasible":  # every other set has been evaluated and cut off
                return True
            least = offset - result.bound
            if math.isfinite(least):
                self.bound = max(self.bound, least)
            if result.status in ("optimal", "feasible"):
                supervised = model.solution()
                self.offer(supervised)
                model.forbid(supervised)
            if result.status != "optimal":
                return False
            if least >= self.value - 10 * scale:
                return True


def regret_model(
    programs: Sequence[Program], optima: Floats, criterion: str, clock: Clock
) -> Model:
    """Build the integer program of the module's docstring in PuLP.

    It maximizes minus the largest regret; or the mean value, which is the mean optimum minus the
    mean regret.

    Raises
    ------
    OutOfTime
        If too little time is left to build it.
    """
    lp = pulp.LpProblem("regret", pulp.LpMaximize)
    supervised = source_variables(lp, programs[0])
    blocks = []
    for number, program in enumerate(programs):
        clock.check()
        blocks.append(add_block(lp, program, supervised, clock, prefix=f"r{number}"))
    if criterion == "max":
        largest = lp.add_variable("u", 0)
        for block, optimum in zip(blocks, optima.tolist(), strict=True):
            terms = pulp.LpAffineExpression([*block.value.items(), (largest, 1.0)])
            lp.addConstraint(pulp.LpConstraint(terms, pulp.LpConstraintGE, rhs=optimum))
        value = pulp.LpAffineExpression([(largest, -1.0)])
    else:
        share = 1.0 / len(blocks)
        weights: dict[Any, float] = {}
        for block in blocks:
            for variable, weight in block.value.items():
                weights[variable] = weights.get(variable, 0.0) + share * weight
        value = pulp.LpAffineExpression(weights)
    lp.setObjective(value)
    edges = [variable for block in blocks for variable in block.edges]
    return Model(lp, supervised, edges, value, blocks[0].cost)
