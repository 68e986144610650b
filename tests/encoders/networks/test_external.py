"""Encoders outside the bank: any layer of any module, models by name, and fewer channels."""

import importlib.util
import subprocess
import sys
import time
import urllib.error

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from encoders.errors import UnknownNameError  # noqa: E402
from encoders.networks import (  # noqa: E402
    EncoderDecoder,
    InvalidNetworkError,
    MissingPackageError,
    OutputSpec,
    decoder,
    downloads,
    encoder,
    external,
    fit_projection,
    import_torchvision,
    zoo,
)
from encoders.networks.layers import layer_shapes  # noqa: E402

needs_torchvision = pytest.mark.skipif(
    importlib.util.find_spec("torchvision") is None, reason="torchvision is not installed"
)


def pictures(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


class Small(nn.Module):
    """A convolutional classifier whose last layers refuse to run."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 5, 3, 2, 1)
        self.second = nn.Sequential(nn.BatchNorm2d(5), nn.Conv2d(5, 7, 3, 2, 1))
        self.act = nn.ReLU()

    def forward(self, x):
        x = self.act(self.second(self.act(self.first(x))))
        raise AssertionError("layers behind the kept one must not run")


class Conv80(nn.Module):
    """80 tokens of 64 numbers."""

    def forward(self, x):
        return x.flatten(2).reshape(len(x), -1, 64)[:, :80]


def small():
    torch.manual_seed(0)
    return Small()


def test_a_layer_inside_is_reached_and_nothing_behind_it_runs():
    module = small()
    wrapped = external(module, keep="second")
    images = pictures(2, 3, 64, 64)
    module.eval()
    expected = module.second(module.act(module.first(images)))
    assert wrapped.features == 7
    torch.testing.assert_close(wrapped(images), expected)
    assert not any(layer._forward_hooks for layer in module.modules())


@pytest.mark.parametrize("size", [16, 32, 48, 128])
def test_the_grid_is_16_by_16_at_any_size(size):
    wrapped = external(small(), keep="first")
    assert wrapped(pictures(2, 3, size, size)).shape == (2, 5, 16, 16)


def test_a_frozen_network_neither_learns_nor_changes_its_statistics():
    wrapped = external(small(), keep="second").train()
    before = {name: value.clone() for name, value in wrapped.state_dict().items()}
    net = EncoderDecoder(wrapped, decoder("tiny", OutputSpec("vector", 3), features=7)).train()
    optimizer = torch.optim.SGD([p for p in net.parameters() if p.requires_grad], lr=1.0)
    net(pictures(4, 3, 32, 32)).square().sum().backward()
    optimizer.step()
    assert all(wrapped.state_dict()[name].equal(value) for name, value in before.items())


def test_a_network_that_is_not_frozen_learns():
    wrapped = external(small(), keep="second", frozen=False).train()
    wrapped(pictures(4, 3, 32, 32)).square().sum().backward()
    assert wrapped.module.first.weight.grad.abs().max() > 0
    assert wrapped.module.second[0].running_mean.abs().max() > 0


def test_building_leaves_a_modules_mode_and_statistics():
    module = small().train()
    module.second[0].eval()
    external(module, keep="second", frozen=False)
    assert module.training
    assert module.second[0].running_mean.abs().max() == 0


def test_pictures_are_normalized_as_the_network_was_trained():
    wrapped = external(nn.Identity(), normalize="imagenet")
    images = pictures(1, 3, 16, 16)
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    expected = ((images.numpy() * 0.5 + 0.5) - mean[:, None, None]) / std[:, None, None]
    np.testing.assert_allclose(wrapped(images).numpy(), expected, atol=1e-6)
    plain = external(nn.Identity())
    assert plain(images).equal(images)


def test_tokens_become_places_and_class_tokens_are_left_out():
    class Tokens(nn.Module):
        def forward(self, x):
            places = nn.functional.avg_pool2d(x, 4).flatten(2).mT  # (B, 256, 3)
            return torch.cat([torch.full_like(places[:, :1], 99.0), places], 1)

    images = pictures(2, 3, 64, 64)
    found = external(Tokens())(images)
    torch.testing.assert_close(found, nn.functional.avg_pool2d(images, 4))


def test_other_layouts():
    class Last(nn.Module):
        def forward(self, x):
            return x.movedim(1, 3)

    class Pooled(nn.Module):
        def forward(self, x):
            return x.mean((2, 3))

    images = pictures(2, 3, 16, 16)
    assert external(Last(), layout="NHWC", probe=16)(images).equal(images)
    pooled = external(Pooled())(images)
    torch.testing.assert_close(pooled, images.mean((2, 3))[:, :, None, None].expand(-1, -1, 16, 16))


# --- fewer channels


def test_a_random_projection_is_orthonormal_fixed_by_its_seed_and_linear():
    images = pictures(2, 3, 64, 64)
    one, two, other = (external(small(), keep="second", channels=4, seed=s) for s in (1, 1, 2))
    assert one.features == 4
    torch.testing.assert_close(one.projection.matrix @ one.projection.matrix.mT, torch.eye(4))
    assert one(images).equal(two(images))
    assert not one(images).equal(other(images))
    expected = torch.einsum("kc,bchw->bkhw", one.projection.matrix, one.raw(images))
    torch.testing.assert_close(one(images), expected)


def test_random_subspaces_have_no_preferred_direction():
    rows = torch.cat([zoo_free_projection(seed) for seed in range(400)])
    # A uniform direction in 5 dimensions: mean 0, second moments 1/5 of the identity.
    assert rows.mean(0).abs().max() < 5 * (0.2 / len(rows)) ** 0.5
    assert (rows.mT @ rows / len(rows) - torch.eye(5) / 5).abs().max() < 0.04


def zoo_free_projection(seed):
    from encoders.networks.projection import random_projection

    return random_projection(5, 2, seed).matrix


def test_principal_components_equal_numpys():
    wrapped = external(small(), keep="second")
    batches = [pictures(3, 3, 64, 64, seed=s) for s in range(3)]
    fitted = fit_projection(wrapped, batches, 3)
    points = np.concatenate(
        [wrapped.raw(b).double().movedim(1, -1).reshape(-1, 7).numpy() for b in batches]
    )
    _, _, rows = np.linalg.svd(points - points.mean(0), full_matrices=False)
    rows = rows[:3] * np.sign(rows[np.arange(3), np.abs(rows[:3]).argmax(1)])[:, None]
    np.testing.assert_allclose(fitted.projection.matrix.numpy(), rows, atol=1e-4)
    found = fitted(batches[0]).movedim(1, -1).reshape(-1, 3).numpy()
    np.testing.assert_allclose(found, (points[: len(found)] - points.mean(0)) @ rows.T, atol=1e-4)
    assert (fitted.features, wrapped.features, wrapped.projection) == (3, 7, None)
    assert fitted.module is wrapped.module


def test_a_projection_is_saved_with_the_weights():
    one, two = (external(small(), keep="second", channels=4, seed=s) for s in (1, 2))
    two.load_state_dict(one.state_dict())
    images = pictures(2, 3, 64, 64)
    assert one(images).equal(two(images))


def test_our_own_encoder_can_be_wrapped():
    ours = encoder("tiny")
    images = pictures(1, 3, 64, 64)
    wrapped = external(ours)
    assert wrapped.features == 8
    assert wrapped(images).equal(ours(images))
    assert external(ours, keep="trunk.layer2").features == 80


# --- by name


@needs_torchvision
@pytest.mark.parametrize(
    ("name", "size", "kept", "features"),
    [
        ("resnet18", None, "layer4", 512),
        ("torchvision:mobilenet_v3_small", None, "features", 576),
        ("vit_b_32", 224, "encoder", 768),
        ("swin_t", None, "permute", 768),
    ],
)
def test_torchvision_models_by_name_keep_their_last_map(name, size, kept, features):
    wrapped = external(name, weights="random", size=size)
    assert (wrapped.kept, wrapped.features) == (kept, features)
    assert wrapped.normalize == zoo.IMAGENET
    assert wrapped(pictures(1, 3, 64, 64)).shape == (1, features, 16, 16)


@needs_torchvision
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # timm's, at its import
@pytest.mark.skipif(importlib.util.find_spec("timm") is None, reason="timm is not installed")
@pytest.mark.parametrize(
    ("name", "size", "kept", "features"),
    [("timm:resnet18", None, "layer4", 512), ("timm:vit_tiny_patch16_224", 224, "norm", 192)],
)
def test_timm_models_by_name_keep_their_last_map(name, size, kept, features):
    wrapped = external(name, weights="random", size=size)
    assert (wrapped.kept, wrapped.features) == (kept, features)
    assert wrapped.normalize[0] == wrapped.module.pretrained_cfg["mean"]
    assert wrapped(pictures(1, 3, 64, 64)).shape == (1, features, 16, 16)


@needs_torchvision
def test_a_models_weights_come_from_a_file(tmp_path):
    models = import_torchvision().models
    reference = models.resnet18(weights=None).eval()
    torch.save(reference.state_dict(), tmp_path / "plain.pth")
    torch.save({"state_dict": reference.state_dict(), "epoch": 3}, tmp_path / "nested.pth")
    images = pictures(1, 3, 64, 64)
    by_hand = external(reference, keep="layer2", normalize="imagenet")(images)
    for file in ("plain.pth", "nested.pth"):
        wrapped = external("resnet18", keep="layer2", weights=tmp_path / file)
        torch.testing.assert_close(wrapped(images), by_hand)
    with pytest.raises(InvalidNetworkError, match=r"plain\.pth does not fit the model"):
        external("resnet34", weights=tmp_path / "plain.pth")


def test_safetensors_are_read(tmp_path):
    safetensors = pytest.importorskip("safetensors.torch")
    safetensors.save_file(small().state_dict(), tmp_path / "small.safetensors")
    state = zoo.read_state(tmp_path / "small.safetensors")
    assert all(state[name].equal(value) for name, value in small().state_dict().items())


def test_a_file_that_runs_code_is_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return (print, ("run",))

    torch.save(Evil(), tmp_path / "evil.pth")
    with pytest.raises(InvalidNetworkError, match="might run code when it is read"):
        zoo.read_state(tmp_path / "evil.pth")


@pytest.mark.slow
@needs_torchvision
def test_torchvision_imports_and_classifies_in_a_fresh_process():
    """It does so whether or not torchvision's operators load, and a second time too."""
    code = (
        "import torch, warnings; warnings.simplefilter('error');"
        "from encoders.networks import import_torchvision as load;"
        "a = load(); b = load(); assert a is b;"
        "print(sum(p.numel() for p in a.models.resnet18(weights=None).parameters()))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stdout == "11689512\n", run.stderr


def fake_torchvision(tmp_path, body):
    """A package of that name that fails at import as ``body`` says, in a fresh process."""
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision" / "__init__.py").write_text("from . import inner\nfine = True\n")
    (tmp_path / "torchvision" / "inner.py").write_text("import torch\n" + body)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r});"
        "from encoders.networks import import_torchvision as load; print(load().fine)"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_missing_operators_are_mended(tmp_path):
    run = fake_torchvision(
        tmp_path,
        "for name in ('nms', 'qnms'):\n"
        "    torch.library.register_fake(f'torchvision::{name}')(lambda *given: None)\n",
    )
    assert run.stdout == "True\n", run.stderr


