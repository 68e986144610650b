"""The next budget that is worth more, and the ladder of budgets: against every subset."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import taskgraph as tg
from taskgraph.errors import InvalidProblemError
from tests.taskgraph.frontiers.test_budget import NAMES, random_rows, table
from tests.taskgraph.solver.oracle import subsets, value_of


def spends(rows, problem):
    """Return the label cost of each supervised set, and its value without a limit."""
    wide = tg.Problem(**{**problem, "budget": 1e9})
    cost = {n: wide.label_cost_of(n) for n in NAMES}
    found = {}
    for chosen in subsets(NAMES):
        value = value_of(chosen, rows, wide)
        if value is not None:
            found[chosen] = (sum(cost[n] for n in chosen), value)
    return found


def next_by_enumeration(rows, problem):
    """The least cost of a set that is worth more than the best within the budget, and its value."""
    all_sets = spends(rows, problem)
    within = [v for c, v in all_sets.values() if c <= problem["budget"] + 1e-9]
    best = max(within, default=-math.inf)
    more = [(round(c, 9), v) for c, v in all_sets.values() if v > best + 1e-9]
    if not more:
        return math.inf, 0.0
    cost = min(c for c, _ in more)
    value = max(v for c, v in all_sets.values() if c <= cost + 1e-9)
    return cost - problem["budget"], value - best


COSTS = {
    "unit": {},
    "euros": dict(zip(NAMES, (480.0, 950.0, 1200.5, 333.33, 720.0), strict=True)),
    "small": dict(zip(NAMES, (0.1, 0.25, 0.07, 0.3, 0.1), strict=True)),
    "free": {"a": 0.0, "b": 2.0, "c": 0.0},
    "computed": {"a": 0.1 + 0.2, "b": 0.1, "c": 0.7},
}


@pytest.mark.parametrize("costs", COSTS)
@pytest.mark.parametrize("seed", range(3))
def test_the_next_budget_is_the_least_at_which_a_set_is_worth_more(seed, costs):
    rows = random_rows(seed)
    cost = COSTS[costs]
    total = sum(tg.Problem(label_cost=cost).label_cost_of(n) for n in NAMES)
    for share in (0.0, 0.2, 0.4, 0.7, 1.0):
        problem = {"budget": round(share * total, 3), "max_order": 2, "label_cost": cost}
        more = tg.marginal_worth(table(rows), **problem)
        step, worth = next_by_enumeration(rows, problem)
        assert more.step == pytest.approx(step, abs=1e-9)
        assert more.worth == pytest.approx(worth)
        assert more.next_step
        assert more.proven
        if math.isfinite(step):
            assert more.after == tg.solve(table(rows), **{**problem, "budget": more.after.budget})
            assert more.after.budget == pytest.approx(problem["budget"] + step)


def test_where_no_budget_is_worth_more_the_step_is_infinite():
    more = tg.marginal_worth(table(random_rows(1)), budget=5)
    assert (more.step, more.worth, more.added, more.dropped) == (math.inf, 0.0, (), ())


def test_transfer_costs_are_part_of_the_next_budget():
    """b alone costs 1 + 3 for the transfer to a; both cost 2, since a is then solved by itself."""
    rows = [("self", "a", 0.5), ("b", "a", 0.1), ("self", "b", 0.6)]
    small = tg.Transfers(pd.DataFrame(rows, columns=["sources", "target", "affinity"]))
    assert tg.marginal_worth(small, budget=1, transfer_cost={"a": 3}).step == 1
    assert tg.marginal_worth(small, budget=1, transfer_cost={"a": 0.5}).step == 0.5


def test_a_known_optimum_is_not_solved_again(monkeypatch):
    transfers, problem = table(random_rows(2)), tg.Problem(budget=2)
    before = tg.solve(transfers, problem)
    monkeypatch.setattr("taskgraph.frontiers.marginal.solve", None)
    assert tg.marginal_worth(transfers, problem, before=before).before is before


@pytest.mark.parametrize("step", [0, -1, math.inf, math.nan])
def test_a_step_must_be_above_0(step):
    with pytest.raises(InvalidProblemError, match="expected a number above 0"):
        tg.marginal_worth(table(random_rows(1)), budget=1, step=step)


def test_at_equal_costs_the_ladder_is_one_rung_a_task():
    transfers = table(random_rows(0))
    assert tg.budget_ladder(transfers) == (1, 2, 3, 4, 5)
    assert tg.budget_ladder(transfers, exclude=["a"], target_only=["b"]) == (1, 2, 3)
    assert tg.budget_ladder(transfers, default_label_cost=500) == (500, 1000, 1500, 2000, 2500)
    assert tg.budget_ladder(transfers, default_label_cost=0.1) == (0.1, 0.2, 0.3, 0.4, 0.5)
    assert tg.budget_ladder(transfers, most=3) == (1, 3, 5)
    assert tg.frontier(transfers, max_orders=[1]).to_frame()["budget"].tolist() == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("costs", ["euros", "small", "free"])
def test_a_ladder_goes_from_the_least_feasible_budget_to_the_cost_of_everything(seed, costs):
    rows, cost = random_rows(seed), COSTS[costs]
    transfers = table(rows)
    ladder = tg.budget_ladder(transfers, label_cost=cost, max_order=2)
    all_sets = spends(rows, {"label_cost": cost, "max_order": 2})
    least = min(c for c, _ in all_sets.values())
    assert ladder[0] == pytest.approx(least) or least == 0
    total = sum(tg.Problem(label_cost=cost).label_cost_of(n) for n in NAMES)
    assert ladder[-1] == pytest.approx(total)
    assert (np.diff(ladder) > 0).all()
    assert 2 < len(ladder) <= 10
    assert all(t.solved for t in tg.frontier(transfers, label_cost=cost, max_orders=[2]))


def test_a_ladder_in_cents_is_the_ladder_in_euros():
    transfers = table(random_rows(0))
    euros = tg.budget_ladder(transfers, label_cost=COSTS["euros"])
    cents = {name: 100 * cost for name, cost in COSTS["euros"].items()}
    assert tg.budget_ladder(transfers, label_cost=cents) == pytest.approx([100 * b for b in euros])


def test_a_ladder_where_nothing_costs_or_nothing_helps():
    transfers = table(random_rows(0))
    assert tg.budget_ladder(transfers, default_label_cost=0) == (0.0,)
    rows = [("a", "b", 0.5), ("b", "a", 0.5)]
    hopeless = tg.Transfers(pd.DataFrame(rows, columns=["sources", "target", "affinity"]))
    ladder = tg.budget_ladder(hopeless, target_only=["a", "b"], default_label_cost=2.5)
    assert ladder == (0.0,)  # no task may be supervised, so that nothing costs
