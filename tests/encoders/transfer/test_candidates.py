"""Candidate rules against naive enumeration, counts on paper, and the authors' own table."""

import dataclasses
from itertools import combinations
from math import comb

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from encoders.errors import UnknownNameError
from encoders.transfer.candidates import (
    CANDIDATES,
    SEVERAL_PICTURES,
    FirstOrderOnly,
    Published,
    SubsetsOfBest,
    first_order_sources,
    rank_sources,
)
from encoders.transfer.screened import Screened
from taskgraph.errors import InvalidProblemError, InvalidTableError
from tests.examples import examples

RANKED = list("gcahbfed")  # best first, not in alphabetical order
rankings = st.permutations(list("abcdefgh")).flatmap(
    lambda names: st.integers(1, 8).map(lambda count: names[:count])
)


def by_order(found):
    return {k: [s for s in found if len(s) == k] for k in sorted({len(s) for s in found})}


def test_single_sources_are_all_but_the_target():
    assert first_order_sources("b", ["c", "b", "a"]) == [("a",), ("c",)]
    assert first_order_sources("z", iter("ba")) == [("a",), ("b",)]


def test_ranking_is_by_loss_then_name_without_the_target():
    assert rank_sources("t", {"b": 1.0, "a": 1.0, "t": 0.0, "c": 0.5}) == ["c", "a", "b"]
    assert rank_sources("t", {"t": float("nan"), "a": 2.0}) == ["a"]


def test_five_best_give_ten_ten_five_one_and_then_a_beam():
    found = by_order(SubsetsOfBest()("t", RANKED, 7))
    assert {k: len(v) for k, v in found.items()} == {2: 10, 3: 10, 4: 5, 5: 1, 6: 1, 7: 1}
    assert found[5] == [("a", "b", "c", "g", "h")]
    assert found[6] == [("a", "b", "c", "f", "g", "h")]
    assert found[2][0] == ("c", "g")  # the two best come first


@examples(times=0.2)
@given(rankings, st.integers(2, 6), st.integers(1, 9))
def test_subsets_are_all_that_a_person_would_list(ranked, best, max_order):
    expected = set()
    for order in range(2, max_order + 1):
        pool = ranked[:best] if order <= best else ranked[:order]
        expected |= {frozenset(chosen) for chosen in combinations(pool, order)}
    found = SubsetsOfBest(best)("t", ranked, max_order)
    assert {frozenset(sources) for sources in found} == expected
    assert len(found) == len(expected)


@examples(times=0.2)
@given(rankings, st.integers(1, 9), st.sampled_from(["t", "fix_pose"]))
def test_every_rule_gives_sorted_distinct_sets_of_ranked_sources(ranked, max_order, target):
    screen = {target: [(s, len(s)) for k in (1, 2, 3, 9) for s in combinations(sorted(ranked), k)]}
    for rule in (*CANDIDATES.values(), Screened(Published(), screen)):
        found = rule(target, ranked, max_order)
        assert found == rule(target, tuple(ranked), max_order)
        assert len(set(found)) == len(found)
        assert [len(s) for s in found] == sorted(len(s) for s in found)
        for sources in found:
            assert 2 <= len(sources) <= max_order
            assert list(sources) == sorted(set(sources) & set(ranked))


@examples(times=0.2)
@given(rankings, st.integers(1, 9))
def test_a_larger_maximum_order_only_adds(ranked, max_order):
    for rule in CANDIDATES.values():
        less, more = (rule("t", ranked, order) for order in (max_order, max_order + 1))
        assert more[: len(less)] == less


def test_published_rule_takes_quadruples_of_six_and_ends_at_four_for_several_pictures():
    counts = {k: len(v) for k, v in by_order(Published()("t", RANKED, 8)).items()}
    assert counts == {2: 10, 3: 10, 4: 15, 5: 1, 6: 1, 7: 1, 8: 1}
    for target in SEVERAL_PICTURES:
        assert max(len(s) for s in Published()(target, RANKED, 8)) == 4
    assert len(Published(frozenset())("fix_pose", RANKED, 8)) == sum(counts.values())


def authors_ranking(sets, sources):
    """The ranking that the nested sets of orders 5, 6, ... and the pairs of a target imply."""
    ranked = sorted(set().union(*sets[2]))
    for order in range(5, max(sets) + 1):
        ranked += sorted(sets[order][0] - set(ranked))
    ranked += sorted(set().union(*sets[4]) - set(ranked))
    return ranked + sorted(sources - set(ranked))


def test_published_rule_yields_the_authors_16k_table(shared):
    """Orders 2 to 24: 19 targets set by set; in the other three, sources came in later."""
    table = pd.read_csv(shared / "taskonomy" / "transfers_16k.csv")
    table["set"] = table["sources"].str.split("+").map(frozenset)
    table["order"] = table["set"].map(len)
    exact, compared = [], 0
    for target, rows in table[table["order"] > 1].groupby("target"):
        sets = {order: list(group["set"]) for order, group in rows.groupby("order")}
        ranked = authors_ranking(sets, set().union(*rows["set"]) - {target})
        ours = {frozenset(s) for s in Published()(target, ranked, max(24, max(sets)))}
        if ours == set(rows["set"]):
            exact.append(target)
            compared += len(ours)
    assert len(exact) == 19
    assert set(table["target"]) - set(exact) == {"class_1000", "class_places", "segmentsemantic_rb"}
    assert compared == 15 * (10 + 10 + 15 + 20) + 4 * (10 + 10 + 15)


