"""The features of a linear read-out, computed from the sources' representations.

A representation is (f, g, g): f channels on a grid of g x g places. In all shapes, B is the number
of images, S of sources, and n of the pictures of one example. The columns of a result are grouped
by source.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor
from torch.nn import functional as F

from encoders.errors import InvalidDataError
from encoders.networks.readout import SPREAD
from taskgraph.arrays import Floats32

AROUND = 3
"""Side of the neighborhood from which the output at a place is predicted."""

CLASS_GRID, POSE_GRID = 3, 2
"""Sides of the grids to which representations are averaged: for classes, and for poses.

Chosen on five encoders and 750 examples among finer and coarser grids, differences, products,
squares and roots. Matching has the error 0.60 with absolute differences, 0.63 with squares, 0.76
with products, and 1.00 with both pictures' averages. Fixated poses have 0.94 of the best constant's
error with both pictures' averages, and 0.96 with differences and squares.
"""


@dataclass(frozen=True, eq=False)
class Statistics:
    """Mean and standard deviation of every channel, (S, f), on the training examples."""

    mean: Floats32
    scale: Floats32

    @classmethod
    def observe(cls, batches: Iterable[ArrayLike]) -> Statistics:
        """Compute the statistics of batches of (..., S, f, g, g) representations.

        The scale of a channel that never varies is 1.

        Raises
        ------
        InvalidDataError
            If there is no batch.
        """
        count, total, squares = 0, np.zeros(()), np.zeros(())
        for batch in batches:
            each = np.asarray(batch, dtype=np.float32)
            each = each.reshape(-1, *each.shape[-4:])
            count += len(each) * each.shape[-1] * each.shape[-2]
            total = total + each.sum((0, 3, 4), dtype=np.float64)
            squares = squares + np.square(each, dtype=np.float64).sum((0, 3, 4))
        if not count:
            raise InvalidDataError("no representations to take means and spreads of; give a batch")
        mean = total / count
        spread = np.sqrt(np.maximum(squares / count - mean**2, 0.0))
        scale = np.where(spread > 1e-6, spread, 1.0)
        return cls(mean.astype(np.float32), scale.astype(np.float32))

    def of(self, sources: Sequence[int]) -> Statistics:
        """Return the statistics of some sources, by number."""
        chosen = list(sources)
        return Statistics(self.mean[chosen], self.scale[chosen])

    def standardize(self, representations: ArrayLike) -> Tensor:
        """Standardize (..., S, f, g, g) representations, and clip them to ±`SPREAD`.

        Raises
        ------
        InvalidDataError
            If the number of sources or channels differs from the statistics'.
        """
        each = torch.from_numpy(np.asarray(representations, dtype=np.float32))
        if each.ndim < 5 or tuple(each.shape[-4:-2]) != self.mean.shape:
            raise InvalidDataError(
                f"representations of shape {tuple(each.shape)}; these statistics are of "
                f"{self.mean.shape[0]} sources with {self.mean.shape[1]} features each: expected "
                f"(B, {self.mean.shape[0]}, {self.mean.shape[1]}, g, g)"
            )
        mean, scale = (torch.from_numpy(v)[..., None, None] for v in (self.mean, self.scale))
        return ((each - mean) / scale).clamp_(-SPREAD, SPREAD)


def local_features(representations: ArrayLike, statistics: Statistics) -> Floats32:
    """Return features of maps: the 3 x 3 neighborhood of each place.

    Outside of the grid, features are zero, which is the mean of every channel.

    Parameters
    ----------
    representations : (B, S, f, g, g) array

    Returns
    -------
    (B g g, 9 f S) float32 array
        Rows by image, row and column of the grid.
    """
    each = statistics.standardize(representations).flatten(1, 2)  # (B, S f, g, g)
    around = F.unfold(each, AROUND, padding=AROUND // 2)  # (B, S f 9, g g)
    return _array(around.mT.flatten(0, 1))


def pooled_features(representations: ArrayLike, statistics: Statistics) -> Floats32:
    """Return averages of single pictures on a 3 x 3 grid, (B, 9 f S), of (B, S, f, g, g)."""
    return _array(_averages(statistics.standardize(representations), CLASS_GRID).flatten(1))


def related_features(representations: ArrayLike, statistics: Statistics) -> Floats32:
    """Return features for poses: 2 x 2 averages, (B, 4 f n S), of (B, n, S, f, g, g).

    Differences of the pictures, which change sign as the pose does if the pictures are exchanged,
    are linear functions of these features. So are properties of a single picture, such as the tilt
    of its camera.

    Raises
    ------
    InvalidDataError
        If there is only one picture.
    """
    each = _of_several(representations, statistics, POSE_GRID)  # (B, n, S, 4 f)
    return _array(each.transpose(1, 2).flatten(1))


def compared_features(representations: ArrayLike, statistics: Statistics) -> Floats32:
    """Return differences of pictures, (B, 9 f (n - 1) S), of (B, n, S, f, g, g).

    They are the features of matching.

    They are the absolute differences of averages on a 3 x 3 grid. They do not depend on the order
    of the pictures, and a linear function of them is a distance.

    Raises
    ------
    InvalidDataError
        If there is only one picture.
    """
    each = _of_several(representations, statistics, CLASS_GRID)  # (B, n, S, 9 f)
    return _array((each[:, 1:] - each[:, :-1]).abs().transpose(1, 2).flatten(1))


def runs(sources: Sequence[str], columns: int) -> dict[str, slice]:
    """Return each source's columns, if all sources have equally many."""
    each = columns // len(sources)
    return {name: slice(i * each, (i + 1) * each) for i, name in enumerate(sources)}


def _of_several(representations: ArrayLike, statistics: Statistics, side: int) -> Tensor:
    """Return the averages of several pictures, (B, n, S, f side side)."""
    shape = np.shape(representations)
    if len(shape) != 6 or shape[1] < 2:
        raise InvalidDataError(
            f"representations of shape {shape}; to relate pictures, give (B, n, S, f, g, g) with "
            "n of at least 2"
        )
    return _averages(statistics.standardize(representations), side)


def _averages(each: Tensor, side: int) -> Tensor:
    """Return averages on a ``side`` x ``side`` grid: (..., f side side) of (..., f, g, g)."""
    lead = each.shape[:-2]
    flat: Any = F.adaptive_avg_pool2d(each.reshape(1, -1, *each.shape[-2:]), side)
    joined: Tensor = flat.reshape(*lead[:-1], lead[-1] * side * side)
    return joined


def _array(values: Tensor) -> Floats32:
    return np.ascontiguousarray(values.numpy())
