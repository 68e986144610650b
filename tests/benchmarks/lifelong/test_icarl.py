"""The five algorithms of iCaRL against naive loops, cases by hand, and the printed formulas."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmarks.lifelong.icarl import (
    check_memory,
    class_mean,
    classify,
    construct_exemplar_set,
    exemplars_of_set,
    incremental_train,
    normalized,
    reduce_exemplar_set,
    update_representation,
)
from benchmarks.lifelong.learner import ExemplarSet
from benchmarks.lifelong.objectives import distillation_targets, sigmoid_loss, softmax_loss
from benchmarks.lifelong.rules import by_exemplar_means
from benchmarks.lifelong.training import with_exemplars
from benchmarks.lifelong.variants import VARIANTS
from encoders.errors import InvalidDataError, TrainingError
from tests.benchmarks.lifelong.tiny import tiny_learner, tiny_stream


def unit(vector):
    """The vector divided by its length."""
    return vector / np.linalg.norm(vector)


def test_herding_equals_a_naive_loop_over_all_candidates():
    points = np.random.default_rng(0).normal(size=(15, 4))
    phi = [unit(p) for p in points]
    mu = unit(sum(phi) / len(phi))
    chosen = []
    for k in range(1, 8):
        costs = {}
        for x in range(15):
            if x not in chosen:
                mean = unit((phi[x] + sum(phi[j] for j in chosen)) / k)
                costs[x] = np.sqrt(((mu - mean) ** 2).sum())
        chosen.append(min(costs, key=costs.get))
    assert construct_exemplar_set(points, 7).tolist() == chosen


def test_herding_by_hand():
    """Directions of 0, 30, 100 and 150 degrees, whose mean points to 67.4 degrees.

    The nearest is 100 (32.6 away, 30 is 37.4 away). With it, 30 gives 65 degrees, 0 gives 50 and
    150 gives 125. With both, 0 gives 41.3 (26.1 away) and 150 gives 95.0 (27.6 away).
    """
    angles = np.radians([0, 30, 100, 150])
    points = np.stack([np.cos(angles), np.sin(angles)], 1) * [[1], [2], [3], [4]]  # any lengths
    mean = class_mean(points)
    assert np.degrees(np.arctan2(mean[1], mean[0])) == pytest.approx(67.4, abs=0.05)
    assert construct_exemplar_set(points, 3).tolist() == [2, 1, 0]
    assert sorted(construct_exemplar_set(points, 9).tolist()) == [0, 1, 2, 3]


def test_the_first_m_exemplars_are_those_of_a_smaller_set():
    """Algorithm 5 may therefore cut a set without choosing again."""
    points = np.random.default_rng(1).normal(size=(20, 5))
    whole = construct_exemplar_set(points, 10)
    assert construct_exemplar_set(points, 4).tolist() == whole[:4].tolist()
    images = torch.arange(10, dtype=torch.uint8).reshape(10, 1, 1, 1)
    assert reduce_exemplar_set(ExemplarSet(3, images), 4).images.flatten().tolist() == [0, 1, 2, 3]


def test_the_classifier_equals_naive_loops_and_ignores_lengths():
    generator = np.random.default_rng(2)
    points, sets = generator.normal(size=(9, 3)), generator.normal(size=(4, 5, 3))
    means = [unit(np.mean([unit(p) for p in each], axis=0)) for each in sets]
    naive = [min(range(4), key=lambda y: np.linalg.norm(unit(x) - means[y])) for x in points]
    assert classify(points, np.stack([class_mean(each) for each in sets])).tolist() == naive
    assert classify(points * 7, np.stack(means)).tolist() == naive


def test_the_classifier_by_hand():
    means = np.array([[1.0, 0.0], [0.0, 1.0], [np.inf, np.inf]])
    assert classify([[2.0, 1.0], [1.0, 5.0], [1.0, 1.0]], means).tolist() == [0, 1, 0]
    assert normalized(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist() == [[0.6, 0.8], [0.0, 0.0]]


def test_distillation_targets_are_those_of_the_formula():
    labels, scores = torch.tensor([3, 0, 2]), torch.tensor([[2.0, -1.0], [0.5, 0.0], [0.0, 3.0]])
    fresh, arrived = torch.tensor([True, False, True]), torch.tensor([False, False, True, True])
    found = distillation_targets(labels, fresh, scores, outputs=4, arrived=arrived)
    for i, y in np.ndindex(3, 4):
        q = 1 / (1 + np.exp(-float(scores[i, y]))) if y < 2 else float(labels[i] == y)
        assert float(found[i, y]) == pytest.approx(q)


def test_new_images_of_a_known_class_have_labels_and_exemplars_do_not():
    scores = torch.zeros(2, 2)
    found = distillation_targets(
        torch.tensor([1, 1]),
        torch.tensor([True, False]),
        scores,
        outputs=2,
        arrived=torch.tensor([True, True]),
    )
    assert found.tolist() == [[0.0, 1.0], [0.5, 0.5]]


def test_the_losses_are_the_printed_sums():
    generator = torch.Generator().manual_seed(0)
    scores, targets = torch.randn(3, 4, generator=generator), torch.rand(3, 4, generator=generator)
    total = 0.0
    for i, y in np.ndindex(3, 4):
        g, q = torch.sigmoid(scores[i, y]), targets[i, y]
        total -= float(q * torch.log(g) + (1 - q) * torch.log(1 - g))
    assert float(sigmoid_loss(scores, targets, 10)) == pytest.approx(total / 3 / 10, rel=1e-5)
    labels, old = torch.tensor([3, 1, 0]), torch.randn(3, 2, generator=generator)
    total = 0.0
    for i in range(3):
        total -= float(torch.log_softmax(scores[i], 0)[labels[i]])
        wanted = torch.softmax(old[i] / 2, 0)
        total -= float((wanted * torch.log_softmax(scores[i, :2] / 2, 0)).sum())
    assert float(softmax_loss(scores, labels, old, 2.0)) == pytest.approx(total / 3, rel=1e-5)


def test_the_memory_is_divided_rounded_down_and_never_exceeded():
    stream, learner = tiny_stream(), tiny_learner(memory=13, epochs=1)
    kept = []
    for step in stream.steps:
        incremental_train(learner, step)
        kept.append([len(each) for each in learner.exemplars])
        assert learner.stored <= 13
    assert kept == [[6, 6], [3, 3, 3, 3], [2] * 6]
    assert [each.label for each in learner.exemplars] == list(range(6))


def test_a_class_is_herded_once_with_the_network_after_its_step():
    stream, learner = tiny_stream(), tiny_learner(epochs=1)
    incremental_train(learner, stream.steps[0])
    images, labels = stream.steps[0].parts["train"]
    own = images[labels == 1]
    rows = construct_exemplar_set(learner.features(own), 6)
    assert torch.equal(learner.exemplars[1].images, own[rows])
    before = learner.exemplars[0].images
    incremental_train(learner, stream.steps[1])
    assert torch.equal(learner.exemplars[0].images, before[:3])


def test_the_network_is_continued_and_has_an_output_for_each_class_seen():
    stream, learner = tiny_stream(), tiny_learner(epochs=1, learning_rate=1e-9)
    update_representation(learner, stream.steps[0])
    before = copy.deepcopy(learner.network.state_dict())
    update_representation(learner, stream.steps[1])
    after = learner.network.state_dict()
    assert after["head.weight"].shape == (4, 16)
    torch.testing.assert_close(after["head.weight"][:2], before["head.weight"], atol=1e-6, rtol=0)
    layer = "backbone.layers.1.weight"
    torch.testing.assert_close(after[layer], before[layer], atol=1e-6, rtol=0)


def test_distillation_keeps_the_old_outputs_better_than_labels_do():
    stream, found = tiny_stream(), {}
    for distill in (True, False):
        learner = tiny_learner(epochs=6)
        update_representation(learner, stream.steps[0])
        images = stream.steps[0].parts["test"][0]
        old = learner.scores(learner.features(images))
        update_representation(learner, stream.steps[1], distill=distill)
        found[distill] = np.abs(learner.scores(learner.features(images))[:, :2] - old).mean()
    assert found[True] < found[False] / 2


def test_the_training_set_is_new_images_and_all_exemplars():
    stream, learner = tiny_stream(), tiny_learner(epochs=1)
    incremental_train(learner, stream.steps[0])
    data = with_exemplars(stream.steps[1].parts["train"], learner)
    assert data.fresh.sum() == 12
    assert np.bincount(data.labels).tolist() == [6, 6, 6, 6]
    assert torch.equal(data.images[12:18], learner.exemplars[0].images)


def test_icarl_learns_a_stream_that_guessing_does_not():
    stream, learner = tiny_stream(), tiny_learner(epochs=20)
    for step in stream.steps:
        incremental_train(learner, step)
    images, labels = stream.until(2, "test")
    right = by_exemplar_means(learner, learner.features(images), stream) == labels
    assert right.mean() > 0.8  # one in six by guessing


def test_a_memory_that_is_too_small_or_exceeded_is_an_error():
    with pytest.raises(InvalidDataError, match=r"has none for each of 4 exemplar sets.*--memory 4"):
        exemplars_of_set(3, 4, VARIANTS["paper"])
    with pytest.raises(InvalidDataError, match="the memory K is -1"):
        tiny_learner(memory=-1)
    learner = tiny_learner(memory=2)
    learner.exemplars = [ExemplarSet(0, torch.zeros(3, 1, 8, 8, dtype=torch.uint8))]
    with pytest.raises(TrainingError, match="hold 3 images, more than the memory of 2"):
        check_memory(learner)
    learner.variant = replace(learner.variant, round_up=True)
    check_memory(learner)
