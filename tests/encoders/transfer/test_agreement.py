"""Agreement of rankings against naive loops over tie-breaks, scipy, and cases on paper."""

from itertools import pairwise, permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from encoders.transfer.agreement import agreement
from taskgraph.errors import InvalidProblemError, InvalidTableError
from tests.examples import examples

MEASURES = ["spearman", "weighted_tau", "top1", "top5", "regret_ratio"]


def compare(predicted, trained, **options):
    predicted, trained = np.asarray(predicted, float), np.asarray(trained, float)
    if predicted.ndim == 1:
        predicted, trained = predicted[:, None], trained[:, None]
    names = {
        "sources": [f"s{k}" for k in range(len(predicted))],
        "targets": [f"t{k}" for k in range(predicted.shape[1])],
    }
    directions = {"predicted_better": "larger", "trained_better": "smaller"}
    return agreement(predicted, trained, **{**names, **directions, **options})


def test_a_case_on_paper():
    """Losses 1, 2, 4, 8 of a, b, c, d; the prediction puts b first, then a, c, d."""
    found = compare([3, 4, 2, 1], [1, 2, 4, 8], top=2, sources=list("abcd"))
    row = found.table.iloc[0]
    assert (row["target"], row["n"], row["best"], row["chosen"]) == ("t0", 4, "a", "b")
    assert row["spearman"] == pytest.approx(1 - 6 * 2 / (4 * 15))
    assert row["top1"] == 0
    assert row["top2"] == 1
    assert row["regret_ratio"] == 2
    chance = found.summary.set_index("measure")["chance"]
    assert chance.to_dict() == pytest.approx(
        {"spearman": 0, "weighted_tau": 0, "top1": 1 / 4, "top2": 2 / 4, "regret_ratio": 15 / 4}
    )


def naive(predicted, trained, better, top):
    """Every way of breaking ties, one loop within another; both lists by their own direction."""
    worth = trained if better == "larger" else [-v for v in trained]
    places = range(len(trained))
    orders = [
        [o for o in permutations(places) if all(v[a] >= v[b] for a, b in pairwise(o))]
        for v in (predicted, worth)
    ]
    first, common, ratio = [], [], []
    best = max(trained) if better == "larger" else min(trained)
    for ours in orders[0]:
        value = trained[ours[0]]
        ratio.append(best / value if better == "larger" else value / best)
        for theirs in orders[1]:
            first.append(ours[0] == theirs[0])
            common.append(len(set(ours[:top]) & set(theirs[:top])) / top)
    return np.mean(first), np.mean(common), np.mean(ratio)


few = st.lists(st.tuples(st.integers(-3, 3), st.integers(1, 4)), min_size=3, max_size=5)


@examples(times=0.2)
@given(few, st.sampled_from(["larger", "smaller"]))
def test_ties_are_broken_in_every_way(pairs, better):
    predicted, trained = (list(v) for v in zip(*pairs, strict=True))
    row = compare(predicted, trained, trained_better=better, top=2, resamples=1).table.iloc[0]
    wanted = naive(predicted, trained, better, 2)
    assert tuple(row[["top1", "top2", "regret_ratio"]]) == pytest.approx(wanted)


def tau_by_pairs(x, y):
    """Weighted tau without ties: each pair weighs 1/rank + 1/rank, ranked by x, then by y."""
    totals = []
    for ranked in (x, y):
        rank = [1 + sum(other > own for other in ranked) for own in ranked]
        agree = weight = 0.0
        for i in range(len(x)):
            for j in range(i):
                pair = 1 / rank[i] + 1 / rank[j]
                weight += pair
                agree += pair * np.sign(x[i] - x[j]) * np.sign(y[i] - y[j])
        totals.append(agree / weight)
    return np.mean(totals)


@examples(times=0.2)
@given(st.permutations(range(7)), st.permutations(range(7)))
def test_weighted_tau_is_the_sum_over_pairs(predicted, trained):
    row = compare(predicted, trained, trained_better="larger", resamples=1).table.iloc[0]
    assert row["weighted_tau"] == pytest.approx(tau_by_pairs(predicted, trained))
    squares = sum((a - b) ** 2 for a, b in zip(predicted, trained, strict=True))
    classic = 1 - 6 * squares / (7 * 48)
    assert row["spearman"] == pytest.approx(classic)


