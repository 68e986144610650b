"""The page of the task bank, rendered from its records alone."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchmarks.bank import comparison, curves, tried, win_rates
from benchmarks.bank.pictures import PHOTOS
from benchmarks.results import markdown
from benchmarks.results.frame import latest, not_finished, part
from benchmarks.results.record import Record, read_records
from encoders.bank import table1
from encoders.bank.config import RANDOM
from encoders.bank.table1 import MEAN
from encoders.tasks.names import DISPLAY_ORDER
from taskgraph.tasks import AVERAGE

HISTORY = {
    "70f10fdee9e7": """`old_bank` is the earlier bank, which this folder held at commit `74486ba`.
`tried_bank` was trained with `--min-delta .001` and ended by hand. The sweep is

```sh
taskgraph transfer --bank bank --data world --splits splits.csv --sources random --max-order 1 \\
  --epochs 48 --patience 3 --min-delta .005 --learning-rate .003 --scratch-epochs 1 -o sweep
```

The networks were trained in pieces, with `--tasks` and `--resume`, at commits up to `827b728`; the
commit above wrote the manifest. `splits.csv` has the buildings of each split. The constant answers
of `segment2d` and `segment25d`, and the sweep, were made on a machine with another processor, where
the world has the SHA-256 `173bcf87…`: the files of 17 of the 25 tasks are the same; cameras,
curvatures and 3D keypoints, which the other 8 tasks use, differ in their last digits. The read-outs
of (2) trained until they stopped, those of the earlier bank for 2 epochs: between the banks these
rates do not compare the encoders alone."""
}
"""How a bank that is shipped was made, written by hand, by its hash."""

TASK, MEAN_OF_ALL = "task", "mean"
"""Values of the setting ``part``: a record of one task, and the record of the means."""

NOTE = """Little carries over: 2D edges are right in all four, vanishing points stand upright, and
the floor under the motorcycle is found as a floor, but so is the cat's chin. Depth is nearly flat,
reshading is a blur, and occlusion edges are nearly absent; only the astronaut's outline shows
faintly. The motorcycle is called a chair and a TV, the astronaut's suit a couch, and the cup's
picture a corridor; the layouts mean nothing. These networks are for measuring transfers between
tasks on rendered rooms; for photographs, train on photographs (`taskgraph train` reads Taskonomy's
folders)."""
"""Description of the predictions on photographs, written by hand."""

PAGE = """# The task bank

{count} trained encoder-decoders and the random encoder at the preset `{preset}`:
{megabytes:.1f} MB in half precision. They are in the wheel: `encoders.load("normals")`.

```sh
taskgraph scenes world {scenes}
{command}
{bench}
```

Bank {bank}, commit {commit}, seed {seed}, data SHA-256
`{hash}`. {images[train]:,} images to train on,
{images[val]:,} to choose the epoch, {images[test]:,} to test, of different buildings.
Epochs: {epochs}.
Batches of {batch}, AdamW up to {rate:g}. Classes and poses of two cameras are trained on mirrored
and lightened pictures too, and these poses on other pairs in each epoch; so are their references.
{hours}
{history}

## Win rates: the paper's Table 1 on our data

{compared}

{found}

{table}
Losses are the tasks' own (L1, L2, cross-entropy, metric, pose norm), comparable within a row.
`losses.parquet` has them image by image, and `table1.csv` this table.

{training}## What they say of views they never saw

