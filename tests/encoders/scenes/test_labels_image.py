"""Texture edges and 2D keypoints against explicit loops and closed forms."""

import numpy as np
import pytest
from skimage.color import rgb2gray
from skimage.filters import gaussian, sobel

from encoders.scenes.labels.image import (
    EDGE_SIGMA,
    edge_sigma,
    edge_texture,
    hessian_response,
    keypoint_lobes,
    keypoints2d,
)


def gray_picture(levels):
    return np.repeat(np.asarray(levels, dtype=np.uint8)[..., None], 3, axis=-1)


def random_picture(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def correlated(image, kernel):
    """Sums of the kernel over the mirrored picture, pixel by pixel."""
    up, left = kernel.shape[0] // 2, kernel.shape[1] // 2
    padded = np.pad(image, ((up, up), (left, left)), mode="symmetric")
    out = np.zeros(image.shape)
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            window = padded[y : y + kernel.shape[0], x : x + kernel.shape[1]]
            out[y, x] = (window * kernel).sum()
    return out


def gaussian_weights(sigma):
    reach = int(4 * sigma + 0.5)
    weights = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
    return weights / weights.sum()


@pytest.mark.parametrize("label", [edge_texture, keypoints2d])
@pytest.mark.parametrize("level", [0, 1, 128, 255])
def test_a_flat_picture_has_neither_edges_nor_keypoints(label, level):
    np.testing.assert_allclose(label(gray_picture(np.full((64, 64), level))), 0, atol=1e-14)


@pytest.mark.parametrize("label", [edge_texture, keypoints2d])
def test_maps_turn_and_mirror_with_the_picture(label):
    picture = random_picture(64, 64)
    np.testing.assert_allclose(label(picture[::-1]), label(picture)[::-1], atol=1e-12)
    np.testing.assert_allclose(label(picture[:, ::-1]), label(picture)[:, ::-1], atol=1e-12)
    turned = np.ascontiguousarray(picture.transpose(1, 0, 2))
    np.testing.assert_allclose(label(turned), label(picture).T, atol=1e-12)


def test_edges_are_the_sobel_gradient_of_the_blurred_picture():
    picture = random_picture(14, 17)
    weights = gaussian_weights(1.0)
    smooth = correlated(rgb2gray(picture), np.outer(weights, weights))
    sobel = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]]) / 4
    across, down = correlated(smooth, sobel), correlated(smooth, sobel.T)
    expected = np.sqrt((across**2 + down**2) / 2) / EDGE_SIGMA
    np.testing.assert_allclose(edge_texture(picture), expected, atol=1e-12)


def test_edges_are_those_of_skimages_operators():
    picture = random_picture(256, 256)
    smooth = gaussian(rgb2gray(picture), 1.5, mode="reflect")
    np.testing.assert_allclose(edge_texture(picture), sobel(smooth) / 2, atol=1e-12)


