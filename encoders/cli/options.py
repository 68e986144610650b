"""Flags that several commands of this package share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from encoders.engines import ENGINES
from encoders.transfer.candidates import CANDIDATES
from taskgraph.cli.options import with_options
from taskgraph.cli.paths import InputFolder, OutputFolder

if TYPE_CHECKING:
    from encoders.tasks import Task

F = TypeVar("F", bound=Callable[..., Any])

data_option = click.option(
    "--data", required=True, type=InputFolder(), metavar="DIR", help="Folder of the data set."
)

bank_option = click.option(
    "--bank",
    type=InputFolder(),
    metavar="DIR",
    help="Folder of a bank that `taskgraph train` wrote; by default, the bank of the library.",
)

skip_broken_option = click.option(
    "--skip-broken",
    is_flag=True,
    help="Leave out views of which a file cannot be read or is missing, and count them.",
)

resume_option = click.option(
    "--resume", is_flag=True, help="Continue an earlier run in the folder of --out."
)

threads_option = click.option(
    "--threads",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Threads of each job; losses change slightly with their number.",
)


def out_option(default: str) -> Callable[[F], F]:
    """Return a decorator that adds ``--out``, the folder of all results."""
    return click.option(
        "-o",
        "--out",
        default=default,
        show_default=True,
        type=OutputFolder(),
        metavar="DIR",
        help="Folder that all results are written to.",
    )


def own_task_option(help_text: str) -> Callable[[F], F]:
    """Return a decorator that adds ``--task``, a task of one's own."""
    return click.option("--task", "own", multiple=True, metavar="FILE.py:NAME", help=help_text)


def own_tasks(references: Sequence[str], data: str | None = None) -> tuple[list[Task], list[Task]]:
    """Return the tasks that references name, and those of the columns of a data set's table.

    Files of the user's run only here, and only those that are named. A reference may also be the
    name of a column.
    """
    from encoders.dataset.table import table_tasks
    from encoders.tasks import load_task

    columns = table_tasks(data) if data else []
    by_name = {task.name: task for task in columns}
    return [by_name.get(text) or load_task(text) for text in references], columns


def set_options(function: F) -> F:
    """Decorate a command with the options that choose the sets of several sources."""
    return with_options(
        click.option(
            "--max-order",
            type=click.IntRange(min=1),
            default=5,
            show_default=True,
            help="Most sources of one transfer.",
        ),
        click.option(
            "--candidates",
            type=click.Choice(list(CANDIDATES)),
            default="best5",
            show_default=True,
            help="Rule that chooses the sets of several sources to measure.",
        ),
    )(function)


def jobs_option(default: str) -> Callable[[F], F]:
    """Return a decorator that adds ``--jobs``; ``default`` is the text of its default."""
    return click.option(
        "--jobs",
        type=click.IntRange(min=1),
        help=f"Jobs that run at the same time; by default {default}.",
    )


def engine_options(jobs: str) -> Callable[[F], F]:
    """Return a decorator that adds the flags that say where jobs run, and how many at once.

    ``jobs`` says how many jobs run at once by default on this machine.
    """
    return with_options(
        click.option(
            "--engine",
            type=click.Choice(list(ENGINES)),
            default="local",
            show_default=True,
            help="Where jobs run: on processes of this machine, or on a Ray cluster.",
        ),
        click.option(
            "--address",
            metavar="HOST:PORT",
            help="Address of the Ray cluster; by default that of RAY_ADDRESS or of this machine, "
            "or else a new one.",
        ),
        jobs_option(f"{jobs}, or as many as the Ray cluster has room for"),
        threads_option,
        click.option(
            "--gpus",
            type=click.FloatRange(min=0, max=1),
            metavar="SHARE",
            help="GPUs of the Ray cluster for each job; by default .25 if it has any, so that "
            "four jobs share a GPU.",
        ),
    )


def step_options(*, batch: int) -> Callable[[F], F]:
    """Return a decorator that adds the flags of training steps.

    Parameters
    ----------
    batch : int
        The default of ``--batch``.
    """
    return with_options(
        click.option(
            "--batch",
            type=click.IntRange(min=1),
            default=batch,
            show_default=True,
            help="Examples in each training step.",
        ),
        click.option(
            "--learning-rate",
            type=click.FloatRange(min=0, min_open=True),
            default=2e-3,
            show_default=True,
            help="Highest learning rate of AdamW.",
        ),
    )


def check_resume(out: str, *, resume: bool) -> None:
    """Raise a usage error if the folder ``out`` is not empty and ``--resume`` is not given."""
    folder = Path(out)
    if not resume and folder.exists() and any(folder.iterdir()):
        raise click.UsageError(
            f"{out} is not empty; give --resume to continue in it, or name another folder with -o"
        )
