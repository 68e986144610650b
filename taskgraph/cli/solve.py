"""``taskgraph solve`` and ``taskgraph recommend``."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
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

    from taskgraph.frontiers import Marginal
    from taskgraph.taxonomy import Taxonomy


@click.command("solve")
@table_argument
@problem_options()
@click.option(
    "--time-limit",
    type=Amount(),
    metavar="S",
    help="Stop after S seconds, with the best so far and how far it may be from the optimum. "
    "Ctrl-C does the same.",
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
    from taskgraph.cli.stopping import stoppable

    transfers = read_table(table)
    problem = make_problem(problem_file, flags)
    if alternatives and plot:
        raise click.UsageError("--plot draws one taxonomy; leave --alternatives out")
    with proof_line() as watch, stoppable(time_limit, watch) as clock:
        if alternatives:
            found = tg.alternatives(transfers, problem, k=alternatives, solver=solver, clock=clock)
            return _print_alternatives(found, alternatives, form)
        taxonomy = tg.solve(transfers, problem, solver=solver, clock=clock)
        more = None
        if marginal and taxonomy.solved:
            more = tg.marginal_worth(transfers, problem, solver=solver, clock=clock)
    if clock.stop.is_set() and taxonomy.solved and taxonomy.status != "optimal":
        note("stopped: the best taxonomy so far")
    if plot and taxonomy.solved:
        from taskgraph.plot import draw_taxonomy, save

        save(draw_taxonomy(taxonomy), plot)
        note(f"drew {plot}")
    _print(taxonomy, form)
    if more is not None:
        note(_worth(more))
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


def _worth(more: Marginal) -> str:
    """What one more unit of budget is worth, or between what it is where a limit was reached."""
    if not more.proven:
        low, high = more.limits
        between = "an unknown amount" if math.isnan(low) else f"between {low:.4g} and {high:.4g}"
        return f"one more unit of budget is worth {between}: the time was too short to prove it"
    adds = ", ".join(more.added) or "nothing"
    drops = f", instead of {', '.join(more.dropped)}" if more.dropped else ""
    return f"one more unit of budget is worth {more.worth:.4g}: it supervises {adds}{drops}"


def _print_alternatives(found: Sequence[Taxonomy], count: int, form: str | None) -> int:
    import pandas as pd

    if not found[0].solved:
        _print(found[0], form)
        return INFEASIBLE
    if found[0].status != "optimal":
        note("the time passed before the best set was proven; this is the best one so far")
    elif len(found) < count:
        note(f"listed {len(found)} of {count}: there are no more, or the time passed")
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
