"""Where the boxes of a drawn taxonomy go: two columns, ordered to keep the lines apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from taskgraph.arrays import Booleans, Integers
from taskgraph.taxonomy import Taxonomy

SWEEPS = 24


@dataclass(frozen=True)
class Group:
    """Targets that are transferred to from the same set of sources; ``y`` is their middle."""

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    y: float = 0.0


@dataclass(frozen=True)
class Layout:
    """Heights of both columns in rows, from 0 at the top to ``height`` downwards.

    ``supervised`` holds every supervised task, sources first; ``targets`` every target that is
    solved by a transfer; ``groups`` are ordered from top to bottom.
    """

    supervised: dict[str, float]
    targets: dict[str, float]
    groups: tuple[Group, ...]
    height: float


def arrange(taxonomy: Taxonomy, *, gap: float = 0.4) -> Layout:
    """Lay a solved taxonomy out; the same taxonomy gets the same layout.

    Targets with the same sources stand together, ``gap`` rows from the next group. Both columns
    are ordered by barycenters, then by exchanging neighbors while lines cross less; a source is
    as near to the middle of its groups as the others let it (least squares).
    """
    groups = group_targets(taxonomy)
    sources = sorted({name for group in groups for name in group.sources})
    left, right = fewest_crossings(sources, groups)
    targets, placed = _stack([groups[g] for g in right], gap)
    middle = {
        name: float(np.mean([group.y for group in placed if name in group.sources]))
        for name in sources
    }
    spread = spread_out([middle[sources[s]] for s in left])
    supervised = {sources[s]: y for s, y in zip(left, spread, strict=True)}
    idle = [name for name in taxonomy.supervised if name not in supervised]
    start = max(supervised.values(), default=-1 - gap) + 1 + gap
    supervised |= {name: start + row for row, name in enumerate(idle)}
    heights = [*supervised.values(), *targets.values()]
    top, bottom = min(heights, default=0.0), max(heights, default=0.0)
    return Layout(
        supervised={name: y - top for name, y in supervised.items()},
        targets={name: y - top for name, y in targets.items()},
        groups=tuple(Group(g.sources, g.targets, g.y - top) for g in placed),
        height=bottom - top,
    )


def group_targets(taxonomy: Taxonomy) -> list[Group]:
    """Group the targets that are solved by a transfer by their set of sources, sorted."""
    members: dict[tuple[str, ...], list[str]] = {}
    for transfer in taxonomy.transfers:
        if not transfer.is_self:
            members.setdefault(tuple(sorted(transfer.sources)), []).append(transfer.target)
    return [Group(sources, tuple(sorted(members[sources]))) for sources in sorted(members)]


def fewest_crossings(
    sources: Sequence[str], groups: Sequence[Group]
) -> tuple[list[int], list[int]]:
    """Order sources and groups, as indices, so that few lines between them cross.

    Barycenter sweeps (Sugiyama et al., 1981) keep the best order seen; exchanges of neighbors
    then improve it until none helps.
    """
    joined = np.array([[name in group.sources for group in groups] for name in sources])
    joined = joined.reshape(len(sources), len(groups))
    left, right = np.arange(len(sources)), np.arange(len(groups))
    best = (crossings(joined), left, right)
    for _ in range(SWEEPS):
        right = right[_by_barycenter(joined[left][:, right])]
        left = left[_by_barycenter(joined[left][:, right].T)]
        best = min(best, (crossings(joined[left][:, right]), left, right), key=lambda b: b[0])
    _, left, right = best
    while True:
        left, better = _exchange(joined[:, right], left)
        right, still = _exchange(joined[left].T, right)
        if not (better or still):
            return left.tolist(), right.tolist()


def crossings(joined: Booleans) -> int:
    """Count the pairs of lines that cross, of a (left, right) matrix in order of drawing."""
    after = np.zeros((joined.shape[0] + 1, joined.shape[1] + 1), dtype=np.int64)
    after[:-1, 1:] = joined[::-1].cumsum(axis=0)[::-1].cumsum(axis=1)
    return int((after[1:, :-1] * joined).sum())


def _by_barycenter(joined: Booleans) -> Integers:
    """Order of the columns by the mean place of the rows that they join."""
    places = np.arange(len(joined)) @ joined / np.maximum(1, joined.sum(axis=0))
    return np.argsort(places, kind="stable")


def _exchange(joined: Booleans, order: Integers) -> tuple[Integers, bool]:
    """One pass of exchanges of neighboring rows that lessen the crossings."""
    order, improved = order.copy(), False
    for row in range(len(order) - 1):
        pair = joined[order[row : row + 2]]
        if crossings(pair[::-1]) < crossings(pair):
            order[row : row + 2] = order[row : row + 2][::-1].copy()
            improved = True
    return order, improved


def _stack(groups: Iterable[Group], gap: float) -> tuple[dict[str, float], list[Group]]:
    """Put targets one a row, a gap after each group, and each group at its middle."""
    targets: dict[str, float] = {}
    placed, row = [], 0.0
    for group in groups:
        targets |= {name: row + place for place, name in enumerate(group.targets)}
        size = len(group.targets)
        placed.append(Group(group.sources, group.targets, row + (size - 1) / 2))
        row += size + gap
    return targets, placed


def spread_out(wanted: Sequence[float]) -> list[float]:
    """The places nearest to the wanted ones (least squares) in this order and 1 or more apart.

    Isotonic regression of ``wanted[i] - i`` by pooling neighbors that break the order.
    """
    pools: list[tuple[float, int]] = []  # sum, size
    for place, value in enumerate(wanted):
        pools.append((value - place, 1))
        while len(pools) > 1 and pools[-2][0] * pools[-1][1] > pools[-1][0] * pools[-2][1]:
            total, size = pools.pop()
            pools[-1] = (pools[-1][0] + total, pools[-1][1] + size)
    flat = [total / size for total, size in pools for _ in range(size)]
    return [value + place for place, value in enumerate(flat)]
