"""Means over seeds and their intervals, beside scipy and closed forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchmarks.results.measures import bootstrap_interval, paired_difference, t_interval
from taskgraph.errors import InvalidTableError

NUMBERS = st.lists(st.floats(-1e3, 1e3).map(lambda x: round(x, 3)), min_size=2, max_size=8)


def test_students_interval_by_hand():
    """Values 1, 2, 3: mean 2, sd 1, t(2) = 4.302653, so half is 4.302653 / sqrt(3)."""
    found = t_interval([1.0, 2.0, 3.0])
    assert (found.mean, found.n) == (2.0, 3)
    assert found.high - found.mean == pytest.approx(4.302653 / np.sqrt(3), rel=1e-6)
    assert found.mean - found.low == pytest.approx(found.high - found.mean)


@given(NUMBERS, st.sampled_from([0.5, 0.9, 0.95]))
def test_students_interval_is_scipys(values, level):
    if np.ptp(values) == 0:
        return
    found = t_interval(values, level=level)
    low, high = stats.ttest_1samp(values, 0.0).confidence_interval(level)
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-9, abs=1e-9)


def test_the_bootstrap_of_two_values_is_that_of_three_equally_spaced_means():
    """Means of two draws from {0, 1}: 0, 1/2, 1 with 1/4, 1/2, 1/4."""
    found = bootstrap_interval([0.0, 1.0], level=0.4)
    assert (found.low, found.high) == (0.5, 0.5)
    found = bootstrap_interval([0.0, 1.0], level=0.9)
    assert (found.low, found.high) == (0.0, 1.0)


def test_the_bootstrap_nears_the_normal_interval_of_many_values():
    values = np.random.default_rng(0).normal(5.0, 2.0, 400)
    found = bootstrap_interval(values, resamples=4_000)
    half = 1.959964 * values.std() / 20
    assert found.mean == values.mean()
    assert found.high - found.low == pytest.approx(2 * half, rel=0.05)
    assert found == bootstrap_interval(values, resamples=4_000)


def test_a_difference_is_taken_seed_by_seed():
    first, second = {1: 10.0, 2: 20.0, 3: 31.0}, {3: 30.0, 1: 9.0, 2: 18.5}
    found = paired_difference(first, second)
    low, high = stats.ttest_rel([10, 20, 31], [9, 18.5, 30]).confidence_interval()
    assert (found.mean, found.low, found.high) == pytest.approx((3.5 / 3, low, high))
    with pytest.raises(InvalidTableError, match="seed 4 is on one side only"):
        paired_difference(first, {**second, 4: 1.0})


def test_one_value_has_no_interval():
    for found in (t_interval([2.0]), bootstrap_interval([2.0])):
        assert found.mean == 2.0
        assert np.isnan([found.low, found.high]).all()


@pytest.mark.parametrize("function", [t_interval, bootstrap_interval])
def test_a_missing_value_is_refused(function):
    with pytest.raises(InvalidTableError, match="value 1 is nan, expected finite"):
        function([1.0, float("nan")])
    with pytest.raises(InvalidTableError, match=r"shape \(0,\), expected one number a seed"):
        function([])
