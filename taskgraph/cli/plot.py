"""``taskgraph plot``: pictures of a table or a taxonomy."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from taskgraph.cli.exit_codes import INFEASIBLE
from taskgraph.cli.frontier import (
    frontier_and_table,
    grid_options,
    labels_needed_of,
    quality_option,
)
from taskgraph.cli.groups import SuggestingGroup
from taskgraph.cli.options import (
    exclude_option,
    hidden_alias,
    join_groups,
    seed_option,
    table_argument,
)
from taskgraph.cli.parameters import NameList, NumberList
from taskgraph.cli.pictures import LOOK, picture_options, save_picture, take_look
from taskgraph.cli.problem import problem_options, read_inputs, read_table
from taskgraph.cli.sensitivity import analyzed, sensitivity_options
from taskgraph.progress import progress_bar, with_progress
from taskgraph.tasks.aliases import name_in

if TYPE_CHECKING:
    from taskgraph.problem import Problem
    from taskgraph.taxonomy import Taxonomy
    from taskgraph.transfers import Transfers

UNIT_BUDGETS = (2.0, 4.0, 6.0, 8.0, 12.0, 15.0)
"""The paper's budgets, for labels that cost 1 each."""


@click.group("plot", cls=SuggestingGroup)
def plot_command() -> None:
    """Draw a table of transfers or a taxonomy to an SVG, PNG or PDF file."""


@plot_command.command("heatmap", short_help="Transfers, sources by targets, before and after AHP.")
@table_argument
@picture_options
@click.option(
    "--before",
    type=click.Choice(["quality", "gain", "loss"]),
    help="Column to draw in the left panel (default: the first of loss, quality, gain that was "
    "measured).",
)
@exclude_option
def heatmap_command(
    table: str | None,
    output: str,
    before: str | None,
    exclude: tuple[tuple[str, ...], ...],
    **look: Any,
) -> int:
    """Draw first-order transfers, sources by targets, before and after AHP (the paper's Figure 7).

    Sources that transfer alike stand together.

    \b
    Examples:
      taskgraph plot heatmap transfers.csv -o heatmap.svg
      taskgraph plot heatmap transfers.csv -o heatmap.png --exclude random --size 8x5 --dpi 300
    """
    from taskgraph.plot import heatmap

    draw = partial(heatmap, read_table(table), before=before, exclude=join_groups(exclude))
    return save_picture(draw, look, output)


@plot_command.command("tree", short_help="Tasks clustered by what they transfer to.")
@table_argument
@picture_options
@exclude_option
def tree_command(
    table: str | None, output: str, exclude: tuple[tuple[str, ...], ...], **look: Any
) -> int:
    """Draw the tree of tasks, clustered by what they transfer to (the paper's Figure 13).

    \b
    Examples:
      taskgraph plot tree transfers.csv -o tree.svg
    """
    from taskgraph.plot import tree

    return save_picture(
        partial(tree, read_table(table), exclude=join_groups(exclude)), look, output
    )


@plot_command.command("taxonomy", short_help="Supervised tasks and what they solve.")
@table_argument
@picture_options
@problem_options()
@click.option(
    "--color-by",
    type=click.Choice(["quality", "gain"]),
    help="Win rate to color the targets by (default: the first of these that was measured).",
)
@hidden_alias("--colour-by", "--color-by")
def taxonomy_command(
    table: str | None,
    output: str,
    problem_file: str | None,
    solver: str,
    color_by: str | None,
    **flags: Any,
) -> int:
    """Draw the optimum as a graph from the supervised tasks to the targets that they solve.

    TABLE is a table of transfers, or a taxonomy (.json) that `taskgraph solve --json` printed.

    \b
    Examples:
      taskgraph plot taxonomy transfers.csv --budget 5 -o taxonomy.svg
      taskgraph plot taxonomy taxonomy.json -o taxonomy.svg --color-by gain
    """
    import taskgraph as tg
    from taskgraph.plot import draw_taxonomy

    taxonomy: Taxonomy
    look = take_look(flags)
    if table is not None and table.endswith(".json"):
        _refuse_settings(table)
        taxonomy = tg.read_taxonomy(table)
    else:
        transfers, problem = read_inputs(table, problem_file, flags)
        taxonomy = tg.solve(transfers, problem, solver=solver)
    if not taxonomy.solved:
        click.echo(f"Error: {taxonomy.reason}.", err=True)
        return INFEASIBLE
    return save_picture(partial(draw_taxonomy, taxonomy, color_by=color_by), look, output)


def _refuse_settings(table: str) -> None:
    """Raise a usage error if a flag of the program was given, which a solved taxonomy ignores."""
    ctx = click.get_current_context()
    used = ("table", "output", "color_by", *LOOK)
    for flag in ctx.command.params:
        name = str(flag.name)
        if name not in used and ctx.get_parameter_source(name) == ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"{table} is solved already, so that {flag.opts[0]} would change nothing; leave "
                "it out, or name the table of transfers",
                ctx,
            )


@plot_command.command("frontier", short_help="Mean gain and quality over budgets.")
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
    """Draw mean gain and quality over budgets, one line a maximum order, beside random sets.

    \b
    Examples:
      taskgraph plot frontier transfers.csv --budgets 1:20 -o frontier.svg
    """
    from taskgraph.plot import draw_frontier

    look = take_look(flags)
    transfers, problem = read_inputs(table, problem_file, flags)
    _, frame = frontier_and_table(transfers, problem, flags, solver=solver)
    return save_picture(partial(draw_frontier, frame), look, output)


