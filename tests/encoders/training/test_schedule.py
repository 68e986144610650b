"""The schedule of training that stops by patience: small cases on paper, and simple laws."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from encoders.training.schedule import (
    COOLDOWN,
    CUT,
    LONGEST_WARMUP,
    Plateau,
    plateau,
    plateau_factor,
)


def after(losses, patience=2, min_delta=0.0, cuts=1):
    return plateau(losses, patience=patience, min_delta=min_delta, cuts=cuts)


@pytest.mark.parametrize(
    ("losses", "wanted"),
    [
        ([], Plateau()),
        ([3, 2, 1], Plateau(0, 0)),
        ([3, 2, 2.5], Plateau(0, 1)),
        ([3, 2, 2.5, 1.9], Plateau(0, 0)),  # an improvement in time
        ([3, 2, 2, 2], Plateau(1, 0)),  # equal is no improvement; waiting begins anew
        ([3, 2, 2, 2, 2], Plateau(1, 1)),
        ([3, 2, 2, 2, 1, 2, 2], Plateau(1, 2, exhausted=True)),
        ([3, 2, 2, 2, 2, 2], Plateau(1, 2, exhausted=True)),
    ],
)
def test_small_cases_by_hand(losses, wanted):
    assert after(losses) == wanted


def test_the_least_improvement_is_a_share_of_the_last_one_and_adds_up():
    """Falls of 6 % are no improvement by 10 %, but two of them together are."""
    assert after([1.0, 0.94], min_delta=0.1) == Plateau(0, 1)
    assert after([1.0, 0.94, 0.88], min_delta=0.1) == Plateau(0, 0)


@given(
    st.lists(st.floats(-5, 5), max_size=30),
    st.integers(1, 4),
    st.integers(0, 3),
    st.floats(0, 0.2),
)
def test_losses_after_the_end_change_nothing_and_cuts_never_decrease(losses, patience, cuts, delta):
    states = [
        plateau(losses[:count], patience=patience, min_delta=delta, cuts=cuts)
        for count in range(len(losses) + 1)
    ]
    for one, other in itertools.pairwise(states):
        assert one.cuts <= other.cuts <= cuts
        assert not one.exhausted or other == one


@given(st.lists(st.floats(0.1, 5), max_size=20), st.floats(0.1, 10))
def test_the_unit_of_the_loss_does_not_matter(losses, unit):
    scaled = [2.0 ** round(np.log2(unit)) * loss for loss in losses]  # exact in binary
    assert after(losses, min_delta=0.01) == after(scaled, min_delta=0.01)


def test_the_rate_rises_stays_is_cut_and_falls_before_the_cap():
    steps = 20_000
    factors = [plateau_factor(step, steps, warmup=0.05, cuts=0) for step in range(steps)]
    rise = LONGEST_WARMUP
    np.testing.assert_allclose(factors[:rise], np.arange(1, rise + 1) / rise)
    fall = round(COOLDOWN * steps)
    assert set(factors[rise : steps - fall]) == {1.0}
    np.testing.assert_allclose(factors[-fall:], np.arange(fall, 0, -1) / fall)
    assert plateau_factor(5_000, steps, warmup=0.05, cuts=2) == pytest.approx(CUT**2)
    assert plateau_factor(0, 10, warmup=0.1, cuts=0) == 1.0  # a warm-up of one step
