"""TABLE of networks trained on several tasks: its flags, and how it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from taskgraph.cli.losses import direction_settings
from taskgraph.cli.options import (
    F,
    exact_names,
    exact_names_option,
    join_groups,
    merged,
    where_conditions,
    where_option,
    with_options,
)
from taskgraph.cli.output import note
from taskgraph.cli.parameters import Amount, NameList, NameValue
from taskgraph.cli.paths import InputFile

if TYPE_CHECKING:
    from taskgraph.grouping.networks import Networks

READING = (
    click.option(
        "--column",
        "columns",
        type=NameValue(),
        multiple=True,
        metavar="NAME=HEADER",
        help="Read the column HEADER of TABLE as NAME, as in loss=error, gain=accuracy or "
        "image=setting+seed.",
    ),
    where_option("Keep only the rows of TABLE whose column HEADER holds VALUE."),
    exact_names_option,
    click.option(
        "--higher-is-better",
        is_flag=True,
        help="Larger values are better, as those of accuracies are.",
    ),
    click.option(
        "--lower-is-better",
        is_flag=True,
        help="Smaller values are better, as those of losses are (the default without a gain).",
    ),
    click.option(
        "--network-cost",
        type=Amount(),
        metavar="C",
        default=1.0,
        show_default=True,
        help="Cost of each network that has no cost of its own.",
    ),
    click.option(
        "--half-cost",
        type=Amount(),
        metavar="C",
        default=0.5,
        show_default=True,
        help="Cost of a half-size network, in the published results of Standley et al.",
    ),
    click.option(
        "--task-names",
        type=NameList(),
        multiple=True,
        help="Names of the columns of a TABLE without a header (default: task1, task2, ...).",
    ),
    click.option(
        "--gains",
        type=InputFile(),
        metavar="FILE",
        help="Matrix of gains beside a TABLE of 0 and 1, both without a header: one row a network, "
        "one column a task.",
    ),
    click.option(
        "--transpose",
        is_flag=True,
        help="In a matrix of affinities the columns are the tasks that gain; by default the rows "
        "are.",
    ),
    click.option(
        "--largest-group",
        "largest",
        type=click.IntRange(min=1),
        metavar="K",
        help="Largest number of tasks of a network that is made from a matrix of affinities.",
    ),
    click.option(
        "--single-gain",
        type=float,
        metavar="G",
        help="Beside a matrix of affinities, also offer networks for single tasks, with this gain; "
        "affinities say nothing about them.",
    ),
)


def network_options(function: F) -> F:
    """Add the flags that say how to read a table of networks."""
    return with_options(*READING)(function)


def read_candidates(table: str, flags: dict[str, Any]) -> Networks:
    """Return the networks of TABLE, and note what a file without a header was taken for."""
    networks = _read(table, flags, flags["gains"])
    if not join_groups(flags["task_names"]) and networks.tasks[0] == "task1":
        note(
            f"{table} has no header: its {len(networks.tasks)} columns are called task1, task2, "
            "...; name them with --task-names"
        )
    return networks


def read_other(path: str, table: str, flags: dict[str, Any]) -> Networks:
    """Return the networks of --score-on; beside --gains it holds other gains of the same groups."""
    return _read(table, flags, path) if flags["gains"] else _read(path, flags, None)


def _read(table: str, flags: dict[str, Any], gains: str | None) -> Networks:
    """Read a file of networks as the flags say."""
    from taskgraph.tables import NetworkReading, read_networks

    reading = NetworkReading(
        columns=merged(flags["columns"]),
        where=where_conditions(),
        exact_names=exact_names(),
        higher_is_better=direction_settings(flags)["higher_is_better"],
        network_cost=flags["network_cost"],
        half_cost=flags["half_cost"],
        task_names=join_groups(flags["task_names"]),
        transpose=flags["transpose"],
        largest=flags["largest"],
        single_gain=flags["single_gain"],
    )
    return read_networks(table, reading, gains=gains)
