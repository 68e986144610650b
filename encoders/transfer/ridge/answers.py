"""Convert the predictions of a linear read-out to the form of the task's network outputs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from torch import Tensor

from encoders.errors import InvalidDataError
from encoders.losses import Loss
from encoders.tasks import Task
from encoders.training.objective import output_of
from encoders.transfer.ridge.regressands import Regressand, positions, unpatched
from taskgraph.arrays import Floats32


@dataclass(frozen=True)
class Calibration:
    """Parameters of the conversion, chosen by the loss on validation examples (`calibrate`).

    Attributes
    ----------
    floor : float
        For classes: predicted shares below floor / classes are raised to that number, since
        logarithms need positive shares.
    tilt : float
        For classes of pixels whose loss weighs class k by w_k: shares are multiplied by w^tilt. If
        the shares are exact, the expected loss is smallest at 1.
    place, area : float
        For segments: factors of the predicted centroid, in half sides of the picture, and of the
        logarithm of the area. The metric loss sees the squared distance of these numbers.
    """

    floor: float = 0.1
    tilt: float = 0.0
    place: float = 1.0
    area: float = 1.0


FLOORS = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005)
TILTS = (0.0, 0.5, 1.0)
PLACE_SCALES = (0.7, 1.0, 1.4, 2.0, 2.8)
AREA_SCALES = (0.5, 1.0)


def calibrations(task: Task) -> list[Calibration]:
    """Return the parameters that a task chooses from; a single one if it has nothing to choose."""
    kind = task.output.kind if task.output else "vector"
    if kind == "classes":
        return [Calibration(floor=floor) for floor in FLOORS]
    if kind == "class_map":
        return [Calibration(floor=floor, tilt=tilt) for floor, tilt in product(FLOORS, TILTS)]
    if kind == "segments":
        return [
            Calibration(place=place, area=area)
            for place, area in product(PLACE_SCALES, AREA_SCALES)
        ]
    return [Calibration()]


def answer(
    regressand: Regressand,
    numbers: Floats32,
    calibration: Calibration | None = None,
    *,
    weights: Tensor | None = None,
) -> Tensor:
    """Convert predictions to the form of a network's output, for the task's loss.

    Maps are assembled from their patches, and clipped to [-1, 1] if the task's network ends in
    tanh. Classes become the logarithms of their shares. Segments become (3, H, W) embeddings: the
    predicted centroid of each pixel's segment, and the area.

    Parameters
    ----------
    numbers : (B g g, q) or (B, q) array
        Predictions, in the form of `Regressand.numbers`.
    calibration : Calibration, optional
    weights : (K,) tensor, optional
        As `encoders.training.objective.class_weights` returns them, for ``tilt``.

    Returns
    -------
    (B, C, H, W) or (B, C) float32 tensor
    """
    calibration = calibration or Calibration()
    task = regressand.task
    assert task.output is not None  # or there would be no regressand
    kind = task.output.kind
    rows = torch.from_numpy(np.asarray(numbers * regressand.scale, dtype=np.float32))
    if not regressand.pixels:
        return logits(rows, calibration) if kind == "classes" else rows
    maps = unpatched(rows, regressand.grid, regressand.channels)
    if kind == "class_map":
        return logits(maps, calibration, weights)
    if kind == "segments":
        places = maps[:, :2] + positions(*maps.shape[2:])
        return torch.cat([calibration.place * places, calibration.area * maps[:, 2:]], dim=1)
    return maps.clamp(-1, 1) if output_of(task).activation == "tanh" else maps


def logits(shares: Tensor, calibration: Calibration, weights: Tensor | None = None) -> Tensor:
    """Return the logarithms of (B, K, ...) shares, made positive and normalized to sum 1."""
    floor = calibration.floor / shares.shape[1]
    log_shares = shares.clamp(min=floor).log()
    if weights is not None and calibration.tilt:
        offset = calibration.tilt * weights.to(log_shares).log()
        log_shares = log_shares + offset.reshape(-1, *[1] * (shares.ndim - 2))
    return log_shares.log_softmax(1)


PredictedBatch = tuple[Floats32, Tensor, Tensor]
"""Predictions, and the task's targets and masks."""


def calibrate(
    regressand: Regressand,
    batches: Sequence[PredictedBatch] | Iterable[PredictedBatch],
    loss: Loss,
    *,
    weights: Tensor | None = None,
) -> Calibration:
    """Choose the parameters with the smallest mean loss; the first of equal ones.

    Parameters
    ----------
    batches : iterable of (numbers, target, mask)
        Predictions for the validation examples. Images with an empty mask are ignored.
    loss : function
        The loss of the task.

    Raises
    ------
    InvalidDataError
        If all masks are empty.
    """
    choices = calibrations(regressand.task)
    total, count = np.zeros(len(choices)), 0
    for numbers, target, mask in batches:
        for i, calibration in enumerate(choices):
            each = loss(answer(regressand, numbers, calibration, weights=weights), target, mask)
            total[i] += float(each.nansum())
        count += int((~each.isnan()).sum())
    if not count:
        raise InvalidDataError(
            f"task {regressand.task.name}: no validation image has a target, so that no parameter "
            "can be chosen by its loss; take more images"
        )
    return choices[int(total.argmin())]
