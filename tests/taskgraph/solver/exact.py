"""The program in rational arithmetic, by trying every set; and instances with odd costs.

Costs are integers in units of 10 ** -20, so that no rounding is anywhere. This shares no code with
the solver.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

import pandas as pd

import taskgraph as tg
from taskgraph.errors import InvalidProblemError
from tests.taskgraph.solver.oracle import FUNCTIONS

UNIT = Fraction(1, 10**20)


@dataclass
class Instance:
    """Rows of a table, the problem as `tg.solve` takes it, and its costs as exact fractions."""

    rows: list
    problem: tg.Problem
    label: dict
    transfer: dict
    budget: Fraction

    @property
    def table(self):
        frame = pd.DataFrame(self.rows)
        return tg.Transfers(frame.assign(sources=frame["sources"].map("+".join)))


def every_set(instance):
    """(value, cost, supervised) of the best solution that each affordable set allows."""
    problem, rows = instance.problem, instance.rows
    tasks = {r["target"] for r in rows} | {n for r in rows for n in r["sources"]} - {"self"}
    sources = sorted(tasks - {*problem.exclude, *problem.target_only})
    targets = sorted({r["target"] for r in rows} - {*problem.exclude, *problem.source_only})
    for size in range(len(sources) + 1):
        for supervised in combinations(sources, size):
            if set(problem.require) <= set(supervised):
                found = _best(instance, set(supervised), targets)
                if found is not None:
                    yield *found, supervised


def _best(instance, supervised, targets):
    """Best value and its cost with this set, over all affordable ways to solve the targets."""
    start = sum((instance.label.get(s, Fraction(1)) for s in supervised), Fraction(0))
    front = [(start, 0.0)]  # (cost, value), none dominated
    for target in targets:
        ways = list(_ways(instance, supervised, target))
        front = [(c + cost, v + value) for c, v in front for value, cost in ways]
        front = [(c, v) for c, v in front if c <= instance.budget]
        front = _undominated(front)
    return None if not front else (front[-1][1], front[-1][0])


def _undominated(front):
    kept = []
    for cost, value in sorted(front, key=lambda pair: (pair[0], -pair[1])):
        if not kept or value > kept[-1][1]:
            kept.append((cost, value))
    return kept


def _ways(instance, supervised, target):
    problem = instance.problem
    weigh, importance = FUNCTIONS[problem.objective], problem.importance.get(target, 1.0)
    mine = [row for row in instance.rows if row["target"] == target]
    own = [row for row in mine if row["sources"] == ("self",)]
    solved = bool(own) and target in supervised
    if solved:
        yield importance * weigh(own[0]), Fraction(0)
    if not solved or problem.supervised_may_transfer:
        usable = [
            importance * weigh(row)
            for row in mine
            if row["sources"] != ("self",)
            and len(row["sources"]) <= problem.max_order
            and set(row["sources"]) <= supervised
        ]
        if usable:
            yield max(usable), instance.transfer.get(target, Fraction(0))


def _same(unit):
    return lambda random: lambda: unit


def _one_scale(random):
    unit = Fraction(10) ** int(random.integers(-9, 10))
    return lambda: unit


SCALES = {
    "twentieths": _same(Fraction(1)),
    "tiny": _same(Fraction(1, 10**9)),
    "huge": _same(Fraction(10**9)),
    "one scale": _one_scale,
    "mixed": lambda random: lambda: Fraction(10) ** int(random.integers(-9, 10)),
    "two scales": lambda random: lambda: Fraction(10) ** int(random.choice([-6, 6])),
}


def random_instance(random, scale):
    """A table of at most seven tasks, with costs in twentieths of units of the scale's sizes."""
    names = [f"t{i}" for i in range(int(random.integers(2, 8)))]
    rows = _rows(random, names)
    unit = SCALES[scale](random)
    label = {n: _twentieths(random, 20) * unit() for n in names if random.random() < 0.8}
    paid = random.random() < 0.4
    transfer = {
        n: _twentieths(random, 10) * unit() for n in names if paid and random.random() < 0.5
    }
    if random.random() < 0.5:  # a tight budget: what some set and its transfers cost
        part = [label.get(n, Fraction(1)) for n in names if random.random() < 0.5]
        part += [transfer.get(n, Fraction(0)) for n in names if random.random() < 0.3]
        budget = sum(part, Fraction(0))
    else:
        budget = _twentieths(random, 40) * unit()
    roles = {n: random.choice(["target"] * 6 + ["source", "target-only", "out"]) for n in names}
    free = [n for n in names if roles[n] in ("target", "source")]
    require = [str(random.choice(free))] if free and random.random() < 0.1 else []
    importance = {}
    if random.random() < 0.4:
        importance = {n: float(random.choice([0.0, 0.5, 2.0, 1e-9, 1e9])) for n in names[:2]}
    problem = tg.Problem(
        budget=float(budget),
        max_order=int(random.integers(1, 4)),
        objective=str(random.choice(sorted(tg.OBJECTIVES))),
        source_only=tuple(n for n in names if roles[n] == "source"),
        target_only=tuple(n for n in names if roles[n] == "target-only"),
        exclude=tuple(n for n in names if roles[n] == "out"),
        require=tuple(require),
        importance=importance,
        label_cost={n: float(c) for n, c in label.items()},
        transfer_cost={n: float(c) for n, c in transfer.items()},
        supervised_may_transfer=bool(random.random() < 0.4),
    )
    return Instance(rows, problem, label, transfer, budget)


