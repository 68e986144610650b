"""Several seeds of a transfer: win rates and two-way resamples, by hand, by loops and in theory."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from scipy.stats import norm, t

import taskgraph as tg
from taskgraph.affinity import affinity_from_wins, win_rates
from taskgraph.affinity.ahp import affinities_of_wins
from taskgraph.affinity.bootstrap import bootstrap_affinities, draw_resamples
from taskgraph.affinity.interval import _derivative, affinity_interval
from taskgraph.affinity.seeds import TrainingRuns, mean_interval
from taskgraph.affinity.tournament import advise_missing_images, tournament_of
from taskgraph.cli import run
from taskgraph.errors import InvalidTableError
from taskgraph.losses import Losses
from taskgraph.tables import read_losses, write_losses


def long_table(runs, target="t", clusters=None):
    """Rows of a table from {sources: {seed: losses of the images}}."""
    rows = [
        {"target": target, "sources": name, "image": f"{b:03}", "loss": loss, "seed": seed}
        for name, by_seed in runs.items()
        for seed, losses in by_seed.items()
        for b, loss in enumerate(losses)
    ]
    frame = pd.DataFrame(rows)
    if clusters is not None:
        frame["cluster"] = [f"c{clusters[int(image)]}" for image in frame["image"]]
    return frame


def random_runs(seeds, images, rng, *, between=0.5, step=0.4):
    """{sources: {seed: losses}}: candidates a, b, … with given numbers of seeds."""
    return {
        chr(97 + k): {
            s: step * k + between * rng.normal() + rng.normal(size=images) for s in range(count)
        }
        for k, count in enumerate(seeds)
    }


def runs_in(frame):
    losses = Losses(frame)
    return TrainingRuns.of(tournament_of("t", losses.by_target["t"], 2))


BY_HAND = {
    "a": {0: [1.0, 1.0, 1.0, 5.0], 1: [1.0, 5.0, 5.0, 5.0]},
    "b": {0: [2.0, 2.0, 2.0, 2.0]},
    "scratch": {0: [3.0, 0.0, 0.0, 0.0], 1: [3.0, 3.0, 3.0, 3.0]},
}


def test_a_win_rate_is_the_mean_over_pairs_of_seeds():
    """Seed 0 of a wins on 3 of 4 images, seed 1 on 1 of 4: half in all, so both are as good."""
    found = tg.affinities(Losses(long_table(BY_HAND)), min_images=2)
    frame = found.transfers.frame.set_index("sources")
    assert frame["affinity"]["a"] == pytest.approx(0.5)
    assert frame["seeds"].to_dict() == {"a": 2, "b": 1, "scratch": 2}
    # b beats seed 0 of scratch on one image of four, and seed 1 on all.
    assert frame["gain"]["b"] == pytest.approx((1 / 4 + 1) / 2)
    # a against scratch: of (0, 0) 1 of 4, (0, 1) 3 of 4, (1, 0) 1 of 4, (1, 1) 1 of 4.
    assert frame["gain"]["a"] == pytest.approx((1 + 3 + 1 + 1) / 16)
    assert frame["gain"]["scratch"] == 0.5


@pytest.mark.parametrize(
    ("ties", "factor"),
    [("half", "both"), ("strict", "both"), ("half", "images"), ("half", "seeds")],
)
def test_resamples_are_those_of_a_plain_loop(ties, factor):
    """Oracle: images and runs repeated as often as they were drawn, and every pair compared."""
    rng = np.random.default_rng(0)
    runs = random_runs((3, 1, 2), 12, rng)
    runs = {name: {s: np.round(x, 0) for s, x in each.items()} for name, each in runs.items()}
    clusters = np.arange(12) % 4
    losses, repeats = Losses(long_table(runs, clusters=clusters)), 6
    found = bootstrap_affinities(
        losses, repeats=repeats, seed=3, ties=ties, min_images=2, factor=factor
    )
    trained = runs_in(long_table(runs))
    weights = trained.draw(repeats, np.random.default_rng([3, 1]))
    images = {"t": losses.by_target["t"].images}
    drawn = draw_resamples(images, repeats=repeats, seed=3, clusters=losses.clusters)
    for r, counts in enumerate(drawn.weights("t")):
        chosen = np.repeat(np.arange(12), 1 if factor == "seeds" else counts)
        wins = np.full((3, 3), 0.5)
        for i, j in itertools.permutations(range(3), 2):
            pairs = []
            for one, other in itertools.product(
                *(np.flatnonzero(trained.owner == k) for k in (i, j))
            ):
                often = (
                    [1, 1]
                    if factor == "images"
                    else [
                        round(weights[r, n] * max(1, (trained.owner == k).sum() - 1))
                        for n, k in ((one, i), (other, j))
                    ]
                )
                for b in chosen:
                    x, y = trained.losses[one, b], trained.losses[other, b]
                    won = float(x < y) + (0.5 * (x == y) if ties == "half" else 0.0)
                    pairs += [won] * (often[0] * often[1])
            wins[i, j] = np.mean(pairs)
        expected = affinity_from_wins(wins, ties=ties)
        np.testing.assert_allclose(found[r], expected, rtol=1e-9)


def test_without_several_seeds_there_are_no_seeds_to_draw():
    losses = Losses(long_table(random_runs((1, 1), 12, np.random.default_rng(0))))
    with pytest.raises(InvalidTableError, match=r"no transfer has several seeds.*--seeds all=3"):
        bootstrap_affinities(losses, repeats=2, factor="seeds")


def test_the_variance_of_a_resampled_win_rate_is_the_closed_form():
    """The closed form is a sum of products of weights for S - 1 seeds and B images."""
    rng = np.random.default_rng(2)
    runs = random_runs((4, 1), 30, rng)
    trained, seeds, images, repeats = runs_in(long_table(runs)), 4, 30, 40_000
    won = (trained.losses[:4] < trained.losses[4]).astype(float)  # (S, B)
    assert 0.2 < won.mean() < 0.8
    weights = trained.draw(repeats, rng)
    counts = rng.multinomial(images, np.full(images, 1 / images), size=repeats)
    found = np.concatenate(
        [
            trained.mean_wins(
                win_rates(trained.losses, weights=counts[k : k + 1000]), weights[k : k + 1000]
            )[:, 0, 1]
            for k in range(0, repeats, 1000)
        ]
    )
    # E[w_s w_s'] and E[v_b v_b'] of weights that sum to one
    of_seeds = np.eye(seeds) / (seeds * (seeds - 1)) + (1 - 1 / (seeds - 1)) / seeds**2
    of_images = np.eye(images) / images**2 + (1 - 1 / images) / images**2
    second = np.einsum("sb,st,bc,tc->", won, of_seeds, of_images, won)
    variance = second - won.mean() ** 2
    assert found.mean() == pytest.approx(won.mean(), abs=4 * np.sqrt(variance / repeats))
    assert found.var() == pytest.approx(variance, rel=0.03)
    # Seeds alone: the unbiased variance of a mean over seeds.
    alone = trained.mean_wins(np.broadcast_to(win_rates(trained.losses), (repeats, 5, 5)), weights)[
        :, 0, 1
    ]
    assert alone.var() == pytest.approx(won.mean(axis=1).var(ddof=1) / seeds, rel=0.03)


def test_the_variance_over_seeds_is_that_of_single_runs_by_finite_differences():
    """Give one run a little more of its candidate's weight; the log-odds follow its influence."""
    trained = runs_in(long_table(random_runs((3, 1, 4), 60, np.random.default_rng(2))))
    wins = win_rates(trained.losses)
    affinity, slopes, own, other = _derivative(trained.mean_wins(wins), 1e-3)
    step, expected = 1e-6, np.zeros((3, 3))
    for number, candidate in enumerate(trained.owner):
        count = int(trained.counts[candidate])
        moved = []
        for sign in (-1, 1):
            weights = (1 / trained.counts)[trained.owner]
            weights[trained.owner == candidate] *= 1 - sign * step
            weights[number] += sign * step
            moved.append(logit(affinity_from_wins(trained.mean_wins(wins, weights))))
        if count > 1:
            influence = (moved[1] - moved[0]) / (2 * step)
            expected[:, candidate] += influence**2 / (count * (count - 1))
    found = trained.variances(wins, slopes, own, other)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-12)
    assert affinity.sum() == pytest.approx(1)
    assert (found[:, 1] == 0).all()
    assert (found[:, [0, 2]] > 0).all()


