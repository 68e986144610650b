"""Flags of the reference ``scratch``: one configuration, or a grid to choose one from."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from taskgraph.cli.options import with_options
from taskgraph.cli.parameters import NameList, NumberList

if TYPE_CHECKING:
    from encoders.transfer.scratch import ScratchConfig, ScratchGrid

F = TypeVar("F", bound=Callable[..., Any])


def scratch_options(function: F) -> F:
    """Add the flags of ``scratch``; `scratch_of` turns their values into its configuration."""
    return with_options(
        click.option(
            "--scratch-epochs",
            type=NumberList(int),
            metavar="N[,N]",
            help="Most epochs of the reference scratch, if not those of the read-outs. Several are "
            "tried first, with each of --scratch-learning-rate; the best by validation losses "
            "trains the scratch of every target.",
        ),
        click.option(
            "--scratch-learning-rate",
            type=NumberList(),
            metavar="X[,X]",
            help="Learning rate of the reference scratch, if not that of the read-outs; several "
            "are tried.",
        ),
        click.option(
            "--scratch-targets",
            type=NameList(),
            default=(),
            help="Targets to try several --scratch-epochs or --scratch-learning-rate on; by "
            "default all targets.",
        ),
    )(function)


def scratch_of(flags: dict[str, Any]) -> tuple[ScratchConfig | None, ScratchGrid | None]:
    """Take the flags of ``scratch`` out of ``flags``; None for both if none was given.

    Several values are a grid to choose from, single ones a configuration.
    """
    from encoders.transfer.scratch import ScratchConfig, ScratchGrid

    epochs = flags.pop("scratch_epochs") or ()
    rates = flags.pop("scratch_learning_rate") or ()
    targets = tuple(flags.pop("scratch_targets"))
    if len(set(epochs)) > 1 or len(set(rates)) > 1:
        return None, ScratchGrid(epochs, rates, targets)
    if targets:
        raise click.UsageError(
            "--scratch-targets are those on which several settings are tried; give several to "
            "--scratch-epochs or --scratch-learning-rate, as in --scratch-epochs 24,48"
        )
    if not epochs and not rates:
        return None, None
    return ScratchConfig(next(iter(epochs), None), next(iter(rates), None)), None
