"""The learning curves of a bank: a table of every evaluation, and a picture of eight tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.results.figures import INK, MUTED, new_figure, styled, write_picture
from encoders.bank.config import RECORD_SUFFIX, RUNS
from encoders.bank.jobs import MANIFEST
from encoders.errors.storage import read_json
from encoders.training.run_state import LOG
from encoders.training.schedule import CUT
from taskgraph.tables import write_frame
from taskgraph.tasks import SELF

CURVES, STEM = "curves.parquet", "curves"

SHOWN = (
    "denoise",
    "edge2d",
    "rgb2depth",
    "rgb2sfnorm",
    "class_places",
    "segmentsemantic_rb",
    "room_layout",
    "vanishing_point_well_defined",
)
"""Tasks of the picture, two a group: 2D, 3D, semantic, and few numbers of the whole picture. They
were named, and trained first, before any curve was seen."""

TRAIN_COLOR, VALID_COLOR = MUTED, "#2a7f9e"


def curves_of(bank: Path) -> pd.DataFrame:
    """Return one row for each evaluation of a bank's training runs.

    Returns
    -------
    DataFrame
        ``task, source``, and the columns of `encoders.training.run_state.LogEntry`. Runs that
        are not finished are included. A run whose log was not kept has the epochs, steps and
        validation losses of the task's record. There are no rows where the bank has neither.
    """
    frames = []
    for path in sorted((bank / RUNS).glob(f"*/{LOG}")):
        task, _, source = path.parent.name.rpartition(".")
        frames.append(pd.read_csv(path).assign(task=task, source=source))
    logged = {(frame["task"].iloc[0], frame["source"].iloc[0]) for frame in frames if len(frame)}
    frames += [
        curve.assign(task=task, source=source)
        for task, record in records_of(bank).items()
        for source, curve in _recorded(record)
        if (task, source) not in logged
    ]
    if not frames:
        return pd.DataFrame(columns=["task", "source", "epoch", "train_loss", "valid_loss"])
    joined = pd.concat(frames, ignore_index=True)
    first = ["task", "source"]
    return joined[[*first, *(name for name in joined if name not in first)]]


def records_of(bank: Path) -> dict[str, dict[str, Any]]:
    """Return the records of a bank's tasks, by name."""
    paths = sorted(bank.glob("*" + RECORD_SUFFIX))
    return {path.stem: read_json(path) for path in paths if path.name != MANIFEST}


def _recorded(record: Mapping[str, Any]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield each source of a record, and its validation losses by epoch."""
    for source, training in record.get("training", {}).items():
        curve = pd.DataFrame(training.get("valid_losses", []), columns=["step", "valid_loss"])
        if len(curve):
            yield source, curve.assign(epoch=curve.index // record["fit"]["evaluations"])


def write_curves(bank: Path, out: Path) -> None:
    """Write the table of the curves, unless the bank keeps no logs."""
    frame = curves_of(bank)
    if len(frame):
        write_frame(frame, out / CURVES)


def read_curves(folder: Path) -> pd.DataFrame | None:
    """Return the table of the curves of a folder of results, or None."""
    path = folder / CURVES
    return pd.read_parquet(path) if path.exists() else None


def lost_text(folder: Path) -> str:
    """Return a sentence on the tasks whose logs were not kept; "" if there are none."""
    frame = read_curves(folder)
    if frame is None:
        return ""
    own = frame[frame["source"] == SELF]
    lost = own.loc[own["train_loss"].isna(), "task"].nunique()
    if not lost:
        return ""
    tasks = "1 task" if lost == 1 else f"{lost} tasks"
    return (
        f" The logs of {tasks} were not kept: they have validation losses alone, from their "
        "records, and the picture shows no cuts of them."
    )


def cuts_of(curve: pd.DataFrame) -> list[int]:
    """Return the epochs before which the learning rate was cut.

    A cut multiplies the rate by `CUT`. At the end of the cap the rate also falls linearly to 0, by
    half at most from one epoch to the next. So a fall to less than 1.5 times `CUT` is a cut.
    """
    rates = curve.sort_values("epoch")["learning_rate"].to_list()
    epochs = curve.sort_values("epoch")["epoch"].to_list()
    limit = 1.5 * CUT
    return [
        int(epochs[place])
        for place in range(1, len(rates))
        if rates[place] < limit * rates[place - 1]
    ]


def draw_curves(folder: Path) -> None:
    """Draw the curves of the tasks of `SHOWN` that a folder's table has."""
    frame = read_curves(folder)
    if frame is not None and len(_shown(frame)):
        write_picture(figure(frame), folder, STEM)


def picture_of(folder: Path) -> str | None:
    """Return the name of the picture in a folder, or None."""
    names = (f"{STEM}.svg", f"{STEM}.png")
    return next((name for name in names if (folder / name).exists()), None)


def _shown(frame: pd.DataFrame) -> list[str]:
    own = set(frame.loc[frame["source"] == SELF, "task"])
    return [name for name in SHOWN if name in own]


@styled
def figure(frame: pd.DataFrame) -> Figure:
    """Return the figure: a panel a task, training and validation loss over epochs.

    Dotted lines are cuts of the learning rate; a dot is the best epoch.
    """
    tasks = _shown(frame)
    across = min(4, len(tasks))
    rows = -(-len(tasks) // across)
    made = new_figure(width=1.9 * across + 0.4, height=1.9 * rows + 0.3)
    axes = made.subplots(rows, across, squeeze=False).ravel()
    for axis, task in zip(axes, tasks, strict=False):
        own = frame[(frame["task"] == task) & (frame["source"] == SELF)].sort_values("epoch")
        _panel(axis, own, task)
    for axis in axes[len(tasks) :]:
        axis.set_axis_off()
    handles = [
        axes[0].plot([], [], color=TRAIN_COLOR, label="training loss")[0],
        axes[0].plot([], [], color=VALID_COLOR, label="validation loss")[0],
        axes[0].plot([], [], color=INK, ls=":", lw=0.8, label="cut of the learning rate")[0],
    ]
    made.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
    return made


def _panel(axis: Axes, curve: pd.DataFrame, task: str) -> None:
    epochs = curve["epoch"] + 1
    axis.plot(epochs, curve["train_loss"], color=TRAIN_COLOR, lw=1)
    axis.plot(epochs, curve["valid_loss"], color=VALID_COLOR, lw=1)
    best = curve.iloc[int(curve["valid_loss"].to_numpy().argmin())]
    axis.plot([best["epoch"] + 1], [best["valid_loss"]], "o", ms=3, color=VALID_COLOR)
    for cut in cuts_of(curve):
        axis.axvline(cut + 0.5, color=INK, ls=":", lw=0.8)
    axis.set_title(task.removesuffix("_well_defined"))
    axis.set_xlabel("epoch")
    axis.set_ylim(bottom=0)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
