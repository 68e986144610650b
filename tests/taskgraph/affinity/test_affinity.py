"""AHP against dense eigenvectors, bootstrap against naive resampling, and the laws of both."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from taskgraph.affinity import (
    affinities,
    affinities_from_scores,
    affinities_from_wins_table,
    affinity_from_wins,
    bootstrap,
    bootstrap_affinities,
    consistency_ratio,
    draw_resamples,
    random_index,
    win_rates,
)
from taskgraph.errors import InvalidTableError, InvalidWinsError
from taskgraph.losses import Losses, TargetLosses
from tests.examples import examples


def dense_perron(wins, clip=1e-3):
    """The principal eigenvector by LAPACK, and its eigenvalue."""
    shares = np.clip(wins, clip, 1 - clip)
    values, vectors = np.linalg.eig(shares / shares.T)
    first = values.real.argmax()
    vector = np.abs(vectors[:, first].real)
    return vector / vector.sum(), values[first].real


def some_losses(seed=0, candidates=6, images=40, targets=("t", "u"), extra=("scratch", "self")):
    rng = np.random.default_rng(seed)
    names = tuple(sorted([f"s{k}" for k in range(candidates)] + list(extra)))
    shown = tuple(f"{b:03d}" for b in range(images))
    return Losses(
        {t: TargetLosses(names, shown, rng.normal(size=(len(names), images))) for t in targets}
    )


tournaments = st.integers(2, 7).flatmap(
    lambda e: arrays(float, (e, e), elements=st.integers(0, 100).map(lambda k: k / 100))
)


@given(tournaments)
def test_perron_vector_equals_the_dense_eigenvector(upper):
    wins = np.triu(upper, 1)
    wins = wins + np.tril(1 - wins.T, -1) + 0.5 * np.eye(len(wins))
    vector, largest = dense_perron(wins)
    found = affinity_from_wins(wins)
    assert found == pytest.approx(vector, rel=1e-9, abs=1e-14)
    assert found.sum() == pytest.approx(1)
    assert (found > 0).all()
    assert consistency_ratio(wins).largest_eigenvalue == pytest.approx(largest, rel=1e-6)


@pytest.mark.parametrize("win", [0.001, 0.2, 0.5, 0.9])
def test_two_candidates_share_as_they_win(win):
    wins = np.array([[0.5, win], [1 - win, 0.5]])
    assert affinity_from_wins(wins) == pytest.approx([win, 1 - win])


def test_an_always_winner_has_the_odds_of_the_clip():
    found = affinity_from_wins(np.array([[0.5, 1.0], [0.0, 0.5]]))
    assert found[0] / found[1] == pytest.approx(999)


@examples(times=0.5)
@given(st.lists(st.floats(0.1, 10), min_size=2, max_size=9))
def test_a_consistent_tournament_returns_its_strengths(strengths):
    """Bradley-Terry: i beats j with the share s_i / (s_i + s_j)."""
    s = np.array(strengths)
    wins = s[:, None] / (s[:, None] + s)
    assert affinity_from_wins(wins) == pytest.approx(s / s.sum(), rel=1e-9)
    assert consistency_ratio(wins).ratio == pytest.approx(0, abs=1e-9)


def test_a_cycle_ties_and_is_inconsistent():
    wins = np.array([[0.5, 1, 0], [0, 0.5, 1], [1, 0, 0.5]])
    assert affinity_from_wins(wins) == pytest.approx(np.full(3, 1 / 3))
    assert consistency_ratio(wins).ratio > 100


def test_a_near_cycle_is_found():
    """Complex eigenvalues of nearly the largest modulus: power iteration does not converge."""
    wins = np.array([[0.5, 1, 0], [0, 0.5, 0.99], [1, 0.01, 0.5]])
    assert affinity_from_wins(wins) == pytest.approx(dense_perron(wins)[0], rel=1e-8)


def test_strict_ties_may_sum_to_less_than_one():
    wins = np.array([[0, 0.6, 0.0], [0.2, 0, 0.0], [0.0, 0.0, 0]])
    found = affinity_from_wins(wins, ties="strict")
    assert found == pytest.approx(dense_perron(wins)[0])
    assert found[0] / found[1] > 1


def test_the_diagonal_is_not_looked_at():
    wins = np.array([[np.nan, 0.7], [0.3, 1.0]])
    assert affinity_from_wins(wins) == pytest.approx([0.7, 0.3])


def test_a_batch_is_its_members(monkeypatch):
    rng = np.random.default_rng(0)
    wins = np.stack([win_rates(rng.normal(size=(5, 30))) for _ in range(7)])
    each = np.stack([affinity_from_wins(w) for w in wins])
    assert affinity_from_wins(wins) == pytest.approx(each, abs=1e-12)
    monkeypatch.setattr("taskgraph.affinity.ahp.BATCH", 50)
    assert affinity_from_wins(wins) == pytest.approx(each, abs=1e-12)


@pytest.mark.parametrize(
    ("wins", "options", "message"),
    [
        (
            [[0.5, 0.7], [0.5, 0.5]],
            {},
            r"`wins\[0, 1\] \+ wins\[1, 0\]` is 1\.200, expected 1; count a tie as half a win",
        ),
        ([[0.5, 0.3], [0.5, 0.5]], {}, r"is 0\.800, expected 1"),
        (
            [[[0.5, 0.7], [0.5, 0.5]]],
            {},
            r"`wins\[0, 0, 1\] \+ wins\[0, 1, 0\]` is 1\.200, expected 1",
        ),
        ([[0.5, 0.7], [0.5, 0.5]], {"ties": "strict"}, r"is 1\.200, expected at most 1"),
        ([[0.5, 1.2], [-0.2, 0.5]], {}, r"`wins\[0, 1\]` is 1\.200, expected a share between 0"),
        ([[0.5, np.nan], [0.2, 0.5]], {}, r"`wins\[0, 1\]` is nan, expected a share"),
        ([[0.5, 0.5]], {}, r"shape \(1, 2\), expected a square matrix"),
        ([], {}, r"shape \(0,\), expected a square matrix"),
    ],
)
def test_bad_wins_are_refused(wins, options, message):
    with pytest.raises(InvalidWinsError, match=message):
        affinity_from_wins(np.array(wins), **options)


def test_bad_options_are_refused():
    wins = np.array([[0.5, 0.7], [0.3, 0.5]])
    with pytest.raises(InvalidTableError, match=r"clip is 0\.5, expected a share above 0 and bel"):
        affinity_from_wins(wins, clip=0.5)
    with pytest.raises(InvalidWinsError, match="expected one square matrix"):
        consistency_ratio(wins[None])


@pytest.mark.parametrize("size", [5, 12, 20])
def test_random_index_is_the_mean_of_random_judgments(size):
    """Reciprocal matrices with entries drawn from 1/9, ..., 1/2, 1, 2, ..., 9."""
    rng = np.random.default_rng(size)
    scale = np.array([*(1 / k for k in range(9, 1, -1)), *range(1, 10)])
    found = []
    for _ in range(400):
        upper = np.triu(scale[rng.integers(0, 17, (size, size))], 1)
        odds = upper + np.eye(size)
        odds[np.tril_indices(size, -1)] = 1 / upper.T[np.tril_indices(size, -1)]
        largest = np.abs(np.linalg.eigvals(odds)).max()
        found.append((largest - size) / (size - 1))
    assert np.mean(found) == pytest.approx(random_index(size), rel=0.04)


def test_random_index_joins_its_two_sources_smoothly():
    assert random_index(14) < random_index(15) < random_index(16)
    assert random_index(15) == pytest.approx(1.59, abs=0.01)  # Saaty's own value


def test_affinities_are_the_tournament_without_scratch():
    losses = some_losses()
    found = affinities(losses)
    measured = losses.by_target["t"]
    inside = [k for k, name in enumerate(measured.sources) if name != "scratch"]
    vector, _ = dense_perron(win_rates(measured.values[inside]))
    rows = found.transfers.frame.query("target == 't'").set_index("sources")
    assert rows["affinity"].drop("scratch").to_numpy() == pytest.approx(vector)
    assert rows["affinity"].isna().to_dict()["scratch"]
    scratch = measured.values[measured.sources.index("scratch")]
    assert rows.at["s0", "gain"] == np.mean(measured.values[0] < scratch)
    own = measured.values[measured.sources.index("self")]
    assert rows.at["s0", "quality"] == np.mean(measured.values[0] < own)
    assert rows.at["scratch", "gain"] == rows.at["self", "quality"] == 0.5
    assert rows["n"].eq(40).all()
    assert found.consistency["candidates"].tolist() == [7, 7]
    assert "worst consistency ratio" in repr(found)


def test_images_that_some_candidate_lacks_are_dropped_and_counted():
    losses = some_losses(targets=("t",))
    measured = losses.by_target["t"]
    values = measured.values.copy()
    values[2, :5] = np.nan
    cut = Losses({"t": TargetLosses(measured.sources, measured.images, values)})
    less = TargetLosses(measured.sources, measured.images[5:], measured.values[:, 5:])
    found = affinities(cut)
    pd.testing.assert_frame_equal(
        found.transfers.frame, affinities(Losses({"t": less})).transfers.frame
    )
    assert found.consistency[["images", "dropped"]].to_numpy().tolist() == [[35, 5]]


def test_relabeling_candidates_permutes_the_affinities():
    losses = some_losses(targets=("t",))
    measured = losses.by_target["t"]
    renamed = tuple({"s0": "s5", "s5": "s0"}.get(name, name) for name in measured.sources)
    other = Losses({"t": TargetLosses(renamed, measured.images, measured.values)})
    before = affinities(losses, bootstrap=20).transfers
    after = affinities(other, bootstrap=20).transfers
    for name in ("affinity", "low", "high", "gain", "quality"):
        assert before.row_of("t", "s0")[name] == pytest.approx(after.row_of("t", "s5")[name])


def test_columns_that_nobody_measured_are_left_out():
    frame = affinities(some_losses(extra=())).transfers.frame
    assert list(frame.columns) == ["sources", "target", "affinity", "n"]


def test_average_alone_is_compared_with_nobody_and_has_no_row():
    """Before, its row had no number at all, which a table of transfers refuses."""
    rng = np.random.default_rng(0)
    rows = [
        ("t", source, str(image), rng.random())
        for source in ("a", "b", "average")
        for image in range(20)
    ]
    losses = Losses.from_frame(pd.DataFrame(rows, columns=["target", "sources", "image", "loss"]))
    for repeats in (0, 5):
        found = affinities(losses, bootstrap=repeats)
        assert list(found.transfers.frame["sources"]) == ["a", "b"]
        assert found.transfers.frame["affinity"].sum() == pytest.approx(1)


def test_one_candidate_has_all_the_affinity():
    losses = Losses({"t": TargetLosses(("a",), tuple("0123456789"), np.ones((1, 10)))})
    assert affinities(losses).transfers.frame["affinity"].tolist() == [1.0]


@pytest.mark.parametrize("ties", ["half", "strict"])
def test_bootstrap_equals_naive_resampling(ties, monkeypatch):
    """Draw the same images, copy their columns, and run the whole chain on each copy."""
    monkeypatch.setattr(bootstrap, "CHUNK", 3 * 49)  # three resamples at a time
    losses = some_losses()
    for measured in losses.by_target.values():
        measured.values[:] = np.round(measured.values, 1)
    found = affinities(losses, bootstrap=10, seed=3, ties=ties)
    images = {t: losses.by_target[t].images for t in losses.targets}
    counts = draw_resamples(images, repeats=10, seed=3).counts
    for repeat in range(10):
        copied = {}
        for target, measured in losses.by_target.items():
            values = np.repeat(measured.values, counts[repeat], axis=1)
            names = tuple(str(k) for k in range(values.shape[1]))
            copied[target] = TargetLosses(measured.sources, names, values)
        naive = affinities(Losses(copied), ties=ties).transfers.frame["affinity"].to_numpy()
        np.testing.assert_allclose(found.resamples[repeat], naive, rtol=1e-8)


def test_bootstrap_is_aligned_and_can_be_drawn_alone():
    losses = some_losses()
    found = affinities(losses, bootstrap=5, seed=1)
    np.testing.assert_array_equal(found.resamples, bootstrap_affinities(losses, repeats=5, seed=1))
    tables = list(found.resampled())
    assert len(tables) == 5
    np.testing.assert_array_equal(tables[4].frame["affinity"], found.resamples[4])
    assert tables[0].frame["sources"].equals(found.transfers.frame["sources"])
    sums = tables[0].frame.groupby("target")["affinity"].sum()
    assert sums.to_numpy() == pytest.approx([1, 1])


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    """Two candidates, true win rate 0.6, 100 images: the classical bootstrap of a share."""
    rng = np.random.default_rng(0)
    covered = 0
    for seed in range(60):
        first = (rng.random(100) > 0.6).astype(float)
        losses = TargetLosses(("a", "b"), tuple(map(str, range(100))), np.stack([first, 1 - first]))
        row = affinities(Losses({"t": losses}), bootstrap=200, seed=seed).transfers.frame.iloc[0]
        covered += row["low"] <= 0.6 <= row["high"]
    assert 51 <= covered <= 60


def test_targets_with_the_same_images_are_drawn_together_and_others_apart():
    shown = tuple("abcdefghij")
    draws = draw_resamples(
        {"t": shown, "u": shown[::-1], "v": tuple("ABCDEFGHIJ")}, repeats=50, seed=0
    )
    assert (draws.weights("t") == draws.weights("u")[:, ::-1]).all()
    assert (draws.weights("t") != draws.weights("v")).any()
    for target in "tuv":
        assert (draws.weights(target).sum(axis=1) == 10).all()


def test_partly_shared_images_never_leave_a_target_without_any():
    draws = draw_resamples({"t": "abcdefghij", "u": "jk"}, repeats=300, seed=0)
    assert (draws.weights("u").sum(axis=1) > 0).all()
    assert (draws.weights("t")[:, 9] == draws.weights("u")[:, 0]).all()
    assert draws.weights("t").mean() == pytest.approx(1, abs=0.05)


def test_clusters_are_drawn_whole():
    clusters = {name: str(ord(name) % 3) for name in "abcdefghi"}
    weights = draw_resamples({"t": "abcdefghi"}, repeats=30, seed=0, clusters=clusters).weights("t")
    assert (weights[:, :3] == weights[:, 3:6]).all()
    assert (weights[:, :3].sum(axis=1) == 3).all()


def test_fully_dependent_images_widen_the_interval():
    losses = some_losses(targets=("t",), images=20)
    measured = losses.by_target["t"]
    values = np.repeat(measured.values, 20, axis=1)
    names = tuple(f"{b}-{k}" for b in range(20) for k in range(20))
    copied = {"t": TargetLosses(measured.sources, names, values)}
    alone = affinities(Losses(copied), bootstrap=100).transfers.frame.iloc[0]
    clustered = Losses(copied, {name: name.split("-")[0] for name in names})
    together = affinities(clustered, bootstrap=100).transfers.frame.iloc[0]
    assert together["high"] - together["low"] > 3 * (alone["high"] - alone["low"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"level": 1.0}, r"level is 1\.0, expected a share between 0 and 1, such as 0\.95"),
        ({"bootstrap": -1}, "bootstrap is -1, expected a count of at least 0"),
        ({"clip": 0}, "clip is 0, expected a share above 0"),
        ({"ties": "both"}, 'ties is "both", expected one of half, strict'),
        ({"min_images": 41}, '"t": 40 images are common to its 8 candidates, expected at least 41'),
    ],
)
def test_bad_arguments_are_refused(options, message):
    with pytest.raises(InvalidTableError, match=message):
        affinities(some_losses(), **options)


def test_too_few_common_images_name_the_candidate_that_lacks_most():
    losses = some_losses(targets=("t",))
    values = losses.by_target["t"].values
    values[1, :3] = np.nan
    values[4, :32] = np.nan
    with pytest.raises(
        InvalidTableError, match='"s4" lacks 32 of 40, "s1" lacks 3 of 40: --drop s4 would leave 37'
    ):
        affinities(losses)


def test_a_tournament_needs_a_candidate_and_a_bootstrap_two_units():
    alone = Losses({"t": TargetLosses(("scratch",), tuple("0123456789"), np.ones((1, 10)))})
    with pytest.raises(InvalidTableError, match='target "t" has no candidate beside "scratch"'):
        affinities(alone)
    losses = some_losses(targets=("t",))
    one = Losses(losses.by_target, dict.fromkeys(losses.by_target["t"].images, "x"))
    with pytest.raises(InvalidTableError, match="all of its 40 images are one cluster"):
        affinities(one, bootstrap=3)
    with pytest.raises(InvalidTableError, match="0 resamples were asked for"):
        draw_resamples({"t": "ab"}, repeats=0)


def pairs_table(rows):
    return pd.DataFrame(rows, columns=["target", "sources", "versus", "wins"])


PAIRS = [("t", "a", "b+c", 0.7), ("t", "self", "a", 0.9), ("t", "c+b", "self", 0.2)]


def test_one_direction_of_the_pairs_is_enough():
    found = affinities_from_wins_table(pairs_table(PAIRS))
    wins = np.array([[0.5, 0.7, 0.1], [0.3, 0.5, 0.2], [0.9, 0.8, 0.5]])
    frame = found.transfers.frame
    assert frame["sources"].tolist() == ["a", "b+c", "self"]
    assert frame["affinity"].to_numpy() == pytest.approx(dense_perron(wins)[0])
    assert frame["quality"].to_numpy() == pytest.approx([0.1, 0.2, 0.5])
    both = [*PAIRS, *((t, b, a, 1 - w) for t, a, b, w in PAIRS)]
    again = affinities_from_wins_table(pairs_table(both)).transfers.frame
    pd.testing.assert_frame_equal(again, frame)
    assert len(found.resamples) == 0


def test_pairs_with_scratch_become_gains():
    more = [*PAIRS, ("t", "a", "scratch", 0.8), ("t", "scratch", "self", 0.05)]
    frame = affinities_from_wins_table(pairs_table(more)).transfers.frame
    plain = affinities_from_wins_table(pairs_table(PAIRS)).transfers.frame
    assert frame["affinity"].tolist() == plain["affinity"].tolist()
    np.testing.assert_allclose(frame["gain"], [0.8, np.nan, 0.95])


def test_wins_table_and_losses_agree():
    losses = some_losses(targets=("t",))
    measured = losses.by_target["t"]
    wins = win_rates(measured.values)
    rows = [
        ("t", a, b, wins[i, j])
        for i, a in enumerate(measured.sources)
        for j, b in enumerate(measured.sources)
        if i < j
    ]
    given_wins = affinities_from_wins_table(pairs_table(rows)).transfers
    direct = affinities(losses).transfers
    for row in given_wins.frame.to_dict("records"):
        for name in ("affinity", "gain", "quality"):
            assert row[name] == pytest.approx(direct.row_of("t", row["sources"])[name])


def test_strict_wins_need_both_directions():
    rows = [("t", "a", "b", 0.5), ("t", "b", "a", 0.25)]
    found = affinities_from_wins_table(pairs_table(rows), ties="strict").transfers
    assert found.frame["affinity"].to_numpy() == pytest.approx([2 / 3, 1 / 3])
    with pytest.raises(InvalidTableError, match='the pair "b" versus "a" is missing'):
        affinities_from_wins_table(pairs_table(rows[:1]), ties="strict")
    worse = [("t", "a", "b", 0.5), ("t", "b", "a", 0.75)]
    with pytest.raises(InvalidWinsError, match=r"is 1\.250, expected at most 1"):
        affinities_from_wins_table(pairs_table(worse), ties="strict")


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        (PAIRS[:2], InvalidTableError, r'"t": the pair "b\+c" versus "self" is missing; every two'),
        (
            [*PAIRS, ("t", "a", "self", 0.3)],
            InvalidWinsError,
            r"`wins\[a, self\] \+ wins\[self, a\]` is 1\.200, expected 1; count a tie as half a w",
        ),
        ([("t", "a", "b", 1.5)], InvalidWinsError, r"row 1: wins is 1\.5, expected a share of im"),
        ([("t", "a", "b", "x")], InvalidTableError, 'row 1: wins is "x", expected a finite numb'),
        ([("t", "a", "b", "")], InvalidTableError, "row 1: wins is empty, expected a finite"),
        ([("t", "a+b", "b+a", 0.5)], InvalidTableError, r'row 1: "a\+b" is compared with itself'),
        ([("t", "a", "", 0.5)], InvalidTableError, 'row 1: the sources "" hold an empty name'),
        (
            [("u", "a", "b", 0.5), ("t", "a", "b", 0.5), ("t", "a", "b", 0.5)],
            InvalidTableError,
            r'rows 2 and 3 are the same pair \("a" versus "b"\)',
        ),
        ([], InvalidTableError, "the table of wins has no rows"),
    ],
)
def test_bad_tables_of_wins_are_refused(rows, error, message):
    with pytest.raises(error, match=message):
        affinities_from_wins_table(pairs_table(rows))
    with pytest.raises(InvalidTableError, match='wins needs the column "versus"; it has "targ'):
        affinities_from_wins_table(pairs_table(PAIRS).drop(columns="versus"))


def scores_table(scores, **columns):
    names = ["a", "b", "c", "self"][: len(scores)]
    return pd.DataFrame({"sources": names, "target": "t", "score": scores, **columns})


def test_rank_weights_by_hand():
    found = affinities_from_scores(scores_table([3, 1, 1, 9]), higher_is_better=True)
    assert found.frame["affinity"].tolist() == pytest.approx([0.3, 0.15, 0.15, 0.4])
    lower = affinities_from_scores(scores_table([3, 1, 1, 9]), higher_is_better=False)
    assert lower.frame["affinity"].tolist() == pytest.approx([0.2, 0.35, 0.35, 0.1])


def test_softmax_weights_by_hand():
    found = affinities_from_scores(
        scores_table([1.0, 3.0]), higher_is_better=True, method="softmax", temperature=2.0
    )
    e = np.exp(1.0)  # scores at one standard deviation below and above the mean
    assert found.frame["affinity"].tolist() == pytest.approx([1 / (1 + e), e / (1 + e)])


@examples(times=0.4)
@given(
    st.lists(st.integers(-50, 50), min_size=2, max_size=4),
    st.sampled_from(["rank", "softmax"]),
    st.booleans(),
)
def test_score_weights_sum_to_one_and_keep_the_order(scores, method, higher):
    frame = affinities_from_scores(
        scores_table(scores), higher_is_better=higher, method=method
    ).frame
    affinity = frame["affinity"].to_numpy()
    assert affinity.sum() == pytest.approx(1)
    sign = 1 if higher else -1
    for i, first in enumerate(scores):
        for j, second in enumerate(scores):
            if sign * first < sign * second:
                assert affinity[i] < affinity[j]


def test_scores_that_are_all_equal_or_sharply_weighed_stay_finite():
    for options in ({}, {"method": "softmax"}):
        found = affinities_from_scores(scores_table([2, 2]), higher_is_better=True, **options)
        assert found.frame["affinity"].tolist() == [0.5, 0.5]
    sharp = affinities_from_scores(
        scores_table([1, 2]), higher_is_better=True, method="softmax", temperature=1e-4
    )
    assert sharp.frame["affinity"].tolist() == [0.0, 1.0]


def test_scratch_stays_out_of_the_weights_and_other_columns_stay():
    frame = scores_table([3, 1, 2], kept=["x", "y", "z"]).replace({"sources": {"c": "scratch"}})
    found = affinities_from_scores(frame, higher_is_better=True).frame
    np.testing.assert_allclose(found["affinity"], [2 / 3, 1 / 3, np.nan])
    np.testing.assert_allclose(found["gain"], [np.nan, np.nan, 0.5])
    assert found["kept"].tolist() == ["x", "y", "z"]


@pytest.mark.parametrize(
    ("frame", "options", "message"),
    [
        (scores_table([1, 2]), {"method": "mean"}, 'method is "mean", expected one of rank, soft'),
        (scores_table([1, 2]), {"temperature": 0}, "temperature is 0, expected a finite number ab"),
        (scores_table([1, None]), {}, "row 2: score is empty, expected a finite number"),
        (scores_table([1, "x"]), {}, 'row 2: score is "x", expected a finite number'),
        (scores_table([1, 2]).drop(columns="score"), {}, 'scores? needs the column "score"; it'),
        (
            scores_table([1, 2]).replace({"sources": {"b": "a"}}),
            {},
            r'rows 1 and 2 are the same transfer \(target "t", sources "a"\)',
        ),
    ],
)
def test_bad_tables_of_scores_are_refused(frame, options, message):
    with pytest.raises(InvalidTableError, match=message):
        affinities_from_scores(frame, higher_is_better=True, **options)


def with_references(*rows):
    pair = [("t", "a", "b", 0.6)]
    return pd.DataFrame([*pair, *rows], columns=["target", "sources", "versus", "wins"])


@pytest.mark.parametrize("reference", ["scratch", "average"])
def test_directions_of_a_pair_with_a_reference_may_not_contradict_each_other(reference):
    both = [("t", "a", reference, 0.7), ("t", reference, "a", 0.7)]
    if reference == "average":  # it is compared with scratch alone
        both = [("t", "scratch", reference, 0.7), ("t", reference, "scratch", 0.7)]
    with pytest.raises(InvalidWinsError, match=r'target "t": .*is 1\.400, expected 1; count a tie'):
        affinities_from_wins_table(with_references(*both))
    agreeing = [
        (target, one, other, 1 - both[0][3] if k else share)
        for k, (target, one, other, share) in enumerate(both)
    ]
    affinities_from_wins_table(with_references(*agreeing))


def test_references_alone_are_no_candidates():
    frame = with_references(("u", "scratch", "average", 0.6))
    with pytest.raises(InvalidTableError, match='"u" has no candidate beside "average" and "scr'):
        affinities_from_wins_table(frame)


@pytest.mark.parametrize("column", ["seed", "loss"])
@pytest.mark.parametrize("value", [[1], {"a": 1}])
def test_lists_in_a_field_are_told_in_a_line(column, value):
    frame = pd.DataFrame(
        [("t", s, f"i{k}", 0.1, 0) for s in ("a", "b") for k in range(3)],
        columns=["target", "sources", "image", "loss", "seed"],
    )
    seeds = [frame.assign(seed=1), frame.assign(target="u"), frame.assign(target="u", seed=1)]
    frame = pd.concat([frame, *seeds], ignore_index=True).astype({column: object})
    frame.at[14, column] = value
    with pytest.raises(InvalidTableError, match=rf"row 15: {column} (is|holds)"):
        Losses.from_frame(frame)


def test_a_repeated_row_names_its_seed():
    frame = pd.DataFrame(
        [("t", s, "i0", 0.1, 3) for s in ("a", "b", "a")],
        columns=["target", "sources", "image", "loss", "seed"],
    )
    with pytest.raises(InvalidTableError, match=r'image "i0", seed "3"\); .*: keep one'):
        Losses.from_frame(frame)
