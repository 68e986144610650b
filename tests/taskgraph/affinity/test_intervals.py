"""Intervals of affinities: by hand, by finite differences, by enumeration, and by simulation."""

import itertools
import logging
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit, logit
from scipy.stats import norm

from taskgraph.affinity import affinities, affinity_from_wins, interval, win_rates
from taskgraph.affinity.ahp import affinities_of_wins
from taskgraph.affinity.bootstrap import units_of
from taskgraph.affinity.interval import affinity_interval, effective_images
from taskgraph.losses import Losses, TargetLosses


def some_losses(images=60, candidates=5, seed=0, noise=0.5):
    rng = np.random.default_rng(seed)
    return np.linspace(0, 1, candidates)[:, None] + noise * rng.normal(size=(candidates, images))


def table(values, clusters=None):
    images = tuple(f"{b:03d}" for b in range(values.shape[1]))
    names = tuple(f"s{k:02d}" for k in range(len(values)))
    known = {} if clusters is None else dict(zip(images, map(str, clusters), strict=True))
    return Losses({"t": TargetLosses(names, images, values)}, clusters=known)


@pytest.mark.parametrize("images", [20, 100])
def test_one_that_always_won_by_hand(images):
    """Two candidates: the share (n + 1/2) / (n + 1), and half a win of the imaginary image."""
    losses = np.stack([np.zeros(images), np.ones(images)])
    low, high = affinity_interval(losses, np.arange(images))
    share = (images + 0.5) / (images + 1)
    half = norm.ppf(0.975) * 0.5 / (images + 1) / (share * (1 - share))
    assert low[0] == pytest.approx(expit(logit(share) - half), rel=1e-6)
    assert high[0] == pytest.approx(expit(logit(share) + half), rel=1e-6)
    assert (low[1], high[1]) == pytest.approx((1 - high[0], 1 - low[0]))


@pytest.mark.parametrize("ties", ["half", "strict"])
def test_the_influence_of_an_image_is_a_finite_difference(ties):
    """Give one image a little more weight; the log-odds of the affinity follow the derivative."""
    losses = np.round(some_losses(), 1)
    images, step = losses.shape[1], 1e-5
    smoothed = (win_rates(losses, ties=ties) * images + 0.5) / (images + 1)
    np.fill_diagonal(smoothed, 0.5)
    affinity, slopes, own, other = interval._derivative(smoothed, 1e-3)
    moves = slopes @ interval._image_moves(losses, own, other, ties)
    np.testing.assert_allclose(affinity, affinity_from_wins(smoothed, ties=ties), rtol=1e-12)
    for image in (0, 7, 31):
        found = []
        for sign in (-1, 1):
            weights = np.full(images, 1.0)
            weights[image] += sign * step
            more = images + sign * step
            wins = (win_rates(losses, ties=ties, weights=weights) * more + 0.5) / (more + 1)
            found.append(logit(affinity_from_wins(wins, ties=ties)))
        # The sum of weights is in the denominator: the image beside the smoothed mean.
        mean = slopes @ (own * smoothed - other * smoothed.T).sum(axis=1)
        expected = (moves[:, image] - mean) / (images + 1)
        np.testing.assert_allclose((found[1] - found[0]) / (2 * step), expected, rtol=1e-3)


def test_the_imaginary_image_is_the_mean_over_all_orders():
    """Variance over all 120 orders of five candidates, each as likely."""
    rng = np.random.default_rng(0)
    slopes = rng.normal(size=(5, 5))
    np.fill_diagonal(slopes, 0.0)
    rows = []
    for order in itertools.permutations(range(5)):
        won = np.less.outer(order, order).astype(float)
        rows.append((slopes * won).sum(axis=1))
    expected = np.cov(np.array(rows).T, ddof=0)
    np.testing.assert_allclose(interval._random_order(slopes), expected, atol=1e-12)


def test_many_images_give_the_bootstraps_standard_error():
    """With 3,000 images the imaginary one is negligible, and the t quantile the normal one."""
    losses = some_losses(3000, noise=1.0)
    low, high = affinity_interval(losses, np.arange(3000))
    counts = np.random.default_rng(1).multinomial(3000, np.full(3000, 1 / 3000), size=2000)
    again = logit(affinities_of_wins(win_rates(losses, weights=counts)))
    half = (logit(high) - logit(low)) / 2
    np.testing.assert_allclose(half, norm.ppf(0.975) * again.std(axis=0), rtol=0.05)
    center = logit(affinity_from_wins(win_rates(losses)))
    np.testing.assert_allclose((logit(high) + logit(low)) / 2, center, atol=0.02)


def test_copies_of_images_in_clusters_change_nothing():
    losses = some_losses(20)
    alone = affinity_interval(losses, np.arange(20))
    together = affinity_interval(np.repeat(losses, 7, axis=1), np.repeat(np.arange(20), 7))
    np.testing.assert_allclose(together, alone, rtol=1e-5)


