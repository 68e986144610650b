"""The numbers that a linear read-out predicts, made from a task's targets and masks.

=============  ==========================================================================
kind           numbers
=============  ==========================================================================
``map``        for each place of the grid, the target's patch: channel, row, column
``class_map``  the same for the classes' indicators (1 for the pixel's class, else 0)
``segments``   the same for each pixel's `descriptors`
``vector``     for each image, its target
``classes``    for each image, the probabilities, or the indicators of its class number
=============  ==========================================================================
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from encoders.errors import InvalidDataError
from encoders.tasks import Task
from encoders.tasks.task import Output
from taskgraph.arrays import Booleans, Floats, Floats32, Integers


@dataclass(frozen=True, eq=False)
class Regressand:
    """The outputs of a task for a linear read-out, with their means and scales.

    Attributes
    ----------
    task : Task
        The task, with its number of classes.
    grid : int
        Side of the representations' grid; maps are cut into grid x grid patches.
    mean : (q,) array
        Mean of each number over the valid training examples.
    scale : (q,) array
        Divisors of the numbers. They are 1, except for segments, whose numbers have several units.
    """

    task: Task
    grid: int
    mean: Floats32
    scale: Floats32

    @property
    def pixels(self) -> bool:
        """Return whether rows are places of the grid instead of images."""
        return _form(self.task).pixels

    @property
    def channels(self) -> int:
        """Return the number of channels of the maps, or of an image's numbers."""
        form = _form(self.task)
        return DESCRIPTORS if form.kind == "segments" else _channels(self.task)

    def numbers(self, target: Tensor, mask: Tensor) -> Floats32:
        """Return the numbers to predict, (B g g, q) or (B, q).

        Masked numbers are replaced by their mean, so that all maps share one matrix of the
        features' moments. In return, a read-out is fitted and tested with the mean at masked
        pixels. These add nothing to the variance by which errors are divided. If rows are images,
        images with an empty mask must get the weight 0 (`weight`).
        """
        values, valid = raw(self.task, target, mask, self.grid)
        filled = np.where(valid, values, self.mean) / self.scale
        return filled.astype(np.float32, copy=False)

    @staticmethod
    def weight(mask: Tensor) -> Booleans:
        """Return whether each image has a valid target, (B,)."""
        return mask.flatten(1).any(1).numpy() if mask.ndim > 1 else mask.bool().numpy()


