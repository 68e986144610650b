"""An additive bound: the value of a set of sources is at most a constant plus a sum of profits.

With the multipliers pi >= 0 of the rows ``sum_{e -> t, j in S_e} x_e <= y_j`` of `model`, each
target takes the edge with the largest value after the multipliers of its sources are charged, and
each source earns what it is charged (Lagrangian relaxation; Fisher, Management Science 1981):

    value(Y) <= sum_t best_t + sum_{j in Y} profit_j
    best_t = max_{e -> t} (v_e - sum_{j in S_e} pi_tj)
    profit_j = sum_t pi_tj + (value of j's own network - best_j)

Any multipliers give a valid bound, so the proof does not depend on how they were found, nor on the
tolerance of a solver. They are found by subgradient steps, whose lengths aim at the value of a
known solution (Polyak, USSR Computational Mathematics 1969).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from taskgraph.arrays import Booleans, Floats
from taskgraph.program import Program

MOMENTUM = 0.5
"""Share of the previous direction that is added to each step."""
STALL = 6
"""Steps without a better bound after which the step length is halved."""
LEAST_STEP = 1e-3
"""Share of Polyak's step length below which the steps end."""
LEAST_PRICE = 1e-6
"""A price of zero or less is raised to this share of the largest one, and the room by as much."""


@dataclass(frozen=True, eq=False)
class AdditiveBound:
    """A bound of every set of sources that holds the required and none of the banned ones.

    Attributes
    ----------
    value : float
        Bound of the whole program.
    constant : float
    profit : (S,) floats
        The value of a set is at most ``constant`` plus the profits of its sources.
    rate : float
        Profit of one more unit of the budget, at least 0.
    price : (S,) floats
        Prices of the sources, above 0; a set within the budget has at most ``room`` of them.
    room : float
    y : (S,) floats
        Share of each source in the relaxation's solution.
    edge_loss : (E,) floats
        The bound falls by at least this much if an edge must be chosen.
    rounding : float
        What rounding errors may take from the sums above.
    """

    value: float
    constant: float
    profit: Floats
    rate: float
    price: Floats
    room: float
    y: Floats
    edge_loss: Floats
    rounding: float

    @property
    def reduced_profit(self) -> Floats:
        """Return the profit of each source less what its price is worth, (S,)."""
        reduced: Floats = self.profit - self.rate * self.price
        return reduced


class _Relaxed(NamedTuple):
    """The relaxation's solution at some multipliers."""

    value: float
    net: Floats  # (E,) values of the edges after charges
    best: Floats  # (T,)
    profit: Floats  # (S,)
    y: Floats  # (S,)
    rate: float


