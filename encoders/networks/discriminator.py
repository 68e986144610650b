"""The paper's patch discriminator for maps; not every preset has one."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from encoders.errors import InvalidNetworkError
from encoders.networks.blocks import SLOPE, build_seeded, norm_layer
from encoders.networks.outputs import OutputSpec
from encoders.networks.presets import PatchSpec, Preset, find_preset


class Discriminator(nn.Module):
    """Predicts for each patch of a map whether it is the label of the picture (Isola et al., 2017).

    It has 4x4 convolutions, all but the last two of stride 2. Each is twice as wide as the one
    before, up to eight times the first width. The output is one logit for each patch.
    """

    def __init__(self, spec: PatchSpec, inputs: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for number in range(spec.layers - 1):
            width = spec.width * min(2**number, 8)
            stride = 2 if number < spec.layers - 2 else 1
            layers.append(nn.Conv2d(inputs, width, 4, stride, 1, bias=number == 0))
            if number:  # the first layer is not normalized
                layers.append(norm_layer("batch", width))
            layers.append(nn.LeakyReLU(SLOPE, inplace=True))
            inputs = width
        self.layers = nn.Sequential(*layers)
        self.last = nn.Conv2d(inputs, 1, 4, 1, 1)

    def forward(self, images: Tensor, maps: Tensor) -> Tensor:
        """Return (B, 1, patches, patches) logits of (B, C, H, W) pictures and (B, K, h, w) maps.

        Pictures are reduced to the size of smaller maps by averaging.
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
    """Make an untrained discriminator for a preset's maps.

    Raises
    ------
    InvalidNetworkError
        If the preset has no discriminator, or the output is not a map.
    """
    chosen = find_preset(preset)
    if chosen.patch is None or output.kind != "pixels":
        raise InvalidNetworkError(
            f"no discriminator for a {output.kind} output at preset {chosen.name!r}; "
            "the adversarial term is for pixels at preset 'paper'"
        )
    patch = chosen.patch
    return build_seeded(lambda: Discriminator(patch, channels + output.size), generator)
