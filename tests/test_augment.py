"""Augmentation: mirrored and lightened pictures, against doing so one by one."""

import numpy as np
import pytest
import torch

from encoders.augment import GAIN, varied


@pytest.mark.parametrize("shape", [(400, 3, 4, 6), (400, 2, 3, 4, 6)])
def test_each_picture_is_one_of_its_two_sides_times_one_gain(shape):
    torch.manual_seed(0)
    pictures = 0.6 * torch.rand(shape) - 0.9  # so dark that no gain saturates
    light, found = (pictures + 1).numpy(), (varied(pictures) + 1).numpy()
    gains, mirrored = [], 0
    for before, after in zip(light, found, strict=True):
        ratios = [after / before, after / before[..., ::-1]]
        flat = [np.ptp(ratio) for ratio in ratios]
        mirrored += flat[1] < flat[0]
        assert min(flat) < 1e-4
        gains.append(float(np.median(ratios[int(np.argmin(flat))])))
    assert 160 < mirrored < 240  # 4 standard deviations about 200
    assert 1 - GAIN <= min(gains) < 0.75
    assert 1.25 < max(gains) <= 1 + GAIN


def test_only_what_is_asked_for_is_changed():
    pictures = 0.6 * torch.rand(50, 3, 4, 4) - 0.9
    torch.testing.assert_close(varied(pictures, ()), pictures, rtol=0, atol=0)
    mirrored = varied(pictures, ("mirror",))
    sides = [(mirrored == side).flatten(1).all(1) for side in (pictures, pictures.flip(-1))]
    assert (sides[0] ^ sides[1]).all()
    assert sides[1].any()
    ratio = ((varied(pictures, ("light",)) + 1) / (pictures + 1)).flatten(1)
    assert (ratio.amax(1) - ratio.amin(1)).max() < 1e-4
    assert ratio.std() > 0.1


def test_pictures_stay_in_range_and_follow_the_seed():
    pictures = 2 * torch.rand(50, 3, 4, 4) - 1
    torch.manual_seed(3)
    first, second = varied(pictures), varied(pictures)
    torch.manual_seed(3)
    torch.testing.assert_close(varied(pictures), first, rtol=0, atol=0)
    assert not torch.equal(first, second)
    assert first.min() >= -1
    assert first.max() <= 1
