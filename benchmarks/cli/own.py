"""Flags of a run of a suite on the user's own data, beside those of the suite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field
from typing import Any

import click
from click.core import ParameterSource

from benchmarks.cli.flags import options_of
from benchmarks.results.suite import Suite, flag_of

GENERAL = ("out", "render")
"""Flags that go with both kinds of runs."""


def own_fields(suite: Suite) -> dict[str, Field[Any]]:
    """Return the fields of the settings of a run on the user's own data, by name."""
    return {} if suite.own is None else dict(suite.own.__dataclass_fields__)


def own_options(suite: Suite) -> list[click.Option]:
    """Return the options that a run on the user's own data has and the suite itself has not."""
    shared = {one.name for one in suite.fields}
    options = options_of(suite.own) if suite.own is not None else []
    return [one for one in options if one.name not in shared]


def own_settings(suite: Suite, flags: Mapping[str, Any], context: click.Context) -> Any:
    """Return the settings of a run on the user's own data; None if no flag asks for one.

    Flags that both kinds of runs have are used if they are given; their default is that of the
    settings of such a run.

    Raises
    ------
    click.UsageError
        If a flag of the suite alone is given as well.
    """
    given = {
        name: value
        for name, value in flags.items()
        if context.get_parameter_source(name) == ParameterSource.COMMANDLINE
    }
    asking = [one.name for one in own_options(suite) if one.name in given]
    if not asking or suite.own is None:
        return None
    fields = own_fields(suite)
    other = [name for name in given if name not in fields and name not in GENERAL]
    if other:
        words = {param.name: param.opts[0] for param in context.command.params}
        raise click.UsageError(
            f"{words[other[0]]} is for the suite and {words[asking[0]]} for your own data; give "
            "one of them",
            context,
        )
    return suite.own(**{name: value for name, value in given.items() if name in fields})


def own_help(suite: Suite) -> str:
    """Return the part of the help text about runs on the user's own data."""
    if suite.own is None:
        return ""
    names = {one.name for one in suite.fields}
    shared = [one for one in own_fields(suite).values() if one.name in names]
    own = ", ".join(flag_of(each) for each in own_fields(suite).values() if each not in shared)
    also = ", ".join(f"{flag_of(each)} {_shown(each.default)}" for each in shared)
    return (
        f"\n\nYour own data: {own}, with which {suite.name} trains on them instead. Then the "
        f"defaults are {also} and --out runs/{suite.name}-own.\n\n\b\nExample:\n  taskgraph bench "
        f"{suite.name}{suite.own_example}"
    )


def _shown(default: Any) -> str:
    """Return a default value as the help text shows it."""
    return "of the protocol" if default in (None, ()) else str(default)
