"""A finished sweep, read from its folder: what is there, and why the rest is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from encoders.transfer.closed import RIDGE, TIMES
from encoders.transfer.data import TransferDataConfig
from encoders.transfer.gather import LOSSES, RECORDS, TRANSFERS
from encoders.transfer.ridge import RidgeResult, joined
from encoders.transfer.store import REPRESENTATIONS, Store
from encoders.transfer.sweep import CONFIG
from taskgraph.errors import InvalidTableError, TaskgraphError
from taskgraph.losses import Losses
from taskgraph.tables import read_losses, read_taskonomy, read_transfers
from taskgraph.transfers import Transfers

Found = TypeVar("Found")


@dataclass(frozen=True, eq=False)
class Finished:
    """What a sweep left.

    Attributes
    ----------
    folder : Path
    transfers : Transfers
    losses : Losses or None
        Per test image.
    records : DataFrame or None
        One row a run: ``target, sources, order, valid_loss, test_loss, seconds, readout``.
    config : dict or None
    ridge : RidgeResult or None
        Of all families together.
    times : dict or None
        Of the ridge screen, by family.
    missing : dict
        By part: why it is None.
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
        """Number of sources of the largest set that was measured."""
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
        """Return the store of its sources' representations.

        Raises
        ------
        InvalidTableError
            If the sweep has none.
        """
        store = Store(self.folder / REPRESENTATIONS)
        if not store.folder.is_dir():
            raise InvalidTableError(f"the sweep has no folder {REPRESENTATIONS}")
        return store


def read_finished(folder: Path) -> Finished:
    """Read a sweep; only its ``transfers.csv`` has to be there.

    Raises
    ------
    InvalidTableError
        If that is not there, or is no table of transfers.
    """
    missing: dict[str, str] = {}

    def there(name: str, read: Callable[[Path], Found]) -> Found | None:
        path = folder / name
        if not path.exists():
            missing[name] = f"the sweep has no {name}"
            return None
        try:
            return read(path)
        except (TaskgraphError, ValueError) as error:
            missing[name] = shown(error, folder)
            return None

    return Finished(
        folder,
        read_transfers(folder / TRANSFERS),
        losses=there(LOSSES, read_losses),
        records=there(RECORDS, read_records),
        config=there(CONFIG, lambda path: json.loads(path.read_text())),
        ridge=there(RIDGE, read_ridge),
        times=there(f"{RIDGE}/{TIMES}", lambda path: json.loads(path.read_text())),
        missing=missing,
    )


def read_records(path: Path) -> pd.DataFrame:
    """Read the table of runs, one row each.

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
    """Return the screen's errors, all families together.

    Raises
    ------
    InvalidTableError
        If there is none. `InvalidDataError`: if one is broken or unfinished.
    """
    paths = sorted(folder.glob("*.npz"))
    if not paths:
        raise InvalidTableError(f"{folder} has no screen: no file ends in .npz")
    return joined([RidgeResult.load(path) for path in paths])


def read_published(path: Path) -> Transfers:
    """Return the published 16k measurements, from their folder or from a table made of them.

    Raises
    ------
    InvalidTableError
        If it is neither.
    """
    return read_taskonomy(path, size="16k") if path.is_dir() else read_transfers(path)


def shown(error: Exception, folder: Path) -> str:
    """Return an error in one line, with SWEEP in place of the folder's path."""
    return " ".join(str(error).replace(str(folder), "SWEEP").split())
