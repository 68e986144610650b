"""What a linear read-out sees of the sources' representations.

A representation is (f, g, g): features on a grid. In all shapes: B images, S sources, n pictures
of one example. Columns of a result are sorted by source, so each source owns a run of them.
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
"""Side of the neighborhood that a place's output is read from."""

PLACES, SIDES = 3, 2
"""Sides of the grids that pictures are averaged over: to be classified or compared, and for poses.

Finer and coarser ones, differences, products, squares and roots were tried on five encoders and
750 examples; matching gains most by its own choice (error 0.60; 0.63 with squares for absolute
values, 0.76 with products, 1.00 with the pictures side by side), poses by theirs (0.94 of the best
constant's error for fixated pairs, 0.96 with differences and squares).
"""


@dataclass(frozen=True, eq=False)
class Statistics:
    """Mean and spread of every channel, (S, f), on the examples trained on."""

    mean: Floats32
    scale: Floats32

    @classmethod
    def observe(cls, batches: Iterable[ArrayLike]) -> Statistics:
        """From representations in batches of (..., S, f, g, g).

        A channel that never varies gets the scale 1.

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
        """Those of some sources."""
        chosen = list(sources)
        return Statistics(self.mean[chosen], self.scale[chosen])

    def standardize(self, representations: ArrayLike) -> Tensor:
        """(..., S, f, g, g) -> the same shape, mean 0 and spread 1, clipped to ±`SPREAD`.

        Raises
        ------
        InvalidDataError
            If sources or features are not those observed.
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


def local(representations: ArrayLike, statistics: Statistics) -> Floats32:
    """Each place's 3 x 3 neighborhood; beyond the border stand zeros, the channels' means.

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


def pooled(representations: ArrayLike, statistics: Statistics) -> Floats32:
    """Averages over 3 x 3 places of each picture, (B, S, f, g, g) -> (B, 9 f S)."""
    return _array(_averages(statistics.standardize(representations), PLACES).flatten(1))


def related(representations: ArrayLike, statistics: Statistics) -> Floats32:
    """Averages over 2 x 2 places of several pictures, (B, n, S, f, g, g) -> (B, 4 f n S).

    For poses. Differences of the pictures, which change their sign with the pose when the
    pictures change places, are among the linear functions of these; so is what one picture alone
    says, such as which way its camera is tilted.

    Raises
    ------
    InvalidDataError
        If there are not several pictures.
    """
    each = _of_several(representations, statistics, SIDES)  # (B, n, S, 4 f)
    return _array(each.transpose(1, 2).flatten(1))


def compared(representations: ArrayLike, statistics: Statistics) -> Floats32:
    """How far each picture is from the next, (B, n, S, f, g, g) -> (B, 9 f (n - 1) S).

    Absolute differences of averages over 3 x 3 places. For matching: the same with the pictures
    in either order, and a linear function of it is a distance.

    Raises
    ------
    InvalidDataError
        If there are not several pictures.
    """
    each = _of_several(representations, statistics, PLACES)  # (B, n, S, 9 f)
    return _array((each[:, 1:] - each[:, :-1]).abs().transpose(1, 2).flatten(1))


def runs(sources: Sequence[str], columns: int) -> dict[str, slice]:
    """The columns of each source, where all have equally many."""
    each = columns // len(sources)
    return {name: slice(i * each, (i + 1) * each) for i, name in enumerate(sources)}


def _of_several(representations: ArrayLike, statistics: Statistics, side: int) -> Tensor:
    shape = np.shape(representations)
    if len(shape) != 6 or shape[1] < 2:
        raise InvalidDataError(
            f"representations of shape {shape}; to relate pictures, give (B, n, S, f, g, g) with "
            "n of at least 2"
        )
    return _averages(statistics.standardize(representations), side)


def _averages(each: Tensor, side: int) -> Tensor:
    """(..., f, g, g) -> (..., f side side)."""
    lead = each.shape[:-2]
    flat: Any = F.adaptive_avg_pool2d(each.reshape(1, -1, *each.shape[-2:]), side)
    found: Tensor = flat.reshape(*lead[:-1], lead[-1] * side * side)
    return found


def _array(values: Tensor) -> Floats32:
    return np.ascontiguousarray(values.numpy())
