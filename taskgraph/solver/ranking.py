"""The sets of a program, from the best on: each evaluated exactly before it is believed."""

from __future__ import annotations

import math
from dataclasses import dataclass

from taskgraph.arrays import Booleans
from taskgraph.program import Program
from taskgraph.solver.backends import Backend
from taskgraph.solver.choice import Choice, choose, tolerance
from taskgraph.solver.clock import Clock
from taskgraph.solver.model import grouped_model


@dataclass(frozen=True, eq=False)
class Ranked:
    """The best set that is left, and what is proven about it.

    ``optimal``: no set that is left is worth more. ``feasible`` and ``unknown``: the time passed,
    with and without a set. ``infeasible``: none is left. ``bound`` is valid in each case.
    """

    status: str
    choice: Choice | None
    bound: float
    nodes: int


class Ranking:
    """Finds the best set of a program; once sets are cut off, the best that is left.

    The model may admit a set that the budget does not (see `model`), or believe that one is worth
    more than it is. Such a set is evaluated, kept for later, and cut off until the model admits
    nothing better than the best that was evaluated.

    Raises
    ------
    OutOfTime
        If the clock is over before the model is posed.
    """

    def __init__(self, program: Program, backend: Backend, clock: Clock) -> None:
        self.program, self.backend, self.clock = program, backend, clock
        self.model = grouped_model(program, clock)
        self._evaluated: list[Choice] = []
        self._exhausted = False

    def best(self) -> Ranked:
        """The best set that is not cut off."""
        nodes = 0
        if self._exhausted:
            return Ranked("infeasible", None, -math.inf, nodes)
        while True:
            verdict = self.backend.run(self.model.problem, self.clock)
            nodes += max(0, verdict.nodes)
            if verdict.status in ("optimal", "feasible"):
                self._evaluate(self.model.solution())
            choice = max(self._evaluated, key=lambda each: each.value, default=None)
            value = -math.inf if choice is None else choice.value
            if verdict.status == "infeasible":
                return Ranked("infeasible" if choice is None else "optimal", choice, value, nodes)
            if verdict.status != "optimal":
                bound = max(value, verdict.bound)
                return Ranked("unknown" if choice is None else "feasible", choice, bound, nodes)
            if choice is not None and verdict.bound <= value + 10 * tolerance(value):
                return Ranked("optimal", choice, max(value, verdict.bound), nodes)

    def cut_supersets(self, supervised: Booleans) -> None:
        """Leave out every set that holds all of these sources; all sets if there are none."""
        self._exhausted = self._exhausted or not supervised.any()
        self.model.forbid_supersets(supervised)
        self._evaluated = [
            choice for choice in self._evaluated if not choice.supervised[supervised].all()
        ]

    def _evaluate(self, supervised: Booleans) -> None:
        program = self.program
        choice = choose(program, supervised)
        if choice is not None:
            self._evaluated.append(choice)
        cheapest = supervised | (program.price < 0)
        if choice is None and int(program.price[cheapest].sum()) > program.room:
            self.model.forbid_supersets(supervised)  # no superset is affordable either
        else:
            self.model.forbid(supervised)
