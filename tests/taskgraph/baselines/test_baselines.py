"""Greedy, best single sources and random sets: counted alike, against plain recomputation."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import taskgraph as tg
from taskgraph.baselines.random_sets import draw_random_sets, random_set
from taskgraph.cli import run
from taskgraph.errors import InfeasibleError
from taskgraph.program import compile_program
from tests.examples import examples
from tests.taskgraph.frontiers.test_budget import NAMES, random_rows, table
from tests.taskgraph.solver.oracle import (
    FUNCTIONS,
    best_by_exhaustion,
    sources_of,
    targets_of,
    value_of,
)

SHIPPED = Path(__file__).resolve().parents[3] / "results" / "transfers" / "transfers.csv"
AT_SINGLE = "taxonomy at the cost of best single source"
ENDS = ("mean", "5th percentile", "95th percentile")


@st.composite
def problems(draw):
    """Draw roles, costs (some of them 0) and importances of five tasks."""
    some = ["both", "both", "both", "source", "target", "exclude"]
    roles = {name: draw(st.sampled_from(some)) for name in NAMES}
    roles[draw(st.sampled_from(NAMES))] = "both"
    of = {
        role: tuple(n for n in NAMES if roles[n] == role)
        for role in ("source", "target", "exclude")
    }
    costs = st.sampled_from([0.0, 0.25, 1.0, 1.5])
    free = [name for name in NAMES if roles[name] in ("both", "source")]
    return tg.Problem(
        budget=draw(st.sampled_from([1.0, 2.0, 3.5])),
        max_order=draw(st.integers(1, 3)),
        objective=draw(st.sampled_from(["sqrt", "linear", "gain", "quality"])),
        source_only=of["source"],
        target_only=of["target"],
        exclude=of["exclude"],
        require=draw(st.sampled_from([(), (free[0],)])),
        importance={name: draw(st.sampled_from([0.0, 1.0, 3.0])) for name in NAMES},
        label_cost={name: draw(costs) for name in NAMES},
        transfer_cost={name: draw(costs) for name in NAMES if draw(st.booleans())},
        supervised_may_transfer=draw(st.booleans()),
    )


def without_some_self(rows, seed):
    """The same rows, but that about a third of the targets have no network of their own."""
    rng = np.random.default_rng(seed)
    bare = {name for name in NAMES if rng.random() < 0.3}
    return [row for row in rows if row["sources"] != ("self",) or row["target"] not in bare]


def best_single_by_hand(rows, problem):
    """The supervised set, its cost and objective, and each target's sources; None if a target has
    neither a single source nor its own network."""
    weigh, allowed = FUNCTIONS[problem.objective], sources_of(rows, problem)
    named = {}
    for target in targets_of(rows, problem):
        singles = [
            (weigh(row), row["sources"])
            for row in rows
            if row["target"] == target and row["sources"][0] in allowed and len(row["sources"]) == 1
        ]
        named[target] = max(singles, default=None)
    supervised = {way[1][0] for way in named.values() if way} | set(problem.require)
    cost = sum(problem.label_cost.get(name, 1.0) for name in supervised)
    objective, chosen = 0.0, {}
    for target, way in named.items():
        own = [
            weigh(row)
            for row in rows
            if row["target"] == target and row["sources"] == ("self",) and target in supervised
        ]
        keeps = way and (not own or (problem.supervised_may_transfer and way[0] > own[0]))
        if not keeps and not own:
            return None
        chosen[target] = way[1] if keeps else ("self",)
        cost += problem.transfer_cost.get(target, 0.0) if keeps else 0.0
        objective += problem.importance.get(target, 1.0) * (way[0] if keeps else own[0])
    return supervised, cost, objective, chosen


@given(st.integers(0, 10_000), problems())
@examples(times=1.2)
def test_best_single_and_the_optimum_at_its_cost_are_those_of_plain_loops(seed, problem):
    rows = without_some_self(random_rows(seed), seed)
    try:
        found = tg.evaluate(table(rows), problem, draws=0)
    except InfeasibleError:
        return
    by_hand = best_single_by_hand(rows, problem)
    if by_hand is None:
        assert not found.best_single.solved
        return
    supervised, cost, objective, chosen = by_hand
    single = found.best_single
    # Importances of 0 make transfers alike, of which any is right.
    if min(problem.importance.values()) > 0:
        assert set(single.supervised) == supervised
        assert {t.target: t.sources for t in single.transfers} == chosen
        assert single.spent == pytest.approx(cost)
        assert single.objective == pytest.approx(objective)
    for name, other in (("greedy", found.greedy), ("best single source", single)):
        if not other.solved:
            continue
        problem_there = tg.Problem(**{**vars(problem), "budget": other.spent})
        best, _ = best_by_exhaustion(rows, problem_there)
        assert found.at_cost[name].objective == pytest.approx(best)
        assert found.at_cost[name].spent <= other.spent + 1e-9
        assert best >= other.objective - 1e-9


@given(st.integers(0, 10_000), problems())
@examples(times=0.8)
def test_random_sets_are_feasible_and_paired_and_their_best_transfers_are_the_best(seed, problem):
    rows = without_some_self(random_rows(seed), seed)
    try:
        found = tg.evaluate(table(rows), problem, draws=15, seed=seed)
    except InfeasibleError:
        return
    best, random = found.random_best, found.random
    assert len(best) == len(random)
    for each in (best, random):
        assert (each["spent"] <= problem.budget + 1e-6).all()
        assert (each["objective"] <= found.taxonomy.objective + 1e-9).all()
    assert (random["objective"] <= best["objective"] + 1e-9).all()
    if not problem.supervised_may_transfer:
        assert best["spent"].to_numpy() == pytest.approx(random["spent"].to_numpy())
    possible = [value_of(s, rows, problem) for s in all_sets(rows, problem)]
    worth = np.array([value for value in possible if value is not None])
    for value in best["objective"]:
        assert np.abs(worth - value).min() < 1e-9


def all_sets(rows, problem):
    names = sources_of(rows, problem)
    sets = [s for k in range(len(names) + 1) for s in combinations(names, k)]
    return [s for s in sets if set(problem.require) <= set(s)]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("may_transfer", [False, True])
def test_the_best_transfers_of_a_set_that_cannot_vary(seed, may_transfer):
    rows = random_rows(seed)
    problem = tg.Problem(
        budget=3,
        max_order=3,
        require=("a", "b"),
        supervised_may_transfer=True,
        transfer_cost={"a": 1.0, "b": 0.5},
        label_cost={"c": 9, "d": 9, "e": 9},
        importance={"c": 2.0},
    )
    found = tg.evaluate(table(rows), problem, draws=9)
    assert found.random_best["objective"].to_numpy() == pytest.approx(
        [value_of(("a", "b"), rows, problem)] * 9
    )


def test_sources_that_save_more_than_they_cost_are_in_every_random_set():
    """Three transfers of cost 1 exceed the budget of 2, until two labels of cost .5 save two."""
    rows = [row for row in random_rows(0, tasks=3) if row["target"] in "abc"]
    problem = tg.Problem(
        budget=2, transfer_cost=dict.fromkeys("abc", 1.0), label_cost={"a": 0.5, "b": 0.5, "c": 1.5}
    )
    program = compile_program(table(rows), problem)
    for seed in range(5):
        supervised = random_set(program, np.random.default_rng(seed))
        assert supervised.tolist() == [True, True, False]
    found = tg.evaluate(table(rows), problem, draws=5)
    assert len(found.random) == 5
    assert (found.random["spent"] == 2.0).all()


def test_random_sets_follow_their_seed():
    transfers = table(random_rows(4))
    found, again, other = (tg.evaluate(transfers, budget=2, draws=300, seed=s) for s in (3, 3, 4))
    pd.testing.assert_frame_equal(found.random, again.random)
    pd.testing.assert_frame_equal(found.random_best, again.random_best)
    assert not found.random.equals(other.random)


def test_random_transfers_are_drawn_evenly():
    """With one source set, each usable transfer of a target is as likely as the others."""
    rows = [
        {"sources": s, "target": "t", "affinity": 0.1, "gain": g, "quality": 0.0}
        for s, g in ((("a",), 0.0), (("b",), 0.5), (("a", "b"), 1.0))
    ]
    program = compile_program(table(rows), tg.Problem(budget=2, require=("a", "b")))
    found = draw_random_sets(table(rows), program, draws=3000, seed=0)
    share = found.random["gain"].value_counts(normalize=True)
    assert found.tried == 3000
    assert share.to_numpy() == pytest.approx([1 / 3] * 3, abs=0.04)


@pytest.mark.parametrize(("may_transfer", "better"), [(False, 0.0), (True, 0.5)])
def test_a_supervised_target_keeps_a_random_transfer_only_where_it_may_and_that_is_better(
    may_transfer, better
):
    """`t` is worth .2 by itself, .4 from `a` and .1 from `b`: half of the draws are better."""
    rows = [
        {"sources": s, "target": "t", "affinity": v, "gain": v, "quality": v}
        for s, v in ((("self",), 0.2), (("a",), 0.4), (("b",), 0.1))
    ]
    problem = tg.Problem(
        budget=3, require=("a", "b", "t"), objective="linear", supervised_may_transfer=may_transfer
    )
    found = tg.evaluate(table(rows), problem, draws=2000)
    assert (found.random["gain"] == 0.4).mean() == pytest.approx(better, abs=0.04)
    assert (found.random["gain"] == 0.2).mean() == pytest.approx(1 - better, abs=0.04)
    assert (found.random_best["gain"] == (0.4 if may_transfer else 0.2)).all()


def test_means_over_all_and_over_transferred_targets():
    rows = random_rows(5)
    found = tg.evaluate(table(rows), budget=2, draws=10)
    whole = found.to_frame().set_index("method")
    for name, taxonomy in (
        ("taxonomy", found.taxonomy),
        ("greedy", found.greedy),
        ("best single source", found.best_single),
        (AT_SINGLE, found.at_cost["best single source"]),
    ):
        frame = taxonomy.to_frame()
        assert whole.loc[name, "spent"] == len(taxonomy.supervised)
        assert whole.loc[name, "gain"] == pytest.approx(frame["gain"].mean())
        moved = frame[frame["order"] > 0]
        assert whole.loc[name, "quality_transferred"] == pytest.approx(
            moved["quality"].mean(), nan_ok=True
        )
    for name, drawn in (
        ("random set, best transfers", found.random_best),
        ("random set, random transfers", found.random),
    ):
        expected = [drawn["gain"].mean(), *np.percentile(drawn["gain"], [5, 95])]
        assert whole.loc[[f"{name}, {end}" for end in ENDS], "gain"].tolist() == pytest.approx(
            expected
        )
    with pytest.raises(InfeasibleError, match="no taxonomy to evaluate"):
        tg.evaluate(table(rows), budget=0)


def test_what_random_sets_spend_on_average_has_its_optimum_too():
    """The optimum spends 2.0, greedy 1.8, random sets less on average, as labels differ in cost."""
    rows = random_rows(5)
    costs = dict(zip(NAMES, [0.7, 1.1, 1.2, 1.3, 1.5], strict=True))
    found = tg.evaluate(table(rows), budget=2, draws=50, label_cost=costs)
    frame = found.to_frame().set_index("method")
    spent = found.random["spent"].mean()
    assert frame.loc["random set, random transfers, mean", "spent"] == pytest.approx(spent)
    best = tg.solve(table(rows), budget=spent, label_cost=costs)
    assert found.at_cost["random set, random transfers"].objective == pytest.approx(best.objective)
    for method in ("greedy", "random set, random transfers"):
        assert f"taxonomy at the cost of {method}" in frame.index


def test_the_same_optimum_at_a_methods_cost_has_one_row():
    found = tg.evaluate(table(random_rows(5)), budget=2, draws=10)
    assert found.greedy.spent == 2
    assert found.at_cost["greedy"] is found.taxonomy
    assert found.at_cost["random set, best transfers"] is found.taxonomy
    assert [m for m in found.to_frame()["method"] if " at the cost of " in m] == [AT_SINGLE]


def test_the_shipped_table_at_budget_five():
    found = tg.evaluate(tg.read_transfers(SHIPPED), budget=5, draws=1000)
    frame = found.to_frame().set_index("method").astype(float).round(3)
    columns = ["spent", "gain", "quality"]
    assert frame.loc["best single source", columns].tolist() == [10, 0.746, 0.375]
    assert frame.loc[AT_SINGLE, columns].tolist() == [10, 0.818, 0.454]
    means = [f"random set, {which} transfers, mean" for which in ("best", "random")]
    assert frame.loc[means, "gain"].tolist() == pytest.approx([0.583, 0.484], abs=0.003)
    assert found.notes == (
        "best single source spends 10, more than the budget of 5; compare it with "
        '"taxonomy at the cost of best single source"',
        "1000 random sets that solve every target, of 1000 drawn",
    )
    assert 'compare it with "taxonomy' in repr(found)
    assert list(dict.fromkeys(name for name, _ in found.per_target.columns)) == [
        "taxonomy",
        "greedy",
        "best single source",
        AT_SINGLE,
    ]


# --- what is not there


def test_a_target_without_a_single_source_leaves_no_best_single():
    rows = random_rows(1)
    bare = [row for row in rows if row["target"] != "c" or len(row["sources"]) > 1]
    found = tg.evaluate(table(bare), budget=3, draws=5)
    frame = found.to_frame().set_index("method")
    assert frame.loc["best single source"].isna().all()
    assert AT_SINGLE not in frame.index
    assert found.notes[0] == (
        'best single source: none, as "c" has no transfer from a single source'
    )


def test_a_supervised_target_needs_no_single_source():
    """`c` has none, but others name it, and so it is solved by its own network."""
    rows = [
        {"sources": s, "target": t, "affinity": v, "gain": v, "quality": v}
        for s, t, v in ((("self",), "c", 0.5), (("c",), "a", 0.3), (("c",), "b", 0.2))
    ]
    found = tg.evaluate(table(rows), budget=1, draws=5)
    assert found.best_single.supervised == ("c",)
    assert found.best_single["c"].is_self


def test_no_random_set_is_nan_and_a_sentence():
    """Only one set of 9 sources among 20 solves the target, and no draw finds it."""
    sources = [f"s{n:02d}" for n in range(20)]
    frame = pd.DataFrame(
        {
            "sources": ["+".join(sources[:9])],
            "target": "t",
            "affinity": 0.5,
            "gain": 0.5,
            "quality": 0.5,
        }
    )
    others = pd.DataFrame({"sources": sources, "target": "u", "affinity": 0.1})
    transfers = tg.Transfers(pd.concat([frame, others], ignore_index=True))
    found = tg.evaluate(transfers, budget=9, max_order=9, draws=3)
    whole = found.to_frame().set_index("method")
    for name in ("random set, best transfers", "random set, random transfers"):
        assert whole.loc[[f"{name}, {end}" for end in ENDS]].isna().all(axis=None)
    assert found.notes[-1] == "none of 60 random sets solves every target within the budget"
    band = tg.random_band(transfers, budgets=[9], max_order=9, draws=3)
    assert band["random"].tolist() == [0]
    assert band.drop(columns=["budget", "random"]).isna().all(axis=None)


SELF_ONLY = {
    "two targets": "sources,target,affinity\nself,x,0.3\nself,y,0.4\n",
    "one target": "sources,target,affinity\nself,x,0.3\n",
    "gain, quality": "sources,target,affinity,gain,quality\nself,x,0.3,.9,.5\nself,y,.4,.8,.5\n",
    "a free source": "sources,target,affinity\nself,x,0.3\nself,y,0.4\nz,y,0.1\n",
}


@pytest.mark.parametrize("name", SELF_ONLY)
def test_where_all_solve_themselves_evaluate_prints_a_table_and_report_a_page(
    name, tmp_path, capsys
):
    path, page = tmp_path / "t.csv", tmp_path / "page.html"
    path.write_text(SELF_ONLY[name])
    assert run(["evaluate", str(path), "--budget", "2"]) == 0
    printed = capsys.readouterr()
    assert "best single source: none" in printed.err
    assert run(["evaluate", str(path), "--budget", "2", "--per-target", "--csv"]) == 0
    printed = capsys.readouterr().out
    assert printed.splitlines()[1].startswith("x,")
    assert run(["report", str(path), "--budget", "2", "-o", str(page)]) == 0
    assert "random set, best transfers, mean" in page.read_text()
    assert run(["frontier", str(path), "--random", "5"]) == 0


@pytest.mark.parametrize(
    "flags",
    [
        ["--max-order", "1"],
        ["--exclude", "z"],
        ["--label-cost", "x=0", "--label-cost", "y=0", "--budget", "0"],
        ["--require", "z", "--budget", "3"],
    ],
)
def test_where_transfers_are_there_but_none_can_be_used(flags, tmp_path, capsys):
    """`x` and `y` solve themselves in every row: their sum of roots is 1.18."""
    path, page = tmp_path / "t.csv", tmp_path / "page.html"
    path.write_text("sources,target,affinity\nself,x,0.3\nself,y,0.4\nx+z,y,0.3\ny+z,x,0.2\n")
    assert run(["evaluate", str(path), "--budget", "2", *flags, "--random", "20"]) == 0
    printed = capsys.readouterr()
    assert 'best single source: none, as "x" has no transfer' in printed.err
    assert run(["evaluate", str(path), "--budget", "2", *flags, "--csv"]) == 0
    rows = capsys.readouterr().out.splitlines()[1:]
    values = {
        float(row.rpartition('",')[2].split(",")[0])
        if '"' in row
        else float(row.split(",")[1] or "nan")
        for row in rows
    }
    assert {round(value, 2) for value in values if value == value} == {1.18}
    assert run(["report", str(path), "--budget", "2", *flags, "-o", str(page)]) == 0


def test_greedy_that_finds_nothing_is_nan_and_a_sentence():
    """The pair is needed, and neither source helps alone as far as greedy sees."""
    frame = pd.DataFrame(
        {
            "sources": ["b+c+d", "a"],
            "target": ["t", "u"],
            "affinity": [0.5, 0.4],
            "gain": 0.5,
            "quality": 0.5,
        }
    )
    more = pd.DataFrame({"sources": ["b+c+d"], "target": ["u"], "affinity": [0.1]})
    transfers = tg.Transfers(pd.concat([frame, more], ignore_index=True))
    found = tg.evaluate(transfers, budget=3, draws=0)
    assert found.taxonomy.supervised == ("b", "c", "d")
    row = found.to_frame().set_index("method").loc["greedy"]
    assert row.isna().all()
    assert "greedy: none, as greedy additions leave a target unsolved within the budget" in (
        found.notes
    )


def test_evaluate_without_draws_has_no_rows_of_random_sets(tmp_path, capsys):
    path = tmp_path / "t.csv"
    tg.write_transfers(table(random_rows(5)), path)
    assert run(["evaluate", str(path), "--budget", "2", "--random", "0"]) == 0
    printed = capsys.readouterr()
    assert "random" not in printed.out
    assert "seed" not in printed.err


# --- the band of a frontier


def test_the_band_has_the_percentiles_of_the_draws():
    transfers = table(random_rows(6))
    band = tg.random_band(transfers, budgets=[1, 3], max_order=3, draws=200, seed=1)
    found = tg.evaluate(transfers, budget=3, max_order=3, draws=200, seed=1)
    for drawn, name in ((found.random, ""), (found.random_best, "_best")):
        low, high = np.percentile(drawn["quality"], [5, 95])
        assert band.loc[1, f"quality{name}_low"] == pytest.approx(low)
        assert band.loc[1, f"quality{name}_high"] == pytest.approx(high)
        assert band.loc[1, f"gain_random{name}"] == pytest.approx(drawn["gain"].mean())