![Six views of held-out buildings; below each, every task's prediction and its label](views.jpg)

## What they say of photographs

![Photographs, and beside each its depth, normals, edges, segments, classes and layout](photos.jpg)

{photos} come with scikit-image; here they are cut to the middle square and shrunk to 64 pixels. No
network has seen a photograph. {note}

## Runs

{runs}
"""


BENCH = "taskgraph bench bank --bank runs/bank --data runs/world --sweep runs/cpu/transfers"
"""The command of this suite, where the records of an earlier version do not have it."""

SAME = ("bank_hash", "losses_sha256", "sweep_sha256", "old_hash", "tried_sha256")
"""Settings that all records of one page share."""


def newest_records(folder: Path) -> tuple[list[Record], Record]:
    """Return the records of all tasks of the newest bank, and the record of the means.

    Raises
    ------
    InvalidTableError
        If there is no record of the means, which a run adds last.
    """
    records = latest(read_records(folder), *SAME)
    means = part(records, part=MEAN_OF_ALL)
    if not means:
        raise not_finished(folder, "bank")
    by_task = {each.settings["task"]: each for each in part(records, part=TASK)}
    return list(by_task.values()), means[-1]


def frame_of(tasks: Sequence[Record], mean: Record) -> pd.DataFrame:
    """Return Table 1 from records, in the form of `encoders.bank.table1.make_table1`."""
    rows = {
        each.settings["task"]: {"title": each.settings["task"], **each.metrics["table1"]}
        for each in tasks
        if "table1" in each.metrics
    }
    rows[MEAN] = {"title": mean.settings["title"], **mean.metrics["table1"]}
    frame = pd.DataFrame.from_dict(rows, orient="index")
    frame.index.name = "task"
    numbers = [name for name in frame if name != "title"]
    return frame.astype(dict.fromkeys(numbers, float))


def render(folder: Path) -> str:
    """Return the whole page, from the records of a folder."""
    tasks, means = newest_records(folder)
    frame = frame_of(tasks, means)
    first = tasks[0]
    made, fit = first.settings["data"].get("settings") or {}, first.settings["fit"]
    order = [name for name in DISPLAY_ORDER if name in frame.index]
    return PAGE.format(
        count=len(tasks),
        preset=first.settings["preset"],
        megabytes=means.metrics["weights"] / 1e6,
        command=first.settings["command"],
        bank=_bank(means),
        commit=first.commit,
        seed=first.seed,
        scenes=" ".join(f"--{key} {value}" for key, value in made.items()),
        hash=first.settings["data"].get("sha256"),
        images=first.settings["images"],
        epochs=_epochs(tasks),
        batch=fit["batch"],
        rate=fit["learning_rate"],
        hours=markdown.wrapped(_hours(tasks)),
        compared=markdown.wrapped(win_rates.compared(frame, means)),
        bench=means.metrics.get("command", BENCH),
        found=markdown.wrapped(win_rates.found(frame)),
        table=table1.table1_markdown(frame.loc[[*order, MEAN]]),
        runs=_runs(tasks, order),
        training=_training(folder),
        photos=", ".join(PHOTOS),
        note=NOTE,
        history=HISTORY.get(str(means.settings.get("bank_hash")), ""),
    )


def finding(folder: Path) -> str:
    """Return one sentence with the mean win rates."""
    tasks, means = newest_records(folder)
    mean = means.metrics["table1"]
    share = win_rates.percent(mean["average"])
    text = (
        f"{len(tasks)} networks beat the best constant answer on {share} of the test images in the "
        "mean"
    )
    if mean["readout"] is None:
        return text + "."
    compared = sum(task.metrics["table1"]["readout"] is not None for task in tasks)
    return text + (
        f", and a read-out from the random encoder on {mean['readout']:.1f} % (mean over "
        f"{compared} of them{_images_of(means, tasks)})."
    )


def _images_of(means: Record, tasks: Sequence[Record]) -> str:
    """Return on how many images read-outs and networks were trained; "" where that is unknown."""
    few = (means.metrics.get("sweep") or {}).get("images")
    many = {(task.settings.get("images") or {}).get("train") for task in tasks}
    if few is None or None in many or len(many) != 1:
        return ""
    return f"; trained on {few:,} images instead of {many.pop():,}"


def _hours(tasks: Sequence[Record]) -> str:
    """Return one sentence with the hours of training, and the references that they include."""
    known = {name for one in tasks for name in one.metrics["valid_loss"]}
    words = {AVERAGE: "constant answers", RANDOM: "read-outs of the random encoder"}
    names = [text for name, text in words.items() if name in known]
    trained = " and ".join(names) + " included" if names else "without references"
    return (
        f"{sum(each.seconds or 0.0 for each in tasks) / 3600:.1f} hours by the clock of processes "
        f"with one thread, {trained}, on a machine with other work on it."
    )


def draw(folder: Path) -> None:
    """Draw the learning curves, where the folder has their table."""
    curves.draw_curves(folder)


def _bank(means: Record) -> str:
    """Return the hash of the bank as code."""
    name = means.settings.get("bank_hash")
    return f"`{name}`" if name else markdown.NOT_RECORDED


def _training(folder: Path) -> str:
    """Return the parts about training: curves, the earlier bank, and what was tried."""
    picture = curves.picture_of(folder)
    shown = (
        "## Learning curves\n\n![Training and validation loss over epochs of eight tasks, two a "
        "group; dotted lines are cuts of the learning rate, a dot is the best epoch]"
        f"({picture})\n\n`curves.parquet` has every evaluation of every task."
        f"{curves.lost_text(folder)}\n\n"
        if picture
        else ""
    )
    return comparison.section(folder) + shown + tried.section(folder)


def _epochs(tasks: Sequence[Record]) -> str:
    """Return the usual number of epochs, and the tasks that were trained for another number."""
    each = {one.settings["task"]: one.settings["fit"]["epochs"] for one in tasks}
    common = statistics.mode(each.values())
    patience = {one.settings["fit"].get("patience") for one in tasks}
    if patience == {tasks[0].settings["fit"].get("patience")} and None not in patience:
        fit = tasks[0].settings["fit"]
        return (
            f"until the validation loss has not fallen by {100 * fit['min_delta']:g} % for "
            f"{fit['patience']} epochs,\nafter {fit['cuts']} cuts of the learning rate to a fifth; "
            f"{common} at most"
        )
    others = ", ".join(f"{name} {n}" for name, n in each.items() if n != common)
    return f"{common}" + (f" (where that was too few: {others})" if others else "")


def _runs(tasks: Sequence[Record], order: Sequence[str]) -> str:
    known = {one.settings["task"]: one for one in tasks}
    heads = [
        "Task",
        "Parameters:",
        "Best epoch, of at most:",
        "Validation loss:",
        "Test loss:",
        "Minutes:",
    ]
    rows = []
    for name in order:
        one = known[name]
        settings, metrics = one.settings, one.metrics
        rows.append(
            [
                f"`{name}`",
                f"{metrics['parameters']:,}",
                f"{metrics['best_epoch']['self'] + 1} of {settings['fit']['epochs']}",
                f"{metrics['valid_loss']['self']:.4f}",
                f"{metrics['test_loss']['self']:.4f}",
                f"{(one.seconds or 0.0) / 60:.1f}",
            ]
        )
    return markdown.table(heads, rows)
