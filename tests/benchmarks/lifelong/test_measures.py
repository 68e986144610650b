"""Measures of lifelong learning against cases that were computed by hand."""

import numpy as np
import pytest

from benchmarks.lifelong.measures import (
    average_incremental_accuracy,
    backward_transfer,
    forgetting,
    forward_transfer,
    intransigence,
    last_accuracy,
)
from encoders.errors import InvalidDataError

NAN = float("nan")
CASE = np.array([[0.8, 0.1, 0.2], [0.9, 0.7, 0.3], [0.5, 0.4, 0.6]])
"""Rows: after step 1, 2, 3; columns: the images of step 1, 2, 3."""
CLASSES = np.where(np.tri(3) > 0, CASE, NAN)
"""The same where a step's classes are unknown before it."""


@pytest.mark.parametrize("accuracies", [CASE, CLASSES])
def test_a_case_of_three_steps_by_hand(accuracies):
    # step 1: best before the last step is .9 (after step 2), now .5; step 2: .7, now .4
    assert forgetting(accuracies) == pytest.approx(((0.9 - 0.5) + (0.7 - 0.4)) / 2)
    assert backward_transfer(accuracies) == pytest.approx(((0.5 - 0.8) + (0.4 - 0.7)) / 2)
    joint = np.diag([0.8, 0.9, 0.9])
    assert intransigence(accuracies, joint) == pytest.approx((0 + 0.2 + 0.3) / 3)


def test_forgetting_excludes_the_last_step_from_the_maximum():
    """Mammoth includes it, and gives 0 here; avalanche takes the first value."""
    improved = np.array([[0.5, NAN, NAN], [0.4, 0.6, NAN], [0.7, 0.6, 0.5]])
    assert forgetting(improved) == pytest.approx(((0.5 - 0.7) + 0) / 2)
    assert forgetting(CASE) != pytest.approx(((0.8 - 0.5) + (0.7 - 0.4)) / 2)


def test_forward_transfer_by_hand_and_undefined_where_classes_are_new():
    assert forward_transfer(CASE, [0.1, 0.2, 0.1]) == pytest.approx((-0.1 + 0.2) / 2)
    assert np.isnan(forward_transfer(CLASSES, [NAN] * 3))


def test_curves_by_hand():
    assert average_incremental_accuracy([0.9, 0.6, 0.3]) == pytest.approx(0.6)
    assert last_accuracy([0.9, 0.6, 0.3]) == 0.3
    assert np.isnan(average_incremental_accuracy([]))
    assert np.isnan(last_accuracy([]))


def test_measures_between_steps_are_not_defined_for_one_step():
    one = [[0.8]]
    assert np.isnan([forgetting(one), backward_transfer(one), forward_transfer(one, [0.1])]).all()
    assert intransigence(one, [[0.9]]) == pytest.approx(0.1)


def test_shapes_are_checked():
    with pytest.raises(InvalidDataError, match=r"shape \(2, 3\), expected one row and column"):
        forgetting(np.zeros((2, 3)))
    with pytest.raises(InvalidDataError, match=r"joint has the shape \(2, 2\), expected \(3, 3\)"):
        intransigence(CASE, np.eye(2))
    with pytest.raises(InvalidDataError, match=r"untrained has the shape \(2,\), expected \(3,\)"):
        forward_transfer(CASE, [0.1, 0.2])
