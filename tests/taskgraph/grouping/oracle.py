"""Task grouping solved by trying every set of networks, and greedily; it shares no solver code."""

from fractions import Fraction
from itertools import combinations

import numpy as np

from taskgraph.grouping.networks import Networks


def exact(cost):
    """A cost as the decimal number that is written."""
    return Fraction(repr(float(cost)))


def sign_of(networks):
    """1 where larger values are better, else -1."""
    return 1.0 if networks.higher_is_better else -1.0


def value_of(networks, chosen, *, tasks=None, importance=None):
    """Objective of a set of networks (indices); None if a task has none of them."""
    total, sign = 0.0, sign_of(networks)
    for task in tasks or networks.tasks:
        column = networks.values[list(chosen), networks.tasks.index(task)] if chosen else []
        known = [value for value in column if value == value]
        if not known:
            return None
        weight = (importance or {}).get(task, 1.0)
        total += weight * sign * max(sign * value for value in known)
    return total


def overlaps(networks, chosen, tasks=None):
    """Return whether two of these networks were trained on the same task."""
    columns = [networks.tasks.index(task) for task in tasks or networks.tasks]
    trained = ~np.isnan(networks.values[np.ix_(list(chosen), columns)])
    return bool((trained.sum(axis=0) > 1).any())


def affordable_sets(networks, budget, *, exclude=(), require=(), disjoint=False, tasks=None):
    """Every allowed set within the budget, the smaller ones first, then by name."""
    limit = exact(budget)
    allowed = [k for k, name in enumerate(networks.names) if name not in exclude]
    for size in range(len(allowed) + 1):
        for chosen in combinations(allowed, size):
            names = {networks.names[k] for k in chosen}
            cost = sum((exact(networks.cost[k]) for k in chosen), Fraction(0))
            if cost > limit or not set(require) <= names:
                continue
            if not (disjoint and chosen and overlaps(networks, chosen, tasks)):
                yield chosen


def best_by_exhaustion(networks, budget, *, importance=None, tasks=None, **limits):
    """Value and names of the optimum, the first in the order of ties; None without a solution."""
    best, sign = None, sign_of(networks)
    for chosen in affordable_sets(networks, budget, tasks=tasks, **limits):
        value = value_of(networks, chosen, tasks=tasks, importance=importance)
        if value is not None and (best is None or sign * value > sign * best[0] + 1e-9):
            best = (value, tuple(networks.names[k] for k in chosen))
    return best


def least_budget(networks, **limits):
    """The least cost of an allowed set that solves every task; None if there is none."""
    tasks = limits.get("tasks")
    costs = [
        sum((exact(networks.cost[k]) for k in chosen), Fraction(0))
        for chosen in affordable_sets(networks, 1e9, **limits)
        if value_of(networks, chosen, tasks=tasks) is not None
    ]
    return min(costs, default=None)


def greedy_value(networks, budget):
    """Objective of buying, each time, what raises the objective most; None if a task is left."""
    chosen, sign, left = [], sign_of(networks), exact(budget)
    worst = 1.0 + 10 * float(np.nansum(np.abs(networks.values)))

    def worth(indices):
        total = 0.0
        for column in range(len(networks.tasks)):
            known = [v for v in networks.values[indices, column] if v == v] if indices else []
            total += max((sign * v for v in known), default=-worst)
        return total

    while True:
        fitting = [
            k
            for k in range(len(networks.names))
            if k not in chosen and exact(networks.cost[k]) <= left
        ]
        best = max(fitting, key=lambda k: worth([*chosen, k]), default=None)
        if best is None or worth([*chosen, best]) <= worth(chosen):
            return value_of(networks, chosen)
        chosen.append(best)
        left -= exact(networks.cost[best])


def relabeled(networks, names, tasks):
    """The same table with other names of networks and tasks."""
    return Networks(
        tuple(names[name] for name in networks.names),
        tuple(tasks[task] for task in networks.tasks),
        networks.values,
        networks.cost,
        networks.measure,
        networks.higher_is_better,
    )
