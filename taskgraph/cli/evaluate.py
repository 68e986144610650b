"""``taskgraph evaluate``: the optimum beside other choices of supervised tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from taskgraph.cli.options import format_options, seed_option, table_argument
from taskgraph.cli.output import note, show_data
from taskgraph.cli.problem import problem_options, read_inputs

if TYPE_CHECKING:
    import pandas as pd


@click.command("evaluate")
@table_argument
@problem_options()
@click.option(
    "--random",
    "draws",
    type=click.IntRange(min=0),
    default=500,
    show_default=True,
    metavar="N",
    help="Compare with N random supervised sets within the budget; 0 draws none.",
)
@seed_option
@click.option(
    "--per-target",
    is_flag=True,
    help="Print gain and quality of each target, one row each, instead of their means.",
)
@format_options(json="Print JSON.", csv="Print CSV.")
def evaluate_command(
    table: str | None,
    problem_file: str | None,
    solver: str,
    draws: int,
    seed: int,
    per_target: bool,
    output_format: str | None,
    **flags: Any,
) -> int:
    """Solve, and print gain and quality of the optimum and of simpler choices of tasks.

    The other choices are greedy ones, the best single source of each target, and random sets. In
    every row a supervised target is solved by its own network. A choice that costs another amount
    than the taxonomy is followed by the optimum at that cost.

    \b
    Examples:
      taskgraph evaluate transfers.csv --budget 8
      taskgraph evaluate transfers.csv --budget 8 --per-target --csv
    """
    import taskgraph as tg
    from taskgraph.cli.tables import show_frame

    transfers, problem = read_inputs(table, problem_file, flags)
    evaluation = tg.evaluate(transfers, problem, draws=draws, seed=seed, solver=solver)
    frame: pd.DataFrame = evaluation.to_frame()
    if per_target:
        frame = evaluation.per_target.copy()
        frame.columns = frame.columns.map(" ".join)
        frame = frame.reset_index()
    if output_format == "json":
        show_data(evaluation.to_json(per_target=per_target, seed=seed if draws else None))
    elif output_format == "csv":
        show_data(frame.to_csv(index=False))
    else:
        show_frame(frame.round(3))
        if evaluation.notes:
            note("\n".join(evaluation.notes) + (f"; seed {seed}" if draws else ""))
    return 0
