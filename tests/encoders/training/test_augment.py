"""Augmentation: mirrored and lightened pictures, against doing so one by one."""

import numpy as np
import pytest
import torch

from encoders.codecs import poses
from encoders.tasks import TASKS
from encoders.training.augment import GAIN, augmented, mirror_map

BOTH = ("mirror", "light")


def pictures_of(pictures, changes=BOTH):
    target = torch.arange(len(pictures))
    found, answers = augmented(pictures, target, changes)
    assert torch.equal(answers, target)
    return found


@pytest.mark.parametrize("shape", [(400, 3, 4, 6), (400, 2, 3, 4, 6)])
def test_each_picture_is_one_of_its_two_sides_times_one_gain(shape):
    torch.manual_seed(0)
    pictures = 0.6 * torch.rand(shape) - 0.9  # so dark that no gain saturates
    light, found = (pictures + 1).numpy(), (pictures_of(pictures) + 1).numpy()
    gains, flipped = [], 0
    for before, after in zip(light, found, strict=True):
        ratios = [after / before, after / before[..., ::-1]]
        flat = [np.ptp(ratio) for ratio in ratios]
        flipped += flat[1] < flat[0]
        assert min(flat) < 1e-4
        gains.append(float(np.median(ratios[int(np.argmin(flat))])))
    assert 160 < flipped < 240  # 4 standard deviations about 200
    assert 1 - GAIN <= min(gains) < 0.75
    assert 1.25 < max(gains) <= 1 + GAIN


def test_only_what_is_asked_for_is_changed():
    pictures = 0.6 * torch.rand(50, 3, 4, 4) - 0.9
    torch.testing.assert_close(pictures_of(pictures, ()), pictures, rtol=0, atol=0)
    found = pictures_of(pictures, ("mirror",))
    sides = [(found == side).flatten(1).all(1) for side in (pictures, pictures.flip(-1))]
    assert (sides[0] ^ sides[1]).all()
    assert sides[1].any()
    ratio = ((pictures_of(pictures, ("light",)) + 1) / (pictures + 1)).flatten(1)
    assert (ratio.amax(1) - ratio.amin(1)).max() < 1e-4
    assert ratio.std() > 0.1


def test_pictures_stay_in_range_and_follow_the_seed():
    pictures = 2 * torch.rand(50, 3, 4, 4) - 1
    torch.manual_seed(3)
    first, second = pictures_of(pictures), pictures_of(pictures)
    torch.manual_seed(3)
    torch.testing.assert_close(pictures_of(pictures), first, rtol=0, atol=0)
    assert not torch.equal(first, second)
    assert first.min() >= -1
    assert first.max() <= 1


@pytest.mark.parametrize("task", ["fix_pose", "non_fixated_pose"])
def test_a_mirrored_pair_has_the_pose_of_the_mirrored_cameras(task):
    """Against two cameras of the mirrored world: x -> -x in the world and in both cameras."""
    rng = np.random.default_rng(1)
    turns = poses.euler_to_matrix(rng.uniform(-1, 1, (2, 3)))
    places = rng.standard_normal((2, 3))
    flip = np.diag([-1.0, 1.0, 1.0])
    before = poses.relative_pose(turns[0], places[0], turns[1], places[1])
    other, stand = flip @ turns @ flip, places @ flip
    after = poses.relative_pose(other[0], stand[0], other[1], stand[1])
    mean, std = rng.standard_normal(6), rng.uniform(0.5, 2, 6)
    torch.manual_seed(0)
    pictures = torch.arange(6.0).view(1, 1, 1, 1, 6).expand(40, 2, 3, 4, 6) / 6
    target = torch.tensor((before - mean) / std, dtype=torch.float32).expand(40, 6)
    line = mirror_map(TASKS[task].mirror, {"mean": mean.tolist(), "std": std.tolist()})
    found, answers = augmented(pictures, target, ("mirror",), line)
    flipped = found[:, 0, 0, 0, 0] > 0
    assert 5 < flipped.sum() < 35
    torch.testing.assert_close(answers[~flipped], target[~flipped])
    wanted = torch.tensor((after - mean) / std, dtype=torch.float32)
    torch.testing.assert_close(answers[flipped], wanted.expand(int(flipped.sum()), 6))
