"""Maps as whole numbers against arrays."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from encoders.scenes.labels.bits import ahead, packed, unpacked, widened

MARGIN, STRIDE = 2, 9


@st.composite
def maps(draw):
    """A map of 4 x 5 pixels in its margin."""
    return np.pad(draw(arrays(bool, (4, STRIDE - 2 * MARGIN))), MARGIN)


@given(maps(), maps())
def test_maps_come_back_and_are_combined_bit_by_bit(first, second):
    pair = unpacked([packed(first), packed(first) & packed(second)], first.size)
    np.testing.assert_array_equal(pair[0], first.ravel())
    np.testing.assert_array_equal(pair[1], (first & second).ravel())


@given(maps(), st.integers(-MARGIN, MARGIN), st.integers(-MARGIN, MARGIN))
def test_a_map_moves_within_its_margin(content, down, across):
    moved = unpacked([ahead(packed(content), down * STRIDE + across)], content.size)[0]
    expected = np.roll(content, (-down, -across), axis=(0, 1))
    np.testing.assert_array_equal(moved.reshape(content.shape), expected)


@given(maps())
def test_a_map_is_widened_to_both_sides(content):
    wide = unpacked([widened(packed(content), [1, 2])], content.size)[0].reshape(content.shape)
    moved = [np.roll(content, step, axis=1) for step in range(-2, 3)]
    np.testing.assert_array_equal(wide, np.any(moved, axis=0))
