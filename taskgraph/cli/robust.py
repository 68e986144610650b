"""``--robust`` of `taskgraph solve`: its flags, and the robust set of losses in a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from taskgraph.cli.losses import METHOD, affinities_of
from taskgraph.cli.options import F, bootstrap_option, seed_option, where_conditions, with_options
from taskgraph.cli.output import notices
from taskgraph.cli.problem import check_costs, problem_from_flags
from taskgraph.progress import progress_bar

if TYPE_CHECKING:
    from taskgraph.affinity import Affinities
    from taskgraph.sensitivity.robust import RobustTaxonomy

ONLY_ROBUST = ("bootstrap", "seed", "method")
"""Flags that only ``--robust`` uses."""


def robust_options(function: F) -> F:
    """Add ``--robust`` and the flags that only it uses."""
    return with_options(
        click.option(
            "--robust",
            type=click.Choice(["max", "mean"]),
            help="Choose the set with the least maximal or mean regret over resamples of the test "
            "images, by one integer program. TABLE is then a file of per-image losses.",
        ),
        bootstrap_option("Number of resamples of --robust."),
        seed_option,
        METHOD,
    )(function)


def refuse_flags(robust: str | None, others: Mapping[str, object]) -> None:
    """Raise a usage error if flags were given that do not go with, or without, ``--robust``.

    ``others`` are the flags that ``--robust`` excludes, with their values.
    """
    ctx = click.get_current_context()
    if robust is not None:
        for flag, value in others.items():
            if value:
                raise click.UsageError(f"{flag} is for one table; leave it or --robust out")
        return
    for name in ONLY_ROBUST:
        if ctx.get_parameter_source(name) == ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--{name} is for --robust; add --robust max, or leave it out")


def robust_taxonomy(
    table: str | None,
    criterion: str,
    problem_file: str | None,
    flags: dict[str, Any],
    *,
    solver: str,
    time_limit: float | None,
) -> RobustTaxonomy:
    """Resample the losses in TABLE, and return the taxonomy with the least regret."""
    import taskgraph as tg
    from taskgraph.cli.stopping import stoppable

    problem = problem_from_flags(problem_file, flags)
    with notices():
        resampled = _resampled(table, flags)
    check_costs(resampled.transfers, problem, flags)
    with stoppable(time_limit) as clock, progress_bar("resamples") as progress:
        return tg.solve_robust(
            resampled, problem, criterion=criterion, solver=solver, clock=clock, progress=progress
        )


def _resampled(table: str | None, flags: dict[str, Any]) -> Affinities:
    """Return the affinities of the losses in TABLE, with resamples."""
    from taskgraph.tables import TableFiles, table_kind

    if table is None:
        raise click.UsageError(
            "--robust resamples images; name a file of per-image losses, as for `taskgraph "
            "stability`"
        )
    kind = table_kind(table)
    if kind != "losses":
        raise click.UsageError(f"{table} holds {kind}; only losses on images can be resampled")
    rows = {"columns": {}, "where": where_conditions(), "drop": ()}
    settings = {"ties": "half", "clip": 1e-3, "min_images": 10}
    return affinities_of(
        TableFiles.of(table), rows, settings | {name: flags[name] for name in ONLY_ROBUST}
    )
