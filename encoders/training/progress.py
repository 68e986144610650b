"""Where a training run stands, on disk: all that a killed one needs to go on."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import io
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from encoders.errors import InvalidDataError, MissingPackageError, TrainingError
from encoders.errors.extras import remedy
from encoders.training.checkpoint import read_config, read_weights, restore, write_weights
from taskgraph.tables import write_text

BEST, LAST, LOG, EVENTS = "best.safetensors", "last.safetensors", "log.csv", "tensorboard"
"""Files of a run: the weights of the best epoch, all that resuming needs, one row an epoch,
and the same rows for TensorBoard, where they are asked for."""

NOTHING: Mapping[str, nn.Module] = {}

LATER = frozenset({"threads", "content"})
"""Settings that files of earlier versions lack; where one is absent, it is not compared."""


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


def differing(found: Mapping[str, Any], wanted: Mapping[str, Any], before: str = "") -> list[str]:
    """Names of the settings that differ, such as ``transfer.fit.epochs``.

    Parameters
    ----------
    found : mapping
        What a file says; it may lack those of `LATER`.
    wanted : mapping
        What is asked for, as JSON would give it back.
    """
    names = []
    for key in sorted({*found, *wanted}):
        one, other = found.get(key), wanted.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            names += differing(one, other, f"{before}{key}.")
        elif one != other and not (key in LATER and key not in found):
            names.append(before + key)
    return names


def save_progress(
    network: nn.Module,
    optimizer: Optimizer,
    folder: Path,
    origin: dict[str, Any],
    progress: Progress,
    beside: Mapping[str, nn.Module] = NOTHING,
) -> None:
    """Write `LAST` and `LOG`, atomically; ``beside`` are further modules that training changes."""
    tensors = {
        f"{part}.{name}": tensor
        for part, module in {"network": network, **beside}.items()
        for name, tensor in module.state_dict().items()
    }
    for number, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{number}.{name}": tensor for name, tensor in state.items()}
    state = dataclasses.asdict(progress)
    write_weights(folder / LAST, tensors, {**origin, "progress": state})
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in dataclasses.fields(Epoch)])
    writer.writeheader()
    writer.writerows(state["epochs"])
    write_text(text.getvalue(), folder / LOG)


def resume(
    network: nn.Module,
    optimizer: Optimizer,
    folder: Path,
    origin: dict[str, Any],
    beside: Mapping[str, nn.Module] = NOTHING,
) -> Progress:
    """Load what `save_progress` wrote, if it did; all modules and the optimizer are changed.

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
    changed = differing(config, origin)
    if state is None or changed:
        raise TrainingError(
            f"{path} is of another run (its {', '.join(changed) or 'progress'} differs); train "
            "into another folder, or delete this one"
        )
    for part, module in {"network": network, **beside}.items():
        start = part + "."
        weights = {n.removeprefix(start): t for n, t in tensors.items() if n.startswith(start)}
        restore(module, weights, where=path)
    moments: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith(("optimizer.", "optimizer.")):  # the second until version 0.1
            _, number, key = name.split(".")
            moments.setdefault(int(number), {})[key] = tensor
    try:
        optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
    except (ValueError, KeyError) as error:
        raise InvalidDataError(f"{path}: its optimizer's state does not fit: {error}") from None
    epochs = [Epoch(**row) for row in state.pop("epochs")]
    return Progress(**state, epochs=epochs)


@contextlib.contextmanager
def scalars(folder: Path) -> Iterator[Callable[[Epoch], None]]:
    """Log a run's epochs for TensorBoard: what is yielded goes to `fit` as ``after``.

    Training does not know of it, so that it can be switched on in a run that resumes: the epochs
    that the folder holds already are written first, in place of what was logged of them before.

    Raises
    ------
    MissingPackageError
        If neither ``tensorboard`` nor ``tensorboardX`` is installed.
    """
    from lightning_fabric.loggers.tensorboard import TensorBoardLogger

    try:
        # purge_step: everything that older files in the folder say is replaced.
        logger = TensorBoardLogger(folder, name="", version=EVENTS, purge_step=0)
    except ModuleNotFoundError:
        raise MissingPackageError(
            "logs for TensorBoard need tensorboard or tensorboardX, and neither is installed: "
            + remedy("tensorboard")
        ) from None

    def log(row: Epoch) -> None:
        values = dataclasses.asdict(row)
        logger.log_metrics(values, step=values.pop("epoch"))
        logger.save()

    path = folder / LAST
    for row in read_config(path)["progress"]["epochs"] if path.exists() else ():
        log(Epoch(**row))
    try:
        yield log
    finally:
        logger.finalize("done")
