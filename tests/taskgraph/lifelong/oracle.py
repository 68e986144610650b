"""Extensions and doubts by trying everything, from their definitions in words."""

from fractions import Fraction
from itertools import combinations, product

from tests.taskgraph.solver.oracle import FUNCTIONS


def best_extension(instance, earlier, budget):
    """Value of the best taxonomy that keeps what was paid; None if there is none.

    ``earlier`` maps its targets to sources and has its supervised tasks under None. ``budget`` is
    an exact fraction and counts from now on.
    """
    problem = instance.problem
    before, paid = dict(earlier), set(earlier[None])
    tasks = {row["target"] for row in instance.rows}
    tasks |= {name for row in instance.rows for name in row["sources"]} - {"self"}
    sources = sorted(tasks - {*problem.exclude, *problem.target_only})
    targets = sorted(
        {row["target"] for row in instance.rows} - {*problem.exclude, *problem.source_only}
    )
    best = None
    for size in range(len(sources) + 1):
        for supervised in combinations(sources, size):
            if not paid | set(problem.require) <= set(supervised):
                continue
            labels = sum(
                (instance.label.get(s, Fraction(1)) for s in supervised if s not in paid),
                Fraction(0),
            )
            front = [(labels, 0.0)]
            for target in targets:
                ways = list(_ways(instance, set(supervised), target, before))
                front = [(c + cost, v + value) for c, v in front for value, cost in ways]
                front = _undominated([(c, v) for c, v in front if c <= budget])
            if front and (best is None or front[-1][1] > best):
                best = front[-1][1]
    return best


def _ways(instance, supervised, target, before):
    """(value, cost) of each way to solve a target; what the earlier taxonomy chose is free."""
    problem = instance.problem
    weigh, importance = FUNCTIONS[problem.objective], problem.importance.get(target, 1.0)
    mine = [row for row in instance.rows if row["target"] == target]
    owned = any(row["sources"] == ("self",) for row in mine) and target in supervised
    for row in mine:
        value = importance * weigh(row)
        if row["sources"] == ("self",):
            if owned:
                yield value, Fraction(0)
        elif (
            (not owned or problem.supervised_may_transfer)
            and len(row["sources"]) <= problem.max_order
            and set(row["sources"]) <= supervised
        ):
            kept = before.get(target) == row["sources"]
            yield value, Fraction(0) if kept else instance.transfer.get(target, Fraction(0))


def _undominated(front):
    kept = []
    for cost, value in sorted(front, key=lambda pair: (pair[0], -pair[1])):
        if not kept or value > kept[-1][1]:
            kept.append((cost, value))
    return kept


def every_taxonomy(rows, problem):
    """Every feasible taxonomy as a tuple of the rows that solve the targets, with unit costs."""
    tasks = {row["target"] for row in rows}
    tasks |= {name for row in rows for name in row["sources"]} - {"self"}
    targets = sorted({row["target"] for row in rows})
    for size in range(int(problem.budget) + 1):
        for supervised in combinations(sorted(tasks), size):
            yield from product(*(_options(rows, problem, set(supervised), t) for t in targets))


def _options(rows, problem, supervised, target):
    """Numbers of the rows by which a target can be solved."""
    mine = [(k, row) for k, row in enumerate(rows) if row["target"] == target]
    own = [k for k, row in mine if row["sources"] == ("self",)]
    if own and target in supervised:
        return own
    return [
        k
        for k, row in mine
        if row["sources"] != ("self",)
        and len(row["sources"]) <= problem.max_order
        and set(row["sources"]) <= supervised
    ]
