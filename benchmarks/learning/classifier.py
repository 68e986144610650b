"""A classifier: preparation of byte images, layers that give features, and a head."""

from __future__ import annotations

from typing import Literal, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from encoders.errors import InvalidNetworkError
from encoders.networks.blocks import build_seeded
from encoders.networks.encoder import Encoder
from taskgraph.arrays import Pixels

Gray = Literal["luma", "lightness"]

LUMA = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in a gray picture (ITU-R BT.601)."""
LUMINANCE = (0.212671, 0.715160, 0.072169)
"""Shares of linear red, green and blue in CIE's Y."""


def image_tensor(images: Pixels) -> Tensor:
    """Return (N, H, W, C) images as an (N, C, H, W) tensor of bytes.

    It shares the memory of a contiguous, writable array. Its memory layout is ``channels_last``.
    """
    if not images.flags.writeable:
        images = images.copy()
    return torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2)


class Preparation(nn.Module):
    """Turns byte images into the inputs of a network: channels, size, and normalization.

    Attributes
    ----------
    size : int or None
        Side to which images are resized, with antialiasing; None leaves their size.
    channels : int
        1 or 3: gray images are repeated for 3 channels, and color is reduced to gray for 1.
    gray : "luma" or "lightness"
        With "lightness", one channel is CIE Lab's L, scaled to bytes.
    """

    mean: Tensor
    scale: Tensor

    def __init__(
        self,
        size: int | None,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        *,
        channels: int = 3,
        gray: Gray = "luma",
    ) -> None:
        super().__init__()
        self.size, self.channels, self.gray = size, channels, gray
        for name, values in (("mean", mean), ("scale", std)):
            reduced = values if len(values) == channels else [sum(values) / len(values)] * channels
            buffer = torch.tensor(reduced, dtype=torch.float32)[:, None, None] * 255
            self.register_buffer(name, buffer, persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Map (B, C, H, W) bytes, or numbers in [0, 255], to (B, channels, size, size)."""
        if images.ndim != 4 or images.shape[1] not in (1, self.channels, 3):
            raise InvalidNetworkError(
                f"images of shape {tuple(images.shape)}, expected (B, C, H, W) with C = 1 or "
                f"{max(3, self.channels)}; `image_tensor` converts (B, H, W, C) arrays"
            )
        images = images.float()
        if self.channels == 1 and images.shape[1] == 3:
            images = _lightness(images) if self.gray == "lightness" else _weighted(images, LUMA)
        elif self.channels != images.shape[1]:
            images = images.expand(-1, self.channels, -1, -1)
        if self.size is not None and images.shape[2:] != (self.size, self.size):
            images = F.interpolate(images, (self.size, self.size), mode="bilinear", antialias=True)
        images = (images - self.mean) / self.scale
        return images.contiguous(memory_format=torch.channels_last)


def _lightness(images: Tensor) -> Tensor:
    """Return CIE Lab's lightness L of (B, 3, H, W) sRGB in [0, 255] as (B, 1, H, W) in [0, 255]."""
    values = images / 255
    linear = torch.where(values > 0.04045, ((values + 0.055) / 1.055) ** 2.4, values / 12.92)
    y = _weighted(linear, LUMINANCE)
    return 2.55 * torch.where(y > 0.008856, 116 * y ** (1 / 3) - 16, 903.3 * y)


def _weighted(images: Tensor, shares: tuple[float, ...]) -> Tensor:
    """Return the weighted sum of the channels, (B, 1, H, W)."""
    weights = images.new_tensor(shares)[:, None, None]
    return (images * weights).sum(1, keepdim=True)


class BankLayers(nn.Module):
    """An encoder of a bank, whose 8 maps of 16 x 16 places are averaged to 4 x 4: 128 features."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.pool = nn.AdaptiveAvgPool2d(4)

    def forward(self, images: Tensor) -> Tensor:
        """Map (B, channels, S, S) in [-1, 1] to (B, 128)."""
        maps = self.encoder.trunk(images)[-self.encoder.coarse :]
        folded = maps[-1] if self.encoder.fold is None else self.encoder.fold(maps)
        return cast(Tensor, self.pool(self.encoder.project(folded)).flatten(1))


class Backbone(nn.Module):
    """Byte images to features.

    Attributes
    ----------
    preparation : Preparation
    layers : torch.nn.Module
        The network, without a classifier.
    features : int
        Number of features.
    """

    def __init__(self, preparation: Preparation, layers: nn.Module) -> None:
        super().__init__()
        self.preparation, self.layers = preparation, layers
        self.features = _count_features(self)

    def forward(self, images: Tensor) -> Tensor:
        """Map (B, C, H, W) bytes to (B, features).

        Maps are averaged over their places, and sequences over their tokens.
        """
        return pool_output(self.layers(self.preparation(images)))

    def example(self, count: int = 2) -> Tensor:
        """Return prepared black images that fit the layers, (count, channels, size, size)."""
        size = self.preparation.size or 32
        return torch.zeros(count, self.preparation.channels, size, size)


def pool_output(output: Tensor) -> Tensor:
    """Return (B, D) features of a layer's output: the mean over its places or tokens.

    Raises
    ------
    InvalidNetworkError
        If the output is no tensor of 2, 3 (tokens) or 4 (maps) dimensions.
    """
    if not isinstance(output, Tensor) or output.ndim not in (2, 3, 4):
        shape = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
        raise InvalidNetworkError(
            f"the layers' output ({shape}) is not features, tokens or maps; keep another layer"
        )
    if output.ndim == 4:
        return output.mean((2, 3))
    return output.mean(1) if output.ndim == 3 else output


def _count_features(backbone: Backbone) -> int:
    """Return the number of features, found with a black image in evaluation mode."""
    training = backbone.layers.training
    modes = {module: module.training for module in backbone.modules()}
    with torch.no_grad():
        features = pool_output(backbone.layers.eval()(backbone.example(1)))
    backbone.layers.train(training)
    for module, mode in modes.items():
        module.training = mode
    return int(features.shape[1])


class Classifier(nn.Module):
    """A backbone and a head on top.

    Attributes
    ----------
    backbone : Backbone
    head : torch.nn.Module
        Features to scores of the classes.
    """

    def __init__(self, backbone: Backbone, head: nn.Module) -> None:
        super().__init__()
        self.backbone, self.head = backbone, head

    def forward(self, images: Tensor) -> Tensor:
        """Map (B, C, H, W) bytes to (B, classes) scores."""
        return cast(Tensor, self.head(self.backbone(images)))


def classifier(
    backbone: Backbone, classes: int, *, head: nn.Module | None = None, seed: int = 0
) -> Classifier:
    """Put a new head on a backbone, which is not copied.

    Parameters
    ----------
    backbone : Backbone
    classes : int
        Number of classes of the linear head.
    head : torch.nn.Module, optional
        Another head, (B, features) to (B, classes).
    seed : int
        Draws the weights of the linear head.
    """
    if head is None:
        head = linear_head(backbone.features, classes, seed=seed)
    return Classifier(backbone, head)


def linear_head(features: int, classes: int, *, seed: int = 0) -> nn.Linear:
    """Make a linear layer whose weights are drawn by a seed, with biases of zero."""
    return build_seeded(lambda: nn.Linear(features, classes), torch.Generator().manual_seed(seed))
