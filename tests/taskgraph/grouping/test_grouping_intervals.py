"""Bootstrap intervals of a grouping, its scores in another table, and how stable the choice is."""

import numpy as np
import pandas as pd
import pytest

import taskgraph as tg
from taskgraph.errors import InvalidProblemError, UnknownTaskError
from taskgraph.grouping.intervals import grouping_stability, with_intervals, with_scores
from taskgraph.grouping.long_form import networks_from_long
from taskgraph.grouping.solve import solve_groups


def images(count=40, *, seed=0, cluster=None):
    """Losses of three networks on two tasks, image by image."""
    random = np.random.default_rng(seed)
    rows = []
    for network, task, mean in [
        ("a", "t", 1.0),
        ("b", "u", 1.0),
        ("ab", "t", 1.3),
        ("ab", "u", 0.8),
    ]:
        noise = random.normal(size=count)
        for image in range(count):
            row = {"network": network, "task": task, "image": image, "loss": mean + noise[image]}
            rows.append(row if cluster is None else row | {"cluster": image // cluster})
    return networks_from_long(pd.DataFrame(rows))


def test_intervals_are_percentiles_of_resampled_means():
    """Against resamples that are drawn here, image by image, in a loop."""
    networks = images()
    found = with_intervals(solve_groups(networks, budget=2), networks, count=2000, seed=3)
    losses = networks.images
    random = np.random.default_rng(99)
    means = []
    for _ in range(2000):
        drawn = random.integers(40, size=40)
        row = []
        for served in found.served:
            rows = (losses.network == losses.networks.index(served.network)) & (
                losses.task == losses.tasks.index(served.task)
            )
            by_image = np.zeros(40)
            by_image[losses.unit[rows]] = losses.value[rows]
            row.append(by_image[drawn].mean())
        means.append(row)
    means = np.array(means)
    spread = means.std(axis=0)
    for place, served in enumerate(found.served):
        low, high = np.percentile(means[:, place], [2.5, 97.5])
        assert served.low == pytest.approx(low, abs=0.2 * spread[place])
        assert served.high == pytest.approx(high, abs=0.2 * spread[place])
        assert served.low < served.value < served.high
    low, high = np.percentile(means.sum(axis=1), [2.5, 97.5])
    total = means.sum(axis=1).std()
    assert found.low == pytest.approx(low, abs=0.2 * total)
    assert found.high == pytest.approx(high, abs=0.2 * total)


def test_the_same_images_are_drawn_for_all_networks():
    """Two tasks with opposite losses on each image have a total that never varies."""
    rows = [
        {"network": "n", "task": task, "image": k, "loss": sign * float(k)}
        for task, sign in (("t", 1), ("u", -1))
        for k in range(10)
    ]
    networks = networks_from_long(pd.DataFrame(rows))
    found = with_intervals(solve_groups(networks, budget=1), networks, count=200)
    assert found["t"].high - found["t"].low > 1
    assert found.low == pytest.approx(0, abs=1e-12)
    assert found.high == pytest.approx(0, abs=1e-12)


def test_images_of_one_cluster_are_drawn_together():
    """If all images of a cluster have one loss, clusters give the wider interval."""
    rows = [
        {"network": "n", "task": "t", "image": k, "cluster": k // 10, "loss": float(k // 10)}
        for k in range(100)
    ]
    clustered = networks_from_long(pd.DataFrame(rows))
    single = networks_from_long(pd.DataFrame(rows).drop(columns="cluster"))
    assert (clustered.images.units, single.images.units) == (10, 100)
    widths = []
    for networks in (clustered, single):
        found = with_intervals(solve_groups(networks, budget=1), networks, count=2000)
        widths.append(found.high - found.low)
    assert widths[0] == pytest.approx(np.sqrt(10) * widths[1], rel=0.15)


def test_importances_weigh_the_interval_of_the_total():
    networks = images()
    once = with_intervals(solve_groups(networks, budget=2), networks)
    twice = solve_groups(networks, budget=2, importance={"t": 2, "u": 2})
    twice = with_intervals(twice, networks)
    assert (twice.low, twice.high) == pytest.approx((2 * once.low, 2 * once.high))


def test_blocks_of_resamples_do_not_change_them(monkeypatch):
    networks = images()
    found = with_intervals(solve_groups(networks, budget=2), networks, count=50)
    monkeypatch.setattr("taskgraph.grouping.image_losses.BLOCK", 100)
    assert with_intervals(solve_groups(networks, budget=2), networks, count=50) == found


def test_a_seed_gives_the_same_intervals_again():
    networks = images()
    found = solve_groups(networks, budget=2)
    one, same, other = (with_intervals(found, networks, seed=seed) for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_shares_say_how_often_a_network_is_bought():
    """Losses that differ by far are always chosen; equal ones in about half of the resamples."""
    networks = images(200)
    stable = grouping_stability(solve_groups(networks, budget=2), networks, count=20, budget=2)
    assert set(stable.shares["network"]) == {"a", "ab"}
    assert stable.shares["share"].tolist() == [1.0, 1.0]
    assert stable.same == 1.0
    random = np.random.default_rng(0)
    rows = [
        {"network": n, "task": "t", "image": k, "loss": random.normal()}
        for n in ("p", "q")
        for k in range(30)
    ]
    equal = networks_from_long(pd.DataFrame(rows))
    values = equal.images.value.copy()
    values[equal.images.network == 0] -= equal.value("p", "t") - equal.value("q", "t")
    rows = [row | {"loss": value} for row, value in zip(rows, values, strict=True)]
    equal = networks_from_long(pd.DataFrame(rows))
    stable = grouping_stability(solve_groups(equal, budget=1), equal, count=60, budget=1)
    assert stable.resamples == 60
    assert stable.shares["share"].sum() == pytest.approx(1.0)
    assert 0.25 < stable.shares["share"].iloc[0] < 0.85


def test_scores_are_those_of_the_chosen_networks_in_another_table():
    networks, test = images(seed=0), images(seed=1)
    found = solve_groups(networks, budget=2, importance={"t": 3})
    scored = with_scores(found, test)
    assert [n.name for n in scored.networks] == [n.name for n in found.networks]
    expected = {s.task: test.value(s.network, s.task) for s in found.served}
    assert {s.task: s.scored for s in scored.served} == expected
    assert scored.scored == pytest.approx(3 * expected["t"] + expected["u"])
    assert "scored" in scored.to_frame().columns
    assert f"scored {scored.scored:.5g}" in scored.headline()


def test_intervals_need_images():
    networks = tg.Networks(("a",), ("t",), np.ones((1, 1)), np.ones(1))
    found = solve_groups(networks, budget=1)
    with pytest.raises(InvalidProblemError, match="one value for each network and task"):
        with_intervals(found, networks)
    with pytest.raises(InvalidProblemError, match="one value for each network and task"):
        grouping_stability(found, networks, budget=1)
    with pytest.raises(InvalidProblemError, match="there are 0 resamples"):
        with_intervals(solve_groups(images(), budget=2), images(), count=0)


def test_scores_need_the_chosen_networks():
    found = solve_groups(images(), budget=2)
    lacking = tg.Networks(("a", "b"), ("t", "u"), np.array([[1, np.nan], [np.nan, 1]]), np.ones(2))
    with pytest.raises(UnknownTaskError, match='--score-on: the table has no network "ab"'):
        with_scores(found, lacking)
    other = tg.Networks(("a", "ab"), ("t",), np.ones((2, 1)), np.ones(2))
    with pytest.raises(UnknownTaskError, match='no value of the network "ab" on the task "u"'):
        with_scores(found, other)


def test_an_unsolved_grouping_stays_as_it_is():
    found = solve_groups(images(), budget=0)
    assert with_intervals(found, images()) == found
    assert with_scores(found, images()) == found
