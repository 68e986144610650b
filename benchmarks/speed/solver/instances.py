"""Generators of tables of transfers that resemble measured ones, or are hard to solve."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from itertools import combinations

import numpy as np
import pandas as pd

from taskgraph.arrays import Booleans, Floats, Integers
from taskgraph.tasks import SELF, join_sources
from taskgraph.transfers import Transfers

Sets = list[tuple[int, ...]]
Drawn = tuple[Sets, Floats, float]
"""Source sets of one target, their affinities before scaling, and that of ``self``."""

HUBS = 0.1
PULL = 1.5


def latent(tasks: int, per_target: int, seed: int) -> Transfers:
    """Return a table in which tasks are points; sources help near targets, and hubs help all.

    A quarter of a target's transfers come from its (noisily) strongest single sources, the others
    from sets of 2 to 4 of them. A set is as good as its best member, times a lognormal factor
    (mu 0.06 log2(order), sigma 0.12). ``self`` is the strongest, and the affinities of a target sum
    to one.
    """
    random = np.random.default_rng(seed)
    points = random.normal(size=(tasks, 5))
    distance = ((points[:, None] - points[None]) ** 2).sum(axis=2) / 10
    hub = random.random(tasks) < HUBS
    hub[random.choice(tasks, 4, replace=False)] = True
    noise = 0.25 * random.normal(size=(tasks, tasks))
    first = np.exp(-distance + noise + 0.5 * hub[:, None])  # source, target
    return _table(tasks, partial(_latent_target, random, first, hub, per_target))


def _latent_target(
    random: np.random.Generator, first: Floats, hub: Booleans, per_target: int, target: int
) -> Drawn:
    """Draw the transfers to one target, from the (S, T) affinities of single sources."""
    tasks = len(first)
    strength = first[:, target] * np.where(hub, PULL, 1.0)
    strength[target] = 0.0
    noisy = strength * random.lognormal(0, 0.8, tasks)
    singles = np.argsort(-noisy)[: min(per_target // 4, tasks - 1)]
    sets = _with_sets(random, singles, strength / strength.sum(), per_target)
    order = np.array([len(s) for s in sets])
    best = np.array([first[list(s), target].max() for s in sets])
    factor = random.lognormal(0.06 * np.log2(order), 0.12)
    score = best * np.where(order > 1, factor, 1.0)
    return sets, score, score.max() * random.uniform(1.1, 3.0)


def flat(tasks: int, per_target: int, seed: int) -> Transfers:
    """Return a table of random transfers whose affinities are nearly equal.

    Of a target's transfers 60 % come from random single sources, the others from random sets of
    2 to 4. The difficulty is to solve every target within a small budget.
    """
    return _table(tasks, partial(_flat_target, np.random.default_rng(seed), tasks, per_target))


def _flat_target(random: np.random.Generator, tasks: int, per_target: int, target: int) -> Drawn:
    """Draw the transfers to one target, from sources that are all equally likely."""
    weight = np.ones(tasks)
    weight[target] = 0.0
    weight /= weight.sum()
    count = min(round(0.6 * per_target), tasks - 1)
    singles = random.choice(tasks, count, replace=False, p=weight)
    sets = _with_sets(random, singles, weight, per_target)
    order = np.array([len(s) for s in sets])
    score = random.lognormal(0.06 * np.log2(order), 0.12)
    return sets, score, score.max() * random.uniform(1.1, 1.5)


def _with_sets(random: np.random.Generator, singles: Integers, weight: Floats, count: int) -> Sets:
    """Add random sets of 2 to 4 sources to the single ones, until there are ``count`` of them."""
    found: set[tuple[int, ...]] = {(int(s),) for s in singles}
    while len(found) < count:
        members = random.choice(len(weight), int(random.integers(2, 5)), replace=False, p=weight)
        found.add(tuple(sorted(members.tolist())))
    return sorted(found)


def gains(tasks: int, per_target: int, seed: int) -> Transfers:
    """Return a table of gains of random groups of tasks that were trained together.

    Groups are all pairs of tasks, and random sets of any size until each task is in at least
    ``per_target`` groups. For a task of a group, the others of it are a transfer. Its affinity is
    the sum of what each source helps the target, the strongest first, the k-th one times
    0.6 ** (k - 1) (diminishing returns), times exp(-0.02 order), times a lognormal factor (sigma
    0.25). How much a source helps falls with the distance of the two tasks, as random points in 5
    dimensions, times a lognormal factor (sigma 0.5). ``self`` is 1.1 to 2 times the strongest.
    """
    random = np.random.default_rng(seed)
    points = random.normal(size=(tasks, 5))
    distance = ((points[:, None] - points[None]) ** 2).sum(axis=2) / 10
    helps = np.exp(-distance) * random.lognormal(0, 0.5, (tasks, tasks))  # source, target
    groups: set[tuple[int, ...]] = set(combinations(range(tasks), 2))
    while min(np.bincount([t for group in groups for t in group])) < per_target:
        for _ in range(per_target // 10 + 1):
            size = int(random.integers(3, tasks + 1))
            groups.add(tuple(sorted(random.choice(tasks, size, replace=False).tolist())))
    ordered = sorted(groups)
    noise = random.lognormal(0, 0.25, (len(ordered), tasks))
    own = random.uniform(1.1, 2.0, tasks)
    return _table(tasks, lambda target: _gains_of(target, helps[:, target], ordered, noise, own))


def _gains_of(target: int, helps: Floats, groups: Sets, noise: Floats, own: Floats) -> Drawn:
    """Return the transfers to one target from what each source helps it, (S,)."""
    mine = [number for number, group in enumerate(groups) if target in group]
    sets = [tuple(task for task in groups[number] if task != target) for number in mine]
    score = np.zeros(len(sets))
    for place, (number, members) in enumerate(zip(mine, sets, strict=True)):
        strongest = np.sort(helps[list(members)])[::-1]
        worth = float(strongest @ 0.6 ** np.arange(len(members)))
        score[place] = worth * math.exp(-0.02 * len(members)) * noise[number, target]
    return sets, score, float(score.max() * own[target])


def graded(tasks: int, per_target: int, seed: int) -> Transfers:
    """Return a table of grades, as a person would give them: many sets are equally good.

    A target has transfers from random sets of 1 or 2 sources, each with the grade 1 or 2. ``self``
    has the grade 2. The affinities of a target sum to one.
    """
    random = np.random.default_rng(seed)

    def draw(target: int) -> Drawn:
        others = np.delete(np.arange(tasks), target)
        sets: set[tuple[int, ...]] = set()
        while len(sets) < per_target:
            members = random.choice(others, int(random.integers(1, 3)), replace=False)
            sets.add(tuple(sorted(members.tolist())))
        return sorted(sets), random.integers(1, 3, size=per_target).astype(float), 2.0

    return _table(tasks, draw)


def _table(tasks: int, draw: Callable[[int], Drawn]) -> Transfers:
    """Return the table of all targets; the affinities of each are scaled to sum to one."""
    names = [f"t{task:03d}" for task in range(tasks)]
    frames = []
    for target, name in enumerate(names):
        sets, score, own = draw(target)
        total = score.sum() + own
        sources = [SELF, *(join_sources(names[s] for s in members) for members in sets)]
        affinity = np.append(own, score) / total
        frames.append(pd.DataFrame({"sources": sources, "target": name, "affinity": affinity}))
    return Transfers(pd.concat(frames, ignore_index=True))


FAMILIES: dict[str, Callable[[int, int, int], Transfers]] = {
    "latent": latent,
    "flat": flat,
    "gains": gains,
    "graded": graded,
}
"""Generators by name: tasks, transfers a target, seed."""
