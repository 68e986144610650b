"""The network that is trained on frozen maps: layers whose features are adapted, and a reader."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from encoders.networks import FEATURES
from encoders.networks.blocks import build_seeded
from encoders.networks.readout import Standardize

WIDTH = 32
"""Channels of the features that are adapted."""


class DenseReader(nn.Module):
    """Two convolutions, whose output is adapted, and one of 1 x 1 that predicts a place's pixels.

    Maps (B, 8, h, w) to features (B, 32, h, w), and these to (B, C, stride h, stride w).

    Parameters
    ----------
    channels : int
        C, the numbers or classes of a pixel.
    stride : int
        Pixels along each side of a place.
    examples : (N, 8, h, w) tensor
        Maps whose statistics standardize all maps.
    seed : int
        Draws the weights.
    """

    def __init__(self, channels: int, stride: int, examples: Tensor, seed: int) -> None:
        super().__init__()
        self.standardize = Standardize(FEATURES)
        self.standardize.observe(examples)
        generator = torch.Generator().manual_seed(seed)
        self.adapted = build_seeded(
            lambda: nn.Sequential(
                nn.Conv2d(FEATURES, WIDTH, 3, padding=1),
                nn.ReLU(),
                nn.Conv2d(WIDTH, WIDTH, 3, padding=1),
                nn.ReLU(),
            ),
            generator,
        )
        self.reader = build_seeded(
            lambda: nn.Sequential(
                nn.Conv2d(WIDTH, channels * stride**2, 1), nn.PixelShuffle(stride)
            ),
            generator,
        )

    def features(self, maps: Tensor) -> Tensor:
        """Return the features that are adapted, (B, 32, h, w)."""
        return cast(Tensor, self.adapted(self.standardize(maps)))

    def forward(self, maps: Tensor) -> Tensor:
        """Return the prediction for each pixel."""
        return cast(Tensor, self.reader(self.features(maps)))


def by_place(features: Tensor) -> Tensor:
    """Return (B, D, h, w) features as one row a place, (B h w, D), for a domain head."""
    return features.permute(0, 2, 3, 1).flatten(0, 2)