@plot_command.command("labels", short_help="Labels needed to reach a mean quality.")
@table_argument
@picture_options
@quality_option("Mark these levels of the mean quality.")
@grid_options(draws=0, random=False)
@problem_options(budget=False, max_order=False)
def labels_command(
    table: str | None,
    output: str,
    levels: tuple[float, ...] | None,
    problem_file: str | None,
    solver: str,
    **flags: Any,
) -> int:
    """Draw the labels needed for all targets over their mean quality: the frontier read sideways.

    The dashed line is the cost of supervising every target.

    \b
    Examples:
      taskgraph plot labels transfers.csv --objective quality --max-orders 1,4 -o labels.svg
    """
    from taskgraph.plot import draw_labels_needed

    look = take_look(flags)
    transfers, problem = read_inputs(table, problem_file, flags)
    flags |= {"draws": 0, "seed": 0}
    frontier, _ = frontier_and_table(transfers, problem, flags, solver=solver)
    needed = labels_needed_of(frontier, transfers, problem, levels or ())
    return save_picture(partial(draw_labels_needed, needed), look, output)


@plot_command.command("sensitivity", short_help="Shares of tasks, and regrets of sets.")
@picture_options
@sensitivity_options
def sensitivity_plot_command(losses: tuple[str, ...], output: str, **flags: Any) -> int:
    """Draw how often each task is supervised when settings change, and what each set loses then.

    The arguments are those of `taskgraph sensitivity`.

    \b
    Examples:
      taskgraph plot sensitivity losses.parquet --budget 5 -o sensitivity.svg
    """
    from taskgraph.plot import draw_sensitivity

    look = take_look(flags)
    return save_picture(partial(draw_sensitivity, analyzed(losses, flags)), look, output)


@plot_command.command("arrivals", short_help="Tasks that arrive one by one.")
@table_argument
@picture_options
@click.option(
    "--order",
    type=NameList(),
    multiple=True,
    help="The tasks in the order in which they arrive; others never do.",
)
@click.option(
    "--orders",
    type=click.IntRange(min=1),
    metavar="N",
    default=20,
    show_default=True,
    help="Number of random orders of all tasks, where --order gives none.",
)
@click.option(
    "--every",
    type=click.IntRange(min=1),
    metavar="N",
    default=4,
    show_default=True,
    help="The budget rises by one with the first of every N arrivals.",
)
@seed_option
@problem_options(budget=False)
def arrivals_command(
    table: str | None,
    output: str,
    order: tuple[tuple[str, ...], ...],
    orders: int,
    every: int,
    seed: int,
    problem_file: str | None,
    solver: str,
    **flags: Any,
) -> int:
    """Draw tasks that arrive one by one: the objective beside the optimum, and their ratio.

    A task arrives when its rows are switched on. After each arrival the taxonomy is extended: no
    label is taken back, and the rest of the budget so far is spent at best. The optimum may choose
    anew for the same tasks and budget.

    \b
    Examples:
      taskgraph plot arrivals transfers.csv -o arrivals.svg
      taskgraph plot arrivals transfers.csv --order normals,depth,edge2d --every 2 -o arrivals.svg
    """
    import taskgraph as tg
    from taskgraph.plot import draw_arrivals

    look = take_look(flags)
    transfers, problem = read_inputs(table, problem_file, flags)
    seeds = [seed] if order else range(seed, seed + orders)
    named = tuple(name_in(name, transfers.tasks) for name in join_groups(order)) or None
    budgets = tg.one_label_every(every)
    with progress_bar("orders") as progress:
        found = [
            tg.arrivals(transfers, named, problem, budgets=budgets, seed=each, solver=solver)
            for each in with_progress(seeds, progress)
        ]
    return save_picture(partial(draw_arrivals, found), look, output)


@plot_command.command("grid", short_help="Gain and quality of each target by budget.")
@table_argument
@picture_options
@click.option(
    "--budgets",
    type=NumberList(),
    metavar="2,4,8",
    help="Budgets, one column each: a list such as 2,4,8 or a range (default: 2,4,6,8,12,15 where "
    "every label costs 1; else six, from the least budget that solves every target to the cost of "
    "all labels).",
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
    """Draw gain and quality of each target at each budget (the paper's Figure 9).

    \b
    Examples:
      taskgraph plot grid transfers.csv --budgets 2,4,8 --max-order 4 -o grid.svg
    """
    import taskgraph as tg
    from taskgraph.plot import gain_quality_grid

    look = take_look(flags)
    transfers, problem = read_inputs(table, problem_file, flags)
    if budgets is None:
        budgets = _default_budgets(transfers, problem, solver)
    with progress_bar("budgets") as progress:
        frontier = tg.frontier(
            transfers,
            problem,
            budgets=budgets,
            max_orders=[problem.max_order],
            solver=solver,
            progress=progress,
        )
    solved = [taxonomy for taxonomy in frontier if taxonomy.solved]
    if not solved:
        click.echo(f"Error: {frontier.taxonomies[-1].reason}.", err=True)
        return INFEASIBLE
    return save_picture(partial(gain_quality_grid, solved), look, output)


def _default_budgets(transfers: Transfers, problem: Problem, solver: str) -> tuple[float, ...]:
    """Return the paper's budgets if every label costs 1, else six that follow the costs."""
    import taskgraph as tg

    costs = {problem.label_cost_of(task) for task in problem.supervisable(transfers)}
    if costs <= {1.0} and not any(problem.transfer_cost.values()):
        return UNIT_BUDGETS
    return tuple(tg.budget_ladder(transfers, problem, most=6, solver=solver))
