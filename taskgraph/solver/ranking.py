"""The best sets of supervised sources, one after another, each evaluated exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass

from taskgraph.arrays import Booleans
from taskgraph.program import Program
from taskgraph.solver.backends import Backend
from taskgraph.solver.choice import Choice, choose_transfers, tolerance
from taskgraph.solver.clock import Clock
from taskgraph.solver.model import grouped_model


@dataclass(frozen=True, eq=False)
class RankedSet:
    """The best set that is not cut off, and what is proven about it.

    Attributes
    ----------
    status : str
        ``optimal``: no set that is not cut off has a larger value. ``feasible`` and ``unknown``:
        the time passed, with and without a set. ``infeasible``: all sets are cut off.
    choice : Choice or None
    bound : float
        Upper bound of the objective of all sets that are not cut off.
    nodes : int
        Number of branch-and-bound nodes.
    """

    status: str
    choice: Choice | None
    bound: float
    nodes: int


class Ranking:
    """Finds the best set of a program, and after each cut the best of the other sets.

    The model may admit a set that exceeds the budget (see `model`), and its values are rounded.
    So every set is evaluated exactly, kept, and cut off, until the model admits none that is
    better than the best evaluated one.

    Raises
    ------
    OutOfTime
        If too little time is left to build the model.
    """

    def __init__(self, program: Program, backend: Backend, clock: Clock) -> None:
        self.program, self.backend, self.clock = program, backend, clock
        self.model = grouped_model(program, clock)
        self._evaluated: list[Choice] = []
        self._exhausted = False

    def best(self) -> RankedSet:
        """Return the best set that is not cut off."""
        nodes = 0
        if self._exhausted:
            return RankedSet("infeasible", None, -math.inf, nodes)
        while True:
            result = self.backend.run(self.model.lp, self.clock)
            nodes += max(0, result.nodes)
            if result.status in ("optimal", "feasible"):
                self._evaluate(self.model.solution())
            choice = max(self._evaluated, key=lambda each: each.value, default=None)
            value = -math.inf if choice is None else choice.value
            if result.status == "infeasible":
                return RankedSet(
                    "infeasible" if choice is None else "optimal", choice, value, nodes
                )
            if result.status != "optimal":
                bound = max(value, result.bound)
                return RankedSet("unknown" if choice is None else "feasible", choice, bound, nodes)
            if choice is not None and result.bound <= value + 10 * tolerance(value):
                return RankedSet("optimal", choice, max(value, result.bound), nodes)

    def cut_supersets(self, supervised: Booleans) -> None:
        """Cut off every set that contains all of these sources; all sets if there are none."""
        self._exhausted = self._exhausted or not supervised.any()
        self.model.forbid_supersets(supervised)
        self._evaluated = [
            choice for choice in self._evaluated if not choice.supervised[supervised].all()
        ]

    def _evaluate(self, supervised: Booleans) -> None:
        """Evaluate a set exactly and cut it off; with all supersets, if they exceed the budget."""
        program = self.program
        choice = choose_transfers(program, supervised)
        if choice is not None:
            self._evaluated.append(choice)
        cheapest = supervised | (program.price < 0)
        if choice is None and int(program.price[cheapest].sum()) > program.room:
            self.model.forbid_supersets(supervised)  # every superset exceeds the budget too
        else:
            self.model.forbid(supervised)
