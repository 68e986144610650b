"""``taskgraph remeasure``: the transfers whose interval could change the optimum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from taskgraph.cli.losses import affinities_of
from taskgraph.cli.options import format_options, join_groups, table_argument, where_conditions
from taskgraph.cli.output import notices, show, show_data
from taskgraph.cli.parameters import NameList
from taskgraph.cli.problem import check_costs, problem_from_flags, problem_options, read_table
from taskgraph.progress import progress_bar

if TYPE_CHECKING:
    from taskgraph.transfers import Transfers

TOURNAMENT_DEFAULTS = {"ties": "half", "clip": 1e-3, "min_images": 10, "bootstrap": 1, "seed": 0}
"""How losses are compared, as `taskgraph affinity` does by default; bootstrap for intervals."""


@click.command("remeasure")
@table_argument
@click.option(
    "--changed",
    type=NameList(),
    multiple=True,
    help="Tasks whose networks changed: only transfers from them, and their own networks, are in "
    "doubt (default: all transfers with an interval).",
)
@problem_options()
@format_options(json="Print JSON.", csv="Print CSV, one row a transfer.")
def remeasure_command(
    table: str | None,
    changed: tuple[tuple[str, ...], ...],
    problem_file: str | None,
    solver: str,
    output_format: str | None,
    **flags: Any,
) -> int:
    """List the transfers to measure again before the optimum can be trusted.

    A transfer is listed if some value within its interval, low to high, makes another taxonomy
    optimal, all others being as measured. For a transfer that the optimum uses this is decided at
    low, for any other one at high. `joins` and `drops` say which tasks the other taxonomy
    supervises instead; they are empty where only transfers change.

    TABLE is a table of transfers with the columns low and high (`taskgraph affinity --bootstrap
    1`), or of losses on test images, of which the intervals are then made.

    \b
    Examples:
      taskgraph remeasure transfers.csv --budget 5
      taskgraph remeasure losses.parquet --budget 5 --changed normals,depth --json
    """
    import taskgraph as tg

    problem = problem_from_flags(problem_file, flags)
    transfers = _transfers(table)
    check_costs(transfers, problem, flags)
    with progress_bar("transfers") as progress:
        result = tg.remeasure(
            transfers, problem, changed=join_groups(changed), solver=solver, progress=progress
        )
    if output_format == "json":
        show_data(result.to_json())
    elif output_format == "csv":
        show_data(result.to_frame().to_csv(index=False))
    else:
        from taskgraph.cli.tables import show_frame

        show(result.headline())
        if result.doubts:
            show("")
            show_frame(result.printed_frame())
    return 0


def _transfers(table: str | None) -> Transfers:
    """Return the table of transfers, made from losses if TABLE holds these."""
    from taskgraph.tables import TableFiles, table_kind

    if table is None or table_kind(table) != "losses":
        return read_table(table)
    rows = {"columns": {}, "where": where_conditions(), "drop": ()}
    with notices():
        return affinities_of(TableFiles.of(table), rows, TOURNAMENT_DEFAULTS).transfers
