"""The dense tasks, and the measure of each in its own unit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor
from torch.nn import functional as F

from encoders.losses import LOSSES, Loss
from encoders.tasks import TASKS

NEAR = 1.25
"""Largest ratio of predicted and true depth, either way around, that counts as right."""


@dataclass(frozen=True)
class DenseTask:
    """A task with a label for each pixel.

    Attributes
    ----------
    name : str
        One of the 26 tasks.
    title : str
    measure : str
        Name and unit of its measure.
    larger_is_better : bool
    channels : int
        Numbers, or logits of classes, of a pixel.
    evaluate : callable
        From predictions, targets and masks of all test views to the measure.
    """

    name: str
    title: str
    measure: str
    larger_is_better: bool
    channels: int
    evaluate: Callable[[Tensor, Tensor, Tensor], float]

    @property
    def loss(self) -> Loss:
        """Return the loss of training, (prediction, target, mask) to (B,); no class weights."""
        loss: Loss = LOSSES[TASKS[self.name].loss]
        return loss


def near_depths(prediction: Tensor, target: Tensor, mask: Tensor) -> float:
    """Return the percent of valid pixels whose depth is right within a factor of 1.25.

    Predictions and targets are log(1 + 512 d) / log 2^16 of a depth d in meters. Source: Eigen et
    al., "Depth map prediction from a single image", NeurIPS 2014, section 4.
    """
    valid = mask.bool()
    found, truth = (
        (torch.pow(2.0, 16 * each.squeeze(1)[valid]) - 1).clamp_min(1.0)
        for each in (prediction, target)
    )
    ratio = torch.maximum(found / truth, truth / found)
    return 100 * float((ratio < NEAR).double().mean())


def mean_angle(prediction: Tensor, target: Tensor, mask: Tensor) -> float:
    """Return the mean angle between predicted and true normals of valid pixels, in degrees."""
    valid = mask.bool()
    found, truth = (
        F.normalize(each.double(), dim=1).permute(0, 2, 3, 1)[valid]
        for each in (prediction, target)
    )
    cosine = (found * truth).sum(1).clamp(-1, 1)
    return float(torch.rad2deg(torch.acos(cosine)).mean())


def mean_iou(prediction: Tensor, target: Tensor, mask: Tensor) -> float:
    """Return the mean over classes of intersection over union of valid pixels, in percent.

    Classes without a valid pixel in the targets are left out.
    """
    classes, valid = prediction.shape[1], mask.bool()
    found, truth = prediction.argmax(1)[valid], target[valid].long()
    counts = torch.bincount(classes * truth + found, minlength=classes**2).double()
    table = counts.reshape(classes, classes)
    own, union = table.diagonal(), table.sum(0) + table.sum(1) - table.diagonal()
    present = table.sum(1) > 0
    return 100 * float((own[present] / union[present]).mean())


def mean_error(prediction: Tensor, target: Tensor, mask: Tensor) -> float:
    """Return the mean absolute error of valid pixels, in percent of the range [-1, 1]."""
    error = (prediction - target).abs().squeeze(1)[mask.bool()]
    return 50 * float(error.double().mean())


DENSE_TASKS: Mapping[str, DenseTask] = MappingProxyType(
    {
        each.name: each
        for each in (
            DenseTask("rgb2depth", "depth", "depth within 25 %, %", True, 1, near_depths),
            DenseTask("rgb2sfnorm", "normals", "mean angle, °", False, 3, mean_angle),
            DenseTask("segmentsemantic_rb", "semantic segmentation", "IoU, %", True, 17, mean_iou),
            DenseTask("reshade", "shading", "absolute error, %", False, 1, mean_error),
        )
    }
)