def regressand(task: Task, batches: Iterable[tuple[Tensor, Tensor]], grid: int) -> Regressand:
    """Compute means and scales of a task's numbers from its training examples.

    Parameters
    ----------
    batches : iterable of (target, mask)
        As `encoders.dataset.TaskonomyDataset.batch` returns them.

    Raises
    ------
    InvalidDataError
        If all targets are masked, or maps cannot be cut into grid x grid patches.
    """
    count, total, squares = np.zeros(()), np.zeros(()), np.zeros(())
    for target, mask in batches:
        values, valid = raw(task, target, mask, grid)
        filled = np.where(valid, values, 0.0).astype(np.float64)
        count = count + np.broadcast_to(valid, values.shape).sum(0)
        total, squares = total + filled.sum(0), squares + np.square(filled).sum(0)
    if not count.any():
        raise InvalidDataError(
            f"task {task.name}: no pixel or image of the training examples has a target; take more "
            "images, or leave the task out"
        )
    mean = total / np.maximum(count, 1)
    scale = np.ones_like(mean)
    if _form(task).kind == "segments":
        spread = np.sqrt(np.maximum(squares / np.maximum(count, 1) - mean**2, 0.0))
        shared = spread.reshape(DESCRIPTORS, -1).mean(1)  # the same for all pixels of a patch
        scale = np.repeat(np.where(shared > 1e-6, shared, 1.0), len(mean) // DESCRIPTORS)
    return Regressand(task, grid, mean.astype(np.float32), scale.astype(np.float32))


def raw(task: Task, target: Tensor, mask: Tensor, grid: int) -> tuple[Floats32, Booleans]:
    """Return the numbers of a batch before scaling, and which of them are valid.

    Returns
    -------
    values : (rows, q) array
    valid : (rows, q) or (rows, 1) bool array
    """
    form = _form(task)
    if not form.pixels:
        if not target.is_floating_point():
            target = F.one_hot(target.long(), _channels(task))
        return target.float().numpy(), mask.bool().numpy()[:, None]
    if form.kind == "class_map":
        inside = torch.where(mask.bool(), target.long(), 0)
        target = F.one_hot(inside, _channels(task)).movedim(-1, 1)
    elif form.kind == "segments":
        target = torch.from_numpy(descriptors(target.numpy(), mask.bool().numpy()))
    target = target.float()
    valid = mask.bool().unsqueeze(1).expand_as(target)
    return patches(target, grid).numpy(), patches(valid, grid).numpy()


DESCRIPTORS = 3
"""Number of the `descriptors` of a pixel."""


def descriptors(segments: Integers, mask: Booleans) -> Floats32:
    """Describe each pixel by the centroid and the area of its segment.

    Parameters
    ----------
    segments : (B, H, W) integers, not negative
        Only their equality within an image matters.
    mask : (B, H, W) bool array
        Masked pixels belong to no segment.

    Returns
    -------
    (B, 3, H, W) float32 array
        The vector from the pixel to its segment's centroid, down and right, in units of half the
        picture's side, then the logarithm of the segment's share of the picture; 0 outside the
        mask. The vector is relative to the pixel because a read-out that is the same at all places
        cannot predict absolute positions.
    """
    count, height, width = segments.shape
    _, labels = np.unique(segments, return_inverse=True)
    labels = labels.reshape(count, -1)
    each = labels.max(initial=0) + 1
    flat = (labels + each * np.arange(count)[:, None])[mask.reshape(count, -1)]  # of valid pixels
    own = np.stack(np.broadcast_arrays(*_coordinates(height, width)))  # (2, H, W)
    places = np.broadcast_to(own, (count, 2, height, width)).transpose(1, 0, 2, 3)[:, mask]
    area = np.bincount(flat, minlength=count * each)
    described = np.zeros((DESCRIPTORS, count, height, width))
    for axis in range(2):
        centroid = np.bincount(flat, places[axis], count * each) / np.maximum(area, 1)
        described[axis][mask] = centroid[flat] - places[axis]
    described[2][mask] = np.log(area[flat] / (height * width))
    return np.ascontiguousarray(described.transpose(1, 0, 2, 3), dtype=np.float32)


def _coordinates(height: int, width: int) -> tuple[Floats, Floats]:
    """Return the coordinates of the pixels' centers in [-1, 1], (H, 1) and (1, W)."""
    down, right = (2 * (np.arange(n) + 0.5) / n - 1 for n in (height, width))
    return down[:, None], right[None, :]


def positions(height: int, width: int) -> Tensor:
    """Return pixels' positions, down and right, in [-1, 1] between borders, (2, H, W)."""
    both = np.stack(np.broadcast_arrays(*_coordinates(height, width)))
    return torch.from_numpy(both.astype(np.float32))


def patches(maps: Tensor, grid: int) -> Tensor:
    """Cut (B, C, H, W) maps into g x g patches, (B g g, C H/g W/g).

    Rows are ordered by image, row and column of the grid; columns by channel, row and column.

    Raises
    ------
    InvalidDataError
        If H or W cannot be divided by the grid's side.
    """
    count, channels, height, width = maps.shape
    if height % grid or width % grid:
        raise InvalidDataError(
            f"maps of {height} x {width} pixels cannot be cut into {grid} x {grid} equal patches; "
            "take pictures whose side is a multiple of the representations' grid"
        )
    cut = maps.reshape(count, channels, grid, height // grid, grid, width // grid)
    return cut.permute(0, 2, 4, 1, 3, 5).reshape(count * grid * grid, -1)


def unpatched(rows: Tensor, grid: int, channels: int) -> Tensor:
    """Assemble square maps, (B, C, g s, g s), from (B g g, C s s) `patches`."""
    side = int((rows.shape[1] // channels) ** 0.5)
    cut = rows.reshape(-1, grid, grid, channels, side, side).permute(0, 3, 1, 4, 2, 5)
    return cut.reshape(len(cut), channels, grid * side, grid * side)


def _form(task: Task) -> Output:
    """Return the task's output; raises if it has none."""
    if task.output is None:
        raise InvalidDataError(f"task {task.name} has no output, so there is nothing to predict")
    return task.output


def _channels(task: Task) -> int:
    """Return the number of channels of the task's output; raises if it is unknown."""
    channels = _form(task).channels
    if channels is None:
        raise InvalidDataError(
            f"task {task.name}: the number of classes depends on the data; take the task from "
            "TaskonomyDataset(...).tasks"
        )
    return channels
