"""The frontier read sideways, against the frontier itself and every set of tasks."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import taskgraph as tg
from taskgraph.cli import run
from taskgraph.errors import InvalidProblemError
from tests.examples import examples


def random_table(seed, tasks="abcd"):
    """Every transfer of order 1 and 2, with win rates that exceed 0.5 only for ``self``."""
    rng = np.random.default_rng(seed)
    rows = []
    for target in tasks:
        others = [t for t in tasks if t != target]
        pairs = ["+".join(pair) for pair in itertools.combinations(others, 2)]
        for sources in ["self", *others, *pairs]:
            own = sources == "self"
            rows.append(
                {
                    "sources": sources,
                    "target": target,
                    "affinity": 0.5 if own else 0.4 * rng.random(),
                    "gain": 0.95 if own else 0.9 * rng.random(),
                    "quality": 0.5 if own else 0.45 * rng.random(),
                }
            )
    return tg.Transfers(pd.DataFrame(rows))


@examples(times=0.07)
@given(st.integers(0, 999), st.lists(st.floats(0, 0.6), min_size=1, max_size=3))
def test_each_budget_is_the_first_of_the_frontier_that_reaches_the_level(seed, levels):
    table = random_table(seed)
    found = tg.labels_needed(table, levels=levels, max_orders=[1, 2]).to_frame()
    rows = tg.frontier(table, max_orders=[1, 2]).to_frame()
    for row in found.itertuples():
        mine = rows[rows["max_order"] == row.max_order]
        enough = mine[mine["quality"] >= row.quality - 1e-12]
        if enough.empty:
            assert np.isnan(row.budget)
            continue
        first = enough.iloc[0]
        assert (row.budget, row.spent, row.labels) == tuple(
            first[["budget", "spent", "supervised"]]
        )
        assert row.reached == pytest.approx(first["quality"])
        assert row.saved == pytest.approx(1 - first["spent"] / 4)


@examples(times=0.1)
@given(st.integers(0, 999))
def test_with_the_objective_quality_fewer_labels_cannot_do(seed):
    """Try every set of supervised tasks; targets are solved by their best usable rows."""
    table = random_table(seed)
    frame = table.frame

    def quality_of(names):
        best = []
        for target in "abcd":
            mine = frame[frame["target"] == target]
            usable = mine["sources"].map(
                lambda text, target=target: (
                    target in names if text == "self" else set(text.split("+")) <= set(names)
                )
            )
            own = usable & (mine["sources"] == "self")
            best.append(mine.loc[own if own.any() else usable, "quality"].max())
        return np.mean(best)

    levels = [0.1, 0.2, 0.3, 0.4, 0.5]
    found = tg.labels_needed(table, levels=levels, objective="quality", max_orders=[2]).table
    for level, labels in zip(found["quality"], found["labels"], strict=True):
        sets = (s for k in range(1, 5) for s in itertools.combinations("abcd", k))
        least = next(len(s) for s in sets if quality_of(s) >= level - 1e-12)
        assert labels == least


def test_a_higher_level_never_needs_less():
    found = tg.labels_needed(random_table(3), levels=np.linspace(0, 0.5, 21), max_orders=[2])
    assert found.table["budget"].is_monotonic_increasing
    assert found.steps["reached"].is_monotonic_increasing
    assert (found.full_cost, found.full_labels, found.targets) == (4.0, 4, 4)
    assert found.full_mean == pytest.approx(0.5)
    assert "supervising all 4 of 4 targets costs 4, with a mean quality of 0.500" in repr(found)


def test_costs_and_targets_that_cannot_be_supervised():
    found = tg.labels_needed(
        random_table(1), levels=[0.9], label_cost={"a": 3.0}, target_only=["d"], max_orders=[2]
    )
    assert (found.full_cost, found.full_labels, found.targets) == (5.0, 3, 4)
    assert np.isnan(found.table["budget"]).all()


def test_wrong_levels_are_refused():
    table = random_table(0)
    with pytest.raises(InvalidProblemError, match=r"the level is 1\.5, expected a mean quality"):
        tg.labels_needed(table, levels=[1.5])
    with pytest.raises(InvalidProblemError, match='measure is "loss", expected one of quality'):
        tg.labels_needed(table, levels=[0.5], measure="loss")
    bare = tg.Transfers(table.frame.drop(columns="quality"))
    with pytest.raises(InvalidProblemError, match=r'no column "quality".* losses that hold "self"'):
        tg.labels_needed(bare, levels=[0.5])


def test_the_command_prints_and_draws_it(tmp_path, capsys):
    path = tmp_path / "t.csv"
    random_table(2).frame.to_csv(path, index=False)
    words = ["frontier", str(path), "--quality", ".2,.4", "--max-orders", "2", "--budgets", "1:4"]
    assert run([*words, "--csv", "--plot", str(tmp_path / "labels.svg")]) == 0
    printed = capsys.readouterr()
    expected = tg.labels_needed(random_table(2), levels=[0.2, 0.4], max_orders=[2])
    assert printed.out.strip() == expected.to_frame().to_csv(index=False).strip()
    assert "supervising all 4 of 4 targets costs 4" in printed.err
    assert (tmp_path / "labels.svg").read_text().startswith("<?xml")
    assert run([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == expected.to_dict()
    assert run(words) == 0
    assert "max_order" in capsys.readouterr().out
    assert run(["frontier", str(path), "--quality", ".9", "--budgets", "2"]) == 3
    assert run(["frontier", str(path), "--quality", "2"]) == 2
    assert "expected a mean quality between 0 and 1" in capsys.readouterr().err
    drawn = tmp_path / "d.png"
    assert (
        run(["plot", "labels", str(path), "--quality", ".3", "--budgets", "1:4", "-o", str(drawn)])
        == 0
    )
    assert drawn.stat().st_size > 1000


def test_costs_are_added_as_decimals():
    """0.1 + 0.2 + 0.3 of floats is more than 0.6; nothing is saved where all is supervised."""
    rows = [
        {"sources": s, "target": t, "affinity": 0.5 if s == "self" else 0.2, "quality": q}
        for t in "abc"
        for s, q in [("self", 0.5), *((other, 0.1) for other in "abc" if other != t)]
    ]
    costs = {"a": 0.1, "b": 0.2, "c": 0.3}
    found = tg.labels_needed(
        tg.Transfers(pd.DataFrame(rows)), levels=[0.5], label_cost=costs, max_orders=[1]
    )
    assert found.full_cost == 0.6
    assert found.to_frame()["saved"].tolist() == [0.0]


def test_a_transfer_without_the_measure_is_no_reason_to_leave_its_target_out():
    """With two labels, the mean of the other two targets is .5 and that of all is not known."""
    rows = [
        {"sources": s, "target": t, "affinity": 0.5 if s == "self" else 0.2, "quality": q}
        for t in "abc"
        for s, q in [
            ("self", 0.5),
            *((other, np.nan if t == "a" else 0.1) for other in "abc" if other != t),
        ]
    ]
    found = tg.labels_needed(tg.Transfers(pd.DataFrame(rows)), levels=[0.5], max_orders=[1])
    assert found.to_frame()["labels"].tolist() == [3]
