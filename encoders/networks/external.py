"""Encoders from elsewhere: any module, or a torchvision or timm model by name."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from encoders.errors import InvalidNetworkError
from encoders.networks.blocks import to_grid
from encoders.networks.layers import as_map, last_map, output_of
from encoders.networks.projection import Projection, principal_projection, random_projection
from encoders.networks.zoo import IMAGENET, named

Layout = Literal["auto", "NCHW", "NHWC", "tokens"]
Statistics = tuple[tuple[float, ...], tuple[float, ...]]


class External(nn.Module):
    """Another's network as an encoder: pictures in [-1, 1] -> (B, features, 16, 16).

    Attributes
    ----------
    features : int
        Channels of its representation.
    module : torch.nn.Module
        The network, unchanged.
    kept : str
        Name of the layer whose output is the representation; "" is the network's own.
    projection : Projection or None
        Reduces the layer's channels.
    """

    def __init__(
        self,
        module: nn.Module,
        kept: str,
        *,
        normalize: Statistics | None,
        size: int | None,
        layout: Layout,
        frozen: bool,
    ) -> None:
        super().__init__()
        self.module, self.kept = module, kept
        self.normalize, self.size, self.layout, self.frozen = normalize, size, layout, frozen
        self.projection: Projection | None = None
        self.features = 0
        if frozen:
            module.requires_grad_(False)
            self.train(False)

    def train(self, mode: bool = True) -> External:
        """Training mode, except that a frozen network stays in evaluation mode."""
        super().train(mode)
        if self.frozen:
            self.module.train(False)
        return self

    def raw(self, images: Tensor) -> Tensor:
        """(B, C, H, W) in [-1, 1] -> the layer's (B, channels, 16, 16), before projection."""
        if self.size is not None:
            images = F.interpolate(images, (self.size, self.size), mode="bilinear", antialias=True)
        if self.normalize is not None:
            mean, std = (images.new_tensor(values)[:, None, None] for values in self.normalize)
            images = ((images + 1) / 2 - mean) / std
        return to_grid(as_map(output_of(self.module, self.kept, images), self.layout))

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) in [-1, 1] -> (B, features, 16, 16)."""
        features = self.raw(images)
        return features if self.projection is None else self.projection(features)


def external(
    model: nn.Module | str,
    *,
    keep: str | None = None,
    weights: str | Path | None = None,
    normalize: Statistics | Literal["imagenet"] | None = None,
    size: int | None = None,
    layout: Layout = "auto",
    channels: int | None = None,
    seed: int = 0,
    frozen: bool = True,
    probe: int = 64,
) -> External:
    """Wrap a network so that it can stand wherever an encoder of the bank can.

    The output of the layer ``keep`` becomes a map, is averaged or interpolated to 16x16, and
    keeps all its channels or is reduced to ``channels`` by a fixed random projection;
    `fit_projection` reduces by principal components instead.

    Parameters
    ----------
    model : torch.nn.Module or str
        A module; or a model's name in torchvision ("resnet18", "torchvision:resnet18") or timm
        ("timm:resnet18"; a bare name is looked up in torchvision first).
    keep : str, optional
        Up to which layer the network is used, as `named_modules` names it, for example
        "layer3"; nothing behind it is computed. The default is a module's own output, and for a
        named model the last layer whose output is still a map.
    weights : str or path, optional
        For a named model, and required there: a file of its ``state_dict`` (``.pth``, read
        without pickle's code, or ``.safetensors``), a name from the package's own registry
        ("DEFAULT", "IMAGENET1K_V1"; it is downloaded), or "random".
    normalize : (means, standard deviations), "imagenet" or None
        Of the channels in [0, 1], as the network was trained. The default is what a named
        model asks for, and for a module nothing: it then sees [-1, 1].
    size : int, optional
        Pictures are resized to this side first. Needed by networks of one size, and advisable
        for small pictures: at 64 pixels a network of stride 32 has 2x2 places.
    layout : "auto", "NCHW", "NHWC" or "tokens"
        Of the layer's output. Automatic: four dimensions are NCHW, three (B, N, C) are tokens,
        whose square number are the places and whose first few others are left out, and two are
        one place.
    channels : int, optional
        How many channels a random projection leaves; ``seed`` draws it.
    frozen : bool
        No gradients, and always in evaluation mode.
    probe : int
        Side of the empty picture by which the layer's channels are found, where ``size`` says
        nothing.

    Raises
    ------
    InvalidNetworkError
        If the layer is unknown, its output is no map, or weights do not fit.
    MissingPackageError
        If a named model's package is not installed.
    UnknownNameError
        If no package has a model of that name.
    """
    statistics: Statistics | None
    if isinstance(model, str):
        module, statistics = named(model, weights)
        automatic = keep is None
    elif weights is not None:
        raise InvalidNetworkError("`weights` is for a model given by name; load the module's own")
    else:
        module, statistics, automatic = model, None, False
    if normalize is not None:
        statistics = IMAGENET if normalize == "imagenet" else normalize
    picture = torch.zeros(1, 3, size or probe, size or probe, device=place(module))
    kept = last_map(module, picture) if automatic else keep or ""
    if kept not in (names := dict(module.named_modules())):
        near = difflib.get_close_matches(kept, names, n=3) or dict(module.named_children())
        raise InvalidNetworkError(
            f"no layer {kept!r}; there are {', '.join(near)} and what they contain, as "
            "named_modules() lists them"
        )
    wrapped = External(module, kept, normalize=statistics, size=size, layout=layout, frozen=frozen)
    wrapped.features = count_features(wrapped, picture)
    if channels is not None:
        wrapped.projection = random_projection(wrapped.features, channels, seed)
        wrapped.projection.to(picture.device)
        wrapped.features = channels
    return wrapped


def fit_projection(encoder: External, batches: Iterable[Tensor], channels: int) -> External:
    """The same network, reduced to the principal components of its layer on these pictures.

    Parameters
    ----------
    encoder : External
        Shares its network with the result; a projection it has is not used.
    batches : iterable of (B, 3, H, W) tensors in [-1, 1]
        Pictures of the training split.
    channels : int
        How many components are kept.

    Raises
    ------
    InvalidNetworkError
        If there are no pictures, or fewer channels than components.
    """
    fitted = copy.copy(encoder)
    fitted._modules = dict(encoder._modules)
    training = encoder.training
    encoder.eval()
    fitted.projection = principal_projection(encoder.raw, batches, channels)
    encoder.train(training)
    fitted.features = channels
    return fitted


def count_features(wrapped: External, picture: Tensor) -> int:
    """Channels of the layer's output, by sending one picture through in evaluation mode."""
    training = wrapped.training
    wrapped.eval()
    with torch.no_grad():
        features = wrapped.raw(picture).shape[1]
    wrapped.train(training)
    return features


def place(module: nn.Module) -> torch.device:
    """Where a module's first parameter or buffer lies; a module of none is on the CPU."""
    tensors: list[Any] = [*module.parameters(), *module.buffers()]
    return tensors[0].device if tensors else torch.device("cpu")
