"""A bank beside an earlier one: win rates, losses, and why the training of each task stopped."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.results import markdown
from benchmarks.results.markdown import NOTHING, number, wrapped
from encoders.bank import table1
from encoders.bank.config import VALID_LOSSES_SUFFIX
from encoders.bank.identity import bank_hash, network_hashes
from encoders.bank.jobs import MANIFEST
from encoders.bank.table1 import REFERENCES
from encoders.errors import InvalidDataError
from encoders.tasks.names import DISPLAY_ORDER
from encoders.training.schedule import PATIENCE
from taskgraph.affinity import image_wins
from taskgraph.tables import write_frame
from taskgraph.tasks import SELF

COMPARISON, OLD_TABLE, OLD_LOSSES = "comparison.csv", "table1.csv", "losses.parquet"
"""The table that is written, and the files of the earlier results that it is made from."""

GOAL = 0.95
"""Share of the tasks whose training should stop by patience."""

TRAINED = 25
"""Number of tasks of a whole bank."""


def compared(bank: Path, old: Path | None, sweep: Path | None = None) -> pd.DataFrame:
    """Return a row for each task of a bank, with the figures of an earlier bank in further columns.

    Parameters
    ----------
    bank : path
        A bank, which may lack tasks, references, and losses on validation images.
    old : path, optional
        Results of the suite for an earlier bank: ``manifest.json``, ``table1.csv``,
        ``losses.parquet`` and its networks.
    sweep : path, optional
        A sweep of transfers from ``bank``.

    Returns
    -------
    DataFrame
        ``task, title``; why training stopped and when (``stopped, best_epoch, last_epoch``, counted
        from 1, and ``cap``), and ``old_best_epoch, old_last_epoch``; ``valid_loss, old_valid_loss,
        test_loss, old_test_loss``; win rates on test images in per cent, ``average, readout,
        random`` and ``old_average, old_readout, old_random``; on validation images,
        ``valid_average, valid_readout, valid_random``; ``over_old``, the share of test images, in
        per cent, on which the task's network has a smaller loss than the old one; ``bank_hash,
        old_hash``. NaN where something was not measured.

    Raises
    ------
    InvalidDataError
        If both banks are the same, or the earlier one was tested on other data.
    """
    records = _records(bank)
    test = table1.make_table1(bank, sweep)
    valid = _valid_table(bank, sweep)
    earlier = {} if old is None else _records(old)
    old_test = None if old is None else pd.read_csv(old / OLD_TABLE, index_col="task")
    hashes = {"bank_hash": bank_hash(network_hashes(bank)), "old_hash": None}
    if old is not None:
        hashes["old_hash"] = bank_hash(network_hashes(old))
        if hashes["bank_hash"] == hashes["old_hash"]:
            raise InvalidDataError(
                f"{old} holds the networks of {bank}, expected those of an earlier bank; copy the "
                "results of the earlier bank before this one is written over them"
            )
    wins = {} if old is None else wins_over(bank, old)
    rows = []
    for name in [name for name in DISPLAY_ORDER if name in records]:
        row = {"task": name, "title": records[name]["title"], **_training(records[name])}
        if name in earlier:
            before = _training(earlier[name])
            row |= {f"old_{key}": before[key] for key in ("best_epoch", "last_epoch")}
            row |= {f"old_{split}": earlier[name][split][SELF] for split in LOSSES}
        row |= {split: records[name][split][SELF] for split in LOSSES}
        row |= {one: test.loc[name, one] for one in REFERENCES}
        if old_test is not None and name in old_test.index:
            row |= {f"old_{one}": old_test.loc[name, one] for one in REFERENCES}
        if valid is not None and name in valid.index:
            row |= {f"valid_{one}": valid.loc[name, one] for one in REFERENCES}
        rows.append({**row, "over_old": wins.get(name), **hashes})
    return pd.DataFrame(rows, columns=COLUMNS)


LOSSES = ("valid_loss", "test_loss")
VALID = tuple(f"valid_{name}" for name in REFERENCES)
COLUMNS = (
    "task",
    "title",
    "stopped",
    "best_epoch",
    "last_epoch",
    "cap",
    "old_best_epoch",
    "old_last_epoch",
    *LOSSES,
    *(f"old_{name}" for name in LOSSES),
    *REFERENCES,
    *(f"old_{name}" for name in REFERENCES),
    *VALID,
    "over_old",
    "bank_hash",
    "old_hash",
)


def write_comparison(bank: Path, old: Path | None, sweep: Path | None, out: Path) -> None:
    """Write the table of `compared`."""
    write_frame(compared(bank, old, sweep), out / COMPARISON)


def read_comparison(folder: Path) -> pd.DataFrame | None:
    """Return the table of a folder of results, or None."""
    path = folder / COMPARISON
    return pd.read_csv(path) if path.exists() else None


def wins_over(bank: Path, old: Path) -> dict[str, float]:
    """Return by task the share of test images, in per cent, on which it beats the old network.

    A tie counts half; larger is better for ``bank``. Only images that both were tested on count.

    Raises
    ------
    InvalidDataError
        If the two were tested on other buildings.
    """
    before = pd.read_parquet(old / OLD_LOSSES)
    before = before[before["sources"].astype(str) == SELF]
    found = {}
    for path in sorted(bank.glob("*.losses.parquet")):
        name = path.name.removesuffix(".losses.parquet")
        frame = pd.read_parquet(path)
        ours = frame[frame["sources"] == SELF].set_index("image")["loss"]
        rows = before[before["target"].astype(str) == name]
        theirs = pd.Series(rows["loss"].to_numpy(), index=rows["image"].astype(str))
        if theirs.empty:
            continue
        other = _buildings(ours) ^ _buildings(theirs)
        if other:
            raise InvalidDataError(
                f"{old}: only one of the two banks was tested for {name} on {min(other)}; both "
                "must be tested on the same buildings (train with the same data and --splits)"
            )
        both = ours.index.intersection(theirs.index)
        found[name] = 100 * float(np.mean(image_wins(ours[both], theirs[both])))
    return found


def _buildings(losses: pd.Series[float]) -> set[str]:
    return {str(image).split("/")[0] for image in losses.index}


def _records(bank: Path) -> dict[str, dict[str, Any]]:
    manifest = json.loads((bank / MANIFEST).read_text())
    return {task["task"]: task for task in manifest["tasks"]}


def _training(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return why a task's own training stopped, and its best and last epoch, counted from 1."""
    about = (record.get("training") or {}).get(SELF, {})
    last = about.get("last_epoch", record["fit"]["epochs"] - 1)
    return {
        "stopped": about.get("stopped"),
        "best_epoch": record["best_epoch"][SELF] + 1,
        "last_epoch": last + 1,
        "cap": record["fit"]["epochs"],
    }


