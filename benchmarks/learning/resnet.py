"""Residual networks for images of 32 pixels, whose shortcuts have no parameters (option A)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from encoders.errors import InvalidNetworkError
from encoders.networks.blocks import build_seeded

DEPTHS = (8, 20, 32, 44, 56, 110, 1202)
"""Depths of the named networks: 6 n + 2 layers with weights."""

WIDTHS = (16, 32, 64)
FEATURES = WIDTHS[-1]


class ShortcutBlock(nn.Module):
    """Two 3 x 3 convolutions, and a shortcut without parameters.

    Where the block halves the size, the shortcut takes every other pixel and adds the missing
    channels as zeros, one half before and one half after (option A of He et al.).
    """

    def __init__(self, inputs: int, outputs: int, stride: int, final_relu: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.stride, self.added, self.final_relu = stride, outputs - inputs, final_relu

    def forward(self, maps: Tensor) -> Tensor:
        """Map (B, inputs, H, W) to (B, outputs, H / stride, W / stride)."""
        branch = F.relu(self.bn1(self.conv1(maps)), inplace=True)
        branch = self.bn2(self.conv2(branch))
        shortcut = maps
        if self.stride > 1:
            shortcut = shortcut[:, :, :: self.stride, :: self.stride]
        if self.added:
            before = self.added // 2
            shortcut = F.pad(shortcut, (0, 0, 0, 0, before, self.added - before))
        total = branch + shortcut
        return F.relu(total, inplace=True) if self.final_relu else total


class SmallResNet(nn.Module):
    """The residual network of He et al. 2015, section 4.2, without its classifier.

    Attributes
    ----------
    features : int
        64, the number of maps of the last stage, averaged over all places.
    """

    def __init__(self, depth: int, channels: int, final_relu: bool) -> None:
        super().__init__()
        blocks, rest = divmod(depth - 2, 6)
        if rest or blocks < 1:
            raise InvalidNetworkError(
                f"a residual network of {depth} layers, expected 6 n + 2: "
                f"{', '.join(map(str, DEPTHS))}, ..."
            )
        self.features = FEATURES
        self.conv1 = nn.Conv2d(channels, WIDTHS[0], 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(WIDTHS[0])
        inputs = WIDTHS[0]
        for stage, width in enumerate(WIDTHS, 1):
            layers = []
            for block in range(blocks):
                last = stage == len(WIDTHS) and block == blocks - 1
                stride = 2 if stage > 1 and block == 0 else 1
                layers.append(ShortcutBlock(inputs, width, stride, final_relu or not last))
                inputs = width
            self.add_module(f"layer{stage}", nn.Sequential(*layers))

    def forward(self, images: Tensor) -> Tensor:
        """Map (B, channels, 32, 32) to (B, 64)."""
        maps = F.relu(self.bn1(self.conv1(images)), inplace=True)
        for stage in range(1, len(WIDTHS) + 1):
            maps = self.get_submodule(f"layer{stage}")(maps)
        return maps.mean((2, 3))


def resnet(depth: int, channels: int = 3, *, final_relu: bool = True, seed: int = 0) -> SmallResNet:
    """Make a residual network for images of 32 pixels, without its classifier.

    Parameters
    ----------
    depth : int
        6 n + 2 layers with weights, the classifier among them; see `DEPTHS`. With a linear
        classifier of 10 classes, depth 20 has 269,722 parameters and depth 110 has 1,727,962.
    channels : int
        Channels of the images.
    final_relu : bool
        Whether the last block ends with a ReLU. iCaRL's published code leaves it out, so that
        features may be negative.
    seed : int
        Draws the weights: normal with variance 2 / fan out.

    Raises
    ------
    InvalidNetworkError
        If ``depth`` is not 6 n + 2.
    """
    return build_seeded(
        lambda: SmallResNet(depth, channels, final_relu), torch.Generator().manual_seed(seed)
    )
