"""``taskgraph solve``: the optimum within a budget."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from taskgraph.cli.exit_codes import INFEASIBLE
from taskgraph.cli.options import format_options, table_argument
from taskgraph.cli.output import note, show, show_data
from taskgraph.cli.parameters import Amount
from taskgraph.cli.pictures import PlotFile, plot_option
from taskgraph.cli.problem import problem_options, read_inputs
from taskgraph.cli.progress import proof_line
from taskgraph.cli.robust import refuse_flags, robust_options, robust_taxonomy

if TYPE_CHECKING:
    import pandas as pd

    from taskgraph.frontiers.marginal import Marginal
    from taskgraph.sensitivity.robust import RobustTaxonomy
    from taskgraph.taxonomy import Taxonomy


UNPROVEN = (
    "the time limit left no proof of which larger budget is the next to improve the objective"
)


@click.command("solve")
@table_argument
@problem_options()
@click.option(
    "--time-limit",
    type=Amount(),
    metavar="S",
    help="Stop after S seconds, and print the best taxonomy so far with its gap to the proven "
    "bound. Ctrl-C does the same.",
)
@click.option(
    "--alternatives",
    type=click.IntRange(min=1),
    metavar="K",
    help="Print the K best different supervised sets instead of the best one.",
)
@click.option(
    "--marginal",
    is_flag=True,
    help="Also print the next larger budget that improves the objective, and what it buys.",
)
@robust_options
@format_options(
    json="Print JSON.",
    csv="Print CSV, one row a target.",
    dot="Print the graph in the DOT language of Graphviz.",
)
@plot_option("Draw the taxonomy to an SVG, PNG or PDF file.")
def solve_command(
    table: str | None,
    problem_file: str | None,
    solver: str,
    time_limit: float | None,
    alternatives: int | None,
    marginal: bool,
    robust: str | None,
    output_format: str | None,
    plot: PlotFile | None,
    **flags: Any,
) -> int:
    """Find the tasks to supervise within a budget, and prove that no other set is better.

    TABLE is a CSV or Parquet file with one row a transfer: sources, target, affinity and, if
    measured, gain and quality. Without it, the table that comes with taskgraph is solved.

    \b
    Examples:
      taskgraph solve transfers.csv --budget 5
      taskgraph solve transfers.csv --budget 5 --max-order 1 --exclude random --json
      taskgraph solve transfers.csv --problem problem.toml --plot taxonomy.svg
      taskgraph solve transfers.csv --budget 8 --label-cost depth=3 --importance normals=2
      taskgraph solve transfers.csv --budget 7 --alternatives 5
      taskgraph solve losses.parquet --budget 5 --robust max --bootstrap 200
    """
    import taskgraph as tg
    from taskgraph.cli.stopping import stoppable

    for flag, is_set in (("--plot", plot), ("--dot", output_format == "dot")):
        if alternatives and is_set:
            raise click.UsageError(f"{flag} draws one taxonomy; leave --alternatives out")
    refuse_flags(robust, {"--alternatives": alternatives, "--marginal": marginal})
    if robust is not None:
        least = robust_taxonomy(
            table, robust, problem_file, flags, solver=solver, time_limit=time_limit
        )
        code = _print_robust(least, output_format)
        _draw(least.taxonomy, plot)
        return code
    transfers, problem = read_inputs(table, problem_file, flags)
    with proof_line() as report, stoppable(time_limit, report) as clock:
        if alternatives:
            best = tg.alternatives(transfers, problem, k=alternatives, solver=solver, clock=clock)
            return _print_alternatives(best, alternatives, output_format)
        taxonomy = tg.solve(transfers, problem, solver=solver, clock=clock)
        marginal_worth = None
        if marginal and taxonomy.solved:
            marginal_worth = tg.marginal_worth(
                transfers, problem, before=taxonomy, solver=solver, clock=clock
            )
    if clock.stop.is_set() and taxonomy.solved and taxonomy.status != "optimal":
        note("stopped: the best taxonomy so far")
    _print(taxonomy, output_format)
    if marginal_worth is not None:
        note(_sentence(marginal_worth))
    _draw(taxonomy, plot)
    return 0 if taxonomy.solved else INFEASIBLE


def _draw(taxonomy: Taxonomy, plot: PlotFile | None) -> None:
    """Draw a taxonomy to the file of ``--plot``, if there are both."""
    if plot and taxonomy.solved:
        from taskgraph.plot import draw_taxonomy

        plot.draw(partial(draw_taxonomy, taxonomy))


def _print_robust(least: RobustTaxonomy, output_format: str | None) -> int:
    """Print a robust taxonomy and what is proven about its regret; return the exit code."""
    if output_format == "json":
        show_data(least.to_json())
    else:
        _print(least.taxonomy, output_format)
    if least.solved and output_format is None:
        show(f"\n{least.sentence()}")
    elif least.solved and output_format != "json":
        note(least.sentence())
    return 0 if least.solved else INFEASIBLE


def _print(taxonomy: Taxonomy, output_format: str | None) -> None:
    """Print a taxonomy, or why there is none."""
    from taskgraph.cli.tables import show_taxonomy

    if output_format == "json":
        show_data(taxonomy.to_json())
    elif not taxonomy.solved:
        click.echo(f"Error: {taxonomy.reason}.", err=True)
    elif output_format == "csv":
        show_data(taxonomy.to_frame().to_csv(index=False))
    elif output_format == "dot":
        show_data(taxonomy.to_dot())
    else:
        show_taxonomy(taxonomy)


def _sentence(more: Marginal) -> str:
    """Return which larger budget is the next to improve the objective, and what it buys."""
    now = f"budget {more.budget:g}"
    if math.isinf(more.step):
        return f"{now}: {'no larger budget improves the objective' if more.next_step else UNPROVEN}"
    next_budget = f"{more.after.budget:g} (step {more.step:.6g})"
    adds = ", ".join(more.added) or "nothing new"
    drops = f", instead of {', '.join(more.dropped)}" if more.dropped else ""
    buys = f"it supervises {adds}{drops}"
    if more.proven and more.next_step:
        improves = f"is the next to improve the objective, by {more.worth:.4g}"
        return f"{now}: budget {next_budget} {improves}; {buys}"
    low, high = more.limits
    worth = "an unknown amount" if math.isnan(low) else f"between {low:.4g} and {high:.4g}"
    return f"{now}: budget {next_budget} improves the objective by {worth}; {buys}; {UNPROVEN}"


def _print_alternatives(
    taxonomies: Sequence[Taxonomy], count: int, output_format: str | None
) -> int:
    """Print the best sets, best first, and return the exit code."""
    import pandas as pd

    if not taxonomies[0].solved:
        _print(taxonomies[0], output_format)
        return INFEASIBLE
    if taxonomies[0].status != "optimal":
        note("the time limit came before the proof of the best set; this is the best set so far")
    elif len(taxonomies) < count:
        note(f"listed {len(taxonomies)} of {count} sets: no more exist, or time ran out")
    best = taxonomies[0].objective_value or 0.0
    rows = [
        {
            "rank": rank,
            "objective": round(t.objective_value or 0.0, 6),
            "behind": f"{(best - (t.objective_value or 0.0)) / (abs(best) or 1.0):.3%}",
            "spent": t.spent,
            "supervised": ", ".join(t.supervised),
        }
        for rank, t in enumerate(taxonomies, 1)
    ]
    if output_format == "json":
        show_data(json.dumps([t.to_dict() for t in taxonomies], indent=1))
    elif output_format == "csv":
        show_data(pd.DataFrame(rows).to_csv(index=False))
    else:
        from taskgraph.cli.tables import show_frame

        show_frame(_left_aligned(pd.DataFrame(rows)))
    return 0


def _left_aligned(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table with its last column, a list of names, padded so that it is left-aligned."""
    from taskgraph.cli.tables import cells

    last = frame.columns[-1]
    width = max(cells(str(value)) for value in [last, *frame[last]])
    padded = frame[last].map(lambda value: value + " " * (width - cells(value)))
    return frame.assign(**{last: padded}).rename(columns={last: last.ljust(width)})
