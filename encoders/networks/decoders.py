"""Decoders, from representations to outputs: convolutional for maps, else fully connected."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from encoders.errors import InvalidNetworkError
from encoders.networks.blocks import SLOPE, build_seeded, conv_block, to_grid, upsample_block
from encoders.networks.outputs import OutputSpec
from encoders.networks.presets import FEATURES, GRID, HeadSpec, PixelSpec, Preset, find_preset

NARROWEST = 64  # smallest width to which `OutputSpec.narrow` divides a hidden layer


class PixelDecoder(nn.Module):
    """3x3 convolutions at 16x16, upsampling by 2 several times, and a last convolution.

    ``doublings`` is the number of upsamplings, including that of the last convolution.
    """

    def __init__(self, spec: PixelSpec, output: OutputSpec, doublings: int, inputs: int) -> None:
        super().__init__()
        last = 2 if spec.subpixel and doublings else 1  # upsampling by the last convolution
        layers = []
        for width in spec.body:
            layers.append(conv_block(inputs, width, spec.norm))
            inputs = width
        for up, after in spec.ups[: doublings - (last > 1)]:
            layers.append(upsample_block(inputs, up, spec.norm))
            inputs = up
            if after is not None:
                layers.append(conv_block(up, after, spec.norm))
                inputs = after
        self.layers = nn.Sequential(*layers)
        side = 1 if spec.pointwise and output.size > inputs else 3
        self.last = nn.Conv2d(inputs, output.size * last**2, side, 1, side // 2)
        self.spread = nn.PixelShuffle(last) if last > 1 else nn.Identity()
        self.activation = nn.Tanh() if output.activation == "tanh" else nn.Identity()

    def forward(self, representation: Tensor) -> Tensor:
        """Map (B, features, h, w) to (B, size, h 2^doublings, w 2^doublings)."""
        y = self.spread(self.last(self.layers(representation)))
        return cast(Tensor, self.activation(y))


class Head(nn.Module):
    """Fully connected layers on the representations of one or several pictures.

    Each representation is resized to 16x16, reduced by convolutions with shared weights if the
    preset has some, and flattened; all are concatenated. If ``output.compare`` is set, the absolute
    differences between successive pictures are concatenated as well.
    """

    def __init__(self, spec: HeadSpec, output: OutputSpec, features: int, inputs: int) -> None:
        super().__init__()
        self.features, self.inputs, self.compare = features, inputs, output.compare
        shrink, channels = [], features
        for width in spec.reduce:
            shrink.append(conv_block(channels, width, "group", stride=2))
            channels = width
        self.shrink = nn.Sequential(*shrink)
        parts = inputs + (inputs - 1 if output.compare else 0)
        numbers = parts * channels * (GRID >> len(spec.reduce)) ** 2
        hidden = max(spec.hidden // output.narrow, min(spec.hidden, NARROWEST))
        layers: list[nn.Module] = []
        for _ in range(output.layers - 1):
            layers += [
                nn.Linear(numbers, hidden),
                nn.BatchNorm1d(hidden) if spec.norm == "batch" else nn.LayerNorm(hidden),
                nn.LeakyReLU(SLOPE, inplace=True),
                nn.Dropout(spec.dropout),
            ]
            numbers = hidden
        self.layers = nn.Sequential(*layers)
        self.last = nn.Linear(numbers, output.size)
        self.activation = nn.Tanh() if output.activation == "tanh" else nn.Identity()

    def forward(self, representations: Tensor) -> Tensor:
        """Map (B, inputs x features, h, w) to (B, size)."""
        batch, _, height, width = representations.shape
        each = representations.reshape(batch * self.inputs, self.features, height, width)
        flat = self.shrink(to_grid(each)).reshape(batch, self.inputs, -1)  # picture by picture
        if self.compare:
            flat = torch.cat([flat, (flat[:, 1:] - flat[:, :-1]).abs()], dim=1)
        flat = flat.flatten(1)
        return cast(Tensor, self.activation(self.last(self.layers(flat))))


def decoder(
    preset: str | Preset,
    output: OutputSpec,
    inputs: int = 1,
    *,
    features: int = FEATURES,
    generator: torch.Generator | None = None,
) -> PixelDecoder | Head:
    """Make an untrained decoder from (B, inputs x features, h, w) representations to an output.

    A map has the size of the picture, times the output's scale, for any picture whose sides the
    preset's stride divides.

    Parameters
    ----------
    preset : str or Preset
    output : OutputSpec
    inputs : int
        Number of pictures of one sample; their representations are concatenated by channel.
    features : int
        Channels of one picture's representation: 8, or an external encoder's number.
    generator : torch.Generator, optional
        Draws the weights, on the CPU; by default a new one with seed 0.

    Raises
    ------
    InvalidNetworkError
        If a map of the output's scale would be smaller than the representation.
    """
    chosen = find_preset(preset)
    if output.kind != "pixels":
        return build_seeded(lambda: Head(chosen.head, output, features, inputs), generator)
    enlarged = chosen.stride * output.scale
    if enlarged < 1:
        raise InvalidNetworkError(
            f"preset {chosen.name!r} has a place every {chosen.stride} pixels; a map of scale "
            f"{output.scale:g} would be smaller than its representation"
        )
    doublings = int(enlarged).bit_length() - 1
    return build_seeded(
        lambda: PixelDecoder(chosen.pixels, output, doublings, inputs * features), generator
    )
