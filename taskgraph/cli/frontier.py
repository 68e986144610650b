"""``taskgraph frontier``: the optimum at every budget and maximum order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from taskgraph.cli.exit_codes import INFEASIBLE
from taskgraph.cli.options import (
    F,
    format_options,
    seed_option,
    table_argument,
    with_options,
)
from taskgraph.cli.output import note, show_data
from taskgraph.cli.parameters import Amount, NumberList
from taskgraph.cli.paths import TABLES, OutputFile
from taskgraph.cli.pictures import PlotFile, plot_option
from taskgraph.cli.problem import problem_options, read_inputs
from taskgraph.progress import progress_bar

if TYPE_CHECKING:
    import pandas as pd

    from taskgraph.frontiers.frontier import Frontier
    from taskgraph.frontiers.needed import LabelsNeeded
    from taskgraph.problem import Problem
    from taskgraph.transfers import Transfers


GRID = (
    click.option(
        "--budgets",
        type=NumberList(),
        metavar="1:26",
        help="Budgets to solve at: a list such as 2,4,8, or a range such as 1:26 or 1:26:5 "
        "(default: from the least budget that solves every target to the cost of all labels).",
    ),
    click.option(
        "--max-orders",
        type=NumberList(int),
        metavar="1,2,3,4",
        default="1,2,3,4",
        show_default=True,
        help="Largest numbers of sources of one transfer, one curve each.",
    ),
)


def grid_options(*, draws: int, random: bool = True) -> Callable[[F], F]:
    """Return a decorator that adds budgets, maximum orders and the number of random sets.

    ``draws`` is the default number; with ``random`` off neither it nor the seed is a flag.
    """
    return with_options(*GRID, *((_random_option(draws), seed_option) if random else ()))


def _random_option(draws: int) -> Callable[[F], F]:
    return click.option(
        "--random",
        "draws",
        type=click.IntRange(min=0),
        metavar="N",
        default=draws,
        show_default=True,
        help="Compare with N random supervised sets within each budget; 0 draws none.",
    )


def quality_option(help_text: str) -> Callable[[F], F]:
    """Return a decorator that adds ``--quality``, levels of the mean quality."""
    return click.option("--quality", "levels", type=NumberList(), metavar="0.3,0.4", help=help_text)


def labels_needed_of(
    frontier: Frontier, transfers: Transfers, problem: Problem, levels: tuple[float, ...]
) -> LabelsNeeded:
    """Return the frontier read sideways, at the levels of ``--quality``."""
    import taskgraph as tg

    return tg.labels_needed(transfers, problem, levels=levels, solved=frontier)


def frontier_and_table(
    transfers: Transfers,
    problem: Problem,
    grid: Mapping[str, Any],
    *,
    solver: str,
    time_limit: float | None = None,
) -> tuple[Frontier, pd.DataFrame]:
    """Return the frontier and its table.

    ``grid`` holds the values of `grid_options`. The table has the percentiles of random sets if
    any were asked for. ``time_limit`` is in seconds for each taxonomy.
    """
    import taskgraph as tg

    budgets, max_orders = grid["budgets"], grid["max_orders"]
    if budgets is None:
        wide = replace(problem, max_order=max(max_orders))
        budgets = tg.budget_ladder(transfers, wide, solver=solver, time_limit=time_limit)
    with progress_bar("frontier") as progress:
        frontier = tg.frontier(
            transfers,
            problem,
            budgets=budgets,
            max_orders=max_orders,
            solver=solver,
            time_limit=time_limit,
            progress=progress,
        )
    frame = frontier.to_frame()
    if grid["draws"]:
        with progress_bar("random") as progress:
            band = tg.random_band(
                transfers,
                problem,
                budgets=budgets,
                max_order=max(max_orders),
                draws=grid["draws"],
                seed=grid["seed"],
                progress=progress,
            )
        frame = frame.merge(band, on="budget", how="left")
    return frontier, frame


@click.command("frontier")
@table_argument
@quality_option(
    "Print the least budget at which the mean quality reaches each of these levels, beside the "
    "cost of supervising every target, instead of one row a budget; --plot then draws this."
)
@grid_options(draws=0)
@problem_options(budget=False, max_order=False)
@click.option("--time-limit", type=Amount(), metavar="S", help="Stop each solve after S seconds.")
@format_options(json="Print a JSON list of taxonomies.", csv="Print CSV, one row a taxonomy.")
@click.option(
    "--transfers",
    "transfers_file",
    type=OutputFile(TABLES),
    metavar="FILE",
    help="Also write the transfers that some optimum uses, one row each (.csv, .csv.gz or "
    ".parquet).",
)
@plot_option("Draw gain and quality over budgets to an SVG, PNG or PDF file.")
def frontier_command(
    table: str | None,
    levels: tuple[float, ...] | None,
    problem_file: str | None,
    solver: str,
    time_limit: float | None,
    transfers_file: str | None,
    output_format: str | None,
    plot: PlotFile | None,
    **flags: Any,
) -> int:
    """Solve at every budget and maximum order, and print objective, gain and quality of each.

    \b
    Examples:
      taskgraph frontier transfers.csv
      taskgraph frontier transfers.csv --budgets 1:26 --max-orders 1,4 --csv
      taskgraph frontier transfers.csv --budgets 2,4,8 --random 500 --plot frontier.svg
      taskgraph frontier transfers.csv --budgets 1:15 --transfers optima.csv
      taskgraph frontier transfers.csv --quality .3,.4 --objective quality --plot labels.svg
    """
    from taskgraph.cli.tables import show_frame
    from taskgraph.tables import write_frame

    transfers, problem = read_inputs(table, problem_file, flags)
    frontier, frame = frontier_and_table(
        transfers, problem, flags, solver=solver, time_limit=time_limit
    )
    if levels is not None:
        needed = labels_needed_of(frontier, transfers, problem, levels)
        return _print_needed(needed, output_format, plot)
    if transfers_file:
        used = frontier.transfers_frame()
        write_frame(used, transfers_file)
        note(f"wrote {transfers_file}: {len(used)} transfers")
    if output_format == "json":
        show_data(frontier.to_json())
    elif output_format == "csv":
        show_data(frame.to_csv(index=False))
    else:
        show_frame(frame.round(4))
    if plot:
        from taskgraph.plot import draw_frontier

        plot.draw(partial(draw_frontier, frame))
    return 0 if (frame["status"].isin(["optimal", "feasible"])).any() else INFEASIBLE


def _print_needed(needed: LabelsNeeded, output_format: str | None, plot: PlotFile | None) -> int:
    """Print the budgets that levels need, and return the exit code; 3 if no level is reached."""
    from taskgraph.cli.tables import show_frame

    if output_format == "json":
        show_data(needed.to_json())
    elif output_format == "csv":
        show_data(needed.to_frame().to_csv(index=False))
    else:
        show_frame(needed.to_frame().round(4))
    note(needed.sentence())
    if plot:
        from taskgraph.plot import draw_labels_needed

        plot.draw(partial(draw_labels_needed, needed))
    return 0 if needed.table["budget"].notna().any() else INFEASIBLE
