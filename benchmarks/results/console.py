"""Output of ``taskgraph`` commands, for records and pages."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.results.log import Log
from taskgraph.errors import TaskgraphError


class CommandError(TaskgraphError, RuntimeError):
    """Raised where a command that a suite runs fails."""


def printed(command: str, folder: Path) -> str:
    """Run a command of ``taskgraph`` in a folder, and return its output.

    Parameters
    ----------
    command : str
        A command line such as ``taskgraph solve transfers.csv --budget 3``.

    Returns
    -------
    str
        The standard output, without blanks at the ends of lines and without the last newline.

    Raises
    ------
    CommandError
        If the exit code is not 0.
    """
    name, *arguments = shlex.split(command)
    if name != "taskgraph":
        raise CommandError(f"`{command}` is no command of taskgraph")
    done = subprocess.run(
        [sys.executable, "-m", "taskgraph", *arguments], cwd=folder, capture_output=True, text=True
    )
    if done.returncode:
        raise CommandError(f"`{command}` ended with {done.returncode}: {_reason(done.stderr)}")
    return "\n".join(line.rstrip() for line in done.stdout.splitlines())


def _reason(errors: str) -> str:
    """Return the message of the last error among a command's messages; all if there is none."""
    lines = [line for line in errors.splitlines() if line.startswith("Error: ")]
    return lines[-1].removeprefix("Error: ") if lines else errors.strip()


def record_output(
    log: Log, command: str, folder: Path, settings: Mapping[str, Any], **key: Any
) -> None:
    """Run a command of ``taskgraph`` in a folder, and record its output and its seconds.

    A command whose record the log has is not run again.

    Parameters
    ----------
    settings : dict
        Settings of the record; ``command`` is the command as pages show it.
    key
        ``seed`` and ``split`` of the record.
    """
    if log.has(settings, **key):
        return
    start = time.perf_counter()
    text = printed(command, folder)
    seconds = round(time.perf_counter() - start, 3)
    log.add(settings, {"printed": text}, seconds=seconds, **key)


def console(command: str, text: str) -> str:
    """Return a command and its output as a block of Markdown."""
    return f"```console\n$ {command}\n{text}\n```"