def test_many_seeds_and_images_give_the_bootstraps_standard_error():
    rng = np.random.default_rng(4)
    frame = long_table(random_runs((12, 12, 1), 250, rng, between=0.3))
    found = tg.affinities(Losses(frame), bootstrap=1500)
    again = logit(found.resamples).std(axis=0)
    table = found.transfers.frame
    half = (logit(table["high"]) - logit(table["low"])).to_numpy() / 2
    trained = runs_in(frame)
    images = rng.multinomial(250, np.full(250, 1 / 250), size=500)
    wins = trained.mean_wins(win_rates(trained.losses, weights=images))
    of_images = logit(affinities_of_wins(wins)).std(axis=0)
    # The quantile lies between those of 11 degrees of freedom and of infinitely many.
    assert (half > 0.95 * norm.ppf(0.975) * again).all()
    assert (half < 1.05 * t.ppf(0.975, 11) * again).all()
    assert (again[:2] > 1.2 * of_images[:2]).all()  # seeds matter


def test_intervals_cover_the_affinity_of_infinitely_many_seeds_and_images():
    """Losses are m + a seed's effect + noise: the true win rates are normal probabilities."""
    rng = np.random.default_rng(5)
    means, between, images, seeds = np.array([0.0, 0.3, 0.6]), 0.5, 60, 5
    spread = np.sqrt(2 * (1 + between**2))
    truth = affinity_from_wins(norm.cdf((means[None] - means[:, None]) / spread))
    held, held_alone, trials = 0.0, 0.0, 120
    for _ in range(trials):
        effects = means[:, None] + between * rng.normal(size=(3, seeds))
        losses = effects.reshape(-1, 1) + rng.normal(size=(3 * seeds, images))
        several = TrainingRuns(losses, np.repeat(np.arange(3), seeds))
        low, high = affinity_interval(losses[::seeds], np.arange(images), runs=several)
        held += ((low <= truth) & (truth <= high)).mean() / trials
        low, high = affinity_interval(losses[::seeds], np.arange(images))
        held_alone += ((low <= truth) & (truth <= high)).mean() / trials
    assert held > 0.92
    assert held_alone < 0.75  # of one seed, as if it were all


