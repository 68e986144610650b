"""The settings of stopping that were tried, with what each cost; chosen on validation losses."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.bank.comparison import read_comparison
from benchmarks.bank.curves import curves_of, records_of
from benchmarks.results import markdown
from benchmarks.results.markdown import number, wrapped
from encoders.bank.config import RUNS
from encoders.errors import InvalidDataError
from encoders.training.checkpoint import read_config
from encoders.training.run_state import LAST
from taskgraph.tables import write_frame
from taskgraph.tasks import SELF

TRIED = "tried.csv"

KEPT = ("patience", "min_delta", "cuts", "epochs")
"""Settings of a training that tell the tried ones apart."""

COLUMNS = (
    "chosen",
    "task",
    *KEPT,
    "trained",
    "best_epoch",
    "valid_loss",
    "hours",
    "stopped",
    "images",
)


def tried_runs(bank: Path, *, chosen: bool) -> pd.DataFrame:
    """Return one row for each task whose own network a bank has begun to train.

    Returns
    -------
    DataFrame
        ``chosen`` (whether these are the settings of the bank that is shipped), ``task``; the
        settings `KEPT`; ``trained``, the number of epochs so far, and ``best_epoch``, counted from
        1; the smallest ``valid_loss``; the ``hours`` of its training steps, without evaluations, or
        of the whole job where the log of the steps was not kept; why it ``stopped``, or None if it
        was ended by hand; and the ``images`` of an epoch.
    """
    frame, records, rows = curves_of(bank), records_of(bank), []
    for task, curve in frame[frame["source"] == SELF].groupby("task", sort=True):
        fit, stopped = _settings_of(bank, str(task), records)
        curve = curve.sort_values("step")
        images = curve["step"].diff().fillna(curve["step"]) * fit["batch"]
        hours = math.nan
        if "images_per_second" in curve:
            hours = float((images / curve["images_per_second"]).sum(min_count=1) / 3600)
        if math.isnan(hours):
            hours = records[str(task)]["seconds"] / 3600
        best = curve.iloc[int(curve["valid_loss"].to_numpy().argmin())]
        rows.append(
            {
                "chosen": chosen,
                "task": task,
                **{name: fit[name] for name in KEPT},
                "trained": len(curve),
                "best_epoch": int(best["epoch"]) + 1,
                "valid_loss": float(best["valid_loss"]),
                "hours": hours,
                "stopped": stopped,
                "images": int(images.iloc[0]),
            }
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def _settings_of(
    bank: Path, task: str, records: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, Any], str | None]:
    """Return a training's settings, and why it stopped, or None if it was ended by hand.

    Where its state was not kept, both are those of the task's record. A training without a record
    was ended by hand; it has the settings of the other tasks of the folder.
    """
    path = bank / RUNS / f"{task}.{SELF}" / LAST
    if path.exists():
        config = read_config(path)
        return config["fit"], config["progress"].get("stopped")
    if task in records:
        return records[task]["fit"], records[task]["training"][SELF]["stopped"]
    for other in records.values():
        return other["fit"], None
    raise InvalidDataError(f"{path} is missing, and {bank} has no record of a task; copy the bank")


def write_tried(bank: Path, others: tuple[str, ...], out: Path) -> None:
    """Write a table of the settings of the bank and of the banks in other folders."""
    frames = [tried_runs(bank, chosen=True)]
    frames += [tried_runs(Path(folder), chosen=False) for folder in others]
    filled = [frame for frame in frames if len(frame)]
    if filled:
        write_frame(pd.concat(filled, ignore_index=True), out / TRIED)


def read_tried(folder: Path) -> pd.DataFrame | None:
    """Return the table of a folder of results, or None."""
    path = folder / TRIED
    return pd.read_csv(path) if path.exists() else None


def costs(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return for each of the other settings what it cost beside the chosen ones.

    Returns
    -------
    list of dict
        The settings; ``tasks``, the tasks that stopped with both; ``epochs`` and
        ``chosen_epochs``, their epochs in sum; ``lower``, the mean share by which their
        validation losses are lower than with the chosen settings; and ``whole``, the epochs that
        all tasks of the bank would take at the same ratio. The last two are NaN without such a
        task. Epochs are compared and not hours, since speeds of different days differ.
    """
    own = frame[frame["chosen"]].set_index("task")
    found = []
    for settings, other in frame[~frame["chosen"]].groupby(list(KEPT), sort=True):
        ended = other.dropna(subset=["stopped"]).set_index("task")
        both = own.dropna(subset=["stopped"]).index.intersection(ended.index)
        theirs, ours = (int(one.loc[both, "trained"].sum()) for one in (ended, own))
        found.append(
            {
                **dict(zip(KEPT, settings, strict=True)),
                "tasks": list(both),
                "epochs": theirs,
                "chosen_epochs": ours,
                "lower": float((1 - ended["valid_loss"] / own["valid_loss"])[both].mean()),
                "whole": own["trained"].sum() * theirs / ours if ours else math.nan,
            }
        )
    return found


