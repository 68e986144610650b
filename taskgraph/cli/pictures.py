"""``taskgraph plot``: every picture of a table or a taxonomy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from taskgraph.cli.groups import SuggestingGroup
from taskgraph.cli.options import (
    INFEASIBLE,
    Numbers,
    grid_options,
    make_problem,
    note,
    problem_options,
    progress_bar,
    read_table,
    table_argument,
)
from taskgraph.cli.paths import PICTURES, OutputFile

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from taskgraph.taxonomy import Taxonomy

OUTPUT = click.option("-o", "--output", required=True, type=OutputFile(PICTURES),
                      metavar="FILE", help="An SVG, PNG or PDF file.")  # fmt: skip


def _save(figure: Figure, output: str) -> int:
    from taskgraph.plot import save

    save(figure, output)
    note(f"drew {output}")
    return 0


@click.group("plot", cls=SuggestingGroup)
def plot_command() -> None:
    """Draw a table or a taxonomy to an SVG, PNG or PDF file."""


@plot_command.command("heatmap", short_help="Transfers before and after AHP.")
@table_argument
@OUTPUT
@click.option(
    "--before",
    type=click.Choice(["quality", "gain", "loss"]),
    help="Column of the left panel (default: the first that was measured).",
)
def heatmap_command(table: str | None, output: str, before: str | None) -> int:
    """First-order transfers before and after AHP, with clustered rows (the paper's Figure 7).

    \b
    Examples:
      taskgraph plot heatmap transfers.csv -o heatmap.svg
    """  # fmt: skip
    from taskgraph.plot import heatmap

    return _save(heatmap(read_table(table), before=before), output)


@plot_command.command("tree", short_help="Tasks clustered by what they transfer to.")
@table_argument
@OUTPUT
def tree_command(table: str | None, output: str) -> int:
    """Tasks clustered by what they transfer to (the paper's Figure 13).

    \b
    Examples:
      taskgraph plot tree transfers.csv -o tree.svg
    """  # fmt: skip
    from taskgraph.plot import tree

    return _save(tree(read_table(table)), output)


@plot_command.command("taxonomy", short_help="The optimum as a graph.")
@table_argument
@OUTPUT
@problem_options()
@click.option(
    "--colour-by", type=click.Choice(["quality", "gain"]), help="What colours the targets."
)
def taxonomy_command(
    table: str | None,
    output: str,
    problem_file: str | None,
    solver: str,
    colour_by: str | None,
    **flags: Any,
) -> int:
    """The optimum as a graph. TABLE may also be a taxonomy that `solve --json` printed.

    \b
    Examples:
      taskgraph plot taxonomy transfers.csv --budget 5 -o taxonomy.svg
      taskgraph plot taxonomy taxonomy.json -o taxonomy.svg --colour-by gain
    """  # fmt: skip
    import taskgraph as tg
    from taskgraph.plot import draw_taxonomy

    taxonomy: Taxonomy
    if table is not None and table.endswith(".json"):
        _refuse_settings(table)
        taxonomy = tg.read_taxonomy(table)
    else:
        problem = make_problem(problem_file, flags)
        taxonomy = tg.solve(read_table(table), problem, solver=solver)
    if not taxonomy.solved:
        click.echo(f"Error: {taxonomy.reason}.", err=True)
        return INFEASIBLE
    return _save(draw_taxonomy(taxonomy, colour_by=colour_by), output)


def _refuse_settings(table: str) -> None:
    """Raise a usage error for flags of the program, which a solved taxonomy cannot follow."""
    ctx = click.get_current_context()
    own = ("table", "output", "colour_by")
    for flag in ctx.command.params:
        name = str(flag.name)
        if name not in own and ctx.get_parameter_source(name) == ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"{table} is solved already, so that {flag.opts[0]} would change nothing; leave "
                "it out, or name the table of transfers", ctx,
            )  # fmt: skip


@plot_command.command("frontier", short_help="Gain and quality over budgets.")
@table_argument
@OUTPUT
@grid_options(draws=200)
@problem_options(budget=False, max_order=False)
def frontier_plot_command(
    table: str | None,
    output: str,
    problem_file: str | None,
    solver: str,
    **flags: Any,
) -> int:
    """Mean gain and quality over budgets and orders, with the bands of random sets.

    \b
    Examples:
      taskgraph plot frontier transfers.csv --budgets 1:20 -o frontier.svg
    """  # fmt: skip
    from taskgraph.cli.budget import frontier_frame
    from taskgraph.plot import draw_frontier

    problem = make_problem(problem_file, flags)
    _, frame = frontier_frame(read_table(table), problem, flags, solver=solver)
    return _save(draw_frontier(frame), output)


@plot_command.command("grid", short_help="Gain and quality of each target.")
@table_argument
@OUTPUT
@click.option(
    "--budgets",
    type=Numbers(),
    metavar="2,4,8",
    default="2,4,6,8,12,15",
    show_default=True,
    help="Budgets, one column each.",
)
@problem_options(budget=False)
def grid_command(
    table: str | None,
    output: str,
    budgets: tuple[float, ...],
    problem_file: str | None,
    solver: str,
    **flags: Any,
) -> int:
    """Gain and quality of each target by budget (the paper's Figure 9).

    \b
    Examples:
      taskgraph plot grid transfers.csv --budgets 2,4,8 --max-order 4 -o grid.svg
    """  # fmt: skip
    import taskgraph as tg
    from taskgraph.plot import gain_quality_grid

    problem = make_problem(problem_file, flags)
    found = tg.frontier(read_table(table), problem, budgets=budgets,
                        max_orders=[problem.max_order], solver=solver,
                        progress=progress_bar("budgets"))  # fmt: skip
    solved = [taxonomy for taxonomy in found if taxonomy.solved]
    if not solved:
        click.echo(f"Error: {found.taxonomies[-1].reason}.", err=True)
        return INFEASIBLE
    return _save(gain_quality_grid(solved), output)
