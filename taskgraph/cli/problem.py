"""The flags of the program, and how they become a `Problem` beside a table of transfers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from taskgraph.cli.options import (
    F,
    exact_names,
    exclude_option,
    join_groups,
    where_conditions,
    with_options,
)
from taskgraph.cli.output import note, notices
from taskgraph.cli.parameters import Amount, NameList, Weights
from taskgraph.cli.paths import InputFile

if TYPE_CHECKING:
    from taskgraph.problem import Problem
    from taskgraph.transfers import Transfers

FAR_COST = 10.0
"""Costs that are all above this, or below its inverse, are in another unit than the default 1."""

BUDGET = click.option(
    "--budget",
    type=Amount(),
    metavar="B",
    help="Largest total cost of labels and transfers (default 6).",
)
MAX_ORDER = click.option(
    "--max-order",
    type=click.IntRange(min=1),
    metavar="K",
    help="Largest number of sources of one transfer (default 5).",
)
SOLVER = click.option(
    "--solver",
    metavar="NAME",
    default="highs",
    show_default=True,
    help="Solver of the program: highs, cbc, or another one that PuLP finds.",
)
COSTS = (
    click.option(
        "--importance",
        type=Weights(),
        multiple=True,
        help="Weight of a target in the objective (default 1).",
    ),
    click.option(
        "--label-cost",
        type=Weights(),
        multiple=True,
        help="Cost of supervising a task, in the unit of --budget (default 1).",
    ),
    click.option(
        "--label-costs",
        type=InputFile(),
        metavar="FILE",
        help="Table with the columns task and label_cost: the cost of supervising each task. "
        "--label-cost overrides it.",
    ),
    click.option(
        "--default-label-cost",
        type=Amount(),
        metavar="C",
        help="Cost of supervising each task that has no label cost of its own (default 1).",
    ),
    click.option(
        "--transfer-cost",
        type=Weights(),
        multiple=True,
        help="Cost of training a transfer to a target, in the unit of --budget (default 0).",
    ),
)
ROLES = (
    click.option(
        "--objective",
        metavar="NAME",
        help="What to sum over the targets: sqrt (square root of the affinity; the default), "
        "linear (affinity), log, gain, quality, or closed (share of the loss between scratch and "
        "self that a transfer closes).",
    ),
    click.option(
        "--problem",
        "problem_file",
        type=InputFile(),
        metavar="FILE",
        help="TOML file with budget, roles, importances and costs; flags override it.",
    ),
    click.option(
        "--source-only",
        type=NameList(),
        multiple=True,
        help="Tasks that may be supervised and need not be solved.",
    ),
    click.option(
        "--target-only",
        type=NameList(),
        multiple=True,
        help="Tasks that are to be solved and cannot be supervised.",
    ),
    exclude_option,
    click.option(
        "--require",
        type=NameList(),
        multiple=True,
        help="Tasks that must be supervised.",
    ),
)
MAY_TRANSFER = click.option(
    "--supervised-may-transfer",
    is_flag=True,
    default=None,
    help="Let a supervised target be solved by a transfer that is better than its own network.",
)


def problem_options(
    *, budget: bool = True, max_order: bool = True, solver: bool = True
) -> Callable[[F], F]:
    """Return a decorator that adds the flags of the program, named as `taskgraph.solve`'s keywords.

    ``budget``, ``max_order`` and ``solver`` say whether to add these three flags.
    """
    first = [BUDGET] if budget else []
    first += [MAX_ORDER] if max_order else []
    return with_options(*first, *ROLES, *COSTS, MAY_TRANSFER, *([SOLVER] if solver else []))


def read_table(table: str | None) -> Transfers:
    """Open TABLE, or the table that comes with the library.

    Notes about the table are printed after the command has succeeded.
    """
    from taskgraph.frames.direction import direction_in
    from taskgraph.tables import default_transfers, read_transfers

    where = where_conditions()
    if table is None:
        if where:
            raise click.UsageError("--where picks rows of a TABLE; name one")
        return default_transfers()
    click.get_current_context().with_resource(notices())
    transfers = read_transfers(table, where=where, exact_names=exact_names())
    direction = direction_in(transfers.frame)
    if direction:
        logging.getLogger("taskgraph").warning(f"{table} was made from scores: {direction}")
    return transfers


def read_inputs(
    table: str | None, problem_file: str | None, flags: Mapping[str, Any]
) -> tuple[Transfers, Problem]:
    """Return the table and the problem of a command; see `read_table` and `check_costs`."""
    problem = problem_from_flags(problem_file, flags)
    transfers = read_table(table)
    return transfers, check_costs(transfers, problem, flags)


def problem_from_flags(problem_file: str | None, flags: Mapping[str, Any]) -> Problem:
    """Return the problem of the file, or the default one, changed by all flags that were given."""
    from taskgraph.problem import Problem
    from taskgraph.tables import read_label_costs, read_problem

    problem = read_problem(problem_file) if problem_file else Problem()
    settings: dict[str, Any] = {
        name: flags[name]
        for name in (
            "budget",
            "max_order",
            "objective",
            "default_label_cost",
            "supervised_may_transfer",
        )
        if flags.get(name) is not None
    }
    for name in ("importance", "label_cost", "transfer_cost"):
        weights: dict[str, float] = dict(getattr(problem, name))
        if name == "label_cost" and flags.get("label_costs"):
            weights |= read_label_costs(flags["label_costs"])
        for part in flags.get(name, ()):
            weights |= part
        settings[name] = weights
    settings["require"] = (*problem.require, *join_groups(flags.get("require", ())))
    return replace(problem, **settings, **_roles(problem, flags))


def check_costs(transfers: Transfers, problem: Problem, flags: Mapping[str, Any]) -> Problem:
    """Check the tasks of a file of costs, and warn where costs seem to be in two units.

    A list of prices in euros that leaves tasks out would let these cost one euro each.
    """
    from taskgraph.tables import read_label_costs
    from taskgraph.tasks import some_names

    if flags.get("label_costs"):
        read_label_costs(flags["label_costs"], tasks=transfers.tasks)
    costs = [c for c in (*problem.label_cost.values(), *problem.transfer_cost.values()) if c]
    rest = [name for name in problem.supervisable(transfers) if name not in problem.label_cost]
    far = costs and (min(costs) > FAR_COST or max(costs) < 1 / FAR_COST)
    if far and rest and problem.default_label_cost is None:
        span = f"{min(costs):g}" + (f" to {max(costs):g}" if max(costs) > min(costs) else "")
        others = f"{len(rest)} other tasks" if len(rest) > 1 else "one other task"
        note(
            f"Warning: the given costs are {span}, and the label cost of {others} is 1: "
            f"{some_names(rest)}; set it with --default-label-cost C (with --default-label-cost 1 "
            "if 1 is meant)"
        )
    return problem


def _roles(problem: Problem, flags: Mapping[str, Any]) -> dict[str, Any]:
    """Return the lists of roles; a flag takes a task out of the role that the file gave it."""
    names = ("source_only", "target_only", "exclude")
    flagged = {name: join_groups(flags.get(name, ())) for name in names}
    moved = {task for tasks in flagged.values() for task in tasks}
    return {
        name: (*(t for t in getattr(problem, name) if t not in moved), *flagged[name])
        for name in names
    }
