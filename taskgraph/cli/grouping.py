"""The flags of task grouping: what to buy within which budget, and what to say about the choice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from taskgraph.cli.networks import read_other
from taskgraph.cli.options import join_groups, seed_option
from taskgraph.cli.parameters import Amount, NameList, NumberList, Weights
from taskgraph.cli.paths import InputFile
from taskgraph.cli.problem import SOLVER

if TYPE_CHECKING:
    from taskgraph.grouping.choice import Grouping
    from taskgraph.grouping.networks import Networks
    from taskgraph.grouping.settings import GroupingProblem

GROUPING = (
    click.option(
        "--budget", type=Amount(), metavar="B", help="Largest total cost of the bought networks."
    ),
    click.option(
        "--budgets",
        type=NumberList(),
        metavar="1:5:0.5",
        help="Solve at each of these budgets instead, and print one row for each: a list such as "
        "1,2,4, or a range such as 1:5 or 1:5:0.5.",
    ),
    click.option(
        "--tasks",
        type=NameList(),
        multiple=True,
        help="The tasks to solve (default: all of the table).",
    ),
    click.option(
        "--importance",
        type=Weights(),
        multiple=True,
        help="Weight of a task in the objective (default 1).",
    ),
    click.option(
        "--cost",
        type=Weights("network", "depth+normals=2"),
        multiple=True,
        metavar="NETWORK=C",
        help="Cost of a network, in the unit of --budget.",
    ),
    click.option(
        "--exclude", type=NameList(), multiple=True, help="Networks that must not be bought."
    ),
    click.option("--require", type=NameList(), multiple=True, help="Networks that must be bought."),
    click.option(
        "--disjoint",
        is_flag=True,
        help="Buy no two networks that were trained on the same task, so that each network serves "
        "all of its tasks. By default a network need not serve a task on which it was trained.",
    ),
)
RESULTS = (
    click.option(
        "--score-on",
        type=InputFile(),
        metavar="FILE",
        help="A table of the same networks, such as their test losses: the networks are chosen by "
        "TABLE, and also scored on FILE. Beside --gains it is another matrix of gains.",
    ),
    click.option(
        "--bootstrap",
        type=click.IntRange(min=0),
        default=0,
        show_default=True,
        metavar="R",
        help="Resample the images R times, or clusters of images, and give each value and the "
        "objective a 95 % interval. TABLE needs the column image.",
    ),
    click.option(
        "--stability",
        is_flag=True,
        help="Also solve again for each resample of --bootstrap, and print how often each network "
        "is bought.",
    ),
    seed_option,
    click.option(
        "--alternatives",
        type=click.IntRange(min=1),
        metavar="K",
        help="Print the K best different sets of networks instead of the best one.",
    ),
    click.option(
        "--time-limit",
        type=Amount(),
        metavar="S",
        help="Stop after S seconds, and print the best choice so far with its gap to the proven "
        "bound. Ctrl-C does the same.",
    ),
    SOLVER,
)


def check_flags(flags: dict[str, Any], output_format: str | None) -> None:
    """Raise `click.UsageError` if flags are missing or exclude each other."""
    if (flags["budget"] is None) == (flags["budgets"] is None):
        raise click.UsageError(
            "give one budget, as in --budget 2.5, or several, as in --budgets 1:5:0.5"
        )
    if flags["stability"] and not flags["bootstrap"]:
        raise click.UsageError("--stability resamples images; add --bootstrap R, such as 200")
    several = "--budgets" if flags["budgets"] else "--alternatives" if flags["alternatives"] else ""
    single = {
        "--dot": output_format == "dot",
        "--stability": flags["stability"],
        "--alternatives": several == "--budgets" and flags["alternatives"],
        "--plot": several == "--alternatives" and click.get_current_context().params.get("plot"),
    }
    for flag, is_set in single.items():
        if several and is_set:
            raise click.UsageError(f"{flag} is for one choice of networks; leave {several} out")


def grouping_problem(flags: dict[str, Any], budget: float) -> GroupingProblem:
    """Return the problem that the flags describe."""
    from taskgraph.grouping.settings import GroupingProblem

    return GroupingProblem(
        budget=budget,
        tasks=join_groups(flags["tasks"]),
        importance=_weights(flags["importance"]),
        exclude=join_groups(flags["exclude"]),
        require=join_groups(flags["require"]),
        cost=_weights(flags["cost"]),
        disjoint=flags["disjoint"],
    )


def _weights(parts: Sequence[dict[str, float]]) -> dict[str, float]:
    """Join the numbers of a flag that was given several times; the last one counts for a name."""
    return {name: number for part in parts for name, number in part.items()}


def completed(
    groupings: Sequence[Grouping], networks: Networks, flags: dict[str, Any]
) -> list[Grouping]:
    """Return the groupings with the intervals and the scores that the flags ask for."""
    from taskgraph.grouping.intervals import with_intervals, with_scores

    result = list(groupings)
    if flags["bootstrap"]:
        count, seed = flags["bootstrap"], flags["seed"]
        result = [with_intervals(each, networks, count=count, seed=seed) for each in result]
    if flags["score_on"]:
        other = read_other(flags["score_on"], flags["table"], flags)
        result = [with_scores(each, other) for each in result]
    return result