def _twentieths(random, most):
    return Fraction(int(random.integers(0, most + 1)), 20)


def _rows(random, names):
    size = 10.0 ** (random.integers(-9, 1) if random.random() < 0.2 else 0)
    rows = []
    for target in names:
        others = [n for n in names if n != target]
        sets = [s for k in range(1, 4) for s in combinations(others, k)]
        count = min(len(sets), int(random.integers(0, 7)))
        chosen = [sets[i] for i in random.choice(len(sets), count, replace=False)]
        own = [("self",)] if random.random() < 0.7 else []
        rows += [
            {"sources": s, "target": target, "affinity": size * random.random()}
            | {name: random.random() for name in ("gain", "quality", "closed")}
            for s in [*own, *chosen]
        ]
    return rows


def is_ambiguous(instance):
    """Return whether floats do not hold the costs, or one has so many digits that it counts as
    computed: the budget is then raised by 1e-12 of itself (`taskgraph.problem.costs`).
    """
    numbers = [instance.budget, *instance.label.values(), *instance.transfer.values()]
    written = [repr(float(number)) for number in numbers]
    if any(Fraction(text) != number for text, number in zip(written, numbers, strict=True)):
        return True
    digits = [re.sub(r"e.*|\D", "", text).strip("0") for text in written]
    return any(len(each) > 15 for each in digits)


def wrong(instance):
    """Return what is wrong with the answer of `tg.solve`; None if it is the optimum."""
    try:
        found = tg.solve(instance.table, instance.problem)
    except InvalidProblemError:
        return None
    every = list(every_set(instance))
    if not every:
        return None if found.status == "infeasible" else f"{found.status}, and there is no solution"
    best = max(value for value, *_ in every)
    near = 1e-8 * max(abs(best), _largest(instance))
    if found.status != "optimal":
        return f"{found.status} ({found.reason}), and the optimum is {best}"
    if abs(found.objective - best) > near or abs(found.bound - best) > near:
        return f"objective {found.objective}, bound {found.bound}, and the optimum is {best}"
    ties = [each for each in every if each[0] >= best - near]
    mine = [each for each in ties if each[2] == found.supervised]
    if not mine:
        return f"{found.supervised} is not affordable, or not optimal"
    if len(found.supervised) > min(len(each[2]) for each in ties if each[0] >= best - near / 100):
        return f"{found.supervised} is not the smallest optimal set"
    return None


def _largest(instance):
    """The largest worth of one target."""
    weigh, problem = FUNCTIONS[instance.problem.objective], instance.problem
    skipped = {*problem.exclude, *problem.source_only}
    rows = [row for row in instance.rows if row["target"] not in skipped]
    return max(abs(weigh(row)) * problem.importance.get(row["target"], 1.0) for row in rows)
