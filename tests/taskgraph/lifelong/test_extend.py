"""Extensions: the program with sunk costs against enumeration, its laws, words and errors."""

import time
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import taskgraph as tg
from benchmarks.speed.solver.instances import latent
from taskgraph.errors import InvalidProblemError, InvalidTableError, UnknownTaskError
from taskgraph.lifelong.extension import sentences
from taskgraph.lifelong.sunk import added_amounts, check_earlier, cost_now
from taskgraph.solver.clock import Clock
from taskgraph.taxonomy.file import taxonomy_from_dict
from tests.examples import examples
from tests.taskgraph.lifelong.oracle import best_extension
from tests.taskgraph.solver.exact import is_ambiguous, random_instance


def drawn(seed, scale="twentieths"):
    """A random instance, its earlier part's optimum, and an exact budget; None where unusable."""
    random = np.random.default_rng([seed, 20])
    instance = random_instance(random, scale)
    if not instance.rows or is_ambiguous(instance):
        return None
    problem = instance.problem
    table = instance.table
    new = [name for name in table.tasks if random.random() < 0.35]
    old = replace(
        problem,
        exclude=(*problem.exclude, *new),
        source_only=tuple(n for n in problem.source_only if n not in new),
        target_only=tuple(n for n in problem.target_only if n not in new),
        require=tuple(n for n in problem.require if n not in new),
    )
    if not {*table.targets} - {*old.exclude, *old.source_only}:
        return None
    earlier = tg.solve(table, old)
    if earlier.least_budget is not None:
        earlier = tg.solve(table, old, budget=earlier.least_budget)
    if earlier.status != "optimal":
        return None
    budget = Fraction(int(random.integers(0, 41)), 20)
    return instance, table, old, earlier, budget


def chosen(earlier):
    """An earlier taxonomy as the oracle takes it."""
    return {each.target: each.sources for each in earlier.transfers} | {None: earlier.supervised}


def check(seeds):
    """Compare extensions with enumeration; return how many were solved, not, with transfer costs.

    Label costs, transfer costs, roles and importances; kept transfers are free, others are not.
    """
    solved = infeasible = costly = 0
    for seed in seeds:
        case = drawn(seed)
        if case is None:
            continue
        instance, table, _, earlier, budget = case
        found = tg.extend(table, earlier, instance.problem, budget=float(budget))
        best = best_extension(instance, chosen(earlier), budget)
        if best is None:
            assert found.taxonomy.status == "infeasible", seed
            infeasible += 1
            continue
        assert found.taxonomy.status == "optimal", seed
        near = 1e-8 * max(1.0, abs(best), *map(abs, instance.problem.importance.values()))
        assert found.taxonomy.objective == pytest.approx(best, abs=near, rel=1e-8), seed
        assert {*earlier.supervised} <= {*found.taxonomy.supervised}
        assert all(name in table.tasks for name in found.taxonomy.supervised)
        assert found.spent <= float(budget) + 1e-12
        solved += 1
        costly += any(instance.transfer.values())
    return solved, infeasible, costly


def test_extensions_agree_with_enumeration():
    solved, infeasible, costly = check(range(24))
    assert solved >= 4
    assert infeasible >= 1
    assert costly >= 1


@pytest.mark.slow
def test_many_extensions_agree_with_enumeration():
    solved, infeasible, costly = check(range(1000, 2200))
    assert solved >= 400
    assert infeasible >= 20
    assert costly >= 100


def small(seed, count=5):
    """A complete random table of single sources and pairs, and its tasks."""
    random = np.random.default_rng(seed)
    names = [f"t{k}" for k in range(count)]
    rows = [
        {"sources": sources, "target": target, "affinity": random.random()}
        for target in names
        for sources in [
            "self",
            *(n for n in names if n != target),
            *(
                "+".join(sorted(random.choice([n for n in names if n != target], 2, replace=False)))
                for _ in range(1)
            ),
        ]
    ]
    return tg.Transfers(pd.DataFrame(rows)), names


