"""Comparison of the task tree's clusters with the groups of the paper's tree."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.cluster.hierarchy import fcluster
from scipy.spatial.distance import pdist, squareform

import taskgraph as tg
from encoders.tasks import OTHER_NAMES
from taskgraph.arrays import Floats, Integers
from taskgraph.errors import InvalidTableError
from taskgraph.losses import Losses
from taskgraph.plot import task_linkage, transfer_distance
from taskgraph.tasks import RESERVED, SELF, split_sources
from taskgraph.transfers import Transfers

GROUPS = {
    "3D": (
        "curvature",
        "edge3d",
        "keypoint3d",
        "reshade",
        "rgb2depth",
        "rgb2mist",
        "rgb2sfnorm",
        "segment25d",
    ),
    "2D": (
        "autoencoder",
        "colorization",
        "edge2d",
        "impainting_whole",
        "keypoint2d",
        "segment2d",
    ),
    "geometric": (
        "ego_motion",
        "fix_pose",
        "jigsaw",
        "non_fixated_pose",
        "point_match",
        "random",
        "room_layout",
        "vanishing_point_well_defined",
    ),
    "semantic": ("class_1000", "class_places", "class_selected", "segmentsemantic_rb"),
}
"""The branches of the paper's task similarity tree (Zamir et al. 2018); "geometric" are
the low-dimensional geometric tasks. Denoising stands alone there, and is in no group."""

GROUP_OF = {task: group for group, tasks in GROUPS.items() for task in tasks}
CLUSTERS = (4, 5)


def group_of(task: str) -> str:
    """Return the paper's group of a task under either of its names; "" if it has none."""
    return GROUP_OF.get(OTHER_NAMES.get(task, task), "")


def of_single_sources(losses: Losses, among: Collection[str] | None = None) -> Transfers:
    """Return the affinities of tournaments of single sources alone: of all, or of some.

    A Perron vector's ratios change when candidates join, so sets of sources move the single ones
    against one another too; comparing both trees shows how much that matters.
    """
    kept = None if among is None else {*among, *RESERVED}
    single = losses.of_sources(
        lambda sources: len(split_sources(sources)) == 1 and (kept is None or sources in kept)
    )
    return tg.affinities(single).transfers


def clusters(transfers: Transfers, count: int) -> pd.Series[int]:
    """Cut the task tree (`taskgraph.plot.task_linkage`) into branches, numbered from 1."""
    tasks, links = task_linkage(transfers)
    return pd.Series(fcluster(links, count, "maxclust"), index=list(tasks), dtype=int)


