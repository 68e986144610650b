"""Encoders, from a picture to its representation of 8 channels at 16x16 places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from encoders.errors import InvalidNetworkError
from encoders.networks.blocks import BLOCKS, build_seeded, norm_layer
from encoders.networks.presets import FEATURES, Normalization, Preset, TrunkSpec, find_preset


class EncoderProtocol(Protocol):
    """Any encoder, ours or an external one; ``features`` is its number of channels."""

    features: int

    def __call__(self, images: Tensor) -> Tensor:
        """Return (B, features, h, w) representations of (B, C, H, W) pictures in [-1, 1]."""


class Trunk(nn.Module):
    """A residual network without classifier; its layers have torchvision's names."""

    def __init__(self, spec: TrunkSpec, channels: int) -> None:
        super().__init__()
        block = BLOCKS[spec.block]
        self.conv1 = nn.Conv2d(channels, spec.stem, spec.kernel, 2, spec.kernel // 2, bias=False)
        self.norm1 = norm_layer(spec.norm, spec.stem)
        self.pool = nn.MaxPool2d(3, 2, 1) if spec.pool else nn.Identity()
        self.stages = len(spec.depths)
        inputs = spec.stem
        for number, (depth, width, stride) in enumerate(
            zip(spec.depths, spec.widths, spec.strides, strict=True), 1
        ):
            blocks = []
            for index in range(depth):
                blocks.append(block(inputs, width, 1 if index else stride, spec.norm))
                inputs = width * block.expansion
            self.add_module(f"layer{number}", nn.Sequential(*blocks))

    def forward(self, images: Tensor) -> list[Tensor]:
        """Return the output of each stage for (B, C, H, W) pictures, the finest first."""
        x = self.pool(F.relu(self.norm1(self.conv1(images)), inplace=True))
        outputs = []
        for number in range(1, self.stages + 1):
            x = self.get_submodule(f"layer{number}")(x)
            outputs.append(x)
        return outputs


class Fold(nn.Module):
    """Adds coarser maps to finer ones, after 1x1 convolutions to one width.

    So each place of the representation depends on the whole picture at a small cost. This is the
    top-down path of feature pyramids (Lin et al., CVPR 2017).
    """

    def __init__(self, inputs: tuple[int, ...], width: int, norm: Normalization) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv2d(channels, width, 1) for channels in inputs)
        self.norm = norm_layer(norm, width)

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Sum maps, the finest first, to (B, width, h, w) at the size of the finest."""
        total = self.lateral[-1](maps[-1])
        for finer, lateral in zip(maps[-2::-1], list(self.lateral)[-2::-1], strict=True):
            total = lateral(finer) + F.interpolate(total, finer.shape[2:], mode="nearest")
        return F.relu(self.norm(total), inplace=True)


class Encoder(nn.Module):
    """The encoder of a preset: a trunk, a `Fold` if the preset has one, and a last convolution."""

    def __init__(self, preset: Preset, channels: int = 3) -> None:
        super().__init__()
        self.features = FEATURES
        self.channels = channels
        self.stride = preset.stride
        self.trunk = Trunk(preset.trunk, channels)
        widths = [w * BLOCKS[preset.trunk.block].expansion for w in preset.trunk.widths]
        if preset.fold is None:
            self.fold, width = None, widths[-1]
        else:
            coarse = coarse_stages(preset)
            self.fold = Fold(tuple(widths[-coarse:]), preset.fold, preset.trunk.norm)
            width = preset.fold
        self.coarse = 1 if self.fold is None else coarse
        self.project = nn.Conv2d(width, FEATURES, 3, 1, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Map (B, C, H, W) in [-1, 1] to (B, 8, H / stride, W / stride), which is unbounded.

        Raises
        ------
        InvalidNetworkError
            If the number of channels differs, or the stride does not divide the sides.
        """
        if images.dim() != 4 or images.shape[1] != self.channels:
            raise InvalidNetworkError(
                f"pictures of shape {tuple(images.shape)} do not fit an encoder of "
                f"(B, {self.channels}, H, W)"
            )
        if images.shape[2] % self.stride or images.shape[3] % self.stride:
            raise InvalidNetworkError(
                f"pictures of {images.shape[2]} x {images.shape[3]} pixels cannot be divided into "
                f"places of {self.stride} pixels; resize or crop them to a multiple"
            )
        maps = self.trunk(images)[-self.coarse :]
        return cast(Tensor, self.project(maps[-1] if self.fold is None else self.fold(maps)))


def coarse_stages(preset: Preset) -> int:
    """Return the number of the trunk's last stages with at least the representation's stride."""
    stride, count = 4 if preset.trunk.pool else 2, 0
    for step in preset.trunk.strides:
        stride *= step
        count += stride >= preset.stride
    return count


def encoder(
    preset: str | Preset, *, channels: int = 3, generator: torch.Generator | None = None
) -> Encoder:
    """Make an untrained encoder.

    Parameters
    ----------
    preset : str or Preset
    channels : int
        Channels of the pictures; 1 for colorization's lightness.
    generator : torch.Generator, optional
        Draws the weights, on the CPU; by default a new one with seed 0. The weights depend on
        nothing but the generator's state.

    Returns
    -------
    Encoder
        It has 0.30 million parameters for ``tiny`` and ``small``, 11.3 for ``base`` (ResNet-18's
        11.2 and the `Fold`), and 23.7 for ``paper`` (ResNet-50's 23.5 and the last convolution).
    """
    chosen = find_preset(preset)
    return build_seeded(lambda: Encoder(chosen, channels), generator)


def load_trunk(target: Encoder, state: Mapping[str, Tensor]) -> None:
    """Copy the weights of torchvision's ResNet of the same size into an encoder's trunk.

    Parameters
    ----------
    target : Encoder
        An encoder of preset ``base`` (ResNet-18) or ``paper`` (ResNet-50); changed in place.
    state : mapping
        The ``state_dict`` of torchvision's model; its classifier is ignored.

    Raises
    ------
    InvalidNetworkError
        If a name or a shape differs.
    """
    renamed = {
        name.replace("bn", "norm"): value
        for name, value in state.items()
        if not name.startswith("fc.")
    }
    try:
        target.trunk.load_state_dict(renamed)
    except RuntimeError as error:
        raise InvalidNetworkError(f"these weights do not fit the trunk: {error}") from error