def test_clusters_of_different_sizes_are_a_ratio():
    """An image twice in its cluster, and one with weight 2: the jackknife of a weighted mean."""
    losses = np.concatenate([some_losses(12), some_losses(12)[:, :4]], axis=1)
    units = np.array([*range(12), *range(4)])
    assert effective_images(losses, units) == pytest.approx(12, rel=0.1)
    counts = np.random.default_rng(1).multinomial(12, np.full(12, 1 / 12), size=4000)[:, units]
    again = logit(affinities_of_wins((win_rates(losses, weights=counts) * 12 + 0.5) / 13))
    low, high = affinity_interval(losses, units)
    assert ((logit(high) - logit(low)) / 2 > 0.8 * again.std(axis=0) * norm.ppf(0.975)).all()


def test_effective_images_lie_between_clusters_and_images():
    rng = np.random.default_rng(0)
    units = np.arange(1000) % 20
    common, own = rng.normal(size=(2, 6, 1000))
    common = common[:, :20][:, units]
    assert effective_images(own, np.arange(1000)) == 1000
    assert effective_images(own, units) > 600
    assert effective_images(common, units) == 20
    assert 20 <= effective_images(common + own, units) < 100
    assert effective_images(np.zeros((6, 1000)), units) == 1000


losses_of_any_kind = st.tuples(st.integers(1, 5), st.integers(2, 12)).flatmap(
    lambda shape: arrays(float, shape, elements=st.integers(0, 3).map(float))
)


@given(losses_of_any_kind, st.sampled_from(["half", "strict"]), st.sampled_from([1e-3, 0.2, 0.45]))
def test_the_interval_holds_the_affinity(values, ties, clip):
    found = affinities(table(values), bootstrap=1, min_images=2, ties=ties, clip=clip)
    frame = found.transfers.frame
    assert (frame["low"] >= 0).all()
    assert (frame["low"] <= frame["affinity"]).all()
    assert (frame["affinity"] <= frame["high"]).all()
    assert (frame["high"] <= 1).all()


def test_an_affinity_that_only_the_clip_keeps_finite_is_the_intervals_end():
    values = np.stack([np.zeros(20), np.ones(20)])
    frame = affinities(table(values), bootstrap=1).transfers.frame
    assert frame["affinity"].tolist() == pytest.approx([0.999, 0.001])
    assert frame["high"][0] == frame["affinity"][0] > affinity_interval(values, np.arange(20))[1][0]


def test_the_interval_knows_neither_seed_nor_number_of_resamples_and_grows_with_the_level():
    losses = table(some_losses())
    frames = [
        affinities(losses, bootstrap=repeats, seed=seed, level=level).transfers.frame
        for repeats, seed, level in ((1, 0, 0.95), (30, 5, 0.95), (1, 0, 0.99))
    ]
    pd.testing.assert_frame_equal(frames[0], frames[1])
    assert (frames[2]["low"] < frames[0]["low"]).all()
    assert (frames[2]["high"] > frames[0]["high"]).all()


def test_units_are_clusters_and_images_that_stand_alone():
    clusters = {"a": "x", "b": "x", "d": "a"}
    assert units_of(list("abcd"), clusters).tolist() == [0, 0, 1, 2]


@pytest.mark.parametrize(("units", "warned"), [(2, True), (4, True), (5, False), (60, False)])
def test_few_clusters_warn(units, warned, caplog):
    clusters = None if units == 60 else np.arange(60) % units
    with caplog.at_level(logging.WARNING, logger="taskgraph"):
        affinities(table(some_losses(), clusters), bootstrap=2)
    assert bool(caplog.messages) == warned
    if warned:
        assert (
            f'fewer than 5 independent images or clusters of images: "t" ({units});'
            in (caplog.messages[0])
        )


def test_few_images_warn_for_three_targets_and_count_the_rest(caplog):
    interval.warn_of_few({"a": 2, "b": 3, "c": 4, "d": 4, "e": 9})
    assert (
        '"a" (2), "b" (3), "c" (4) and 1 more; in simulations, 95 % intervals of two'
        in caplog.messages[0]
    )


def test_the_command_warns_on_standard_error(tmp_path):
    values = some_losses(12, 3)
    rows = [
        {
            "target": "t",
            "sources": f"s{e}",
            "image": f"i{b}",
            "loss": values[e, b],
            "cluster": f"c{b % 3}",
        }
        for e in range(3)
        for b in range(12)
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "losses.csv", index=False)
    command = [
        sys.executable,
        "-m",
        "taskgraph",
        "affinity",
        str(tmp_path / "losses.csv"),
        "-o",
        str(tmp_path / "out.csv"),
    ]
    told = subprocess.run([*command, "--bootstrap", "5"], capture_output=True, text=True)
    assert told.returncode == 0
    assert 'clusters of images: "t" (3)' in told.stderr
    assert "Traceback" not in told.stderr
    silent = subprocess.run(command, capture_output=True, text=True)
    assert "clusters of images" not in silent.stderr
