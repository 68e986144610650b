"""Subgradient steps that improve the multipliers of a node, and fix variables on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from taskgraph.arrays import Floats, Integers
from taskgraph.solver.contract import Duals, Node, contract
from taskgraph.solver.lagrange import Bound, DualIndex, Multipliers, index_duals, lagrangian_bound
from taskgraph.solver.leaves import is_leaf

MOMENTUM = 0.9
STALL = 8
"""Steps without a better bound after which the step length is halved."""
LEAST_STEP = 0.02
"""Share of Polyak's step length below which the steps end."""
BASE = 1 << 20
"""Base of the keys of links and pairs; larger than any number of sources."""


@dataclass(frozen=True)
class Levels:
    """``cutoff``: solutions of smaller value do not count; ``goal``: what the steps aim at."""

    cutoff: float
    goal: float


def tighten(node: Node, levels: Levels, steps: int, over: Callable[[], bool]) -> Node | None:
    """Lower the bound of a node and fix what follows; None if no solution reaches the cutoff."""
    while steps > 0 and not is_leaf(node):
        ascent = Ascent(node, levels)
        steps = ascent.run(steps, over)
        if ascent.limit < levels.cutoff or (ascent.inside & ascent.outside).any():
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

    Each step may fix variables: a source is ``inside`` if the bound without it is below
    ``levels.cutoff``, and ``outside`` if the bound with it is. An edge is ``kept`` unless the bound
    with it is below the cutoff.
    """

    def __init__(self, start: Node, levels: Levels) -> None:
        self.start, self.levels = start, levels
        self.index = index_duals(start.program)
        self.keys = _keys(start, self.index)
        self.at = self.best = _recall(start, self.keys)
        self.limit, self.lowest = start.limit, np.inf
        self.inside = np.zeros(len(start.names), dtype=bool)
        self.outside = np.zeros(len(start.names), dtype=bool)
        self.kept = np.ones(len(start.program.edge_value), dtype=bool)
        self.relaxed_share = start.relaxed_share
        self.direction: Multipliers | None = None
        self.theta, self.stall = 1.0, 0

    def node(self) -> Node:
        """Return the node with its new bound, shares and multipliers."""
        duals = Duals(self.keys[0], self.best.pi, self.keys[1], self.best.sigma, self.best.tilt)
        return replace(self.start, limit=self.limit, relaxed_share=self.relaxed_share, duals=duals)

    def run(self, steps: int, over: Callable[[], bool]) -> int:
        """Take steps until the node is done or can be contracted; return how many are left."""
        while steps > 0 and not over():
            steps -= 1
            result = lagrangian_bound(self.index, self.at)
            self._update(result)
            if self.limit < self.levels.cutoff or not self._step(result):
                return 0
            if self.inside.any() or self.outside.mean() > 0.1:
                return steps
            if steps % 20 == 0 and self.kept.mean() < 0.8:
                return steps
        return 0

    def _update(self, result: Bound) -> None:
        """Keep what a bound proves."""
        total, cutoff = result.value + self.start.solved_value, self.levels.cutoff
        self.relaxed_share = 0.9 * self.relaxed_share + 0.1 * result.chosen
        self.limit = min(self.limit, total)
        self.inside |= total - result.loss_out < cutoff
        self.outside |= total - result.loss_in < cutoff
        self.kept &= total - result.loss_edge >= cutoff
        self.stall = 0 if total < self.lowest - 1e-6 * abs(total) else self.stall + 1
        if total < self.lowest:
            self.lowest, self.best = total, self.at

    def _step(self, result: Bound) -> bool:
        """Take a step, or return to the best multipliers with half the step; False to end."""
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
        excess = result.value + self.start.solved_value - self.levels.goal
        if norm < 1e-18 or excess <= 0:
            return False
        length = self.theta * excess / norm
        moved = [old - length * part for old, part in zip(self.at, slope, strict=True)]
        self.at = Multipliers(np.maximum(moved[0], 0.0), np.maximum(moved[1], 0.0), moved[2])
        return True


def _keys(node: Node, index: DualIndex) -> tuple[Integers, Integers]:
    """Return ascending keys of the links and pairs, made of original indices."""
    names, targets = node.names, node.targets
    link = targets[index.link_target] * BASE + names[index.link_source]
    pair = targets[index.pair_target] * BASE + names[index.pair_left]
    return link, pair * BASE + names[index.pair_right]


def _recall(node: Node, keys: tuple[Integers, Integers]) -> Multipliers:
    """Return the multipliers that the node has inherited; 0 for new links and pairs."""
    duals = node.duals
    pi, sigma = _look_up(duals.link, duals.pi, keys[0]), _look_up(duals.pair, duals.sigma, keys[1])
    return Multipliers(pi, sigma, duals.tilt)


def _look_up(keys: Integers, values: Floats, wanted: Integers) -> Floats:
    """Return the values of the wanted keys in an ascending table; 0 for missing keys."""
    if not len(keys):
        return np.zeros(len(wanted))
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, values[at], 0.0)
