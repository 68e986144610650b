"""``taskgraph train``: train a bank of encoder-decoders, one for each task."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from encoders.cli.messages import messages
from encoders.cli.options import (
    check_resume,
    data_option,
    jobs_option,
    out_option,
    own_task_option,
    own_tasks,
    resume_option,
    skip_broken_option,
    step_options,
    threads_option,
)
from encoders.cli.stopping import stopping_options
from encoders.errors.extras import extra_installed
from taskgraph.cli.exit_codes import BAD_INPUT
from taskgraph.cli.options import seed_option
from taskgraph.cli.output import note
from taskgraph.cli.parameters import Counts, NameList
from taskgraph.cli.paths import InputFile
from taskgraph.progress import progress_bar

if TYPE_CHECKING:
    from encoders.bank.jobs import BankResult
    from encoders.tasks import Task

PRESETS = ("tiny", "small", "base", "paper")


REFERENCES = click.Choice(["both", "average", "random", "none"])
"""What ``--references`` may be."""


@click.command("train")
@data_option
@click.option(
    "--splits",
    type=InputFile(),
    metavar="FILE",
    help="CSV file in Taskonomy's format that assigns buildings to train, val and test; "
    "by default, 70, 15 and 15 % of them are drawn.",
)
@out_option("bank")
@click.option(
    "--preset",
    type=click.Choice(PRESETS),
    default="tiny",
    show_default=True,
    help="Size of the networks and of the pictures: tiny (64 pixels), small (the same networks for "
    "128 pixels), base (ResNet-18, 128 pixels) or paper (ResNet-50, 256 pixels).",
)
@click.option(
    "--tasks",
    type=NameList(),
    default=(),
    help="Tasks to train; by default all 25, or the columns of the table in DIR.",
)
@own_task_option(
    "Train a task of your own, an encoders.Task in a Python file or in an installed package; may "
    "be repeated. Without --tasks, no other task is trained."
)
@skip_broken_option
@stopping_options(epochs=60, patience=3)
@click.option(
    "--epochs-of", type=Counts(), default={}, help="Other values of --epochs for some tasks."
)
@step_options(batch=32)
@click.option(
    "--precision",
    default="auto",
    show_default=True,
    metavar="NAME",
    help="Lightning Fabric's name, such as 32-true or bf16-mixed; auto is the latter where the "
    "device computes in bfloat16.",
)
@click.option(
    "--devices",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="GPUs that each task is trained on.",
)
@seed_option
@jobs_option("1")
@threads_option
@click.option(
    "--references",
    type=REFERENCES,
    default="both",
    show_default=True,
    help="References to train for each task as well: average, the best constant answer; random, a "
    "read-out from an untrained encoder, trained on the same images; both or none.",
)
@click.option(
    "--no-references",
    "references",
    flag_value="none",
    type=REFERENCES,
    help="The same as --references none.",
)
@click.option(
    "--adversarial",
    is_flag=True,
    help="Add the paper's adversarial term to the loss of maps; needs --preset paper.",
)
@click.option("--tensorboard", is_flag=True, help="Also log evaluations for TensorBoard.")
@resume_option
def train(
    data: str,
    splits: str | None,
    out: str,
    preset: str,
    tasks: tuple[str, ...],
    jobs: int | None,
    epochs_of: dict[str, int],
    references: str,
    adversarial: bool,
    tensorboard: bool,
    resume: bool,
    own: tuple[str, ...],
    skip_broken: bool,
    **settings: Any,
) -> int:
    """Train one encoder-decoder for each task on the data set in DIR.

    DIR has the layout of `taskgraph scenes` or of Taskonomy, or it is a folder of pictures with a
    table labels.csv, whose columns are tasks.

    Tasks are trained independently: a task that fails is reported at the end and stops no other.
    Training stops when the validation loss no longer falls (--patience) or after --epochs. If it
    is killed, the same command with --resume continues, to the same weights.

    \b
    Examples:
      taskgraph train --data world --preset tiny --tasks rgb2sfnorm,edge2d
      taskgraph train --data world --patience 0 --epochs 3 --epochs-of class_places=10,fix_pose=8
      taskgraph train --data world --task my_tasks.py:LEVEL
      taskgraph train --data world --jobs 2 --resume
    """
    with extra_installed("train"):
        from encoders.bank.config import BankConfig
        from encoders.bank.jobs import train_bank
        from encoders.networks import PRESETS as SIZES
        from encoders.tasks.own import find_task
        from encoders.training.adversarial import AdversarialConfig
        from encoders.training.config import FitConfig

    if adversarial and SIZES[preset].patch is None:
        raise click.UsageError("--adversarial needs a discriminator, so give --preset paper too")
    check_resume(out, resume=resume)
    loaded, columns = own_tasks(own, data)
    chosen = _chosen(tasks, loaded, columns) or _all_tasks(data)
    term = AdversarialConfig() if adversarial else None
    also = {"both": True, "none": False}.get(references, (references,))
    every = [*loaded, *columns]
    epochs_of = {find_task(name, every).name: number for name, number in epochs_of.items()}
    config = BankConfig(
        data,
        preset,
        FitConfig(**settings),
        also,
        term,
        splits,
        epochs_of,
        tensorboard,
        skip_broken=skip_broken,
    )
    _check_data(data, splits)
    command = shlex.join(["taskgraph", *sys.argv[1:]])
    with messages(), progress_bar("epochs") as progress:
        result = train_bank(
            chosen, Path(out), config, jobs=jobs or 1, command=command, progress=progress
        )
    return _report(result, out)


def _check_data(data: str, splits: str | None) -> None:
    """Raise, before any task is trained, if the data set is invalid or does not fit the splits."""
    from encoders.dataset.folders import find_folders
    from encoders.dataset.index import read_index
    from encoders.dataset.splits import check_splits
    from encoders.dataset.table import splits_of

    root = Path(data)
    listed = root.is_dir() and splits is None and splits_of(root, None) is None
    known = listed and find_folders(root, "rgb")
    check_splits(tuple(known or read_index(root).buildings), splits_of(root, splits))


def _chosen(
    names: Sequence[str], loaded: Sequence[Task], columns: Sequence[Task]
) -> list[str | Task]:
    """Return the tasks to train: those that are named, else the columns of the table."""
    from encoders.tasks.own import find_task

    named: list[str | Task] = []
    for name in names:
        task = find_task(name, [*loaded, *columns])
        if task.output is not None:  # the random projection is not trained
            named.append(task if task in columns else task.name)
    return [*named, *loaded] or list(columns)


def _all_tasks(data: str) -> list[str]:
    """Return all tasks of the dictionary; raise if DIR has a table, which lacks their labels."""
    from encoders.bank.config import trainable
    from encoders.dataset.table import read_table

    if (table := read_table(data)) is not None:
        raise click.UsageError(
            f"{table.path} has no column of labels; add one, or name tasks of pictures alone, such "
            "as --tasks autoencoder"
        )
    return trainable()


def _report(result: BankResult, out: str) -> int:
    """Print each task's test loss and win rates, or why it failed; returns the exit code."""
    for name, record in result.records.items():
        rates = " ".join(
            f"{rate:.1%} against {other}"
            for other, rate in record["win_rate"].items()
            if other != "self"
        )
        note(f"{name}: test loss {record['test_loss']['self']:.4f}; wins {rates or '-'}")
    for name, reason in result.failures.items():
        note(f"{name} failed: {reason}")
    note(f"{out}: {len(result.records)} trained, {len(result.failures)} failed")
    return BAD_INPUT if result.failures else 0
