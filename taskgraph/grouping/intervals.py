"""Bootstrap intervals of a chosen grouping's value, and its value by a second table."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import Unpack

import numpy as np
import pandas as pd

from taskgraph.errors import InvalidProblemError, UnknownTaskError
from taskgraph.grouping.choice import Grouping
from taskgraph.grouping.networks import Networks
from taskgraph.grouping.settings import GroupingFields, GroupingProblem
from taskgraph.grouping.solve import solve_groups
from taskgraph.progress import Progress, no_progress, with_progress

LEVELS = (2.5, 97.5)
"""Percentiles of the resamples that are the ends of a 95 % interval."""


def with_intervals(
    grouping: Grouping, networks: Networks, *, count: int = 1000, seed: int = 0
) -> Grouping:
    """Return a grouping with 95 % bootstrap intervals of its values and of its objective.

    The choice of networks stays the same. Images, or clusters of images, are drawn with replacement
    and are the same for all networks and tasks; an interval ends at the 2.5th and 97.5th percentile
    of the resampled means (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13).
    The networks were chosen on the same images, so the value of the choice is a little optimistic.

    Parameters
    ----------
    networks : Networks
        The table of the choice, with losses image by image.
    count : int
        Number of resamples, at least 1.

    Raises
    ------
    InvalidProblemError
        If the table has no losses image by image, or ``count`` is below 1.
    """
    if networks.images is None:
        raise InvalidProblemError(
            "the table has one value for each network and task, so no images can be resampled; "
            "leave --bootstrap out, or give a table with the column image"
        )
    if count < 1:
        raise InvalidProblemError(f"there are {count} resamples, expected at least 1")
    if not grouping.solved:
        return grouping
    pairs = [(served.network, served.task) for served in grouping.served]
    means = networks.images.resampled_means(pairs, count=count, seed=seed)  # count, tasks
    weight = np.array([grouping.importance.get(served.task, 1.0) for served in grouping.served])
    ends = np.nanpercentile(means, LEVELS, axis=0)
    total = np.nanpercentile(means @ weight, LEVELS)
    served = tuple(
        replace(each, low=float(low), high=float(high))
        for each, low, high in zip(grouping.served, *ends, strict=True)
    )
    return replace(grouping, served=served, low=float(total[0]), high=float(total[1]))


def with_scores(grouping: Grouping, other: Networks) -> Grouping:
    """Return a grouping with its values in another table, such as that of test images.

    The choice of networks, and which network serves which task, stay the same.

    Raises
    ------
    UnknownTaskError
        If the other table lacks a chosen network, or its value on a task that it serves.
    """
    scored = []
    for served in grouping.served:
        name = other.network_name(served.network, where="--score-on")
        known = served.task in other.tasks
        value = other.value(name, served.task) if known else math.nan
        if math.isnan(value):
            raise UnknownTaskError(
                f'--score-on: the table has no value of the network "{name}" on the task '
                f'"{served.task}", which it is chosen for'
            )
        scored.append(replace(served, scored=value))
    if not scored:
        return grouping
    total = math.fsum(grouping.importance.get(s.task, 1.0) * (s.scored or 0.0) for s in scored)
    return replace(grouping, served=tuple(scored), scored=total)


@dataclass(frozen=True, eq=False)
class GroupingStability:
    """Share of bootstrap resamples of the images in which each network is bought.

    Attributes
    ----------
    shares : DataFrame
        ``network`` and ``share``, the fraction in [0, 1] of resamples whose optimum buys it.
        Sorted by ``share``, largest first; networks that are never bought are left out.
    resamples : int
        Number of resamples.
    same : float
        Fraction of them whose optimum buys exactly the networks of the grouping.
    """

    shares: pd.DataFrame
    resamples: int
    same: float


def grouping_stability(
    grouping: Grouping,
    networks: Networks,
    problem: GroupingProblem | None = None,
    *,
    count: int = 100,
    seed: int = 0,
    progress: Progress = no_progress,
    **fields: Unpack[GroupingFields],
) -> GroupingStability:
    """Resample the images, solve again, and return how often each network is bought.

    Parameters and errors are those of `with_intervals` and `solve_groups`.
    """
    if networks.images is None:
        with_intervals(grouping, networks, count=count)
    assert networks.images is not None
    trained = np.argwhere(~np.isnan(networks.values)).tolist()
    pairs = [(networks.names[n], networks.tasks[t]) for n, t in trained]
    means = networks.images.resampled_means(pairs, count=count, seed=seed)
    bought, best, same = Counter[str](), {network.name for network in grouping.networks}, 0
    for row in with_progress(list(means), progress):
        values = np.full_like(networks.values, np.nan)
        cells = tuple(np.array(trained).T)
        values[cells] = np.where(np.isnan(row), networks.values[cells], row)
        again = solve_groups(replace(networks, values=values), problem, **fields)
        names = {network.name for network in again.networks}
        bought.update(names)
        same += names == best
    rows = [(name, number / count) for name, number in bought.items()]
    rows.sort(key=lambda row: (-row[1], row[0]))
    return GroupingStability(pd.DataFrame(rows, columns=["network", "share"]), count, same / count)
