"""Picture to representation: a residual trunk, folded to 16x16, and eight channels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from encoders.errors import InvalidNetworkError
from encoders.networks.blocks import BLOCKS, built, normalized
from encoders.networks.presets import FEATURES, Normalization, Preset, TrunkSpec, find


class Encodes(Protocol):
    """What any encoder offers, ours or another's: so many channels on a grid of places."""

    features: int

    def __call__(self, images: Tensor) -> Tensor:
        """(B, C, H, W) pictures in [-1, 1] -> (B, features, h, w)."""


class Trunk(nn.Module):
    """A residual network without classifier; its layers are named as torchvision names them."""

    def __init__(self, spec: TrunkSpec, channels: int) -> None:
        super().__init__()
        block = BLOCKS[spec.block]
        self.conv1 = nn.Conv2d(channels, spec.stem, spec.kernel, 2, spec.kernel // 2, bias=False)
        self.norm1 = normalized(spec.norm, spec.stem)
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
        """(B, C, H, W) -> the output of each stage, the finest first."""
        x = self.pool(F.relu(self.norm1(self.conv1(images)), inplace=True))
        outputs = []
        for number in range(1, self.stages + 1):
            x = self.get_submodule(f"layer{number}")(x)
            outputs.append(x)
        return outputs


class Fold(nn.Module):
    """Adds coarser maps to finer ones: 1x1 convolutions to one width, doubled and summed.

    So a place of the representation sees the whole picture at a small cost (the top-down path
    of feature pyramids, Lin et al., CVPR 2017).
    """

    def __init__(self, inputs: tuple[int, ...], width: int, norm: Normalization) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv2d(channels, width, 1) for channels in inputs)
        self.norm = normalized(norm, width)

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Maps, the finest first -> (B, width, h, w) at the size of the finest."""
        total = self.lateral[-1](maps[-1])
        for finer, lateral in zip(maps[-2::-1], list(self.lateral)[-2::-1], strict=True):
            total = lateral(finer) + F.interpolate(total, finer.shape[2:], mode="nearest")
        return F.relu(self.norm(total), inplace=True)


class Encoder(nn.Module):
    """The one encoder of a preset: (B, C, H, W) in [-1, 1] -> (B, 8, H / stride, W / stride)."""

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
        """(B, C, H, W) in [-1, 1] -> (B, 8, H / stride, W / stride), unbounded.

        Raises
        ------
        InvalidNetworkError
            If the pictures have other channels, or sides that the stride does not divide.
        """
        if images.dim() != 4 or images.shape[1] != self.channels:
            raise InvalidNetworkError(
                f"pictures of shape {tuple(images.shape)} do not fit an encoder of "
                f"(B, {self.channels}, H, W)"
            )
        if images.shape[2] % self.stride or images.shape[3] % self.stride:
            raise InvalidNetworkError(
                f"pictures of {images.shape[2]} x {images.shape[3]} pixels have no whole number "
                f"of places of {self.stride} pixels; resize or crop them to a multiple"
            )
        maps = self.trunk(images)[-self.coarse :]
        return cast(Tensor, self.project(maps[-1] if self.fold is None else self.fold(maps)))


def coarse_stages(preset: Preset) -> int:
    """How many of the trunk's last stages are at the representation's stride or coarser."""
    stride, count = 4 if preset.trunk.pool else 2, 0
    for step in preset.trunk.strides:
        stride *= step
        count += stride >= preset.stride
    return count


def encoder(
    preset: str | Preset, *, channels: int = 3, generator: torch.Generator | None = None
) -> Encoder:
    """A new, untrained encoder.

    Parameters
    ----------
    preset : str or Preset
    channels : int
        Of the pictures; 1 for colorization's lightness.
    generator : torch.Generator, optional
        On the CPU; draws the weights. The default is a fresh one with seed 0. The same
        generator state gives the same weights, whatever happened elsewhere.

    Returns
    -------
    Encoder
        ``tiny`` has 0.30 million parameters, ``base`` 11.3 (ResNet-18's 11.2 and the fold),
        ``paper`` 23.7 (ResNet-50's 23.5 and the last convolution).
    """
    chosen = find(preset)
    return built(lambda: Encoder(chosen, channels), generator)


def load_trunk(target: Encoder, state: Mapping[str, Tensor]) -> None:
    """Begin a trunk from the weights of torchvision's ResNet of the same size.

    Parameters
    ----------
    target : Encoder
        Of preset ``base`` (ResNet-18) or ``paper`` (ResNet-50); changed in place.
    state : mapping
        The ``state_dict`` of torchvision's model; its classifier is left out.

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