def test_screen_adds_the_best_that_the_rule_lacks():
    proposals = {
        "t": [
            (("d", "e"), 0.3),
            (("g", "c"), 0.1),  # the rule has it
            (("e", "d"), 0.2),  # again, better
            (["f", "d"], 0.2),
            (("d", "e", "f"), 0.5),
            (("d",), 0.0),
            (("d", "e", "f", "g"), 0.0),  # beyond the maximum order
        ]
    }
    rule = SubsetsOfBest(3)
    assert rule("t", RANKED, 3) == [("c", "g"), ("a", "g"), ("a", "c"), ("a", "c", "g")]
    one = Screened(rule, proposals, per_order=1)("t", RANKED, 3)
    assert one == [("c", "g"), ("a", "g"), ("a", "c"), ("d", "e"), ("a", "c", "g"), ("d", "e", "f")]
    assert ("d", "f") in Screened(rule, proposals, per_order=2)("t", RANKED, 3)
    assert Screened(rule, proposals, per_order=9)("t", RANKED, 1) == []


@examples(times=0.2)
@given(st.permutations(list("abcdefg")), st.integers(1, 6), st.randoms(use_true_random=False))
def test_screen_never_passes_over_a_better_set(ranked, per_order, random):
    sets = [s for k in (2, 3) for s in combinations("abcdefg", k)]
    error = {s: random.randrange(20) for s in sets}
    shuffled = random.sample(sets, len(sets))
    rule = SubsetsOfBest(4)
    ruled = set(rule("t", ranked, 3))
    screened = Screened(rule, {"t": [(s, error[s]) for s in shuffled]}, per_order)
    added = set(screened("t", ranked, 3)) - ruled
    for order in (2, 3):
        mine = [s for s in added if len(s) == order]
        left = [s for s in sets if len(s) == order and s not in added | ruled]
        assert len(mine) == min(per_order, comb(7, order) - comb(4, order))
        assert max(error[s] for s in mine) <= min((error[s] for s in left), default=99)


def test_a_rule_is_any_function_and_a_value():
    def pair_of_worst(target, ranked, max_order):
        return [tuple(sorted(ranked[-2:]))][: max_order - 1]

    found = Screened(pair_of_worst, {"t": [(("g", "c"), 1.0)]})("t", RANKED, 2)
    assert found == [("d", "e"), ("c", "g")]
    assert SubsetsOfBest(5) == CANDIDATES["best5"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        CANDIDATES["best5"].best = 6
    assert CANDIDATES["first"] == FirstOrderOnly()
    assert FirstOrderOnly()("t", RANKED, 5) == []


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: SubsetsOfBest(1), InvalidProblemError, "subsets of the 1 best .* FirstOrderOnly"),
        (
            lambda: Screened(Published(), {}, 0),
            InvalidProblemError,
            "0 screened .* the rule itself",
        ),
        (lambda: Published()("t", RANKED, 0), InvalidProblemError, "maximum order is 0, .* single"),
        (lambda: Published()("a", RANKED, 2), InvalidTableError, r'"a" holds .* \(place 3\)'),
        (lambda: SubsetsOfBest()("t", [], 2), InvalidTableError, '"t": it is empty'),
        (lambda: FirstOrderOnly()("t", "abc", 2), InvalidTableError, 'not the text "abc"'),
        (lambda: Published()("t", ["a", "b", "a"], 2), InvalidTableError, '"a" comes twice'),
        (
            lambda: first_order_sources("t", ["b", "b"]),
            InvalidTableError,
            'of target "t": "b" comes twice',
        ),
        (
            lambda: Published()("t", ["a", "b+c"], 2),
            InvalidTableError,
            'place 2 is "b.c", expected',
        ),
        (lambda: Published()("t", ["a", ""], 2), InvalidTableError, "an empty name"),
        (
            lambda: rank_sources("t", {"a": 1.0, "b": float("nan")}),
            InvalidTableError,
            'from "b" to "t" is nan, expected a finite number; measure it again',
        ),
        (
            lambda: Screened(Published(), {"u": [], "s": []})("t", RANKED, 2),
            UnknownNameError,
            'nothing for target "t"; it has s, u',
        ),
        (
            lambda: Screened(Published(), {"t": [(("x", "a"), 1.0)]})("t", RANKED, 2),
            UnknownNameError,
            r'proposes "a\+x" for target "t", but "x" is not among',
        ),
        (
            lambda: Screened(Published(), {"t": [(("b", "a"), float("inf"))]})("t", RANKED, 2),
            InvalidTableError,
            r'error of "a\+b" for target "t" is inf, .* leave the proposal out',
        ),
    ],
)
def test_errors_say_what_is_wrong_and_where(call, error, message):
    with pytest.raises(error, match=message):
        call()
