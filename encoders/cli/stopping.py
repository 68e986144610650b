"""Flags of the commands that train: for how long, and when to stop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from taskgraph.cli.options import with_options

F = TypeVar("F", bound=Callable[..., Any])


CUTS = (
    click.option(
        "--min-delta",
        type=click.FloatRange(min=0),
        default=0.001,
        show_default=True,
        help="Share of the validation loss by which it must fall to count as improved.",
    ),
    click.option(
        "--cuts",
        type=click.IntRange(min=0),
        default=2,
        show_default=True,
        help="Cuts of the learning rate, to a fifth each, before training stops by patience.",
    ),
    click.option(
        "--evaluations",
        type=click.IntRange(min=1),
        default=1,
        show_default=True,
        help="Evaluations on the validation images in each epoch.",
    ),
)
"""When the validation loss counts as improved, how often it is measured, and how often the learning
rate is cut."""


def stopping_options(*, epochs: int, patience: int) -> Callable[[F], F]:
    """Return a decorator that adds the options of `FitConfig` for stopping.

    Parameters
    ----------
    epochs, patience : int
        The defaults of ``--epochs`` and ``--patience``; a patience of 0 is none.
    """
    return with_options(_epochs_option(epochs), _patience_option(patience), *CUTS)


def _epochs_option(default: int) -> Callable[[F], F]:
    """Return the option ``--epochs``."""
    return click.option(
        "--epochs",
        "--max-epochs",
        "epochs",
        type=click.IntRange(min=1),
        default=default,
        show_default=True,
        help="Passes over the training images; with --patience, the most.",
    )


def _patience_option(default: int) -> Callable[[F], F]:
    """Return the option ``--patience``; the command gets None for 0."""
    return click.option(
        "--patience",
        type=click.IntRange(min=0),
        default=default,
        show_default=True,
        callback=lambda _context, _option, value: value or None,
        help="Evaluations without improvement of the validation loss after which the learning "
        "rate is cut, and after the last cut training stops. 0: train for all epochs, with a "
        "learning rate that falls as a cosine.",
    )
