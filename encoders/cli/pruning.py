"""Flags of successive halving: which read-outs of a sweep stop early."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from taskgraph.cli.options import with_options
from taskgraph.cli.parameters import NumberList

if TYPE_CHECKING:
    from encoders.transfer.pruning import Halving

F = TypeVar("F", bound=Callable[..., Any])

NONE, HALVING = "none", "halving"

FLAGS = {"rungs": "--rungs", "keep_share": "--keep-share", "keep_least": "--keep-least"}


def pruning_options(function: F) -> F:
    """Add the flags of pruning; `pruning_of` turns their values into the rule."""
    return with_options(
        click.option(
            "--pruning",
            type=click.Choice([NONE, HALVING]),
            default=NONE,
            show_default=True,
            help="halving: read-outs whose validation losses are not among the best of their "
            "target stop early, by successive halving; their losses are marked as pruned.",
        ),
        click.option(
            "--rungs",
            type=NumberList(),
            metavar="A,B",
            help="With --pruning: shares of the most epochs after which read-outs are compared; "
            "by default .125,.25,.5.",
        ),
        click.option(
            "--keep-share",
            type=click.FloatRange(0, 1, min_open=True, max_open=True),
            metavar="SHARE",
            help="With --pruning: share of the compared read-outs that go on; by default .5.",
        ),
        click.option(
            "--keep-least",
            type=click.IntRange(min=1),
            metavar="N",
            help="With --pruning: number of a target's single sources, and of its sets, that go "
            "on in any case; by default 10.",
        ),
    )(function)


def pruning_of(flags: dict[str, Any]) -> Halving | None:
    """Take the flags of pruning out of ``flags``, and return the rule; None for no pruning."""
    from encoders.transfer.pruning import Halving

    kind = flags.pop("pruning")
    given = {name: flags.pop(name) for name in FLAGS}
    given = {name: value for name, value in given.items() if value is not None}
    if kind == NONE:
        if given:
            raise click.UsageError(
                f"{FLAGS[next(iter(given))]} is a setting of --pruning halving; give that too"
            )
        return None
    names = {"rungs": "rungs", "keep_share": "keep", "keep_least": "least"}
    settings = {names[name]: value for name, value in given.items()}
    if "rungs" in settings:
        settings["rungs"] = tuple(settings["rungs"])
    return Halving(**settings)