SEEDS = st.integers(0, 10**6)


@examples(times=0.03)
@given(SEEDS, st.integers(1, 4), st.booleans())
def test_extending_by_nothing_changes_nothing(seed, budget, sunk):
    table, _ = small(seed)
    before = tg.solve(table, budget=budget)
    found = tg.extend(table, before, budget=0 if sunk else budget, sunk=sunk)
    assert found.taxonomy.transfers == before.transfers
    assert found.taxonomy.supervised == before.supervised
    assert found.taxonomy.objective == pytest.approx(before.objective)
    assert found.regret == 0
    assert found.ratio == 1
    assert not found.newcomers
    assert not found.changed
    assert {*found.to_frame()["change"]} == {"same"}


@examples(times=0.03)
@given(SEEDS, st.integers(1, 3), st.integers(0, 2), st.integers(1, 2))
def test_sunk_stays_below_the_optimum_of_the_same_total_and_above_the_old_one(
    seed, budget, more, count
):
    table, names = small(seed)
    new = names[:count]
    before = tg.solve(table, budget=budget, exclude=new)
    found = tg.extend(table, before, budget=more)
    again = tg.extend(table, before, budget=budget + more, sunk=False)
    plain = tg.solve(table, budget=budget + more)
    assert again.taxonomy == plain  # paid again, it is the optimum of the union
    assert again.regret == 0
    # Spending all from now on as before is one of the choices of starting over.
    assert found.restart == tg.solve(table, budget=before.spent + more)
    assert found.taxonomy.objective <= found.restart.objective + 1e-9
    assert found.regret == pytest.approx(found.restart.objective - found.taxonomy.objective)
    assert found.ratio == pytest.approx(found.taxonomy.objective / found.restart.objective)
    # A target that was solved before is solved at least as well, unless its own label is bought.
    for each in before.transfers:
        if each.target not in found.joins:
            assert found.taxonomy[each.target].affinity >= each.affinity
    assert found.drops == ()
    assert found.taxonomy.spent == before.spent + found.spent <= before.spent + more


@examples(times=0.03)
@given(SEEDS)
def test_with_nothing_to_spend_the_supervised_tasks_and_the_old_objective_stay(seed):
    table, names = small(seed)
    before = tg.solve(table, budget=2, exclude=names[:2])
    found = tg.extend(table, before, budget=0)
    assert found.taxonomy.supervised == before.supervised
    assert found.stays == before.supervised
    assert found.taxonomy.objective >= before.objective
    assert {each.task for each in found.newcomers} == {*names[:2]}


@examples(times=0.03)
@given(SEEDS, st.integers(0, 2))
def test_two_steps_of_nothing_and_of_all_are_one(seed, more):
    """An extension can be extended; its JSON is read as a taxonomy."""
    table, names = small(seed)
    before = tg.solve(table, budget=2, exclude=names[:2])
    first = tg.extend(table, before, budget=more)
    second = tg.extend(table, taxonomy_from_dict(first.to_dict()), budget=0)
    assert second.taxonomy.transfers == first.taxonomy.transfers
    assert second.taxonomy.spent == first.taxonomy.spent == second.earlier.spent


def worth_by_enumeration(table, before, budget, name):
    """Return the value that a label adds, from solves with roles instead of masks."""

    def best(**roles):
        return tg.extend(table, before, budget=budget, **roles).taxonomy.objective

    return best(require=[name], label_cost={name: 0.0}) - best(target_only=[name])


@examples(times=0.02)
@given(SEEDS, st.integers(0, 2))
def test_the_worth_of_a_label_is_a_difference_of_two_optima(seed, budget):
    table, names = small(seed)
    before = tg.solve(table, budget=2, exclude=names[:2])
    for each in tg.extend(table, before, budget=budget).newcomers:
        expected = worth_by_enumeration(table, before, budget, each.task)
        assert each.label_worth == pytest.approx(expected, abs=1e-9)
        assert each.label_cost == 1
        assert each.worth_per_cost == each.label_worth


