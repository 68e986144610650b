"""Group normalization, with a faster step in bfloat16 on a CPU."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class GroupNorm(nn.GroupNorm):
    """`torch.nn.GroupNorm`, which lays its maps out channel by channel where that is faster.

    PyTorch's kernels for bfloat16 ``channels_last`` maps on a CPU take up to ten times as long as
    those for contiguous maps: at the preset ``tiny`` as long as all convolutions. Two copies cost
    less. The numbers are the same up to rounding.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Normalize (B, C, H, W) by picture and group; shape and layout stay."""
        if not _is_slow(input):
            return super().forward(input)
        result = super().forward(input.contiguous())
        return result.contiguous(memory_format=torch.channels_last)


def _is_slow(maps: Tensor) -> bool:
    return (
        maps.device.type == "cpu"
        and maps.dtype == torch.bfloat16
        and maps.dim() == 4
        and not maps.is_contiguous()
    )
