"""Run a measurement in another process, such as one of another library's environment."""

from __future__ import annotations

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
