"""``taskgraph plot``: every picture of a table or a taxonomy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from taskgraph.cli.groups import SuggestingGroup
from taskgraph.cli.options import (
    INFEASIBLE,
    FigureSize,
    Names,
    Numbers,
    flat,
    grid_options,
    note,
    problem_options,
    progress_bar,
    read_inputs,
    read_table,
    table_argument,
)
from taskgraph.cli.paths import PICTURES, OutputFile
from taskgraph.errors import TaskgraphError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from taskgraph.taxonomy import Taxonomy

UNIT_BUDGETS = (2.0, 4.0, 6.0, 8.0, 12.0, 15.0)
"""The paper's budgets, of labels that cost 1 each."""

LOOK = ("size", "dpi", "font")
"""Names of the flags that say how a picture looks, whatever it shows."""


def picture_options(function: Any) -> Any:
    """Where to write a picture, and how it looks."""
    flags = [
        click.option(
            "-o",
            "--output",
            required=True,
            type=OutputFile(PICTURES),
            metavar="FILE",
            help="An SVG, PNG or PDF file.",
        ),
        click.option(
            "--size",
            type=FigureSize(),
            metavar="WxH",
            help="Width and height in inches, such as 8x5 (default: as the content needs).",
        ),
        click.option(
            "--dpi",
            type=click.IntRange(10, 2400),
            metavar="N",
            help="Dots an inch of a PNG file (default 200).",
        ),
        click.option(
            "--font", metavar="NAME", help="A font of this machine, or the path of a TrueType file."
        ),
    ]
    for flag in reversed(flags):
        function = flag(function)
    return function


def _save(draw: Callable[..., Figure], look: Mapping[str, Any], output: str) -> int:
    """Draw with the flags of `picture_options`, and write the file."""
    import matplotlib as mpl

    from taskgraph.plot import family_of, save

    font: Any = {"font.family": [family_of(look["font"])]} if look["font"] else {}
    with mpl.rc_context(font):
        figure = draw(size=look["size"])
    try:
        save(figure, output, dpi=look["dpi"])
    except ValueError as error:
        if isinstance(error, TaskgraphError) or "too large" not in str(error):
            raise
        raise click.UsageError(
            "the picture has too many dots; give a smaller --size or --dpi"
        ) from None
    note(f"drew {output}")
    return 0


def _look(flags: dict[str, Any]) -> dict[str, Any]:
    """Take the flags of `picture_options` out of those of a command."""
    return {name: flags.pop(name) for name in LOOK}


@click.group("plot", cls=SuggestingGroup)
def plot_command() -> None:
    """Draw a table or a taxonomy to an SVG, PNG or PDF file."""


@plot_command.command("heatmap", short_help="Transfers before and after AHP.")
@table_argument
@picture_options
@click.option(
    "--before",
    type=click.Choice(["quality", "gain", "loss"]),
    help="Column of the left panel (default: the first that was measured).",
)
@click.option("--exclude", type=Names(), multiple=True, help="Tasks to leave out altogether.")
def heatmap_command(
    table: str | None,
    output: str,
    before: str | None,
    exclude: tuple[tuple[str, ...], ...],
    **look: Any,
) -> int:
    """First-order transfers before and after AHP, with clustered rows (the paper's Figure 7).

    \b
    Examples:
      taskgraph plot heatmap transfers.csv -o heatmap.svg
      taskgraph plot heatmap transfers.csv -o heatmap.png --exclude random --size 8x5 --dpi 300
    """
    from taskgraph.plot import heatmap

    draw = partial(heatmap, read_table(table), before=before, exclude=flat(exclude))
    return _save(draw, look, output)


@plot_command.command("tree", short_help="Tasks clustered by what they transfer to.")
@table_argument
@picture_options
@click.option("--exclude", type=Names(), multiple=True, help="Tasks to leave out altogether.")
def tree_command(
    table: str | None, output: str, exclude: tuple[tuple[str, ...], ...], **look: Any
) -> int:
    """Tasks clustered by what they transfer to (the paper's Figure 13).

    \b
    Examples:
      taskgraph plot tree transfers.csv -o tree.svg
    """
    from taskgraph.plot import tree

    return _save(partial(tree, read_table(table), exclude=flat(exclude)), look, output)


