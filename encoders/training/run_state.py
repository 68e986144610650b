"""The state of a training run, and the files that a killed run needs to continue."""

from __future__ import annotations

import csv
import dataclasses
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from encoders.errors import InvalidDataError, TrainingError
from encoders.training.checkpoint import read_weights, restore, write_weights
from taskgraph.tables import write_text

BEST, LAST, LOG, EVENTS = "best.safetensors", "last.safetensors", "log.csv", "tensorboard"
"""Files of a run: the weights of the best evaluation; the last weights and all else that resuming
needs; a table with one row for each evaluation; and optionally the same rows for TensorBoard."""

NO_MODULES: Mapping[str, nn.Module] = {}

NOT_COMPARED = frozenset({"threads", "content"})
"""Settings that files of earlier versions lack; they are compared only if a file has them."""

IMPLIED: Mapping[str, Any] = {"patience": None, "min_delta": 0.001, "cuts": 2, "evaluations": 1}
"""Settings that files of earlier versions lack, and the values with which those trained."""


@dataclass(frozen=True)
class LogEntry:
    """Results of an evaluation on the validation split, and of the training since the last one.

    Attributes
    ----------
    epoch : int
        Number of the pass over the training data, from 0.
    learning_rate : float
        Learning rate at the first step after the previous evaluation.
    train_loss, valid_loss : float
        Mean losses over images; smaller is better.
    images_per_second : float
        Speed of training over all devices, without evaluations.
    waiting : float
        Share of the training time spent waiting for data.
    step : int
        Number of training steps before the evaluation; -1 in files of earlier versions.
    """

    epoch: int
    learning_rate: float
    train_loss: float
    valid_loss: float
    images_per_second: float
    waiting: float
    step: int = -1


@dataclass
class RunState:
    """The progress of a training run: everything but the weights that resuming it needs.

    Attributes
    ----------
    step : int
        Number of training steps so far.
    best_epoch, best_step : int
        Epoch and step of the evaluation with the smallest validation loss; -1 before the first.
    best_loss : float
        The smallest validation loss.
    epochs : list of Evaluation
        All evaluations, in order.
    stopped : str or None
        Why training stopped: "patience" or "cap"; None while it runs.
    """

    step: int = 0
    best_epoch: int = -1
    best_loss: float = math.inf
    epochs: list[LogEntry] = field(default_factory=list)
    best_step: int = -1
    stopped: str | None = None

    @property
    def last_epoch(self) -> int:
        """Return the epoch of the last evaluation; -1 before the first."""
        return self.epochs[-1].epoch if self.epochs else -1

    @property
    def losses(self) -> list[float]:
        """Return the validation losses, in order."""
        return [row.valid_loss for row in self.epochs]

    def add(self, row: LogEntry) -> bool:
        """Add an evaluation; returns whether it is the best so far."""
        self.epochs.append(row)
        if not row.valid_loss < self.best_loss:
            return False
        self.best_epoch, self.best_step, self.best_loss = row.epoch, row.step, row.valid_loss
        return True

    def summary(self) -> dict[str, Any]:
        """Return entries of a record: the best evaluation, and when and why training stopped."""
        return {
            "best_epoch": self.best_epoch,
            "best_step": self.best_step,
            "last_epoch": self.last_epoch,
            "last_step": self.step,
            "stopped": self.stopped,
            "valid_losses": [[row.step, row.valid_loss] for row in self.epochs],
        }


def differing(found: Mapping[str, Any], wanted: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Return the names of the settings that differ, such as ``transfer.fit.epochs``.

    Parameters
    ----------
    found : mapping
        The settings in a file. It may lack those of `NOT_COMPARED`, and those of `IMPLIED`, which
        then have the values given there.
    wanted : mapping
        The settings of this run, as JSON returns them.
    prefix : str
        Text that is put before each name.
    """
    names = []
    for key in sorted({*found, *wanted}):
        one, other = found.get(key, IMPLIED.get(key)), wanted.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            names += differing(one, other, f"{prefix}{key}.")
        elif one != other and not (key in NOT_COMPARED and key not in found):
            names.append(prefix + key)
    return names


def save_state(
    network: nn.Module,
    optimizer: Optimizer,
    folder: Path,
    origin: dict[str, Any],
    run: RunState,
    extra_modules: Mapping[str, nn.Module] = NO_MODULES,
) -> None:
    """Write `LAST` and `LOG`, each atomically.

    Parameters
    ----------
    origin : dict
        The configuration of the run, with which a resuming run compares its own.
    extra_modules : mapping of modules
        Other modules that are trained, such as a discriminator.
    """
    tensors = {
        f"{part}.{name}": tensor
        for part, module in {"network": network, **extra_modules}.items()
        for name, tensor in module.state_dict().items()
    }
    for number, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{number}.{name}": tensor for name, tensor in state.items()}
    state = dataclasses.asdict(run)
    write_weights(folder / LAST, tensors, {**origin, "progress": state})
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in dataclasses.fields(LogEntry)])
    writer.writeheader()
    writer.writerows(state["epochs"])
    write_text(text.getvalue(), folder / LOG)


def resume(
    network: nn.Module,
    optimizer: Optimizer,
    folder: Path,
    origin: dict[str, Any],
    extra_modules: Mapping[str, nn.Module] = NO_MODULES,
) -> RunState:
    """Load the files of `save_state` into the modules and the optimizer; returns the run's state.

    If there are none, nothing is changed, and the state of a new run is returned.

    Raises
    ------
    TrainingError
        If the folder holds a run of another configuration than ``origin``.
    InvalidDataError
        If the file is cut off, or of another network.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LAST
    if not path.exists():
        return RunState()
    tensors, config = read_weights(path)
    state = config.pop("progress", None)
    changed = differing(config, origin)
    if state is None or changed:
        raise TrainingError(
            f"{path} is of another run (its {', '.join(changed) or 'progress'} differs); train "
            "into another folder, or delete this one"
        )
    for part, module in {"network": network, **extra_modules}.items():
        start = part + "."
        weights = {n.removeprefix(start): t for n, t in tensors.items() if n.startswith(start)}
        restore(module, weights, where=path)
    try:
        state_of = _optimizer_state(optimizer, tensors)
        optimizer.load_state_dict({**optimizer.state_dict(), "state": state_of})
    except (ValueError, KeyError, IndexError, RuntimeError) as error:
        raise InvalidDataError(f"{path}: its optimizer's state does not fit: {error}") from None
    epochs = [LogEntry(**row) for row in state.pop("epochs")]
    return RunState(**state, epochs=epochs)


def _optimizer_state(
    optimizer: Optimizer, tensors: Mapping[str, Tensor]
) -> dict[int, dict[str, Tensor]]:
    """Return the optimizer's tensors by number of the parameter, with the parameters' layout.

    The fused optimizer reads a parameter and its averages in the order of memory. With another
    layout, an average would be applied to another weight.
    """
    parameters = [weight for group in optimizer.param_groups for weight in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith(("optimizer.", "optimiser.")):  # the second in version 0.1
            _, number, key = name.split(".")
            like = parameters[int(number)]
            if tensor.dim() > 0:
                laid_out = torch.empty_strided(like.shape, like.stride(), dtype=tensor.dtype)
                tensor = laid_out.copy_(tensor)
            state.setdefault(int(number), {})[key] = tensor
    return state
