"""The command line; each command is imported when it is called, and each error is one line.

Exit codes: 0 solved, 2 bad usage or input, 3 infeasible (or nothing found in the time limit),
130 ended by Ctrl-C, 141 ended because the reader of standard output, such as ``head``, had ended.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
import warnings
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import click

from taskgraph import __version__
from taskgraph.cli.exit_codes import (
    BAD_INPUT,
    CLOSED_PIPE,
    INFEASIBLE,
    INTERRUPTED,
    Interrupted,
)
from taskgraph.cli.groups import SuggestingGroup
from taskgraph.cli.options import ARGUMENTS
from taskgraph.cli.output import printable
from taskgraph.cli.streams import ClosedPipeError, guard_streams
from taskgraph.errors import InfeasibleError, TaskgraphError, describe_os_error

GROUP = "taskgraph.commands"
OURS = ("encoders", "benchmarks")

COMMANDS = {
    "solve": "taskgraph.cli.solve",
    "affinity": "taskgraph.cli.affinity",
    "stability": "taskgraph.cli.stability",
    "sensitivity": "taskgraph.cli.sensitivity",
    "frontier": "taskgraph.cli.frontier",
    "group": "taskgraph.cli.group",
    "evaluate": "taskgraph.cli.evaluate",
    "recommend": "taskgraph.cli.recommend",
    "extend": "taskgraph.cli.extend",
    "remeasure": "taskgraph.cli.remeasure",
    "plot": "taskgraph.cli.plot",
    "import": "taskgraph.cli.import_",
    "report": "taskgraph.cli.report",
    "serve": "taskgraph.cli.serve",
}
"""Each command and the module that holds it as the attribute ``<name>_command``."""


class LazyGroup(SuggestingGroup):
    """Imports a command when it is called; other packages add commands by entry points."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return this package's commands in the order of use, then those of others by name."""
        return [*COMMANDS, *sorted(set(_plugins()) - set(COMMANDS))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command and return it; None if no command has this name."""
        if cmd_name in COMMANDS:
            module = importlib.import_module(COMMANDS[cmd_name])
            command: click.Command = getattr(module, f"{cmd_name}_command")
            return command
        plugin = _plugins().get(cmd_name)
        return None if plugin is None else plugin.load()

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep the arguments as they were typed, for a page that names its command."""
        ctx.meta[ARGUMENTS] = list(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; Ctrl-C becomes an error of one line."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise Interrupted("interrupted; files that were already written are whole") from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing those of other distributions."""
        rows = []
        for name in self.list_commands(ctx):
            if name in COMMANDS or name in own_plugins():
                command = self.get_command(ctx, name)
                rows.append((name, command.get_short_help_str(200) if command else ""))
            else:
                rows.append((name, f"(from {_plugins()[name].module.partition('.')[0]})"))
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def own_plugins() -> list[str]:
    """Return the names of the commands of `encoders` and `benchmarks`; they import quickly."""
    return sorted(p.name for p in _plugins().values() if p.module.partition(".")[0] in OURS)


def _plugins() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="taskgraph")
def taskgraph() -> None:
    """Measure which tasks help which, and find the few tasks to supervise.

    \b
    Examples:
      taskgraph import taskonomy published/ -o transfers.csv
      taskgraph solve transfers.csv --budget 5
      taskgraph affinity losses.parquet -o transfers.csv --bootstrap 200
      taskgraph frontier transfers.csv --budgets 1:26 --plot frontier.svg
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    guard_streams()
    warnings.formatwarning = _warning_line
    code = run(arguments)
    solvers = sys.modules.get("taskgraph.solver.running")
    if solvers is not None and solvers.abandoned_solver_runs():
        os._exit(code)  # the result is printed; a normal exit would wait for the solver
    gc.freeze()  # else the interpreter searches all modules for garbage before it ends
    sys.exit(code)


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    try:
        return _run(arguments)
    except ClosedPipeError:
        return CLOSED_PIPE
    except InfeasibleError as error:
        return _fail(str(error), INFEASIBLE)
    except TaskgraphError as error:
        return _fail(str(error))
    except OSError as error:
        name = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
        return _fail(f"{name}{describe_os_error(error)}")
    except UnicodeEncodeError as error:
        return _fail(f'"{error.object}" holds a byte that is no character of UTF-8; retype it')
    except MemoryError:
        return _fail("there is not enough memory for this; take a smaller table or fewer numbers")


def _run(arguments: list[str] | None) -> int:
    """Run the command line; errors of use and Ctrl-C become exit codes here."""
    try:
        result: Any = taskgraph.main(arguments, prog_name="taskgraph", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.exceptions.NoArgsIsHelpError as usage:
        click.echo(usage.format_message())
        return BAD_INPUT
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "taskgraph"
        return _fail(f"{error.format_message().rstrip('.')} (see `{where} --help`)")
    except Interrupted as error:
        return _fail(error.format_message(), INTERRUPTED)
    except click.ClickException as error:
        return _fail(error.format_message())
    except click.Abort:
        return _fail("interrupted", INTERRUPTED)
    return result if isinstance(result, int) else 0


def _warning_line(message: Warning | str, *_: object, **__: object) -> str:
    """Return a library's warning as one line, without file and line of its code."""
    return f"Warning: {printable(' '.join(str(message).split()))}\n"


def _fail(message: str, code: int = BAD_INPUT) -> int:
    """Print an error as one line, with control characters as escapes; return the exit code."""
    click.echo(f"Error: {printable(' '.join(message.split()))}", file=sys.stderr)
    return code
