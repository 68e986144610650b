"""The table of losses, and the tournament, against loops that a person can follow."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from taskgraph.affinity import tournament, win_rates
from taskgraph.errors import InvalidTableError
from taskgraph.losses import Losses, TargetLosses
from tests.examples import examples


def long_table(**columns):
    base = {
        "target": ["t"] * 4,
        "sources": ["a", "a", "c+b", "c+b"],
        "image": ["1", "2", "1", "2"],
        "loss": [0.1, 0.2, 0.3, 0.4],
    }
    return pd.DataFrame({**base, **columns})


def loop_wins(losses, weights, ties):
    """The definition, entry by entry."""
    size, images = losses.shape
    wins = np.zeros((size, size))
    for i in range(size):
        for j in range(size):
            for b in range(images):
                if losses[i, b] < losses[j, b]:
                    wins[i, j] += weights[b]
                elif losses[i, b] == losses[j, b] and ties == "half":
                    wins[i, j] += weights[b] / 2
    return wins / weights.sum()


small = st.integers(1, 5).flatmap(
    lambda e: st.integers(1, 7).flatmap(
        lambda b: st.tuples(
            arrays(float, (e, b), elements=st.sampled_from([0.0, 0.5, 1.0, 2.0])),
            arrays(float, b, elements=st.sampled_from([0.0, 1.0, 2.0, 0.3])),
        )
    )
)


@examples(times=0.8)
@given(small, st.sampled_from(["half", "strict"]))
def test_tournament_equals_the_naive_loop(case, ties):
    losses, weights = case
    weights[0] += 1
    assert win_rates(losses, ties=ties, weights=weights) == pytest.approx(
        loop_wins(losses, weights, ties)
    )
    plain = loop_wins(losses, np.ones(losses.shape[1]), ties)
    assert win_rates(losses, ties=ties) == pytest.approx(plain, abs=1e-15)


@pytest.mark.parametrize("ties", ["half", "strict"])
def test_equal_weights_give_the_plain_tournament(ties):
    losses = np.random.default_rng(0).integers(0, 9, (12, 40)).astype(float)
    plain = win_rates(losses, ties=ties)
    assert (win_rates(losses, ties=ties, weights=np.full(40, 3)) == plain).all()
    assert win_rates(losses, ties=ties, weights=np.full(40, 1 / 3)) == pytest.approx(plain)


def test_batched_weights_are_the_single_ones_stacked():
    rng = np.random.default_rng(1)
    losses, weights = rng.random((6, 30)), rng.integers(0, 4, (5, 30))
    each = np.stack([win_rates(losses, weights=row) for row in weights])
    assert (win_rates(losses, weights=weights) == each).all()


def test_whole_weights_count_as_copies_of_the_image():
    rng = np.random.default_rng(2)
    losses, weights = rng.integers(0, 5, (6, 20)).astype(float), rng.integers(1, 4, 20)
    copies = np.repeat(losses, weights, axis=1)
    assert (win_rates(losses, weights=weights) == win_rates(copies)).all()


def test_half_ties_sum_to_one_and_strict_ones_leave_the_ties_out():
    losses = np.array([[1.0, 1.0, 2.0], [1.0, 2.0, 1.0]])
    assert win_rates(losses) == pytest.approx(np.full((2, 2), 0.5))
    strict = win_rates(losses, ties="strict")
    assert strict == pytest.approx(np.array([[0, 1], [1, 0]]) / 3)


def test_permuting_candidates_permutes_the_wins():
    rng = np.random.default_rng(3)
    losses, order = rng.random((9, 25)), rng.permutation(9)
    expected = win_rates(losses)[np.ix_(order, order)]
    assert win_rates(losses[order]) == pytest.approx(expected, abs=1e-15)


def test_any_increasing_change_of_the_losses_leaves_the_wins():
    losses = np.random.default_rng(4).random((7, 25)) + 0.1
    assert (win_rates(np.log(losses) * 100) == win_rates(losses)).all()


def test_blocks_of_images_do_not_change_the_wins(monkeypatch):
    rng = np.random.default_rng(5)
    losses, weights = rng.integers(0, 4, (6, 33)).astype(float), rng.integers(0, 3, (2, 33))
    whole = win_rates(losses, weights=weights)
    monkeypatch.setattr(tournament, "BLOCK", 24)  # four images a block
    assert (win_rates(losses, weights=weights) == whole).all()


def test_memory_is_far_below_one_entry_a_pair_and_image():
    losses = np.random.default_rng(6).random((150, 2000))
    tracemalloc.start()
    wins = win_rates(losses)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert wins.shape == (150, 150)
    assert peak < 150 * 150 * 2000 / 2  # bytes; a boolean (E, E, B) array has twice as many


@pytest.mark.parametrize(
    ("losses", "options", "message"),
    [
        (np.array([[1.0, np.nan]]), {}, r"shape \(1, 2\), expected a finite matrix"),
        (np.ones(3), {}, r"shape \(3,\), expected a finite matrix"),
        (np.ones((2, 3)), {"weights": [1, 1]}, r"shape \(1, 2\), expected one for each of 3"),
        (np.ones((2, 3)), {"weights": [1, -1, 1]}, "at least 0, finite and not all 0"),
        (np.ones((2, 3)), {"weights": [0, 0, 0]}, "at least 0, finite and not all 0"),
        (np.ones((2, 3)), {"ties": "none"}, 'ties is "none", expected one of half, strict'),
    ],
)
def test_bad_tournaments_are_refused(losses, options, message):
    with pytest.raises(InvalidTableError, match=message):
        win_rates(losses, **options)


def test_a_table_becomes_one_matrix_a_target():
    frame = long_table()
    more = pd.DataFrame({"target": "u", "sources": ["self"], "image": "9", "loss": 7})
    losses = Losses.from_frame(pd.concat([frame, more]).sample(frac=1, random_state=0))
    assert losses.targets == ("t", "u")
    assert losses.by_target["t"].sources == ("a", "b+c")
    assert losses.by_target["t"].images == ("1", "2")
    assert losses.by_target["t"].values.tolist() == [[0.1, 0.2], [0.3, 0.4]]
    assert losses.by_target["u"].values.tolist() == [[7.0]]
    assert repr(losses) == "Losses(2 targets, 3 transfers, 5 losses)"


def test_missing_rows_are_not_measured_and_scores_are_negated():
    losses = Losses.from_frame(long_table().drop(index=3), higher_is_better=True)
    measured = losses.by_target["t"]
    np.testing.assert_array_equal(measured.values, [[-0.1, -0.2], [-0.3, np.nan]])
    assert measured.common.tolist() == [True, False]


def test_categories_numbers_and_text_are_the_same_names():
    plain = Losses.from_frame(long_table())
    frame = long_table(image=[1, 2, 1, 2]).astype({"target": "category", "sources": "category"})
    other = Losses.from_frame(frame)
    assert other.by_target["t"].images == plain.by_target["t"].images
    assert (other.by_target["t"].values == plain.by_target["t"].values).all()


def test_a_large_table_is_read_without_waste():
    """The matrices and a few index columns: below 50 bytes a row, so 13 M rows take 0.7 GB."""
    shape = targets, size, images = 10, 20, 500
    codes = [axis.ravel() for axis in np.indices(shape)]
    names = [[f"{word}{k}" for k in range(n)] for word, n in zip("tsi", shape, strict=True)]
    frame = pd.DataFrame(
        {
            column: pd.Categorical.from_codes(code, categories=name)
            for column, code, name in zip(["target", "sources", "image"], codes, names, strict=True)
        }
    ).assign(loss=np.arange(targets * size * images, dtype=float))
    tracemalloc.start()
    losses = Losses.from_frame(frame)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert losses.by_target["t9"].values.shape == (size, images)
    assert peak < 50 * len(frame)


def test_clusters_come_from_the_table():
    losses = Losses.from_frame(long_table(cluster=["x", "y", "x", "y"]))
    assert losses.clusters == {"1": "x", "2": "y"}


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (long_table().drop(columns="image"), 'needs the column "image"; it has "target", "sour'),
        (long_table(loss=[0.1, np.nan, 1, 1]), "row 2: loss is empty, expected a finite number"),
        (long_table(loss=[0.1, 1, np.inf, 1]), 'row 3: loss is "inf", expected a finite number'),
        (long_table(loss=["1", "x", "1", "1"]), 'row 2: loss is "x", expected a finite number'),
        (long_table(loss=["1", "", "1", "1"]), "row 2: loss is empty, expected a finite number"),
        (long_table(image=["1", None, "1", "2"]), "row 2: image is empty, expected a name"),
        (long_table(target=["t", "t", " ", "t"]), "row 3: target is empty, expected a name"),
        (long_table(target=["t", "self", "t", "t"]), 'row 2: the target is "self", expected the'),
        (long_table(sources=["a", "a", "b+", "a"]), r'row 3: the sources "b\+" hold an empty'),
        (
            long_table(sources=["a", "a", "b+c", "b+c"], image=["1", "2", "2", "2"]),
            r'rows 3 and 4 are the same \(target "t", sources "b\+c", image "2"\)',
        ),
        (
            long_table(sources=["b+c", "a", "a", "c+b"], image=["2", "1", "2", "2"]),
            r'rows 1 and 4 are the same \(target "t", sources "b\+c", image "2"\)',
        ),
        (
            long_table(cluster=["x", "y", "z", "y"]),
            r'image "1" is in the cluster "x" \(row 1\) and in "z"; an image has one',
        ),
        (long_table(sources=["t", "t", "a", "a"]), r'"t" is a source of itself \(sources "t"\)'),
        (long_table().head(0), "no rows; expected one row an image"),
    ],
)
def test_bad_tables_of_losses_are_refused(frame, message):
    with pytest.raises(InvalidTableError, match=message):
        Losses.from_frame(frame)


def test_own_encoders_are_references_where_every_target_has_one():
    frame = long_table(sources=["t", "t", "self", "self"])
    assert Losses.from_frame(frame).by_target["t"].sources == ("self", "t")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((("a",), ("1", "2"), np.ones((2, 1))), r"shape \(2, 1\), expected \(1, 2\)"),
        ((("a", "a"), ("1",), np.ones((2, 1))), 'the candidate "a" appears twice'),
        ((("a",), ("1", "1"), np.ones((1, 2))), 'the image "1" appears twice'),
        ((("a",), ("1",), np.array([[np.inf]])), 'loss of "a" on image "1" is inf'),
    ],
)
def test_bad_matrices_are_refused(arguments, message):
    with pytest.raises(InvalidTableError, match=message):
        TargetLosses(*arguments)
