"""``taskgraph group``: which networks, trained on several tasks each, to buy within a budget."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from taskgraph.cli.exit_codes import INFEASIBLE
from taskgraph.cli.grouping import GROUPING, RESULTS, check_flags, completed, grouping_problem
from taskgraph.cli.networks import network_options, read_candidates
from taskgraph.cli.options import format_options, with_options
from taskgraph.cli.output import note, show, show_data
from taskgraph.cli.paths import InputFile
from taskgraph.cli.pictures import PlotFile, plot_option
from taskgraph.cli.progress import proof_line
from taskgraph.progress import progress_bar

if TYPE_CHECKING:
    from taskgraph.grouping.choice import Grouping
    from taskgraph.grouping.networks import Networks
    from taskgraph.grouping.settings import GroupingProblem


@click.command("group")
@click.argument("table", type=InputFile())
@with_options(*GROUPING)
@network_options
@with_options(*RESULTS)
@format_options(
    json="Print JSON.",
    csv="Print CSV, one row a task (with --budgets one row a budget).",
    dot="Print the graph in the DOT language of Graphviz.",
)
@plot_option("Draw the choice (with --budgets the objective) to an SVG, PNG or PDF file.")
def group_command(
    table: str,
    solver: str,
    time_limit: float | None,
    output_format: str | None,
    plot: PlotFile | None,
    **flags: Any,
) -> int:
    """Choose which networks, each trained on several tasks, to buy within a budget, with a proof.

    Every task is solved by the best of the bought networks that were trained on it. The sum of the
    losses is minimized, or that of the gains is maximized.

    TABLE is a file with the columns network, task and loss (or gain), and optionally cost; the same
    with image (and cluster), one row for each image; or one row for each network and one column for
    each task, empty where the network was not trained on it. The results that Standley et al. (ICML
    2020) published are read as they are, the groups and gains of MTG-Net with --gains, and a square
    matrix of affinities between pairs of tasks as estimates of gains. A network costs 1 where
    nothing else is said.

    \b
    Examples:
      taskgraph group networks.csv --budget 2.5
      taskgraph group networks.csv --budget 3 --importance depth=2 --cost depth+normals=1.5
      taskgraph group networks.csv --budgets 1:5:0.5 --plot frontier.svg
      taskgraph group validation.csv --budget 3 --score-on test.csv --json
      taskgraph group images.csv --budget 2 --bootstrap 1000 --stability
      taskgraph group results.txt --budget 2.5 --task-names s,d,n,k,e
      taskgraph group ETTm1_x.csv --gains ETTm1_y.csv --budget 3
    """
    check_flags(flags, output_format)
    flags["table"] = table
    networks = read_candidates(table, flags)
    if flags["budgets"]:
        return _frontier(networks, flags, solver, time_limit, output_format, plot)
    problem = grouping_problem(flags, flags["budget"])
    if flags["alternatives"]:
        return _alternatives(networks, problem, flags, solver, time_limit, output_format)
    grouping = _solved(networks, problem, flags, solver, time_limit)
    _print(grouping, output_format)
    if plot and grouping.solved:
        from taskgraph.plot import draw_grouping

        plot.draw(partial(draw_grouping, grouping))
    if flags["stability"] and grouping.solved:
        _note_stability(grouping, networks, problem, flags)
    return 0 if grouping.solved else INFEASIBLE


def _solved(
    networks: Networks,
    problem: GroupingProblem,
    flags: dict[str, Any],
    solver: str,
    time_limit: float | None,
) -> Grouping:
    """Return the best grouping, with its intervals and scores."""
    import taskgraph as tg
    from taskgraph.cli.stopping import stoppable

    with proof_line() as report, stoppable(time_limit, report) as clock:
        grouping = tg.solve_groups(networks, problem, solver=solver, clock=clock)
    if clock.stop.is_set() and grouping.solved and grouping.status != "optimal":
        note("stopped: the best choice of networks so far")
    return completed([grouping], networks, flags)[0]


def _print(grouping: Grouping, output_format: str | None) -> None:
    """Print a grouping, or why there is none."""
    from taskgraph.cli.tables import show_frame

    if output_format == "json":
        show_data(grouping.to_json())
    elif not grouping.solved:
        click.echo(f"Error: {grouping.reason}.", err=True)
    elif output_format == "csv":
        show_data(grouping.to_frame().to_csv(index=False))
    elif output_format == "dot":
        show_data(grouping.to_dot())
    else:
        show(f"{grouping.summary()}\n")
        show_frame(grouping.networks_frame())
        show("")
        show_frame(grouping.printed_frame())


def _frontier(
    networks: Networks,
    flags: dict[str, Any],
    solver: str,
    time_limit: float | None,
    output_format: str | None,
    plot: PlotFile | None,
) -> int:
    """Solve at several budgets, print a row for each, and return the exit code."""
    import taskgraph as tg
    from taskgraph.cli.tables import show_frame

    budgets = flags["budgets"]
    with progress_bar("budgets") as progress:
        frontier = tg.grouping_frontier(
            networks,
            grouping_problem(flags, budgets[0]),
            budgets=budgets,
            solver=solver,
            time_limit=time_limit,
            progress=progress,
        )
    groupings = completed(frontier.groupings, networks, flags)
    frame = type(frontier)(tuple(groupings)).to_frame()
    solved = frame["status"].isin(["optimal", "feasible"]).any()
    if output_format == "json":
        show_data(json.dumps([each.to_dict() for each in groupings], indent=1, allow_nan=False))
    elif output_format == "csv":
        show_data(frame.to_csv(index=False))
    else:
        _note_estimate(networks)
        show_frame(frame.round(5))
    if not solved:
        click.echo(f"Error: {groupings[-1].reason}.", err=True)
    if plot and solved:
        from taskgraph.plot import draw_grouping_frontier

        plot.draw(partial(draw_grouping_frontier, frame, measure=networks.measure))
    return 0 if solved else INFEASIBLE


def _alternatives(
    networks: Networks,
    problem: GroupingProblem,
    flags: dict[str, Any],
    solver: str,
    time_limit: float | None,
    output_format: str | None,
) -> int:
    """Print the best sets of networks, best first, and return the exit code."""
    import pandas as pd

    import taskgraph as tg
    from taskgraph.cli.stopping import stoppable
    from taskgraph.cli.tables import show_frame

    count = flags["alternatives"]
    with proof_line() as report, stoppable(time_limit, report) as clock:
        found = tg.alternative_groupings(networks, problem, k=count, solver=solver, clock=clock)
    if not found[0].solved:
        _print(found[0], output_format)
        return INFEASIBLE
    if found[0].status != "optimal":
        note("the time limit came before the proof of the best set; this is the best set so far")
    elif len(found) < count:
        note(f"listed {len(found)} of {count} sets: no more exist, or time ran out")
    found = tuple(completed(found, networks, flags))
    best = found[0].objective or 0.0
    frame = pd.DataFrame(
        {
            "rank": range(1, len(found) + 1),
            "objective": [each.objective for each in found],
            "scored": [each.scored for each in found],
            "behind": [
                f"{abs((each.objective or 0.0) - best) / (abs(best) or 1.0):.3%}" for each in found
            ],
            "spent": [each.spent for each in found],
            "networks": [", ".join(n.name for n in each.networks) for each in found],
        }
    )
    frame = frame if flags["score_on"] else frame.drop(columns="scored")
    if output_format == "json":
        show_data(json.dumps([each.to_dict() for each in found], indent=1, allow_nan=False))
    elif output_format == "csv":
        show_data(frame.to_csv(index=False))
    else:
        _note_estimate(networks)
        show_frame(frame.round({"objective": 6, "scored": 6}))
    return 0


def _note_estimate(networks: Networks) -> None:
    """Say on standard error how the values were estimated, if they were."""
    if networks.estimate:
        note(networks.estimate)


def _note_stability(
    grouping: Grouping, networks: Networks, problem: GroupingProblem, flags: dict[str, Any]
) -> None:
    """Solve again for each resample of the images, and say how often each network is bought."""
    from taskgraph.grouping.intervals import grouping_stability

    with progress_bar("resamples") as progress:
        stable = grouping_stability(
            grouping,
            networks,
            problem,
            count=flags["bootstrap"],
            seed=flags["seed"],
            progress=progress,
        )
    rows = [f"{name} {share:.0%}" for name, share in stable.shares.itertuples(index=False)]
    note(
        f"over {stable.resamples} resamples the same networks are best in {stable.same:.0%}; "
        f"bought: {', '.join(rows)}"
    )
