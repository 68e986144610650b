"""``taskgraph transfer``: how well each set of frozen encoders solves each target."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from encoders.errors.extras import extra_installed
from taskgraph.cli.exit_codes import BAD_INPUT
from taskgraph.cli.output import note
from taskgraph.cli.parameters import Names
from taskgraph.cli.paths import InputFile, InputFolder, OutputFolder

if TYPE_CHECKING:
    from encoders.transfer.settings import SweepConfig
    from encoders.transfer.sweep import Swept


@click.command("transfer")
@click.option(
    "--data", required=True, type=InputFolder(), metavar="DIR", help="The data set's folder."
)
@click.option(
    "--splits",
    type=InputFile(),
    metavar="FILE",
    help="Taskonomy's CSV of buildings for train, val and test, as the encoders were trained with.",
)
@click.option(
    "--bank",
    type=InputFolder(),
    metavar="DIR",
    help="Trained encoders; by default the library's own.",
)
@click.option(
    "-o",
    "--out",
    default="transfers",
    show_default=True,
    type=OutputFolder(),
    metavar="DIR",
    help="Where everything is written.",
)
@click.option("--targets", type=Names(), default=(), help="Only these; all 22 by default.")
@click.option("--sources", type=Names(), default=(), help="Only these; all 26 by default.")
@click.option(
    "--max-order",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="Sources of the largest set.",
)
@click.option(
    "--candidates",
    type=click.Choice(["first", "best5", "published"]),
    default="best5",
    show_default=True,
    help="Which sets of several sources are measured.",
)
@click.option(
    "--readout",
    type=click.Choice(["trained", "ridge"]),
    default="trained",
    show_default=True,
    help="Small networks, or linear maps in closed form.",
)
@click.option(
    "--screen",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Add so many sets of each order, the best by ridge read-outs.",
)
@click.option(
    "--images",
    type=click.IntRange(min=1),
    default=1000,
    show_default=True,
    help="To train a read-out on, from the val split.",
)
@click.option(
    "--valid-images",
    type=click.IntRange(min=1),
    default=400,
    show_default=True,
    help="To select on, from other buildings of the val split.",
)
@click.option(
    "--test-images",
    type=click.IntRange(min=1),
    default=1000,
    show_default=True,
    help="To measure on, from the test split.",
)
@click.option(
    "--less",
    type=click.Choice(["1", "4", "16"]),
    default="1",
    show_default=True,
    help="Train on so many times fewer images.",
)
@click.option(
    "--epochs",
    type=click.IntRange(min=1),
    default=4,
    show_default=True,
    help="Passes over the images of a read-out.",
)
@click.option(
    "--batch", type=click.IntRange(min=1), default=8, show_default=True, help="Images a step."
)
@click.option(
    "--learning-rate",
    type=click.FloatRange(min=0, min_open=True),
    default=2e-3,
    show_default=True,
    help="Highest rate of AdamW.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of weights and order."
)
@click.option(
    "--bootstrap",
    type=click.IntRange(min=0),
    default=200,
    show_default=True,
    help="Resamples of the test buildings, for intervals.",
)
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Processes of this machine, or a Ray cluster.",
)
@click.option("--address", metavar="HOST:PORT", help="Of the Ray cluster; a new one by default.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Transfers that are measured at once; by "
    "default 2, or as many as the Ray cluster has room for.",
)
@click.option(
    "--gpus",
    type=click.FloatRange(min=0, max=1),
    metavar="SHARE",
    help="GPUs of the Ray cluster for each job; by default .25 if it has any, so that "
    "four jobs share a GPU.",
)
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Threads of each job; losses depend on it a little.",
)
@click.option(
    "--allow-overlap",
    is_flag=True,
    help="Go on where validation or test buildings are "
    "some that the encoders were trained on; OUT/config.json names them.",
)
@click.option("--resume", is_flag=True, help="Go on with what OUT holds.")
def transfer(
    data: str,
    splits: str | None,
    bank: str | None,
    out: str,
    targets: tuple[str, ...],
    sources: tuple[str, ...],
    max_order: int,
    candidates: str,
    readout: str,
    screen: int,
    images: int,
    valid_images: int,
    test_images: int,
    less: str,
    bootstrap: int,
    engine: str,
    address: str | None,
    jobs: int | None,
    gpus: float | None,
    allow_overlap: bool,
    resume: bool,
    **settings: Any,
) -> int:
    """Measure transfers from every encoder of a bank, and from sets of them, to every target.

    The encoders stay as they are: a small read-out is trained on their representations for each
    transfer, on buildings that no encoder was trained on. Pictures are resized to the size that
    the bank was trained with. OUT gets losses.parquet, one row a transfer and test image, and
    transfers.csv, which `taskgraph solve` reads. Killed at any moment, the same command with
    --resume goes on.

    With --engine ray, encoders and read-outs compute on the GPUs that Ray lends them. This was
    tried with logical CPUs and GPUs of one machine only; no real GPU cluster was tried.

    \b
    Examples:
      taskgraph transfer --data world --bank bank -o transfers --jobs 2
      taskgraph transfer --data world --targets rgb2depth,edge2d --max-order 2
      taskgraph transfer --data world --engine ray --address 10.0.0.1:6379 --resume
    """
    with extra_installed("train"):
        from encoders.bank.pretrained import default_bank
        from encoders.engines import engine_named, progress_bar
        from encoders.training.fit import FitConfig
        from encoders.transfer.data import PoolConfig
        from encoders.transfer.measure import TransferConfig
        from encoders.transfer.settings import SweepConfig
        from encoders.transfer.sweep import sweep, sweepable

    folder = Path(out)
    if not resume and folder.exists() and any(folder.iterdir()):
        raise click.UsageError(
            f"{out} is not empty; give --resume to go on with it, or name another folder with -o"
        )
    encoders = str(bank or default_bank())
    pool = PoolConfig(
        data, train=images, valid=valid_images, test=test_images, less=int(less), splits=splits
    )
    goals, given = sweepable(encoders, targets, sources)
    measured = TransferConfig(encoders, pool, FitConfig(**settings)).of_bank([*goals, *given])
    whole = SweepConfig(
        measured, goals, given, max_order, candidates, readout, screen, allow_overlap
    )
    chosen = engine_named(
        engine, jobs=jobs, address=address, threads=measured.fit.threads, gpus=gpus
    )
    swept = sweep(whole, folder, chosen, titled=progress_bar, say=note)
    return _told(swept, whole, folder, bootstrap)


def _told(swept: Swept, config: SweepConfig, out: Path, bootstrap: int) -> int:
    from encoders.transfer.gather import LOSSES, TRANSFERS, gather

    for job, reason in swept.failures.items():
        note(f"{job} failed: {reason}")
    if swept.stopped:
        note(f"stopped: {swept.stopped}, with --resume; {len(swept.records)} are measured and kept")
        return BAD_INPUT
    found = gather(swept.records, out, bootstrap=bootstrap, seed=config.transfer.fit.seed)
    note(f"{len(swept.records)} measured, {len(swept.failures)} failed")
    note(f"wrote {out / LOSSES} and {out / TRANSFERS}: {found.transfers!r}")
    return BAD_INPUT if swept.failures or swept.stopped else 0
