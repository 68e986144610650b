"""A quick test whether the rest of the budget can solve every target."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taskgraph.arrays import Floats
from taskgraph.program import Program
from taskgraph.solver.contract import prices

STEPS, RATE = 12, 2.0
"""Number and size of the steps of the multiplicative weights."""
SOLVABLE = 1.0 - 1e-6
"""A smaller `Cover.ratio` proves that there is no solution."""


@dataclass(frozen=True, eq=False)
class Cover:
    """A weighted covering relaxation: how much of the targets the budget can solve.

    Attributes
    ----------
    part : (T, S) floats
        What a source contributes to a target: 1/k if the smallest transfer that uses it has k
        sources. Rows of zeros belong to targets that need no more sources.
    weight : (T,) floats
        Weights of the targets, which sum to 1; larger where a target is hard to solve.
    ratio : float
        The largest weighted sum of contributions that the budget allows, where solving all
        targets takes 1. Below 1 there is no solution.
    """

    ratio: float
    part: Floats
    weight: Floats


def cover(program: Program) -> Cover:
    """Find weights with a small ratio, by the multiplicative weights method."""
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
    """Return what each source contributes to each target, (T, S); see `Cover`."""
    order = program.order
    part = np.zeros((len(program.targets), len(program.sources) + 1))
    share = np.repeat(1.0 / np.maximum(order, 1), program.edge_sources.shape[1])
    places = np.repeat(program.edge_target, program.edge_sources.shape[1])
    np.maximum.at(part, (places, program.edge_sources.ravel()), share)
    owned = np.flatnonzero(program.self_source >= 0)
    part[owned, program.self_source[owned]] = 1.0
    part[program.edge_target[order == 0]] = 0.0
    return part[:, :-1]
