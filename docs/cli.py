"""Write docs/cli.md from the ``--help`` texts: ``python docs/cli.py > docs/cli.md``."""

from __future__ import annotations

from collections.abc import Iterator

import click

from taskgraph.cli import COMMANDS, own_plugins, taskgraph

WIDTH = 96


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command of this distribution, and the commands of its groups."""
    for name in [*COMMANDS, *own_plugins()]:
        command = taskgraph.get_command(click.Context(taskgraph), name)
        assert command is not None
        yield from with_subcommands(name, command)


def with_subcommands(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """A command, its other forms and, if it is a group, all commands below it."""
    yield name, command
    for flag, form in getattr(command, "forms", {}).items():
        yield f"{name} {flag}", form
    if isinstance(command, click.Group):
        for below in command.list_commands(click.Context(command)):
            yield from with_subcommands(f"{name} {below}", command.commands[below])


def page() -> str:
    """The whole page."""
    parts = ["# The command line\n\nMade from the `--help` texts by `python docs/cli.py`.\n"]
    for name, command in commands():
        context = click.Context(
            command,
            info_name=f"taskgraph {name}",
            terminal_width=WIDTH,
            max_content_width=WIDTH,
            help_option_names=["-h", "--help"],
        )
        parts.append(f"## taskgraph {name}\n\n```\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    print(page(), end="")