def test_the_mean_over_seeds_and_clusters_has_the_variance_of_its_components():
    """Oracle: variance components a, b, e; the estimate's expectation is a/S + b/B + 2 e/(SB)."""
    rng = np.random.default_rng(6)
    seeds, images, a, b, e = 5, 40, 0.02, 0.3, 0.5
    squares, means = [], []
    for _ in range(3000):
        values = (
            np.sqrt(a) * rng.normal(size=(seeds, 1))
            + np.sqrt(b) * rng.normal(size=images)
            + np.sqrt(e) * rng.normal(size=(seeds, images))
        )
        residuals, run_means = values.mean(axis=0) - values.mean(), values.mean(axis=1)
        squares.append(
            (residuals**2).sum() / (images * (images - 1)) + run_means.var(ddof=1) / seeds
        )
        means.append(values.mean())
    variance = a / seeds + b / images + e / (seeds * images)
    assert np.var(means) == pytest.approx(variance, rel=0.1)
    assert np.mean(squares) == pytest.approx(variance + e / (seeds * images), rel=0.03)
    # and the interval has that standard error
    values = expit(values)
    low, high = mean_interval(values, np.arange(images), 0.95)
    one = np.var(values.mean(axis=0), ddof=1) / images
    other = np.var(values.mean(axis=1), ddof=1) / seeds
    freedom = (one + other) ** 2 / (one**2 / (images - 1) + other**2 / (seeds - 1))
    assert (high - low) / 2 == pytest.approx(t.ppf(0.975, freedom) * np.sqrt(one + other))


def test_equal_seeds_change_nothing():
    frame = long_table(random_runs((1, 1, 1), 40, np.random.default_rng(7)))
    twice = pd.concat([frame, frame.assign(seed=1)])
    once, found = (tg.affinities(Losses(each), bootstrap=20) for each in (frame, twice))
    columns = ["affinity", "low", "high"]
    np.testing.assert_allclose(
        found.transfers.frame[columns], once.transfers.frame[columns], rtol=1e-12
    )
    np.testing.assert_allclose(found.resamples, once.resamples, rtol=1e-12)
    assert "seeds" not in once.transfers.frame


# --- tables ---


def test_a_table_of_seeds_is_read_and_written(tmp_path):
    frame = long_table({"a": {10: [1.0, 2.0], 9: [3.0, 4.0]}, "b": {9: [5.0, 6.0]}})
    frame = pd.concat([frame, long_table({"a": {"": [7.0, 8.0]}}, target="u").drop(columns="seed")])
    losses = Losses(frame)
    assert losses.by_target["t"].values.tolist() == [[3.0, 4.0], [5.0, 6.0]]  # 9 is before 10
    assert list(losses.by_target["t"].seeds["a"]) == ["9.0", "10.0"]
    assert losses.by_target["u"].seeds == {}
    write_losses(losses, tmp_path / "losses.csv")
    again = read_losses(tmp_path / "losses.csv")
    for name in ("t", "u"):
        one, other = losses.by_target[name], again.by_target[name]
        np.testing.assert_array_equal(one.values, other.values)
        assert {k: list(v) for k, v in one.seeds.items()} == {
            k: list(v) for k, v in other.seeds.items()
        }


