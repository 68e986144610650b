"""Reading of a finished sweep from its folder; parts of it may be missing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from encoders.transfer.closed import RIDGE, TIMES
from encoders.transfer.data import TransferDataConfig
from encoders.transfer.file_names import CONFIG, LOSSES, RECORDS, TRANSFERS
from encoders.transfer.ridge import RidgeResult, joined
from encoders.transfer.store import REPRESENTATIONS, Store
from taskgraph.errors import InvalidTableError, TaskgraphError
from taskgraph.losses import Losses
from taskgraph.tables import read_losses, read_taskonomy, read_transfers
from taskgraph.transfers import Transfers

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class FinishedSweep:
    """The files of a finished sweep; a missing one is None.

    Attributes
    ----------
    folder : Path
    transfers : Transfers
    losses : Losses or None
        Losses of each test image.
    records : DataFrame or None
        One row a run: ``target, sources, order, valid_loss, test_loss, seconds, readout``.
    config : dict or None
    ridge : RidgeResult or None
        Errors of the ridge screen, all families together.
    times : dict or None
        Seconds of the ridge screen, by family.
    missing : dict
        By the name of a missing file: why it is missing.
    """

    folder: Path
    transfers: Transfers
    losses: Losses | None = None
    records: pd.DataFrame | None = None
    config: dict[str, Any] | None = None
    ridge: RidgeResult | None = None
    times: dict[str, dict[str, float]] | None = None
    missing: dict[str, str] = field(default_factory=dict)

    @property
    def max_order(self) -> int:
        """Return the number of sources of the largest measured set."""
        return int(self.transfers.order[self.transfers.is_edge].max())

    def pool(self) -> TransferDataConfig:
        """Return the configuration of the images that transfers were measured on.

        Raises
        ------
        InvalidTableError
            If the sweep has no configuration.
        """
        if self.config is None:
            raise InvalidTableError(f"the sweep has no {CONFIG}: its images are not known")
        return TransferDataConfig.from_record(self.config["transfer"]["pool"])

    def store(self) -> Store:
        """Return the store of the sources' representations.

        Raises
        ------
        InvalidTableError
            If the sweep has none.
        """
        store = Store(self.folder / REPRESENTATIONS)
        if not store.folder.is_dir():
            raise InvalidTableError(f"the sweep has no folder {REPRESENTATIONS}")
        return store


def read_finished(folder: Path) -> FinishedSweep:
    """Read a sweep; only ``transfers.csv`` is required.

    Raises
    ------
    InvalidTableError
        If ``transfers.csv`` is missing, or is no table of transfers.
    """
    transfers, files = read_transfers(folder / TRANSFERS), OptionalFiles(folder)
    return FinishedSweep(
        folder,
        transfers,
        losses=files.read(LOSSES, read_losses),
        records=files.read(RECORDS, read_run_table),
        config=files.read(CONFIG, lambda path: json.loads(path.read_text())),
        ridge=files.read(RIDGE, read_ridge),
        times=files.read(f"{RIDGE}/{TIMES}", lambda path: json.loads(path.read_text())),
        missing=files.missing,
    )


@dataclass
class OptionalFiles:
    """Reads files of a folder that may be missing or broken, and keeps the reasons.

    Attributes
    ----------
    folder : Path
    missing : dict
        By the name of a file that was not read: the reason.
    """

    folder: Path
    missing: dict[str, str] = field(default_factory=dict)

    def read(self, name: str, reader: Callable[[Path], T]) -> T | None:
        """Return the content of a file by ``reader``; None if it is missing or broken."""
        path = self.folder / name
        if not path.exists():
            self.missing[name] = f"the sweep has no {name}"
            return None
        try:
            return reader(path)
        except (TaskgraphError, ValueError) as error:
            self.missing[name] = shown(error, self.folder)
            return None


def read_run_table(path: Path) -> pd.DataFrame:
    """Return the table of runs, one row each.

    Raises
    ------
    InvalidTableError
        If a column is missing.
    """
    frame = pd.read_csv(path, dtype={"target": str, "sources": str})
    for name in ("target", "sources", "order", "valid_loss", "test_loss", "seconds"):
        if name not in frame:
            raise InvalidTableError(
                f'{path}: no column "{name}"; expected a table that `taskgraph transfer` wrote'
            )
    return frame


def read_ridge(folder: Path) -> RidgeResult:
    """Return the errors of the ridge screen, all families together.

    Raises
    ------
    InvalidTableError
        If the folder has no file of the screen.
    InvalidDataError
        If a file is damaged or incomplete.
    """
    paths = sorted(folder.glob("*.npz"))
    if not paths:
        raise InvalidTableError(f"{folder} has no screen: no file ends in .npz")
    return joined([RidgeResult.load(path) for path in paths])


def read_published(path: Path, size: str = "16k") -> Transfers:
    """Return published measurements of a size, from their folder; or 16k ones from a table.

    Raises
    ------
    InvalidTableError
        If the path is neither.
    """
    return read_taskonomy(path, size=size) if path.is_dir() else read_transfers(path)


def shown(error: Exception, folder: Path) -> str:
    """Return an error in one line, with SWEEP in place of the folder's path."""
    return " ".join(str(error).replace(str(folder), "SWEEP").split())
