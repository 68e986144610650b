"""Gains of networks estimated from pairs of tasks, for networks that nobody has trained."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np

from taskgraph.arrays import Floats
from taskgraph.errors import InvalidTableError
from taskgraph.grouping.networks import Networks
from taskgraph.tasks import join_sources

MOST_NETWORKS = 20_000
"""Largest number of groups that are made from a matrix of pairs."""

ESTIMATED = (
    "gains are estimates: the mean of the affinities of a task and each other task of its network; "
    "no network was trained for them"
)


def networks_from_affinities(
    tasks: tuple[str, ...],
    affinity: Floats,
    *,
    cost: float = 1.0,
    largest: int | None = None,
    single_gain: float | None = None,
) -> Networks:
    """Return every group of tasks as a network whose gains are means over its pairs.

    The gain of task a in the group G is sum_{b in G, b != a} affinity_{a,b} / (|G| - 1) (Fifty et
    al., "Efficiently identifying task groupings for multi-task learning", NeurIPS 2021, and its
    published network selection). Pairs say nothing about a network for one task alone, so these are
    left out by default.

    Parameters
    ----------
    tasks : T names
    affinity : (T, T) floats
        ``affinity[a, b]`` is what task a gains from being trained together with b; larger is
        better. The diagonal is not used.
    cost : float
        Cost of every network.
    largest : int, optional
        Largest number of tasks of one network; by default T.
    single_gain : float, optional
        If given, each single task is a network as well, with this gain.

    Raises
    ------
    InvalidTableError
        If there are fewer than two tasks, or more than `MOST_NETWORKS` groups.
    """
    count = len(tasks)
    if count < 2:
        raise InvalidTableError("a matrix of affinities needs at least two tasks")
    most = min(largest or count, count)
    sizes = range(1 if single_gain is not None else 2, most + 1)
    number = sum(comb(count, size) for size in sizes)
    if number > MOST_NETWORKS:
        raise InvalidTableError(
            f"{count} tasks have {number} groups of at most {most} tasks, expected at most "
            f"{MOST_NETWORKS} groups; give a smaller --largest-group"
        )
    groups = [group for size in sizes for group in combinations(range(count), size)]
    if not groups:
        raise InvalidTableError(
            f"--largest-group {most} leaves no group of several tasks; raise it, or give "
            "--single-gain"
        )
    values = np.full((len(groups), count), np.nan)
    for row, group in enumerate(groups):
        for task in group:
            others = [other for other in group if other != task]
            pairs = affinity[task, others]
            values[row, task] = pairs.mean() if others else single_gain
    names = tuple(join_sources(tasks[task] for task in group) for group in groups)
    return Networks(
        names, tasks, values, np.full(len(groups), cost), "gain", True, estimate=ESTIMATED
    )
