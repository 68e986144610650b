"""Coarse affinities, such as grades from 1 to 3: many sets of sources are equally good."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

import taskgraph as tg
from taskgraph.solver import incumbent, search
from tests.taskgraph.solver.oracle import best_by_exhaustion


def graded(tasks, per_target, grades, seed, order=3):
    """A table in which affinities are whole numbers from 1 to ``grades``; ``self`` has the best."""
    random, names = np.random.default_rng(seed), [f"t{number:02d}" for number in range(tasks)]
    rows = []
    for target in names:
        others = [name for name in names if name != target]
        drawn = {
            tuple(sorted(random.choice(others, int(random.integers(1, order + 1)), replace=False)))
            for _ in range(per_target)
        }
        rows.append((target, "self", float(grades)))
        rows += [
            (target, "+".join(s), float(random.integers(1, grades + 1))) for s in sorted(drawn)
        ]
    return tg.Transfers(pd.DataFrame(rows, columns=["target", "sources", "affinity"]))


def by_exhaustion(table, problem):
    rows = [
        {**row, "sources": tuple(row["sources"].split("+"))}
        for row in table.frame.to_dict("records")
    ]
    return best_by_exhaustion(rows, problem)


@pytest.mark.parametrize("most", [0, 1, 100])
@pytest.mark.parametrize("path", ["halves", "branching", "model"])
def test_the_first_of_ties_is_found_where_further_ones_are_skipped(path, most, monkeypatch):
    """Each search, with ties skipped after the first, after the second, and after all."""
    whole = search.solve_root
    monkeypatch.setattr(incumbent, "MOST_TIED", most)
    monkeypatch.setattr(
        search, "solve_root", lambda *one, listed, many: whole(*one, listed=False, many=many)
    )
    if path != "halves":
        monkeypatch.setattr(search, "can_halve", lambda program: False)
    limits = search.EdgeLimits(branch=0 if path == "branching" else 600)
    monkeypatch.setattr(search, "EdgeLimits", lambda: limits)
    for seed in range(12):
        random = np.random.default_rng([seed, 7])
        table = graded(int(random.integers(4, 8)), 5, int(random.integers(1, 4)), seed)
        costs = {t: float(random.choice([0.5, 1.0, 2.0])) for t in table.tasks} if seed % 2 else {}
        budget = float(random.integers(1, len(table.tasks)))
        problem = tg.Problem(budget=budget, label_cost=costs, objective="linear")
        found, wanted = tg.solve(table, problem), by_exhaustion(table, problem)
        if wanted is None:
            assert found.status == "infeasible"
        else:
            assert found.status == "optimal"
            assert found.objective_value == pytest.approx(wanted[0])
            assert found.supervised == wanted[1]


def test_a_table_of_two_grades_is_solved_at_once_and_has_the_fewest_sources():
    """25 tasks: thousands of sets solve all targets with the best grade.

    Oracle: no set of four sources does, by trying all of them; and the budget does not matter.
    """
    table = graded(25, 24, 2, seed=0)
    found = [tg.solve(table, budget=budget, objective="linear") for budget in (5, 8, 12)]
    assert [each.status for each in found] == ["optimal"] * 3
    assert [each.objective_value for each in found] == [50.0] * 3
    assert {each.supervised for each in found} == {found[0].supervised}
    assert len(found[0].supervised) == 5
    grade = table.frame["affinity"] == 2.0
    solving = [
        [frozenset(names.split("+")) for names in own[grade[own.index]]]
        for _, own in table.frame.groupby("target")["sources"]
    ]
    for four in combinations(table.tasks, 4):
        held = set(four)
        assert not all(
            target in held or any(each <= held for each in sets)
            for target, sets in zip(table.targets, solving, strict=True)
        )


def test_a_value_that_equals_its_bound_is_optimal_even_if_time_is_up():
    """The order of ties is what time was lacking for."""
    table = graded(25, 24, 2, seed=0)
    found = tg.solve(table, budget=8, objective="linear", time_limit=0.3)
    assert (found.status, found.objective_value, found.gap) == ("optimal", 50.0, 0.0)


def test_the_search_for_the_first_tie_has_a_limit_of_its_own(monkeypatch):
    monkeypatch.setattr(search, "TIES_SECONDS", 0.0)
    found = tg.solve(graded(25, 24, 2, seed=0), budget=8, objective="linear")
    assert (found.status, found.objective_value, found.gap) == ("optimal", 50.0, 0.0)
    assert found.spent <= 8
