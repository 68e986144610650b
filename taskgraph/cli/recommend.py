"""``taskgraph recommend``: the best transfers to one task."""

from __future__ import annotations

from typing import Any

import click

from taskgraph.cli.exit_codes import INFEASIBLE
from taskgraph.cli.options import format_options, table_argument
from taskgraph.cli.output import show_data
from taskgraph.cli.problem import problem_options, read_inputs


@click.command("recommend")
@table_argument
@click.option("--target", required=True, metavar="T", help="The task to find transfers to.")
@click.option(
    "--most",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    metavar="N",
    help="Largest number of transfers to print.",
)
@problem_options(solver=False)
@format_options(json="Print JSON.", csv="Print CSV.")
def recommend_command(
    table: str | None,
    target: str,
    most: int,
    problem_file: str | None,
    output_format: str | None,
    **flags: Any,
) -> int:
    """Print the best transfers to one task that the budget allows, best first.

    The budget must cover the label costs of a transfer's sources and its transfer cost. The paper
    calls the best transfer to a new task all-for-one.

    \b
    Examples:
      taskgraph recommend transfers.csv --target normals --budget 3
      taskgraph recommend transfers.csv --target depth --max-order 1 --exclude random
    """
    import taskgraph as tg
    from taskgraph.cli.tables import show_frame

    transfers, problem = read_inputs(table, problem_file, flags)
    frame = tg.recommend(transfers, target, problem, most=most)
    if frame.empty:
        click.echo(
            f'Error: no transfer to "{target}" within budget {problem.budget:g} and order '
            f"{problem.max_order}; raise --budget or --max-order.",
            err=True,
        )
        return INFEASIBLE
    if output_format == "json":
        rows = frame.assign(sources=frame["sources"].str.split("+"))
        show_data(rows.to_json(orient="records", indent=1, force_ascii=False))
    elif output_format == "csv":
        show_data(frame.to_csv(index=False))
    else:
        show_frame(frame.round(4))
    return 0
