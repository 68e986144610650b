"""Write the measured transfers of a sweep as taskgraph's tables of losses and affinities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from encoders.errors import InvalidDataError
from encoders.errors.storage import read_json
from encoders.training.schedule import PRUNED
from encoders.transfer.file_names import CONFIG, LOSSES, RECORDS, TRANSFERS, VALID_LOSSES
from encoders.transfer.records import (
    TransferRecord,
    place_of,
    repeated_records,
    seed_folder,
    validation_of,
)
from encoders.transfer.records import records as all_records
from taskgraph.affinity import Affinities, affinities
from taskgraph.losses import Losses
from taskgraph.tables import write_frame, write_transfers
from taskgraph.tasks import parse_sources

MeasuredRun = tuple[Path, TransferRecord]
"""A folder with the losses of one measurement, and its record with the entry ``seed``."""

MeasurementPath = Callable[[Path, str, Sequence[str]], Path]
"""The path of a file of a measurement: (folder, target, sources) -> path."""


def gather(
    records: dict[tuple[str, str], TransferRecord],
    out: Path,
    *,
    bootstrap: int = 200,
    seed: int = 0,
) -> Affinities:
    """Write the tables of a sweep, and return the affinities.

    ``losses.parquet`` has the columns ``target, sources, image, loss, cluster, seed`` for every
    transfer and for ``self``, ``scratch`` and ``average``, with every seed that was measured; and
    the column ``pruned``, if there are unfinished read-outs. ``valid_losses.parquet`` has the same
    columns for the validation images; what version 0.1 measured is not in it. ``transfers.csv`` has
    the affinities with their intervals, gains and qualities. ``records.csv`` has one row for each
    measurement.

    Parameters
    ----------
    records : dict
        The record of each transfer measured with the sweep's own seed, by (target, sources).
        Those of further seeds are read from ``out``.
    out : path
        Folder of the sweep.
    bootstrap : int
        Number of resamples of the test buildings, and of seeds where a transfer has several.
    seed : int
        Seed of the resamples.

    Raises
    ------
    InvalidDataError
        If no transfer has been measured.
    """
    if not records:
        raise InvalidDataError(f"{out} holds no measured transfer; all of them failed")
    measured = _measurements(records, out)
    losses = _joined(measured, place_of)
    write_frame(losses, out / LOSSES)
    validated = [one for one in measured if _table(one, validation_of).exists()]
    if validated:
        write_frame(_joined(validated, validation_of), out / VALID_LOSSES)
    result = affinities(Losses.from_frame(losses), bootstrap=bootstrap, seed=seed)
    write_transfers(result.transfers, out / TRANSFERS)
    rows = [{key: _cell(value) for key, value in record.items()} for _, record in measured]
    write_frame(pd.DataFrame(rows), out / RECORDS)  # last: it says that the others are whole
    return result


def measured_runs(out: Path) -> list[MeasuredRun]:
    """Return all measurements in the folder of a sweep, with every seed."""
    return _measurements(all_records(out), out)


def is_gathered(out: Path) -> bool:
    """Return whether the tables of a sweep hold exactly the measurements in its folder.

    `gather` writes ``records.csv`` last. So tables of an interrupted call, or of fewer seeds, or
    with a read-out that was pruned then and is not now, are not whole.
    """
    path = out / RECORDS
    if not path.exists() or not (out / TRANSFERS).exists():
        return False
    written = pd.read_csv(path, dtype=str)
    names = ("target", "sources", "seed", "test_loss")
    if not set(names) <= set(written.columns):
        return False
    # From text, so that no bit of a loss is lost.
    kept = [
        (target, sources, int(seed), float(loss))
        for target, sources, seed, loss in written[list(names)].itertuples(index=False)
    ]
    return kept == [tuple(record[name] for name in names) for _, record in measured_runs(out)]


def _measurements(records: dict[tuple[str, str], TransferRecord], out: Path) -> list[MeasuredRun]:
    """Return all measurements, sorted by target, sources and seed."""
    config = out / CONFIG
    own = read_json(config)["transfer"]["fit"]["seed"] if config.exists() else 0
    first = [(out, {"seed": own, **record}) for record in records.values()]
    further = [
        (seed_folder(out, seed), record) for (_, _, seed), record in repeated_records(out).items()
    ]
    return sorted(
        [*first, *further],
        key=lambda one: (one[1]["target"], one[1]["sources"], one[1]["seed"]),
    )


def _joined(measured: list[MeasuredRun], place: MeasurementPath) -> pd.DataFrame:
    """Return the losses of some measurements as one table."""
    some_pruned = any(_is_pruned(record) for _, record in measured)
    frames = []
    for one in measured:
        frame = pd.read_parquet(_table(one, place)).assign(seed=one[1]["seed"])
        frames.append(frame.assign(pruned=_is_pruned(one[1])) if some_pruned else frame)
    return pd.concat(frames, ignore_index=True)


def _table(measured: MeasuredRun, place: MeasurementPath) -> Path:
    """Return the path of one table of losses of a measurement."""
    folder, record = measured
    path = place(folder, record["target"], parse_sources(record["sources"]))
    return path.with_suffix(".parquet")


def _is_pruned(record: TransferRecord) -> bool:
    return record.get("stopped") == PRUNED


def _cell(value: Any) -> Any:
    """Return a record's value as a cell of a table; values of a dict are joined by slashes."""
    return "/".join(str(part) for part in value.values()) if isinstance(value, dict) else value
