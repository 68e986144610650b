"""Scores of pictures of any size, which are read and cropped a few at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.finetune.crops import middle_square, ten_crops
from benchmarks.learning.config import LoopConfig
from benchmarks.learning.prediction import outputs
from taskgraph.arrays import Array, Floats, Pixels

AT_ONCE = 16
"""Pictures that are cropped at a time."""


def crop_scores(
    model: nn.Module, pictures: Pixels | Sequence[Pixels], size: int, config: LoopConfig
) -> Floats:
    """Return the mean probabilities over the `ten_crops` of each picture, (N, classes)."""

    def crops(picture: Pixels) -> Tensor:
        """Return ten crops."""
        return ten_crops(picture, size)

    scores = torch.from_numpy(_scores(model, pictures, crops, config)).double()
    means: Floats = scores.softmax(2).mean(1).numpy()
    return means


def middle_scores(
    model: nn.Module,
    pictures: Pixels | Sequence[Pixels],
    size: int,
    shorter: int,
    config: LoopConfig,
) -> Array:
    """Return the scores of the middle square of each picture, (N, classes)."""

    def middle(picture: Pixels) -> Tensor:
        """Return one crop."""
        return middle_square(picture, size, shorter=shorter)[None]

    return _scores(model, pictures, middle, config)[:, 0]


def _scores(
    model: nn.Module,
    pictures: Pixels | Sequence[Pixels],
    views: Callable[[Pixels], Tensor],
    config: LoopConfig,
) -> Array:
    """Return the scores of some views of each picture, (N, views, classes)."""
    parts = []
    for begin in range(0, len(pictures), AT_ONCE):
        several = [
            views(pictures[row]) for row in range(begin, min(begin + AT_ONCE, len(pictures)))
        ]
        scores = outputs(model, torch.cat(several), config)
        parts.append(scores.reshape(len(several), len(several[0]), -1))
    return np.concatenate(parts)