ROWS = [
    ("self", "a", 0.8), ("b", "a", 0.1), ("c", "a", 0.05),
    ("self", "b", 0.6), ("a", "b", 0.2), ("c", "b", 0.3),
    ("self", "c", 0.5), ("a", "c", 0.04), ("b", "c", 0.25),
]  # fmt: skip


def by_hand(rows=ROWS):
    return tg.Transfers(pd.DataFrame(rows, columns=["sources", "target", "affinity"]))


def test_a_case_that_can_be_checked_on_paper():
    """a and b with one label: a. Then c arrives, with one more label: own 0.5, and b from c."""
    table = by_hand()
    before = tg.solve(table, budget=1, exclude=["c"], objective="linear")
    assert before.supervised == ("a",)
    found = tg.extend(table, before, budget=1, objective="linear")
    # b: 0.8 + 0.6 + 0.25 = 1.65; c: 0.8 + 0.3 + 0.5 = 1.6; so b joins.
    assert found.joins == ("b",)
    assert found.taxonomy.objective == pytest.approx(1.65)
    assert found.regret == 0
    (newcomer,) = found.newcomers
    assert newcomer.sources == ("b",)
    # Without c's label 1.65; with it on top 0.8 + 0.6 + 0.5 = 1.9.
    assert newcomer.label_worth == pytest.approx(0.25)
    text = repr(found)
    assert "1 new task: c; spent 1 of budget 1 from now on, after 1 before" in text
    assert "stays supervised: a; joins: b; drops: none, as labels that are paid stay" in text
    assert "of 2 earlier targets, 1 are solved as before, and 1 in another way" in text
    assert "  b: its own network, before a" in text
    assert "new c is reached from b; its label costs 1 and would add 0.25 to the objective" in text
    assert "regret against starting over with 2 in all: 0 of 1.6500, ratio 1.0000" in text
    frame = found.to_frame().set_index("target")
    assert frame["change"].tolist() == ["same", "other", "new"]
    assert frame["before"].tolist() == ["self", "a", ""]


def test_regret_of_a_label_that_was_bought_too_soon():
    """With one label for a and c alone, c: 0.5 + 0.05 < a: 0.8 + 0.04. Then b arrives for free."""
    table = by_hand([*ROWS[:3], ("self", "b", 0.9), ("a", "b", 0.0), ("c", "b", 0.0), *ROWS[6:]])
    before = tg.solve(table, budget=1, exclude=["b"], objective="linear")
    found = tg.extend(table, before, budget=0, objective="linear")
    assert found.taxonomy.objective == pytest.approx(0.84)
    assert found.restart.supervised == ("b",)  # 0.9 + 0.1 + 0.25 = 1.25
    assert found.regret == pytest.approx(0.41)
    assert found.ratio == pytest.approx(0.84 / 1.25)
    assert found.to_dict()["extension"]["regret"] == pytest.approx(0.41)
    again = tg.extend(table, before, budget=1, objective="linear", sunk=False)
    assert again.drops == ("a",)
    assert "joins: b; drops: a" in repr(again)
    assert "everything paid again" in repr(again)


def test_a_kept_transfer_is_free_and_another_one_is_not():
    """b keeps its transfer from a (0.2); from c it would be 0.3, which costs 0.5."""
    table = by_hand()
    costs = {"objective": "linear", "transfer_cost": {"a": 0.5, "b": 0.5, "c": 0.5}}
    before = tg.solve(table, budget=1.5, exclude=["c"], **costs)
    assert (before.supervised, before.spent) == (("a",), 1.5)
    found = tg.extend(table, before, budget=0.5, **costs)
    assert found.taxonomy["c"].sources == ("a",)  # the only 0.5 is spent on the new target
    assert (found.spent, found.taxonomy.spent) == (0.5, 2.0)
    assert found.changed == ()
    found = tg.extend(table, before, budget=1.5, require=["c"], **costs)
    assert found.taxonomy["b"].sources == ("c",)
    assert found.spent == 1.5
    assert found.taxonomy.spent == 3.0  # the replaced transfer stays spent


