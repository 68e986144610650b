"""Whether what is left of the budget can still solve every target: a cheap proof that it cannot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taskgraph.arrays import Floats
from taskgraph.program import Program
from taskgraph.solver.contract import prices

STEPS = 12
RATE = 2.0
SOLVABLE = 1.0 - 1e-6
"""A smaller ratio proves that there is no solution."""


@dataclass(frozen=True, eq=False)
class Cover:
    """How hard it is to solve every target.

    A source solves a target by 1/k if the smallest transfer that uses it has k sources, so that
    the sources of a transfer solve its target together. ``ratio`` is the most that fits into the
    budget, over the least that is needed, both weighted by how hard the targets are to solve:
    below 1 there is no solution. ``part`` (T, S) holds the shares, with rows of zeros where a
    target needs no more sources; ``weight`` (T,) the weights, which sum to 1.
    """

    ratio: float
    part: Floats
    weight: Floats


def cover(program: Program) -> Cover:
    """Weigh the targets so that the ratio is small, by multiplicative weights."""
    part = _parts(program)
    needed = part.any(axis=1)
    weight, best = needed / max(1, needed.sum()), Cover(np.inf, part, needed.astype(float))
    if not needed.any():
        return best
    price, room = prices(program)
    for _ in range(STEPS):
        rate = (weight @ part) / price
        order = np.argsort(-rate)
        before = np.cumsum(price[order]) - price[order]
        taken = np.zeros_like(rate)
        taken[order] = np.clip((room - before) / price[order], 0.0, 1.0)
        ratio = float((taken * rate * price).sum())
        if ratio < best.ratio:
            best = Cover(ratio, part, weight)
        if ratio < SOLVABLE:
            break
        covered = part @ taken
        weight = weight * np.exp(-RATE * covered / max(1.0, float(covered.max())))
        weight /= weight.sum()
    return best


def _parts(program: Program) -> Floats:
    order = program.order
    part = np.zeros((len(program.targets), len(program.sources) + 1))
    share = np.repeat(1.0 / np.maximum(order, 1), program.edge_sources.shape[1])
    places = np.repeat(program.edge_target, program.edge_sources.shape[1])
    np.maximum.at(part, (places, program.edge_sources.ravel()), share)
    owned = np.flatnonzero(program.self_source >= 0)
    part[owned, program.self_source[owned]] = 1.0
    part[program.edge_target[order == 0]] = 0.0
    return part[:, :-1]
