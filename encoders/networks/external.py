"""External encoders: any module, or a model of torchvision or timm by name."""

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
from encoders.networks.layers import as_map, last_map, layer_output
from encoders.networks.projection import Projection, principal_projection, random_projection
from encoders.networks.zoo import IMAGENET, named_model

LayerLayout = Literal["auto", "NCHW", "NHWC", "tokens"]
ChannelStatistics = tuple[tuple[float, ...], tuple[float, ...]]


class External(nn.Module):
    """An external network as an encoder: pictures in [-1, 1] to (B, features, 16, 16).

    Attributes
    ----------
    features : int
        Channels of the representation.
    module : torch.nn.Module
        The network, unchanged.
    kept : str
        Name of the layer whose output is the representation; "" stands for the network's output.
    projection : Projection or None
        Reduces the number of the layer's channels, if there is one.
    """

    def __init__(
        self,
        module: nn.Module,
        kept: str,
        *,
        normalize: ChannelStatistics | None,
        size: int | None,
        layout: LayerLayout,
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
        """Set training mode; a frozen network stays in evaluation mode."""
        super().train(mode)
        if self.frozen:
            self.module.train(False)
        return self

    def raw(self, images: Tensor) -> Tensor:
        """Return the layer's unprojected output, (B, channels, 16, 16), for pictures in [-1, 1]."""
        if self.size is not None:
            images = F.interpolate(images, (self.size, self.size), mode="bilinear", antialias=True)
        if self.normalize is not None:
            mean, std = (images.new_tensor(values)[:, None, None] for values in self.normalize)
            images = ((images + 1) / 2 - mean) / std
        return to_grid(as_map(layer_output(self.module, self.kept, images), self.layout))

    def forward(self, images: Tensor) -> Tensor:
        """Map (B, C, H, W) in [-1, 1] to (B, features, 16, 16)."""
        features = self.raw(images)
        return features if self.projection is None else self.projection(features)


def external(
    model: nn.Module | str,
    *,
    keep: str | None = None,
    weights: str | Path | None = None,
    normalize: ChannelStatistics | Literal["imagenet"] | None = None,
    size: int | None = None,
    layout: LayerLayout = "auto",
    channels: int | None = None,
    seed: int = 0,
    frozen: bool = True,
    probe: int = 64,
    find_map: bool = False,
) -> External:
    """Wrap a network so that it can be used in place of an encoder of a bank.

    The output of the layer ``keep`` is read as a map, resized to 16x16, and reduced to ``channels``
    channels by a fixed random projection if that is given. `fit_projection` reduces it by
    principal components instead.

    Parameters
    ----------
    model : torch.nn.Module or str
        A module; or a model's name in torchvision ("resnet18", "torchvision:resnet18") or timm
        ("timm:resnet18"; a bare name is looked up in torchvision first).
    keep : str, optional
        Name of the layer whose output is used, as `named_modules` lists it, for example "layer3";
        later layers are not computed. The default is the output of a module, and for a model by
        name the last layer whose output is a map.
    weights : str or path, optional
        Required for a model by name, and only allowed there: a file of its ``state_dict``
        (``.pth``, of which no code is executed, or ``.safetensors``), a name from the package's
        registry, which is downloaded ("DEFAULT", "IMAGENET1K_V1"), or "random".
    normalize : (means, standard deviations), "imagenet" or None
        Normalization of the channels in [0, 1] with which the network was trained. The default is
        that of the model by name; a module gets pictures in [-1, 1].
    size : int, optional
        Side to which pictures are resized first. Networks of a fixed size need it. It also helps
        with small pictures: at 64 pixels, a network of stride 32 has only 2x2 places.
    layout : "auto", "NCHW", "NHWC" or "tokens"
        Layout of the layer's output. With "auto", four dimensions are NCHW, three are tokens
        (B, N, C), and two are a single place. The last tokens that form a square are the places;
        up to 8 tokens before them are dropped.
    channels : int, optional
        Number of channels after a random projection, which ``seed`` draws.
    frozen : bool
        Whether the network has no gradients and always stays in evaluation mode.
    probe : int
        Side of the black picture with which the number of the layer's channels is found, if
        ``size`` is not given.
    find_map : bool
        Whether a module's last layer whose output is a map is used, as for a model by name, if
        ``keep`` is not given.

    Raises
    ------
    InvalidNetworkError
        If the layer is unknown, its output is not a map, or the weights do not fit.
    MissingPackageError
        If the package of a model by name is not installed.
    UnknownNameError
        If no package has a model of that name.
    """
    statistics: ChannelStatistics | None
    if isinstance(model, str):
        module, statistics = named_model(model, weights)
        automatic = keep is None
    elif weights is not None:
        raise InvalidNetworkError("`weights` is for a model given by name; load the module's own")
    else:
        module, statistics, automatic = model, None, find_map and keep is None
    if normalize is not None:
        statistics = IMAGENET if normalize == "imagenet" else normalize
    picture = torch.zeros(1, 3, size or probe, size or probe, device=device_of(module))
    automatic = automatic and any(True for _ in module.children())
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
    """Reduce an external encoder to the principal components of its layer on some pictures.

    Parameters
    ----------
    encoder : External
        The result shares its network; a projection that it has already is replaced.
    batches : iterable of (B, 3, H, W) tensors in [-1, 1]
        Pictures of the training split.
    channels : int
        Number of components to keep.

    Raises
    ------
    InvalidNetworkError
        If there are no pictures, or the layer has fewer channels than ``channels``.
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
    """Return the number of channels of the layer's output, found with one picture."""
    training = wrapped.training
    wrapped.eval()
    with torch.no_grad():
        features = wrapped.raw(picture).shape[1]
    wrapped.train(training)
    return features


def device_of(module: nn.Module) -> torch.device:
    """Return the device of a module's first parameter or buffer; the CPU if it has neither."""
    tensors: list[Any] = [*module.parameters(), *module.buffers()]
    return tensors[0].device if tensors else torch.device("cpu")
