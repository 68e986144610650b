"""The rows of a drawn taxonomy: two columns, ordered so that few lines cross."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from taskgraph.arrays import Booleans, Integers
from taskgraph.taxonomy import Taxonomy

SWEEPS = 24
"""Number of barycenter sweeps."""


@dataclass(frozen=True)
class Group:
    """The targets that have the same set of sources; ``y`` is the row of their middle."""

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    y: float = 0.0


@dataclass(frozen=True)
class Layout:
    """Positions of both columns, in rows from the top.

    Attributes
    ----------
    supervised : mapping of all supervised tasks to their rows
    targets : mapping of all targets that a transfer solves to their rows
    groups : tuple of Group
        From top to bottom.
    height : float
        Row of the lowest task.
    """

    supervised: dict[str, float]
    targets: dict[str, float]
    groups: tuple[Group, ...]
    height: float


def arrange_taxonomy(taxonomy: Taxonomy, *, gap: float = 0.4) -> Layout:
    """Arrange a solved taxonomy in rows; equal taxonomies get equal layouts.

    Targets with the same sources stand together, ``gap`` rows from the next group. Both columns
    are ordered by barycenters, then by exchanging neighbors while that reduces the crossings. A
    source is as near to the middle of its groups as the other sources allow (least squares).
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
    """Return the targets that a transfer solves, grouped by their sources and sorted."""
    members: dict[tuple[str, ...], list[str]] = {}
    for transfer in taxonomy.transfers:
        if not transfer.is_self:
            members.setdefault(tuple(sorted(transfer.sources)), []).append(transfer.target)
    return [Group(sources, tuple(sorted(members[sources]))) for sources in sorted(members)]


def fewest_crossings(
    sources: Sequence[str], groups: Sequence[Group]
) -> tuple[list[int], list[int]]:
    """Return an order of the sources and of the groups, as indices, with few crossing lines.

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
    """Count the pairs of lines that cross; the matrix says which left and right rows are joined."""
    after = np.zeros((joined.shape[0] + 1, joined.shape[1] + 1), dtype=np.int64)
    after[:-1, 1:] = joined[::-1].cumsum(axis=0)[::-1].cumsum(axis=1)
    return int((after[1:, :-1] * joined).sum())


def _by_barycenter(joined: Booleans) -> Integers:
    """Return the order of the columns by the mean position of the rows that they join."""
    positions = np.arange(len(joined)) @ joined / np.maximum(1, joined.sum(axis=0))
    return np.argsort(positions, kind="stable")


def _exchange(joined: Booleans, order: Integers) -> tuple[Integers, bool]:
    """Exchange neighboring rows once where that reduces the crossings; say whether any did."""
    order, improved = order.copy(), False
    for row in range(len(order) - 1):
        pair = joined[order[row : row + 2]]
        if crossings(pair[::-1]) < crossings(pair):
            order[row : row + 2] = order[row : row + 2][::-1].copy()
            improved = True
    return order, improved


def _stack(groups: Iterable[Group], gap: float) -> tuple[dict[str, float], list[Group]]:
    """Return the row of each target, with a gap after each group, and the groups with theirs."""
    targets: dict[str, float] = {}
    placed, row = [], 0.0
    for group in groups:
        targets |= {name: row + place for place, name in enumerate(group.targets)}
        size = len(group.targets)
        placed.append(Group(group.sources, group.targets, row + (size - 1) / 2))
        row += size + gap
    return targets, placed


def spread_out(wanted: Sequence[float]) -> list[float]:
    """Return positions at least 1 apart, in this order, nearest to the wanted ones (least squares).

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