def test_a_label_that_solves_nothing_is_named():
    """s is a source only; its one use ends when a better source arrives."""
    rows = [("s", "a", 0.2), ("c", "a", 0.7), ("self", "c", 0.9), ("s", "c", 0.1)]
    table = by_hand(rows)
    before = tg.solve(table, budget=1, exclude=["c"])
    assert before.supervised == ("s",)
    found = tg.extend(table, before, budget=1)
    assert found.unused == ("s",)
    assert "supervised and used for no target: s" in repr(found)


def test_without_a_way_to_the_new_task_the_answer_is_a_status():
    table = by_hand([*ROWS, ("self", "d", 0.3)])
    before = tg.solve(table, budget=1, exclude=["d"])
    found = tg.extend(table, before, budget=0)
    assert found.taxonomy.status == "infeasible"
    assert 'target "d" has no transfer' in found.taxonomy.reason
    assert found.taxonomy.least_budget == 1
    assert found.regret is None
    assert found.ratio is None
    assert repr(found).startswith("Infeasible within budget 0")
    more = tg.extend(table, before, budget=1)
    assert "new d is supervised; its label costs 1, and nothing solves all targets" in repr(more)


def test_new_sources_and_tasks_that_cannot_be_supervised():
    table = by_hand([*ROWS, ("s", "a", 0.9), ("s", "b", 0.9), ("s", "c", 0.9)])
    before = tg.solve(table, budget=1, exclude=["c", "s"])
    found = tg.extend(table, before, budget=1, newcomers=["s"], target_only=["c"])
    newcomers = {each.task: each for each in found.newcomers}
    assert newcomers["c"].label_cost is None
    assert newcomers["s"].sources == ()
    assert "new c is reached from s; it cannot be supervised" in repr(found)
    assert "new s is supervised as a source; its label costs 1" in repr(found)
    less = tg.extend(table, before, budget=0, newcomers=["s"], objective="log")
    assert "new s is not supervised, no target" in repr(less)
    assert less.ratio is None  # the objective is below 0


def test_a_label_that_is_asked_for_has_the_same_worth():
    table = by_hand()
    before = tg.solve(table, budget=1, exclude=["c"], objective="linear")
    (asked,) = tg.extend(table, before, budget=1, objective="linear", require=["c"]).newcomers
    # With c's label on top of the budget b joins as well: 0.8 + 0.6 + 0.5; without it 1.65.
    assert asked.supervised
    assert asked.label_worth == pytest.approx(0.25)


def test_targets_that_are_left_out_are_named():
    table = by_hand()
    before = tg.solve(table, budget=1, exclude=["c"])
    found = tg.extend(table, before, budget=0, exclude=["b"])
    assert "no longer a target: b" in repr(found)
    assert found.changed == ()


def test_what_is_refused():
    table = by_hand()
    before = tg.solve(table, budget=1, exclude=["c"])
    for role in ("exclude", "target_only"):
        with pytest.raises(InvalidProblemError, match=r'"a" is supervised in the earlier.*pay-ag'):
            tg.extend(table, before, budget=1, **{role: ["a"]})
    for status in ("feasible", "unknown"):
        with pytest.raises(InvalidProblemError, match=f'has the status "{status}", expected "opt'):
            tg.extend(table, replace(before, status=status), budget=1)
    with pytest.raises(UnknownTaskError, match='the earlier taxonomy: the table has no task "x"'):
        tg.extend(table, replace(before, supervised=("x",)), budget=1)
    with pytest.raises(InvalidProblemError, match='sunk is "no", expected true or false'):
        tg.extend(table, before, budget=1, sunk="no")


