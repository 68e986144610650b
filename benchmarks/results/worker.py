"""Run a measurement in another process, such as one of another library's environment."""

from __future__ import annotations

import os
import subprocess
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from taskgraph.errors import TaskgraphError


class WorkerError(TaskgraphError, RuntimeError):
    """Raised where the process of one method fails."""


def python_for(library: str, given: str | None, *, flag: str, install: str) -> str:
    """Return the path of the Python of ``--python`` for a part that compares with a library.

    Parameters
    ----------
    library : str
        Name of the library, and of the environment in the message.
    given : str or None
        Value of ``--python``.
    flag : str
        The flag and value that ask for the part, such as "--part avalanche".
    install : str
        What pip installs in the environment.

    Raises
    ------
    WorkerError
        If it is not given, or is no program.
    """
    if given is None:
        raise WorkerError(
            f"{flag} needs --python PATH, the Python of an environment that has {library} (python3 "
            f"-m venv {library}; {library}/bin/pip install {install})"
        )
    return python_path(given)


def python_path(given: str) -> str:
    """Return the absolute path of the Python that ``--python`` names.

    It is a path, as all files of a command line are, and no name that is looked up on ``PATH``.

    Raises
    ------
    WorkerError
        If there is no such file, or it is no program.
    """
    path = Path(given).absolute()  # not resolved: a link into an environment is part of its path
    if not path.is_file() or not os.access(path, os.X_OK):
        raise WorkerError(
            f"--python is {given}, which is no program; expected the path of an environment's "
            "Python, such as env/bin/python"
        )
    return str(path)


def call_worker(command: Sequence[str], job: Mapping[str, Any], *, needs: str) -> dict[str, Any]:
    """Run a worker on a job, and return the arrays that it wrote.

    A process that fails after it wrote them, as a library's threads can make it at the end, has
    done its job.

    Parameters
    ----------
    command : sequence of str
        A Python and its arguments; the paths of the job and of the result, both ``.npz``, follow.
    job : mapping
        Arrays, numbers and text by name.
    needs : str
        What the Python of ``--python`` must import, for the message.

    Raises
    ------
    WorkerError
        If the process fails; the message has the last line of its errors.
    """
    with tempfile.TemporaryDirectory(prefix="taskgraph.") as folder:
        given, result = Path(folder) / "job.npz", Path(folder) / "result.npz"
        np.savez(given, **dict(job))
        try:
            done = subprocess.run(
                [*command, str(given), str(result)], capture_output=True, text=True, check=False
            )
        except OSError as error:
            raise WorkerError(f"{command[0]} cannot be run: {error.strerror} (--python)") from None
        try:
            with result.open("rb") as file, np.load(file) as arrays:
                return dict(arrays)
        except (OSError, EOFError, ValueError, zipfile.BadZipFile):  # none, or one that was cut off
            lines = done.stderr.strip().splitlines() or ["no message"]
            raise WorkerError(
                f"{Path(command[0]).name} {command[-1]} failed: {lines[-1]}; check that the Python "
                f"of --python imports {needs}"
            ) from None
