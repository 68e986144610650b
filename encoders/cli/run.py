"""``taskgraph run``: the whole pipeline, from making the images to the report."""

from __future__ import annotations

import dataclasses
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from encoders.cli.measuring import measuring_choices, measuring_options
from encoders.cli.messages import messages
from encoders.cli.options import engine_options, own_task_option, own_tasks
from encoders.engines.workers import cores
from encoders.errors.extras import extra_installed
from taskgraph.cli.exit_codes import INFEASIBLE
from taskgraph.cli.options import seed_option
from taskgraph.cli.output import note
from taskgraph.cli.paths import OutputFolder
from taskgraph.progress import progress_bar

if TYPE_CHECKING:
    from taskgraph.taxonomy import Taxonomy

PRESETS = ("smoke", "cpu", "full")


@click.command("run")
@click.argument("out", type=OutputFolder())
@click.option(
    "--preset",
    type=click.Choice(PRESETS),
    default="smoke",
    show_default=True,
    help="Size of the run: minutes, hours on two cores, or GPUs.",
)
@own_task_option("Add a task of your own to the tasks of the preset; may be repeated.")
@measuring_options
@seed_option
@engine_options(jobs="one a core")
def run_command(
    out: str,
    preset: str,
    own: tuple[str, ...],
    seed: int,
    jobs: int | None,
    threads: int,
    engine: str,
    address: str | None,
    gpus: float | None,
    **settings: Any,
) -> int:
    """Make scenes, train encoders, measure transfers, solve, and write a report, all in OUT.

    After an interruption, the same command continues; finished stages are not repeated. A finished
    run gets further --seeds; with other --pruning or scratch settings it is refused. The preset
    smoke takes minutes: six tasks and few images show how the pipeline works, and its numbers mean
    little. The preset cpu runs all 26 tasks in hours on two cores; full is for GPUs.

    With --engine ray, scenes are made on this machine, and encoders and transfers are computed on
    the cluster. This was tried with logical CPUs and GPUs of one machine only; no real GPU cluster
    was tried.

    \b
    Examples:
      taskgraph run demo --preset smoke
      taskgraph run mine --preset smoke --task my_tasks.py:LEVEL
      taskgraph run mine --preset smoke --task my_tasks.py:LEVEL --seeds scratch=3 --seeds all=2
      taskgraph run cluster --preset full --engine ray --address 10.0.0.1:6379
    """
    with extra_installed("train"):
        from encoders.engines import engine_named
        from encoders.pipeline.presets import PIPELINE_PRESETS
        from encoders.pipeline.stages import REPORT, Pipeline

    loaded, _ = own_tasks(own)
    config = PIPELINE_PRESETS[preset].with_seed(seed).with_threads(threads).with_tasks(loaded)
    pipeline = Pipeline(
        dataclasses.replace(config, **vars(measuring_choices(settings))),
        Path(out),
        engine_named(
            engine,
            jobs=jobs or (cores() if engine == "local" else None),
            address=address,
            threads=threads,
            gpus=gpus,
        ),
        workers=jobs or cores(),
        progress=progress_bar,
        command=shlex.join(["taskgraph", *sys.argv[1:]]),
    )
    with messages():
        taxonomy = pipeline.run()
    return _report(taxonomy, pipeline.times, Path(out) / REPORT)


def _report(taxonomy: Taxonomy, times: dict[str, float], page: Path) -> int:
    """Print the taxonomy and the seconds of each stage; returns the exit code."""
    spent = ", ".join(f"{stage} {seconds:.0f} s" for stage, seconds in times.items())
    click.echo(str(taxonomy))
    note(f"{sum(times.values()) / 60:.1f} minutes in all: {spent}; open {page}")
    return 0 if taxonomy.solved else INFEASIBLE
