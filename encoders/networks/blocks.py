"""The layers that all networks are made of, and their initial weights."""

from __future__ import annotations

from collections.abc import Callable
from math import gcd
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from encoders.networks.normalization import GroupNorm
from encoders.networks.presets import GRID, Normalization

M = TypeVar("M", bound=nn.Module)

SLOPE = 0.2  # negative slope of the leaky ReLU


def norm_layer(kind: Normalization, channels: int) -> nn.Module:
    """Return a BatchNorm, or a GroupNorm with groups of about eight channels, for (B, C, H, W)."""
    if kind == "batch":
        return nn.BatchNorm2d(channels)
    return GroupNorm(gcd(channels, max(1, channels // 8)), channels)


def conv_block(inputs: int, outputs: int, norm: Normalization, *, stride: int = 1) -> nn.Sequential:
    """Return a 3x3 convolution, a normalization, and a leaky ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
        norm_layer(norm, outputs),
        nn.LeakyReLU(SLOPE, inplace=True),
    )


def upsample_block(inputs: int, outputs: int, norm: Normalization) -> nn.Sequential:
    """Return a 4x4 transposed convolution of stride 2, a normalization, and a leaky ReLU."""
    return nn.Sequential(
        nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False),
        norm_layer(norm, outputs),
        nn.LeakyReLU(SLOPE, inplace=True),
    )


class BasicBlock(nn.Module):
    """A residual block of two 3x3 convolutions (He et al., 2016)."""

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int, norm: Normalization) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
        self.norm1 = norm_layer(norm, width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.norm2 = norm_layer(norm, width)
        self.downsample = shortcut(inputs, width, stride, norm)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, width, H / stride, W / stride)."""
        y = F.relu(self.norm1(self.conv1(x)), inplace=True)
        y = self.norm2(self.conv2(y))
        return F.relu(y + self.downsample(x), inplace=True)


class Bottleneck(nn.Module):
    """A residual block of 1x1, 3x3 and 1x1 convolutions (He et al., 2016)."""

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int, norm: Normalization) -> None:
        super().__init__()
        outputs = width * self.expansion
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.norm1 = norm_layer(norm, width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.norm2 = norm_layer(norm, width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.norm3 = norm_layer(norm, outputs)
        self.downsample = shortcut(inputs, outputs, stride, norm)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, 4 width, H / stride, W / stride)."""
        y = F.relu(self.norm1(self.conv1(x)), inplace=True)
        y = F.relu(self.norm2(self.conv2(y)), inplace=True)
        y = self.norm3(self.conv3(y))
        return F.relu(y + self.downsample(x), inplace=True)


BLOCKS: dict[str, type[BasicBlock] | type[Bottleneck]] = {
    "basic": BasicBlock,
    "bottleneck": Bottleneck,
}


def shortcut(inputs: int, outputs: int, stride: int, norm: Normalization) -> nn.Module:
    """Return a residual block's shortcut: the identity, or a 1x1 convolution to a new shape."""
    if stride == 1 and inputs == outputs:
        return nn.Identity()
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 1, stride, bias=False), norm_layer(norm, outputs)
    )


def to_grid(features: Tensor, side: int = GRID) -> Tensor:
    """Resize (B, C, H, W) to (B, C, side, side): by averaging to shrink, bilinearly to grow."""
    height, width = features.shape[2:]
    if (height, width) == (side, side):
        return features
    if height > side or width > side:
        features = F.adaptive_avg_pool2d(features, (min(height, side), min(width, side)))
    return F.interpolate(features, (side, side), mode="bilinear", align_corners=False)


def build_seeded(make: Callable[[], M], generator: torch.Generator | None) -> M:
    """Call ``make`` and draw the weights of the network that it returns from ``generator`` alone.

    PyTorch's layers draw from the global generator when they are made; its state is restored.
    Convolutions without bias, which precede a normalization, are normal with variance 2 / fan out
    (He et al., 2015). Other weights are uniform within 1 / sqrt(fan in), and biases are zero.

    Parameters
    ----------
    make : callable
        Returns a new network.
    generator : torch.Generator, optional
        A generator on the CPU; by default a new one with seed 0.
    """
    generator = torch.Generator().manual_seed(0) if generator is None else generator
    with torch.random.fork_rng(devices=[]):
        network = make()
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            _initialize(module, generator)
    return network


def _initialize(
    module: nn.Conv2d | nn.ConvTranspose2d | nn.Linear, generator: torch.Generator
) -> None:
    if module.weight.is_meta:  # a tensor without data
        return
    if module.bias is None:
        nn.init.kaiming_normal_(
            module.weight, mode="fan_out", nonlinearity="relu", generator=generator
        )
    else:
        nn.init.kaiming_uniform_(module.weight, a=5**0.5, generator=generator)
        nn.init.zeros_(module.bias)
