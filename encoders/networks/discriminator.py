"""The paper's patch discriminator for maps, an option of presets that have one."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from encoders.errors import InvalidNetworkError
from encoders.networks.blocks import SLOPE, built, normalized
from encoders.networks.outputs import OutputSpec
from encoders.networks.presets import PatchSpec, Preset, find


class Discriminator(nn.Module):
    """Says of each patch of a map whether it belongs to the picture (Isola et al., CVPR 2017).

    4x4 convolutions, all but the last two of stride 2, each width twice the one before (at most
    eight times the first), one logit a patch.
    """

    def __init__(self, spec: PatchSpec, inputs: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for number in range(spec.layers - 1):
            width = spec.width * min(2**number, 8)
            stride = 2 if number < spec.layers - 2 else 1
            layers.append(nn.Conv2d(inputs, width, 4, stride, 1, bias=number == 0))
            if number:  # the first layer is not normalized
                layers.append(normalized("batch", width))
            layers.append(nn.LeakyReLU(SLOPE, inplace=True))
            inputs = width
        self.layers = nn.Sequential(*layers)
        self.last = nn.Conv2d(inputs, 1, 4, 1, 1)

    def forward(self, images: Tensor, maps: Tensor) -> Tensor:
        """(B, C, H, W) pictures and (B, K, h, w) maps -> (B, 1, patches, patches) logits.

        Pictures are averaged down to the size of smaller maps.
        """
        if images.shape[2:] != maps.shape[2:]:
            images = F.adaptive_avg_pool2d(images, (maps.shape[2], maps.shape[3]))
        return cast(Tensor, self.last(self.layers(torch.cat([images, maps], 1))))


def discriminator(
    preset: str | Preset,
    output: OutputSpec,
    *,
    channels: int = 3,
    generator: torch.Generator | None = None,
) -> Discriminator:
    """A new discriminator for a preset's maps: 5 layers from 64 channels in the paper's.

    Raises
    ------
    InvalidNetworkError
        If the preset has none, or the output is no map.
    """
    chosen = find(preset)
    if chosen.patch is None or output.kind != "pixels":
        raise InvalidNetworkError(
            f"no discriminator for a {output.kind} output at preset {chosen.name!r}; "
            "the adversarial term is for pixels at preset 'paper'"
        )
    patch = chosen.patch
    return built(lambda: Discriminator(patch, channels + output.size), generator)
