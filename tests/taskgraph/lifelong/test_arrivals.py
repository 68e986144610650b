"""Tasks that arrive one by one: each step is an extension, and each optimum is that of `solve`."""

import numpy as np
import pandas as pd
import pytest

import taskgraph as tg
from taskgraph.errors import InvalidProblemError, UnknownTaskError
from tests.taskgraph.lifelong.test_extend import by_hand, small


def test_each_step_extends_the_one_before_and_is_compared_with_the_optimum():
    table, names = small(3)
    order = [names[k] for k in (4, 1, 0, 3, 2)]
    found = tg.arrivals(table, order, budgets=tg.one_label_every(2))
    assert found.budgets == (1, 1, 2, 2, 3)
    earlier = None
    for place, (online, offline) in enumerate(zip(found.online, found.offline, strict=True)):
        absent = [name for name in names if name not in order[: place + 1]]
        budget = found.budgets[place]
        best = tg.solve(table, budget=budget, exclude=absent)
        assert offline == best
        if earlier is None:
            assert online == best
        else:
            step = tg.extend(table, earlier, budget=budget - earlier.spent, exclude=absent)
            assert online.transfers == step.taxonomy.transfers
            assert online.spent == step.taxonomy.spent <= budget
            assert {*earlier.supervised} <= {*online.supervised}
        assert online.objective <= best.objective + 1e-9
        earlier = online
    frame = found.to_frame()
    assert frame["task"].tolist() == order
    np.testing.assert_allclose(frame["ratio"], frame["online"] / frame["offline"])
    assert frame["ratio"].max() <= 1
    assert frame["ratio"].iloc[0] == 1
    shared = len({*found.online[-1].supervised} & {*found.offline[-1].supervised})
    assert frame["shared"].iloc[-1] == shared


def test_a_label_too_soon_on_paper():
    """a first (0.9); then b arrives, which would solve both better: 0.8 + 0.7 against 0.9 + 0.1."""
    table = by_hand([("self", "a", 0.9), ("b", "a", 0.7), ("self", "b", 0.8), ("a", "b", 0.1)])
    found = tg.arrivals(table, ["a", "b"], objective="linear")
    frame = found.to_frame()
    assert frame["online"].tolist() == pytest.approx([0.9, 1.0])
    assert frame["offline"].tolist() == pytest.approx([0.9, 1.5])
    assert frame["ratio"].iloc[1] == pytest.approx(1 / 1.5)
    assert frame["shared"].tolist() == [1, 0]


def test_sources_before_any_target_and_targets_out_of_reach():
    rows = [("s", "a", 0.4), ("self", "a", 0.9), ("self", "b", 0.5)]
    found = tg.arrivals(by_hand(rows), ["s", "a", "b"], budgets=tg.one_label_every(9))
    frame = found.to_frame()
    assert found.online[0] is None
    assert np.isnan(frame["ratio"].iloc[0])
    assert frame["ratio"].iloc[1] == 1
    assert found.online[2].status == "infeasible"  # b has no transfer, and the label is spent
    assert np.isnan(frame["online"].iloc[2])
    later = tg.arrivals(by_hand(rows), ["s", "a", "b"], budgets=lambda arrived: float(arrived))
    assert later.to_frame()["ratio"].tolist()[1:] == [1, 1]


def test_orders_are_drawn_from_a_seed():
    table, names = small(1)
    orders = [tg.arrivals(table, seed=seed).order for seed in (0, 0, 1)]
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[2]) == names
    reports = []
    tg.arrivals(table, names[:2], progress=lambda done, total, label="": reports.append(done))
    assert reports == [0, 1, 2]
    part = tg.arrivals(table, exclude=[names[0]], source_only=[names[1]])
    assert names[0] not in part.order


def test_what_is_refused():
    table, names = small(1)
    with pytest.raises(UnknownTaskError, match='--order: the table has no task "x"'):
        tg.arrivals(table, ["x"])
    with pytest.raises(InvalidProblemError, match='"t0" arrives twice; a task arrives once'):
        tg.arrivals(table, [names[0], names[0]])
    with pytest.raises(InvalidProblemError, match="the budget falls with an arrival"):
        tg.arrivals(table, names[:2], budgets=lambda arrived: 3.0 - arrived)
    with pytest.raises(InvalidProblemError, match="0 arrivals a label were asked for"):
        tg.one_label_every(0)


def test_budgets_rise_with_the_first_of_every_four():
    budget = tg.one_label_every(4, cost=2.0)
    assert [budget(k) for k in (1, 4, 5, 8, 9)] == [2, 2, 4, 4, 6]
    assert isinstance(tg.arrivals(small(1)[0]).to_frame(), pd.DataFrame)
