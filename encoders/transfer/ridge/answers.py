"""The way back: from a linear read-out's numbers to what the task's network would output."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import torch
from torch import Tensor

from encoders.codecs.colors import rebalancing
from encoders.errors import InvalidDataError
from encoders.tasks import Task
from encoders.training.fit import Loss
from encoders.training.objective import output_of
from encoders.transfer.ridge.regressands import Regressand, positions, unpatched
from taskgraph.arrays import Floats32


@dataclass(frozen=True)
class Setting:
    """What least squares leaves open, chosen on the valid examples (`calibrate`).

    Attributes
    ----------
    floor : float
        Of classes: predicted shares below floor / classes are raised to that, as the logarithm of
        what is not positive is none.
    tilt : float
        Of classes of pixels whose loss weighs them by w: shares are multiplied by w^tilt. With
        shares that are right, the expected loss is least at 1.
    place, area : float
        Of segments: what a pixel's centroid, in half sides of the picture, and its logarithm of
        the area are multiplied by. Their squared distance is what the metric loss sees.
    """

    floor: float = 0.1
    tilt: float = 0.0
    place: float = 1.0
    area: float = 1.0


FLOORS = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005)
TILTS = (0.0, 0.5, 1.0)
SCALES = (0.7, 1.0, 1.4, 2.0, 2.8)
AREAS = (0.5, 1.0)


def settings(task: Task) -> list[Setting]:
    """Those that a task chooses from; one, where nothing is open."""
    kind = task.output.kind if task.output else "vector"
    if kind == "classes":
        return [Setting(floor=floor) for floor in FLOORS]
    if kind == "class_map":
        return [Setting(floor=floor, tilt=tilt) for floor, tilt in product(FLOORS, TILTS)]
    if kind == "segments":
        return [Setting(place=place, area=area) for place, area in product(SCALES, AREAS)]
    return [Setting()]


def class_weights(task: Task, constants: Mapping[str, Any]) -> Tensor | None:
    """The weights of classes of pixels in a task's loss (`encoders.training.objective.loss_of`)."""
    if task.output is None or task.output.kind != "class_map" or "frequency" not in constants:
        return None
    share = np.asarray(constants["frequency"], dtype=np.float64)
    return torch.from_numpy(rebalancing(share / share.sum()))


def answer(
    regressand: Regressand,
    numbers: Floats32,
    setting: Setting | None = None,
    *,
    weights: Tensor | None = None,
) -> Tensor:
    """What the task's loss takes for a network's output.

    Maps are put together from their patches, and clipped to [-1, 1] where networks end in tanh.
    Classes are the logarithms of their shares. Segments are (3, H, W) embeddings: the centroid
    that a pixel's numbers point at, and the area.

    Parameters
    ----------
    numbers : (B g g, q) or (B, q) array
        Predictions of `Regressand.numbers`.
    setting : Setting, optional
    weights : (K,) tensor, optional
        Of `class_weights`, for the setting's ``tilt``.

    Returns
    -------
    (B, C, H, W) or (B, C) float32 tensor
    """
    setting = setting or Setting()
    task = regressand.task
    assert task.output is not None  # or there would be no regressand
    kind = task.output.kind
    rows = torch.from_numpy(np.asarray(numbers * regressand.scale, dtype=np.float32))
    if not regressand.pixels:
        return logits(rows, setting) if kind == "classes" else rows
    maps = unpatched(rows, regressand.grid, regressand.channels)
    if kind == "class_map":
        return logits(maps, setting, weights)
    if kind == "segments":
        places = maps[:, :2] + positions(*maps.shape[2:])
        return torch.cat([setting.place * places, setting.area * maps[:, 2:]], dim=1)
    return maps.clamp(-1, 1) if output_of(task).activation == "tanh" else maps


def logits(shares: Tensor, setting: Setting, weights: Tensor | None = None) -> Tensor:
    """(B, K, ...) predicted shares -> logarithms of positive ones that sum to 1."""
    floor = setting.floor / shares.shape[1]
    found = shares.clamp(min=floor).log()
    if weights is not None and setting.tilt:
        lean = setting.tilt * weights.to(found).log()
        found = found + lean.reshape(-1, *[1] * (shares.ndim - 2))
    return found.log_softmax(1)


Batch = tuple[Floats32, Tensor, Tensor]
"""Predicted numbers, the task's target and mask."""


def calibrate(
    regressand: Regressand,
    batches: Sequence[Batch] | Iterable[Batch],
    loss: Loss,
    *,
    weights: Tensor | None = None,
) -> Setting:
    """The setting with the least mean loss over images that count; the first of equal ones.

    Parameters
    ----------
    batches : iterable of (numbers, target, mask)
        Predictions of valid examples.
    loss : function
        Of the task.

    Raises
    ------
    InvalidDataError
        If no image counts.
    """
    choices = settings(regressand.task)
    total, count = np.zeros(len(choices)), 0
    for numbers, target, mask in batches:
        for i, setting in enumerate(choices):
            each = loss(answer(regressand, numbers, setting, weights=weights), target, mask)
            total[i] += float(each.nansum())
        count += int((~each.isnan()).sum())
    if not count:
        raise InvalidDataError(
            f"task {regressand.task.name}: no valid image counts, so nothing can be chosen by its "
            "loss; take more images"
        )
    return choices[int(total.argmin())]
