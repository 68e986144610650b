"""Cached features are those computed, and their key covers all they depend on; linear probes."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from benchmarks.learning import features as module
from benchmarks.learning.classifier import classifier, image_tensor
from benchmarks.learning.config import LoopConfig
from benchmarks.learning.features import cached_features, feature_key, linear_probe
from benchmarks.learning.prediction import outputs, validator
from benchmarks.learning.starts import find_start
from benchmarks.learning.throughput import Throughput, measure_throughput
from encoders.errors import InvalidDataError

CPU = LoopConfig(steps=3, batch=8, precision="float32", device="cpu")
START = find_start("scratch:resnet8").at(8)


def images_of(count=10, seed=0):
    generator = np.random.default_rng(seed)
    return image_tensor(generator.integers(256, size=(count, 8, 8, 3), dtype=np.uint8))


def test_outputs_are_those_of_the_whole_set_at_once_and_the_mode_is_restored():
    backbone, images = START.build().train(), images_of()
    parts = outputs(backbone, images, CPU, batch=3)
    assert backbone.training
    with torch.no_grad():
        whole = backbone.eval()(images).numpy()
    assert parts.shape == (10, 64)
    assert np.allclose(parts, whole, atol=1e-5)


def test_features_are_computed_once_and_again_where_the_file_is_broken(tmp_path, monkeypatch):
    backbone, images = START.build(), images_of()
    first = cached_features(backbone, images, CPU, tmp_path / "new")
    (file,) = (tmp_path / "new").iterdir()
    computed = []
    monkeypatch.setattr(module, "outputs", lambda *a: computed.append(1) or first)
    assert np.array_equal(cached_features(backbone, images, CPU, tmp_path / "new"), first)
    assert not computed
    file.write_bytes(file.read_bytes()[:-9])
    assert np.array_equal(cached_features(backbone, images, CPU, tmp_path / "new"), first)
    assert computed == [1]
    assert np.array_equal(np.load(file), first)
    assert list((tmp_path / "new").iterdir()) == [file]
    assert cached_features(backbone, images, CPU) is first


def test_a_failed_write_leaves_no_file(tmp_path, monkeypatch):
    def full(*_):
        raise OSError("disk full")

    monkeypatch.setattr(module.os, "replace", full)
    with pytest.raises(OSError, match="disk full"):
        cached_features(START.build(), images_of(2), CPU, tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_key_changes_with_weights_buffers_images_layers_size_and_precision():
    images = images_of()
    keys = [feature_key(START.build(), images, CPU) for _ in range(2)]
    assert keys[0] == keys[1]
    buffers = START.build()
    buffers.layers.bn1.running_mean += 1
    others = [
        feature_key(START.build(seed=1), images, CPU),
        feature_key(buffers, images, CPU),
        feature_key(START.build(), images_of(seed=1), CPU),
        feature_key(START.build(), images[:9], CPU),
        feature_key(START.build(keep="layer1"), images, CPU),
        feature_key(START.build(keep="layer1.0.bn2"), images, CPU),
        feature_key(START.build(keep="layer1.0.add"), images, CPU),
        feature_key(START.at(16).build(), images, CPU),
        feature_key(START.build(), images, LoopConfig(precision="bfloat16", device="cpu")),
    ]
    assert len({*keys, *others}) == 1 + len(others)


def blobs(count, seed, spread=1.0):
    generator = np.random.default_rng(seed)
    labels = generator.integers(3, size=count)
    return generator.normal(size=(count, 6)) * spread + 2 * np.eye(6)[labels], labels


def test_a_probe_is_the_regression_of_scikit_learn_with_the_strength_that_validation_chose():
    train, validation = blobs(60, 0), blobs(40, 1)
    probe = linear_probe(train, validation)
    mean, std = train[0].mean(0), train[0].std(0)
    scaled = [(part[0] - mean) / std for part in (train, validation)]
    accuracy = {}
    for strength in module.STRENGTHS:
        model = LogisticRegression(C=strength, max_iter=500).fit(scaled[0], train[1])
        accuracy[strength] = model.score(scaled[1], validation[1])
    best = max(accuracy.values())
    assert probe.validation == pytest.approx(best)
    assert probe.strength == min(s for s, value in accuracy.items() if value == best)
    assert np.mean(probe.predict(validation[0]) == validation[1]) == pytest.approx(best)
    assert np.allclose(probe.scores(validation[0]).sum(1), 1)
    with pytest.raises(InvalidDataError, match="at least two classes to train on"):
        linear_probe((train[0], train[1] * 0), validation)


def test_a_validator_is_the_accuracy_at_the_moment_of_the_call():
    model, images = classifier(START.build(), 3), images_of()
    labels = outputs(model, images, CPU).argmax(1)
    validate = validator(model, images, labels, CPU)
    assert validate() == 1
    with torch.no_grad():
        model.head.weight *= -1
        model.head.bias *= -1
    assert validate() < 1


def test_a_ratio_is_of_medians():
    assert Throughput((1.0, 2.0, 30.0), (4.0, 4.0, 1.0)).ratio == 0.5


def test_throughput_is_measured_in_turns_and_leaves_the_model_as_it_was():
    model = classifier(START.build(), 3)
    before = model.head.weight.clone()
    labels = torch.arange(16) % 3
    measured = measure_throughput(model, images_of(16), labels, CPU, runs=2)
    assert len(measured.ours) == len(measured.plain) == 2
    assert measured.ratio > 0
    assert torch.equal(model.head.weight, before)


@pytest.mark.slow
def test_the_loop_is_as_fast_as_a_plain_loop():
    """Other processes can slow a run of ours down, so that one of three ratios must reach it."""
    model = classifier(find_start("scratch:resnet8").at(16).build(), 10)
    images = torch.randint(256, (128, 3, 16, 16), dtype=torch.uint8)
    config = LoopConfig(steps=16, batch=16, precision="float32", device="cpu")
    labels = torch.arange(128) % 10
    assert any(measure_throughput(model, images, labels, config).ratio >= 0.95 for _ in range(3))
