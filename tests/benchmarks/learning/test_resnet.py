"""Residual networks of He et al. and LeNet: their published numbers of parameters, their steps."""

import pytest
import torch
from torch.nn import functional as F

from benchmarks.learning.lenet import lenet, lenet_head
from benchmarks.learning.resnet import resnet
from encoders.errors import InvalidNetworkError

COUNTS = {20: 269_722, 32: 464_154, 44: 658_586, 56: 853_018, 110: 1_727_962, 1202: 19_421_274}
"""Published numbers of parameters with a classifier of 10 classes."""


@pytest.mark.parametrize("depth", [*[*COUNTS][:-1], pytest.param(1202, marks=pytest.mark.slow)])
def test_the_parameters_are_as_many_as_published(depth):
    with torch.device("meta"):
        model = resnet(depth)
    assert sum(p.numel() for p in model.parameters()) + 64 * 10 + 10 == COUNTS[depth]


def test_a_shortcut_takes_every_other_pixel_and_pads_channels_with_zeros_on_both_sides():
    block = resnet(8).eval().layer2[0]
    for parameter in block.bn2.parameters():
        parameter.data.zero_()  # the branch is zero
    maps = torch.rand(2, 16, 8, 8)
    output = block(maps)
    assert torch.equal(output[:, 8:24], maps[:, :, ::2, ::2])
    assert not output[:, :8].any()
    assert not output[:, 24:].any()


def test_features_may_be_negative_only_without_the_final_relu():
    images = torch.randn(8, 3, 32, 32)
    assert (resnet(8)(images) >= 0).all()
    assert (resnet(8, final_relu=False)(images) < 0).any()
    assert resnet(8, final_relu=False)(images).shape == (8, 64)


def test_depths_are_6_n_plus_2():
    with pytest.raises(InvalidNetworkError, match=r"of 18 layers, expected 6 n \+ 2: 8, 20"):
        resnet(18)


def test_weights_depend_on_the_seed_alone():
    states = [resnet(8, seed=seed).state_dict() for seed in (1, 1, 2)]
    assert torch.equal(states[0]["conv1.weight"], states[1]["conv1.weight"])
    assert not torch.equal(states[0]["conv1.weight"], states[2]["conv1.weight"])


@pytest.mark.slow
def test_a_step_of_the_network_of_110_layers_lowers_the_loss():
    model, head = resnet(110), torch.nn.Linear(64, 10)
    images, labels = torch.randn(4, 3, 32, 32), torch.arange(4)
    optimizer = torch.optim.SGD([*model.parameters(), *head.parameters()], lr=0.01)
    losses = []
    for _ in range(2):
        loss = F.cross_entropy(head(model(images)), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[1] < losses[0]


def test_lenet_has_the_layers_of_dann():
    model, head = lenet(3), lenet_head(10)
    features = model(torch.rand(2, 3, 28, 28))
    assert features.shape == (2, 768)
    assert head(features).shape == (2, 10)
    count = (3 * 25 + 1) * 32 + (32 * 25 + 1) * 48
    assert sum(p.numel() for p in model.parameters()) == count
    assert sum(p.numel() for p in head.parameters()) == 769 * 100 + 101 * 100 + 101 * 10
