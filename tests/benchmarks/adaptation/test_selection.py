"""Validators against loops and skada, and the rules that choose a checkpoint."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmarks.adaptation import decisions, embedding, selection
from benchmarks.adaptation.domain_pair import DomainImages, spread_rows
from benchmarks.adaptation.selection import AdaptationCheckpoint, select
from benchmarks.adaptation.validators import (
    controlled_risk,
    deep_embedded_validation,
    entropy_score,
    neighborhood_density,
)
from benchmarks.learning.prediction import outputs


def scores(count=7, classes=3, seed=0):
    """Random scores."""
    return np.random.default_rng(seed).normal(size=(count, classes)) * 2


class FixedScores:
    """An estimator of skada's validators whose probabilities are given."""

    def __init__(self, values):
        self.values = values

    def predict_proba(self, X, **_):
        """Return the softmax of the scores."""
        return np.exp(self.values) / np.exp(self.values).sum(1, keepdims=True)


def test_entropy_is_that_of_skada_summed_over_classes():
    """skada 0.6 averages over classes as well, so its number is ours divided by them."""
    skada = pytest.importorskip("skada.metrics")
    values = scores()
    source = np.zeros((1, 2))
    X = np.concatenate([source, np.ones((7, 2))])
    y, domain = np.r_[0, np.full(7, -1)], np.r_[1, np.full(7, -2)]
    found = skada.PredictionEntropyScorer()._score(None, FixedScores(values), X, y, domain)
    assert entropy_score(values) == pytest.approx(3 * found, rel=1e-4)
    assert entropy_score(np.zeros((4, 5))) == pytest.approx(-math.log(5))


def test_neighborhood_density_is_a_loop_over_images():
    values = scores()
    shares = np.exp(values) / np.exp(values).sum(1, keepdims=True)
    unit = [row / math.sqrt((row**2).sum()) for row in shares]
    total = 0.0
    for i in range(7):
        powers = [math.exp(unit[i] @ unit[j] / 0.05) for j in range(7) if j != i]
        total -= sum(p / sum(powers) * math.log(p / sum(powers)) for p in powers)
    assert neighborhood_density(values) == pytest.approx(total / 7)
    assert neighborhood_density(np.zeros((5, 3))) == pytest.approx(math.log(4)), "all alike"


def test_the_controlled_risk_is_the_estimator_of_the_paper():
    weights, losses = np.array([0.5, 1.0, 2.0, 0.7]), np.array([1.0, 0.2, 0.4, 2.0])
    both = np.cov(weights * losses, weights)
    eta = -both[0, 1] / both[1, 1]
    expected = np.mean(weights * losses) + eta * np.mean(weights) - eta
    assert controlled_risk(weights, losses) == pytest.approx(expected)
    assert controlled_risk(np.ones(4), losses) == pytest.approx(losses.mean())


def test_deep_embedded_validation_counts_images_that_are_like_the_target():
    """Wrong answers on source images that look like the target's cost more."""
    rng = np.random.default_rng(0)
    train, target = rng.normal(size=(200, 2)), rng.normal([2, 0], size=(200, 2))
    val = rng.normal(size=(100, 2))
    labels = np.zeros(100, np.int64)
    near = val[:, 0] > np.median(val[:, 0])
    wrong_near, wrong_far = (
        np.where(mask[:, None], [[-2.0, 2.0]], [[2.0, -2.0]]) for mask in (near, ~near)
    )
    values = [
        deep_embedded_validation(train, val, target, each, labels)
        for each in (wrong_near, wrong_far)
    ]
    assert values[0] < values[1] < 0


def test_the_domain_classifier_converges_on_features_that_hardly_vary_on_the_source():
    """A warning of scikit-learn is an error in the tests."""
    rng = np.random.default_rng(0)
    mixed = (rng.normal(size=(500, 40)) @ rng.normal(size=(40, 40)) for _ in range(2))
    train, target = (np.maximum(each, 0) for each in mixed)
    train *= 10.0 ** rng.uniform(-6, 0, 40)
    val, scores, labels = train[:100], rng.normal(size=(100, 2)), rng.integers(0, 2, 100)
    assert np.isfinite(deep_embedded_validation(train, val, target, scores, labels))


def checkpoint(step, **values):
    """A checkpoint with these values."""
    return AdaptationCheckpoint(step, values, 0.5, 0.5)


def test_a_rule_chooses_the_first_of_the_best():
    points = [checkpoint(1, source=0.5, dev=-3), checkpoint(2, source=0.9, dev=-2)]
    points += [checkpoint(3, source=0.9, dev=-1)]
    assert select(points, "source").step == 2
    assert select(points, "dev").step == 3
    assert select(points, "oracle") is None
    assert "scores" not in points[0].record()


def test_of_sets_that_are_sorted_by_class_all_classes_are_seen(adaptation, monkeypatch):
    """Validators, t-SNE and the shown decisions take a part of a set, which is not its start."""
    pair = adaptation.pair
    for name in ("source_train", "source_val", "target_val", "target_test"):
        part = getattr(pair, name)
        order = np.argsort(part.labels, kind="stable")
        pair = replace(pair, **{name: DomainImages(part.images[order], part.labels[order])})
    for module, name in ((selection, "MOST"), (embedding, "MOST"), (decisions, "COUNT")):
        monkeypatch.setattr(module, name, 8)
    given = []
    monkeypatch.setattr(selection, "deep_embedded_validation", lambda *a: given.append(a) or 0.0)
    with torch.no_grad():
        selection.Evaluator(pair, adaptation.config).measure(adaptation.model)
    train, _, target, *_ = given[0]
    for features, part in ((train, pair.source_train), (target, pair.target_val)):
        every = outputs(adaptation.model.backbone, part.images, adaptation.config)
        near = np.abs(features[:, None] - every[None]).sum(axis=2).argmin(axis=1)
        assert np.bincount(part.labels[near]).tolist() == [4, 4]
    shown = embedding.embedded(adaptation.model, pair, adaptation.config)
    assert np.bincount(shown["classes"]).tolist() == [8, 8]
    told = decisions.decisions(adaptation.model, pair, adaptation.config)
    assert [told["true"].count(name) for name in pair.classes] == [4, 4]


def test_spread_rows_are_in_order_and_without_repeats():
    for count, most in ((7, 3), (3, 7), (1, 5), (1000, 150), (12, 12)):
        rows = spread_rows(count, most)
        assert len(rows) == min(count, most)
        assert (np.diff(rows) > 0).all()
        assert rows[0] == 0
        assert rows[-1] == count - 1 or most == 1
