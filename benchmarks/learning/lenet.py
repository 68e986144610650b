"""LeNet for digits of 28 pixels, as DANN uses it."""

from __future__ import annotations

import torch
from torch import nn

from benchmarks.learning.worker_parts import FEATURES, lenet_features, lenet_predictor
from encoders.networks.blocks import build_seeded


def lenet(channels: int = 1, *, seed: int = 0) -> nn.Sequential:
    """Make the feature extractor of DANN's network for digits: (B, channels, 28, 28) to (B, 768).

    Two convolutions of 5 x 5 with 32 and 48 maps, each followed by ReLU and 2 x 2 max pooling.
    Source: Ganin et al., JMLR 2016, figure 4a; its label predictor is `lenet_head`.

    Parameters
    ----------
    channels : int
        Channels of the images.
    seed : int
        Draws the weights.
    """
    return build_seeded(lambda: lenet_features(channels), torch.Generator().manual_seed(seed))


def lenet_head(classes: int, *, inputs: int = FEATURES, seed: int = 0) -> nn.Sequential:
    """Make DANN's label predictor for digits: linear layers of 100, 100 and ``classes`` outputs."""
    return build_seeded(
        lambda: lenet_predictor(classes, inputs), torch.Generator().manual_seed(seed)
    )
