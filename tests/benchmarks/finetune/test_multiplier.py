"""The label multiplier is the horizontal distance of two curves, computed by hand here."""

import numpy as np
import pytest

from benchmarks.finetune.multiplier import label_multiplier, multiplier_interval
from taskgraph.errors import InvalidTableError

SIZES = (10, 100, 1000)


def test_a_curve_one_decade_to_the_left_is_worth_ten_times_the_labels():
    assert label_multiplier(SIZES, (0.5, 0.7, 0.9), (0.3, 0.5, 0.7)) == pytest.approx(10)
    assert label_multiplier(SIZES, (0.3, 0.5, 0.7), (0.5, 0.7, 0.9)) == pytest.approx(0.1)
    assert label_multiplier(SIZES, (0.3, 0.5, 0.7), (0.3, 0.5, 0.7)) == pytest.approx(1)


def test_lines_of_different_slope_by_hand():
    """With x = log10 n from 1 to 3: first x = 4 a, second x = 1 + 2 a, from a = .25 to .75. Their
    distance 1 - 2 a goes from .5 to -.5, with the mean 0. Then first x = 8 a - 1, second x = 1 +
    4 a, from .25 to .5: the distance 2 - 4 a goes from 1 to 0, with the mean .5."""
    assert label_multiplier((10, 1000), (0.25, 0.75), (0.0, 1.0)) == pytest.approx(1)
    assert label_multiplier((10, 1000), (0.25, 0.5), (0.0, 0.5)) == pytest.approx(10**0.5)


def test_a_bend_is_integrated_exactly():
    """The first curve bends at n = 100; a fine sum over accuracies has the same value."""
    first, second = (0.4, 0.8, 0.9), (0.2, 0.5, 0.9)
    levels = np.linspace(0.4, 0.9, 200_001)
    middles = (levels[1:] + levels[:-1]) / 2
    logs = np.log(SIZES)
    distance = np.interp(middles, second, logs) - np.interp(middles, first, logs)
    assert label_multiplier(SIZES, first, second) == pytest.approx(np.exp(distance.mean()))


def test_curves_without_a_common_accuracy_have_no_value():
    assert np.isnan(label_multiplier(SIZES, (0.8, 0.85, 0.9), (0.1, 0.2, 0.3)))
    assert np.isnan(label_multiplier(SIZES, (0.5, 0.5, 0.5), (0.1, 0.5, 0.9)))


def test_a_dip_is_leveled_by_isotonic_regression():
    """.6 and .4 become .5 and .5; the plateau has no width in accuracy."""
    value = label_multiplier((1, 10, 100, 1000), (0.2, 0.6, 0.4, 0.8), (0.2, 0.3, 0.5, 0.8))
    assert value == pytest.approx(
        label_multiplier((1, 10, 100, 1000), (0.2, 0.5, 0.5, 0.8), (0.2, 0.3, 0.5, 0.8))
    )


def test_equal_seeds_have_an_interval_without_width():
    first, second = [[0.5, 0.7, 0.9]] * 5, [[0.3, 0.5, 0.7]] * 5
    found = multiplier_interval(SIZES, first, second, draws=50)
    assert (found.value, found.low, found.high) == pytest.approx((10, 10, 10))


def test_the_interval_holds_the_value_and_resamples_seeds_together():
    generator = np.random.default_rng(0)
    shift = generator.normal(0, 0.05, (5, 1))
    first, second = np.array([[0.5, 0.7, 0.9]]) + shift, np.array([[0.3, 0.5, 0.7]]) + shift
    found = multiplier_interval(SIZES, first, second, draws=200)
    assert found.low == pytest.approx(10)
    assert found.high == pytest.approx(10)
    noisy = multiplier_interval(SIZES, first, second + generator.normal(0, 0.05, (5, 3)), draws=200)
    assert noisy.low < noisy.value < noisy.high


def test_an_interval_needs_most_resamples_to_have_a_value():
    first = [[0.5, 0.9], [0.5, 0.9], [0.5, 0.9], [0.5, 0.9], [0.5, 0.9]]
    second = [[0.1, 0.2], [0.1, 0.2], [0.1, 0.2], [0.1, 0.2], [0.1, 2.2]]
    found = multiplier_interval((10, 100), first, second, draws=400)
    assert np.isfinite(found.value)
    assert np.isnan(found.low)
    assert np.isnan(found.high)


@pytest.mark.parametrize(
    ("sizes", "first"), [((10,), (0.5,)), ((10, 10), (0.5, 0.6)), ((10, 100), (0.5, 0.6, 0.7))]
)
def test_arrays_that_do_not_fit_are_refused(sizes, first):
    with pytest.raises(InvalidTableError, match="expected at least 2 increasing sizes"):
        label_multiplier(sizes, first, first)
