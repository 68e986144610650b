"""Starting networks by name: from scratch, a bank, torchvision, timm, or a package of weights."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import torch
from torch import nn

from benchmarks.learning import resnet
from benchmarks.learning.classifier import Backbone, BankLayers, Gray, Preparation
from benchmarks.learning.lenet import lenet
from benchmarks.learning.surgery import keep_layers, remove_head, with_channels
from benchmarks.learning.tracing import numbered_layers
from encoders.bank.pretrained import SUFFIX, default_bank, load, network_file
from encoders.errors import InvalidDataError, InvalidNetworkError, UnknownNameError
from encoders.networks import PRESETS
from encoders.networks.encoder import Encoder
from encoders.networks.lite0 import LITE0_STATISTICS, lite0_file, lite0_network
from encoders.networks.zoo import IMAGENET, import_timm, seeded_model
from encoders.tasks.names import known_name
from encoders.training.checkpoint import read_config

HALF = ((0.5,) * 3, (0.5,) * 3)
NAMED_SIZE = 224
SIZES = {"torchvision:inception_v3": 299}
"""Image sizes of the models of torchvision that are not of `NAMED_SIZE` pixels."""

Layers = tuple[nn.Module, nn.Module | None]
"""A network without its classifier, and the classifier if it has one."""


@dataclass(frozen=True)
class Start:
    """A network from which training starts.

    Attributes
    ----------
    name : str
        Such as ``scratch:resnet20`` or ``lite0``.
    size : int
        Side in pixels to which images are resized.
    mean, std : tuple of float
        Normalization of the channels in [0, 1].
    make : callable
        From a seed and a number of channels to the network's layers and its old classifier.
    pretrained : bool
        Whether its weights were trained; others depend on the seed.
    channels : int
        Channels of the images for which the weights are.
    any_channels : bool
        Whether ``make`` builds the network for any number of channels.
    gray : str
        How color images become one channel, see `Preparation`.
    """

    name: str
    size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    make: Callable[[int, int], Layers]
    pretrained: bool
    channels: int = 3
    any_channels: bool = False
    gray: Gray = "luma"

    def build(
        self, *, seed: int = 0, keep: int | str | None = None, channels: int | None = None
    ) -> Backbone:
        """Make the network, without its classifier.

        Parameters
        ----------
        seed : int
            Draws weights that are not trained.
        keep : int or str, optional
            Keep the layers up to this one, by number or name (`keep_layers`).
        channels : int, optional
            Channels of the network's input; another number than the start's gives it a new first
            layer (`with_channels`). By default gray images are repeated in all channels.

        Raises
        ------
        InvalidNetworkError
            If there is no such layer, or weights do not fit.
        """
        wanted = self.channels if channels is None else channels
        layers, _ = self.make(seed, wanted if self.any_channels else self.channels)
        if not self.any_channels:
            layers = with_channels(layers, wanted, seed=seed)
        if keep is not None:
            layers = keep_layers(layers, keep)
        preparation = Preparation(self.size, self.mean, self.std, channels=wanted, gray=self.gray)
        return Backbone(preparation, layers)

    def old_head(self, *, seed: int = 0) -> nn.Module | None:
        """Return the classifier or decoder with which the start was trained; None without one.

        It takes what `Backbone.layers` returns, for a bank's decoder what its ``encoder`` does.
        """
        return self.make(seed, self.channels)[1]

    def at(self, size: int) -> Start:
        """Return the same start for images of another size."""
        return replace(self, size=size)


def find_start(
    name: str, *, weights: str | Path | None = None, bank: str | Path | None = None
) -> Start:
    """Return a start by its name.

    Parameters
    ----------
    name : str
        ``lite0``; or a kind of `KINDS` and a name: ``scratch:lenet``, ``scratch:resnet20``,
        ``bank:normals``, ``torchvision:resnet18``, ``timm:resnet18``.
    weights : str or path, optional
        For a model of torchvision or timm: a local file of its ``state_dict``, "random", or a name
        from the package's registry, which is downloaded.
    bank : path, optional
        Folder of the bank; by default the one that comes with the library.

    Raises
    ------
    UnknownNameError
        If there is no such start.
    InvalidNetworkError, InvalidDataError
        If its weights are missing or do not fit.
    MissingPackageError
        If the package that it needs is not installed.
    """
    kind, _, rest = name.partition(":")
    if kind not in KINDS or bool(rest) == (kind == "lite0"):
        raise UnknownNameError(f"no start {name!r}; expected {', '.join(FORMS.values())}")
    if weights is not None and kind not in ("torchvision", "timm"):
        raise InvalidNetworkError(f"{name} has its own weights; leave out --weights")
    if bank is not None and kind != "bank":
        raise InvalidNetworkError(f"{name} is not from a bank; leave out --bank")
    return KINDS[kind](rest, weights, bank)


def module_start(
    module: nn.Module,
    *,
    size: int,
    mean: tuple[float, ...] = (0.0,) * 3,
    std: tuple[float, ...] = (1.0,) * 3,
    channels: int = 3,
    name: str = "module",
    has_head: bool = False,
) -> Start:
    """Return a module of one's own as a start; every build copies it.

    Parameters
    ----------
    module : torch.nn.Module
        Maps (B, channels, size, size) to (B, D), tokens or maps.
    size, mean, std, channels, name
        As in `Start`. The default normalization gives the module numbers in [0, 1].
    has_head : bool
        Whether its last layer is a classifier, which is then left out.
    """

    def make(_seed: int, _channels: int) -> Layers:
        """Return a copy of the module."""
        layers = copy.deepcopy(module)
        head = remove_head(layers, torch.zeros(1, channels, size, size)) if has_head else None
        return layers, head

    return Start(name, size, mean, std, make, True, channels)


def _scratch(name: str, _weights: Any, _bank: Any) -> Start:
    """Return an untrained small network."""
    if name not in SCRATCH:
        raise UnknownNameError(f"no network scratch:{name}; expected {', '.join(SCRATCH)}")
    size, mean, std, make = SCRATCH[name]
    return Start(
        f"scratch:{name}",
        size,
        mean,
        std,
        lambda seed, channels: (make(channels, seed), None),
        False,
        1 if name == "lenet" else 3,
        any_channels=True,
    )


def _resnet_maker(depth: int) -> Callable[[int, int], nn.Module]:
    """Return the function that makes the residual network of a depth."""
    return lambda channels, seed: resnet.resnet(depth, channels, seed=seed)


SCRATCH: Mapping[str, tuple[int, Any, Any, Callable[[int, int], nn.Module]]] = MappingProxyType(
    {
        "lenet": (28, *HALF, lambda channels, seed: lenet(channels, seed=seed)),
        **{f"resnet{depth}": (32, *IMAGENET, _resnet_maker(depth)) for depth in resnet.DEPTHS},
    }
)
"""Networks from scratch: image size, mean, deviation, and what makes them."""


def _bank(name: str, _weights: Any, bank: str | Path | None) -> Start:
    """Return the encoder of a task of a bank."""
    task = known_name(name)
    folder = default_bank() if bank is None else Path(bank)
    if not (folder / (task + SUFFIX)).is_file():
        trained = ", ".join(sorted(path.stem for path in folder.glob("*" + SUFFIX)))
        raise InvalidDataError(
            f"{folder} has no network of {task}; it has {trained or 'none at all'}. Train it with "
            f"`taskgraph train --tasks {task} -o {folder}`, or name another folder with --bank"
        )
    record = read_config(network_file(folder, task))
    size = int(record.get("size", PRESETS[record["preset"]].size))

    def make(_seed: int, _channels: int) -> Layers:
        """Return the task's encoder and decoder, ready to be trained."""
        network = load(task, folder).requires_grad_(True).train()
        return BankLayers(cast(Encoder, network.encoder)), network.decoder

    channels = int(record.get("channels", 3))
    return Start(f"bank:{task}", size, *HALF, make, task != "random", channels, gray="lightness")


