"""Each strategy stores and trains what its definition says."""

import copy

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.learning.features import LinearProbe
from benchmarks.lifelong.evaluation import evaluate, untrained_accuracies
from benchmarks.lifelong.icarl import class_mean, classify
from benchmarks.lifelong.strategies import STRATEGIES
from benchmarks.lifelong.strategies.linear_probe import as_outputs
from benchmarks.lifelong.streams import stream_of_sets
from tests.benchmarks.lifelong.tiny import tiny_data, tiny_learner, tiny_stream


def learned(name, steps=3, **config):
    """A learner of the tiny stream after some steps of a strategy."""
    stream, learner = tiny_stream(), tiny_learner(**config)
    for _ in range(steps):
        STRATEGIES[name].learn(learner, stream)
    return learner, stream


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_learns_the_first_step_and_counts(name):
    learner, stream = learned(name, 1, epochs=12)
    assert (learner.steps, learner.seen) == (1, 2)
    for metrics in evaluate(learner, STRATEGIES[name].rules, stream, "test").values():
        assert metrics["accuracy"] > 0.8
        assert np.isnan(metrics["accuracies"][1:]).all(), "classes that have not arrived"


def test_all_methods_have_different_names():
    names = [method for each in STRATEGIES.values() for method in each.rules]
    assert len(names) == len(set(names)) == 11


def test_the_fixed_representation_changes_neither_features_nor_old_outputs():
    stream, learner = tiny_stream(), tiny_learner()
    STRATEGIES["fixed-representation"].learn(learner, stream)
    before = copy.deepcopy(learner.network.state_dict())
    STRATEGIES["fixed-representation"].learn(learner, stream)
    after = learner.network.state_dict()
    assert after["head.weight"].shape == (4, 16)
    for name, value in before.items():
        assert torch.equal(after[name][: len(value)], value), name
    images, labels = stream.steps[1].parts["test"]
    scores = learner.scores(learner.features(images))[:, 2:]
    assert (scores.argmax(1) + 2 == labels).mean() > 0.6, "new outputs are trained"


def test_fine_tuning_forgets_and_stores_nothing():
    learner, stream = learned("finetuning", epochs=12)
    found = evaluate(learner, STRATEGIES["finetuning"].rules, stream, "test")["finetuning"]
    assert found["accuracies"][2] > 0.8
    assert found["accuracies"][0] < 0.2
    assert learner.stored == 0


def test_joint_training_begins_anew_and_knows_all_classes():
    learner, stream = learned("joint", epochs=20)
    found = evaluate(learner, STRATEGIES["joint"].rules, stream, "test")["joint"]
    assert min(found["accuracies"]) > 0.6
    again = tiny_learner(epochs=20)
    again.steps = 2
    STRATEGIES["joint"].learn(again, stream)
    for name, value in learner.network.state_dict().items():
        assert torch.equal(again.network.state_dict()[name], value), "earlier steps leave no trace"


def test_random_exemplars_are_images_of_their_classes_within_the_memory():
    learner, stream = learned("random-replay", epochs=1)
    assert learner.stored == 12
    images, labels = stream.until(2, "train")
    for each in learner.exemplars:
        own = {bytes(image.flatten().tolist()) for image in images[labels == each.label]}
        assert {bytes(image.flatten().tolist()) for image in each.images} <= own
    icarl, _ = learned("icarl", epochs=1)
    assert not torch.equal(icarl.exemplars[0].images, learner.exemplars[0].images)


def test_ncm_uses_the_means_of_all_images_that_arrived():
    learner, stream = learned("icarl", 2, epochs=2)
    images, labels = stream.until(1, "train")
    features = learner.features(images)
    means = np.stack([class_mean(features[labels == k]) for k in range(4)])
    tested = learner.features(stream.until(1, "test")[0])
    found = STRATEGIES["icarl"].rules["ncm"](learner, tested, stream)
    assert found.tolist() == classify(tested, means).tolist()


@pytest.mark.parametrize("classes", [2, 4])
def test_a_probe_as_outputs_decides_as_the_probe_does(classes):
    generator = np.random.default_rng(0)
    points, labels = generator.normal(size=(80, 3)) * [1, 5, 9] + 4, np.arange(80) % classes
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    pipeline.fit(points + labels[:, None], labels)
    weights, biases = as_outputs(LinearProbe(pipeline, 1.0, 0.0))
    found = (points @ weights.T + biases).argmax(1)
    assert found.tolist() == pipeline.predict(points).tolist()
    assert len(weights) == classes


def test_domains_have_accuracies_before_they_are_learned():
    stream = stream_of_sets([(n, tiny_data(4, seed=k, name=n)) for k, n in enumerate("ab")])
    learner = tiny_learner(classes=4, epochs=4)
    start = untrained_accuracies(learner, stream, "test")
    assert np.isfinite(start).all()
    assert learner.seen == 0
    STRATEGIES["icarl"].learn(learner, stream)
    found = evaluate(learner, STRATEGIES["icarl"].rules, stream, "test")["icarl"]
    assert np.isfinite(found["accuracies"]).all()
    STRATEGIES["icarl"].learn(learner, stream)
    assert [each.label for each in learner.exemplars] == [0, 1, 2, 3] * 2
    assert learner.stored <= learner.memory
