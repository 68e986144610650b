"""``taskgraph transfer``: measure transfers from the frozen encoders of a bank to tasks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from encoders.cli.features import TransferCommand
from encoders.cli.measuring import measuring_choices, measuring_options
from encoders.cli.messages import messages
from encoders.cli.options import (
    bank_option,
    check_resume,
    data_option,
    engine_options,
    out_option,
    own_task_option,
    own_tasks,
    resume_option,
    set_options,
    skip_broken_option,
    step_options,
)
from encoders.cli.stopping import stopping_options
from encoders.errors.extras import extra_installed
from encoders.transfer.readouts import READOUTS
from taskgraph.cli.exit_codes import BAD_INPUT
from taskgraph.cli.options import bootstrap_option, hidden_alias, seed_option
from taskgraph.cli.output import note
from taskgraph.cli.parameters import NameList
from taskgraph.cli.paths import InputFile
from taskgraph.progress import progress_bar

if TYPE_CHECKING:
    from encoders.transfer.settings import SweepConfig
    from encoders.transfer.sweep import SweepOutcome


@click.command("transfer", cls=TransferCommand)
@data_option
@click.option(
    "--splits",
    type=InputFile(),
    metavar="FILE",
    help="CSV file of splits that the encoders were trained with, if any.",
)
@bank_option
@out_option("transfers")
@click.option(
    "--targets", type=NameList(), default=(), help="Targets to measure; all 22 by default."
)
@click.option(
    "--sources", type=NameList(), default=(), help="Sources to measure; all 26 by default."
)
@own_task_option(
    "Measure transfers to a task of your own, whose network the bank has; may be repeated. Without "
    "--targets, there is no other target."
)
@click.option(
    "--source",
    "external",
    multiple=True,
    metavar="NAME=MODEL",
    help="Add an encoder from elsewhere to the sources: torchvision:MODEL or timm:MODEL (random, "
    "or with ,weights=FILE), lite0, or FILE.py:NAME, a function that returns a module; then "
    ",keep=LAYER ,size=PIXELS ,channels=N ,seed=N. May be repeated.",
)
@skip_broken_option
@set_options
@click.option(
    "--readout",
    type=click.Choice(list(READOUTS)),
    default="trained",
    show_default=True,
    help="Read-out of a transfer: a small trained network, or ridge regression.",
)
@click.option(
    "--screen",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Also measure the N best sets of each order found by ridge regression.",
    metavar="N",
)
@click.option(
    "--images",
    type=click.IntRange(min=1),
    default=1000,
    show_default=True,
    help="Images to train each read-out on, from the val split.",
)
@click.option(
    "--valid-images",
    type=click.IntRange(min=1),
    default=400,
    show_default=True,
    help="Images to select the best epoch on, from other buildings of the val split.",
)
@click.option(
    "--test-images",
    type=click.IntRange(min=1),
    default=1000,
    show_default=True,
    help="Images to measure the losses on, from the test split.",
)
@click.option(
    "--subsample",
    type=click.Choice(["1", "4", "16"]),
    default="1",
    show_default=True,
    help="Keep every 4th or 16th training image.",
)
@hidden_alias("--less", "--subsample")
@stopping_options(epochs=4, patience=0)
@step_options(batch=8)
@measuring_options
@seed_option
@bootstrap_option("Number of bootstrap resamples of the test buildings, for intervals.", least=0)
@engine_options(jobs="2")
@click.option(
    "--allow-overlap",
    is_flag=True,
    help="Allow validation and test buildings that the encoders were trained on; "
    "OUT/config.json lists them.",
)
@resume_option
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
    subsample: str,
    bootstrap: int,
    engine: str,
    address: str | None,
    jobs: int | None,
    gpus: float | None,
    allow_overlap: bool,
    resume: bool,
    own: tuple[str, ...],
    external: tuple[str, ...],
    skip_broken: bool,
    **settings: Any,
) -> int:
    """Measure transfers from each encoder of a bank, and from sets of encoders, to each target.

    The encoders are frozen. For each transfer, a small read-out is trained on their
    representations, with images of buildings that no encoder was trained on. Pictures are resized
    to the size of the bank's networks. OUT gets losses.parquet, with one row for each transfer,
    seed and test image; valid_losses.parquet, the same for validation images; and transfers.csv,
    which `taskgraph solve` reads. After an interruption, the same command with --resume continues.
    With --patience, --scratch-epochs may then be larger than before (leave the grid out, and give
    the chosen rate): each scratch that this may change is trained again.

    With --engine ray, encoders and read-outs compute on the GPUs that Ray lends them. This was
    tried with logical CPUs and GPUs of one machine only; no real GPU cluster was tried.

    Features of data other than pictures: see `taskgraph transfer --features --help`.

    \b
    Examples:
      taskgraph transfer --data world --bank bank -o transfers --jobs 2
      taskgraph transfer --data world --targets rgb2depth,edge2d --max-order 2
      taskgraph transfer --data world --epochs 48 --patience 3 --min-delta .005 --pruning halving
      taskgraph transfer --data world --resume --seeds scratch=5 --seeds optima.csv=3
      taskgraph transfer --data world --scratch-epochs 24,48 --scratch-learning-rate .001,.003 \\
        --scratch-targets rgb2depth,edge2d
      taskgraph transfer --data world --bank bank --task my_tasks.py:LEVEL
      taskgraph transfer --data world --source lite=lite0 --source mine=my_nets.py:build,keep=layer3
      taskgraph transfer --data world --engine ray --address 10.0.0.1:6379 --resume
    """
    with extra_installed("train"):
        from encoders.bank.pretrained import default_bank, form_of
        from encoders.engines import engine_named
        from encoders.networks import PRESETS
        from encoders.networks.source_spec import parse_source
        from encoders.tasks.own import joined_own
        from encoders.training.config import FitConfig
        from encoders.transfer.data import TransferDataConfig
        from encoders.transfer.settings import SweepConfig, TransferConfig, resolve_tasks
        from encoders.transfer.sweep import sweep

    check_resume(out, resume=resume)
    bank = str(bank or default_bank())
    pool = TransferDataConfig(
        data,
        train=images,
        valid=valid_images,
        test=test_images,
        subsample=int(subsample),
        splits=splits,
        skip_broken=skip_broken,
    )
    loaded, columns = own_tasks(own, data)
    targets = (*targets, *(task.name for task in loaded))
    known = joined_own(loaded, columns)
    targets, sources = resolve_tasks(bank, targets, sources, own=known)
    described = tuple(parse_source(text) for text in external)
    for source in described:
        if source.untrained:
            note(f"{source.name}: random weights; for trained ones give weights=FILE or DEFAULT")
        source.build(probe=PRESETS[form_of(bank, targets).preset].size)
    pool = pool.with_own([task for task in known if task.name in targets])
    chosen = measuring_choices(settings)
    transfers = TransferConfig(
        bank, pool, FitConfig(**settings), scratch=chosen.scratch, external=described
    )
    transfers = transfers.of_bank([*targets, *sources])
    config = SweepConfig(
        transfers,
        targets,
        (*sources, *transfers.external_names),
        max_order,
        candidates,
        readout,
        screen,
        allow_overlap,
        chosen.pruning,
        chosen.scratch_grid,
    )
    workers = engine_named(
        engine, jobs=jobs, address=address, threads=transfers.fit.threads, gpus=gpus
    )
    with messages():
        swept = sweep(config, Path(out), workers, seeds=chosen.seeds, progress=progress_bar)
    return _report(swept, config, Path(out), bootstrap)


def _report(swept: SweepOutcome, config: SweepConfig, out: Path, bootstrap: int) -> int:
    """Write the tables of a sweep, and print what was measured; returns the exit code."""
    from encoders.transfer.file_names import LOSSES, TRANSFERS
    from encoders.transfer.gather import gather

    for job, reason in swept.failures.items():
        note(f"{job} failed: {reason}")
    if swept.stopped:
        note(f"stopped: {swept.stopped}, with --resume; {len(swept.records)} are measured and kept")
        return BAD_INPUT
    affinities = gather(swept.records, out, bootstrap=bootstrap, seed=config.transfer.fit.seed)
    pruned = sum("pruned" in record for record in swept.records.values())
    more = f", {pruned} of them pruned" if pruned else ""
    more += f", {swept.repeated} more with further seeds" if swept.repeated else ""
    note(f"{len(swept.records)} measured{more}, {len(swept.failures)} failed")
    note(f"wrote {out / LOSSES} and {out / TRANSFERS}: {affinities.transfers!r}")
    return BAD_INPUT if swept.failures or swept.stopped else 0
