"""Win rates between choices on the same images: by hand, and by loops over images and seeds."""

import itertools

import numpy as np
import pandas as pd
import pytest

import taskgraph as tg
from benchmarks.results.head_to_head import choice_win_rate, draw_two_way, percentile_ends
from taskgraph.losses import Losses


def table(runs, target="t"):
    """Rows of a long table from {sources: {seed: losses}}; two images a building."""
    return pd.DataFrame(
        [
            {
                "target": target,
                "sources": name,
                "image": f"{target}{b:02}",
                "loss": loss,
                "seed": seed,
                "cluster": f"{target}{b // 2}",
            }
            for name, by_seed in runs.items()
            for seed, losses in by_seed.items()
            for b, loss in enumerate(losses)
        ]
    )


HIGH, LOW = [9.0] * 10, [1.0] * 10
BY_HAND = {
    "a": {0: LOW, 1: HIGH},
    "b": {0: [5.0] * 10},
    "scratch": {0: [5.0] * 10, 1: [0.0] * 10, 2: [0.0] * 10},
    "self": {0: [0.5] * 10},
}


def test_a_win_rate_is_the_mean_over_pairs_of_seeds():
    """a wins over b with one of two seeds; over scratch with (0, 0) alone of six pairs."""
    draws = draw_two_way(Losses(table(BY_HAND)), resamples=0)
    assert draws.wins("t", "a", "b").tolist() == [0.5]
    assert draws.wins("t", "a", "scratch")[0] == pytest.approx(1 / 6)
    assert draws.wins("t", "b", "scratch")[0] == pytest.approx((0.5 + 0 + 0) / 3)
    assert draws.wins("t", "a", "a").tolist() == [0.5]
    assert draws.has("t", "self")
    assert not draws.has("t", "average")
    both = choice_win_rate(draws, {"t": "a"}, {"t": "scratch"})
    assert both[0] == pytest.approx(1 / 6)


@pytest.fixture(scope="module")
def losses():
    rng = np.random.default_rng(1)
    parts = []
    for target in ("t", "u"):
        runs = {
            name: {s: np.round(rng.uniform(size=10), 1) for s in range(count)}
            for name, count in {"a": 3, "b": 1, "self": 1, "scratch": 2}.items()
        }
        parts.append(table(runs, target))
    return Losses(pd.concat(parts, ignore_index=True))


@pytest.mark.parametrize("factor", ["both", "images", "seeds"])
def test_resamples_are_those_of_loops(losses, factor):
    draws = draw_two_way(losses, resamples=5, seed=4, factor=factor)
    for target, (one, other) in itertools.product("tu", [("a", "scratch"), ("b", "a")]):
        found = draws.wins(target, one, other)
        measured = losses.by_target[target]
        for r in range(6):
            counts = draws.images.counts[r][draws.images.units[target]]
            total = won = 0.0
            for b, times in enumerate(counts):
                total += times
                for name_s, name_z in itertools.product(*(range(n) for n in _counts(one, other))):
                    weight = 1.0
                    values = []
                    for name, s in ((one, name_s), (other, name_z)):
                        weights = draws.seeds.get((target, name))
                        weight *= 1.0 if weights is None else weights[r, s]
                        runs = measured.seeds.get(name)
                        row = list(runs.values())[s] if runs else None
                        plain = measured.values[measured.sources.index(name)]
                        values.append((plain if row is None else row)[b])
                    first, second = values
                    won += times * weight * ((first < second) + 0.5 * (first == second))
            assert found[r] == pytest.approx(won / total)
    images = draws.images.counts[1:]
    assert (images == 1).all() == (factor == "seeds")
    weights = draws.seeds["t", "a"]
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    assert np.allclose(weights, 1 / 3) == (factor == "images")


def _counts(*names):
    return [{"a": 3, "b": 1, "scratch": 2}[name] for name in names]


def test_the_gain_is_that_of_the_library(losses):
    draws = draw_two_way(losses, resamples=0)
    gains = tg.affinities(losses).transfers.frame.set_index(["target", "sources"])["gain"]
    for target, name in itertools.product("tu", "ab"):
        assert draws.wins(target, name, "scratch")[0] == pytest.approx(gains[target, name])


def test_the_interval_leaves_the_first_value_out():
    low, high = percentile_ends(np.array([99.0, *np.linspace(0, 1, 41)]))
    assert (low, high) == pytest.approx((0.025, 0.975))


def test_parts_of_losses_keep_all_seeds(losses):
    """Oracle: the same rows of the long table, read again."""
    frame = losses.to_frame()
    images = {f"{target}{b:02}" for target in "tu" for b in (0, 3, 4)}
    for part, expected in (
        (losses.on_images(images), frame[frame["image"].isin(images)]),
        (losses.of_sources(lambda name: name != "b"), frame[frame["sources"] != "b"]),
    ):
        again = part.to_frame()
        keys = ["target", "sources", "seed", "image"]
        pd.testing.assert_frame_equal(
            again.astype({"seed": str}).sort_values(keys, ignore_index=True)[[*keys, "loss"]],
            expected.astype({"seed": str}).sort_values(keys, ignore_index=True)[[*keys, "loss"]],
        )
    assert set(losses.on_images(images).clusters) == images
