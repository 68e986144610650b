"""Where a training run stands, on disk: all that a killed one needs to go on."""

from __future__ import annotations

import csv
import dataclasses
import io
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from encoders.checkpoint import read_weights, restore, write_weights
from encoders.errors import InvalidDataError, TrainingError
from taskgraph.tables import write_text

BEST, LAST, LOG = "best.safetensors", "last.safetensors", "log.csv"
"""Files of a run: the weights of the best epoch, all that resuming needs, and one row an epoch."""


@dataclass(frozen=True)
class Epoch:
    """One pass: losses (smaller is better), pictures a second, and the share spent waiting."""

    epoch: int
    learning_rate: float
    train_loss: float
    valid_loss: float
    images_per_second: float
    waiting: float


@dataclass
class Progress:
    """Where a run stands: what a resumed one starts from."""

    step: int = 0
    best_epoch: int = -1
    best_loss: float = math.inf
    epochs: list[Epoch] = field(default_factory=list)


def save_progress(
    network: nn.Module,
    optimiser: Optimizer,
    folder: Path,
    origin: dict[str, Any],
    progress: Progress,
) -> None:
    """Write `LAST` and `LOG`, atomically."""
    tensors = {f"network.{name}": tensor for name, tensor in network.state_dict().items()}
    for number, state in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{number}.{name}": tensor for name, tensor in state.items()}
    state = dataclasses.asdict(progress)
    write_weights(folder / LAST, tensors, {**origin, "progress": state})
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in dataclasses.fields(Epoch)])
    writer.writeheader()
    writer.writerows(state["epochs"])
    write_text(text.getvalue(), folder / LOG)


def resume(
    network: nn.Module, optimiser: Optimizer, folder: Path, origin: dict[str, Any]
) -> Progress:
    """Load what `save_progress` wrote, if it did; the network and the optimiser are changed.

    Raises
    ------
    TrainingError
        If the folder holds a run of another configuration, ``origin``.
    InvalidDataError
        If the file is cut off, or of another network.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LAST
    if not path.exists():
        return Progress()
    tensors, config = read_weights(path)
    state = config.pop("progress", None)
    if state is None or config != origin:
        changed = sorted(k for k in {*config, *origin} if config.get(k) != origin.get(k))
        raise TrainingError(
            f"{path} is of another run (its {', '.join(changed) or 'progress'} differs); train "
            "into another folder, or delete this one"
        )
    weights = {n.removeprefix("network."): t for n, t in tensors.items() if n.startswith("network")}
    restore(network, weights, where=path)
    moments: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimiser."):
            _, number, key = name.split(".")
            moments.setdefault(int(number), {})[key] = tensor
    try:
        optimiser.load_state_dict({**optimiser.state_dict(), "state": moments})
    except (ValueError, KeyError) as error:
        raise InvalidDataError(f"{path}: its optimiser's state does not fit: {error}") from None
    epochs = [Epoch(**row) for row in state.pop("epochs")]
    return Progress(**state, epochs=epochs)
