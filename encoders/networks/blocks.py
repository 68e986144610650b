"""The layers that every network here is made of, and how they begin."""

from __future__ import annotations

from collections.abc import Callable
from math import gcd
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from encoders.networks.presets import GRID, Normalization

M = TypeVar("M", bound=nn.Module)

SLOPE = 0.2  # of the decoders' leaky rectifiers


def normalized(kind: Normalization, channels: int) -> nn.Module:
    """BatchNorm, or GroupNorm with groups of about eight channels, for (B, C, H, W)."""
    if kind == "batch":
        return nn.BatchNorm2d(channels)
    return nn.GroupNorm(gcd(channels, max(1, channels // 8)), channels)


def convolved(inputs: int, outputs: int, norm: Normalization, *, stride: int = 1) -> nn.Sequential:
    """3x3 convolution, normalization, leaky rectifier."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
        normalized(norm, outputs),
        nn.LeakyReLU(SLOPE, inplace=True),
    )


def doubled(inputs: int, outputs: int, norm: Normalization) -> nn.Sequential:
    """4x4 transposed convolution of stride 2, normalization, leaky rectifier."""
    return nn.Sequential(
        nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False),
        normalized(norm, outputs),
        nn.LeakyReLU(SLOPE, inplace=True),
    )


class BasicBlock(nn.Module):
    """Two 3x3 convolutions around which the input is added back (He et al., 2016)."""

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int, norm: Normalization) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
        self.norm1 = normalized(norm, width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.norm2 = normalized(norm, width)
        self.downsample = shortcut(inputs, width, stride, norm)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, width, H / stride, W / stride)."""
        y = F.relu(self.norm1(self.conv1(x)), inplace=True)
        y = self.norm2(self.conv2(y))
        return F.relu(y + self.downsample(x), inplace=True)


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions around which the input is added back (He et al., 2016)."""

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int, norm: Normalization) -> None:
        super().__init__()
        outputs = width * self.expansion
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.norm1 = normalized(norm, width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.norm2 = normalized(norm, width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.norm3 = normalized(norm, outputs)
        self.downsample = shortcut(inputs, outputs, stride, norm)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, 4 width, H / stride, W / stride)."""
        y = F.relu(self.norm1(self.conv1(x)), inplace=True)
        y = F.relu(self.norm2(self.conv2(y)), inplace=True)
        y = self.norm3(self.conv3(y))
        return F.relu(y + self.downsample(x), inplace=True)


BLOCKS: dict[str, type[BasicBlock] | type[Bottleneck]] = {
    "basic": BasicBlock,
    "bottleneck": Bottleneck,
}


def shortcut(inputs: int, outputs: int, stride: int, norm: Normalization) -> nn.Module:
    """The identity, or a 1x1 convolution where the shape changes."""
    if stride == 1 and inputs == outputs:
        return nn.Identity()
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 1, stride, bias=False), normalized(norm, outputs)
    )


def to_grid(features: Tensor, side: int = GRID) -> Tensor:
    """(B, C, H, W) -> (B, C, side, side): averages where it shrinks, bilinear where it grows."""
    height, width = features.shape[2:]
    if (height, width) == (side, side):
        return features
    if height > side or width > side:
        features = F.adaptive_avg_pool2d(features, (min(height, side), min(width, side)))
    return F.interpolate(features, (side, side), mode="bilinear", align_corners=False)


def built(make: Callable[[], M], generator: torch.Generator | None) -> M:
    """What ``make`` makes, with weights drawn from ``generator`` and from nothing else.

    PyTorch's layers draw from the global generator when they are made; its state is put back.
    Convolutions before a normalization (they have no bias) begin as He et al. (2015) have it,
    normal with variance 2 / fan out; other weights uniform within 1 / sqrt(fan in), and biases
    at zero.

    Parameters
    ----------
    make : callable
    generator : torch.Generator, optional
        On the CPU. None is a fresh one, seeded with 0.
    """
    generator = torch.Generator().manual_seed(0) if generator is None else generator
    with torch.random.fork_rng(devices=[]):
        network = make()
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            _begin(module, generator)
    return network


def _begin(module: nn.Conv2d | nn.ConvTranspose2d | nn.Linear, generator: torch.Generator) -> None:
    if module.weight.is_meta:  # shapes only; there is nothing to draw
        return
    if module.bias is None:
        nn.init.kaiming_normal_(
            module.weight, mode="fan_out", nonlinearity="relu", generator=generator
        )
    else:
        nn.init.kaiming_uniform_(module.weight, a=5**0.5, generator=generator)
        nn.init.zeros_(module.bias)
