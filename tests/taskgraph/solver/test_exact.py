"""The solver against rational arithmetic: costs and values of all sizes, tight budgets, roles."""

import time
from dataclasses import replace
from fractions import Fraction
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

import taskgraph as tg
from taskgraph.errors import InvalidProblemError
from taskgraph.problem.costs import exact_costs
from tests.taskgraph.solver.exact import SCALES, every_set, is_ambiguous, random_instance, wrong


def check(seeds):
    """Solve an instance of every scale for each seed; return how many, and what was wrong."""
    checked, faults = 0, []
    for seed in seeds:
        for number, scale in enumerate(SCALES):
            instance = random_instance(np.random.default_rng([seed, number]), scale)
            if instance.rows and not is_ambiguous(instance):
                checked += 1
                fault = wrong(instance)
                faults += [(seed, scale, fault)] if fault else []
    return checked, faults


def test_150_random_instances_agree_with_enumeration():
    checked, faults = check(range(26))
    assert checked >= 150
    assert not faults


@pytest.mark.slow
def test_10_000_random_instances_agree_with_enumeration():
    checked, faults = check(range(1000, 2720))
    assert checked >= 10_000
    assert not faults


TIGHT = [
    ("self", "t0", 0.0829),
    ("t1", "t2", 0.6566),
    ("self", "t3", 0.4224),
    ("t1", "t3", 0.7248),
    ("t0", "t3", 0.00637),
]


def tight(scale=1.0):
    frame = pd.DataFrame(TIGHT, columns=["sources", "target", "affinity"])
    return tg.Transfers(frame.assign(affinity=frame["affinity"] * scale))


@pytest.mark.parametrize("power", [-300, -9, -1, 0, 1, 9, 300])
@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_a_budget_that_is_just_enough_is_enough_at_any_scale(power, scale):
    """0.5 + 0.3 = 0.8, whatever the unit of cost and of affinity."""
    cost = {name: float(f"{digit}e{power - 1}") for name, digit in (("t0", 5), ("t1", 3))}
    settings = {"label_cost": {**cost, "t3": cost["t0"]}, "objective": "linear"}
    found = tg.solve(tight(scale), budget=float(f"8e{power - 1}"), **settings)
    assert found.status == "optimal"
    assert found.supervised == ("t0", "t1")
    assert found.spent == float(f"8e{power - 1}")
    assert found.objective == pytest.approx(scale * (0.0829 + 0.6566 + 0.7248))
    less = tg.solve(tight(scale), budget=float(f"7.99999e{power - 1}"), **settings)
    assert less.status == "infeasible"
    assert less.least_budget == float(f"8e{power - 1}")


@pytest.mark.parametrize("cost", [1e-9, 1e-3, 1.0, 7.0, 1e9])
def test_a_budget_of_one_label_buys_one_label(cost):
    rows = [("self", name, 0.5) for name in "ab"] + [("a", "b", 0.1), ("b", "a", 0.2)]
    table = tg.Transfers(pd.DataFrame(rows, columns=["sources", "target", "affinity"]))
    found = tg.solve(table, budget=cost, label_cost=dict.fromkeys("ab", cost))
    assert found.supervised == ("b",)
    assert found.spent == cost


@pytest.mark.parametrize("dear", [1e2, 1e8, 1e17, 1e300])
def test_transfers_too_dear_to_train_leave_every_target_to_its_own_network(dear):
    """With and without the choice to keep a transfer beside supervision."""
    rows = [("self", name, 0.5) for name in "abc"] + [("a", "b", 0.9), ("b", "c", 0.8)]
    table = tg.Transfers(pd.DataFrame(rows, columns=["sources", "target", "affinity"]))
    costs = dict.fromkeys("abc", dear)
    for keep in (False, True):
        problem = tg.Problem(budget=3, transfer_cost=costs, supervised_may_transfer=keep)
        found = tg.solve(table, problem)
        assert (found.status, found.supervised, found.spent) == ("optimal", tuple("abc"), 3.0)
        assert tg.solve(table, problem, budget=2.5).least_budget == 3.0


def test_costs_of_very_different_sizes_are_added_exactly():
    """1e9 and 1e-9 differ by more digits than a float has."""
    rows = [("self", name, 0.5) for name in "ab"] + [("a", "b", 0.1)]
    table = tg.Transfers(pd.DataFrame(rows, columns=["sources", "target", "affinity"]))
    found = tg.solve(table, budget=1e9, label_cost={"a": 1e9, "b": 1e-9})
    assert found.supervised == ("a",)
    assert tg.solve(table, budget=1e9, label_cost={"a": 1e9, "b": 0.0}).supervised == ("a", "b")


