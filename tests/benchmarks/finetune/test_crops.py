"""Crops against slices, resizing against Pillow, color noise against its covariance."""

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks.finetune.crops import (
    COLOR_VALUES,
    COLOR_VECTORS,
    CropBatches,
    color_noise,
    middle_square,
    middle_squares,
    random_crop,
    scaled,
    ten_crops,
    with_shorter_side,
)
from benchmarks.finetune.protocols import PROTOCOLS, protocol_values
from benchmarks.learning.config import LoopConfig, rate_factor

GENERATOR = np.random.default_rng(0)


def picture(height, width):
    """Return a picture of noise."""
    return GENERATOR.integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_ten_crops_are_corners_middle_and_their_mirror_images():
    whole = picture(8, 12)  # with crops of 7 pixels, the shorter side stays 8
    assert scaled(256, 7) == 8
    crops = ten_crops(whole, 7).permute(0, 2, 3, 1).numpy()
    expected = [whole[:7, :7], whole[:7, -7:], whole[-7:, :7], whole[-7:, -7:], whole[:7, 2:9]]
    for place, crop in enumerate(expected):
        assert (crops[place] == crop).all()
        assert (crops[place + 5] == crop[:, ::-1]).all()


def test_the_recipe_of_imagenet_scales_with_the_crop():
    assert [scaled(side, 224) for side in (256, 480)] == [256, 480]
    assert [scaled(side, 112) for side in (256, 480)] == [128, 240]


def test_a_middle_square_is_that_of_pillow():
    whole = picture(40, 30)
    ours = middle_square(whole, 15).permute(1, 2, 0).numpy().astype(int)
    theirs = Image.fromarray(whole).resize((15, 20), Image.Resampling.BILINEAR)
    assert np.abs(ours - np.array(theirs)[2:17]).max() <= 1
    assert middle_squares([whole, picture(9, 20)], 15).shape == (2, 15, 15, 3)
    assert (middle_squares([whole[:30]], 30)[0] == whole[:30]).all(), "nothing to resize"


def test_a_random_crop_is_a_part_of_the_resized_picture():
    whole, generator = picture(5, 9), torch.Generator().manual_seed(0)
    sides = set()
    for _ in range(20):
        state = generator.get_state()
        crop = random_crop(whole, 7, generator)
        generator.set_state(state)
        shorter = int(torch.randint(8, 16, (), generator=generator))
        resized = with_shorter_side(torch.from_numpy(whole).permute(2, 0, 1).float(), shorter)
        top, left = (int(torch.randint(s - 6, (), generator=generator)) for s in resized.shape[1:])
        assert torch.equal(crop, resized[:, top : top + 7, left : left + 7])
        sides.add(shorter)
    assert min(sides) >= 8
    assert max(sides) <= 15
    assert len(sides) > 4


def test_color_noise_has_the_covariance_of_imagenets_colors():
    vectors = np.array(COLOR_VECTORS)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(3), atol=2e-3)
    images = torch.zeros(20_000, 3, 1, 2)
    noise = color_noise(images, torch.Generator().manual_seed(0))
    assert torch.equal(noise[..., 0], noise[..., 1]), "all pixels get one color"
    wanted = vectors @ np.diag(np.square(COLOR_VALUES)) @ vectors.T * (0.1 * 255) ** 2
    np.testing.assert_allclose(np.cov(noise[:, :, 0, 0].T), wanted, rtol=0.05)
    assert color_noise(images[:2, :1], torch.Generator()).shape == (2, 1, 1, 2)


def test_batches_of_crops_visit_each_picture_once_an_epoch_and_repeat_with_the_seed():
    pictures = [np.full((9, 9, 1), 20 * n, np.uint8) for n in range(6)]
    labels = torch.arange(6)
    batches = [CropBatches(pictures, labels, 7, 2, seed=3) for _ in range(2)]
    first, second = (list(each) for each in batches)
    assert sorted(int(label) for _, several in first for label in several) == [0, 1, 2, 3, 4, 5]
    for (images, several), (others, again) in zip(first, second, strict=True):
        assert torch.equal(images, others)
        assert torch.equal(several, again)
        assert images.shape == (2, 1, 7, 7)
        # the picture's own gray value, but for the color noise
        assert (images[:, 0, 0, 0] - 20 * several).abs().max() < 60
    assert [int(n) for _, s in batches[0] for n in s] != [int(n) for _, s in first for n in s]


@pytest.mark.parametrize(("step", "rate"), [(31_999, 0.1), (32_000, 0.01), (48_000, 0.001)])
def test_the_protocol_of_cifar_divides_the_rate_at_32k_and_48k(step, rate):
    config = LoopConfig(**protocol_values("cifar", "scratch:resnet20", None))
    assert (config.steps, config.batch, config.momentum) == (64_000, 128, 0.9)
    assert config.weight_decay == 1e-4
    assert config.decay_vectors
    assert config.learning_rate * rate_factor(step, 64_000, config) == pytest.approx(rate)


def test_deep_networks_warm_up_and_imagenet_waits_for_plateaus():
    config = LoopConfig(**protocol_values("cifar", "scratch:resnet110", None))
    rates = [config.learning_rate * rate_factor(step, 64_000, config) for step in (0, 399, 400)]
    assert rates == pytest.approx([0.01, 0.01, 0.1])
    config = LoopConfig(**protocol_values("imagenet", "timm:resnet34", None))
    assert (config.steps, config.batch, config.learning_rate) == (600_000, 256, 0.1)
    assert config.learning_rate * rate_factor(9, 600_000, config, cuts=2) == pytest.approx(0.001)
    assert PROTOCOLS["imagenet"].size == 224