@pytest.mark.parametrize("size", [64, 256, 512])
def test_a_step_peaks_at_its_closed_form_at_every_size(size):
    low, high = 51, 204
    levels = np.where(np.arange(size) < size // 2, low, high) * np.ones((size, 1))
    edges = edge_texture(gray_picture(levels))
    sigma, height = edge_sigma(size), (high - low) / 255
    weights = gaussian_weights(sigma)
    middle = len(weights) // 2
    # The central difference of a blurred step is the mean of two weights of the Gaussian.
    slope = height * (weights[middle] + weights[middle + 1]) / 2
    peak = np.sqrt(2) * slope * sigma / EDGE_SIGMA
    np.testing.assert_allclose(edges[:, size // 2 - 1 : size // 2 + 1], peak, rtol=1e-9)
    assert edges.max() == pytest.approx(peak)
    assert peak == pytest.approx(np.sqrt(2) * height / (3 * np.sqrt(2 * np.pi)), rel=0.21)


def test_the_blur_is_taskonomys_at_512_pixels_and_never_under_one_pixel():
    assert [edge_sigma(size) for size in (32, 64, 128, 256, 512)] == [1, 1, 1, 1.5, 3]


def test_edges_stay_in_the_unit_range_on_the_harshest_picture():
    stripes = np.where(np.arange(64) // 4 % 2, 255, 0) * np.ones((64, 1))
    assert 0.1 < edge_texture(gray_picture(stripes)).max() <= 1


def surf_kernels(lobe):
    """SURF's three box filters, written out entry by entry."""
    size, half = 3 * lobe, 3 * lobe // 2
    down, mixed = np.zeros((size, size)), np.zeros((size, size))
    for y in range(-half, half + 1):
        for x in range(-half, half + 1):
            if abs(x) <= lobe - 1:
                down[y + half, x + half] = -2 if abs(y) <= lobe // 2 else 1
            if 1 <= abs(x) <= lobe and 1 <= abs(y) <= lobe:
                mixed[y + half, x + half] = np.sign(x) * np.sign(y)
    return down, down.T, mixed


def naive_response(gray, lobe):
    down, across, mixed = (correlated(gray, kernel) for kernel in surf_kernels(lobe))
    return (down * across - (0.9 * mixed) ** 2) / (3 * lobe) ** 4


@pytest.mark.parametrize("lobe", [1, 3, 5])
def test_the_response_is_surfs_by_explicit_loops(lobe):
    gray = np.random.default_rng(lobe).random((19, 23))
    np.testing.assert_allclose(hessian_response(gray, lobe), naive_response(gray, lobe), atol=1e-12)


def test_surfs_smallest_filter_is_the_one_in_its_paper():
    down, _, mixed = surf_kernels(3)
    assert down.shape == (9, 9)
    assert (np.count_nonzero(down, axis=0) == [0, 0, 9, 9, 9, 9, 9, 0, 0]).all()
    assert mixed.sum() == 0
    assert np.count_nonzero(mixed) == 36


def test_keypoints_are_the_largest_positive_response_of_all_scales():
    picture = random_picture(24, 24)
    gray = rgb2gray(picture)
    expected = np.zeros(gray.shape)
    for lobe in keypoint_lobes(24):
        expected = np.maximum(expected, naive_response(gray, lobe))
    np.testing.assert_allclose(keypoints2d(picture), expected, atol=1e-12)
    assert (expected > 0).any()
    assert (expected == 0).any()


@pytest.mark.parametrize("side", [9, 15, 21])
def test_a_square_peaks_in_its_middle_at_two_thirds_of_its_side(side):
    """With x = side / lobe in [1, 1.9], the response in the middle is ((3 x - x^2) / 9)^2."""
    gray = np.zeros((129, 129))
    low, high = 64 - side // 2, 64 + side // 2 + 1
    gray[low:high, low:high] = 0.8
    lobes = np.arange(1, side + 10, 2)
    middle = np.array([hessian_response(gray, int(lobe))[64, 64] for lobe in lobes])
    ratio = side / lobes
    closed = (0.8 * (3 * ratio - ratio**2) / 9) ** 2
    fits = (ratio >= 1) & (2 * lobes - 1 >= side)
    np.testing.assert_allclose(middle[fits], closed[fits])
    best = int(lobes[middle.argmax()])
    assert abs(best - 2 * side / 3) <= 1
    response = hessian_response(gray, best)
    assert response[64, 64] == pytest.approx(response.max())


def test_bright_and_dark_blobs_answer_alike():
    gray = np.random.default_rng(3).random((32, 32))
    np.testing.assert_allclose(hessian_response(gray, 3), hessian_response(1 - gray, 3), atol=1e-12)


def test_a_straight_edge_is_no_keypoint_and_its_corner_is():
    levels = np.zeros((64, 64))
    levels[:, 32:] = 200
    np.testing.assert_allclose(keypoints2d(gray_picture(levels)), 0, atol=1e-14)
    levels[32:] = 0
    points = keypoints2d(gray_picture(levels))
    row, column = np.unravel_index(points.argmax(), points.shape)
    assert points.max() > 0.005
    assert abs(row - 31.5) <= 4
    assert abs(column - 31.5) <= 4


def test_scales_follow_the_picture():
    assert keypoint_lobes(16) == (1,)
    assert keypoint_lobes(64) == (1, 3, 5)
    assert keypoint_lobes(256) == (1, 3, 5, 7, 9, 11, 13, 15)
    for size in (32, 96, 128, 512, 1024):
        lobes = keypoint_lobes(size)
        assert len(lobes) <= 10
        assert all(lobe % 2 for lobe in lobes)
        assert 0 <= lobes[-1] - 30 * size / 512 < 2
