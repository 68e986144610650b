"""Transfers to measure again, against every taxonomy at both ends and between them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import taskgraph as tg
from taskgraph.errors import (
    InfeasibleError,
    InvalidProblemError,
    InvalidTableError,
    UnknownTaskError,
)
from tests.examples import examples
from tests.taskgraph.lifelong.oracle import every_taxonomy
from tests.taskgraph.lifelong.test_extend import small
from tests.taskgraph.solver.oracle import FUNCTIONS

STEPS = 9


def drawn(seed, width):
    """Rows of four or five tasks with intervals, some without, and a problem of unit costs."""
    random = np.random.default_rng(seed)
    names = [f"t{k}" for k in range(int(random.integers(4, 6)))]
    rows = []
    for target in names:
        others = [n for n in names if n != target]
        sets = [("self",), *((n,) for n in others), tuple(sorted(random.choice(others, 2, False)))]
        for sources in sets:
            value = random.random()
            low, high = value * (1 - width * random.random()), value + width * random.random()
            known = random.random() < 0.9
            rows.append(
                {"sources": tuple(map(str, sources)), "target": target, "affinity": value}
                | {"low": low if known else np.nan, "high": high if known else np.nan}
            )
    problem = tg.Problem(
        budget=float(random.integers(1, 4)),
        max_order=int(random.integers(1, 3)),
        objective=str(random.choice(["sqrt", "linear", "log"])),
        importance={names[0]: float(random.choice([0.0, 1.0, 3.0]))},
    )
    frame = pd.DataFrame(rows)
    return rows, tg.Transfers(frame.assign(sources=frame["sources"].map("+".join))), problem


def doubted(rows, problem):
    """Rows at some value of whose interval the optimum is not the best; by trying everything."""
    weigh = FUNCTIONS[problem.objective]
    importance = [problem.importance.get(row["target"], 1.0) for row in rows]
    value = np.array([w * weigh(row) for w, row in zip(importance, rows, strict=True)])
    ways = np.array(list(every_taxonomy(rows, problem)))  # (taxonomies, targets)
    total = value[ways].sum(axis=1)
    best = int(total.argmax())
    found = set()
    for k, row in enumerate(rows):
        if np.isnan(row["low"]):
            continue
        uses = (ways == k).any(axis=1)
        for amount in np.linspace(row["low"], row["high"], STEPS):
            change = importance[k] * weigh({**row, "affinity": amount}) - value[k]
            changed = total + uses * change
            if changed.max() > changed[best] + 1e-7:
                found.add((row["target"], row["sources"]))
    return found


@examples(times=0.04)
@given(st.integers(0, 10**6), st.sampled_from([0.02, 0.2, 0.6]))
def test_the_doubts_are_those_of_trying_everything(seed, width):
    rows, table, problem = drawn(seed, width)
    result = tg.remeasure(table, problem)
    assert {(each.target, each.sources) for each in result.doubts} == doubted(rows, problem)


@pytest.mark.slow
@examples(times=2)
@given(st.integers(0, 10**6), st.sampled_from([0.02, 0.2, 0.6]))
def test_many_doubts_are_those_of_trying_everything(seed, width):
    rows, table, problem = drawn(seed, width)
    result = tg.remeasure(table, problem)
    assert {(each.target, each.sources) for each in result.doubts} == doubted(rows, problem)


def with_value(table, each):
    """The table with a transfer at the end of its interval that its doubt names."""
    frame = table.to_frame()
    here = (frame["target"] == each.target) & (frame["sources"] == "+".join(each.sources))
    return tg.Transfers(frame.assign(affinity=frame["affinity"].mask(here, each.end)))


@examples(times=0.02)
@given(st.integers(0, 10**6))
def test_a_doubt_is_what_solving_again_finds(seed):
    _, table, problem = drawn(seed, 0.4)
    result = tg.remeasure(table, problem)
    before = result.taxonomy
    for each in result.doubts:
        other = tg.solve(with_value(table, each), problem)
        assert each.joins == tuple(sorted({*other.supervised} - {*before.supervised}))
        assert each.drops == tuple(sorted({*before.supervised} - {*other.supervised}))
        assert each.used == (before[each.target].sources == each.sources)
        assert each.regret > 0


def by_hand():
    """Return a table with one label: a (0.9 + 0.3 = 1.2) or b (0.7 + 0.4 = 1.1)."""
    rows = [
        ("self", "a", 0.9, 0.85, 0.95),
        ("b", "a", 0.4, 0.35, 0.52),
        ("self", "b", 0.7, 0.65, 0.75),
        ("a", "b", 0.3, 0.15, 0.35),
    ]
    columns = ["sources", "target", "affinity", "low", "high"]
    return tg.Transfers(pd.DataFrame(rows, columns=columns))


def test_a_case_that_can_be_checked_on_paper():
    """b to a at 0.52: 1.22 > 1.2. a to b at 0.15: 1.05 < 1.1. The two others cannot: 1.15, 1.15."""
    result = tg.remeasure(by_hand(), budget=1, objective="linear")
    first, second = result.doubts
    assert (first.target, first.sources, first.used, first.end) == ("b", ("a",), True, 0.15)
    assert first.regret == pytest.approx(0.05)
    assert (first.joins, first.drops) == (("b",), ("a",))
    assert (second.target, second.sources, second.used, second.end) == ("a", ("b",), False, 0.52)
    assert second.regret == pytest.approx(0.02)
    assert result.transfers == 4
    text = repr(result)
    assert text.startswith("2 of 4 transfers could change the optimum within their intervals")
    assert "2 of them would change which tasks are supervised" in text
    assert result.to_dict()["doubts"][0]["sources"] == ("a",)
    assert result.to_frame()["joins"].tolist() == ["b", "b"]


def test_only_transfers_of_changed_tasks_are_in_doubt():
    found = [
        [(each.target, each.sources) for each in result.doubts]
        for result in (
            tg.remeasure(by_hand(), budget=1, objective="linear", changed=names)
            for names in (["a"], ["b"], ["a", "b"])
        )
    ]
    assert found[0] == [("b", ("a",))]
    assert found[1] == [("a", ("b",))]
    assert found[2] == [*found[0], *found[1]]
    with pytest.raises(UnknownTaskError, match='--changed: the table has no task "x"'):
        tg.remeasure(by_hand(), budget=1, changed=["x"])


def test_nothing_is_in_doubt_without_width():
    frame = by_hand().frame
    exact = tg.Transfers(frame.assign(low=frame["affinity"], high=frame["affinity"]))
    result = tg.remeasure(exact, budget=1)
    assert result.doubts == ()
    assert repr(result).startswith("0 of 4 transfers")


def test_bounds_leave_few_programs_to_solve():
    """Nine tasks have 90 transfers; without bounds each would be a program to solve."""
    table, _ = small(0, count=9)
    value = table.frame["affinity"]
    close = tg.Transfers(table.frame.assign(low=0.98 * value, high=1.02 * value))
    result = tg.remeasure(close, budget=3)
    assert result.transfers == 90
    assert result.solves < 45


def test_what_is_refused():
    frame = by_hand().frame
    with pytest.raises(InvalidTableError, match=r"no intervals \(columns low and high\); make"):
        tg.remeasure(tg.Transfers(frame.drop(columns="low")), budget=1)
    with pytest.raises(InvalidTableError, match=r"row 1: the affinity 0.9 is outside of .* 0.95"):
        tg.remeasure(tg.Transfers(frame.assign(low=0.95)), budget=1)
    with pytest.raises(InvalidProblemError, match='the objective "gain" has no intervals; try sqr'):
        tg.remeasure(tg.Transfers(frame.assign(gain=0.5)), budget=1, objective="gain")
    with pytest.raises(InfeasibleError, match="there is no taxonomy to trust or not: no taxonomy"):
        tg.remeasure(by_hand(), budget=0)