def test_other_failures_of_torchvision_are_not_hidden(tmp_path):
    run = fake_torchvision(tmp_path, "raise RuntimeError('the disk is full')\n")
    assert "the disk is full" in run.stderr
    assert run.returncode == 1


# --- errors


@pytest.fixture
def nothing_installed(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


@pytest.mark.usefixtures("nothing_installed")
@pytest.mark.parametrize(
    ("name", "weights", "message"),
    [
        ("resnet18", "random", r"needs torchvision, which is not installed: .*-e '\.\[train\]'$"),
        ("timm:resnet18", "random", r"needs timm, which is not installed: .*-e '\.\[bench\]'$"),
    ],
)
def test_a_missing_package_is_named(name, weights, message):
    with pytest.raises(MissingPackageError, match=message):
        external(name, weights=weights)


@pytest.mark.usefixtures("nothing_installed")
def test_missing_safetensors_is_named(tmp_path):
    message = r"x\.safetensors needs safetensors, which is not installed: .*-e '\.\[train\]'$"
    with pytest.raises(MissingPackageError, match=message):
        zoo.read_state(tmp_path / "x.safetensors")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: external(nn.Conv2d(3, 4, 3), keep="layer9"), "no layer 'layer9'"),
        (lambda: external(small(), keep="secnd"), "no layer 'secnd'; there are second"),
        (lambda: external(small(), keep="second", channels=9), "7 channels cannot be reduced to 9"),
        (lambda: external(small(), keep="second", weights="x"), "is for a model given by name"),
        (lambda: external("resnet18"), "say which weights 'resnet18' shall have"),
        (lambda: external(nn.Flatten(0)), r"the layer's output \(\(12288,\)\) is not a map"),
        (lambda: external(nn.Flatten(2), layout="NCHW"), "take layout='tokens'"),
        (lambda: external(Conv80(), probe=64), "80 tokens are no square number of places"),
        (lambda: fit_projection(external(nn.Identity()), [], 2), "at least one batch of pictures"),
    ],
)
def test_misuse_is_told(call, message):
    with pytest.raises(InvalidNetworkError, match=message):
        call()


