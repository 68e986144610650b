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
    note,
    plot_option,
    problem_options,
    proof_line,
    read_inputs,
    show_data,
    table_argument,
)

if TYPE_CHECKING:
    import pandas as pd

    from taskgraph.marginal import Marginal
    from taskgraph.taxonomy import Taxonomy


UNPROVEN = "the time was too short to prove which larger budget is the next to be worth more"


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
@click.option(
    "--marginal",
    is_flag=True,
    help="Also say which larger budget is the next to be worth more, and what it buys.",
)
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
    """
    import taskgraph as tg
    from taskgraph.cli.stopping import stoppable

    if alternatives and plot:
        raise click.UsageError("--plot draws one taxonomy; leave --alternatives out")
    transfers, problem = read_inputs(table, problem_file, flags)
    with proof_line() as watch, stoppable(time_limit, watch) as clock:
        if alternatives:
            found = tg.alternatives(transfers, problem, k=alternatives, solver=solver, clock=clock)
            return _print_alternatives(found, alternatives, form)
        taxonomy = tg.solve(transfers, problem, solver=solver, clock=clock)
        more = None
        if marginal and taxonomy.solved:
            more = tg.marginal_worth(
                transfers, problem, before=taxonomy, solver=solver, clock=clock
            )
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
    from taskgraph.cli.tables import show_taxonomy

    if form == "json":
        show_data(taxonomy.to_json())
    elif not taxonomy.solved:
        click.echo(f"Error: {taxonomy.reason}.", err=True)
    elif form == "csv":
        show_data(taxonomy.to_frame().to_csv(index=False))
    elif form == "dot":
        show_data(taxonomy.to_dot())
    else:
        show_taxonomy(taxonomy)


def _worth(more: Marginal) -> str:
    """The next budget that is worth more and what it buys, as far as it is proven."""
    now = f"budget {more.budget:g}"
    if math.isinf(more.step):
        found = "no larger one is worth more" if more.next_step else UNPROVEN
        return f"{now}: {found}"
    next_budget = f"{more.after.budget:g} (step {more.step:.6g})"
    adds = ", ".join(more.added) or "nothing new"
    drops = f", instead of {', '.join(more.dropped)}" if more.dropped else ""
    buys = f"it supervises {adds}{drops}"
    if more.proven and more.next_step:
        return f"{now}: the next that is worth more is {next_budget}, by {more.worth:.4g}: {buys}"
    low, high = more.limits
    worth = "an unknown amount" if math.isnan(low) else f"between {low:.4g} and {high:.4g} more"
    return f"{now}: {next_budget} is worth {worth}: {buys}; {UNPROVEN}"


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
        from taskgraph.cli.tables import show_frame

        show_frame(_left_aligned(pd.DataFrame(rows)))
    return 0


def _left_aligned(frame: pd.DataFrame) -> pd.DataFrame:
    """A table whose last column, of free text, is left-aligned where it is not wrapped."""
    from taskgraph.cli.tables import cells

    last = frame.columns[-1]
    width = max(cells(str(value)) for value in [last, *frame[last]])
    padded = frame[last].map(lambda value: value + " " * (width - cells(value)))
    return frame.assign(**{last: padded}).rename(columns={last: last.ljust(width)})


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
    if form == "json":
        rows = frame.assign(sources=frame["sources"].str.split("+"))
        show_data(rows.to_json(orient="records", indent=1, force_ascii=False))
    elif form == "csv":
        show_data(frame.to_csv(index=False))
    else:
        show_frame(frame.round(4))
    return 0