def test_spearman_is_the_correlation_of_averaged_ranks():
    rng = np.random.default_rng(0)
    predicted, trained = rng.integers(0, 5, (2, 20, 6))
    trained = trained + 1
    found = compare(predicted, trained, resamples=1).table
    for column in range(6):
        ranks = stats.rankdata(predicted[:, column]), stats.rankdata(-trained[:, column])
        assert found["spearman"][column] == pytest.approx(np.corrcoef(*ranks)[0, 1])


def some_tables(seed=0, sources=12, targets=9):
    rng = np.random.default_rng(seed)
    trained = rng.uniform(1, 3, (sources, targets))
    predicted = -trained + rng.normal(0, 0.4, trained.shape)
    for t in range(targets):
        trained[t, t] = predicted[t, t] = np.nan
    return predicted, trained


def test_directions_are_what_they_say_and_only_order_counts():
    predicted, trained = some_tables()
    usual = compare(predicted, trained)
    flipped = compare(-predicted, trained, predicted_better="smaller")
    pd.testing.assert_frame_equal(usual.table, flipped.table)
    bent = compare(np.exp(3 * predicted), trained)
    pd.testing.assert_frame_equal(usual.summary, bent.summary)
    inverse = compare(predicted, 1 / trained, trained_better="larger")
    pd.testing.assert_frame_equal(usual.table, inverse.table)


def test_a_perfect_and_an_opposite_prediction():
    trained = some_tables()[1]
    right, wrong = (
        compare(trained, trained, predicted_better=better).summary.set_index("measure")["mean"]
        for better in ("smaller", "larger")
    )
    assert right.tolist() == pytest.approx([1, 1, 1, 1, 1])
    assert wrong[["spearman", "weighted_tau", "top1"]].tolist() == pytest.approx([-1, -1, 0])
    assert wrong["regret_ratio"] == pytest.approx(
        (np.nanmax(trained, axis=0) / np.nanmin(trained, axis=0)).mean()
    )


def test_what_is_missing_on_either_side_is_left_out():
    predicted, trained = some_tables()
    predicted[3, 0] = np.nan
    trained[5, 0] = np.nan
    found = compare(predicted, trained).table.iloc[0]
    kept = [k for k in range(len(trained)) if k not in (0, 3, 5)]
    alone = compare(predicted[kept, 0], trained[kept, 0]).table.iloc[0]
    assert found["n"] == len(kept)
    assert found[MEASURES].tolist() == alone[MEASURES].tolist()


def test_relabeling_sources_changes_names_alone():
    predicted, trained = some_tables()
    order = np.random.default_rng(1).permutation(len(trained))
    names = [f"s{k}" for k in order]
    moved = compare(predicted[order], trained[order], sources=names).table
    pd.testing.assert_frame_equal(moved, compare(predicted, trained).table)


def test_chance_is_what_random_predictions_reach():
    trained = some_tables()[1]
    chance = compare(np.zeros_like(trained), trained).summary.set_index("measure")
    assert chance["mean"].tolist() == pytest.approx(chance["chance"].tolist())
    rng = np.random.default_rng(0)
    draws = np.mean(
        [
            compare(rng.normal(size=trained.shape), trained, resamples=1).summary["mean"]
            for _ in range(40)
        ],
        axis=0,
    )
    # 40 draws x 9 targets: standard errors are below 0.02
    np.testing.assert_allclose(draws, chance["chance"], atol=0.07)
    assert chance.loc["top1", "chance"] == pytest.approx(1 / 11)
    assert chance.loc["top5", "chance"] == pytest.approx(5 / 11)