def test_a_layer_that_never_runs_is_told():
    module = nn.Sequential(nn.Conv2d(3, 4, 3))
    module[0].add_module("idle", nn.Identity())
    with pytest.raises(InvalidNetworkError, match=r"does not pass through the layer '0\.idle'"):
        external(module, keep="0.idle")


def test_a_networks_own_failure_comes_through():
    with pytest.raises(AssertionError, match="must not run"):
        external(small(), keep="")


@needs_torchvision
@pytest.mark.parametrize(
    ("name", "weights", "error", "message"),
    [
        ("torchvision:resnet19", "random", UnknownNameError, "no classification model 'resnet19'"),
        ("hub:resnet18", "random", UnknownNameError, "no models of 'hub'; choose torchvision or"),
        ("resnet18", "lost.pth", InvalidNetworkError, "neither a file nor in the registry, which"),
        ("vit_b_32", "random", AssertionError, "Wrong image height"),
    ],
)
def test_wrong_names_are_told(name, weights, error, message):
    with pytest.raises(error, match=message):
        external(name, weights=weights)


def test_layers_that_run_twice_are_not_offered():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.act = nn.Conv2d(3, 3, 1), nn.ReLU()

        def forward(self, x):
            return self.act(self.conv(self.act(x)))

    assert layer_shapes(Twice(), pictures(1, 3, 8, 8)) == {"conv": (1, 3, 8, 8)}


