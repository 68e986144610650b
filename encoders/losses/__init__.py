"""The losses of the tasks, and the adversarial term. Each returns one number for each image."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from encoders.errors import InvalidLossInputError
from encoders.losses.adversarial import (
    combined,
    discriminator_loss,
    generator_loss,
    noise_scale,
    with_noise,
)
from encoders.losses.entropy import soft_xentropy, xentropy
from encoders.losses.masked import batch_mean, weights
from encoders.losses.metric import metric
from encoders.losses.pose import ego_cycle, pose_norm, robust, rotation_matrices
from encoders.losses.regression import l1, l2


class Loss(Protocol):
    """A pure function of a batch. A loss may have further settings, as keywords with defaults."""

    def __call__(self, prediction: Tensor, target: Tensor, mask: Tensor | None = None, /) -> Tensor:
        """Return the loss of each image, (B,), lower is better; NaN for an empty mask.

        It is computed in float32, also under autocast.
        """


LOSSES: dict[str, Loss] = {
    "l1": l1,
    "l2": l2,
    "xentropy": xentropy,
    "soft_xentropy": soft_xentropy,
    "metric": metric,
    "pose_norm": pose_norm,
    "ego_cycle": ego_cycle,
}
"""All losses of tasks by name; `metric` also takes a ``generator`` that draws pixels."""

__all__ = [
    "LOSSES",
    "InvalidLossInputError",
    "Loss",
    "batch_mean",
    "combined",
    "discriminator_loss",
    "ego_cycle",
    "generator_loss",
    "l1",
    "l2",
    "metric",
    "noise_scale",
    "pose_norm",
    "robust",
    "rotation_matrices",
    "soft_xentropy",
    "weights",
    "with_noise",
    "xentropy",
]