def _valid_table(bank: Path, sweep: Path | None) -> pd.DataFrame | None:
    """Return the win rates on validation images, or None where the bank has no such losses."""
    if not any(bank.glob("*" + VALID_LOSSES_SUFFIX)):
        return None
    return table1.make_table1(bank, sweep, split="val")


def section(folder: Path) -> str:
    """Return the part of the page about training and the earlier bank; "" without a table."""
    frame = read_comparison(folder)
    if frame is None:
        return ""
    blocks = ["## When training stopped", _stopping_text(frame), _stopping(frame)]
    if frame["old_hash"].notna().any():
        blocks += ["## Beside the earlier bank", _beside_text(frame), _beside(frame)]
    if frame[list(VALID)].notna().any(axis=None):
        blocks += [
            "Win rates of this bank on the validation images, which chose the epochs, in per cent:",
            _valid(frame),
        ]
    return wrapped("\n\n".join(blocks)) + "\n\n"


def stopped_share(frame: pd.DataFrame) -> tuple[int, int]:
    """Return how many tasks stopped by patience, and how many are trained."""
    return int((frame["stopped"] == PATIENCE).sum()), len(frame)


def _stopping_text(frame: pd.DataFrame) -> str:
    patient, count = stopped_share(frame)
    reached = "reached" if patient >= GOAL * count else "not reached"
    others = "" if patient == count else ", the others at the cap"
    partly = "" if count == TRAINED else f" The bank is not complete: {count} of {TRAINED} tasks."
    return (
        f"Bank `{frame['bank_hash'].iloc[0]}`. {patient} of {count} trainings stopped by patience "
        f"({patient / count:.0%}; the goal of {GOAL:.0%} is {reached}){others}. "
        f"Validation losses alone chose the epochs.{_still_falling(frame)}{partly}"
    )


