"""``taskgraph bench``: one command a suite; a suite is imported when its command is called."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping

import click

from benchmarks.cli.registry import PACKAGES
from taskgraph.cli.groups import SuggestingGroup

OTHERS = {"data": "benchmarks.cli.data", "all": "benchmarks.cli.all"}
"""The other commands, and the modules that define each as ``command``."""

SUBCOMMANDS = {"prior": "benchmarks.cli.prior"}
"""Suites that also work on a user's own files, and the modules with their ``COMMANDS``."""


class Commands(MutableMapping[str, click.Command]):
    """The commands by name; each is created when it is looked up."""

    def __getitem__(self, name: str) -> click.Command:
        import importlib

        if name in OTHERS:
            command: click.Command = importlib.import_module(OTHERS[name]).command
            return command
        if name not in PACKAGES:
            raise KeyError(name)
        from benchmarks.cli.command import command_of
        from benchmarks.cli.registry import load

        below = importlib.import_module(SUBCOMMANDS[name]).COMMANDS if name in SUBCOMMANDS else {}
        return command_of(load(name), below)

    def __iter__(self) -> Iterator[str]:
        return iter([*PACKAGES, *OTHERS])

    def __len__(self) -> int:
        return len(PACKAGES) + len(OTHERS)

    def __setitem__(self, name: str, command: click.Command) -> None:
        raise TypeError("suites are listed in benchmarks.cli.registry")

    def __delitem__(self, name: str) -> None:
        raise TypeError("suites are listed in benchmarks.cli.registry")


class SuiteGroup(SuggestingGroup):
    """The group ``taskgraph bench``, which lists suites in the order of `PACKAGES`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands in the order of `PACKAGES`."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands to the help text, each with its whole question."""
        rows = [(name, command.get_short_help_str(200)) for name, command in self.commands.items()]
        with formatter.section("Suites"):
            formatter.write_dl(rows)


@click.group(
    "bench",
    cls=SuiteGroup,
    commands=Commands(),
    invoke_without_command=True,
    short_help="Run a suite of measurements, or render its page.",
)
@click.pass_context
def bench(ctx: click.Context) -> None:
    """Run a suite of measurements, and render its page from its records.

    Without the name of a suite, this command lists all suites.

    \b
    Examples:
      taskgraph bench solver --preset smoke --out runs/solver
      taskgraph bench solver --render
      taskgraph bench all --preset smoke
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
