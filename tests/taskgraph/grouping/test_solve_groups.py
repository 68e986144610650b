"""Task grouping against exhaustive search, and its laws."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import taskgraph as tg
from taskgraph.errors import InvalidProblemError, InvalidTableError, UnknownTaskError
from taskgraph.grouping.networks import Networks
from taskgraph.grouping.solve import alternative_groupings, grouping_frontier, solve_groups
from tests.examples import examples
from tests.taskgraph.grouping.oracle import (
    affordable_sets,
    best_by_exhaustion,
    greedy_value,
    least_budget,
    relabeled,
    value_of,
)

NAN = math.nan


def small(**changes):
    """Four networks for two tasks that a person can check."""
    networks = Networks(
        names=("a", "ab", "ab2", "b"),
        tasks=("t", "u"),
        values=np.array([[1.0, NAN], [0.9, 1.2], [1.5, 0.8], [NAN, 1.0]]),
        cost=np.array([1.0, 1.5, 1.5, 1.0]),
    )
    return replace(networks, **changes)


@st.composite
def tables(draw, most_networks=7, most_tasks=4):
    """Small tables with ties: values are among a few, and costs are decimals."""
    tasks = draw(st.integers(1, most_tasks))
    count = draw(st.integers(1, most_networks))
    number = st.sampled_from([0.1, 0.2, 0.25, 0.3, 0.5, 1.0, -0.4, 0.0])
    cell = st.one_of(st.just(NAN), number)
    rows = [
        draw(
            st.lists(cell, min_size=tasks, max_size=tasks).filter(lambda r: any(v == v for v in r))
        )
        for _ in range(count)
    ]
    values = np.array(rows)
    if np.isnan(values).all(axis=0).any():
        values = np.vstack([values, np.full(tasks, 0.7)])
    cost = draw(
        st.lists(
            st.sampled_from([0.0, 0.1, 0.2, 0.3, 0.5, 1.0]),
            min_size=len(values),
            max_size=len(values),
        )
    )
    return Networks(
        tuple(f"n{k}" for k in range(len(values))),
        tuple("tuvw"[:tasks]),
        values,
        np.array(cost),
        higher_is_better=draw(st.booleans()),
    )


BUDGETS = st.sampled_from([0.0, 0.1, 0.3, 0.6, 1.0, 1.5, 9.0])


@pytest.mark.parametrize(
    ("budget", "names", "objective"),
    [
        (1.5, ("ab",), 2.1),
        (2.0, ("a", "b"), 2.0),
        (2.5, ("a", "ab2"), 1.8),
        (3.0, ("ab", "ab2"), 1.7),
    ],
)
def test_a_case_that_a_person_can_check(budget, names, objective):
    found = solve_groups(small(), budget=budget)
    assert found.status == "optimal"
    assert tuple(network.name for network in found.networks) == names
    assert found.objective == pytest.approx(objective)
    assert found.bound == found.objective
    assert found.gap == 0.0


@given(tables(), BUDGETS, st.booleans(), st.data())
@examples(times=1.5)
def test_optimum_ties_and_least_budget_are_those_of_exhaustive_search(
    networks, budget, disjoint, data
):
    """Value, names in the order of ties, cost; and where there is none, the least budget."""
    name = st.sampled_from(networks.names)
    exclude = data.draw(st.sets(name, max_size=1))
    require = data.draw(st.sets(name, max_size=1)) - exclude
    tasks = tuple(data.draw(st.sets(st.sampled_from(networks.tasks), min_size=1)))
    importance = {task: data.draw(st.sampled_from([0.5, 1.0, 3.0])) for task in tasks}
    limits = {"exclude": exclude, "require": require, "disjoint": disjoint, "tasks": tasks}
    found = solve_groups(networks, budget=budget, importance=importance, **limits)
    expected = best_by_exhaustion(networks, budget, importance=importance, **limits)
    if expected is None:
        assert found.status == "infeasible"
        least = least_budget(networks, **limits)
        assert found.least_budget == (None if least is None else pytest.approx(float(least)))
        if least is not None:
            again = solve_groups(
                networks, budget=found.least_budget, importance=importance, **limits
            )
            assert again.status == "optimal"
            assert f"--budget {found.least_budget:g}" in found.reason
        return
    assert found.status == "optimal"
    assert found.objective == pytest.approx(expected[0], abs=1e-9)
    assert tuple(network.name for network in found.networks) == expected[1]
    assert found.spent <= budget + 1e-9
    assert math.fsum(n.cost for n in found.networks) == pytest.approx(found.spent)
    assert {served.task for served in found.served} == set(tasks)


@given(tables(most_networks=6), st.booleans())
@examples(times=0.1)
def test_a_larger_budget_is_never_worse(networks, disjoint):
    frontier = grouping_frontier(networks, budgets=[0, 0.3, 0.6, 1, 1.5, 3], disjoint=disjoint)
    values = [each.objective for each in frontier if each.objective is not None]
    better = np.diff(values) * (1 if networks.higher_is_better else -1)
    assert (better >= -1e-9).all()
    statuses = [each.status for each in frontier]
    assert statuses == sorted(statuses)  # infeasible first, then optimal


@given(tables(), BUDGETS, st.permutations("pqrstuvwxyz"))
@examples(times=0.12)
def test_names_do_not_matter_to_the_value(networks, budget, letters):
    names = dict(zip(networks.names, letters, strict=False))
    tasks = dict(zip(networks.tasks, reversed(letters), strict=False))
    one = solve_groups(networks, budget=budget)
    other = solve_groups(relabeled(networks, names, tasks), budget=budget)
    assert one.status == other.status
    assert one.objective == (None if one.objective is None else pytest.approx(other.objective))


@given(tables(), BUDGETS)
@examples(times=0.12)
def test_doubled_importances_double_the_objective_and_buy_the_same(networks, budget):
    once = solve_groups(networks, budget=budget)
    twice = solve_groups(networks, budget=budget, importance=dict.fromkeys(networks.tasks, 2.0))
    assert once.networks == twice.networks
    if once.solved:
        assert twice.objective == pytest.approx(2 * once.objective)


@given(tables(), BUDGETS)
@examples(times=0.12)
def test_a_dominated_network_changes_nothing(networks, budget):
    """A network that is worse at each task and costs more than another is never bought."""
    worse = networks.values[0] - (0.1 if networks.higher_is_better else -0.1)
    more = Networks(
        (*networks.names, "aaa"),
        networks.tasks,
        np.vstack([networks.values, worse]),
        np.append(networks.cost, networks.cost[0] + 0.1),
        higher_is_better=networks.higher_is_better,
    )
    assert (
        solve_groups(more, budget=budget).networks == solve_groups(networks, budget=budget).networks
    )


@given(tables(), BUDGETS)
@examples(times=0.12)
def test_losses_are_gains_of_the_other_sign(networks, budget):
    turned = replace(
        networks, values=-networks.values, higher_is_better=not networks.higher_is_better
    )
    one, other = solve_groups(networks, budget=budget), solve_groups(turned, budget=budget)
    assert one.networks == other.networks
    if one.solved:
        assert one.objective == pytest.approx(-other.objective)


@given(tables(), BUDGETS)
@examples(times=0.12)
def test_greedy_buying_is_never_better(networks, budget):
    value, found = greedy_value(networks, budget), solve_groups(networks, budget=budget)
    if value is not None:
        sign = 1 if networks.higher_is_better else -1
        assert sign * found.objective >= sign * value - 1e-9


def test_greedy_buying_can_be_worse():
    """The greedy first choice is the network for both tasks; with it the budget is spent."""
    found = solve_groups(small(), budget=2.0)
    assert greedy_value(small(), 2.0) == pytest.approx(2.1)
    assert found.objective == pytest.approx(2.0)


@given(tables(most_networks=5), BUDGETS)
@examples(times=0.12)
def test_alternatives_are_the_next_best_sets(networks, budget):
    """Each is the best affordable set that contains no set listed before it."""
    found = alternative_groupings(networks, budget=budget, k=4)
    if not found[0].solved:
        assert len(found) == 1
        return
    sign = 1 if networks.higher_is_better else -1
    listed = []
    for each in found:
        best = max(
            (
                sign * value
                for chosen in affordable_sets(networks, budget)
                if (value := value_of(networks, chosen)) is not None
                and not any(before <= set(chosen) for before in listed)
            ),
        )
        assert sign * each.objective == pytest.approx(best, abs=1e-9)
        listed.append({networks.names.index(n.name) for n in each.networks})


def test_costs_are_the_decimals_that_are_written():
    tenths = small(cost=np.array([0.1, 1.5, 1.5, 0.2]))
    assert solve_groups(tenths, budget=0.3).spent == 0.3
    assert solve_groups(tenths, budget=0.2999999).status == "infeasible"


def test_a_network_need_not_serve_a_task_unless_networks_are_disjoint():
    free = solve_groups(small(), budget=9)
    assert [network.name for network in free.networks] == ["ab", "ab2"]
    assert free.tasks_of("ab") == ("t",)
    apart = solve_groups(small(), budget=9, disjoint=True)
    assert [network.name for network in apart.networks] == ["a", "b"]
    assert apart.disjoint


def test_tasks_that_are_not_to_be_solved_do_not_count():
    found = solve_groups(small(), budget=1.5, tasks=["u"])
    assert [network.name for network in found.networks] == ["ab2"]
    assert [served.task for served in found.served] == ["u"]
    assert found.networks[0].tasks == ("t", "u")


def test_required_and_excluded_networks():
    assert solve_groups(small(), budget=9, exclude=["ab2"]).objective == pytest.approx(1.9)
    kept = solve_groups(small(), budget=9, require=["a"])
    assert "a" in [network.name for network in kept.networks]
    assert kept.tasks_of("a") == ()
    assert '"serves": []' in kept.to_json()


def test_costs_of_the_problem_replace_those_of_the_table():
    assert solve_groups(small(), budget=1, cost={"ab": 1}).spent == 1


def test_a_time_limit_is_a_status_with_advice():
    random = np.random.default_rng(0)
    values = np.where(random.random((400, 40)) < 0.2, random.random((400, 40)), NAN)
    values[0] = 2.0
    many = Networks(
        tuple(f"n{k}" for k in range(400)), tuple(f"t{k}" for k in range(40)), values, np.ones(400)
    )
    found = solve_groups(many, budget=9, time_limit=0.0)
    assert found.status in ("unknown", "feasible")
    if found.status == "unknown":
        assert "raise --time-limit" in found.reason
    else:
        assert found.gap > 0
        assert found.bound <= found.objective


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({}, InvalidProblemError, "there is no budget; give one, such as budget=2.5"),
        ({"budget": -1}, InvalidProblemError, "the budget is -1, expected a finite number"),
        ({"budget": NAN}, InvalidProblemError, "the budget is nan, expected a finite number"),
        (
            {"budget": 1, "importance": {"t": -2}},
            InvalidProblemError,
            'importance of "t" is -2, expected a finite number of at least 0',
        ),
        ({"budget": 1, "importance": {"x": 2}}, UnknownTaskError, "--importance: the table has no"),
        (
            {"budget": 1, "importance": {"t": 2}, "tasks": ["u"]},
            InvalidProblemError,
            '--importance names the task "t", which --tasks leaves out',
        ),
        ({"budget": 1, "cost": {"a": -1}}, InvalidProblemError, 'the cost of "a" is -1, expected'),
        (
            {"budget": 1, "cost": {"a3": 1}},
            UnknownTaskError,
            '--cost: the table has no network "a3"',
        ),
        ({"budget": 1, "exclude": "a3"}, UnknownTaskError, 'no network "a3"; did you mean a'),
        ({"budget": 1, "require": ["zz"]}, UnknownTaskError, "--require: .*it has a, ab, ab2, b"),
        (
            {"budget": 1, "exclude": ["a"], "require": ["a"]},
            InvalidProblemError,
            'the network "a" is both excluded and required',
        ),
        ({"budget": 1, "disjoint": "no"}, InvalidProblemError, 'disjoint is "no", expected true'),
        ({"budget": 1, "importance": {"t": 1e308, "u": 1e308}}, InvalidProblemError, "larger unit"),
    ],
)
def test_a_problem_that_does_not_fit(fields, error, message):
    with pytest.raises(error, match=message):
        solve_groups(small(), **fields)


def test_a_table_that_is_no_table_of_networks():
    with pytest.raises(InvalidTableError, match="the table is a dict, expected Networks"):
        solve_groups({}, budget=1)


def test_no_budgets_and_no_alternatives():
    with pytest.raises(InvalidProblemError, match="there is no budget to solve at"):
        grouping_frontier(small(), budgets=[])
    with pytest.raises(InvalidProblemError, match="k is 0, expected at least 1"):
        alternative_groupings(small(), budget=1, k=0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"names": ("a", "a", "ab", "b")}, 'the network "a" is there twice'),
        ({"tasks": ("t", "t")}, 'the task "t" is there twice'),
        ({"cost": np.array([1, 1, 1, -1.0])}, 'cost of the network "b" is -1, expected'),
        ({"cost": np.array([1, 1, 1, NAN])}, 'cost of the network "b" is nan, expected'),
        ({"cost": np.ones(3)}, r"the costs have the shape \(3,\), expected \(4,\)"),
        ({"values": np.ones((4, 3))}, r"the values have the shape \(4, 3\), expected \(4, 2\)"),
        ({"values": np.full((4, 2), math.inf)}, 'the loss of the network "a" on "t" is inf'),
        ({"values": np.array([[NAN, NAN]] + [[1, 1.0]] * 3)}, 'the network "a" has no task'),
        (
            {"values": np.array([[1, NAN]] * 4)},
            'no network was trained on the task "u": all of its values are empty',
        ),
        ({"names": (), "values": np.ones((0, 2)), "cost": np.ones(0)}, "holds no network"),
    ],
)
def test_a_table_that_contradicts_itself(changes, message):
    with pytest.raises(InvalidTableError, match=message):
        small(**changes)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"budget": 0.5}, "within budget 0.5 solves every task; the least budget that does is 1.5"),
        (
            {"budget": 1, "require": ["ab", "ab2"]},
            "the required networks alone cost 3; the least budget that does is 3",
        ),
        (
            {"budget": 9, "exclude": ["a", "ab", "ab2"]},
            'no network that was trained on "t" is left, whatever the budget; exclude fewer '
            "networks, or name the other tasks with --tasks u",
        ),
        (
            {"budget": 9, "disjoint": True, "require": ["ab", "ab2"]},
            "no choice of networks has every task in exactly one of them, whatever the budget; "
            "leave out --disjoint",
        ),
    ],
)
def test_why_there_is_no_grouping(fields, message):
    found = solve_groups(small(), **fields)
    assert found.status == "infeasible"
    assert message in found.reason
    assert found.headline().startswith("Infeasible within budget")
    assert found.to_dict()["reason"] == found.reason


def test_what_is_printed_and_exported():
    found = solve_groups(small(), budget=2.5, importance={"u": 2})
    assert "importance-weighted sum of loss over 2 tasks 2.6 (smaller is better" in repr(found)
    assert (
        found.to_dict()["objective_is"] == "sum over tasks of importance x loss; smaller is better"
    )
    assert list(found.to_frame().columns) == ["task", "network", "loss"]
    assert found["t"].network == "a"
    with pytest.raises(KeyError):
        found["x"]
    assert '"network ab2" -> "task u" [style=solid];' in found.to_dot()
    assert '"network ab2" -> "task t" [style=dashed];' in found.to_dot()
    assert "<table" in found._repr_html_()


@pytest.mark.slow
def test_ten_tasks_with_all_their_groups_are_solved(monkeypatch):
    """1,023 networks, and the value agrees with a search over all pairs and single networks."""
    random = np.random.default_rng(5)
    inside = np.array([[number >> task & 1 for task in range(10)] for number in range(1, 1024)])
    values = np.where(inside == 1, 1 + 0.1 * random.normal(size=inside.shape), NAN)
    names = tuple(f"n{number:04d}" for number in range(1, 1024))
    table = Networks(names, tuple(f"t{task}" for task in range(10)), values, np.ones(1023))
    found = solve_groups(table, budget=2)
    filled = np.where(np.isnan(values), np.inf, values)
    best = min(np.minimum(row, filled).sum(axis=1).min() for row in filled)
    assert found.status == "optimal"
    assert found.objective == pytest.approx(best)


def test_the_public_names():
    assert tg.solve_groups is solve_groups
    assert tg.Networks is Networks
