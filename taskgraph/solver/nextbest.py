"""The next best sets of sources after the optimum, by listing all sets above a cutoff."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from taskgraph.arrays import Floats
from taskgraph.program import Program
from taskgraph.solver.additive import AdditiveAscent, least_value
from taskgraph.solver.choice import Choice, tolerance
from taskgraph.solver.listing import Listing, SetValues, first_of_best, list_sets
from taskgraph.solver.local import Neighborhood

STEPS = 60
"""Subgradient steps for the bound."""
MOST_RANKED = 50_000
"""Most sets that are listed."""


def next_best(program: Program, first: Choice, count: int) -> list[Choice] | None:
    """Return the next best sets after ``first``, at most ``count``, best first; None if too many.

    A superset of an earlier set is left out, as it is worth no more. Of equal sets the smallest
    comes first, then the first by name. The cutoff is at first the value of a set that differs from
    ``first`` by one swap; it is lowered until enough sets reach it.
    """
    if program.has_upgrades:
        return None
    ascent = AdditiveAscent(program)
    ascent.run(first.value, STEPS)
    bound, values = ascent.bound(), np.unique(_swapped_values(program, first))[::-1]
    for place in (count, 2 * count, 4 * count, 16 * count, len(values)):
        known = place < len(values)
        cutoff = float(values[place]) if known else least_value(program)
        listing = list_sets(program, bound, cutoff - tolerance(cutoff), MOST_RANKED)
        if listing is None:
            return None
        found = _without_supersets(program, listing, first, count, cutoff)
        if len(found) == count or not known:
            return found
    return None


def _swapped_values(program: Program, first: Choice) -> Floats:
    """Return the values of affordable sets that differ from ``first`` by one swap."""
    neighborhood, values = Neighborhood(program), [np.zeros(0)]
    for out in np.flatnonzero(first.supervised & ~program.required).tolist():
        smaller = first.supervised.copy()
        smaller[out] = False
        base, scores = neighborhood.additions(smaller)
        allowed = program.fitting(smaller)
        allowed[out] = False
        values += [np.array([base]), scores[allowed]]
    found = np.concatenate(values)
    return found[found >= least_value(program)]  # the others leave a target unsolved


def _without_supersets(
    program: Program, listing: Listing, first: Choice, count: int, cutoff: float
) -> list[Choice]:
    """Choose the best remaining set again and again, and drop its supersets."""
    worth = SetValues(program, listing).of(listing.sets)
    worth[worth < cutoff - tolerance(cutoff)] = -np.inf
    listed: list[Choice] = []
    last: Choice | None = first
    place = {int(j): number for number, j in enumerate(listing.free)}
    while last is not None:
        members = np.flatnonzero(last.supervised & ~listing.always).tolist()
        if all(j in place for j in members):
            inside = np.uint64(sum(1 << place[j] for j in members))
            worth[(listing.sets & inside) == inside] = -np.inf
        if len(listed) == count:
            break
        last = first_of_best(program, replace(listing, limit=worth), -np.inf)
        listed += [] if last is None else [last]
    return listed
