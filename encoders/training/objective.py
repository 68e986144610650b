"""The network, the losses and the best constant answer of each task."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from os import PathLike
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from encoders.codecs.colors import rebalancing
from encoders.errors import InvalidDataError, InvalidNetworkError
from encoders.losses import LOSSES, Loss, metric
from encoders.networks import EncoderDecoder, OutputSpec, Preset, network
from encoders.tasks import Task
from encoders.tasks.units import Conversion, conversion

HEADS = {
    "class_1000": (2, 1),
    "class_places": (2, 1),
    "vanishing_point_well_defined": (2, 1),
    "room_layout": (2, 1),
    "fix_pose": (2, 1),
    "non_fixated_pose": (3, 1),
    "ego_motion": (3, 2),
    "jigsaw": (3, 1),
    "point_match": (2, 8),
}
"""Number of fully connected layers of a task's head in the paper, and a divisor of their width."""

COMPARED = frozenset({"point_match"})
"""Tasks whose head also gets the differences of the pictures' representations. Without them,
training on 14,000 pairs with the preset ``tiny`` did not improve on chance (a loss of log 2
after 3 epochs)."""


CROSS_ENTROPIES = ("xentropy", "soft_xentropy")
"""Losses that weigh classes."""


def output_of(task: Task) -> OutputSpec:
    """Return what a task's decoder produces; maps whose loss is L1 lie in [-1, 1].

    Raises
    ------
    InvalidNetworkError
        If the task has no output (a random projection), or its number of classes is unknown.
    """
    form = task.output
    if form is None:
        raise InvalidNetworkError(f"task {task.name} has no output, so there is nothing to train")
    if form.channels is None:
        raise InvalidNetworkError(
            f"task {task.name}: the number of classes depends on the data; take the task from "
            "TaskonomyDataset(...).tasks"
        )
    if form.pixels:
        bounded = form.kind == "map" and task.loss == "l1"
        activation = "tanh" if bounded else "none"
        return OutputSpec("pixels", form.channels, 1 / form.shrink, activation)  # type: ignore[arg-type]
    layers, narrow = HEADS.get(task.name, (2, 1))
    kind = "classes" if form.kind == "classes" else "vector"
    compare = task.name in COMPARED
    return OutputSpec(
        kind,  # type: ignore[arg-type]
        form.channels,
        layers=layers,
        narrow=narrow,
        compare=compare,
    )


def check_classes(task: Task, config: Mapping[str, Any], where: str | PathLike[str]) -> None:
    """Raise if a trained network has another number of classes than the data set's labels.

    Parameters
    ----------
    task : Task
        The task, with the data set's number of classes.
    config : mapping
        The configuration in the network's file (`encoders.training.checkpoint.read_config`).
    where : path
        Path of the network's file.

    Raises
    ------
    InvalidDataError
        If the numbers differ.
    """
    wanted, trained = output_of(task).size, (config.get("output") or {}).get("size")
    if trained is not None and trained != wanted:
        raise InvalidDataError(
            f"{where}: this network of {task.name} knows {trained} classes, and the labels of the "
            f"data set have {wanted}; train one on this data (`taskgraph train --data DIR --tasks "
            f"{task.name} -o bank`) and name its bank with --bank, or leave {task.name} out of the "
            "targets"
        )


def network_of(task: Task, preset: str | Preset, *, seed: int = 0) -> EncoderDecoder:
    """Return a new encoder-decoder for a task; tasks of one seed start with the same encoder."""
    output = output_of(task)
    return network(preset, output, inputs=task.inputs, channels=task.channels, seed=seed)


def loss_of(task: Task, constants: Mapping[str, Any]) -> Loss:
    """Return a task's loss, (prediction, target, mask) -> (B,); smaller is better.

    Classes of pixels are rebalanced by their frequency on the train split, as Zhang et al. do for
    colors (ECCV 2016, equation 4); ego-motion's composed pose needs the task's units.

    Parameters
    ----------
    constants : mapping
        The task's entry of `TaskonomyDataset.constants`.
    """
    loss: Any = LOSSES[task.loss]  # each loss has other settings
    if task.loss == "ego_cycle" and "mean" in constants:
        mean, std = (torch.tensor(constants[name], dtype=torch.float32) for name in ("mean", "std"))
        return functools.partial(loss, mean=mean, std=std)
    weights = class_weights(task, constants)
    if weights is not None:
        return functools.partial(loss, class_weights=weights)
    plain: Loss = loss
    return plain


def class_weights(task: Task, constants: Mapping[str, Any]) -> Tensor | None:
    """Return the weights of the classes of pixels in a task's loss, (K,); None if it has none.

    The frequencies may end at the last class that occurs in the train split; the classes after it
    have frequency 0. If no pixel of the train split has a class, there are no weights.
    """
    output, weighs = task.output, task.loss in CROSS_ENTROPIES and "frequency" in constants
    if output is None or not output.pixels or not weighs:
        return None
    share = np.asarray(constants["frequency"], dtype=np.float64)
    if not share.sum():
        return None
    share = np.pad(share, (0, max((output.channels or 0) - len(share), 0)))
    return torch.from_numpy(rebalancing(share / share.sum()))


def training_loss_of(task: Task, constants: Mapping[str, Any]) -> Loss:
    """Return the training loss: that of `loss_of`, for segments at randomly drawn pixels."""
    if task.loss == "metric":
        return functools.partial(metric, generator=torch.default_generator)
    return loss_of(task, constants)


class Converted(nn.Module):
    """A network whose predictions are converted to other constants (`encoders.tasks.units`)."""

    factor: Tensor
    shift: Tensor

    def __init__(self, model: nn.Module, change: Conversion) -> None:
        super().__init__()
        self.model, self.most = model, change.most
        for name in ("factor", "shift"):
            value = torch.as_tensor(getattr(change, name), dtype=torch.float32).reshape(-1)
            self.register_buffer(name, value, persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Return (B, C) or (B, C, H, W) converted predictions for (B, ...) pictures."""
        prediction: Tensor = self.model(images)
        factor, shift = (
            numbers.view(1, -1, *(1,) * (prediction.ndim - 2))
            for numbers in (self.factor, self.shift)
        )
        return (prediction * factor + shift).clamp(max=self.most)


def converted(
    model: nn.Module, task: Task, trained: Mapping[str, Any], wanted: Mapping[str, Any]
) -> nn.Module:
    """Return a trained network whose predictions are in units of the ``wanted`` constants.

    Parameters
    ----------
    trained, wanted : mappings
        Two versions of the task's entry of `TaskonomyDataset.constants`: that of the network's
        training, and that of the targets that its predictions are compared with. If they agree,
        the network itself is returned.
    """
    change = conversion(task, trained, wanted)
    return model if change is None else Converted(model, change)


class Average(nn.Module):
    """The average estimator: a constant prediction, which is trained to have the smallest loss.

    The best constant is the median at each place for the L1 loss, the mean for L2, and the
    frequencies for cross-entropy. The authors use other constants for some tasks; the best
    constant is the strongest reference among all constants.

    Parameters
    ----------
    shape : tuple of int
        Shape of one prediction, such as (3, 64, 64).
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        # The numbers are random because embeddings that start equal would stay equal.
        generator = torch.Generator().manual_seed(0)
        self.answer = nn.Parameter(0.1 * torch.randn(1, *shape, generator=generator))

    def forward(self, images: Tensor) -> Tensor:
        """Return the constant for each of B pictures, (B, *shape)."""
        return self.answer.expand(len(images), *self.answer.shape[1:])
