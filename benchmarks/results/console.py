"""What commands of ``taskgraph`` print, as records keep it and pages show it."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

from taskgraph.errors import TaskgraphError


class CommandError(TaskgraphError, RuntimeError):
    """A command that a suite runs has failed."""


def printed(command: str, folder: Path) -> str:
    """Run a command of ``taskgraph`` in a folder, and return what it prints.

    Parameters
    ----------
    command : str
        Such as ``taskgraph solve transfers.csv --budget 3``.

    Returns
    -------
    str
        Standard output, without blanks at the ends of lines and without the last newline.

    Raises
    ------
    CommandError
        If the command ends with another code than 0.
    """
    name, *arguments = shlex.split(command)
    if name != "taskgraph":
        raise CommandError(f"`{command}` is no command of taskgraph")
    done = subprocess.run(
        [sys.executable, "-m", "taskgraph", *arguments], cwd=folder, capture_output=True, text=True
    )
    if done.returncode:
        raise CommandError(f"`{command}` ended with {done.returncode}: {done.stderr.strip()}")
    return "\n".join(line.rstrip() for line in done.stdout.splitlines())


def console(command: str, text: str) -> str:
    """Return a command and what it printed as a block of Markdown."""
    return f"```console\n$ {command}\n{text}\n```"
