"""Surgery on the smallest networks of six families, with random weights and two images."""

import copy
import warnings

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from benchmarks.learning.classifier import linear_head
from benchmarks.learning.listing import list_layers
from benchmarks.learning.resnet import resnet
from benchmarks.learning.surgery import (
    StoppedNetwork,
    borrow,
    keep_layers,
    remove_head,
    with_channels,
)
from benchmarks.learning.tracing import numbered_layers
from encoders.errors import InvalidNetworkError
from encoders.networks.zoo import import_torchvision

slow = pytest.mark.slow
FAMILIES = [
    # name, size, a layer by name, its shape for two images, number of layers
    ("resnet18", 64, "layer3", (2, 256, 4, 4), 10),
    ("mobilenet_v2", 32, "features.6", (2, 32, 4, 4), 33),
    pytest.param("vgg11", 32, "features.10", (2, 256, 4, 4), 11, marks=slow),
    pytest.param("inception_v3", 75, "Mixed_5b", (2, 256, 7, 7), 17, marks=slow),
    pytest.param("vit_b_32", 224, "encoder.layers.encoder_layer_1", (2, 50, 768), 26, marks=slow),
    pytest.param("efficientnet_b0", 32, "features.3", (2, 40, 4, 4), 39, marks=slow),
]


def model_of(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return import_torchvision().models.get_model(name, weights=None).eval()


@pytest.mark.parametrize(("name", "size", "layer", "shape", "count"), FAMILIES)
@torch.no_grad()
def test_layers_are_listed_kept_and_borrowed_in_any_network(name, size, layer, shape, count):
    model, images = model_of(name), torch.rand(2, 3, size, size)
    whole = model(images)
    by_name = keep_layers(model, layer)
    assert by_name(images).shape == shape
    listed = {one.name: one for one in list_layers(model, images)}
    assert listed[layer].shape == shape
    own = sum(p.numel() for p in model.get_submodule(layer).parameters())
    assert listed[layer].parameters == own
    assert len(numbered_layers(model)) == count
    first, rest = keep_layers(model, count // 2), borrow(model, count // 2, count)
    assert torch.equal(rest(first(images)), whole)
    kept = {id(p) for p in by_name.parameters()}
    assert kept < {id(p) for p in model.parameters()}  # shared, and fewer


def test_a_numbered_layer_of_a_residual_network_is_a_block():
    names = [layer.name.split(".relu")[0] for layer in numbered_layers(resnet(20))]
    blocks = [f"layer{stage}.{block}" for stage in (1, 2, 3) for block in (0, 1, 2)]
    assert names == ["relu", *blocks[:-1], "mean"]


def test_every_parameter_is_in_one_numbered_layer():
    model = resnet(8)
    names = [name for layer in numbered_layers(model) for name in layer.parameters]
    assert sorted(names) == sorted(dict(model.named_parameters()))


def test_kept_layers_have_both_modes_and_a_copy_keeps_them():
    class Dropping(nn.Module):
        """A network with functional dropout, whose code differs by mode."""

        def __init__(self):
            super().__init__()
            self.first, self.last = nn.Linear(50, 50), nn.Linear(50, 2)

        def forward(self, x):
            return self.last(F.dropout(self.first(x), 0.5, training=self.training))

    model = Dropping().train()
    kept = keep_layers(model, "dropout")
    images = torch.ones(1, 50)
    for network in (kept, copy.deepcopy(kept)):
        assert (network.train()(images) == 0).any()
        assert torch.equal(network.eval()(images), model.first(images))


class Branching(nn.Module):
    """A network that torch.fx cannot trace."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(4, 3), nn.Linear(3, 2)

    def forward(self, x):
        """Branch on the values of the input."""
        x = self.first(x)
        return self.last(x) if x.sum() > 0 else self.last(-x)


def test_a_network_that_cannot_be_traced_keeps_layers_by_name():
    model, images = Branching(), torch.rand(2, 4)
    kept = keep_layers(model, "first")
    assert isinstance(kept, StoppedNetwork)
    assert torch.equal(kept(images), model.first(images))
    assert [one.number for one in list_layers(model, images)] == [None, None]
    with pytest.raises(InvalidNetworkError, match=r"cannot trace Branching .*; name a layer of it"):
        keep_layers(model, 1)
    with pytest.raises(InvalidNetworkError, match=r"no layer 'firts' .*; there are first, last"):
        keep_layers(model, "firts")


@pytest.mark.parametrize(
    ("keep", "words"),
    [
        (9, "layer 9 of SmallResNet, expected 1 to 4; `list_layers`"),
        ("layer9", "no layer 'layer9'; there are conv1, bn1, layer1, layer2, layer3 and what"),
    ],
)
def test_an_unknown_layer_is_refused(keep, words):
    with pytest.raises(InvalidNetworkError, match=words):
        keep_layers(resnet(8), keep)


def test_a_stretch_from_within_a_block_is_refused():
    with pytest.raises(InvalidNetworkError, match=r"after 'layer1.0.conv1' until .* need more"):
        borrow(resnet(8), "layer1.0.conv1", "layer2")


def test_a_borrowed_stretch_trains_within_ones_own_module():
    source = resnet(8)
    own = nn.Sequential(nn.Conv2d(5, 16, 1), borrow(source, 1, 2), nn.Flatten(), nn.LazyLinear(2))
    own(torch.rand(2, 5, 8, 8)).sum().backward()
    assert source.layer1[0].conv1.weight.grad is not None
    assert source.layer2[0].conv1.weight.grad is None


def test_removing_the_head_leaves_the_features():
    model, images = model_of("squeezenet1_1"), torch.rand(2, 3, 40, 40)
    head = remove_head(model, images)
    assert isinstance(head, nn.Conv2d)
    assert model(images).shape == (2, 512)
    with pytest.raises(InvalidNetworkError, match="ReLU has no linear layer or convolution"):
        remove_head(nn.ReLU(), images)


@torch.no_grad()
def test_a_new_first_layer_answers_gray_as_the_old_one_answers_gray_in_three_channels():
    model = resnet(8).eval()
    gray = torch.rand(2, 1, 32, 32)
    before = model(gray.expand(-1, 3, -1, -1))
    assert torch.allclose(with_channels(model, 1)(gray), before, atol=1e-5)
    assert model.conv1.in_channels == 1
    five = with_channels(resnet(8), 5, initial="random", seed=3)
    assert five.conv1.weight.shape == (16, 5, 3, 3)
    assert five(torch.rand(1, 5, 32, 32)).shape == (1, 64)
    with pytest.raises(InvalidNetworkError, match="Linear has no convolution to replace"):
        with_channels(nn.Linear(2, 2), 1)


def test_a_linear_head_depends_on_its_seed():
    heads = [linear_head(4, 3, seed=seed).weight for seed in (1, 1, 2)]
    assert torch.equal(heads[0], heads[1])
    assert not torch.equal(heads[0], heads[2])
