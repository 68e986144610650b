"""A job, and the function that makes its call in a worker and reports how it ended."""

from __future__ import annotations

import os
import pickle
import platform
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from encoders.errors import StorageError
from encoders.errors.storage import trouble
from taskgraph.errors import TaskgraphError


@dataclass(frozen=True)
class Job:
    """A function call that depends on no other job and can be repeated.

    Attributes
    ----------
    key : str
        Name of the job; each job of a run has another one.
    function : callable
        A function of a module that the workers can import. It writes its own results, atomically,
        and returns a small value.
    args : tuple
        Arguments of the function; they must be picklable.
    done : Path, optional
        The file that the function writes last. If it exists, the job is not begun.
    weight : float
        How long the job takes, in any unit that the jobs of a run share. Only the estimate of the
        time left uses it.
    """

    key: str
    function: Callable[..., Any]
    args: tuple[Any, ...] = ()
    done: Path | None = None
    weight: float = 1.0

    @property
    def is_done(self) -> bool:
        """Return whether the file ``done`` exists."""
        return self.done is not None and self.done.exists()

    @property
    def folder(self) -> str:
        """Return the folder that the job writes to, for errors of the disk; "" if it is unknown."""
        paths = (value for value in self.args if isinstance(value, Path))
        return str(self.done.parent if self.done else next(paths, ""))

    def packed(self) -> bytes:
        """Return the call as bytes for `perform`; raises the errors of pickle."""
        return pickle.dumps((self.function, self.args, self.folder))


@dataclass(frozen=True)
class Returned:
    """A call has returned.

    Attributes
    ----------
    packed : bytes
        The pickled value.
    seconds : float
        How long the call took.
    """

    packed: bytes
    seconds: float


@dataclass(frozen=True)
class Failed:
    """A call has failed.

    Attributes
    ----------
    reason : str
        Why it failed.
    stops : bool
        Whether other jobs would fail for the same reason, such as a full disk.
    """

    reason: str
    stops: bool = False


@dataclass(frozen=True)
class Died:
    """The worker process ended during the call; ``cause`` says how."""

    cause: str = "its process was ended from outside (killed, or out of memory)"


Report = Returned | Failed | Died


def perform(packed: bytes, folder: str, threads: int) -> Returned | Failed:
    """Make a packed call in a worker, and report how it ended; errors of the call are not raised.

    Parameters
    ----------
    packed : bytes
        As `Job.packed` returns it.
    folder : str
        The working directory of the call.
    threads : int
        Number of threads that PyTorch uses, if it is loaded.
    """
    try:
        os.chdir(folder)
    except OSError:
        return Failed(
            f"{folder} is not on {platform.node()}: the machines of a cluster must share "
            "the folder that a run is started in"
        )
    try:
        function, args, written = pickle.loads(packed)
    except Exception as error:
        return Failed(
            f"a worker on {platform.node()} cannot unpack it ({one_line_error(error)}): its "
            "function must be in a module that is installed there"
        )
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)
    begin = time.perf_counter()
    try:
        value = function(*args)
    except (Exception, SystemExit) as error:
        return _failed(error, function, written or folder)
    seconds = time.perf_counter() - begin
    try:
        return Returned(pickle.dumps(value), seconds)
    except Exception as error:
        return Failed(
            f"its result, a {type(value).__name__}, cannot be sent back ({one_line_error(error)}); "
            "a job returns plain values and writes the rest to files"
        )


def one_line_error(error: BaseException) -> str:
    """Return an error as one line of text, ``Type: message``."""
    message = " ".join(str(error).split())
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def _failed(error: BaseException, function: Callable[..., Any], folder: str) -> Failed:
    reason = str(error) if isinstance(error, StorageError) else trouble(error, folder)
    if reason is not None:
        return Failed(reason, stops=True)
    if isinstance(error, TaskgraphError):
        return Failed(str(error) or type(error).__name__)
    place = _place(error, function)
    return Failed(f"{one_line_error(error)} ({place})" if place else one_line_error(error))


def _place(error: BaseException, function: Callable[..., Any]) -> str:
    """Return ``package/file.py:line`` of the innermost frame in this package or the job's own."""
    own_packages = {"taskgraph", "encoders", getattr(function, "__module__", "").partition(".")[0]}
    place = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        module, path = frame.f_globals.get("__name__", ""), Path(frame.f_code.co_filename)
        if module.partition(".")[0] in own_packages and module != __name__:
            depth = module.count(".") + (2 if path.stem == "__init__" else 1)
            place = f"{'/'.join(path.parts[-depth:])}:{line}"
    return place
