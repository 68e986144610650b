"""``taskgraph stability``: the optimum of resampled test images."""

from __future__ import annotations

from typing import Any

import click

from taskgraph.cli.losses import (
    affinities_of,
    input_files,
    losses_argument,
    losses_options,
    row_settings,
)
from taskgraph.cli.options import bootstrap_option, format_options
from taskgraph.cli.output import notices, show, show_data
from taskgraph.cli.problem import check_costs, problem_from_flags, problem_options
from taskgraph.progress import progress_bar


@click.command("stability")
@losses_argument
@bootstrap_option("Number of resamples of the test images; the program is solved for each.")
@losses_options
@problem_options()
@format_options(json="Print JSON.", csv="Print CSV, one row a task.")
def stability_command(
    losses: tuple[str, ...],
    problem_file: str | None,
    solver: str,
    output_format: str | None,
    **flags: Any,
) -> int:
    """Resample the test images, solve again, and print how often each task is supervised.

    LOSSES are per-image losses, read as by `taskgraph affinity`.

    \b
    Examples:
      taskgraph stability losses.parquet --budget 5 --bootstrap 200
    """
    import taskgraph as tg
    from taskgraph.tables import table_kind

    rows = row_settings(flags)
    files = input_files(losses, flags)
    kind = table_kind(files, columns=rows["columns"])
    if kind != "losses":
        raise click.UsageError(f"{files} holds {kind}; only losses on images can be resampled")
    problem = problem_from_flags(problem_file, flags)
    with notices():
        resampled = affinities_of(files, rows, flags)
    check_costs(resampled.transfers, problem, flags)
    with progress_bar("resamples") as progress:
        result = tg.stability(resampled, problem, solver=solver, progress=progress)
    if output_format == "json":
        show_data(result.to_json())
    elif output_format == "csv":
        show_data(result.to_frame().to_csv(index=False))
    else:
        show(str(result))
    return 0
