"""The deviations of the authors' code from the paper, one by one, and the variant ``modern``."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from benchmarks.learning.augment import crop_and_flip
from benchmarks.learning.optimizers import make_optimizer
from benchmarks.learning.rates import module_group
from benchmarks.learning.starts import find_start
from benchmarks.lifelong import training
from benchmarks.lifelong.icarl import (
    class_mean,
    construct_exemplar_set,
    exemplars_of_set,
    incremental_train,
    normalized,
)
from benchmarks.lifelong.learner import build_backbone, mean_of_images, new_learner
from benchmarks.lifelong.objectives import distillation_targets, sigmoid_loss
from benchmarks.lifelong.rules import class_means
from benchmarks.lifelong.streams import class_order
from benchmarks.lifelong.variants import VARIANTS
from tests.benchmarks.lifelong.tiny import tiny_learner, tiny_stream

OFFICIAL, PAPER = VARIANTS["official"], VARIANTS["paper"]


def test_1_all_outputs_from_the_start_and_the_loss_is_a_mean_over_them():
    learner = tiny_learner("official")
    learner.grow(2)
    assert learner.network.head.out_features == 6
    assert learner.scores(np.zeros((1, 16), np.float32)).shape == (1, 2)  # only seen ones decide
    labels, scores = torch.tensor([1, 0]), torch.randn(2, 6)
    everything = torch.tensor([True, False])
    targets = distillation_targets(
        labels, everything, torch.zeros(2, 0), outputs=6, arrived=torch.ones(2, dtype=torch.bool)
    )
    assert targets[:, 2:].sum() == 0
    mean = F.binary_cross_entropy_with_logits(scores, targets)
    torch.testing.assert_close(sigmoid_loss(scores, targets, 6), mean)


def test_2_weights_decay_twice_as_much():
    """The penalty wd |w|^2 has the gradient 2 wd w, and PyTorch's weight decay is the gradient."""
    learner = tiny_learner("official", weight_decay=0.01, momentum=0.0, learning_rate=0.1)
    group = module_group("all", learner.network.head, rate=0.1)
    optimizer = make_optimizer([group], learner.config)
    before = learner.network.head.weight.detach().clone()
    (0.0 * learner.network.head.weight.sum() + 0.0 * learner.network.head.bias.sum()).backward()
    optimizer.step()
    torch.testing.assert_close(
        learner.network.head.weight.detach(), before - 0.1 * 2 * 0.01 * before
    )
    assert tiny_learner("paper", weight_decay=0.01).config.weight_decay == 0.01


def test_3_features_of_residual_networks_may_be_negative():
    start, images = find_start("scratch:resnet8"), torch.randint(0, 256, (4, 1, 32, 32)).byte()
    assert (build_backbone(start, OFFICIAL, 1, 0).eval()(images) < 0).any()
    assert (build_backbone(start, PAPER, 1, 0).eval()(images) >= 0).all()


def test_4_herding_is_a_walk_of_which_first_visits_count():
    points = np.random.default_rng(3).normal(size=(12, 3))
    phi = normalized(points)
    mean = phi.mean(axis=0)
    w, visits = mean.copy(), []
    while len(set(visits)) < 5:
        visits.append(max(range(12), key=lambda x: float(w @ phi[x])))
        w += mean - phi[visits[-1]]
    found = construct_exemplar_set(points, 5, walk=True).tolist()
    assert found == list(dict.fromkeys(visits))
    assert any(
        construct_exemplar_set(each, 5, walk=True).tolist()
        != construct_exemplar_set(each, 5).tolist()
        for each in np.random.default_rng(4).normal(size=(5, 12, 3))
    ), "the two rules agree only approximately"


def test_5_the_share_of_a_class_is_rounded_up_and_at_most_500():
    assert exemplars_of_set(2000, 30, OFFICIAL) == 67
    assert exemplars_of_set(2000, 30, PAPER) == 66
    assert exemplars_of_set(2000, 2, OFFICIAL) == 500
    learner, stream = tiny_learner("official", memory=9, epochs=1), tiny_stream()
    incremental_train(learner, stream.steps[0])
    assert learner.stored == 10, "one more than K"


def test_6_means_average_the_flipped_exemplars_too():
    stream = tiny_stream()
    images = stream.steps[0].parts["train"][0][:4]
    for name in ("official", "paper"):
        learner = tiny_learner(name)
        learner.grow(1)
        parts = [learner.features(images)]
        if name == "official":
            parts.append(learner.features(images.flip(3)))
        averaged = np.mean([normalized(each).mean(0) for each in parts], axis=0)
        wanted = averaged / np.linalg.norm(averaged)
        assert class_means(learner, [(0, images)])[0] == pytest.approx(wanted)
        assert class_mean(*parts) == pytest.approx(wanted)


def test_7_images_are_augmented_and_the_mean_image_is_subtracted():
    assert tiny_learner("official").augment is crop_and_flip
    assert tiny_learner("paper").augment is None
    start = find_start("scratch:resnet8")
    images = torch.randint(0, 256, (5, 1, 32, 32)).byte()
    mean = mean_of_images(images, start)
    torch.testing.assert_close(mean, images.float().mean(0), atol=1e-3, rtol=0)
    learner = new_learner(
        start,
        OFFICIAL,
        classes=4,
        memory=4,
        config=tiny_learner().config,
        channels=1,
        mean_image=mean,
    )
    prepared = learner.network.backbone.preparation(images)
    torch.testing.assert_close(prepared, (images.float() - mean) / 255, atol=1e-5, rtol=0)


def test_7_class_orders_come_from_one_generator_with_seed_1993():
    """The first order of iCIFAR-100 that all later papers repeat begins so."""
    first = class_order(100, 0, legacy_seed=OFFICIAL.order_seed).tolist()
    assert first[:10] == [68, 56, 78, 8, 23, 84, 90, 65, 74, 76]
    generator = np.random.RandomState(1993)
    generator.shuffle(np.arange(100))
    second = np.arange(100)
    generator.shuffle(second)
    assert class_order(100, 1, legacy_seed=1993).tolist() == second.tolist()
    assert class_order(100, 0).tolist() != first


@pytest.mark.parametrize(("name", "augmented"), [("official", True), ("paper", False)])
def test_8_the_old_network_sees_the_augmented_batch(name, augmented, monkeypatch):
    """The paper's q are computed once, for the images as they are."""
    stream, learner = tiny_stream(), tiny_learner(name, epochs=1, batch=100)
    learner.augment = lambda images, generator: images * 0
    incremental_train(learner, stream.steps[0])
    olds = []
    real = training.distillation_targets

    def spy(labels, fresh, old, **rest):
        """Keep the old network's scores."""
        olds.append(old)
        return real(labels, fresh, old, **rest)

    monkeypatch.setattr(training, "distillation_targets", spy)
    incremental_train(learner, stream.steps[1])
    assert olds[0].shape == (24, 2)
    assert (olds[0].std(dim=0).max() < 1e-6) == augmented, "all black images have equal scores"


def test_modern_is_softmax_with_temperature_2():
    variant = VARIANTS["modern"]
    assert (variant.loss, variant.temperature) == ("softmax", 2.0)
    stream, learner = tiny_stream(), tiny_learner("modern", epochs=20, learning_rate=0.1)
    for step in stream.steps[:2]:
        incremental_train(learner, step)
    images, labels = stream.until(1, "test")
    assert (learner.scores(learner.features(images)).argmax(1) == labels).mean() > 0.6
