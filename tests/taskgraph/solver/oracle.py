"""The program solved by trying everything, in plain Python, from its definition in words."""

from itertools import product

import numpy as np

FUNCTIONS = {
    "sqrt": lambda row: row["affinity"] ** 0.5,
    "linear": lambda row: row["affinity"],
    "log": lambda row: float(np.log(max(row["affinity"], 1e-5))),
    "gain": lambda row: row["gain"],
    "quality": lambda row: row["quality"],
    "closed": lambda row: row["closed"],
}


def subsets(names):
    """Return all subsets of a sequence, the smaller ones first, then by name."""
    masks = product([False, True], repeat=len(names))
    sets = [tuple(n for n, take in zip(names, mask, strict=True) if take) for mask in masks]
    return sorted(sets, key=lambda s: (len(s), s))


def best_by_exhaustion(rows, problem):
    """Value and supervised set of the optimum (first in the order of ties), or None.

    ``rows`` are dictionaries with ``sources`` (a tuple), ``target``, ``affinity`` and win rates.
    """
    best = None
    for supervised in subsets(sources_of(rows, problem)):
        if not set(problem.require) <= set(supervised):
            continue
        value = value_of(supervised, rows, problem)
        if value is not None and (best is None or value > best[0] + 1e-9):
            best = (value, supervised)
    return best


def sources_of(rows, problem):
    tasks = {row["target"] for row in rows}
    tasks |= {name for row in rows for name in row["sources"]} - {"self"}
    return sorted(tasks - set(problem.exclude) - set(problem.target_only))


def targets_of(rows, problem):
    targets = {row["target"] for row in rows}
    return sorted(targets - set(problem.exclude) - set(problem.source_only))


def value_of(supervised, rows, problem):
    """Best value with exactly these supervised tasks; None if infeasible."""
    options = [
        list(_ways(target, supervised, rows, problem)) for target in targets_of(rows, problem)
    ]
    labels = sum(problem.label_cost.get(s, 1.0) for s in supervised)
    best = None
    for way in product(*options):
        cost = labels + sum(c for _, c in way)
        value = sum(v for v, _ in way)
        if cost <= problem.budget + 1e-9 and (best is None or value > best):
            best = value
    return best


def _ways(target, supervised, rows, problem):
    """(value, cost) of each way to solve a target; of the transfers only the best can matter."""
    weigh = FUNCTIONS[problem.objective]
    importance = problem.importance.get(target, 1.0)
    mine = [row for row in rows if row["target"] == target]
    own = next((row for row in mine if row["sources"] == ("self",)), None)
    solved_by_own = own is not None and target in supervised
    if solved_by_own:
        yield importance * weigh(own), 0.0
    if not solved_by_own or problem.supervised_may_transfer:
        worths = [
            importance * weigh(row)
            for row in mine
            if row["sources"] != ("self",)
            and len(row["sources"]) <= problem.max_order
            and set(row["sources"]) <= set(supervised)
        ]
        if worths:
            yield max(worths), problem.transfer_cost.get(target, 0.0)
