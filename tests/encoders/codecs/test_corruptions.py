"""Inputs and targets made from a picture: noise, holes, colors and puzzles, each by an oracle."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage import data
from skimage.color import lab2rgb, rgb2lab
from skimage.transform import resize

from encoders.codecs.colors import (
    chroma,
    color_bins,
    color_target,
    colored,
    expected_ab,
    lab,
    lightness,
    rebalancing,
    soft_bins,
)
from encoders.codecs.corruptions import hole, masked, noisy, signed
from encoders.codecs.jigsaw import jigsaw, tile_orders
from encoders.errors import InvalidDataError
from tests.examples import examples


def random_pictures(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3), dtype=np.uint8)


def coffee(size=64):
    return np.rint(255 * resize(data.coffee()[:400, 100:500], (size, size))).astype(np.uint8)


# Pictures in [-1, 1], noise and holes.


def test_signed_maps_black_to_minus_one_and_white_to_one():
    levels = np.array([0, 51, 255], dtype=np.uint8).reshape(1, 1, 3)
    np.testing.assert_allclose(signed(levels).ravel(), [-1, -0.6, 1], atol=1e-6)
    assert signed(levels).dtype == np.float32


def test_noise_has_variance_a_hundredth_in_unit_range_and_no_bias():
    gray = np.full((8, 64, 64, 3), 127, dtype=np.uint8)  # five spreads from black and white
    noise = (noisy(gray, np.random.default_rng(0)) + 1) / 2 - 127 / 255
    count = noise.size
    assert abs(noise.mean()) < 5 * 0.1 / np.sqrt(count)
    assert abs(noise.var() - 0.01) < 5 * 0.01 * np.sqrt(2 / count)
    kurtosis = (noise**4).mean() / noise.var() ** 2
    assert kurtosis == pytest.approx(3, abs=0.1)  # Gaussian
    flat = noise.reshape(8, -1)
    assert abs(np.corrcoef(flat) - np.eye(8)).max() < 0.05


def test_noise_is_clipped_and_repeats_with_its_seed():
    picture = random_pictures(2, 16, 16)
    first = noisy(picture, np.random.default_rng(7))
    assert first.min() == -1
    assert first.max() == 1
    assert first.dtype == np.float32
    np.testing.assert_array_equal(first, noisy(picture, np.random.default_rng(7)))
    assert (first != noisy(picture, np.random.default_rng(8))).any()
    np.testing.assert_array_equal(
        noisy(picture, np.random.default_rng(7), variance=0.0), signed(picture)
    )


@pytest.mark.parametrize("size", [8, 64, 256])
def test_the_hole_is_the_middle_quarter(size):
    picture = random_pictures(2, size, size)
    quarter = size // 4
    expected = signed(picture)
    for row in range(quarter, 3 * quarter):
        expected[:, row, quarter : 3 * quarter] = 0
    np.testing.assert_array_equal(masked(picture), expected)
    np.testing.assert_array_equal(masked(picture[0]), expected[0])
    assert hole(size, size).mean() == 0.25


# Colors.


def test_lab_is_skimages():
    picture = random_pictures(40, 50)
    linear = np.where(
        picture / 255 <= 0.04045, picture / 255 / 12.92, ((picture / 255 + 0.055) / 1.055) ** 2.4
    )
    np.testing.assert_allclose(lab(linear.astype(np.float32)), rgb2lab(picture), atol=2e-3)
    light = lightness(picture)
    assert light.shape == (40, 50, 1)
    assert light.dtype == np.float32
    np.testing.assert_allclose(light[..., 0], rgb2lab(picture)[..., 0] / 50 - 1, atol=1e-5)


def test_lightness_runs_from_minus_one_to_one_and_takes_batches():
    ends = np.zeros((2, 4, 4, 3), dtype=np.uint8)
    ends[1] = 255
    np.testing.assert_allclose(lightness(ends)[0], -1, atol=1e-5)
    np.testing.assert_allclose(lightness(ends)[1], 1, atol=1e-5)
    dark = np.arange(10, dtype=np.uint8).reshape(1, 10, 1).repeat(3, axis=2)
    np.testing.assert_allclose(lightness(dark)[..., 0], rgb2lab(dark)[..., 0] / 50 - 1, atol=1e-5)


def test_chroma_is_the_color_of_the_mean_light_of_a_block():
    flat = np.repeat(np.repeat(random_pictures(4, 5), 4, axis=0), 4, axis=1)
    np.testing.assert_allclose(chroma(flat), rgb2lab(flat)[::4, ::4, 1:], atol=2e-3)
    halves = np.zeros((4, 4, 3), dtype=np.uint8)
    halves[:, :2] = (255, 0, 0)
    mean = 0.5 ** np.array([1.0, np.inf, np.inf])  # linear light
    encoded = 1.055 * mean[0] ** (1 / 2.4) - 0.055
    expected = rgb2lab(np.array([[[encoded, 0.0, 0.0]]]))[0, 0, 1:]
    np.testing.assert_allclose(chroma(halves)[0, 0], expected, atol=1e-2)


def test_a_size_that_is_no_multiple_of_four_is_refused():
    with pytest.raises(InvalidDataError, match="30 x 64 pixels, expected multiples of 4"):
        chroma(random_pictures(30, 64))


def test_the_bins_are_the_cells_that_hold_a_color():
    bins = color_bins()
    assert bins.shape == (261, 2)
    assert (bins % 10 == 0).all()
    assert len(np.unique(bins, axis=0)) == len(bins)
    # Every second level of each channel reaches almost all of them, and no others.
    levels = np.r_[np.arange(0, 256, 5), 255].astype(np.uint8)
    cube = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1)
    cells = np.unique(np.rint(rgb2lab(cube.reshape(1, -1, 3))[0, :, 1:] / 10), axis=0)
    known = {tuple(row) for row in bins / 10}
    found = {tuple(row) for row in cells}
    assert found <= known
    assert len(found) > 0.97 * len(known)


def test_white_black_and_gray_share_the_bin_of_no_color():
    grays = np.repeat(np.arange(0, 256, 15, dtype=np.uint8), 16).reshape(1, -1, 1)
    picture = grays.repeat(4, axis=0).repeat(3, axis=2)
    target = color_target(picture)
    np.testing.assert_array_equal(color_bins()[target.argmax(-1)], 0)


@given(
    st.lists(
        st.tuples(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255)),
        min_size=1,
        max_size=8,
    )
)
@examples(times=0.3)
def test_shares_are_those_of_the_ten_nearest_bins_by_brute_force(colors):
    ab = rgb2lab(np.array([colors], dtype=np.uint8))[0, :, 1:]
    shares = soft_bins(ab)
    for color, share in zip(ab, shares, strict=True):
        distance = np.sqrt(((color_bins().astype(float) - color) ** 2).sum(1))
        near = distance <= np.sort(distance)[9] + 1e-3
        weight = np.where(near, np.exp(-(distance**2) / 50), 0)
        np.testing.assert_allclose(share, weight / weight.sum(), atol=1e-3)
        assert share.argmax() in np.flatnonzero(distance <= distance.min() + 1e-3)
        assert 10 <= np.count_nonzero(share) <= 14


def test_targets_sum_to_one_and_their_mean_is_near_the_color():
    picture = np.stack([coffee(), random_pictures(64, 64)])
    target = color_target(picture)
    assert target.shape == (2, 16, 16, 261)
    assert target.dtype == np.float32
    assert target.min() >= 0
    np.testing.assert_allclose(target.sum(-1), 1, atol=1e-5)
    error = np.linalg.norm(expected_ab(target, temperature=1.0) - chroma(picture), axis=-1)
    assert np.median(error) < 1
    assert error.max() < 10  # at the margin of the gamut bins lie on one side only
    np.testing.assert_array_equal(color_target(picture[1]), target[1])


def test_a_color_in_the_middle_of_a_bin_has_that_bin_as_its_mode():
    np.testing.assert_array_equal(soft_bins(color_bins()).argmax(-1), np.arange(261))


def test_rebalancing_is_zhangs_formula_and_has_mean_weight_one():
    prior = np.array([0.7, 0.2, 0.1, 0.0])
    weights = rebalancing(prior)
    raw = 1 / (0.5 * prior + 0.125)
    np.testing.assert_allclose(weights, raw / (prior * raw).sum(), rtol=1e-6)
    assert (prior * weights).sum() == pytest.approx(1)
    assert (np.diff(weights) > 0).all()
    np.testing.assert_allclose(rebalancing(prior, mix=1.0), 1, rtol=1e-6)


def test_priors_that_are_none_are_refused():
    with pytest.raises(InvalidDataError, match=r"the prior sums to 2\.0000"):
        rebalancing([1.0, 1.0])
    with pytest.raises(InvalidDataError, match=r"its least entry is -0\.5"):
        rebalancing([1.5, -0.5])
    with pytest.raises(InvalidDataError, match="no finite weight at mix 0"):
        rebalancing([1.0, 0.0], mix=0.0)


def test_the_annealed_mean_lies_between_mean_and_mode():
    share = np.zeros(261)
    share[[10, 200]] = 0.6, 0.4
    bins = color_bins()
    plain = expected_ab(share, temperature=1.0)
    np.testing.assert_allclose(plain, 0.6 * bins[10] + 0.4 * bins[200], atol=1e-4)
    np.testing.assert_allclose(expected_ab(share, temperature=0.01), bins[10], atol=1e-3)
    odds = (0.6 / 0.4) ** (1 / 0.38)
    part = odds / (1 + odds)
    np.testing.assert_allclose(
        expected_ab(share), part * bins[10] + (1 - part) * bins[200], atol=1e-4
    )


def test_a_picture_comes_back_from_its_lightness_and_color():
    blocks = np.repeat(np.repeat(random_pictures(3, 6, 6), 4, axis=1), 4, axis=2)
    again = colored(lightness(blocks), chroma(blocks))
    assert again.dtype == np.uint8
    assert np.abs(again.astype(int) - blocks).max() <= 1
    photo = coffee()
    near = colored(lightness(photo), expected_ab(color_target(photo)))
    true = rgb2lab(photo)
    wrong = np.linalg.norm((rgb2lab(near) - true)[..., 1:], axis=-1).mean()
    gray = lab2rgb(np.concatenate([true[..., :1], 0 * true[..., 1:]], axis=-1))
    assert wrong < 0.25 * np.linalg.norm((rgb2lab(gray) - true)[..., 1:], axis=-1).mean()


# Puzzles.


def test_orders_are_permutations_and_far_apart():
    orders = tile_orders()
    assert orders.shape == (100, 9)
    assert (np.sort(orders, axis=1) == np.arange(9)).all()
    assert len({tuple(order) for order in orders.tolist()}) == 100
    distances = [
        sum(x != y for x, y in zip(a, b, strict=True))
        for k, a in enumerate(orders.tolist())
        for b in orders[:k].tolist()
    ]
    assert np.mean(distances) == pytest.approx(8.08, abs=1e-12)
    assert min(distances) == 4
    # No hundred orders do better on average: at each place, at best, the nine tiles are had by
    # eleven orders each, one by twelve.
    same = 9 * (8 * 11 * 10 / 2 + 12 * 11 / 2)
    assert 9 - same / (100 * 99 / 2) == pytest.approx(8.08, abs=1e-12)


def test_fewer_orders_are_the_first_of_more():
    np.testing.assert_array_equal(tile_orders(12), tile_orders()[:12])
    assert tile_orders(1).tolist() == [list(range(9))]
    first = tile_orders(9)
    assert all((a != b).all() for k, a in enumerate(first) for b in first[:k])  # a Latin square
    with pytest.raises(InvalidDataError, match="0 orders of nine tiles"):
        tile_orders(0)


def test_whole_tiles_put_in_order_are_the_picture():
    pictures = random_pictures(6, 63, 63)
    pieces, label = jigsaw(pictures, np.random.default_rng(0), size=21, crop=1.0)
    assert pieces.shape == (6, 9, 21, 21, 3)
    assert pieces.dtype == np.float32
    assert label.shape == (6,)
    for picture, nine, order in zip(pictures, pieces, tile_orders()[label], strict=True):
        again = np.zeros((63, 63, 3))
        for piece, tile in zip(nine, order, strict=True):
            row, column = divmod(int(tile), 3)
            again[21 * row : 21 * row + 21, 21 * column : 21 * column + 21] = piece
        np.testing.assert_array_equal(again, signed(picture))


@pytest.mark.parametrize("size", [19, 32, 64])
def test_pieces_are_crops_of_their_tile_enlarged_as_skimage_does(size):
    picture = coffee(64)
    pieces, label = jigsaw(picture, np.random.default_rng(3), size=size)
    assert pieces.shape == (9, size, size, 3)
    assert label.shape == ()
    corners = set()
    for piece, tile in zip(pieces, tile_orders()[label], strict=True):
        row, column = divmod(int(tile), 3)
        whole = signed(picture)[21 * row : 21 * row + 21, 21 * column : 21 * column + 21]
        errors = {
            (y, x): np.abs(
                resize(
                    whole[y : y + 19, x : x + 19],
                    (size, size),
                    order=1,
                    mode="edge",
                    anti_aliasing=False,
                    clip=False,
                )
                - piece
            ).max()
            for y in range(3)
            for x in range(3)
        }
        corner = min(errors, key=errors.get)
        assert errors[corner] < 1e-5
        corners.add(corner)
    assert len(corners) > 2  # each tile's crop is drawn by itself


def test_every_order_and_every_corner_is_drawn():
    pictures = np.broadcast_to(random_pictures(30, 30), (4000, 30, 30, 3))
    _, label = jigsaw(pictures[:2000], np.random.default_rng(1), size=9)
    count = np.bincount(label, minlength=100)
    assert len(count) == 100
    assert (np.abs(count - 20) < 5 * np.sqrt(20)).all()
    few = np.array([[8, 7, 6, 5, 4, 3, 2, 1, 0]], dtype=np.uint8)
    pieces, label = jigsaw(pictures[0], np.random.default_rng(1), size=10, crop=1.0, orders=few)
    assert label == 0
    np.testing.assert_array_equal(pieces[0], signed(pictures[0])[20:, 20:])


def test_puzzles_repeat_with_their_seed():
    pictures = random_pictures(3, 64, 64)
    first, second = (jigsaw(pictures, np.random.default_rng(5), size=32) for _ in range(2))
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])


@pytest.mark.parametrize(("size", "crop"), [(10, 0.9), (64, 1.2), (64, 0.01)])
def test_pieces_that_cannot_be_cut_are_refused(size, crop):
    with pytest.raises(
        InvalidDataError, match=f"from tiles of 21 x 21 cannot be enlarged to {size}"
    ):
        jigsaw(random_pictures(64, 64), np.random.default_rng(0), size=size, crop=crop)