def test_weights_that_cannot_be_downloaded_are_one_line(monkeypatch):
    pytest.importorskip("torchvision")

    def offline(*_, **__):
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr("torch.hub.download_url_to_file", offline)
    monkeypatch.setattr("torch.hub.load_state_dict_from_url", offline)
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", offline)
    for weights in ("DEFAULT", "IMAGENET1K_V1"):
        message = (
            rf"the weights '{weights}' of 'resnet18' cannot be downloaded \(URLError: Name or "
            r"service not known\); .* give the local file \(--weights FILE.pth"
        )
        with pytest.raises(InvalidNetworkError, match=message) as told:
            external("resnet18", weights=weights)
        assert "\n" not in str(told.value)


def test_without_a_network_timm_does_not_try_again_and_again(monkeypatch, tmp_path):
    """Five attempts of huggingface_hub take a minute."""
    pytest.importorskip("timm")
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(downloads.urllib.request, "getproxies", dict)

    def unknown(*_, **__):
        raise OSError("Name or service not known")

    monkeypatch.setattr(downloads.socket, "getaddrinfo", unknown)
    begin = time.monotonic()
    with pytest.raises(InvalidNetworkError, match="cannot be downloaded"):
        external("timm:resnet18", weights="DEFAULT")
    assert time.monotonic() - begin < 20
    assert not constants.HF_HUB_OFFLINE
    monkeypatch.setattr(downloads.urllib.request, "getproxies", lambda: {"https": "proxy"})
    assert downloads.has_address("https://nowhere.invalid"), "the proxy looks it up"


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_a_file_that_holds_no_weights_is_named(tmp_path, suffix):
    pytest.importorskip("torchvision")
    path = tmp_path / f"a.{suffix}"
    for content in (b"", b"no weights at all", bytes(100)):
        path.write_bytes(content)
        message = rf"{path} is not a complete file of weights \("
        with pytest.raises(InvalidNetworkError, match=message):
            external("resnet18", weights=path)
    if suffix == "pth":
        for value in ([1, 2], {"epoch": 3}):
            torch.save(value, path)
            with pytest.raises(InvalidNetworkError, match="holds no state_dict, expected tensors"):
                external("resnet18", weights=path)