def test_interval_is_the_percentile_bootstrap_of_the_mean_over_targets():
    predicted, trained = some_tables(targets=12)
    found = compare(predicted, trained, resamples=20_000, confidence=0.9)
    for _, row in found.summary.iterrows():
        values = found.table[row["measure"]].to_numpy()
        assert row["mean"] == pytest.approx(values.mean())
        theirs = stats.bootstrap(
            (values,),
            np.mean,
            n_resamples=20_000,
            confidence_level=0.9,
            method="percentile",
            random_state=np.random.default_rng(1),
        ).confidence_interval
        width = values.std() / np.sqrt(len(values))
        assert row["low"] == pytest.approx(theirs.low, abs=0.06 * width)
        assert row["high"] == pytest.approx(theirs.high, abs=0.06 * width)
    again = compare(predicted, trained, resamples=20_000, confidence=0.9)
    pd.testing.assert_frame_equal(found.summary, again.summary)


def test_higher_orders_are_rows_like_others():
    rows = ["a+b", "a+c", "b+c"]
    found = compare([[3], [2], [1]], [[1], [2], [3]], sources=rows, targets=["t"], top=2)
    assert found.table.loc[0, "best"] == "a+b"
    assert found.table.loc[0, "top2"] == 1


def test_where_nothing_can_be_said_it_is_nan():
    nan = np.nan
    trained = np.array([[1, nan, 2, -1], [1, 1, 2, 1], [1, nan, nan, 3]], float)
    predicted = np.array([[1, 1, 1, 1], [2, 2, 1, 2], [3, nan, 1, 3]], float)
    found = compare(predicted, trained, top=2)
    same, lonely, constant, negative = (row for _, row in found.table.iterrows())
    assert same[["spearman", "weighted_tau"]].isna().all()  # all sources do alike
    assert lonely["n"] == 1
    assert lonely[["spearman", "weighted_tau", "top1", "top2", "regret_ratio"]].isna().all()
    assert lonely["best"] == "s1"
    assert np.isnan(constant["top2"])  # two of two
    assert np.isnan(negative["regret_ratio"])
    assert negative["spearman"] == pytest.approx(-1)
    counts = found.summary.set_index("measure")["targets"]
    assert counts.to_dict() == {
        "spearman": 1,
        "weighted_tau": 1,
        "top1": 3,
        "top2": 2,
        "regret_ratio": 2,
    }
    summary = found.summary.set_index("measure")
    assert summary.loc["spearman", ["low", "high"]].isna().all()  # one target has no spread
    empty = compare([[nan], [nan]], [[1], [2]])
    assert empty.table.loc[0, "n"] == 0
    assert empty.table.loc[0, "best"] is None
    assert empty.summary["mean"].isna().all()


def test_it_prints_its_summary():
    assert "weighted_tau" in repr(compare(*some_tables(), resamples=10))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"trained": np.ones((2, 3))},
            InvalidTableError,
            r"`trained` has shape \(2, 3\), .*\(3, 2",
        ),
        ({"sources": []}, InvalidTableError, r"`predicted` has shape \(3, 2\), .* \(0, 2\)"),
        (
            {"predicted": [[1, 2], [3, np.inf], [4, 5]]},
            InvalidTableError,
            '`predicted` is infinite for "s1" to "t1"; write NaN',
        ),
        ({"trained_better": "lower"}, InvalidProblemError, 'trained_better is "lower", expected'),
        ({"predicted_better": "up"}, InvalidProblemError, 'predicted_better is "up", expected'),
        ({"top": 1}, InvalidProblemError, "top is 1, expected at least 2"),
        ({"resamples": 0}, InvalidProblemError, "0 resamples were asked for"),
        ({"confidence": 95}, InvalidProblemError, "confidence is 95, expected a share"),
    ],
)
def test_errors_say_what_is_wrong(options, error, message):
    given = {
        "predicted": np.ones((3, 2)),
        "trained": np.ones((3, 2)),
        "sources": ["s0", "s1", "s2"],
        "targets": ["t0", "t1"],
        "predicted_better": "larger",
        "trained_better": "smaller",
        **options,
    }
    with pytest.raises(error, match=message):
        agreement(given.pop("predicted"), given.pop("trained"), **given)
