"""All sets of sources whose additive bound reaches a value, each evaluated exactly.

Where few sources stay undecided, this replaces a search: it finds the optimum, all ties and the
next best sets at once. Sources are decided one after another, the one that matters most first;
partial sets that cost too much, or whose bound is too small, are dropped (breadth-first, as in
Balas and Zemel, Operations Research 1980, for the core of a knapsack problem).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from taskgraph.arrays import Booleans, Floats, Integers
from taskgraph.nesting import bitsets
from taskgraph.program import Program
from taskgraph.solver.additive import AdditiveBound
from taskgraph.solver.choice import Choice, choose_transfers, tolerance

MOST_FREE = 62
"""Most undecided sources; a set of them is one 64-bit number."""
ALONE = 4
"""So few sets are evaluated one by one."""
BLOCK = 2_000_000
"""Most pairs of a set and an edge that are compared at once."""


@dataclass(frozen=True, eq=False)
class Listing:
    """Every affordable set whose value may reach a cutoff.

    Attributes
    ----------
    always : (S,) bools
        Sources that all of these sets hold.
    free : (F,) ints
        Sources in which they differ.
    sets : (N,) 64-bit sets of places in ``free``
    limit : (N,) floats
        Upper bound of the value of each set.
    edges : (E,) bools
        Edges that may solve a target in a set whose value reaches the cutoff.
    """

    always: Booleans
    free: Integers
    sets: NDArray[np.uint64]
    limit: Floats
    edges: Booleans

    def supervised(self, number: int) -> Booleans:
        """Return one of the sets as (S,) bools."""
        chosen = self.always.copy()
        bits = int(self.sets[number])
        chosen[[j for place, j in enumerate(self.free.tolist()) if bits >> place & 1]] = True
        return chosen


def list_sets(program: Program, bound: AdditiveBound, cutoff: float, most: int) -> Listing | None:
    """Return the affordable sets whose bound is at least ``cutoff``; None if more than ``most``.

    The list holds every set of at least this value.
    """
    gap = bound.value + bound.rounding - cutoff
    reduced = bound.reduced_profit
    undecided = ~(program.required | program.banned)
    always = program.required | (undecided & (reduced > gap))
    free = np.flatnonzero(undecided & (np.abs(reduced) <= gap))
    if len(free) > MOST_FREE or gap < 0:
        nothing = np.zeros(0, dtype=np.uint64)
        edges = np.zeros(len(program.edge_value), dtype=bool)
        return Listing(always, free[:0], nothing, np.zeros(0), edges) if gap < 0 else None
    free = free[np.argsort(-np.abs(reduced[free]), kind="stable")]
    # The decided sources leave the room of the knapsack; an optimistic sum of what is left over.
    left = program.room - int(program.price[always].sum())
    price, loss_of = program.price[free], reduced[free]
    cheaper = np.append(np.cumsum(np.minimum(price, 0)[::-1])[::-1], 0)
    sets, loss = np.zeros(1, dtype=np.uint64), np.zeros(1)
    spent = np.zeros(1, dtype=price.dtype)
    clashes = _clashes(program, always, free)
    for place, (cost, worth) in enumerate(zip(price.tolist(), loss_of.tolist(), strict=True)):
        taken = sets | np.uint64(1 << place)
        sets = np.concatenate([sets, taken])
        loss = np.concatenate([loss + max(worth, 0.0), loss + max(-worth, 0.0)])
        spent = np.concatenate([spent, spent + cost])
        alive = (loss <= gap) & (spent + cheaper[place + 1] <= left)
        for clash in clashes[place]:
            alive[len(taken) :] &= (taken & clash) == 0
        sets, loss, spent = sets[alive], loss[alive], spent[alive]
        if len(sets) > 4 * most:
            return None
    total = bound.constant + float(bound.profit[always & ~program.required].sum())
    limit = total + _sums(sets, bound.profit[free]) + 2 * bound.rounding
    reaches = limit >= cutoff
    sets, limit = sets[reaches], limit[reaches]
    if len(sets) > most:
        return None
    return Listing(always, free, sets, limit, bound.edge_loss <= gap + bound.rounding)


def _clashes(program: Program, always: Booleans, free: Integers) -> list[list[np.uint64]]:
    """Return, for each free source, sets of places of which it excludes every one."""
    clashes: list[list[np.uint64]] = [[] for _ in free]
    place = {int(source): number for number, source in enumerate(free)}
    for conflict in program.conflicts:
        held = any(always[j] for j in conflict)
        inside = [place[j] for j in conflict if j in place]
        everyone = sum(1 << number for number in inside)
        for number in inside:  # a source that is always supervised excludes the source itself
            clashes[number].append(np.uint64(everyone if held else everyone & ~(1 << number)))
    return clashes


def _sums(sets: NDArray[np.uint64], worth: Floats) -> Floats:
    """Return the sum of the worths of each set's members, (N,)."""
    total = np.zeros(len(sets))
    for place, one in enumerate(worth.tolist()):
        total += np.where(sets & np.uint64(1 << place), one, 0.0)
    return total