def _still_falling(frame: pd.DataFrame) -> str:
    """Return which tasks stopped by patience at their best epoch; "" if none did."""
    last = frame[(frame["stopped"] == PATIENCE) & (frame["best_epoch"] == frame["last_epoch"])]
    if last.empty:
        return ""
    names = ", ".join(f"`{name}`" for name in last["task"])
    return (
        f" For {names} the last epoch was the best one: the validation loss still fell, but by "
        "less than the least share that counts (`--min-delta`)."
    )


def _stopping(frame: pd.DataFrame) -> str:
    heads = ["task", "stopped by", "best epoch:", "last epoch:", "cap:"]
    heads += ["validation loss, old:", "new:", "test loss, old:", "new:"]
    rows = [
        [
            f"`{row['task']}`",
            NOTHING if pd.isna(row["stopped"]) else str(row["stopped"]),
            *(number(row[name], 0) for name in ("best_epoch", "last_epoch", "cap")),
            *(number(row[name], 4) for split in LOSSES for name in (f"old_{split}", split)),
        ]
        for _, row in frame.iterrows()
    ]
    return markdown.table(heads, rows)


def _beside_text(frame: pd.DataFrame) -> str:
    last = int((frame["old_best_epoch"] == frame["old_last_epoch"]).sum())
    known = int(frame["old_best_epoch"].notna().sum())
    return (
        f"Win rates on the test images, in per cent, of the earlier bank "
        f"`{frame['old_hash'].iloc[0]}` (old) and of this one (new), over three references: the "
        "best constant answer; a read-out of the random encoder, trained on the transfer data; and "
        "such a read-out trained on all images, as long as the task's own network. *Over the old "
        "network*: the share of the test images on which this bank's network has the smaller "
        f"loss; {_worse(frame)}. In the earlier bank {last} of {known} tasks had "
        "their best epoch last. Its records hold no losses on single validation images, so only "
        "its mean validation losses stand in the table above."
        f"{_untrained(frame)}"
    )


def _untrained(frame: pd.DataFrame) -> str:
    """Return that this bank lacks a reference of the earlier one; "" if it does not."""
    rate = frame["old_random"].mean()
    if frame["random"].notna().any() or math.isnan(rate):
        return ""
    return (
        " The third reference was not measured for this bank; in the earlier one the networks "
        f"beat it on {rate:.1f} % of the images in the mean."
    )


def _worse(frame: pd.DataFrame) -> str:
    """Return a clause that names the tasks whose network is not better than the old one."""
    known = frame.dropna(subset=["over_old"])
    worse = known.loc[known["over_old"] <= 50, "task"]
    if worse.empty:
        return f"it is above 50 % for all {len(known)} tasks"
    rates = known.set_index("task")["over_old"]
    told = ", ".join(f"`{name}` ({rates[name]:.1f} %)" for name in worse)
    return f"it is above 50 % for every task but {told}"


def _beside(frame: pd.DataFrame) -> str:
    heads = ["task", "constant, old:", "new:", "read-out of random, old:", "new:"]
    heads += ["random trained as long, old:", "new:", "over the old network:"]
    columns = [name for one in REFERENCES for name in (f"old_{one}", one)] + ["over_old"]
    kept = [place for place, name in enumerate(columns) if frame[name].notna().any()]
    rows = [
        [f"`{row['task']}`", *(number(row[columns[place]], 1) for place in kept)]
        for _, row in frame.iterrows()
    ]
    means = _means(frame)
    rows.append(["Mean of tasks with both", *(means[place] for place in kept)])
    return markdown.table([heads[0], *(heads[1 + place] for place in kept)], rows)


def _means(frame: pd.DataFrame) -> list[str]:
    """Return the means of the old and new rates over the tasks that have both."""
    cells = []
    for one in REFERENCES:
        both = frame[[f"old_{one}", one]].dropna().mean()
        cells += [number(both[f"old_{one}"], 1), number(both[one], 1)]
    return [*cells, number(frame["over_old"].mean(), 1)]


def _valid(frame: pd.DataFrame) -> str:
    words = ("over the constant:", "over a read-out of random:", "over random trained as long:")
    heads = {
        name: head for name, head in zip(VALID, words, strict=True) if frame[name].notna().any()
    }
    rows = [
        [f"`{row['task']}`", *(number(row[name], 1) for name in heads)]
        for _, row in frame.iterrows()
    ]
    rows.append(["Mean", *(number(frame[name].mean(), 1) for name in heads)])
    return markdown.table(["task", *heads.values()], rows)
