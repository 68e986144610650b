"""The deep image prior: operators, network, fit and the rule to stop, each against an oracle."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.color import rgb2ycbcr
from skimage.metrics import peak_signal_noise_ratio

from benchmarks.prior import fitting
from benchmarks.prior.fit_settings import (
    PUBLISHED,
    SMALL,
    TASKS,
    FitSettings,
    HourglassSpec,
    settings_of,
)
from benchmarks.prior.fitting import ARITHMETIC, fastest, fit_prior
from benchmarks.prior.impedance import TARGETS, first_below, losses, targets
from benchmarks.prior.inversion import inverted, seen_by
from benchmarks.prior.network import Hourglass, TooSmallError
from benchmarks.prior.observations import degraded, from_image, masked, smaller, to_image, whole
from benchmarks.prior.photographs import REPORTED, VALIDATION, photograph
from benchmarks.prior.quality import compared, luma, psnr, ssim
from benchmarks.prior.resampling import Downsampler, lanczos_matrix
from benchmarks.prior.stopping import (
    Keeper,
    Rule,
    RunningAverage,
    Stopper,
    WindowedVariance,
    stop_of,
)

TINY = FitSettings(HourglassSpec((4, 8), (4, 8), (2, 2)), inputs=4, iterations=6)
RNG = np.random.default_rng(0)


def random_picture(channels=3, height=24, width=20):
    return RNG.random((channels, height, width), dtype=np.float32)


@pytest.mark.parametrize("factor", [2, 3, 4, 8])
def test_lanczos_keeps_constants_and_the_middle_of_ramps(factor):
    matrix = lanczos_matrix(12 * factor, factor)
    assert matrix.shape == (12, 12 * factor)
    np.testing.assert_allclose(matrix.sum(axis=1), 1)
    ramp = matrix @ np.arange(12 * factor)
    np.testing.assert_allclose(ramp[3:-3], np.arange(12)[3:-3] * factor + (factor - 1) / 2)


@pytest.mark.parametrize("factor", [2, 4])
def test_lanczos_with_three_lobes_is_pillows_away_from_the_borders(factor):
    """Pillow drops what is beyond a border, where this downsampler repeats the last value."""
    values = RNG.random((16 * factor, 16 * factor)).astype(np.float32)
    ours = lanczos_matrix(len(values), factor, lobes=3)
    pillow = Image.fromarray(values).resize((16, 16), Image.Resampling.LANCZOS)
    inner = slice(4, -4)
    np.testing.assert_allclose(
        (ours @ values @ ours.T)[inner, inner], np.asarray(pillow)[inner, inner], atol=2e-5
    )


def test_the_downsampler_is_the_sum_over_repeated_borders():
    """Against a loop over the kernel of Ulyanov et al. on a picture padded by its last values."""
    factor, picture = 4, random_picture(1, 16, 24)
    steps = (np.arange(4 * factor) + 0.5 - 2 * factor) / factor
    kernel = np.sinc(steps) * np.sinc(steps / 2)
    kernel = np.outer(kernel, kernel) / kernel.sum() ** 2
    margin = (len(kernel) - factor) // 2
    padded = np.pad(picture[0], margin, mode="edge")
    wanted = [
        [(padded[y : y + 16, x : x + 16] * kernel).sum() for x in range(0, 24, factor)]
        for y in range(0, 16, factor)
    ]
    found = Downsampler(16, 24, factor)(torch.from_numpy(picture))
    np.testing.assert_allclose(found[0].numpy(), wanted, atol=1e-6)


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_network_gives_pictures_of_any_size_from_its_least(name, channels):
    spec = PUBLISHED[name].network
    narrow = replace(
        spec,
        down=(2,) * len(spec.down),
        up=(3,) * len(spec.up),
        skip=tuple(min(each, 1) for each in spec.skip),
    )
    network = Hourglass(narrow, 2, channels)
    for height, width in ((spec.least, spec.least + 4), (spec.least + 7, spec.least)):
        picture = network(torch.rand(1, 2, height, width))
        assert picture.shape == (1, channels, height, width)
        assert 0 < picture.min() <= picture.max() < 1
    with pytest.raises(TooSmallError, match=f"needs at least {spec.least} in both directions"):
        network(torch.rand(1, 2, spec.least - 1, 200))


def test_published_settings_are_those_of_the_notebooks():
    def told(name):
        each = PUBLISHED[name]
        network = each.network
        return each.inputs, network.down, network.skip, each.rate, each.iterations, each.jitter

    wide = (128,) * 5
    assert told("denoise") == (32, wide, (4,) * 5, 0.01, 3000, 1 / 30)
    assert told("superresolve-8") == (32, wide, (4,) * 5, 0.01, 4000, 0.05)
    assert told("dejpeg") == (3, (8, 16, 32, 64, 128), (0, 0, 0, 4, 4), 0.01, 2400, 1 / 30)
    assert told("inpaint") == (32, wide, wide, 0.01, 6001, 0.03)
    assert told("inpaint-half") == (32, wide, (4,) * 5, 0.001, 11000, 0.03)
    assert PUBLISHED["inpaint-hole"].weight_jitter == 1 / 50
    assert [name for name, each in PUBLISHED.items() if each.code == "grid"] == ["inpaint-region"]
    for task in TASKS:
        assert SMALL[task].network.down == (16, 32, 64)
        assert SMALL[task].iterations >= 1500
        assert next(iter(settings_of(task))) == "small"
        assert task in settings_of(task)


def test_a_fit_depends_on_its_seed_alone():
    observation = whole(random_picture())

    def last(seed):
        torch.rand(3)  # the global state does not matter
        return list(fit_prior(observation, TINY, seed=seed))[-1].picture

    assert torch.equal(last(1), last(1))
    assert not torch.equal(last(1), last(2))


def test_a_fit_lowers_the_loss_of_every_task():
    truth = photograph("astronaut", 24)
    for task in TASKS:
        observation = degraded(task, truth, seed=0)
        assert observation.shape == truth.shape
        curve = [each.loss for each in fit_prior(observation, replace(TINY, iterations=40), seed=0)]
        assert curve[-1] < 0.6 * curve[0], task


def test_backtracking_restores_the_weights_of_the_check_before(monkeypatch):
    """A factor of 0 makes every check but the first a fall."""
    monkeypatch.setattr(fitting, "CHECKS", 1)
    monkeypatch.setattr(fitting, "FALL", 0.0)
    still = replace(TINY, jitter=0.0)
    first, second, third, _ = islice(fit_prior(whole(random_picture()), still, seed=0), 4)
    assert not torch.equal(first.picture, second.picture)
    assert torch.equal(first.picture, third.picture)


def test_noise_on_the_kernels_changes_them():
    """The published notebook adds the noise to a copy, which changes nothing."""
    for share in (0.0, 0.02):
        still = replace(TINY, jitter=0.0, rate=0.0, weight_jitter=share)
        first, second = islice(fit_prior(whole(random_picture()), still, seed=0), 2)
        assert torch.equal(first.picture, second.picture) == (share == 0)


def test_the_grid_of_coordinates_is_the_input_of_regions():
    region = replace(TINY, code="grid", inputs=2)
    code = fitting._code(region, (3, 5), torch.Generator())
    assert code.shape == (1, 2, 3, 5)
    np.testing.assert_allclose(code[0, 0, :, 0], [0, 0.5, 1])
    np.testing.assert_allclose(code[0, 1, 0], np.linspace(0, 1, 5))


def test_the_faster_arithmetic_is_measured():
    assert fastest(whole(random_picture()), TINY, iterations=2) in ARITHMETIC


def test_the_prior_resists_noise():
    """The losses after the same number of iterations have the order of figure 2 of the paper."""
    settings = FitSettings(HourglassSpec((8, 16), (8, 16), (2, 2)), 8, iterations=80, jitter=0.0)
    pictures = dict(zip(TARGETS, targets(photograph("astronaut", 32), seed=0), strict=True))
    last = {
        name: losses(each, settings, seed=0)["loss"].iloc[-1] for name, each in pictures.items()
    }
    assert last["photograph"] < last["photograph + noise"] < last["shuffled pixels"]
    assert last["shuffled pixels"] < last["noise"]
    shuffled, photo = pictures["shuffled pixels"], pictures["photograph"]
    np.testing.assert_array_equal(np.sort(shuffled.reshape(3, -1)), np.sort(photo.reshape(3, -1)))


def test_the_first_loss_below_a_level():
    curve = losses(random_picture(), replace(TINY, iterations=10), seed=0)
    assert curve["iteration"].tolist() == [1, 5, 10]
    assert first_below(curve, 1.0) == 1
    assert first_below(curve, 0.0) is None


def test_the_windowed_variance_is_that_of_a_loop():
    outputs = [random_picture(3, 5, 4) for _ in range(30)]
    variance = WindowedVariance(7)
    for number, picture in enumerate(outputs):
        found = variance.add(picture)
        if number < 6:
            assert np.isnan(found)
            continue
        last = np.stack(outputs[number - 6 : number + 1]).astype(np.float64)
        wanted = np.mean((last - last.mean(axis=0)) ** 2)
        assert found == pytest.approx(wanted, rel=1e-6)


def test_equal_outputs_have_no_variance():
    variance, picture = WindowedVariance(3), random_picture()
    assert [variance.add(picture) for _ in range(5)][2:] == pytest.approx([0, 0, 0], abs=1e-9)


def test_the_running_average_is_the_weighted_sum():
    outputs = [random_picture(1, 3, 3) for _ in range(6)]
    average = RunningAverage(0.9)
    for picture in outputs:
        found = average.add(picture)
    weights = [0.9**5, *(0.1 * 0.9 ** (5 - k) for k in range(1, 6))]
    np.testing.assert_allclose(found, np.tensordot(weights, outputs, axes=1), rtol=1e-5)


def test_the_rule_stops_after_its_patience_and_returns_a_later_average():
    variances = [np.nan, 9, 7, 4, 5, 6, 8, 3, 1]
    numbers = list(range(1, 10))
    assert stop_of(numbers, variances, Rule(2, patience=3, lag=0)) == 4
    assert stop_of(numbers, variances, Rule(2, patience=3, lag=2)) == 6
    assert stop_of(numbers, variances, Rule(2, patience=4, lag=0)) == 9, "the minimum at the end"
    assert stop_of(numbers, [np.nan] * 9, Rule(2, 3, 1)) == 9, "no variance at all"
    stopper = Stopper(Rule(2, patience=3, lag=1))
    for number, variance in zip(numbers[:6], variances, strict=False):
        stopper.follow(number, variance)
        assert not stopper.stopped
    stopper.follow(7, 8)
    assert stopper.stopped
    assert stopper.best == 4


@pytest.mark.parametrize("lag", [0, 3])
def test_the_keeper_returns_the_average_of_the_iteration_that_the_rule_chooses(lag):
    rule = Rule(window=4, patience=5, lag=lag)
    spread = [3, 3, 2, 2, 1, 1, 0.5, 0.5, 0.4, 0.4, 0.4, 1, 2, 3, 4, 5, 6]
    outputs = [(0.5 + 0.05 * s * RNG.standard_normal((1, 6, 6))).astype(np.float32) for s in spread]
    keeper, variance, average = Keeper(rule), WindowedVariance(4), RunningAverage()
    values, averages = [], []
    for picture in outputs:
        values.append(variance.add(picture))
        averages.append(average.add(picture).copy())
        if keeper.add(picture):
            break
    assert keeper.stopper.stopped
    chosen = stop_of(range(1, len(values) + 1), values, rule)
    assert keeper.stopper.chosen == chosen < len(outputs)
    np.testing.assert_allclose(keeper.picture, averages[chosen - 1].clip(0, 1))


def test_unknown_pixels_have_no_gradient_and_known_ones_are_put_in_place():
    truth, known = random_picture(), RNG.random((24, 20)) < 0.5
    observation = masked(truth, known)
    assert (observation.values[:, ~known] == 0).all()
    picture = torch.rand(1, 3, 24, 20, requires_grad=True)
    observation.measure(picture).square().sum().backward()
    assert (picture.grad[0, :, ~torch.from_numpy(known)] == 0).all()
    assert (picture.grad[0, :, torch.from_numpy(known)] != 0).all()
    completed = observation.completed(np.zeros_like(truth))
    np.testing.assert_array_equal(completed, truth * known)


def test_the_observations_of_a_photograph():
    truth = photograph("coffee", 32)
    noisy = degraded("denoise", truth, 0, sigma=0.1)
    middle = (truth > 0.3) & (truth < 0.7)
    assert np.std((noisy.values - truth)[middle]) == pytest.approx(0.1, rel=0.1)
    assert degraded("inpaint", truth, 0, missing=0.9).known.mean() == pytest.approx(0.1, abs=0.03)
    small = degraded("superresolve", truth, 0, factor=2)
    assert small.values.shape == (3, 16, 16)
    np.testing.assert_allclose(
        smaller(small.values, 2).measure(torch.from_numpy(truth)).numpy(), small.values, atol=0.02
    )
    errors = [
        np.abs(degraded("dejpeg", truth, 0, quality=q).values - truth).mean() for q in (5, 90)
    ]
    assert errors[0] > 2 * errors[1]


def test_psnr_ssim_and_luma_are_those_of_scikit_image():
    one, other = random_picture(), random_picture()
    assert psnr(one, other) == pytest.approx(peak_signal_noise_ratio(one, other, data_range=1))
    assert psnr(one, one) == float("inf")
    assert ssim(one, one) == pytest.approx(1)
    wanted = rgb2ycbcr(one.transpose(1, 2, 0))[..., 0] / 255
    np.testing.assert_allclose(luma(one)[0], wanted, atol=1e-6)
    assert luma(one[:1]).shape == (1, 24, 20)
    assert len(compared("superresolve", one)) == 1
    assert len(compared("denoise", one)) == 3


def test_photographs_are_squares_of_the_asked_size_and_none_is_in_both_sets():
    for name in {**REPORTED, **VALIDATION}:
        picture = photograph(name, 20)
        assert picture.shape == (1 if name == "camera" else 3, 20, 20)
        assert 0 <= picture.min() < picture.max() <= 1
    assert not {*REPORTED.values()} & {*VALIDATION.values()}
    assert len(REPORTED) >= 5
    picture = photograph("camera", 20)
    np.testing.assert_allclose(from_image(to_image(picture)), picture)


def test_an_encoder_that_averages_is_inverted():
    """The representation of the fitted picture comes near that of the photograph."""
    pool = torch.nn.AvgPool2d(4)
    photo = photograph("astronaut", 16)
    found = {
        count: inverted(pool, photo, replace(TINY, iterations=count, jitter=0.0), seed=0)
        for count in (2, 250)
    }
    assert found[250][1] < 0.5 * found[2][1]
    assert psnr(found[250][0], photo) > psnr(found[2][0], photo)


def test_an_encoder_of_lightness_sees_one_channel():
    photo = photograph("astronaut", 16)
    gray = seen_by(torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3)), photo)
    assert gray.shape == (1, 16, 16)
    assert 0 <= gray.min() <= gray.max() <= 1
    assert seen_by(torch.nn.Conv2d(3, 2, 3), photo) is photo
