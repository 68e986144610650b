"""Every set of the sources of a small program, in two halves: a proof that needs no tight bound.

The undecided sources are split. For each set of the first half, the values of all sets of the
second half are found at once: a transfer counts for every set that contains its sources, so the
best transfer of each target is a maximum over subsets (the zeta transform of Yates, 1937, with the
maximum in place of the sum). Before that, every set of the first half gets a bound, in which only
the links to the second half are relaxed, with the multipliers of `additive`; sets of the first half
whose bound is too small are skipped.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from taskgraph.arrays import Booleans, Floats, Integers
from taskgraph.program import Program
from taskgraph.solver.additive import AdditiveAscent
from taskgraph.solver.choice import tolerance
from taskgraph.solver.clock import Clock
from taskgraph.solver.incumbent import Incumbent, SearchResult

MOST_FREE = 28
"""Most undecided sources."""
MOST_CELLS = 1 << 24
"""Most sets of the first half times targets; their bounds take about 30 bytes each."""
SECOND = 10
"""Most sources of the second half; the values of all of its sets fit a processor's cache."""
SHARED = 8
"""Sources of the first half on which the sets of a group agree."""
MOST_PLAIN = 40
"""Most sets of a group that are tried with the multipliers of the whole program."""
STEPS = 15
"""Subgradient steps on the multipliers of a group."""
ROUNDING = 1e-6
"""Allowance for single precision, as a share of the largest possible sum of absolute values."""
CLASSES = 8
"""Most classes of costs of the first half; each has its own bounds."""


class _Half(NamedTuple):
    """Half of the undecided sources; a set of them is a number, with one bit a source."""

    sources: Integers  # (N,)
    sets: Integers  # (E,) the members of each edge in this half
    cost: Integers  # (2 ** N,) the sum of the prices of each set
    own: Integers  # (T,) place of the target among ``sources``; -1 for none


def can_halve(program: Program) -> bool:
    """Return whether a program has few undecided sources, and its value depends on them alone."""
    free = int((~(program.required | program.banned)).sum())
    simple = not program.conflicts and not program.has_upgrades and program.price.dtype != object
    cells = len(program.targets) << _first_half(free)
    return simple and free <= MOST_FREE and cells <= MOST_CELLS