def test_an_earlier_taxonomy_must_fit_its_table():
    table = by_hand()
    before = tg.solve(table, budget=1)
    check_earlier(before, table)
    with pytest.raises(InvalidProblemError, match=r'status "feasible".*without a time limit'):
        check_earlier(replace(before, status="feasible"), table)
    with pytest.raises(InvalidTableError, match='supervises "x", and the earlier table has no su'):
        check_earlier(replace(before, supervised=("x",)), table)
    other = replace(before, transfers=(replace(before.transfers[0], target="x"),))
    with pytest.raises(InvalidTableError, match='solves "x", and the earlier table has no such'):
        check_earlier(other, table)
    other = replace(before, transfers=(replace(before.transfers[0], sources=("b", "c")),))
    with pytest.raises(InvalidTableError, match=r'solves "a" from b \+ c, and the earlier table'):
        check_earlier(other, table)
    other = replace(before, transfers=(replace(before.transfers[0], affinity=0.7),))
    with pytest.raises(InvalidTableError, match=r'of "a" from b is 0\.7 in the earlier tax'):
        check_earlier(other, table)
    check_earlier(replace(other, transfers=(replace(other.transfers[0], affinity=None),)), table)


def test_amounts_are_decimal_numbers():
    assert added_amounts(0.1, 0.2) == 0.3
    assert added_amounts(6, -5.9) == 0.1
    table = by_hand()
    before = tg.solve(table, budget=0.1, exclude=["c"], default_label_cost=0.1)
    problem = tg.Problem(default_label_cost=0.1, transfer_cost={"b": 0.2})
    assert cost_now(before, problem) == 0.3


@pytest.fixture(scope="module")
def hard():
    """A table whose optimum takes long to prove, and the optimum of its first six tasks."""
    table = latent(100, 50, 0)
    earlier = tg.solve(table, budget=6, objective="linear", exclude=table.targets[6:])
    assert earlier.status == "optimal"
    return table, earlier


@pytest.mark.parametrize("limit", [0.0, 0.05])
def test_a_time_limit_leaves_a_valid_bound_and_says_what_is_not_proven(hard, limit):
    table, earlier = hard
    start = time.perf_counter()
    found = tg.extend(table, earlier, budget=14, objective="linear", time_limit=limit)
    assert time.perf_counter() - start < limit + 5, "a busy machine is slower"
    assert found.taxonomy.status in ("feasible", "unknown")
    assert found.restart.status != "optimal"
    if not found.taxonomy.solved:
        return
    assert {*earlier.supervised} <= {*found.taxonomy.supervised}
    assert found.taxonomy.objective <= found.taxonomy.bound
    assert found.taxonomy.gap > 0
    assert found.regret <= found.regret_bound
    # The optimum with 20 labels in all, from tests of the solver.
    assert found.taxonomy.objective + found.regret_bound >= 4.0541041
    assert len(found.newcomers) == 94
    unproven = [each for each in found.newcomers if not each.proven]
    assert unproven
    assert all(each.label_worth is None for each in unproven)
    text = "\n".join(sentences(found))
    assert "the time limit left no proof of what it adds to the objective" in text
    assert "as the time limit came before its proof" in text


def test_an_extension_within_its_time_limit_is_the_one_without():
    table = tg.default_transfers()
    earlier = tg.solve(table, budget=2, exclude=["depth", "normals"])
    found, free = (tg.extend(table, earlier, budget=1, time_limit=t) for t in (60, None))
    assert found.to_dict() == free.to_dict()
    assert all(each.proven for each in found.newcomers)
    assert found.regret_bound == pytest.approx(found.regret)


def test_a_stopped_clock_ends_the_extension(hard):
    table, earlier = hard
    clock = Clock()
    clock.stop.set()
    found = tg.extend(table, earlier, budget=14, objective="linear", clock=clock)
    assert found.taxonomy.status in ("feasible", "unknown")
