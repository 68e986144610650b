"""Frontiers, k best sets, recommendations: against enumeration, and their laws."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import taskgraph as tg
from taskgraph.errors import InvalidProblemError, UnknownTaskError
from tests.examples import examples
from tests.taskgraph.solver.oracle import subsets, value_of

NAMES = ["a", "b", "c", "d", "e"]


def random_rows(seed, *, tasks=5, order=3, density=0.6):
    """A table with `self` rows, all single sources and some sets."""
    rng = np.random.default_rng(seed)
    rows = []
    for target in NAMES[:tasks]:
        others = [n for n in NAMES[:tasks] if n != target]
        sets = [s for k in range(1, order + 1) for s in combinations(others, k)]
        chosen = [s for s in sets if len(s) == 1 or rng.random() < density]
        for sources in [("self",), *chosen]:
            boost = 1.5 if sources == ("self",) else 1.0
            rows.append(
                {
                    "sources": sources,
                    "target": target,
                    "affinity": boost * rng.random(),
                    "gain": rng.random(),
                    "quality": rng.random(),
                }
            )
    return rows


def table(rows):
    frame = pd.DataFrame(rows)
    return tg.Transfers(frame.assign(sources=frame["sources"].map("+".join)))


@pytest.mark.parametrize("seed", range(4))
def test_frontier_equals_single_solves_and_more_is_never_worse(seed):
    transfers = table(random_rows(seed))
    found = tg.frontier(transfers, budgets=[1, 2, 3.5, 5], max_orders=[1, 2, 3])
    for taxonomy in found:
        alone = tg.solve(transfers, budget=taxonomy.budget, max_order=taxonomy.max_order)
        assert taxonomy == alone
    cells = found.to_frame().set_index(["max_order", "budget"])
    wide = cells["objective"].unstack("budget")  # noqa: PD010
    assert (np.diff(wide, axis=0) >= -1e-9).all()
    assert (np.diff(wide, axis=1) >= -1e-9).all()
    marginal = found.to_frame().query("max_order == 2").set_index("budget")["marginal"]
    assert marginal[3.5] == pytest.approx((wide.loc[2, 3.5] - wide.loc[2, 2.0]) / 1.5)


def test_an_infeasible_cell_stays_in_the_frontier_with_its_reason():
    found = tg.frontier(table(random_rows(0)), budgets=[0, 1], max_orders=[1])
    assert [t.status for t in found] == ["infeasible", "optimal"]
    assert "least budget" in found.taxonomies[0].reason
    with pytest.raises(InvalidProblemError, match="at least one budget"):
        tg.frontier(table(random_rows(0)), budgets=[])


def less(names, name):
    return tuple(n for n in names if n != name)


def useful_sets(rows, problem):
    """Value of each feasible set in which every source is worth something."""
    values = {s: value_of(s, rows, problem) for s in subsets(NAMES) if len(s) <= problem.budget}
    values = {s: v for s, v in values.items() if v is not None}
    return {s: v for s, v in values.items() if all(values.get(less(s, n), -1) < v for n in s)}


@pytest.mark.parametrize("seed", range(4))
def test_k_best_sets_equal_enumeration(seed):
    rows = random_rows(seed)
    problem = tg.Problem(budget=2, max_order=2)
    useful = useful_sets(rows, problem)
    found = tg.alternatives(table(rows), problem, k=6)
    assert len({t.supervised for t in found}) == 6
    assert [t.objective for t in found] == pytest.approx([useful[t.supervised] for t in found])
    assert [t.objective for t in found] == pytest.approx(sorted(useful.values())[::-1][:6])


def test_k_best_stops_where_there_are_no_more_and_explains_where_there_is_none():
    rows = random_rows(1, tasks=3)
    found = tg.alternatives(table(rows), budget=2, k=50)
    assert {t.supervised for t in found} == set(useful_sets(rows, tg.Problem(budget=2)))
    (reason,) = tg.alternatives(table(rows), budget=0, k=3)
    assert reason.status == "infeasible"
    with pytest.raises(InvalidProblemError, match="k is 0, expected at least 1"):
        tg.alternatives(table(rows), budget=1, k=0)


def test_marginal_worth_is_the_difference_of_two_optima():
    transfers = table(random_rows(2))
    more = tg.marginal_worth(transfers, budget=2, step=1)
    two, three = (tg.solve(transfers, budget=b) for b in (2, 3))
    assert more.worth == pytest.approx(three.objective - two.objective)
    assert set(more.added) == set(three.supervised) - set(two.supervised)
    assert tg.marginal_worth(transfers, budget=0).worth == np.inf
    assert tg.marginal_worth(transfers, budget=5).worth == 0
    with pytest.raises(InvalidProblemError, match="step is 0"):
        tg.marginal_worth(transfers, budget=1, step=0)


@given(st.integers(0, 50), st.integers(1, 3), st.sampled_from([0.0, 1.0, 2.0, 2.5]))
@examples(times=0.4)
def test_recommend_agrees_with_the_program_for_one_target(seed, order, budget):
    rows = random_rows(seed)
    transfers = table(rows)
    ranked = tg.recommend(transfers, "a", budget=budget, max_order=order, label_cost={"b": 2.0})
    alone = tg.solve(
        transfers,
        budget=budget,
        max_order=order,
        label_cost={"b": 2.0},
        target_only=["a"],
        source_only=["b", "c", "d", "e"],
    )
    if alone.solved:
        assert "+".join(alone["a"].sources) == ranked["sources"][0]
        assert alone.spent == ranked["cost"][0]
    else:
        assert ranked.empty
    assert ranked["affinity"].is_monotonic_decreasing


def test_recommend_leaves_out_what_it_is_told_to():
    transfers = table(random_rows(3))
    ranked = tg.recommend(transfers, "a", budget=9, exclude=["b"], most=100)
    assert len(ranked)
    assert not ranked["sources"].str.contains("b").any()
    with pytest.raises(UnknownTaskError, match='--target: the table has no target "z"'):
        tg.recommend(transfers, "z", budget=1)
