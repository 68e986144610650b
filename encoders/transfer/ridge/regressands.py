"""What a linear read-out predicts: a task's targets as rows of numbers, and what counts of them.

=============  ==========================================================================
kind           numbers
=============  ==========================================================================
``map``        at each place of the grid, the target's patch: channel, row, column
``class_map``  the same of the classes' indicators (1 for the pixel's class, else 0)
``segments``   the same of each pixel's `descriptors`
``vector``     of each image, the numbers themselves
``classes``    of each image, the probabilities; the indicators where it has a class number
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
    """A task's outputs for a linear read-out.

    Attributes
    ----------
    task : Task
        With its number of classes.
    grid : int
        Side of the representations' grid; maps are cut into grid x grid patches.
    mean : (q,) array
        Of each number over the examples trained on, where it counts.
    scale : (q,) array
        What numbers of different units are divided by; ones for all kinds but segments.
    """

    task: Task
    grid: int
    mean: Floats32
    scale: Floats32

    @property
    def pixels(self) -> bool:
        """Whether rows are places of the grid, not images."""
        return _form(self.task).pixels

    @property
    def channels(self) -> int:
        """Of the maps that the numbers are patches of, or numbers of an image."""
        form = _form(self.task)
        return DESCRIPTORS if form.kind == "segments" else _channels(self.task)

    def numbers(self, target: Tensor, mask: Tensor) -> Floats32:
        """The rows to be predicted, (B g g, q) or (B, q).

        Numbers that do not count are set to their mean. So all maps share one matrix of the
        features' moments; the price is that a read-out is pulled to the mean at masked pixels
        and measured against it there. They add nothing to the variance that errors are divided by.
        Images whose mask is empty are to be given weight 0 where rows are images (`weight`).
        """
        values, counts = raw(self.task, target, mask, self.grid)
        filled = np.where(counts, values, self.mean) / self.scale
        return filled.astype(np.float32, copy=False)

    @staticmethod
    def weight(mask: Tensor) -> Booleans:
        """(B,) whether an image counts."""
        return mask.flatten(1).any(1).numpy() if mask.ndim > 1 else mask.bool().numpy()


def regressand(task: Task, batches: Iterable[tuple[Tensor, Tensor]], grid: int) -> Regressand:
    """Observe a task's targets and masks on the examples to be trained on.

    Parameters
    ----------
    batches : iterable of (target, mask)
        As `encoders.dataset.TaskonomyDataset.batch` gives them.

    Raises
    ------
    InvalidDataError
        If nothing of the targets counts, or maps cannot be cut into grid x grid patches.
    """
    count, total, squares = np.zeros(()), np.zeros(()), np.zeros(())
    for target, mask in batches:
        values, counts = raw(task, target, mask, grid)
        wide = np.where(counts, values, 0.0).astype(np.float64)
        count = count + np.broadcast_to(counts, values.shape).sum(0)
        total, squares = total + wide.sum(0), squares + np.square(wide).sum(0)
    if not count.any():
        raise InvalidDataError(
            f"task {task.name}: no pixel or image of the examples to train on counts; take more "
            "images, or leave the task out"
        )
    mean = total / np.maximum(count, 1)
    scale = np.ones_like(mean)
    if _form(task).kind == "segments":
        spread = np.sqrt(np.maximum(squares / np.maximum(count, 1) - mean**2, 0.0))
        each = spread.reshape(DESCRIPTORS, -1).mean(1)  # one for all pixels of a patch
        scale = np.repeat(np.where(each > 1e-6, each, 1.0), len(mean) // DESCRIPTORS)
    return Regressand(task, grid, mean.astype(np.float32), scale.astype(np.float32))


def raw(task: Task, target: Tensor, mask: Tensor, grid: int) -> tuple[Floats32, Booleans]:
    """A batch's numbers before any scaling, and which of them count.

    Returns
    -------
    values : (rows, q) array
    counts : (rows, q) or (rows, 1) bool array
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
    counts = mask.bool().unsqueeze(1).expand_as(target)
    return patches(target, grid).numpy(), patches(counts, grid).numpy()


DESCRIPTORS = 3


def descriptors(segments: Integers, mask: Booleans) -> Floats32:
    """What is the same for all pixels of one segment, as seen from each pixel.

    Parameters
    ----------
    segments : (B, H, W) integers, not negative
        Only their equality within an image means anything.
    mask : (B, H, W) bool array
        Pixels outside belong to no segment.

    Returns
    -------
    (B, 3, H, W) float32 array
        From a pixel to its segment's centroid, down and to the right, in units of half the
        picture's side (a read-out that is the same everywhere can predict the way to the
        centroid, but not where it is); the logarithm of the segment's share of the picture. 0
        outside the mask.
    """
    count, height, width = segments.shape
    _, labels = np.unique(segments, return_inverse=True)
    labels = labels.reshape(count, -1)
    each = labels.max(initial=0) + 1
    flat = (labels + each * np.arange(count)[:, None])[mask.reshape(count, -1)]  # of valid pixels
    own = np.stack(np.broadcast_arrays(*_coordinates(height, width)))  # (2, H, W)
    places = np.broadcast_to(own, (count, 2, height, width)).transpose(1, 0, 2, 3)[:, mask]
    area = np.bincount(flat, minlength=count * each)
    found = np.zeros((DESCRIPTORS, count, height, width))
    for axis in range(2):
        centroid = np.bincount(flat, places[axis], count * each) / np.maximum(area, 1)
        found[axis][mask] = centroid[flat] - places[axis]
    found[2][mask] = np.log(area[flat] / (height * width))
    return np.ascontiguousarray(found.transpose(1, 0, 2, 3), dtype=np.float32)


def _coordinates(height: int, width: int) -> tuple[Floats, Floats]:
    """(H, 1) and (1, W), the pixels' centers in [-1, 1]."""
    down, right = (2 * (np.arange(n) + 0.5) / n - 1 for n in (height, width))
    return down[:, None], right[None, :]


def positions(height: int, width: int) -> Tensor:
    """(2, H, W) float32: down and to the right, -1 to 1 between the picture's borders."""
    both = np.stack(np.broadcast_arrays(*_coordinates(height, width)))
    return torch.from_numpy(both.astype(np.float32))


def patches(maps: Tensor, grid: int) -> Tensor:
    """(B, C, H, W) -> (B g g, C H/g W/g): images, rows, columns; channel, row, column.

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
    """(B g g, C s s) -> (B, C, g s, g s): undoes `patches` of square maps."""
    side = int((rows.shape[1] // channels) ** 0.5)
    cut = rows.reshape(-1, grid, grid, channels, side, side).permute(0, 3, 1, 4, 2, 5)
    return cut.reshape(len(cut), channels, grid * side, grid * side)


def _form(task: Task) -> Output:
    if task.output is None:
        raise InvalidDataError(f"task {task.name} has no output, so there is nothing to predict")
    return task.output


def _channels(task: Task) -> int:
    channels = _form(task).channels
    if channels is None:
        raise InvalidDataError(
            f"task {task.name}: the number of classes depends on the data; take the task from "
            "TaskonomyDataset(...).tasks"
        )
    return channels
