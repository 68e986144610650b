"""``taskgraph solve`` and ``taskgraph recommend``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from taskgraph.cli.options import (
    INFEASIBLE,
    Amount,
    form_options,
    make_problem,
    note,
    plot_option,
    problem_options,
    proof_line,
    read_table,
    show,
    show_data,
    table_argument,
)

if TYPE_CHECKING:
    import pandas as pd

    from taskgraph.problem import Problem
    from taskgraph.taxonomy import Taxonomy
    from taskgraph.transfers import Transfers


@click.command("solve")
@table_argument
@problem_options()
@click.option(
    "--time-limit",
    type=Amount(),
    metavar="S",
    help="Seconds after which to take the best so far, with its gap.",
)
@click.option(
    "--alternatives",
    type=click.IntRange(min=1),
    metavar="K",
    help="Show the K best different supervised sets.",
)
@click.option("--marginal", is_flag=True, help="Also say what one more unit of budget is worth.")
@form_options(
    json="Print JSON.",
    csv="Print CSV, one row a target.",
    dot="Print the graph for Graphviz.",
)
@plot_option("Draw the taxonomy to an SVG, PNG or PDF file.")
def solve_command(
    table: str | None,
    problem_file: str | None,
    solver: str,
    time_limit: float | None,
    alternatives: int | None,
    marginal: bool,
    form: str | None,
    plot: str | None,
    **flags: Any,
) -> int:
    """Choose which tasks to supervise within a budget, and prove it.

    TABLE is a CSV or Parquet file of transfers with the columns sources, target, affinity and,
    if measured, gain and quality.

    \b
    Examples:
      taskgraph solve transfers.csv --budget 5
      taskgraph solve transfers.csv --budget 5 --max-order 1 --exclude random --json
      taskgraph solve transfers.csv --problem problem.toml --plot taxonomy.svg
      taskgraph solve transfers.csv --budget 8 --label-cost depth=3 --importance normals=2
      taskgraph solve transfers.csv --budget 7 --alternatives 5
    """  # fmt: skip
    import taskgraph as tg

    transfers = read_table(table)
    problem = make_problem(problem_file, flags)
    if alternatives:
        if plot:
            raise click.UsageError("--plot draws one taxonomy; leave --alternatives out")
        return _print_alternatives(transfers, problem, alternatives, solver, form)
    with proof_line() as watch:
        taxonomy = tg.solve(transfers, problem, solver=solver, time_limit=time_limit, watch=watch)
    if plot and taxonomy.solved:
        from taskgraph.plot import draw_taxonomy, save

        save(draw_taxonomy(taxonomy), plot)
        note(f"drew {plot}")
    _print(taxonomy, form)
    if marginal and taxonomy.solved:
        more = tg.marginal_worth(transfers, problem, solver=solver)
        adds = ", ".join(more.added) or "nothing"
        drops = f", instead of {', '.join(more.dropped)}" if more.dropped else ""
        note(f"one more unit of budget is worth {more.worth:.4g}: it supervises {adds}{drops}")
    return 0 if taxonomy.solved else INFEASIBLE


def _print(taxonomy: Taxonomy, form: str | None) -> None:
    if form == "json":
        show_data(taxonomy.to_json())
    elif not taxonomy.solved:
        click.echo(f"Error: {taxonomy.reason}.", err=True)
    elif form == "csv":
        show_data(taxonomy.to_frame().to_csv(index=False))
    elif form == "dot":
        show_data(taxonomy.to_dot())
    else:
        show(str(taxonomy))


def _print_alternatives(
    transfers: Transfers, problem: Problem, count: int, solver: str, form: str | None
) -> int:
    import pandas as pd

    import taskgraph as tg

    found = tg.alternatives(transfers, problem, k=count, solver=solver)
    if not found[0].solved:
        _print(found[0], form)
        return INFEASIBLE
    best = found[0].objective or 0.0
    rows = [
        {
            "rank": rank,
            "objective": round(t.objective or 0.0, 6),
            "behind": f"{(best - (t.objective or 0.0)) / (abs(best) or 1.0):.3%}",
            "spent": t.spent,
            "supervised": ", ".join(t.supervised),
        }
        for rank, t in enumerate(found, 1)
    ]
    if form == "json":
        show_data(json.dumps([t.to_dict() for t in found], indent=1))
    elif form == "csv":
        show_data(pd.DataFrame(rows).to_csv(index=False))
    elif form == "dot":
        raise click.UsageError("--dot draws one taxonomy; leave --alternatives out")
    else:
        show(_wide(pd.DataFrame(rows)))
    return 0


def _wide(frame: pd.DataFrame) -> str:
    """A table with its last column, of free text, left-aligned."""
    last = frame.columns[-1]
    width = max(len(str(value)) for value in [last, *frame[last]])
    frame = frame.rename(columns={last: last.ljust(width)})
    return frame.to_string(index=False, formatters={last.ljust(width): lambda v: v.ljust(width)})


@click.command("recommend")
@table_argument
@click.option("--target", required=True, metavar="T", help="The task to solve.")
@click.option(
    "--most",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="How many transfers to list.",
)
@problem_options(solver=False)
@form_options(json="Print JSON.", csv="Print CSV.")
def recommend_command(
    table: str | None,
    target: str,
    most: int,
    problem_file: str | None,
    form: str | None,
    **flags: Any,
) -> int:
    """All-for-one: the best transfers to one (new) task.

    \b
    Examples:
      taskgraph recommend transfers.csv --target normals --budget 3
      taskgraph recommend transfers.csv --target depth --max-order 1 --exclude random
    """  # fmt: skip
    import taskgraph as tg

    problem = make_problem(problem_file, flags)
    frame = tg.recommend(read_table(table), target, problem, most=most)
    if frame.empty:
        click.echo(
            f'Error: no transfer to "{target}" within budget {problem.budget:g} and order '
            f"{problem.max_order}; raise --budget or --max-order.", err=True,
        )  # fmt: skip
        return INFEASIBLE
    if form == "json":
        show_data(frame.to_json(orient="records", indent=1))
    elif form == "csv":
        show_data(frame.to_csv(index=False))
    else:
        show(frame.round(4).to_string(index=False))
    return 0