@plot_command.command("taxonomy", short_help="The optimum as a graph.")
@table_argument
@picture_options
@problem_options()
@click.option("--color-by", type=click.Choice(["quality", "gain"]), help="What colors the targets.")
def taxonomy_command(
    table: str | None,
    output: str,
    problem_file: str | None,
    solver: str,
    color_by: str | None,
    **flags: Any,
) -> int:
    """The optimum as a graph. TABLE may also be a taxonomy that `solve --json` printed.

    \b
    Examples:
      taskgraph plot taxonomy transfers.csv --budget 5 -o taxonomy.svg
      taskgraph plot taxonomy taxonomy.json -o taxonomy.svg --color-by gain
    """
    import taskgraph as tg
    from taskgraph.plot import draw_taxonomy

    taxonomy: Taxonomy
    look = _look(flags)
    if table is not None and table.endswith(".json"):
        _refuse_settings(table)
        taxonomy = tg.read_taxonomy(table)
    else:
        transfers, problem = read_inputs(table, problem_file, flags)
        taxonomy = tg.solve(transfers, problem, solver=solver)
    if not taxonomy.solved:
        click.echo(f"Error: {taxonomy.reason}.", err=True)
        return INFEASIBLE
    return _save(partial(draw_taxonomy, taxonomy, color_by=color_by), look, output)


def _refuse_settings(table: str) -> None:
    """Raise a usage error for flags of the program, which a solved taxonomy cannot follow."""
    ctx = click.get_current_context()
    own = ("table", "output", "color_by", *LOOK)
    for flag in ctx.command.params:
        name = str(flag.name)
        if name not in own and ctx.get_parameter_source(name) == ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"{table} is solved already, so that {flag.opts[0]} would change nothing; leave "
                "it out, or name the table of transfers",
                ctx,
            )


@plot_command.command("frontier", short_help="Gain and quality over budgets.")
@table_argument
@picture_options
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
    """
    from taskgraph.cli.budget import frontier_frame
    from taskgraph.plot import draw_frontier

    look = _look(flags)
    transfers, problem = read_inputs(table, problem_file, flags)
    _, frame = frontier_frame(transfers, problem, flags, solver=solver)
    return _save(partial(draw_frontier, frame), look, output)


@plot_command.command("grid", short_help="Gain and quality of each target.")
@table_argument
@picture_options
@click.option(
    "--budgets",
    type=Numbers(),
    metavar="2,4,8",
    help="Budgets, one column each (default: 2,4,6,8,12,15 where every label costs 1, else six "
    "from the least that solves every target to the cost of everything).",
)
@problem_options(budget=False)
def grid_command(
    table: str | None,
    output: str,
    budgets: tuple[float, ...] | None,
    problem_file: str | None,
    solver: str,
    **flags: Any,
) -> int:
    """Gain and quality of each target by budget (the paper's Figure 9).

    \b
    Examples:
      taskgraph plot grid transfers.csv --budgets 2,4,8 --max-order 4 -o grid.svg
    """
    import taskgraph as tg
    from taskgraph.plot import gain_quality_grid

    look = _look(flags)
    transfers, problem = read_inputs(table, problem_file, flags)
    if budgets is None:
        unit = {problem.label_cost_of(task) for task in problem.supervisable(transfers)} <= {1.0}
        plain = unit and not any(problem.transfer_cost.values())
        budgets = (
            UNIT_BUDGETS if plain else tg.budget_ladder(transfers, problem, most=6, solver=solver)
        )
    found = tg.frontier(
        transfers,
        problem,
        budgets=budgets,
        max_orders=[problem.max_order],
        solver=solver,
        progress=progress_bar("budgets"),
    )
    solved = [taxonomy for taxonomy in found if taxonomy.solved]
    if not solved:
        click.echo(f"Error: {found.taxonomies[-1].reason}.", err=True)
        return INFEASIBLE
    return _save(partial(gain_quality_grid, solved), look, output)