class SetValues:
    """Values of listed sets: exact from the cutoff on, if no supervised target pays for a transfer.

    A set of a smaller value may get any value below the cutoff.
    """

    def __init__(self, program: Program, listing: Listing) -> None:
        size, free = len(program.sources), listing.free
        place = np.full(size + 1, len(free))  # those that are always supervised need no bit
        place[free] = np.arange(len(free))
        lost = ~listing.always
        lost[free] = False
        usable = listing.edges & ~np.append(lost, False)[program.edge_sources].any(axis=1)
        self.edges = np.flatnonzero(usable)
        members = place[program.edge_sources[self.edges]]
        self.needed = bitsets(members, len(free))[:, 0]
        self.value = program.edge_value[self.edges]
        target = program.edge_target[self.edges]
        self.reached, self.start = np.unique(target, return_index=True)
        self.owned = np.flatnonzero(program.self_source >= 0)
        source = program.self_source[self.owned]
        bit = np.full(size, -1)
        bit[free] = np.arange(len(free))
        self.own_bit = np.maximum(bit[source], 0).astype(np.uint64)
        self.own_always = listing.always[source]
        self.own_never = ~self.own_always & (bit[source] < 0)
        self.program = program

    def of(self, sets: NDArray[np.uint64]) -> Floats:
        """Return the value of each set, (N,); -inf where it leaves a target unsolved."""
        rows = max(1, BLOCK // max(1, len(self.edges)))
        parts = [self._block(sets[i : i + rows]) for i in range(0, len(sets), rows)]
        return np.concatenate([np.zeros(0), *parts])

    def _block(self, sets: NDArray[np.uint64]) -> Floats:
        program = self.program
        value = np.full((len(program.targets), len(sets)), -np.inf)
        if len(self.edges):
            missing = (self.needed[:, None] & ~sets) != 0
            worth = np.where(missing, -np.inf, self.value[:, None])
            value[self.reached] = np.maximum.reduceat(worth, self.start, axis=0)
        own = program.self_value[self.owned, None]
        if program.may_transfer:
            own = np.maximum(own, value[self.owned])
        held = ((sets >> self.own_bit[:, None]) & np.uint64(1)).astype(bool)
        held[self.own_always] = True
        held[self.own_never] = False
        value[self.owned] = np.where(held, own, value[self.owned])
        total: Floats = value.sum(axis=0)
        return total


def best_of(program: Program, listing: Listing, cutoff: float) -> Choice | None:
    """Return the best listed set; of equal ones the smallest, then the first by name.

    None if no set reaches ``cutoff``.
    """
    if len(listing.sets) <= ALONE:
        return first_of_best(program, listing, cutoff)
    values, order = SetValues(program, listing), np.argsort(-listing.limit)
    sets, limit = listing.sets[order], listing.limit[order]
    worth, top, size = np.zeros(0), -np.inf, 64
    while len(worth) < len(sets) and limit[len(worth)] >= max(cutoff, top - tolerance(top)):
        block = values.of(sets[len(worth) : len(worth) + size])
        if not program.conflicts and not program.has_upgrades:
            top = max(top, float(block.max()))
        worth, size = np.append(worth, block), 4 * size
    ranked = replace(listing, sets=sets[: len(worth)], limit=worth)
    return first_of_best(program, ranked, cutoff)


def first_of_best(program: Program, ranked: Listing, cutoff: float) -> Choice | None:
    """Return the best of some sets whose ``limit`` is their value, or at least that."""
    if ranked.limit.max(initial=-np.inf) == -np.inf:
        return None
    found: list[Choice] = []
    if len(ranked.sets) > ALONE and not program.conflicts and not program.has_upgrades:
        ranked = _smallest(ranked)
    worth, top = ranked.limit, -np.inf
    for number in np.argsort(-worth, kind="stable").tolist():
        if worth[number] < max(cutoff, top - tolerance(top)) or worth[number] == -np.inf:
            break
        choice = choose_transfers(program, ranked.supervised(number))
        if choice is not None:
            found.append(choice)
            top = max(top, choice.value)
    tied = [choice for choice in found if choice.value >= max(cutoff, top - tolerance(top))]
    return min(tied, key=rank, default=None)


def _smallest(ranked: Listing) -> Listing:
    """Return the smallest of the sets with the largest value; ``ranked`` has exact values."""
    top = float(ranked.limit.max(initial=-np.inf))
    tied = np.flatnonzero(ranked.limit >= top - tolerance(top))
    count = np.bitwise_count(ranked.sets[tied])
    least = tied[count == count.min(initial=64)]
    return replace(ranked, sets=ranked.sets[least], limit=ranked.limit[least])


def rank(choice: Choice) -> tuple[int, list[int]]:
    """Return the place of a solution among equal ones: fewest sources, then the first names."""
    sources: list[int] = choice.supervised.nonzero()[0].tolist()
    return len(sources), sources
