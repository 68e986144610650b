"""A run's evaluations as logs for TensorBoard."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

from encoders.errors import MissingPackageError
from encoders.errors.extras import remedy
from encoders.training.checkpoint import read_config
from encoders.training.run_state import EVENTS, LAST, LogEntry


@contextlib.contextmanager
def scalars(folder: Path) -> Iterator[Callable[[LogEntry], None]]:
    """Log a run's evaluations for TensorBoard; yields the ``on_evaluation`` to pass to `fit`.

    The evaluations that ``folder`` holds already are logged first, and replace those of an earlier
    log. So a run can also begin to log when it resumes. Evaluations are numbered from 0.

    Raises
    ------
    MissingPackageError
        If neither ``tensorboard`` nor ``tensorboardX`` is installed.
    """
    from lightning_fabric.loggers.tensorboard import TensorBoardLogger

    try:
        # With purge_step=0, all that older files in the folder hold is replaced.
        logger = TensorBoardLogger(folder, name="", version=EVENTS, purge_step=0)
    except ModuleNotFoundError:
        raise MissingPackageError(
            "logs for TensorBoard need tensorboard or tensorboardX, and neither is installed: "
            + remedy("tensorboard")
        ) from None

    numbers = itertools.count()

    def log(row: LogEntry) -> None:
        """Log one evaluation."""
        values = dataclasses.asdict(row)
        logger.log_metrics({k: v for k, v in values.items() if k != "epoch"}, step=next(numbers))
        logger.save()

    path = folder / LAST
    for row in read_config(path)["progress"]["epochs"] if path.exists() else ():
        log(LogEntry(**row))
    try:
        yield log
    finally:
        logger.finalize("done")