def test_computed_numbers_are_forgiven_their_rounding():
    """0.1 + 0.2 is 0.30000000000000004, and 0.7 + 0.1 is 0.7999999999999999."""
    rows = [("self", name, 0.5) for name in "ab"]
    table = tg.Transfers(pd.DataFrame(rows, columns=["sources", "target", "affinity"]))
    computed = 0.7 + 0.1
    assert computed < 0.8
    assert tg.solve(table, budget=computed, label_cost={"a": 0.7, "b": 0.1}).solved
    assert tg.solve(table, budget=0.3, label_cost={"a": 0.1 + 0.2, "b": 0.0}).solved


def test_costs_are_the_decimals_that_they_are_written_as():
    costs = exact_costs([0.1, 25.0, 1e-9], [0.0], 0.3)
    assert [costs.amount(int(number)) for number in costs.label] == [0.1, 25.0, 1e-9]
    assert costs.amount(costs.budget) == 0.3
    assert 3 * int(costs.label[0]) == costs.budget
    huge = exact_costs([1e300, 1e-300], [], 1.0)
    assert Fraction(int(huge.label[0]), int(huge.label[1])) == Fraction(10) ** 600


def lean_sets(instance):
    """Value of each affordable set of which no smaller part is worth as much, best first."""
    values = {supervised: value for value, _, supervised in every_set(instance)}
    parts = {
        own: [set_ for size in range(len(own)) for set_ in combinations(own, size)]
        for own in values
    }
    lean = [
        (value, own)
        for own, value in values.items()
        if not any(values.get(part, -np.inf) >= value - 1e-9 * abs(value) for part in parts[own])
    ]
    return sorted(lean, key=lambda pair: -pair[0])


@pytest.mark.parametrize("seed", range(30))
def test_alternatives_are_the_best_sets_without_a_source_that_can_go(seed):
    random = np.random.default_rng([seed, 77])
    instance = random_instance(random, "twentieths")
    instance.problem = replace(instance.problem, importance={}, objective="linear")
    if not instance.rows or not set(instance.problem.exclude) < {
        r["target"] for r in instance.rows
    }:
        return
    expected = lean_sets(instance)[:6]
    try:
        found = tg.alternatives(instance.table, instance.problem, k=6)
    except tg.TaskgraphError:
        return
    listed = [each for each in found if each.solved]
    assert [each.objective for each in listed] == pytest.approx([value for value, _ in expected])
    assert len({each.supervised for each in listed}) == len(listed)
    values = {own: value for value, own in lean_sets(instance)}
    for each in listed:
        assert each.objective == pytest.approx(values[each.supervised])


def test_sources_that_no_transfer_needs_take_no_time_and_no_place():
    """Each listed set has a thousand supersets with some of ten sources that no transfer needs."""
    random = np.random.default_rng(0)
    tasks = [f"t{i}" for i in range(6)]
    rows = [(s, t, random.random()) for t in tasks for s in tasks if s != t]
    rows += [("self", t, 1.0) for t in tasks]
    rows += [(f"u{i}", tasks[0], 1e-6) for i in range(10)]
    table = tg.Transfers(pd.DataFrame(rows, columns=["sources", "target", "affinity"]))
    start = time.process_time()
    found = tg.alternatives(table, budget=14, k=8)
    assert time.process_time() - start < 20
    assert len(found) == 8
    assert not any(name.startswith("u") for each in found for name in each.supervised)


@pytest.mark.parametrize("field", ["importance", "label_cost", "transfer_cost"])
def test_numbers_whose_sum_is_no_float_are_refused(field):
    rows = [("self", name, 1.0) for name in "ab"] + [("a", "b", 0.1)]
    table = tg.Transfers(pd.DataFrame(rows, columns=["sources", "target", "affinity"]))
    with pytest.raises(InvalidProblemError, match="the largest float"):
        tg.solve(table, budget=3, **{field: {"a": 1.7e308, "b": 1.7e308}})


def test_greedy_takes_sources_that_save_more_than_they_cost():
    """Transfers to the six targets cost 60 in sum, their labels 6: all fit a budget of 10."""
    names = [f"t{i}" for i in range(6)]
    rows = [("self", name, 0.5) for name in names] + [("t0", name, 0.4) for name in names[1:]]
    table = tg.Transfers(pd.DataFrame(rows, columns=["sources", "target", "affinity"]))
    found = tg.evaluate(table, budget=10, transfer_cost=dict.fromkeys(names, 10.0), draws=10)
    assert found.greedy.supervised == tuple(names)
    assert found.greedy.objective == pytest.approx(found.taxonomy.objective)