def test_an_image_that_a_seed_lacks_is_not_common():
    frame = long_table(BY_HAND)
    gone = (frame["sources"] == "a") & (frame["seed"] == 1) & (frame["image"] == "002")
    measured = Losses(frame[~gone]).by_target["t"]
    assert measured.common.tolist() == [True, True, False, True]
    assert tournament_of("t", measured, 2).further["a"].tolist() == [[1.0, 5.0, 5.0]]


def test_advice_on_missing_images_counts_all_seeds():
    """a lacks one image with its second seed alone."""
    frame = long_table(random_runs((2, 1, 1), 12, np.random.default_rng(0)))
    lost = (frame["sources"] == "a") & (frame["seed"] == 1) & (frame["image"] == "003")
    measured = Losses(frame[~lost]).by_target["t"]
    assert int(measured.common.sum()) == 11
    advice = advise_missing_images(measured, 12)
    assert advice == '"a" lacks 1 of 12: --drop a would leave 12 common images'


def test_a_column_of_seeds_without_repeated_rows_has_no_meaning():
    """The table names the seed in the image, or has one seed of each transfer."""
    frame = long_table({"a": {0: [1.0, 2.0]}, "b": {7: [2.0, 1.0]}})
    frame["seed"] = frame["seed"].where(frame["sources"] == "a")
    assert Losses(frame).by_target["t"].seeds == {}


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("seed", 0, 'are the same .target "t", sources "a", image "000"'),
        ("seed", None, "row 5: seed is empty, but its target has rows of several seeds"),
        ("pruned", "perhaps", 'row 5: pruned is "perhaps", expected true or false'),
    ],
)
def test_columns_that_cannot_be_read_are_refused(column, value, message):
    frame = long_table(BY_HAND).assign(pruned=False).astype({"pruned": object})
    frame.loc[frame.index[4], column] = value
    with pytest.raises(InvalidTableError, match=message):
        Losses(frame)


def test_the_commands_say_for_how_many_transfers_seeds_are_held(tmp_path, capsys):
    runs = random_runs((3, 1, 1), 30, np.random.default_rng(8))
    frame = long_table(dict(zip(["a", "b", "self"], runs.values(), strict=True)))
    frame = pd.concat([frame, frame.assign(target="a", sources=frame["sources"].replace("a", "t"))])
    frame = frame.assign(pruned=frame["sources"] == "b")
    path, out = tmp_path / "losses.parquet", tmp_path / "transfers.csv"
    frame.to_parquet(path)
    assert run(["affinity", str(path), "-o", str(out), "--bootstrap", "1"]) == 0
    said = capsys.readouterr().err
    assert (
        "2 of 6 transfers and references were trained with several seeds: their intervals" in said
    )
    assert "2 of 6 transfers were pruned (column pruned): their losses are of unfinished" in said
    table = pd.read_csv(out).set_index(["target", "sources"])
    assert table["seeds"].to_dict()[("t", "a")] == 3
    assert table["pruned"].to_dict()[("t", "b")]
    assert not table["pruned"].to_dict()[("t", "a")]
    command = ["stability", str(path), "--budget", "1", "--bootstrap", "5"]
    assert run(command) == 0
    assert (
        "2 of 6 transfers and references were trained with several seeds" in capsys.readouterr().err
    )


def test_scratch_beats_the_constant_as_often_as_its_seeds_do_on_average():
    rng = np.random.default_rng(9)
    runs = random_runs((1, 1), 60, rng)
    runs["scratch"] = {s: 0.4 * rng.normal() + rng.normal(size=60) for s in range(5)}
    runs["average"] = {0: np.full(60, 0.3)}
    found = tg.affinities(Losses(long_table(runs))).versus_average.iloc[0]
    won = np.array([losses < 0.3 for losses in runs["scratch"].values()])
    assert found["wins"] == pytest.approx(won.mean())
    assert (found["low"], found["high"]) == pytest.approx(
        mean_interval(won.astype(float), np.arange(60), 0.95)
    )
    assert affinities_of_wins(np.full((1, 2, 2), 0.5)).tolist() == [[0.5, 0.5]]