class AdditiveAscent:
    """Subgradient steps on the multipliers of a program; keeps the best ones.

    ``start`` holds the first multiplier of each target and source, (T, S); 0 without it.
    """

    def __init__(self, program: Program, start: Floats | None = None) -> None:
        self.program = program
        size, members = len(program.sources), program.edge_sources.T
        key = program.edge_target * (size + 1) + members  # K, E
        seen = np.zeros((len(program.targets), size + 1), dtype=bool)
        seen.ravel()[key] = True
        seen[:, size] = False
        number = np.cumsum(seen.ravel()) - 1
        self.target, self.source = np.nonzero(seen)
        number.reshape(seen.shape)[:, size] = len(self.source)
        self.links = number[key]  # (K, E); L for none
        reached = np.bincount(program.edge_target, minlength=len(program.targets)) > 0
        self.reached, self.unreached = np.flatnonzero(reached), np.flatnonzero(~reached)
        self.start = np.searchsorted(program.edge_target, self.reached)
        self.owned = np.flatnonzero(program.self_source >= 0)
        self.own = program.self_source[self.owned]
        self.own_value = program.self_value[self.owned]
        self.free = np.flatnonzero(~(program.required | program.banned))
        self.required = np.flatnonzero(program.required)
        self.price, self.room = _positive_prices(program)
        self.free_price = self.price[self.free]
        self.pi = self.best_pi = np.zeros(len(self.source))
        if start is not None:
            self.pi = self.best_pi = start[self.target, self.source]
        self.value = np.inf
        self._direction: Floats | None = None
        self._step, self._stall = 1.0, 0

    def run(self, goal: float, steps: int) -> bool:
        """Take steps until the bound is at most ``goal``; return whether more steps may help."""
        for _ in range(steps):
            at = self._relax(self.pi)
            self._stall = 0 if at.value < self.value - 1e-6 * abs(at.value) else self._stall + 1
            if at.value < self.value:
                self.value, self.best_pi = at.value, self.pi
            excess = at.value - goal
            if excess <= 0:
                return False
            if self._stall >= STALL:
                self._step, self._stall = self._step / 2, 0
                self.pi, self._direction = self.best_pi, None
                if self._step < LEAST_STEP:
                    return False
                continue
            slope = self._slope(at)
            slope[(self.pi <= 0) & (slope > 0)] = 0.0
            if self._direction is not None:
                slope += MOMENTUM * self._direction
            norm = float(slope @ slope)
            if norm < 1e-18:
                return False
            self._direction = slope
            self.pi = np.maximum(self.pi - (self._step * excess / norm) * slope, 0.0)
        return True

    def bound(self) -> AdditiveBound:
        """Return the smallest bound so far, with an allowance for rounding errors."""
        pi, at = self.best_pi, self._relax(self.best_pi)
        terms = len(pi) + len(at.best) + len(at.profit)
        size = float(np.abs(at.best).sum() + pi.sum() + np.abs(at.profit).sum())
        rounding = 1e-15 * terms * (size + at.rate * abs(self.room))
        return AdditiveBound(
            value=at.value + rounding,
            constant=float(at.best.sum()) + float(at.profit[self.required].sum()),
            profit=at.profit,
            rate=at.rate,
            price=self.price,
            room=self.room,
            y=at.y,
            edge_loss=at.best[self.program.edge_target] - at.net,
            rounding=rounding,
        )

    def of_part(self, part: Program) -> AdditiveAscent:
        """Return an ascent that begins with the best multipliers so far, for fewer edges."""
        table = np.zeros((len(self.program.targets), len(self.program.sources)))
        table[self.target, self.source] = self.best_pi
        return AdditiveAscent(part, table)

    def _relax(self, pi: Floats) -> _Relaxed:
        """Solve the relaxation: the best edge of each target, and a continuous knapsack."""
        program = self.program
        extended, net = np.append(pi, 0.0), program.edge_value.copy()
        for place in self.links:
            net -= extended[place]
        best = program.self_value.copy()  # where no edge is left, the own network is required
        if len(net):
            best[self.reached] = np.maximum.reduceat(net, self.start)
        profit = np.bincount(self.source, pi, len(self.price)).astype(float)
        saved = self.own_value - best[self.owned]
        profit[self.own] += np.maximum(saved, 0.0) if program.may_transfer else saved
        gained, y, rate = self._knapsack(profit)
        value = float(best.sum()) + float(profit[self.required].sum()) + gained
        return _Relaxed(value, net, best, profit, y, rate)

    def _knapsack(self, profit: Floats) -> tuple[float, Floats, float]:
        """Return a bound of the free profits, the shares, and what one more unit of room adds.

        The bound is valid for any rate: the worth of the room, and what each source earns above
        the worth of its price.
        """
        y = self.program.required.astype(float)
        gain = profit[self.free]
        ratio = gain / self.free_price
        order = np.argsort(-ratio)
        ranked, size = ratio[order], self.free_price[order]
        part = (self.room + size - np.cumsum(size)) / size
        np.minimum(np.maximum(part, 0.0, out=part), 1.0, out=part)
        part[ranked <= 0] = 0.0
        y[self.free[order]] = part
        short = np.flatnonzero(part < 1.0)
        rate = max(0.0, float(ranked[short[0]])) if len(short) else 0.0
        reduced = np.maximum(gain - rate * self.free_price, 0.0)
        return rate * self.room + float(reduced.sum()), y, rate

    def _slope(self, at: _Relaxed) -> Floats:
        """Return what the relaxation grants of each link, less what the chosen edges use."""
        program = self.program
        target = program.edge_target
        picks = np.flatnonzero(at.net == at.best[target])
        picks = picks[np.searchsorted(target[picks], self.reached)]
        weight = np.ones(len(at.best))
        weight[self.owned] -= at.y[self.own]
        if program.may_transfer:
            weight[self.owned[at.best[self.owned] >= self.own_value]] = 1.0
        weight = weight[self.reached]
        slope = at.y[self.source]
        for place in self.links[:, picks]:
            slope = slope - np.bincount(place, weight, len(slope) + 1)[:-1]
        return slope


def least_value(program: Program) -> float:
    """Return a number below the value of any solution: a smaller bound proves infeasibility."""
    least = np.where(program.self_source >= 0, program.self_value, np.inf)
    np.minimum.at(least, program.edge_target, program.edge_value)
    least = least[np.isfinite(least)]
    return float(least.sum() - 1e-6 * (1.0 + np.abs(least).sum()))


def _positive_prices(program: Program) -> tuple[Floats, float]:
    """Return prices above 0 and the room that the required sources leave for the other ones.

    Prices are shares of the largest one. A set that the budget allows is within the room.
    """
    free: Booleans = ~(program.required | program.banned)
    exact = program.price
    left = program.room - int(exact[program.required].sum())
    largest = max(1, int(np.abs(exact[free]).max(initial=0)), abs(left))
    price: Floats = np.array([int(number) / largest for number in exact.tolist()], dtype=float)
    least = LEAST_PRICE * float(np.maximum(price, 0.0).max(initial=0.0)) or 1.0
    positive = np.where(free, np.maximum(price, least), price)
    raised = float((positive - price)[free].sum())
    return positive, (left / largest + raised) * (1 + 1e-12) + 1e-12
