"""Read-outs: shapes, statistics, shared weights, and what they can learn."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from encoders.networks import OutputSpec
from encoders.networks.readout import SPREAD, ReadOut, Standardize, Streams


def readout(output=None, **options):
    output = output or OutputSpec("pixels", 2)
    return ReadOut("tiny", output, generator=torch.Generator().manual_seed(0), **options)


@pytest.mark.parametrize("order", [1, 2, 5])
def test_representations_of_k_sources_become_the_targets_output(order):
    images = torch.randn(3, 8 * order, 16, 16)
    assert readout(channels=8 * order)(images).shape == (3, 2, 64, 64)
    vector = readout(OutputSpec("vector", 6), channels=8 * order, inputs=2)
    assert vector(torch.randn(3, 2 * 8 * order, 16, 16)).shape == (3, 6)


def test_standardizing_uses_the_observed_numbers_and_clips():
    values = np.random.default_rng(0).normal(3, 2, (50, 4, 8, 8)).astype(np.float32)
    values[:, 1] = 7  # a dead channel
    layer = Standardize(4)
    layer.observe(torch.from_numpy(values))
    found = layer(torch.from_numpy(values)).numpy()
    alive = [0, 2, 3]
    np.testing.assert_allclose(found[:, alive].mean((0, 2, 3)), 0, atol=1e-3)
    np.testing.assert_allclose(found[:, alive].std((0, 2, 3)), 1, atol=1e-2)
    np.testing.assert_array_equal(found[:, 1], 0)
    assert layer(torch.full((1, 4, 1, 1), 1e6)).max() == SPREAD


def test_a_picture_is_read_alike_wherever_it_stands_and_whoever_its_neighbors_are():
    model = readout(OutputSpec("vector", 6), inputs=2).eval()
    first, second = torch.randn(2, 1, 8, 16, 16)
    pair = torch.cat([first, second], dim=1)
    both = model(torch.cat([pair, torch.randn(4, 16, 16, 16)]))
    torch.testing.assert_close(both[:1], model(pair), rtol=1e-4, atol=1e-5)
    seen = []
    model.joined.register_forward_hook(lambda _m, _i, output: seen.append(output))
    model(pair), model(torch.cat([second, first], dim=1))
    torch.testing.assert_close(seen[0], seen[1].flip(0), rtol=1e-4, atol=1e-5)


def halves(layers):
    """Two streams of plain layers with the weights of the two halves of `Streams`."""
    streams = []
    for first in (True, False):
        stream = copy.deepcopy(layers)
        for number, layer in enumerate(stream):
            if number % 3 == 1:
                continue
            rows = (
                slice(None, len(layer.weight) // 2)
                if first
                else slice(len(layer.weight) // 2, None)
            )
            if number % 3 == 0:
                inputs, outputs = layer.weight.shape[1], len(layer.weight) // 2
                plain = nn.Conv2d(inputs, outputs, 3, padding=1)
            else:
                plain = nn.BatchNorm2d(len(layer.weight) // 2)
            with torch.no_grad():
                plain.weight.copy_(layer.weight[rows])
                plain.bias.copy_(layer.bias[rows])
            stream[number] = plain
        streams.append(nn.Sequential(*stream))
    return streams


def test_both_streams_in_one_are_two_plain_streams_side_by_side():
    """Outputs, gradients of the input, and running statistics, against two separate streams."""
    torch.manual_seed(0)
    both = Streams(8)
    streams = halves(both)
    ours, theirs = (torch.randn(4, 8, 16, 16) for _ in range(2))
    theirs.copy_(ours)
    ours.requires_grad_(), theirs.requires_grad_()
    found, wanted = both(ours), torch.cat([stream(theirs) for stream in streams], dim=1)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)
    weights = torch.randn_like(found)
    (found * weights).sum().backward(), (wanted * weights).sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-3, atol=1e-4)
    for number in (2, 5):
        means = torch.cat([stream[number].running_mean for stream in streams])
        torch.testing.assert_close(both[number].running_mean, means, rtol=1e-4, atol=1e-6)


def test_the_two_streams_differ_and_the_seed_fixes_both():
    ours, again = readout(), readout()
    other = ReadOut("tiny", OutputSpec("pixels", 2), generator=torch.Generator().manual_seed(1))
    first, second = ours.streams[0].weight.chunk(2)
    assert not torch.equal(first, second)
    assert torch.equal(ours.streams[0].weight, again.streams[0].weight)
    assert not torch.equal(first, other.streams[0].weight.chunk(2)[0])


def test_building_one_leaves_the_global_random_numbers_alone():
    torch.manual_seed(0)
    wanted = torch.rand(1)
    torch.manual_seed(0)
    readout()
    assert torch.equal(torch.rand(1), wanted)