def beside_groups(
    transfers: Transfers,
    *,
    counts: Sequence[int] = CLUSTERS,
    permutations: int = 9_999,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare the tree's clusters with the paper's groups.

    Returns
    -------
    DataFrame
        A row a number of clusters, and one ``nearest``: ``measure`` (``rand`` or ``nearest``),
        ``clusters``, ``tasks`` (those of a group), ``value``, ``chance`` (its mean over
        permutations) and ``p``. ``rand`` is `adjusted_rand`; ``nearest`` the share of tasks whose
        nearest other task is of their own group. p is the share of permutations of the groups'
        names that reach the value, the one observed counted among them.

    Raises
    ------
    InvalidTableError
        If fewer than three sources are of a group.
    """
    apart = pattern_distance(transfers)
    known, groups, shuffled = permuted_groups(list(apart.index), permutations, seed)
    rows = []
    nearest = nearest_columns(apart.loc[known, known].to_numpy())
    value = float((groups[nearest] == groups).mean())
    drawn = np.array([(each[nearest] == each).mean() for each in shuffled])
    rows.append({"measure": "nearest", "clusters": 0, **tested(value, drawn, len(known))})
    for count in counts:
        found = clusters(transfers, count).loc[known].to_numpy()
        value = adjusted_rand(found, groups)
        drawn = np.array([adjusted_rand(found, each) for each in shuffled])
        rows.append({"measure": "rand", "clusters": count, **tested(value, drawn, len(known))})
    return pd.DataFrame(rows)


def permuted_groups(
    names: Sequence[str], permutations: int, seed: int
) -> tuple[list[str], Integers, list[Integers]]:
    """Return the tasks that are of a group, the numbers of their groups, and permutations of these.

    Raises
    ------
    InvalidTableError
        If fewer than three tasks are of a group.
    """
    rng = np.random.default_rng(seed)
    known = [task for task in names if group_of(task)]
    if len(known) < 3:
        raise InvalidTableError(
            f"{len(known)} of the sources are tasks of the paper's groups, expected at least 3"
        )
    groups = pd.factorize(np.array([group_of(task) for task in known]))[0].astype(np.int64)
    return known, groups, [rng.permutation(groups) for _ in range(permutations)]


def tested(value: float, drawn: Floats, tasks: int) -> dict[str, float]:
    """Return ``tasks, value, chance, p`` of a value beside those of permutations."""
    reached = int((drawn >= value - 1e-12).sum())
    p = (1 + reached) / (1 + len(drawn))
    chance = float(drawn.mean()) if len(drawn) else np.nan
    return {"tasks": tasks, "value": value, "chance": chance, "p": p}


def adjusted_rand(first: ArrayLike, second: ArrayLike) -> float:
    """Return the adjusted Rand index of two partitions: their agreement, corrected for chance.

    With n_ij things in part i of the one and j of the other, and C(n) = n (n - 1) / 2::

        (sum C(n_ij) - E) / ((sum C(n_i.) + sum C(n_.j)) / 2 - E),
        E = sum C(n_i.) sum C(n_.j) / C(n)

    Parameters
    ----------
    first, second : (N,) arrays of names of parts

    Returns
    -------
    float
        At most 1, which says that they are the same; 0 is what chance gives on average.

    Source: Hubert & Arabie, *Comparing partitions*, J. Classification 1985.
    """
    one = np.unique(np.asarray(first), return_inverse=True)[1]
    other = np.unique(np.asarray(second), return_inverse=True)[1]
    width = int(other.max()) + 1
    both = _pairs(np.bincount(one * width + other))
    ones, others = _pairs(np.bincount(one)), _pairs(np.bincount(other))
    expected = ones * others / _pairs(np.array([len(one)]))
    most = (ones + others) / 2
    return 1.0 if most == expected else (both - expected) / (most - expected)


def _pairs(counts: Integers) -> float:
    return float((counts * (counts - 1)).sum() / 2)


def pattern_distance(transfers: Transfers) -> pd.DataFrame:
    """Return (S, S) Euclidean distances between the rows of transfers, which make the tree."""
    pattern = transfer_distance(transfers).drop(index=SELF, errors="ignore")
    filled = pattern.fillna(pattern.mean())
    names = list(filled.index)
    return pd.DataFrame(squareform(pdist(filled.to_numpy())), index=names, columns=names)


def neighbors(transfers: Transfers, *, counts: Sequence[int] = CLUSTERS) -> pd.DataFrame:
    """Return the nearest other source of every source.

    Returns
    -------
    DataFrame
        A row a source, sorted by group: ``task, group, nearest, nearest_group, distance`` and
        ``clusters_4`` … with the number of its cluster.
    """
    apart = pattern_distance(transfers)
    nearest = nearest_columns(apart.to_numpy())
    names = np.array(apart.index)
    frame = pd.DataFrame(
        {
            "task": names,
            "group": [group_of(name) for name in names],
            "nearest": names[nearest],
            "nearest_group": [group_of(name) for name in names[nearest]],
            "distance": apart.to_numpy()[np.arange(len(names)), nearest],
        }
    )
    for count in counts:
        frame[f"clusters_{count}"] = clusters(transfers, count).loc[names].to_numpy()
    last = {group: place for place, group in enumerate([*GROUPS, ""])}
    order = frame["group"].map(last)
    return frame.assign(order=order).sort_values(["order", "task"]).drop(columns="order")


def nearest_columns(apart: Floats) -> Integers:
    """Return the (S,) column of the smallest distance in each row, the diagonal aside."""
    others = apart + np.diag(np.full(len(apart), np.inf))
    nearest: Integers = others.argmin(axis=1).astype(np.int64)
    return nearest
