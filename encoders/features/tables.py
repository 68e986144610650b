"""Write what was measured as taskgraph's tables of losses and affinities."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from encoders.features.jobs import MEASURED, MeasuredSets
from encoders.features.prepared import PreparedExamples, load_prepared
from encoders.features.store import file_name
from encoders.transfer.file_names import LOSSES, RECORDS, TRANSFERS
from taskgraph.affinity import Affinities, affinities
from taskgraph.arrays import Array, Integers
from taskgraph.losses import Losses, TargetLosses
from taskgraph.tables import write_frame, write_transfers
from taskgraph.tasks import RESERVED, split_sources


def measured_sets(out: Path, target: str, repeat: int) -> list[MeasuredSets]:
    """Return all that was measured for a target in one repeat."""
    folder = out / MEASURED / file_name(target) / str(repeat)
    return [MeasuredSets.load(path) for path in sorted(folder.glob("*.npz"))]


def valid_losses(out: Path, target: str, repeats: int) -> dict[str, float]:
    """Return the mean validation loss of each single source, averaged over repeats."""
    losses: dict[str, list[float]] = {}
    for repeat in range(repeats):
        for measured in measured_sets(out, target, repeat):
            for name, loss in zip(measured.names, measured.valid.tolist(), strict=True):
                if name not in RESERVED and len(split_sources(name)) == 1:
                    losses.setdefault(split_sources(name)[0], []).append(loss)
    return {name: float(np.mean(each)) for name, each in losses.items()}


def write_feature_tables(out: Path, *, bootstrap: int = 200, seed: int = 0) -> Affinities:
    """Write the tables of a finished measurement, and return the affinities.

    ``losses.parquet`` has the columns ``target, sources, image, loss``; ``image`` is the name of a
    test example. With groups or several repeats ``cluster`` is the group, or else the example; with
    several repeats ``image`` ends in ``@`` and the number of the repeat. ``transfers.csv`` has the
    affinities with their intervals, gains and qualities, ``records.csv`` one row for each read-out.

    Parameters
    ----------
    bootstrap : int
        Intervals are computed if it is above 0.
    seed : int
        Seed of the resamples.
    """
    prepared = load_prepared(out)
    parts: list[_LossRows] = []
    records: list[dict[str, Any]] = []
    for target in prepared.targets:
        for repeat in range(len(prepared.parts)):
            for measured in measured_sets(out, target.name, repeat):
                parts.append(_LossRows(target.name, repeat, measured))
                records += list(_records(target.name, repeat, measured))
    frame = _loss_frame(prepared, parts)
    write_frame(frame, out / LOSSES)
    write_frame(pd.DataFrame(records), out / RECORDS)
    clusters = {}
    if "cluster" in frame:
        known = frame.drop_duplicates("image")
        clusters = dict(zip(known["image"], known["cluster"], strict=True))
    del frame
    losses = Losses(
        {t.name: _target_losses(prepared, t.name, parts) for t in prepared.targets}, clusters
    )
    # The intervals need no resamples, so that one is enough to ask for them.
    result = affinities(losses, bootstrap=min(1, bootstrap), seed=seed)
    write_transfers(result.transfers, out / TRANSFERS)
    return result


class _LossRows:
    """The rows of the table of losses of some candidates for a target in one repeat."""

    def __init__(self, target: str, repeat: int, measured: MeasuredSets) -> None:
        self.target, self.repeat, self.measured = target, repeat, measured
        self.count = measured.test.size


def _target_losses(prepared: PreparedExamples, target: str, parts: list[_LossRows]) -> TargetLosses:
    """Return the matrix of a target's losses, which equals that of the long table.

    The table of all losses of 100,000 examples has 12 million rows, so that it is not read again.
    """
    own = [part for part in parts if part.target == target]
    names = sorted({name for part in own for name in part.measured.names})
    images = image_names(prepared)
    tests, place = prepared.parts[0].test, {name: row for row, name in enumerate(names)}
    values = np.full((len(names), len(images)), np.nan)
    for part in own:
        columns = np.searchsorted(tests, part.measured.rows) + part.repeat * len(tests)
        rows = np.array([place[name] for name in part.measured.names])
        values[np.ix_(rows, columns)] = part.measured.test
    tested = ~np.isnan(values).all(axis=0)
    kept = tuple(name for name, is_tested in zip(images, tested, strict=True) if is_tested)
    return TargetLosses(tuple(names), kept, values[:, tested])


def image_names(prepared: PreparedExamples) -> list[str]:
    """Return the names of the test examples in the tables, repeat by repeat."""
    repeats = len(prepared.parts)
    return [
        name if repeats == 1 else f"{name}@{repeat}"
        for repeat in range(repeats)
        for name in prepared.examples[prepared.parts[0].test].tolist()
    ]


def _loss_frame(prepared: PreparedExamples, parts: list[_LossRows]) -> pd.DataFrame:
    """Return the long table of losses; names are stored once, as categories."""
    repeats = len(prepared.parts)
    targets = [target.name for target in prepared.targets]
    names = sorted({name for part in parts for name in part.measured.names})
    place = {name: number for number, name in enumerate(names)}

    def column(codes: Iterable[Array], known: list[str]) -> Any:
        """Return one code a row as names."""
        return pd.Categorical.from_codes(np.concatenate(list(codes)), pd.Index(known))

    tests = prepared.parts[0].test  # the same in each repeat
    rows = [np.searchsorted(tests, part.measured.rows).astype(np.int32) for part in parts]
    frame = {
        "target": column(
            (np.full(part.count, targets.index(part.target), np.int16) for part in parts), targets
        ),
        "sources": column(
            (
                np.repeat(
                    np.array([place[name] for name in part.measured.names], np.int32),
                    len(part.measured.rows),
                )
                for part in parts
            ),
            names,
        ),
        "image": column(
            (
                np.tile(row + part.repeat * len(tests), len(part.measured.names))
                for row, part in zip(rows, parts, strict=True)
            ),
            image_names(prepared),
        ),
        "loss": np.concatenate([part.measured.test.reshape(-1) for part in parts]),
    }
    if prepared.group is not None or repeats > 1:
        codes, known = _clusters(prepared, tests)
        frame["cluster"] = column(
            (
                np.tile(codes[row], len(part.measured.names))
                for row, part in zip(rows, parts, strict=True)
            ),
            known,
        )
    return pd.DataFrame(frame)


def _clusters(prepared: PreparedExamples, tests: Integers) -> tuple[Integers, list[str]]:
    """Return the number of each test example's cluster, and the clusters' names."""
    names = prepared.examples if prepared.group is None else prepared.group
    known, codes = np.unique(names[tests], return_inverse=True)
    return codes.reshape(-1).astype(np.int32), [str(name) for name in known.tolist()]


def _records(target: str, repeat: int, measured: MeasuredSets) -> Iterable[dict[str, Any]]:
    """Yield one row for each read-out."""
    rows = zip(
        measured.names, measured.valid, measured.test.mean(axis=1), measured.records, strict=True
    )
    for name, valid, test, record in rows:
        yield {
            "target": target,
            "sources": name,
            "order": 0 if name in RESERVED else len(split_sources(name)),
            "repeat": repeat,
            "valid_loss": float(valid),
            "test_loss": float(test),
            "test_examples": len(measured.rows),
            **record,
        }
