"""``taskgraph frontier`` and ``taskgraph evaluate``: what budget buys, and against what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from taskgraph.cli.options import (
    INFEASIBLE,
    Amount,
    form_options,
    grid_options,
    note,
    plot_option,
    problem_options,
    progress_bar,
    read_inputs,
    show_data,
    table_argument,
)

if TYPE_CHECKING:
    import pandas as pd

    from taskgraph.frontiers import Frontier
    from taskgraph.problem import Problem
    from taskgraph.transfers import Transfers


def frontier_frame(
    transfers: Transfers,
    problem: Problem,
    grid: Mapping[str, Any],
    *,
    solver: str,
    time_limit: float | None = None,
) -> tuple[Frontier, pd.DataFrame]:
    """The frontier of `grid_options`, and its table with the bands of random sets, if any."""
    import taskgraph as tg

    budgets, max_orders = grid["budgets"], grid["max_orders"]
    if budgets is None:
        wide = replace(problem, max_order=max(max_orders))
        budgets = tg.budget_ladder(transfers, wide, solver=solver, time_limit=time_limit)
    found = tg.frontier(
        transfers,
        problem,
        budgets=budgets,
        max_orders=max_orders,
        solver=solver,
        time_limit=time_limit,
        progress=progress_bar("frontier"),
    )
    frame = found.to_frame()
    if grid["draws"]:
        band = tg.random_band(
            transfers,
            problem,
            budgets=budgets,
            max_order=max(max_orders),
            draws=grid["draws"],
            seed=grid["seed"],
            progress=progress_bar("random"),
        )
        frame = frame.merge(band, on="budget", how="left")
    return found, frame


@click.command("frontier")
@table_argument
@grid_options(draws=0)
@problem_options(budget=False, max_order=False)
@click.option("--time-limit", type=Amount(), metavar="S", help="Seconds for each taxonomy.")
@form_options(json="Print a JSON list of taxonomies.", csv="Print CSV, one row a taxonomy.")
@plot_option("Draw the curves to an SVG, PNG or PDF file.")
def frontier_command(
    table: str | None,
    problem_file: str | None,
    solver: str,
    time_limit: float | None,
    form: str | None,
    plot: str | None,
    **flags: Any,
) -> int:
    """Solve at every budget and maximum order.

    \b
    Examples:
      taskgraph frontier transfers.csv
      taskgraph frontier transfers.csv --budgets 1:26 --max-orders 1,4 --csv
      taskgraph frontier transfers.csv --budgets 2,4,8 --random 500 --plot frontier.svg
    """
    from taskgraph.cli.tables import show_frame

    transfers, problem = read_inputs(table, problem_file, flags)
    frontier, frame = frontier_frame(
        transfers, problem, flags, solver=solver, time_limit=time_limit
    )
    if plot:
        from taskgraph.plot import draw_frontier, save

        save(draw_frontier(frame), plot)
        note(f"drew {plot}")
    if form == "json":
        show_data(frontier.to_json())
    elif form == "csv":
        show_data(frame.to_csv(index=False))
    else:
        show_frame(frame.round(4))
    return 0 if (frame["status"].isin(["optimal", "feasible"])).any() else INFEASIBLE


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
    help="How many random supervised sets to compare with.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Seed of the random ones.",
)
@click.option("--per-target", is_flag=True, help="One row a target instead of the means.")
@form_options(json="Print JSON.", csv="Print CSV.")
def evaluate_command(
    table: str | None,
    problem_file: str | None,
    solver: str,
    draws: int,
    seed: int,
    per_target: bool,
    form: str | None,
    **flags: Any,
) -> int:
    """Gain and quality beside greedy, best single sources and random supervised sets.

    In every row a supervised target is solved by its own network. A row that spends another
    amount than the taxonomy is followed by the optimum at that cost.

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
    if form == "json":
        show_data(evaluation.to_json(per_target=per_target, seed=seed if draws else None))
    elif form == "csv":
        show_data(frame.to_csv(index=False))
    else:
        show_frame(frame.round(3))
        if evaluation.notes:
            note("\n".join(evaluation.notes) + (f"; seed {seed}" if draws else ""))
    return 0
