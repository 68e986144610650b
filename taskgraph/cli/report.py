"""``taskgraph report``: all results as one HTML page."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import click

from taskgraph.cli.options import (
    bootstrap_option,
    command_line,
    exact_names,
    seed_option,
    table_argument,
)
from taskgraph.cli.output import note, notices
from taskgraph.cli.paths import InputFile, OutputFile
from taskgraph.cli.problem import problem_options, read_inputs
from taskgraph.errors import InfeasibleError
from taskgraph.progress import progress_bar

if TYPE_CHECKING:
    from taskgraph.losses import Losses
    from taskgraph.problem import Problem
    from taskgraph.selection import Stability
    from taskgraph.transfers import Transfers

DEFAULT_TABLE = "the table that comes with taskgraph"


@click.command("report")
@table_argument
@click.option(
    "-o",
    "--output",
    required=True,
    type=OutputFile((".html", ".htm")),
    metavar="FILE",
    help="HTML file to write.",
)
@problem_options()
@click.option(
    "--random",
    "draws",
    type=click.IntRange(min=1),
    metavar="N",
    default=200,
    show_default=True,
    help="Compare with N random supervised sets within each budget.",
)
@click.option(
    "--losses",
    type=InputFile(),
    metavar="FILE",
    help="Per-image losses that the table was made from: the page then says how stable the "
    "supervised set is when the test images are resampled.",
)
@bootstrap_option("Number of resamples of the images of --losses.")
@seed_option
def report_command(
    table: str | None,
    output: str,
    problem_file: str | None,
    solver: str,
    draws: int,
    losses: str | None,
    bootstrap: int,
    seed: int,
    **flags: Any,
) -> int:
    """Write taxonomy, alternatives, comparisons and pictures to one self-contained HTML file.

    The page works without an internet connection. It has the optimum of every budget and maximum
    order, and moves between them; it can be printed.

    \b
    Examples:
      taskgraph report transfers.csv --budget 5 -o report.html
      taskgraph report transfers.csv --budget 5 -o report.html --losses losses.parquet
    """
    import taskgraph as tg
    from taskgraph.report import report
    from taskgraph.tables import write_text

    transfers, problem = read_inputs(table, problem_file, flags)
    stability = sensitive = None
    measured: Losses | Transfers = transfers
    with notices():
        if losses is not None:
            measured = read_losses_of(losses)
            stability = _stability(
                losses, measured, problem, bootstrap=bootstrap, seed=seed, solver=solver
            )
        # An infeasible program has a page too, which says why it is.
        with contextlib.suppress(InfeasibleError), progress_bar("cases") as progress:
            sensitive = tg.analyze_sensitivity(
                measured, problem, bootstrap=bootstrap, seed=seed, solver=solver, progress=progress
            )
    with progress_bar("report") as progress:
        text = report(
            transfers,
            problem,
            draws=draws,
            seed=seed,
            solver=solver,
            stable=stability,
            sensitive=sensitive,
            title=f"Task taxonomy of {table or DEFAULT_TABLE}",
            command=command_line(),
            progress=progress,
        )
    write_text(text, output)
    note(f"wrote {output}")
    return 0


def read_losses_of(path: str) -> Losses:
    """Return the losses in the file of ``--losses``."""
    from taskgraph.tables import read_losses, table_kind

    kind = table_kind(path)
    if kind != "losses":
        raise click.UsageError(
            f"--losses: {path} holds {kind}; only losses on images can be resampled"
        )
    return read_losses(path, exact_names=exact_names())


def _stability(
    path: str, losses: Losses, problem: Problem, *, bootstrap: int, seed: int, solver: str
) -> Stability:
    """Resample losses, and return how often each task is supervised; ``path`` is for messages."""
    import taskgraph as tg
    from taskgraph.tables import naming

    with naming(path):
        affinities = tg.affinities(losses, bootstrap=bootstrap, seed=seed)
    with progress_bar("resamples") as progress:
        return tg.stability(affinities, problem, solver=solver, progress=progress)
