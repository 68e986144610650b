"""Programs at the edge: no budget, one source, free labels, ties everywhere, costs of all sizes."""

import re
from fractions import Fraction
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

import taskgraph as tg
from benchmarks.speed.solver.instances import latent
from taskgraph.errors import InvalidProblemError, InvalidTableError
from taskgraph.solver import infeasible
from tests.taskgraph.solver.exact import Instance, every_set, random_instance, wrong

NAMES = "abcd"
FREE = dict.fromkeys(NAMES, 0.0)
FAR_APART = {"a": 1e12, "b": 1e-12, "c": 1e12, "d": 1e-12}


def rows_of(value=None):
    """Return every transfer of one or two sources; all affinities differ without ``value``."""
    rows = []
    for place, target in enumerate(NAMES):
        others = [name for name in NAMES if name != target]
        sets = [("self",), *combinations(others, 1), *combinations(others, 2)]
        for number, sources in enumerate(sets):
            worth = 0.9 if number == 0 else 0.1 + 0.05 * number + 0.007 * place
            rows.append(
                {
                    "sources": sources,
                    "target": target,
                    "affinity": worth if value is None else value,
                }
            )
    return rows


def instance(budget, value=None, **fields):
    problem = tg.Problem(budget=budget, **fields)
    exact = {
        name: {task: Fraction(repr(cost)) for task, cost in getattr(problem, name).items()}
        for name in ("label_cost", "transfer_cost")
    }
    return Instance(
        rows_of(value),
        problem,
        exact["label_cost"],
        exact["transfer_cost"],
        Fraction(repr(float(budget))),
    )


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("value", [None, 0.25, 0.0])
@pytest.mark.parametrize(
    ("budget", "costs"),
    [
        (0, {}),
        (0, FREE),
        (3, FREE),
        (0.5, {}),
        (1e-300, {}),
        (2, {}),
        (1e-12, FAR_APART),
        (2e-12, FAR_APART),
        (1e12, FAR_APART),
        (2e12, FAR_APART),
        (2, {"a": 0.0, "b": 2.0}),
    ],
)
def test_the_answer_is_that_of_enumeration(budget, costs, value, keep):
    each = instance(budget, value, label_cost=costs, supervised_may_transfer=keep)
    assert wrong(each) is None


def test_the_least_budget_of_labels_that_all_cost_too_much_is_that_of_enumeration():
    dear = {"a": 3.0, "b": 2.5, "c": 4.0, "d": 2.0}
    found = tg.solve(instance(1.5).table, budget=1.5, label_cost=dear)
    cheapest = min(cost for _, cost, _ in every_set(instance(20, label_cost=dear)))
    assert (found.status, found.least_budget) == ("infeasible", float(cheapest))
    assert "try --budget 2)" in found.reason


def test_of_sets_that_are_all_equal_the_smallest_and_first_is_reported():
    assert tg.solve(instance(4, 0.25).table, budget=4).supervised == ("a",)


def test_required_tasks_that_cost_more_than_the_budget_are_named_as_the_reason():
    found = tg.solve(instance(1).table, budget=1, require=["a", "b"])
    assert found.status == "infeasible"
    assert "the required tasks alone cost 2" in found.reason
    assert found.least_budget == 2


@pytest.mark.parametrize("role", ["exclude", "target_only"])
def test_a_required_task_that_cannot_be_supervised_is_refused(role):
    with pytest.raises(InvalidProblemError, match='"a" is required to be supervised, yet it is'):
        tg.solve(instance(1).table, budget=1, require=["a"], **{role: ["a"]})


def one_row(sources, target):
    return pd.DataFrame([(sources, target, 0.5)], columns=["sources", "target", "affinity"])


@pytest.mark.parametrize(("sources", "target"), [("self", "a"), ("a", "b")])
def test_one_source_and_one_target(sources, target):
    table = tg.Transfers(one_row(sources, target))
    assert tg.solve(table, budget=1).supervised == ("a",)
    found = tg.solve(table, budget=0)
    assert (found.status, found.least_budget) == ("infeasible", 1)


def test_a_set_that_names_a_source_twice_is_refused():
    with pytest.raises(InvalidTableError, match="repeat a name; each source counts once"):
        tg.Transfers(one_row("a+a", "b"))


def test_two_rows_of_one_transfer_are_refused():
    twice = pd.concat([one_row("a", "b")] * 2, ignore_index=True)
    with pytest.raises(InvalidTableError, match="rows 1 and 2 are the same transfer"):
        tg.Transfers(twice)


def test_a_shortage_of_labels_is_not_put_down_to_transfers_that_cost_nothing():
    """More targets than a solver counts in a second; the best found set leaves some unsolved."""
    found = tg.solve(latent(60, 30, 0), budget=3, objective="linear")
    assert found.status == "infeasible"
    assert "the best set that was found leaves target" in found.reason


def test_transfers_that_cost_too_much_are_named_as_the_reason():
    table = tg.Transfers(one_row("a", "b"))
    found = tg.solve(table, budget=1, transfer_cost={"b": 0.5})
    assert "the transfers to train leave too little for labels" in found.reason
    assert found.least_budget == 1.5


def test_targets_that_are_to_be_left_out_leave_a_program_with_a_solution():
    tried = 0
    for seed in range(120):
        each = random_instance(np.random.default_rng([seed, 24]), "twentieths")
        if not each.rows:
            continue
        try:
            found = tg.solve(each.table, each.problem)
        except InvalidProblemError:
            continue
        advice = re.search(r"no taxonomy within .* --exclude (\S+)$", found.reason or "")
        left_out = set(advice[1].split(",")) if advice else set()
        others = {row["target"] for row in each.rows} - left_out
        if left_out and others > {*each.problem.exclude, *each.problem.source_only}:
            roles = {
                "exclude": (*each.problem.exclude, *left_out),
                "target_only": tuple({*each.problem.target_only} - left_out),
            }
            assert tg.solve(each.table, each.problem, **roles).solved, seed
            tried += 1
    assert tried >= 5


def test_a_target_that_others_need_is_not_to_be_left_out():
    """``c`` has no network of its own; without it, ``d`` has no source."""
    frame = pd.DataFrame(
        [("a+b", "c", 0.5), ("c", "d", 0.5)], columns=["sources", "target", "affinity"]
    )
    found = tg.solve(tg.Transfers(frame), budget=1)
    assert 'target "c"' in found.reason
    assert "--exclude" not in found.reason


def test_a_budget_that_suffices_is_named_where_the_least_one_is_not_found_in_time(monkeypatch):
    """A step that is over at once counts as if it had found nothing, so nothing is proven."""
    for name in ("LISTING_SECONDS", "MOST_SECONDS"):
        monkeypatch.setattr(infeasible, name, 600.0)
    table, real = latent(100, 50, 2), infeasible.list_solvable
    least = tg.solve(table, budget=3).least_budget

    def late(*given, room, **keywords):
        return real(*given, room=room, **keywords) if room > least + 1 else None

    monkeypatch.setattr(infeasible, "list_solvable", late)
    found = tg.solve(table, budget=3)
    assert (found.status, found.least_budget) == ("infeasible", None)
    assert found.to_dict()["enough_budget"] == found.enough_budget
    step = tg.marginal_worth(table, budget=3)
    assert (step.after.budget, step.next_step) == (found.enough_budget, False)
    budget = float(re.search(r"Budget (\S+) solves every target \(try --budget", found.reason)[1])
    assert "a smaller one may, too" in found.reason
    assert budget == found.enough_budget > least
    assert tg.solve(table, budget=budget).solved
