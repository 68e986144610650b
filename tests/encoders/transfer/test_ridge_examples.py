"""The inputs and predictions of a ridge read-out, and the outputs of a network from them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from encoders.errors import InvalidDataError
from encoders.losses import LOSSES
from encoders.losses.metric import metric
from encoders.tasks import TASKS, Output, Task
from encoders.training.objective import class_weights, loss_of
from encoders.transfer.ridge import (
    Calibration,
    Moments,
    Statistics,
    answer,
    calibrate,
    calibrations,
    columns_of,
    compared_features,
    descriptors,
    local_features,
    pooled_features,
    regressand,
    related_features,
    runs,
)

LABEL = TASKS["rgb2depth"].label  # never asked: examples are given


def task(kind: str, channels: int | None, loss: str = "l1") -> Task:
    return Task("made_up", Output(kind, channels), loss, LABEL)  # type: ignore[arg-type]


def representations(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float16) * 2 + 1


# Moments


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_moments_are_explicit_sums(dtype, monkeypatch):
    monkeypatch.setattr("encoders.transfer.ridge.moments.ROWS", 7)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((50, 6)).astype(dtype) + 1, rng.standard_normal((50, 3)) - 2
    weight = rng.integers(0, 3, 50) / 2
    found = Moments(6, 3)
    for part in (slice(0, 20), slice(20, 21), slice(21, 50)):
        found.add(x[part], y[part], weight[part])
    close = {"rtol": 1e-5, "atol": 1e-4} if dtype == np.float32 else {"rtol": 1e-12}
    assert found.count == pytest.approx(weight.sum())
    np.testing.assert_allclose(found.xx, np.einsum("n,ni,nj->ij", weight, x, x), **close)
    np.testing.assert_allclose(found.xy, np.einsum("n,ni,nj->ij", weight, x, y), **close)
    np.testing.assert_allclose(found.yy, np.einsum("n,ni,nj->ij", weight, y, y), **close)
    np.testing.assert_allclose(found.mean_x, np.average(x, axis=0, weights=weight), **close)
    point_x, point_y = rng.standard_normal(6), rng.standard_normal(3)
    about = found.about(point_x, point_y)
    dx, dy = x - point_x, y - point_y
    share = weight / weight.sum()
    np.testing.assert_allclose(about.xx, np.einsum("n,ni,nj->ij", share, dx, dx), **close)
    np.testing.assert_allclose(about.xy, np.einsum("n,ni,nj->ij", share, dx, dy), **close)
    np.testing.assert_allclose(about.yy, np.einsum("n,ni,ni->i", share, dy, dy), **close)


def test_a_part_of_moments_is_the_moments_of_a_part():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((30, 6)), rng.standard_normal((30, 4))
    whole, part = Moments(6, 4), Moments(3, 2)
    whole.add(x, y)
    part.add(x[:, [4, 0, 5]], y[:, [3, 1]])
    found = whole.part([4, 0, 5], [3, 1])
    for name in ("count", "xx", "xy", "yy", "mean_x", "mean_y"):
        np.testing.assert_allclose(getattr(found, name), getattr(part, name), rtol=1e-12)


def test_rows_of_weight_zero_are_never_looked_at():
    x, y = np.array([[1.0], [np.nan]]), np.array([[2.0], [np.inf]])
    found = Moments(1, 1)
    found.add(x, y, [True, False])
    assert (found.count, found.xy[0, 0]) == (1, 2)


@pytest.mark.parametrize(
    ("x", "y", "weight", "message"),
    [
        (np.zeros((3, 2)), np.zeros((3, 1)), None, r"features of shape \(3, 2\) with outputs of"),
        (np.zeros((3, 4)), np.zeros((2, 1)), None, r"these moments are of \(n, 4\) features with"),
        (np.zeros((3, 4)), np.zeros((3, 1)), [1, 1], r"weights of shape \(2,\), the smallest 0"),
        (np.zeros((1, 4)), np.zeros((1, 1)), [-1], "the smallest -1; expected .* none below 0"),
        ([[0, 0, np.inf, 0.0]], [[0]], None, r"feature 2 \(counted from 0\) is not a finite"),
        ([[0.0, 0, 0, 0]], [[np.nan]], None, r"output 0 \(counted from 0\) is not a finite"),
    ],
)
def test_examples_that_cannot_be_added(x, y, weight, message):
    with pytest.raises(InvalidDataError, match=message):
        Moments(4, 1).add(x, y, weight)


def test_no_examples_have_no_mean():
    with pytest.raises(InvalidDataError, match="these moments hold no example; add some"):
        _ = Moments(2, 1).mean_x


# Features


def test_statistics_are_those_of_all_batches():
    each = representations(12, 3, 2, 4, 4)
    found = Statistics.observe([each[:5], each[5:]])
    wide = each.astype(np.float64)
    np.testing.assert_allclose(found.mean, wide.mean((0, 3, 4)), rtol=1e-5)
    np.testing.assert_allclose(found.scale, wide.std((0, 3, 4)), rtol=1e-5)
    several = Statistics.observe([each.reshape(4, 3, 3, 2, 4, 4)])  # three pictures an example
    np.testing.assert_allclose(several.mean, found.mean, rtol=1e-5)
    np.testing.assert_array_equal(found.of([2, 0]).mean, found.mean[[2, 0]])


def test_a_dead_channel_becomes_zero_and_a_far_value_five():
    each = representations(6, 1, 2, 4, 4)
    each[:, 0, 1] = 3
    found = Statistics.observe([each])
    each[0, 0, 0, 0, 0] = 1000
    ready = found.standardize(each).numpy()
    assert not ready[:, 0, 1].any()
    assert ready[0, 0, 0, 0, 0] == 5


def test_local_features_are_neighborhoods():
    each = representations(2, 3, 2, 4, 4)
    statistics = Statistics.observe([each])
    ready = np.pad(statistics.standardize(each).numpy(), [(0, 0)] * 3 + [(1, 1)] * 2)
    found = local_features(each, statistics)
    assert found.shape == (2 * 16, 3 * 18)
    for image, row, column in np.ndindex(2, 4, 4):
        around = ready[image, :, :, row : row + 3, column : column + 3]
        np.testing.assert_array_equal(found[image * 16 + row * 4 + column], around.reshape(-1))
    own = local_features(each[:, [1]], statistics.of([1]))
    groups = runs(["a", "b", "c"], found.shape[1])
    np.testing.assert_array_equal(found[:, columns_of(groups, ["b"])], own)


def test_pooled_features_are_averages_of_thirds():
    each = representations(2, 2, 3, 6, 6)
    statistics = Statistics.observe([each])
    ready = statistics.standardize(each).numpy()
    found = pooled_features(each, statistics).reshape(2, 2, 3, 3, 3)
    for row, column in np.ndindex(3, 3):
        block = ready[..., 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
        np.testing.assert_allclose(found[..., row, column], block.mean((3, 4)), rtol=1e-5)


def test_related_features_are_averages_of_quarters():
    each = representations(4, 3, 2, 2, 4, 4)  # 3 pictures, 2 sources, 2 features
    statistics = Statistics.observe([each])
    ready = statistics.standardize(each).numpy()
    halves = ready.reshape(4, 3, 2, 2, 2, 2, 2, 2).mean((5, 7)).reshape(4, 3, 2, 8)
    found = related_features(each, statistics).reshape(4, 2, 3, 8)  # image, source, picture, number
    for picture in range(3):
        np.testing.assert_allclose(found[:, :, picture], halves[:, picture], rtol=1e-4, atol=1e-5)


def test_compared_features_are_absolute_differences():
    each = representations(4, 3, 2, 2, 6, 6)
    statistics = Statistics.observe([each])
    ready = statistics.standardize(each).numpy()
    thirds = ready.reshape(4, 3, 2, 2, 3, 2, 3, 2).mean((5, 7)).reshape(4, 3, 2, 18)
    found = compared_features(each, statistics).reshape(4, 2, 2, 18)  # image, source, pair, number
    for pair in range(2):
        apart = abs(thirds[:, pair + 1] - thirds[:, pair])
        np.testing.assert_allclose(found[:, :, pair], apart, rtol=1e-4, atol=1e-5)
    turned = compared_features(each[:, ::-1], statistics).reshape(4, 2, 2, 18)
    np.testing.assert_allclose(turned[:, :, ::-1], found, atol=1e-6)


def test_features_that_cannot_be_made():
    each = representations(2, 3, 2, 4, 4)
    statistics = Statistics.observe([each])
    with pytest.raises(
        InvalidDataError, match=r"shape \(2, 2, 2, 4, 4\); these statistics are of 3"
    ):
        local_features(each[:, :2], statistics)
    with pytest.raises(InvalidDataError, match="to relate pictures, give"):
        related_features(each, statistics)
    with pytest.raises(InvalidDataError, match="to relate pictures, give"):
        compared_features(each[:, None], statistics)
    with pytest.raises(InvalidDataError, match="no representations to take means and spreads of"):
        Statistics.observe([])


# What is predicted, and back


def half_mask(count: int, side: int) -> torch.Tensor:
    mask = torch.ones(count, side, side, dtype=torch.bool)
    mask[0, : side // 2] = False
    return mask


def test_a_map_comes_back_where_it_counts_and_is_its_mean_elsewhere():
    generator = torch.Generator().manual_seed(0)
    target = torch.rand(3, 2, 8, 8, generator=generator) * 2 - 1
    mask = half_mask(3, 8)
    found = regressand(task("map", 2), [(target[:2], mask[:2]), (target[2:], mask[2:])], 4)
    target[0, :, 0, 0] = torch.nan  # outside the mask
    numbers = found.numbers(target, mask)
    assert numbers.shape == (3 * 16, 2 * 4)
    back = answer(found, numbers)
    assert back.shape == target.shape
    torch.testing.assert_close(back[1:], target[1:])
    torch.testing.assert_close(back[0, :, 4:], target[0, :, 4:])
    means = found.mean.reshape(2, 2, 2)
    for channel, row, column in np.ndindex(2, 2, 2):
        pixels = target[:, channel, row::2, column::2][mask[:, row::2, column::2]]
        assert means[channel, row, column] == pytest.approx(float(pixels.mean()), abs=1e-6)
        assert float(back[0, channel, row, column]) == pytest.approx(float(pixels.mean()), abs=1e-6)


def test_patches_are_the_places_of_local_features():
    """Row i of the numbers is the part of the picture that row i of the features lies over."""
    target = torch.zeros(2, 1, 16, 16)
    target[1, 0, 9, 14] = 1
    found = regressand(task("map", 1), [(target, torch.ones(2, 16, 16))], 4)
    numbers = found.numbers(target, torch.ones(2, 16, 16))
    assert [int(i) for i in np.argwhere(numbers)[0]] == [16 + 2 * 4 + 3, 1 * 4 + 2]


def test_only_bounded_maps_are_clipped():
    target = torch.tensor([[[[0.5, 3.0], [-2.0, 0.0]]]])
    mask = torch.ones(1, 2, 2, dtype=torch.bool)
    bounded = regressand(task("map", 1), [(target, mask)], 1)
    free = regressand(task("map", 1, "l2"), [(target, mask)], 1)
    torch.testing.assert_close(answer(bounded, bounded.numbers(target, mask)), target.clamp(-1, 1))
    torch.testing.assert_close(answer(free, free.numbers(target, mask)), target)


def test_classes_of_pixels_come_back_as_logarithms():
    target = torch.tensor([[[0, 2], [1, 77]]])
    mask = torch.tensor([[[1, 1], [1, 0]]])
    of = regressand(task("class_map", 3, "xentropy"), [(target, mask)], 1)
    numbers = of.numbers(target, mask)
    assert numbers.shape == (1, 12)
    shares = answer(of, numbers, Calibration(floor=0.03)).exp()
    torch.testing.assert_close(shares.sum(1), torch.ones(1, 2, 2))
    expected = np.array([1, 0.01, 0.01]) / 1.02
    np.testing.assert_allclose(shares[0, :, 0, 0], expected, rtol=1e-5)
    assert int(shares[0, :, 0, 1].argmax()) == 2


def test_tilted_shares_have_the_least_weighted_loss():
    """With right shares p and weights w, the expected loss -sum p w log q is least at tilt 1."""
    weights, share = torch.tensor([0.2, 1.0, 5.0]), np.array([[0.6, 0.3, 0.1]], dtype=np.float32)
    of = regressand(
        task("class_map", 3, "xentropy"), [(torch.tensor([[[0]]]), torch.ones(1, 1, 1))], 1
    )
    losses = {}
    for tilt in (0.0, 0.5, 1.0, 1.5):
        logs = answer(of, share, Calibration(floor=1e-6, tilt=tilt), weights=weights).reshape(3)
        losses[tilt] = float(-(torch.from_numpy(share[0]) * weights * logs).sum())
    assert min(losses, key=losses.__getitem__) == 1.0


def test_class_weights_are_those_of_the_loss():
    constants = {"frequency": [0.5, 0.3, 0.2]}
    of = task("class_map", 3, "xentropy")
    weights = class_weights(of, constants)
    prediction = torch.zeros(3, 3, 1, 1)
    target = torch.tensor([0, 1, 2]).reshape(3, 1, 1)
    found = loss_of(of, constants)(prediction, target, torch.ones(3, 1, 1))
    assert weights is not None
    torch.testing.assert_close(found, weights * math.log(3))
    assert class_weights(task("map", 3), constants) is None


def test_vectors_and_classes_of_images():
    target, mask = torch.rand(4, 5), torch.tensor([1, 0, 1, 1], dtype=torch.bool)
    vector = regressand(task("vector", 5, "l2"), [(target, mask)], 16)
    numbers = vector.numbers(target, mask)
    np.testing.assert_allclose(vector.mean, target[mask].mean(0), rtol=1e-5)
    np.testing.assert_array_equal(vector.weight(mask), [True, False, True, True])
    torch.testing.assert_close(answer(vector, numbers)[mask], target[mask])
    soft = regressand(task("classes", 5, "soft_xentropy"), [(target, mask)], 16)
    np.testing.assert_array_equal(soft.numbers(target, mask)[2], target[2])
    hard = regressand(task("classes", 2, "xentropy"), [(torch.tensor([1, 0, 1, 0]), mask)], 16)
    numbers = hard.numbers(torch.tensor([1, 0, 1, 0]), mask)
    np.testing.assert_array_equal(numbers[[0, 2, 3]], [[0, 1], [0, 1], [1, 0]])
    shares = answer(hard, np.array([[-3.0, 1.0]], dtype=np.float32), Calibration(floor=0.2)).exp()
    np.testing.assert_allclose(shares, [[0.1 / 1.1, 1 / 1.1]], rtol=1e-5)
    assert (hard.channels, hard.pixels) == (2, False)


def test_an_image_counts_if_any_of_its_pixels_does():
    mask = torch.zeros(2, 3, 3, dtype=torch.bool)
    mask[1, 2, 2] = True
    of = regressand(task("map", 1), [(torch.zeros(2, 1, 3, 3), mask)], 3)
    np.testing.assert_array_equal(of.weight(mask), [False, True])


# Segments


def test_descriptors_point_at_centroids():
    rng = np.random.default_rng(0)
    segments = rng.integers(0, 4, (3, 8, 8)) * 11
    mask = rng.random((3, 8, 8)) < 0.8
    found = descriptors(segments, mask)
    assert found.shape == (3, 3, 8, 8)
    center = (np.arange(8) + 0.5) / 4 - 1
    for image, row, column in np.ndindex(3, 8, 8):
        if not mask[image, row, column]:
            assert not found[image, :, row, column].any()
            continue
        same = (segments[image] == segments[image, row, column]) & mask[image]
        rows, columns = np.nonzero(same)
        expected = [
            center[rows].mean() - center[row],
            center[columns].mean() - center[column],
            np.log(same.sum() / 64),
        ]
        np.testing.assert_allclose(found[image, :, row, column], expected, atol=1e-6)


def blocks() -> tuple[torch.Tensor, torch.Tensor]:
    """Two images of four square segments each, numbered differently."""
    quarters = torch.tensor([[3, 9], [4, 1]]).repeat_interleave(8, 0).repeat_interleave(8, 1)
    return torch.stack([quarters, quarters + 20]), torch.ones(2, 16, 16, dtype=torch.bool)


def test_pixels_of_one_segment_come_back_as_one_point():
    target, mask = blocks()
    of = regressand(TASKS["segment2d"], [(target, mask)], 4)
    numbers = of.numbers(target, mask)
    assert numbers.shape == (2 * 16, 48)
    embedding = answer(of, numbers, Calibration(place=8.0))
    assert embedding.shape == (2, 3, 16, 16)
    same = embedding[0, :, :8, :8].flatten(1)
    assert float((same - same[:, :1]).abs().max()) < 1e-4
    assert float(embedding[0, 1, 0, 8] - embedding[0, 1, 0, 0]) == pytest.approx(8.0, abs=1e-4)
    assert float(metric(embedding, target).max()) < 1e-3
    assert float(metric(torch.zeros(2, 3, 16, 16), target).min()) > 1


def test_descriptors_of_different_units_weigh_alike():
    target, mask = blocks()
    target[0, :4, :4] = 77
    numbers = regressand(TASKS["segment25d"], [(target, mask)], 4).numbers(target, mask)
    spread = numbers.reshape(32, 3, 16).std(0).mean(1)
    np.testing.assert_allclose(spread, 1, rtol=1e-3)


# Settings


@pytest.mark.parametrize(
    ("kind", "channels", "loss", "choices"),
    [
        ("map", 1, "l1", 1),
        ("vector", 3, "l2", 1),
        ("classes", 4, "xentropy", 7),
        ("class_map", 4, "xentropy", 21),
        ("segments", 64, "metric", 10),
    ],
)
def test_calibration_takes_the_setting_of_least_loss(kind, channels, loss, choices):
    rng = np.random.default_rng(0)
    side = 8
    if kind in ("map", "vector"):
        shape = (6, channels, side, side) if kind == "map" else (6, channels)
        target = torch.from_numpy(rng.random(shape, dtype=np.float32))
    else:
        target = torch.from_numpy(
            rng.integers(0, 4, (6,) if kind == "classes" else (6, side, side))
        )
    mask = torch.ones((6, side, side) if target.ndim > 2 else (6,), dtype=torch.bool)
    mask[2] = False
    of = regressand(task(kind, channels, loss), [(target, mask)], 4)
    exact = of.numbers(target, mask)
    noisy = (exact + 0.6 * rng.standard_normal(exact.shape)).astype(np.float32)
    weights = torch.tensor([0.5, 1, 2, 3]) if kind == "class_map" else None
    rows = len(noisy) // 6
    batches = [
        (noisy[: 2 * rows], target[:2], mask[:2]),
        (noisy[2 * rows :], target[2:], mask[2:]),
    ]
    found = calibrate(of, batches, LOSSES[loss], weights=weights)
    assert len(calibrations(of.task)) == choices
    losses = {
        each: float(LOSSES[loss](answer(of, noisy, each, weights=weights), target, mask).nanmean())
        for each in calibrations(of.task)
    }
    assert losses[found] == pytest.approx(min(losses.values()), rel=1e-6)
    if choices > 1:
        assert max(losses.values()) > 1.001 * losses[found]


# What is refused


def test_what_cannot_be_predicted():
    one = torch.zeros(1, 1, 10, 10), torch.ones(1, 10, 10)
    with pytest.raises(InvalidDataError, match="maps of 10 x 10 pixels cannot be cut into 4 x 4"):
        regressand(task("map", 1), [one], 4)
    with pytest.raises(InvalidDataError, match="made_up: no pixel or image of the training"):
        regressand(task("map", 1), [(one[0], torch.zeros(1, 10, 10))], 5)
    with pytest.raises(InvalidDataError, match="task random has no output, so there is nothing"):
        regressand(TASKS["random"], [one], 5)
    with pytest.raises(
        InvalidDataError, match="made_up: the number of classes depends on the data"
    ):
        regressand(
            task("classes", None, "xentropy"),
            [(torch.tensor([1]), torch.ones(1, dtype=torch.bool))],
            5,
        )


def test_nothing_is_calibrated_without_images():
    target, mask = torch.zeros(2, 3), torch.ones(2, dtype=torch.bool)
    of = regressand(task("vector", 3, "l2"), [(target, mask)], 4)
    empty = [(np.zeros((2, 3), np.float32), target, ~mask)]
    with pytest.raises(InvalidDataError, match="made_up: no validation image has a target"):
        calibrate(of, empty, LOSSES["l2"])