def section(folder: Path) -> str:
    """Return the part of the page about what was tried; "" without a table."""
    frame = read_tried(folder)
    if frame is None:
        return ""
    blocks = ["## What was tried", _choice_text(folder), _table(frame)]
    blocks += [_cost_text(one, frame) for one in costs(frame)]
    return wrapped("\n\n".join(block for block in blocks if block)) + "\n\n"


def _choice_text(folder: Path) -> str:
    """Return how settings were chosen, and what was wrong with the choice for the earlier bank."""
    text = (
        "The epochs of this bank were chosen on validation losses alone: training stops when the "
        "validation loss no longer falls by the share that is named min-delta, and no task has "
        "epochs of its own."
    )
    frame = read_comparison(folder)
    if frame is None or frame["old_last_epoch"].isna().all():
        return text
    usual = frame["old_last_epoch"].mode().iloc[0]
    raised = frame[frame["old_last_epoch"] > usual]
    if raised.empty:
        return text
    names = ", ".join(
        f"`{task}` to {epochs:.0f}"
        for task, epochs in zip(raised["task"], raised["old_last_epoch"], strict=True)
    )
    return (
        f"{text} That was not so for the earlier bank: its networks were trained for {usual:.0f} "
        f"epochs, and the epochs of {len(raised)} tasks were raised after a look at their win "
        f"rates on test images ({names}). Its test figures of these tasks are therefore slightly "
        "too good."
    )


def _table(frame: pd.DataFrame) -> str:
    heads = ["min-delta:", "patience:", "cuts:", "task", "epochs:", "best epoch:"]
    heads += ["validation loss:", "stopped by"]
    both = set(frame.loc[~frame["chosen"], "task"])
    shown = frame[frame["task"].isin(both)] if both else frame.head(0)
    if shown.empty:
        return ""
    rows = [
        [
            f"{row['min_delta']:g}{' (chosen)' if row['chosen'] else ''}",
            number(row["patience"], 0),
            number(row["cuts"], 0),
            f"`{row['task']}`",
            number(row["trained"], 0),
            number(row["best_epoch"], 0),
            number(row["valid_loss"], 4),
            "hand, unfinished" if pd.isna(row["stopped"]) else str(row["stopped"]),
        ]
        for _, row in shown.sort_values(["task", "min_delta"]).iterrows()
    ]
    return markdown.table(heads, rows)


def _cost_text(one: dict[str, Any], frame: pd.DataFrame) -> str:
    own = frame[frame["chosen"]]
    settings = f"With a min-delta of {one['min_delta']:g}"
    if not one["tasks"]:
        return f"{settings}, no task has stopped with both settings, so the costs are not compared."
    tasks = ", ".join(f"`{name}`" for name in one["tasks"])
    return (
        f"{settings}, {tasks} took {one['epochs']} epochs, and {one['chosen_epochs']} with the "
        f"chosen settings; the validation loss was {100 * one['lower']:.1f} % lower. The "
        f"{len(own)} tasks of the bank took {own['trained'].sum()} epochs in sum; at that ratio "
        f"they would take {one['whole']:.0f} (an estimate from {len(one['tasks'])} "
        f"task{'s' if len(one['tasks']) > 1 else ''}; it was not run). The larger min-delta was "
        "chosen to save this time."
    )
