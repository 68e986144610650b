"""Train a network with a shared encoder, and measure it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.learning.batches import TensorBatches
from benchmarks.learning.config import LoopConfig
from benchmarks.learning.loop import Player, train_networks
from benchmarks.learning.placement import to_device
from benchmarks.learning.rates import module_group
from benchmarks.multitask.aggregators import JointBackward, aggregated_backward
from benchmarks.multitask.cosines import gradient_cosines
from benchmarks.multitask.joint_data import JointData, LabeledImages
from benchmarks.multitask.scalarizations import SCALARIZATIONS, Scalarization
from benchmarks.multitask.sharing import SharedNetwork, shared_network
from encoders.engines import with_threads
from encoders.losses import batch_mean
from taskgraph.arrays import Floats32

COSINES = 5
"""Number of steps of a training, evenly spaced, at which cosines of gradients are measured."""

DIGITS = 4
"""Significant digits of the losses of single images in records."""

EVALUATED = 100
"""Images that are evaluated at a time."""


@dataclass(frozen=True)
class SharedTraining:
    """A training: its tasks, its data and its method.

    Attributes
    ----------
    data, sha256 : str
        Name and hash of the set.
    network : str
    tasks : tuple of str
        One task, or several that share the encoder.
    method : str
        A weighting or an aggregator.
    images : int
        Number of training images.
    tested : tuple of int
        Most images for training, validation and test that the set was opened with.
    steps, batch : int
    learning_rate, weight_decay, dropout : float
    shuffled : tuple of str
        Tasks whose training labels are moved to other images.
    seed : int
        Of the weights, the chosen images, their order, and whatever is drawn.
    image_losses : bool
        Whether the record has the losses of single images.
    threads : int
    """

    data: str
    sha256: str
    network: str
    tasks: tuple[str, ...]
    method: str
    images: int
    tested: tuple[int, ...]
    steps: int
    batch: int
    learning_rate: float
    weight_decay: float = 0.0
    dropout: float = 0.0
    shuffled: tuple[str, ...] = ()
    seed: int = 0
    image_losses: bool = False
    threads: int = 1

    def record_settings(self) -> dict[str, Any]:
        """Return the settings of the training's record: all but the seed."""
        values = {"part": "training", **asdict(self)}
        del values["seed"]
        return values


