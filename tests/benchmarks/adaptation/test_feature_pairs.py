"""Pairs of frozen features: networks on them, shallow methods, and their tables."""

from itertools import permutations

import numpy as np
import pytest
import torch

from benchmarks.adaptation import collect, page, sections
from benchmarks.adaptation.domain_pair import PairSizes, make_pair, rows_of_test
from benchmarks.adaptation.feature_network import make_model
from benchmarks.adaptation.shallow import shallow_estimators, shallow_measures
from benchmarks.data.data import Data, split_by_hash
from benchmarks.results.record import Record
from taskgraph.errors import InvalidTableError


def features(name, turn, seed):
    """A set of 240 rows with 30 features and three classes, whose centers move with ``turn``."""
    rng = np.random.default_rng(seed)
    labels = np.arange(240) % 3
    rows = rng.normal(size=(240, 30))
    centers = 2 * np.random.default_rng(7).normal(size=(3, 30))
    rows += centers[labels] + turn * centers[(labels + 1) % 3]
    splits = split_by_hash(rows, np.arange(240), None)
    return Data(name, rows, labels, ("a", "b", "c"), splits, "", "")


def test_a_pair_keeps_the_splits_and_draws_training_rows():
    source, target = features("s", 0, 0), features("t", 0.3, 1)
    pairs = [make_pair(source, target, PairSizes(60, 20, 30), seed) for seed in (0, 1)]
    for pair in pairs:
        assert [len(pair.source_train), len(pair.source_val)] == [
            60,
            len(source.splits["val"][:20]),
        ]
        every = torch.from_numpy(target.inputs[target.splits["test"]].astype(np.float32))
        for row in pair.target_test.images:
            assert (every == row).all(1).any()
    assert torch.equal(pairs[0].target_test.images, pairs[1].target_test.images)
    shown = target.inputs[rows_of_test(target, 30)].astype(np.float32)
    assert torch.equal(pairs[0].target_test.images, torch.from_numpy(shown))
    assert not torch.equal(pairs[0].source_train.images, pairs[1].source_train.images)
    with pytest.raises(InvalidTableError, match="s and t have different classes"):
        make_pair(source, Data("t", *_other(target)), PairSizes(9, 9, 9), 0)


def _other(data):
    """The fields of a set but its name, with other classes."""
    return data.inputs, data.labels, ("x", "y", "z"), data.splits, "", ""


def test_a_network_on_features_standardizes_them():
    pair = make_pair(features("s", 0, 0), features("t", 0.3, 1), PairSizes(60, 20, 30), 0)
    model = make_model(pair, None, 3)
    assert model(pair.source_train.images).shape == (60, 3)
    inner = model.backbone.layers(
        (pair.source_train.images - model.backbone.mean) / model.backbone.scale
    )
    assert torch.equal(inner, model.backbone(pair.source_train.images))
    assert torch.equal(make_model(pair, None, 3).head.weight, model.head.weight)


def test_shallow_methods_classify_the_target():
    pair = make_pair(features("s", 0, 0), features("t", 0.1, 1), PairSizes(100, 20, 60), 0)
    estimators = shallow_estimators(0)
    assert {"1-NN", "GFK"} <= set(estimators)
    for name, estimator in estimators.items():
        assert shallow_measures(pair, estimator)["accuracy"] > 0.6, name


def test_the_table_and_the_matrix_of_frozen_features():
    """GFK is 10 points better everywhere but from b to a, where it is 10 points worse."""
    records = []
    for source, target in permutations("abc", 2):
        for method in ("1-NN", "GFK"):
            sign = -1 if (source, target) == ("b", "a") else 1
            value = 0.5 + (0.1 * sign if method == "GFK" else 0)
            asked = {"part": "shallow", "group": "scenes", "method": method, "network": "n"}
            asked |= {"source": source, "target": target}
            metrics = {"accuracy": value, "class_accuracy": value}
            records += [
                Record("adapt", asked, seed, "test", metrics, None, None, 0.1) for seed in (0, 1)
            ]
    text = sections.frozen_section(records)
    assert "| 1 of 6 |" in next(x for x in text.splitlines() if x.startswith("| GFK"))
    frame = collect.shallow_accuracies(records)
    matrix = page.pair_matrix(frame[frame["method"] == "GFK"], ["a", "b", "c"])
    assert np.isnan(np.diag(matrix)).all()
    assert matrix[1, 0] == pytest.approx(40)
    assert matrix[0, 1] == pytest.approx(60)
