"""Flags that several commands share, and how a flag's old name keeps working."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from taskgraph.cli.parameters import NameList, NameValue
from taskgraph.cli.paths import InputFile

F = TypeVar("F", bound=Callable[..., Any])

EXACT_NAMES = "taskgraph.exact_names"
"""Key under which click's context holds the flag ``--exact-names``."""

WHERE = "taskgraph.where"
"""Key under which click's context holds the conditions of ``--where``."""

ARGUMENTS = "taskgraph.arguments"
"""Key under which click's context holds the arguments as they were typed."""


def command_line() -> str:
    """Return the command that runs, as a person would type it again."""
    return shlex.join(["taskgraph", *click.get_current_context().meta.get(ARGUMENTS, ())])


def with_options(*options: Callable[[Any], Any]) -> Callable[[F], F]:
    """Return a decorator that adds several options, in the order in which ``--help`` lists them."""

    def decorate(function: F) -> F:
        """Add the options to a command's function."""
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def hidden_alias(old: str, new: str, **settings: Any) -> Callable[[F], F]:
    """Return a decorator by which a flag's old name still works, without showing it in ``--help``.

    Parameters
    ----------
    old, new : str
        The two names with their dashes, such as ``--colour-by`` and ``--color-by``. The command
        has the option ``new`` already; it checks and converts the value. Where both are given,
        ``new`` counts.
    **settings
        ``is_flag`` or ``multiple``, as the option ``new`` has them.
    """
    name = new.lstrip("-").replace("-", "_")

    def forward(ctx: click.Context, alias: click.Parameter, value: Any) -> None:
        """Make the old name's value the default of the option ``new``."""
        if ctx.get_parameter_source(str(alias.name)) == ParameterSource.COMMANDLINE:
            ctx.default_map = {**(ctx.default_map or {}), name: value}

    # Eager: the value is in place before the option `new` looks for its default.
    return click.option(
        old, hidden=True, is_eager=True, expose_value=False, callback=forward, **settings
    )


def table_argument(function: F) -> F:
    """Add ``TABLE``, a file of transfers, which is optional, and the flags that say how to read it.

    Without it a command reads the table that comes with the library.
    """
    function = where_option("Keep only the rows of TABLE whose column HEADER holds VALUE.")(
        exact_names_option(function)
    )
    return click.argument("table", required=False, type=InputFile())(function)


def seed_option(function: F) -> F:
    """Add ``--seed``, the one seed of a run."""
    return click.option(
        "--seed",
        type=click.IntRange(min=0),
        default=0,
        show_default=True,
        metavar="N",
        help="Seed of the whole run.",
    )(function)


def bootstrap_option(help_text: str, *, default: int = 200, least: int = 1) -> Callable[[F], F]:
    """Return a decorator that adds ``--bootstrap``, a number of resamples, at least ``least``."""
    return click.option(
        "--bootstrap",
        type=click.IntRange(min=least),
        default=default,
        show_default=True,
        metavar="R",
        help=help_text,
    )


def exclude_option(function: F) -> F:
    """Add ``--exclude``, the tasks to leave out."""
    return click.option(
        "--exclude",
        type=NameList(),
        multiple=True,
        help="Leave these tasks out, as sources and as targets.",
    )(function)


def format_options(**helps: str) -> Callable[[F], F]:
    """Return a decorator that adds flags such as ``--json``, of which at most one may be given.

    The command gets the one that was given, without its dashes, as ``output_format``; else None.
    """

    def choose(ctx: click.Context, flag: click.Parameter, is_set: bool) -> None:
        """Store the format of the flag that was given; a second one is an error."""
        earlier = ctx.params.setdefault("output_format", None)
        if is_set and earlier is not None:
            raise click.UsageError(
                f"--{earlier} and {flag.opts[0]} exclude each other; give one of them", ctx
            )
        if is_set:
            ctx.params["output_format"] = flag.opts[0].removeprefix("--")

    return with_options(
        *(
            click.option(
                f"--{name}",
                f"as_{name}",
                is_flag=True,
                expose_value=False,
                callback=choose,
                help=text,
            )
            for name, text in helps.items()
        )
    )


def exact_names_option(function: F) -> F:
    """Add ``--exact-names``; `exact_names` returns its value."""

    def keep(ctx: click.Context, _: click.Parameter, value: bool) -> None:
        """Store the flag's value in the context."""
        ctx.meta[EXACT_NAMES] = value

    return click.option(
        "--exact-names",
        is_flag=True,
        expose_value=False,
        callback=keep,
        help="Accept names that differ only in case or in how a number is written, as different "
        "tasks.",
    )(function)


def exact_names() -> bool:
    """Return whether the running command was given ``--exact-names``."""
    context = click.get_current_context(silent=True)
    return bool(context and context.meta.get(EXACT_NAMES))


def where_option(help_text: str) -> Callable[[F], F]:
    """Return a decorator that adds ``--where``; `where_conditions` returns its values."""

    def keep(ctx: click.Context, _: click.Parameter, value: tuple[dict[str, str], ...]) -> None:
        """Store the conditions in the context."""
        ctx.meta[WHERE] = merged(value)

    return click.option(
        "--where",
        type=NameValue(),
        multiple=True,
        metavar="HEADER=VALUE",
        expose_value=False,
        callback=keep,
        help=help_text,
    )


def where_conditions() -> dict[str, str]:
    """Return headers and values of the running command's ``--where``."""
    return click.get_current_context().meta.get(WHERE) or {}


def merged(parts: Iterable[dict[str, str]]) -> dict[str, str]:
    """Join the values of a flag that was given several times; the last one counts for a name."""
    return {name: text for part in parts for name, text in part.items()}


def join_groups(groups: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """Join the names of a flag that was given several times."""
    return tuple(name for group in groups for name in group)
