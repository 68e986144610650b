"""Win rates and the wins of single images against a loop over the images."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskgraph.affinity import image_wins, win_rate, win_rates

losses = st.one_of(st.integers(0, 3).map(float), st.just(math.nan), st.just(math.inf))
pairs = st.lists(st.tuples(losses, losses), min_size=1, max_size=12)


def wins_by_loop(pairs, tie):
    """The win of each image, by comparing its two losses; None where either is NaN."""
    for ours, theirs in pairs:
        if math.isnan(ours) or math.isnan(theirs):
            yield None
        else:
            yield 1.0 if ours < theirs else tie if ours == theirs else 0.0


@given(pairs)
def test_the_wins_of_images_equal_a_loop(pairs):
    ours, theirs = np.array(pairs).T
    expected = [math.nan if win is None else win for win in wins_by_loop(pairs, 0.5)]
    np.testing.assert_array_equal(image_wins(ours, theirs), expected)


@pytest.mark.parametrize(("ties", "tie"), [("half", 0.5), ("strict", 0.0)])
@given(pairs=pairs)
def test_the_win_rate_is_the_mean_of_a_loop_over_the_images_with_both_losses(pairs, ties, tie):
    ours, theirs = np.array(pairs).T
    wins = [win for win in wins_by_loop(pairs, tie) if win is not None]
    expected = sum(wins) / len(wins) if wins else math.nan
    np.testing.assert_allclose(win_rate(ours, theirs, ties=ties), expected, rtol=1e-15)


def test_a_win_rate_counts_ties_half_and_leaves_out_images_without_a_loss():
    assert win_rate([1, 2, 3, math.nan, 5], [2, 2, 1, 0, math.nan]) == pytest.approx(0.5)
    assert float(win_rate([0.0], [1.0])) == 1


@pytest.mark.parametrize("ties", ["half", "strict"])
def test_the_rows_of_a_tournament_are_win_rates_against_one_candidate(ties):
    table = np.random.default_rng(0).integers(0, 4, (5, 30)).astype(float)
    wins = win_rates(table, ties=ties)
    for number, reference in enumerate(table):
        expected = win_rate(table, reference, ties=ties)
        expected[number] = wins[number, number]
        np.testing.assert_allclose(wins[:, number], expected)