def _first_half(free: int) -> int:
    """Return how many of the undecided sources the first half has."""
    return free - min(SECOND, (free + 1) // 2)


def search_halves(
    program: Program, ascent: AdditiveAscent, incumbent: Incumbent, clock: Clock
) -> SearchResult:
    """Offer the incumbent every set that may be the one to report, until time is up.

    Sets of the first half that agree on their first sources are a group; groups with larger bounds
    come first. A group of which many sets are left gets multipliers of its own, and is searched as
    a program in which these sources are decided.
    """
    halves = Halves(program, ascent)
    bound = halves.bounds()
    group = np.arange(len(bound)) & ((1 << SHARED) - 1)
    best = np.full(int(group.max()) + 1, -np.inf)
    np.maximum.at(best, group, bound)
    order = np.argsort(-best, kind="stable")
    tried = 0
    for number, prefix in enumerate(order.tolist()):
        mine = np.flatnonzero((group == prefix) & (bound >= incumbent.cutoff) & (bound > -np.inf))
        if len(mine) > MOST_PLAIN:
            tried += _search_group(halves.part(prefix), ascent, incumbent, clock)
            mine = mine[:0]
        for first in mine.tolist():
            if bound[first] >= incumbent.cutoff and not clock.over:
                tried += 1
                for supervised in halves.candidates(first, incumbent):
                    incumbent.offer(supervised)
        if clock.over:
            return SearchResult(False, float(best[order[number:]].max()), tried)
        if clock.callback is not None:
            clock.callback(incumbent.value, max(incumbent.value, float(best[prefix])), tried)
    return SearchResult(True, incumbent.value, tried)


def _search_group(part: Program, ascent: AdditiveAscent, incumbent: Incumbent, clock: Clock) -> int:
    """Search a group with multipliers of its own; return the number of tried sets."""
    better = ascent.of_part(part)
    better.run(incumbent.cutoff, STEPS)
    if better.bound().value < incumbent.cutoff:
        return 0
    return search_halves(part, better, incumbent, replace(clock, callback=None)).nodes


class Halves:
    """The edges of a program by their members in each half; see the module's docstring."""

    def __init__(self, program: Program, ascent: AdditiveAscent) -> None:
        self.program = program
        undecided = np.flatnonzero(~(program.required | program.banned))
        ranked = undecided[np.argsort(-ascent.bound().profit[undecided], kind="stable")]
        split = _first_half(len(ranked))
        lost = np.append(program.banned, False)[program.edge_sources].any(axis=1)
        if not program.may_transfer:
            lost |= program.solved_by_own(program.required)[program.edge_target]
        edges = np.flatnonzero(~lost)
        edges = edges[np.argsort(program.edge_value[edges], kind="stable")]
        self.target, self.value = program.edge_target[edges], program.edge_value[edges]
        self.one = _half(program, ranked[:split], edges)
        self.two = _half(program, ranked[split:], edges)
        self.left = program.room - int(program.price[program.required].sum())
        second = np.zeros(len(program.sources) + 1, dtype=bool)
        second[self.two.sources] = True
        pi = np.where(
            second[program.edge_sources], np.append(ascent.best_pi, 0.0)[ascent.links.T], 0.0
        )
        self.charge = pi.sum(axis=1)[edges]
        self.earned = np.bincount(ascent.source, ascent.best_pi, len(second))[self.two.sources]
        largest = np.abs(program.self_value)
        np.maximum.at(largest, program.edge_target, np.abs(program.edge_value))
        self.slack = ROUNDING * float(largest.sum())
        self.penalty = -1.0 - 2 * float(largest.sum())
        self.always = program.solved_by_own(program.required)
        count, width = len(self.always), -(-len(self.always) // 8) * 8  # rows of whole vectors
        self._value32 = self.value.astype(np.float32)
        self._table = np.zeros((len(self.two.cost), width), dtype=np.float32)
        self._own_row = np.zeros(width, dtype=np.float32)
        self._own_row[:count] = program.self_value
        place = np.full(width, -1)
        place[:count] = self.two.own
        sets = np.arange(len(self.two.cost))[:, None]
        self._own_mask = (place >= 0) & ((sets >> np.maximum(place, 0) & 1) > 0)

    def bounds(self) -> Floats:
        """Return an upper bound of the value of all sets with each set of the first half."""
        one, two = self.one, self.two
        left = self.left - one.cost
        result = np.full(len(left), -np.inf)
        net = self.value - self.charge
        above = np.nextafter(net.astype(np.float32), np.float32(np.inf))  # rounded up
        order = np.argsort(net, kind="stable")
        beside = two.cost[two.sets[order]] + min(0, int(two.cost.min()))
        for group in np.array_split(np.unique(left), min(CLASSES, len(np.unique(left)))):
            usable = order[beside <= group[-1]]
            table = np.full((len(left), len(self.always)), self.penalty, dtype=np.float32)
            table[one.sets[usable], self.target[usable]] = above[usable]
            spread_to_supersets(table)
            mine = np.flatnonzero((left >= group[0]) & (left <= group[-1]))
            result[mine] = self._relaxed(mine, table[mine].astype(float), left[mine])
        return result + self.slack

    def _relaxed(self, sets: Integers, best: Floats, left: Integers) -> Floats:
        """Return the bound of sets of the first half from the best edges, (N, T), after charges."""
        program, two = self.program, self.two
        own = program.self_value
        held = self._held(sets[:, None])
        best = np.where(held, np.maximum(own, best) if program.may_transfer else own, best)
        profit = np.tile(self.earned.astype(float), (len(sets), 1))
        owned = np.flatnonzero(two.own >= 0)
        saved: Floats = own[owned] - best[:, owned]
        if program.may_transfer:
            saved = np.maximum(saved, 0.0)
        profit[:, two.own[owned]] += saved
        price = program.price[two.sources].astype(float)
        profit = np.maximum(profit, 0.0)
        free = price <= 0
        room = left - price[free].sum()
        gained = profit[:, free].sum(axis=1)
        rate = profit[:, ~free] / price[~free]
        rank = np.argsort(-rate, axis=1)
        size = price[~free][rank]
        part = np.clip((room[:, None] - np.cumsum(size, axis=1)) / size + 1, 0.0, 1.0)
        gained += (part * size * np.take_along_axis(rate, rank, 1)).sum(axis=1)
        return np.where(room < 0, -np.inf, best.sum(axis=1) + gained)

    def part(self, prefix: int) -> Program:
        """Return the program in which the first `SHARED` sources are decided.

        ``prefix`` is the set of those that are supervised.
        """
        program = self.program
        shared = self.one.sources[:SHARED]
        chosen = (prefix >> np.arange(len(shared)) & 1) > 0
        required, banned = program.required.copy(), program.banned.copy()
        required[shared[chosen]] = True
        banned[shared[~chosen]] = True
        lost = np.append(banned, False)[program.edge_sources].any(axis=1)
        if not program.may_transfer:
            lost |= program.solved_by_own(required)[program.edge_target]
        return replace(program.with_edges(np.flatnonzero(~lost)), required=required, banned=banned)

    def candidates(self, first: int, incumbent: Incumbent) -> list[Booleans]:
        """Return the sets with this set of the first half that may be the one to report.

        Of sets of equal value, those with the fewest sources.
        """
        edges = self.edges_within(first)
        rough = self.values(first, edges)
        least = max(incumbent.cutoff, float(rough.max())) - 2 * self.slack
        near = np.flatnonzero((rough >= least) & (rough > -np.inf))
        if not len(near):
            return []
        value = self._exact(first, near, edges)
        top = float(value.max())
        near, value = near[value >= top - tolerance(top)], value[value >= top - tolerance(top)]
        count = np.bitwise_count(near)
        chosen = {int(near[value.argmax()]), *near[count == count.min()].tolist()}
        return [self.supervised(first, second) for second in sorted(chosen)]

    def edges_within(self, first: int) -> Integers:
        """Return the edges whose members in the first half are all in a set."""
        edges: Integers = np.flatnonzero((self.one.sets & ~first) == 0)
        return edges

    def _held(self, sets: Integers | int) -> Booleans:
        """Return which targets their own network solves with sets of the first half, (…, T)."""
        place = self.one.own
        return self.always | ((place >= 0) & ((sets >> np.maximum(place, 0) & 1) > 0))

    def supervised(self, first: int, second: int) -> Booleans:
        """Return a set of each half, and the required sources, as (S,) bools."""
        supervised = self.program.required.copy()
        for half, chosen in ((self.one, first), (self.two, second)):
            supervised[half.sources[(chosen >> np.arange(len(half.sources)) & 1) > 0]] = True
        return supervised

    def values(self, first: int, edges: Integers) -> Floats:
        """Return the value of every set with this set of the first half, within ``slack``.

        (2 ** N,) for N sources of the second half; -inf for sets that are not affordable, or that
        leave a target unsolved. ``edges`` are the usable ones, of ascending value.
        """
        program, two, table = self.program, self.two, self._table
        count = len(self.always)
        held = self._held(first)
        table[:, :count] = self.penalty
        table[:, :count][:, held] = program.self_value[held]
        if program.may_transfer:
            mine = np.flatnonzero(two.own >= 0)
            table[1 << two.own[mine], mine] = program.self_value[mine]
        else:
            edges = edges[~held[self.target[edges]]]
        cells, worth = (two.sets[edges], self.target[edges]), self._value32[edges]
        table[cells] = np.maximum(table[cells], worth) if program.may_transfer else worth
        spread_to_supersets(table)
        if not program.may_transfer:
            np.copyto(table, self._own_row, where=self._own_mask)
        value = (table @ np.ones(table.shape[1], dtype=np.float32)).astype(float)
        short = two.cost > self.left - int(self.one.cost[first])
        value[short | (value < self.penalty / 2)] = -np.inf
        return value

    def _exact(self, first: int, seconds: Integers, edges: Integers) -> Floats:
        """Return the values of sets of which all targets are solved, in double precision, (N,)."""
        program, total = self.program, np.zeros(len(seconds))
        held = self._held(first)
        for target, own in enumerate(self.two.own.tolist()):
            mine = edges[self.target[edges] == target]
            usable = (self.two.sets[mine] & ~seconds[:, None]) == 0
            best = np.where(usable, self.value[mine], self.penalty).max(
                axis=1, initial=self.penalty
            )
            kept = held[target] | ((seconds >> own & 1) > 0 if own >= 0 else False)
            worth = program.self_value[target]
            total += np.where(
                kept, np.maximum(worth, best) if program.may_transfer else worth, best
            )
        return total


def _half(program: Program, sources: Integers, edges: Integers) -> _Half:
    size = len(program.sources)
    bit, place = np.zeros(size + 1, dtype=np.int64), np.full(size + 1, -1)
    bit[sources] = 1 << np.arange(len(sources))
    place[sources] = np.arange(len(sources))
    cost = np.zeros(1, dtype=program.price.dtype)
    for price in program.price[sources].tolist():
        cost = np.concatenate([cost, cost + price])
    sets = bit[program.edge_sources[edges]].sum(axis=1)
    own = np.where(program.self_source >= 0, place[program.self_source], -1)
    return _Half(sources, sets, cost, own)


def spread_to_supersets(table: Floats | NDArray[np.float32]) -> None:
    """Raise the row of each set to the maximum over its subsets, in place; (2 ** N, W)."""
    step = 1
    while step < len(table):
        pairs = table.reshape(-1, 2, step * table.shape[1])
        np.maximum(pairs[:, 1], pairs[:, 0], out=pairs[:, 1])
        step *= 2
