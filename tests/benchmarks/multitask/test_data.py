"""Data of several tasks, the shuffled control, derived labels, pairs, and measures."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import spearmanr

from benchmarks.data.packages import DIGITS, GARMENTS
from benchmarks.multitask.affinity_pairs import (
    ALWAYS,
    all_pairs,
    draw_pairs,
    rank_shares,
    read_affinities,
)
from benchmarks.multitask.derived_labels import (
    KINDS,
    coarse,
    derived_labels,
    light,
    stroke_thickness,
)
from benchmarks.multitask.joint_data import PICTURE, LabeledImages
from benchmarks.multitask.labeled_sets import open_labeled, small_gray
from benchmarks.multitask.measures import (
    cluster_correlation,
    delta_m,
    over_seeds,
    spearman,
    task_gain,
)
from benchmarks.multitask.sharing import shared_network
from encoders.errors import UnknownNameError
from taskgraph.errors import InvalidTableError, UnknownTaskError


def images_of(count=12):
    """Images whose label and mask say which image they belong to."""
    number = torch.arange(count)
    pictures = number.float().reshape(-1, 1, 1, 1).expand(count, 1, 4, 4)
    target = number.float().reshape(-1, 1, 1, 1).expand(count, 1, 2, 2).clone()
    names = tuple(map(str, range(count)))
    return LabeledImages(
        {PICTURE: pictures},
        {"main": (number, number % 2 == 0), "other": (target, number % 3 == 0)},
        names,
        names,
        np.arange(count) % 2,
    )


def test_shuffling_moves_whole_labels_and_keeps_their_marginals():
    images = images_of()
    shuffled = images.with_shuffled_labels(("other",), seed=3)
    target, mask = shuffled.targets["other"]
    assert sorted(target[:, 0, 0, 0].tolist()) == list(range(12))
    assert (target == target[:, :, :1, :1]).all(), "the pixels of a label stay together"
    assert mask.tolist() == [int(each) % 3 == 0 for each in target[:, 0, 0, 0]]
    assert target[:, 0, 0, 0].tolist() != list(range(12))
    assert torch.equal(shuffled.targets["main"][0], images.targets["main"][0])
    assert torch.equal(shuffled.inputs[PICTURE], images.inputs[PICTURE])
    again = images.with_shuffled_labels(("other",), seed=3).targets["other"][0]
    assert torch.equal(again, target)


def test_two_shuffled_tasks_are_moved_differently():
    images = images_of().with_shuffled_labels(("main", "other"), seed=0)
    assert images.targets["main"][0].tolist() != images.targets["other"][0][:, 0, 0, 0].tolist()


def test_subsets_are_nested_and_keep_the_classes():
    small, large = (set(images_of().subset(n, seed=1).names) for n in (4, 8))
    assert small < large
    assert sum(int(name) % 2 for name in small) == 2


def test_stroke_thickness_of_bars_is_their_width():
    for width in (1, 3, 5):
        image = np.zeros((28, 28), np.uint8)
        image[4:24, 10 : 10 + width] = 255
        assert stroke_thickness(image) == pytest.approx(width, abs=0.35)
    assert stroke_thickness(np.zeros((28, 28), np.uint8)) == 0


def test_light_and_coarse_by_hand():
    image = np.zeros((28, 28), np.uint8)
    image[:, 14:] = 100
    assert light(image) == 100
    small = coarse(image[None])
    assert small.shape == (1, 49)
    first = small.reshape(7, 7)[0]
    assert first[0] == -1
    assert first[6] == pytest.approx(100 / 127.5 - 1)
    assert first[3] == pytest.approx(50 / 127.5 - 1)


def test_every_garment_has_one_kind():
    assert sorted(name for names in KINDS.values() for name in names) == sorted(GARMENTS)
    labels = np.arange(10)
    found = derived_labels(GARMENTS)["kind"].make(None, labels, GARMENTS)
    names = list(KINDS)
    assert names[found[GARMENTS.index("sneaker")]] == "shoe"
    assert names[found[GARMENTS.index("coat")]] == "top"


def test_tasks_of_digits_are_right_and_numbers_are_standardized_on_training_images():
    source = open_labeled("mnist-5k", (), (60, 20, 20))
    assert source.tasks == ("digit", "parity", "thickness")
    data = source.load(source.tasks)
    digit, parity = (data.train.targets[name][0] for name in ("digit", "parity"))
    assert torch.equal(digit % 2, parity)
    assert data.tasks["digit"].output.size == len(DIGITS)
    thickness = data.train.targets["thickness"][0]
    assert thickness.mean().item() == pytest.approx(0, abs=1e-5)
    assert thickness.std(unbiased=False).item() == pytest.approx(1, abs=1e-5)
    split = [{*part.names} for part in (data.train, data.valid, data.test)]
    assert len(set.union(*split)) == sum(map(len, split)), "no image is in two splits"


def test_faces_are_reduced_to_small_gray_images():
    images = np.zeros((1, 56, 56, 3), np.uint8)
    images[:, :2, :2] = 200
    small = small_gray(images)
    assert small.shape == (1, 28, 28)
    assert small[0, 0, 0] == 200
    assert small.sum() == 200


def test_a_task_that_the_set_lacks_is_named_with_those_that_it_has():
    with pytest.raises(UnknownNameError, match='mnist-5k has no task "kind"; it has digit, parity'):
        open_labeled("mnist-5k", ("digit", "kind"), (10, 5, 5))
    with pytest.raises(UnknownNameError, match='task "digit" is named twice in --labels'):
        open_labeled("mnist-5k", ("digit", "digit"), (10, 5, 5))


def test_joint_and_single_networks_begin_with_the_same_weights():
    source = open_labeled("mnist-5k", (), (20, 5, 5))
    joint = shared_network(source.load(source.tasks), seed=3).state_dict()
    alone = shared_network(source.load(("digit",)), seed=3).state_dict()
    for name, value in alone.items():
        assert torch.equal(value, joint[name]), name


def table(sources="abcdef"):
    """Affinities that grow with the source's and the target's letters."""
    rows = [
        {"source": s, "target": t, "affinity": (ord(s) - 96) * 0.01 + (ord(t) - 96) * 0.001}
        for s in sources
        for t in sources
        if s != t
    ]
    return pd.DataFrame(rows)


def test_rank_shares_by_hand():
    frame = pd.DataFrame(
        {"source": [*"abc", "a"], "target": [*"xxx", "y"], "affinity": [0.2, 0.5, 0.3, 1.0]}
    )
    assert rank_shares(frame)["share"].tolist() == [0, 1, 0.5, 0.5]
    tied = frame.assign(affinity=[0.2, 0.2, 0.6, 1.0])
    assert rank_shares(tied)["share"].tolist() == [0.25, 0.25, 1, 0.5]


def test_the_thirds_are_exact_and_sorted_by_affinity():
    pairs = all_pairs(table())
    assert [pair.third for pair in pairs] == ["low"] * 5 + ["middle"] * 5 + ["high"] * 5
    assert {pair.tasks for pair in pairs} == set(combinations("abcdef", 2))
    assert [pair.affinity for pair in pairs] == sorted(pair.affinity for pair in pairs)
    assert pairs[-1].tasks == ("e", "f")


def test_five_pairs_of_each_third_of_our_table_and_depth_with_normals():
    pairs = all_pairs(read_affinities(None))
    assert len(pairs) == 22 * 21 // 2
    drawn = draw_pairs(pairs, 15)
    assert [pair.third for pair in drawn] == ["low"] * 5 + ["middle"] * 5 + ["high"] * 5
    assert len({pair.tasks for pair in drawn}) == 15
    assert ALWAYS in {pair.tasks for pair in drawn}
    assert drawn == draw_pairs(pairs, 15)
    assert drawn != draw_pairs(pairs, 15, seed=1)
    for seed in range(20):
        assert ALWAYS in {pair.tasks for pair in draw_pairs(pairs, 3, seed)}


def test_the_affinity_of_a_pair_is_that_of_our_table():
    affinities = read_affinities(None)
    pair = next(each for each in all_pairs(affinities) if each.tasks == ALWAYS)
    column = affinities[affinities["target"] == "rgb2sfnorm"].set_index("source")["affinity"]
    better = int((column < column["rgb2depth"]).sum())
    assert pair.forward == pytest.approx(better / (len(column) - 1))


@pytest.mark.parametrize(
    ("count", "message"),
    [(14, "--pairs is 14, expected a multiple of 3"), (18, "needs 6 pairs of each third.*has 5")],
)
def test_impossible_numbers_of_pairs_are_refused(count, message):
    with pytest.raises(InvalidTableError, match=message):
        draw_pairs(all_pairs(table()), count)


def test_tasks_without_pairs_are_refused():
    with pytest.raises(UnknownTaskError, match=r'no transfers from and to "z".*it has a, b'):
        all_pairs(table(), ["a", "z"])
    with pytest.raises(
        InvalidTableError, match="has 1 pairs of tasks both ways, expected at least"
    ):
        all_pairs(table(), ["a", "b"])


def test_delta_m_by_hand():
    """Task 1: alone (2, 4), joint (1, 4); task 2: alone (10, 10), joint (12, 11)."""
    first = task_gain({0: 2.0, 1: 4.0}, {0: 1.0, 1: 4.0})
    second = task_gain({0: 10.0, 1: 10.0}, {0: 12.0, 1: 11.0})
    assert first == {0: pytest.approx(100 / 3), 1: 0}
    assert second == {0: pytest.approx(-20), 1: pytest.approx(-10)}
    assert delta_m([first, second]) == {0: pytest.approx(20 / 3), 1: pytest.approx(-5)}
    accuracy = task_gain({0: 0.5, 1: 0.5}, {0: 0.6, 1: 0.4}, higher_is_better=True)
    assert accuracy == {0: pytest.approx(20), 1: pytest.approx(-20)}
    assert np.isnan(over_seeds(task_gain({0: 0.0}, {0: 1.0})).mean)
    with pytest.raises(InvalidTableError, match="seed 1 is on one side only"):
        task_gain({0: 1.0}, {0: 1.0, 1: 2.0})


def test_rank_correlation_is_scipys_and_its_interval_covers_it():
    generator = np.random.default_rng(0)
    x = generator.normal(size=30)
    y = x + generator.normal(size=30)
    found = cluster_correlation(x, y, [*range(15)] * 2, resamples=300)
    assert found.value == pytest.approx(spearmanr(x, y).statistic)
    assert found.n == 30
    assert -1 <= found.low < found.value < found.high <= 1
    assert cluster_correlation(x, y, [*range(15)] * 2, resamples=300) == found


def test_the_interval_resamples_clusters_whole():
    """With every point in one of two identical clusters, each resample has the same ranks."""
    x, y = np.array([1.0, 2, 3, 4] * 2), np.array([1.0, 3, 2, 4] * 2)
    found = cluster_correlation(x, y, [0] * 4 + [1] * 4, resamples=50)
    assert found.low == pytest.approx(found.value)
    assert found.high == pytest.approx(found.value)
    assert np.isnan(spearman([1, 1, 1], [1, 2, 3]))
