"""``taskgraph train``: a task bank, in one command."""

from __future__ import annotations

import contextlib
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from encoders.errors.extras import extra_installed
from taskgraph.cli.exit_codes import BAD_INPUT
from taskgraph.cli.output import note
from taskgraph.cli.parameters import Counts, Names
from taskgraph.cli.paths import InputFile, InputFolder, OutputFolder

if TYPE_CHECKING:
    from encoders.bank.jobs import Done, Standing

PRESETS = ("tiny", "base", "paper")


@click.command("train")
@click.option(
    "--data", required=True, type=InputFolder(), metavar="DIR", help="The data set's folder."
)
@click.option(
    "--splits",
    type=InputFile(),
    metavar="FILE",
    help="Taskonomy's CSV of buildings for train, val and "
    "test; by default 70, 15 and 15 % of them.",
)
@click.option(
    "-o",
    "--out",
    default="bank",
    show_default=True,
    type=OutputFolder(),
    metavar="DIR",
    help="The bank's folder.",
)
@click.option(
    "--preset",
    type=click.Choice(PRESETS),
    default="tiny",
    show_default=True,
    help="Size of networks and pictures.",
)
@click.option("--tasks", type=Names(), default=(), help="Only these; all 25 by default.")
@click.option(
    "--epochs",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="Passes over the training split.",
)
@click.option(
    "--epochs-of", type=Counts(), default={}, help="Other numbers of epochs for some tasks."
)
@click.option(
    "--batch", type=click.IntRange(min=1), default=32, show_default=True, help="Examples a step."
)
@click.option(
    "--learning-rate",
    type=click.FloatRange(min=0, min_open=True),
    default=2e-3,
    show_default=True,
    help="Highest rate of AdamW.",
)
@click.option(
    "--precision",
    default="auto",
    show_default=True,
    metavar="NAME",
    help="As Lightning Fabric names it, such as 32-true or bf16-mixed.",
)
@click.option(
    "--devices", type=click.IntRange(min=1), default=1, show_default=True, help="GPUs a task."
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of weights and order."
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Tasks that are trained at once.",
)
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Threads of each job; losses depend on it a little.",
)
@click.option(
    "--references/--no-references",
    default=True,
    show_default=True,
    help="Train what each task is measured against.",
)
@click.option(
    "--adversarial", is_flag=True, help="Add the paper's adversarial term to maps (--preset paper)."
)
@click.option("--tensorboard", is_flag=True, help="Log epochs for TensorBoard too.")
@click.option("--resume", is_flag=True, help="Go on with what OUT holds.")
def train(
    data: str,
    splits: str | None,
    out: str,
    preset: str,
    tasks: tuple[str, ...],
    jobs: int,
    epochs_of: dict[str, int],
    references: bool,
    adversarial: bool,
    tensorboard: bool,
    resume: bool,
    **settings: Any,
) -> int:
    """Train one encoder-decoder a task on the data set in DIR.

    Each task is trained by itself: one that fails is told at the end and ends no other. Killed at
    any moment, the same command with --resume goes on, to the same weights.

    \b
    Examples:
      taskgraph train --data world --preset tiny --tasks rgb2sfnorm,edge2d
      taskgraph train --data world --epochs 3 --epochs-of class_places=10,fix_pose=8
      taskgraph train --data world --jobs 2 --resume
    """
    with extra_installed("train"):
        from encoders.bank.jobs import train_bank
        from encoders.bank.training import BankConfig, epochs, trainable
        from encoders.networks import PRESETS as SIZES
        from encoders.tasks import tasks_named
        from encoders.training.adversarial import AdversarialConfig
        from encoders.training.fit import FitConfig

    if adversarial and SIZES[preset].patch is None:
        raise click.UsageError("--adversarial needs a discriminator, so give --preset paper too")
    folder, names = Path(out), trainable(tasks)
    if not resume and folder.exists() and any(folder.iterdir()):
        raise click.UsageError(
            f"{out} is not empty; give --resume to go on with it, or name another folder with -o"
        )
    term = AdversarialConfig() if adversarial else None
    epochs_of = {tasks_named([name])[0].name: number for name, number in epochs_of.items()}
    config = BankConfig(
        data, preset, FitConfig(**settings), references, term, splits, epochs_of, tensorboard
    )
    _check_data(data, splits)
    command = shlex.join(["taskgraph", *sys.argv[1:]])
    with _bar(epochs(names, config)) as watch:
        done = train_bank(names, folder, config, jobs=jobs, command=command, watch=watch)
    return _told(done, out)


def _check_data(data: str, splits: str | None) -> None:
    """Raise once what every task would raise about its data."""
    from encoders.dataset.index import read_index
    from encoders.dataset.splits import check_splits

    check_splits(read_index(Path(data)).buildings, splits)


def _told(done: Done, out: str) -> int:
    for name, record in done.records.items():
        rates = " ".join(
            f"{rate:.1%} against {other}"
            for other, rate in record["win_rate"].items()
            if other != "self"
        )
        note(f"{name}: test loss {record['test_loss']['self']:.4f}; wins {rates or '-'}")
    for name, reason in done.failures.items():
        note(f"{name} failed: {reason}")
    note(f"{out}: {len(done.records)} trained, {len(done.failures)} failed")
    return BAD_INPUT if done.failures else 0


@contextlib.contextmanager
def _bar(epochs: int) -> Iterator[Any]:
    """A bar of epochs, with the newest loss and pictures a second."""
    from tqdm import tqdm

    with tqdm(total=epochs, desc="epochs", disable=None, leave=False) as bar:

        def watch(now: Standing) -> None:
            bar.n = min(now.epochs, epochs)
            if now.newest:
                loss, speed = (float(now.newest[k]) for k in ("valid_loss", "images_per_second"))
                bar.set_postfix_str(f"{now.newest['run']} loss {loss:.4f}, {speed:.0f} images/s")
            bar.refresh()

        yield watch