def _from(package: str) -> Callable[[str, Any, Any], Start]:
    """Return what finds models of torchvision or timm."""

    def find(name: str, weights: str | Path | None, _bank: Any) -> Start:
        """Return a model by its name; it is made once, which checks its weights."""
        full = f"{package}:{name}"
        first, (mean, std) = seeded_model(full, weights, 0)
        config = getattr(first, "pretrained_cfg", {})
        size = int(config.get("input_size", (3, SIZES.get(full, NAMED_SIZE)))[-1])

        def make(seed: int, _channels: int) -> Layers:
            """Return the model without its last layer, and that layer."""
            random = weights == "random"
            model = seeded_model(full, weights, seed)[0] if random else copy.deepcopy(first)
            head = remove_head(model, torch.zeros(1, 3, size, size))
            if getattr(model, "aux_logits", False):  # has further outputs in training
                model = keep_layers(model, numbered_layers(model)[-1].name)
            return model, head

        return Start(full, size, mean, std, make, weights != "random")

    return find


def _lite0(_name: str, _weights: Any, _bank: Any) -> Start:
    """Return EfficientNet-Lite0 trained on ImageNet."""
    file = lite0_file()
    import_timm()

    def make(_seed: int, _channels: int) -> Layers:
        """Return the network of timm with the weights of the package, and its classifier."""
        network = lite0_network(file)
        return network, remove_head(network, torch.zeros(1, 3, 32, 32))

    return Start("lite0", NAMED_SIZE, *LITE0_STATISTICS, make, True)


KINDS: Mapping[str, Callable[[str, Any, Any], Start]] = MappingProxyType(
    {
        "scratch": _scratch,
        "bank": _bank,
        "torchvision": _from("torchvision"),
        "timm": _from("timm"),
        "lite0": _lite0,
    }
)
"""What finds a start of each kind, from the name after the colon, the weights and the bank."""

FORMS = {
    "scratch": "scratch:NETWORK",
    "bank": "bank:TASK",
    "torchvision": "torchvision:MODEL",
    "timm": "timm:MODEL",
    "lite0": "lite0",
}
"""How a start of each kind is written."""