@dataclass
class JointStep:
    """The losses of each step, and the gradients that a method makes of them."""

    network: SharedNetwork
    images: LabeledImages
    method: str
    steps: int
    epoch_steps: int
    step: int = field(default=0, init=False)
    cosines: list[Tensor] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.shared = [v for v in self.network.encoder.parameters() if v.requires_grad]
        self.last_shared = [v for v in self.shared if v.ndim > 1][-1]
        self.weighting: Scalarization | None = None
        self.aggregated: JointBackward | None = None
        if self.method in SCALARIZATIONS:
            make = SCALARIZATIONS[self.method]
            self.weighting = make(len(self.network.tasks), self.epoch_steps)
        else:
            self.aggregated = aggregated_backward(self.method, self.network.encoder)

    @property
    def learned(self) -> nn.Module | None:
        """Return the module with parameters of the weighting, if it has one."""
        return None if self.weighting is None else self.weighting.learned

    def losses(self, batch: Any, progress: float) -> tuple[list[Tensor], list[Tensor]]:
        """Return the mean loss of each task on some images, and the shared representations."""
        (rows,) = batch
        part = self.images.rows(rows.cpu().numpy())
        inputs, targets = to_device((dict(part.inputs), dict(part.targets)), rows.device)
        features = self.network.represent(inputs)
        predictions = self.network.predict(features)
        losses = [
            batch_mean(task.train_loss(predictions[name], *targets[name]), targets[name][1])
            for name, task in self.network.tasks.items()
        ]
        return losses, list(features.values())

    def backward(self, made: tuple[list[Tensor], list[Tensor]]) -> None:
        """Add the gradients of one step to the parameters."""
        losses, features = made
        if len(losses) > 1 and self.step % max(1, self.steps // COSINES) == 0:
            self.cosines.append(gradient_cosines(losses, self.shared).cpu())
        self.step += 1
        if self.aggregated is not None:
            self.aggregated(losses, features)
        else:
            assert self.weighting is not None
            self.weighting.total(losses, self.last_shared).backward()  # type: ignore[no-untyped-call]

    def report(self, made: tuple[list[Tensor], list[Tensor]]) -> Tensor:
        """Return the plain sum of the losses."""
        return torch.stack(made[0]).sum().detach()


def train_shared(training: SharedTraining, data: JointData) -> dict[str, Any]:
    """Train a network on some tasks together, and measure it with its last weights.

    Parameters
    ----------
    data : JointData
        The data of the training's tasks.

    Returns
    -------
    dict
        ``results``: by task, ``train``, ``valid`` and ``test``, the measure of the task (share of
        wrong classes, or the loss; smaller is better), and each with ``_loss``. ``cosines``: (T, T)
        mean cosines of gradients, for several tasks. ``passes``: full-size pictures that the
        encoder sees for one example. ``valid_images`` and ``test_images``: losses of single images
        by task, None where an image has no label, if they are asked for.
    """
    images = data.train.subset(training.images, training.seed)
    images = images.with_shuffled_labels(training.shuffled, training.seed)
    network = shared_network(data, dropout=training.dropout, seed=training.seed)
    config = LoopConfig(
        optimizer="adamw",
        steps=training.steps,
        batch=training.batch,
        learning_rate=training.learning_rate,
        weight_decay=training.weight_decay,
        decay_vectors=False,
        warmup=0.05,
        evaluate_every=training.steps,
        keep_best=False,
        seed=training.seed,
        precision="float32",
        threads=training.threads,
    )
    batches = TensorBatches([torch.arange(len(images))], training.batch, training.seed)
    step = JointStep(network, images, training.method, training.steps, len(batches))
    networks = [network, *([step.learned] if step.learned is not None else [])]
    rate = training.learning_rate
    groups = [module_group("network", network, rate=rate)]
    if step.learned is not None:
        groups.append(module_group("weights", step.learned, rate=rate, weight_decay=0.0))
    player = Player(step.losses, groups, step.backward, step.report)
    train_networks(networks, [player], batches, config)
    return measured(network, data, images, step.cosines, config, training.image_losses)


def measured(
    network: SharedNetwork,
    data: JointData,
    images: LabeledImages,
    cosines: list[Tensor],
    config: LoopConfig,
    image_losses: bool,
) -> dict[str, Any]:
    """Return the metrics of a trained network; see `train_shared`."""
    parts = {"train": images, "valid": data.valid, "test": data.test}
    values = {name: evaluate(network, part, config) for name, part in parts.items()}
    results: dict[str, dict[str, float]] = {task: {} for task in data.tasks}
    for name, by_task in values.items():
        for task, (losses, wrong) in by_task.items():
            chosen = wrong if data.tasks[task].counts_errors else losses
            results[task][name] = float(np.nanmean(chosen))
            results[task][f"{name}_loss"] = float(np.nanmean(losses))
    views = {task.view: task.passes for task in data.tasks.values()}
    metrics: dict[str, Any] = {"results": results, "passes": sum(views.values())}
    if cosines:
        metrics["cosines"] = torch.stack(cosines).nanmean(0).tolist()
    if image_losses:
        for name in ("valid", "test"):
            metrics[f"{name}_images"] = {
                task: [_rounded(float(each)) for each in losses]
                for task, (losses, _) in values[name].items()
            }
    return metrics


def _rounded(value: float) -> float:
    """Return a number with `DIGITS` significant digits."""
    return float(f"{value:.{DIGITS}g}")


def evaluate(
    network: SharedNetwork, images: LabeledImages, config: LoopConfig
) -> Mapping[str, tuple[Floats32, Floats32]]:
    """Return by task the (N,) losses of images, and 1 where the class is wrong, else 0.

    Losses of images without a label are NaN. The second array is NaN for tasks without classes.
    """
    found: Mapping[str, tuple[Floats32, Floats32]] = _evaluate(network, images, config)
    return found


@with_threads
@torch.no_grad()
def _evaluate(
    network: SharedNetwork, images: LabeledImages, config: LoopConfig
) -> dict[str, tuple[Floats32, Floats32]]:
    device = config.chosen_device()
    network.to(device).eval()
    found: dict[str, tuple[list[Tensor], list[Tensor]]] = {name: ([], []) for name in network.tasks}
    for begin in range(0, len(images), EVALUATED):
        part = images.rows(np.arange(begin, min(begin + EVALUATED, len(images))))
        inputs, targets = to_device((dict(part.inputs), dict(part.targets)), device)
        for name, prediction in network(inputs).items():
            task, (target, mask) = network.tasks[name], targets[name]
            losses, wrong = found[name]
            losses.append(task.test_loss(prediction, target, mask).float().cpu())
            if task.counts_errors:
                wrong.append((prediction.argmax(1) != target).float().cpu())
            else:
                wrong.append(torch.full((len(target),), torch.nan))
    return {
        name: (torch.cat(losses).numpy(), torch.cat(wrong).numpy())
        for name, (losses, wrong) in found.items()
    }
