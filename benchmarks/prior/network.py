"""The untrained network: an hourglass of convolutions with skip connections."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from benchmarks.prior.fit_settings import HourglassSpec
from taskgraph.errors import TaskgraphError


class TooSmallError(TaskgraphError, ValueError):
    """Raised where a picture has too few pixels for a network."""


class Hourglass(nn.Module):
    """A network from (B, inputs, H, W) to pictures (B, channels, H, W) in (0, 1), of any H and W.

    It is the network ``skip`` of Ulyanov et al. (2018): at each scale two convolutions halve the
    picture, the coarser scales follow, and their upsampled output is joined with that of a skip
    connection. Every convolution pads by reflection and is followed by batch normalization and a
    leaky ReLU with slope 0.2. The published code crops the parts of a scale to the smallest one;
    here the coarser scale is upsampled to the size of the finer one. Both are the same where the
    sides are divisible by 2 to the number of scales.

    Parameters
    ----------
    spec : HourglassSpec
    inputs, channels : int
        Channels of the input, and of the picture.
    """

    def __init__(self, spec: HourglassSpec, inputs: int, channels: int) -> None:
        super().__init__()
        self.spec = spec
        self.scales = _Scale(spec, 0, inputs)
        self.last = nn.Sequential(nn.Conv2d(spec.up[0], channels, 1), nn.Sigmoid())

    def forward(self, code: Tensor) -> Tensor:
        """Return the picture for an input.

        Raises
        ------
        TooSmallError
            If the input has fewer rows or columns than `HourglassSpec.least`.
        """
        height, width = code.shape[-2:]
        if min(height, width) < self.spec.least:
            raise TooSmallError(
                f"the picture has {width} x {height} pixels; this network needs at least "
                f"{self.spec.least} in both directions"
            )
        picture: Tensor = self.last(self.scales(code))
        return picture


class _Scale(nn.Module):
    """A scale of the hourglass with all coarser ones; (B, inputs, H, W) to (B, up, H, W)."""

    def __init__(self, spec: HourglassSpec, depth: int, inputs: int) -> None:
        super().__init__()
        down, up, skip = spec.down[depth], spec.up[depth], spec.skip[depth]
        self.upsampling = spec.upsampling
        self.skip = _layer(inputs, skip, 1) if skip else None
        self.down = nn.Sequential(
            _halving(inputs, down, spec), _layer(down, down, spec.kernel_down)
        )
        coarsest = depth + 1 == len(spec.down)
        self.coarser = None if coarsest else _Scale(spec, depth + 1, down)
        joined = skip + (down if coarsest else spec.up[depth + 1])
        layers: list[nn.Module] = [nn.BatchNorm2d(joined), _layer(joined, up, spec.kernel_up)]
        if spec.pointwise:
            layers.append(_layer(up, up, 1))
        self.up = nn.Sequential(*layers)

    def forward(self, values: Tensor) -> Tensor:
        """Return the maps of this scale, computed from those of the next finer scale."""
        deep = self.down(values)
        if self.coarser is not None:
            deep = self.coarser(deep)
        corners = None if self.upsampling == "nearest" else False
        deep = interpolate(
            deep, size=values.shape[-2:], mode=self.upsampling, align_corners=corners
        )
        if self.skip is not None:
            deep = torch.cat([self.skip(values), deep], dim=1)
        out: Tensor = self.up(deep)
        return out


def _halving(inputs: int, outputs: int, spec: HourglassSpec) -> nn.Module:
    """Return the layer that halves the picture, rounding odd sides up."""
    if spec.pooling == "stride":
        return _layer(inputs, outputs, spec.kernel_down, stride=2)
    layer = _layer(inputs, outputs, spec.kernel_down)
    convolution, norm, activation = layer
    return nn.Sequential(convolution, nn.AvgPool2d(2, ceil_mode=True), norm, activation)


def _layer(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """Return a convolution with batch normalization and a leaky ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, padding_mode="reflect"),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(0.2, inplace=True),
    )
