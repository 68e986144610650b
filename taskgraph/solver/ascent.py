"""Better multipliers step by step, and all that the bound decides on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from taskgraph.arrays import Floats, Integers
from taskgraph.solver.contract import Duals, Node, contract
from taskgraph.solver.lagrange import Bound, Layout, Multipliers, bound, lay_out
from taskgraph.solver.leaves import is_leaf

MOMENTUM = 0.9
STALL = 8
"""Steps without progress after which the step is halved."""
LEAST_STEP = 0.02
BASE = 1 << 20
"""More than there are sources: keys of original indices are numbers in this base."""


@dataclass(frozen=True)
class Aim:
    """``least``: what a solution must be worth to matter; ``goal``: what the steps aim at."""

    least: float
    goal: float


def tighten(node: Node, aim: Aim, steps: int, over: Callable[[], bool]) -> Node | None:
    """Lower the node's limit, and contract it by what that decides; None where nothing is left."""
    while steps > 0 and not is_leaf(node):
        ascent = Ascent(node, aim)
        steps = ascent.run(steps, over)
        if ascent.limit < aim.least or (ascent.inside & ascent.outside).any():
            return None
        smaller = contract(
            ascent.node(), inside=ascent.inside, outside=ascent.outside, kept=ascent.kept
        )
        if smaller is None:
            return None
        node = smaller
    return node


class Ascent:
    """Polyak steps with momentum on the multipliers of one node.

    Every step proves something: a source without which the bound falls below ``aim.least`` is
    ``inside``, one with which it does is ``outside``, and an edge is ``kept`` if it may matter.
    """

    def __init__(self, start: Node, aim: Aim) -> None:
        self.start, self.aim = start, aim
        self.layout = lay_out(start.program)
        self.keys = _keys(start, self.layout)
        self.at = self.best = _recall(start, self.keys)
        self.limit, self.lowest = start.limit, np.inf
        self.inside = np.zeros(len(start.names), dtype=bool)
        self.outside = np.zeros(len(start.names), dtype=bool)
        self.kept = np.ones(len(start.program.edge_value), dtype=bool)
        self.liked = start.liked
        self.direction: Multipliers | None = None
        self.theta, self.stall = 1.0, 0

    def node(self) -> Node:
        """The node with what was learnt."""
        duals = Duals(self.keys[0], self.best.pi, self.keys[1], self.best.sigma, self.best.tilt)
        return replace(self.start, limit=self.limit, liked=self.liked, duals=duals)

    def run(self, steps: int, over: Callable[[], bool]) -> int:
        """Take steps until the node is done or worth contracting; return how many are left."""
        while steps > 0 and not over():
            steps -= 1
            result = bound(self.layout, self.at)
            self._learn(result)
            if self.limit < self.aim.least or not self._step(result):
                return 0
            if self.inside.any() or self.outside.mean() > 0.1:
                return steps
            if steps % 20 == 0 and self.kept.mean() < 0.8:
                return steps
        return 0

    def _learn(self, result: Bound) -> None:
        total, least = result.value + self.start.settled, self.aim.least
        self.liked = 0.9 * self.liked + 0.1 * result.chosen
        self.limit = min(self.limit, total)
        self.inside |= total - result.loss_out < least
        self.outside |= total - result.loss_in < least
        self.kept &= total - result.loss_edge >= least
        self.stall = 0 if total < self.lowest - 1e-6 * abs(total) else self.stall + 1
        if total < self.lowest:
            self.lowest, self.best = total, self.at

    def _step(self, result: Bound) -> bool:
        """Move, or go back to the best with half the step; False where that leads nowhere."""
        if self.stall >= STALL:
            self.theta, self.stall, self.at, self.direction = self.theta / 2, 0, self.best, None
            return self.theta >= LEAST_STEP
        pi, sigma, tilt = result.slope
        pi = np.where((self.at.pi <= 0) & (pi > 0), 0.0, pi)
        sigma = np.where((self.at.sigma <= 0) & (sigma > 0), 0.0, sigma)
        slope = Multipliers(pi, sigma, tilt / 2)
        if self.direction is not None:
            pairs = zip(self.direction, slope, strict=True)
            slope = Multipliers(*(MOMENTUM * old + new for old, new in pairs))
        self.direction = slope
        norm = sum(float((part**2).sum()) for part in slope)
        excess = result.value + self.start.settled - self.aim.goal
        if norm < 1e-18 or excess <= 0:
            return False
        length = self.theta * excess / norm
        moved = [old - length * part for old, part in zip(self.at, slope, strict=True)]
        self.at = Multipliers(np.maximum(moved[0], 0.0), np.maximum(moved[1], 0.0), moved[2])
        return True


def _keys(node: Node, layout: Layout) -> tuple[Integers, Integers]:
    """Ascending names of the links and pairs, from original indices."""
    names, targets = node.names, node.targets
    link = targets[layout.link_target] * BASE + names[layout.link_source]
    pair = targets[layout.pair_target] * BASE + names[layout.pair_left]
    return link, pair * BASE + names[layout.pair_right]


def _recall(node: Node, keys: tuple[Integers, Integers]) -> Multipliers:
    duals = node.duals
    pi, sigma = _look_up(duals.link, duals.pi, keys[0]), _look_up(duals.pair, duals.sigma, keys[1])
    return Multipliers(pi, sigma, duals.tilt)


def _look_up(keys: Integers, values: Floats, wanted: Integers) -> Floats:
    """Values of the wanted keys in an ascending table, 0 where there is none."""
    if not len(keys):
        return np.zeros(len(wanted))
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, values[at], 0.0)
