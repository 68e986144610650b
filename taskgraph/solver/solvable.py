"""All sets of sources that solve every target within the budget, where few sources fit.

Sets are built from the target that the fewest transfers reach: a set must hold one of its ways (its
own network, or the sources of a transfer). A way of one source excludes the earlier ones, so that
few sets are built twice. A partial set is dropped if the sources that still fit cannot solve the
other targets: each helps to solve some of them alone, and others by half at most.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from taskgraph.arrays import Booleans, Floats, Integers
from taskgraph.nesting import bitsets
from taskgraph.program import Program
from taskgraph.solver.clock import Clock
from taskgraph.solver.incumbent import Incumbent
from taskgraph.solver.presolve import with_counts_as_values

Bits = NDArray[np.uint64]

MOST_SOURCES = 400
"""Most undecided sources; a table of all pairs of them is kept."""
BLOCK = 500
"""Partial sets that are handled at once."""
MOST_PARTIAL = 400_000
"""Most partial sets before the search is given up."""
MOST_SETS = 5_000
"""Most sets that are listed."""


class _Partial(NamedTuple):
    """Partial sets: chosen and excluded sources, solved targets, and what is left to spend."""

    chosen: Bits  # (N, W)
    excluded: Bits  # (N, W)
    solved: Bits  # (N, V)
    left: Integers  # (N,)

    def at(self, places: Booleans | Integers | slice) -> _Partial:
        """Return some of these sets."""
        return _Partial(
            self.chosen[places], self.excluded[places], self.solved[places], self.left[places]
        )


def can_list_solvable(program: Program) -> bool:
    """Return whether `list_solvable` handles a program: no conflicts, and not too many sources."""
    free = int((~(program.required | program.banned)).sum())
    return not program.conflicts and program.price.dtype != object and free <= MOST_SOURCES


def most_fitting(program: Program) -> int:
    """Return how many more sources fit the budget at most."""
    price = np.sort(program.price[~(program.required | program.banned)])
    left = program.room - int(program.price[program.required].sum())
    return int((np.cumsum(price) <= left).sum())


def list_solvable(
    program: Program, clock: Clock, *, first: bool = False, room: int | None = None
) -> Booleans | None:
    """Return every affordable set that solves all targets, (N, S) bools.

    ``first`` ends the search with the first set; ``room`` replaces that of the program. None if
    there are too many, or the clock is over; without ``first`` also if some price is not positive.
    """
    gifts = ~(program.required | program.banned) & (program.price <= 0)
    if gifts.any():
        if not first:
            return None
        program = replace(program, required=program.required | gifts)
    search = _SetSearch(program)
    blocks, found, seen = (
        [search.start(program.room if room is None else room)],
        [np.zeros((0, len(program.sources)), dtype=bool)],
        0,
    )
    while blocks:
        block = blocks.pop()
        size = min(BLOCK, 8 + seen // 20)  # small at first, to reach a first set soon
        if len(block.left) > size:
            blocks.append(block.at(slice(size, None)))
            block = block.at(slice(size))
        seen += len(block.left)
        if seen > MOST_PARTIAL or clock.over:
            return None
        done = (block.solved == search.every).all(axis=1)
        if done.any():
            found.append(search.as_booleans(block.chosen[done]))
            if first:
                break
            if sum(map(len, found)) > MOST_SETS:
                return None
        children = (search.with_more(block.at(done)), search.with_ways(block.at(~done)))
        blocks += [_most_solved_first(child) for child in children if len(child.left)]
    sets: Booleans = np.unique(np.concatenate(found), axis=0)
    return sets


def _most_solved_first(block: _Partial) -> _Partial:
    return block.at(np.argsort(-_count(block.solved), kind="stable"))


def offer_solvable(sets: Booleans, incumbent: Incumbent) -> None:
    """Offer the incumbent those of some sets that may be the one to report."""
    values = set_values(incumbent.program, sets)
    for place in np.argsort(-values, kind="stable").tolist():
        if values[place] < incumbent.cutoff:
            break
        incumbent.offer(sets[place])


def set_values(program: Program, sets: Booleans) -> Floats:
    """Return the value of each set, (N,); -inf where it leaves a target unsolved.

    An upper bound where a supervised target pays for its transfer.
    """
    edges, width = (
        bitsets(program.edge_sources, len(program.sources)),
        max(1, len(program.edge_value)),
    )
    lacking = ~_packed(sets)
    reached, start = np.unique(program.edge_target, return_index=True)
    total = np.zeros(len(sets))
    for first in range(0, len(sets), rows := max(1, 1_000_000 // width)):
        some = slice(first, first + rows)
        value = np.full((len(sets[some]), len(program.targets)), -np.inf)
        if len(reached):
            missing = np.zeros((len(value), len(edges)), dtype=bool)
            for word in range(edges.shape[1]):
                missing |= (lacking[some, word, None] & edges[:, word]) != 0
            worth = np.where(missing, -np.inf, program.edge_value)
            value[:, reached] = np.maximum.reduceat(worth, start, axis=1)
        own = np.pad(sets[some], ((0, 0), (0, 1)))[:, program.self_source]
        kept = np.maximum(program.self_value, value) if program.may_transfer else program.self_value
        total[some] = np.where(own, kept, value).sum(axis=1)
    return total


class _SetSearch:
    """What the search knows about sources, targets and their ways."""

    def __init__(self, program: Program) -> None:
        size = len(program.sources)
        lost = np.append(program.banned, False)[program.edge_sources].any(axis=1)
        ways = with_counts_as_values(program.with_edges(np.flatnonzero(~lost)))
        owned = np.flatnonzero((ways.self_source >= 0) & ~program.banned[ways.self_source])
        single = np.full((len(owned), ways.edge_sources.shape[1]), size)
        single[:, 0] = ways.self_source[owned]
        members = np.concatenate([single, ways.edge_sources])
        target = np.append(owned, ways.edge_target)
        reach = np.bincount(target, minlength=len(program.targets))
        place = np.empty(len(reach), dtype=np.int64)
        place[np.argsort(reach, kind="stable")] = np.arange(len(reach))
        order = (members < size).sum(axis=1)
        rank = np.lexsort((order, place[target]))
        self.program, self.size, self.targets = program, size, len(reach)
        self.members, self.target, self.order = members[rank], place[target][rank], order[rank]
        self.bits = bitsets(self.members, size)
        self.price = np.append(np.where(program.banned, 0, program.price), 0)
        self.start_of = np.searchsorted(self.target, np.arange(len(reach) + 1))
        self.every = _packed(np.ones((1, len(reach)), dtype=bool))[0]
        self.cheapest = np.sort(program.price[~(program.required | program.banned)])
        self._index()

    def _index(self) -> None:
        """Fill the tables of the targets that a source solves alone, takes part in, or in pairs."""
        size, targets = self.size, self.targets
        alone = np.zeros((size, targets), dtype=bool)
        one = self.order == 1
        alone[self.members[one, 0], self.target[one]] = True
        both = np.zeros((size + 1, size + 1, targets), dtype=bool)
        for left in self.members.T:
            for right in self.members.T:
                both[left, right, self.target] = True
        both = both[:size, :size]
        self.alone = _packed(alone)  # (S, V)
        self.part = _packed(np.asarray(both.any(axis=1)))  # (S, V)
        self.both = _packed(both.reshape(-1, targets)).reshape(size, size, -1)  # (S, S, V)
        self.larger = [  # edges of more than one source, by member
            np.flatnonzero(~one & (self.members == source).any(axis=1)) for source in range(size)
        ]
        self.solves = _packed(np.eye(targets, dtype=bool))[self.target]  # (E, V)

    def start(self, room: int) -> _Partial:
        """Return the set of the required sources as the only partial set."""
        program = self.program
        chosen = _packed(program.required[None])
        usable = ((self.bits & ~chosen) == 0).all(axis=1)
        solved = np.zeros((1, self.targets), dtype=bool)
        solved[0, self.target[usable]] = True
        left = np.array([room - int(program.price[program.required].sum())])
        start = _Partial(chosen, _packed(program.banned[None]), _packed(solved), left)
        return start.at(left >= 0)

    def as_booleans(self, bits: Bits) -> Booleans:
        """Return sets of sources as (N, S) bools."""
        flat = np.unpackbits(bits.view(np.uint8), axis=1, bitorder="little")
        return flat[:, : self.size].astype(bool)

    def with_ways(self, block: _Partial) -> _Partial:
        """Return the partial sets with each way to solve the hardest unsolved target."""
        unsolved = self.every & ~block.solved
        word = (unsolved != 0).argmax(axis=1)
        lowest = unsolved[np.arange(len(word)), word]
        pivot = 64 * word + np.bitwise_count((lowest & (~lowest + np.uint64(1))) - np.uint64(1))
        children = [(block.at(slice(0)), block.chosen[:0])]
        for target in np.unique(pivot).tolist():
            children.append(self._with_way(block.at(pivot == target), int(target)))
        merged = _Partial(
            *(np.concatenate(part) for part in zip(*(c for c, _ in children), strict=True))
        )
        return self._updated(merged, np.concatenate([before for _, before in children]))

    def _with_way(self, block: _Partial, target: int) -> tuple[_Partial, Bits]:
        """Return the partial sets with each affordable way to solve a target, and without it."""
        ways = slice(self.start_of[target], self.start_of[target + 1])
        bits, members = self.bits[ways], self.members[ways]
        one = self.order[ways] == 1
        single = np.where(one[:, None], bits, np.uint64(0))
        earlier = np.bitwise_or.accumulate(single, axis=0) & ~single
        allowed = ((block.excluded[:, None] & bits) == 0).all(axis=2)
        new = ~self._holds(block.chosen, members)  # (N, M, K)
        left = block.left[:, None] - (self.price[members] * new).sum(axis=2)
        node, way = np.nonzero(allowed & (left >= 0))
        before = block.chosen[node]
        excluded = block.excluded[node] | (earlier[way] & ~before)
        child = _Partial(before | bits[way], excluded, block.solved[node], left[node, way])
        return child, before

    def with_more(self, block: _Partial) -> _Partial:
        """Return solved sets with each further source that fits."""
        free = ~self.as_booleans(block.chosen | block.excluded)
        node, source = np.nonzero(free & (self.price[:-1] <= block.left[:, None]))
        bits = bitsets(np.arange(self.size)[:, None], self.size)
        earlier = np.bitwise_or.accumulate(bits, axis=0) & ~bits
        return _Partial(
            block.chosen[node] | bits[source],
            block.excluded[node] | (earlier[source] & ~block.chosen[node]),
            block.solved[node],
            block.left[node] - self.price[source],
        )

    def _holds(self, chosen: Bits, members: Integers) -> Booleans:
        """Return which members of edges are chosen, (N, M, K); padding is."""
        inside = np.pad(self.as_booleans(chosen), ((0, 0), (0, 1)), constant_values=True)
        return inside[:, members]

    def _updated(self, child: _Partial, before: Bits) -> _Partial:
        """Return children with their solved targets, without those that cannot solve the others."""
        solved, chosen = child.solved.copy(), child.chosen
        added = self.as_booleans(chosen & ~before)
        for source in np.flatnonzero(added.any(axis=0)).tolist():
            mine = np.flatnonzero(added[:, source])
            solved[mine] |= self.alone[source]
            edges = self.larger[source]
            usable = ((self.bits[edges] & ~chosen[mine, None]) == 0).all(axis=2)
            solves = np.where(usable[:, :, None], self.solves[edges], np.uint64(0))
            solved[mine] |= np.bitwise_or.reduce(solves, axis=1)
        child = child._replace(solved=solved)
        return child.at(self._may_succeed(child))

    def _may_succeed(self, child: _Partial) -> Booleans:
        """Return which partial sets the sources that still fit may complete, (N,)."""
        unsolved = self.every & ~child.solved
        fits = np.searchsorted(np.cumsum(self.cheapest), child.left, side="right")
        full = np.broadcast_to(self.alone, (len(fits), *self.alone.shape)).copy()
        inside = self.as_booleans(child.chosen)
        for source in np.flatnonzero(inside.any(axis=0)).tolist():
            full[inside[:, source]] |= self.both[source]
        full &= unsolved[:, None]
        some = self.part & unsolved[:, None] & ~full
        count = 2 * _count(full) + _count(some)  # (N, S)
        free = ~(inside | self.as_booleans(child.excluded))
        count[~(free & (self.price[:-1] <= child.left[:, None]))] = 0
        best = np.cumsum(-np.sort(-count, axis=1), axis=1)
        best = np.pad(best, ((0, 0), (1, 0)))
        reach = best[np.arange(len(fits)), np.minimum(fits, self.size)]
        return reach >= 2 * _count(unsolved)


def _packed(sets: Booleans) -> Bits:
    """Return rows of bools as bits of 64-bit words, (N, W)."""
    size = sets.shape[1]
    wide = np.pad(sets, ((0, 0), (0, 64 * (size // 64 + 1) - size)))
    return np.packbits(wide, axis=1, bitorder="little").view(np.uint64)


def _count(bits: Bits) -> Integers:
    """Return the number of bits in the last axis."""
    count: Integers = np.bitwise_count(bits).sum(axis=-1, dtype=np.int64)
    return count
