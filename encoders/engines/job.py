"""One job, and doing it in a worker: whatever happens there comes back as a plain value."""

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
    """A call that depends on no other job, and that may be made again.

    Attributes
    ----------
    key : str
        Its name among the jobs of a run.
    function : callable
        Of a module that the workers can import. It writes its own results, atomically, and
        returns something small.
    args : tuple
        What it is called with; values that pickle.
    done : Path, optional
        The file that the function writes last. A job whose file is there is not begun.
    weight : float
        How long it takes, in any unit that the jobs of a run share; for the time left alone.
    """

    key: str
    function: Callable[..., Any]
    args: tuple[Any, ...] = ()
    done: Path | None = None
    weight: float = 1.0

    @property
    def is_done(self) -> bool:
        """Whether its file is there."""
        return self.done is not None and self.done.exists()

    @property
    def folder(self) -> str:
        """Where it writes, for errors of the disk that name no place; "" if that is unknown."""
        given = (each for each in self.args if isinstance(each, Path))
        return str(self.done.parent if self.done else next(given, ""))

    def packed(self) -> bytes:
        """The call as bytes for `perform`; raises whatever pickle does."""
        return pickle.dumps((self.function, self.args, self.folder))


@dataclass(frozen=True)
class Returned:
    """The pickled value, and the seconds that the call took."""

    packed: bytes
    seconds: float


@dataclass(frozen=True)
class Failed:
    """Why there is no value, and whether other jobs would fail for that too (a full disk)."""

    reason: str
    stops: bool = False


@dataclass(frozen=True)
class Died:
    """The worker's process ended in the middle: how."""

    cause: str = "its process was ended from outside (killed, or out of memory)"


Report = Returned | Failed | Died


def perform(packed: bytes, folder: str, threads: int) -> Returned | Failed:
    """Make a packed call from within ``folder``; in a worker. Raises nothing of the call's own."""
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
            f"a worker on {platform.node()} cannot unpack it ({told(error)}): its "
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
            f"its result, a {type(value).__name__}, cannot be sent back ({told(error)}); "
            "a job returns plain values and writes the rest to files"
        )


def told(error: BaseException) -> str:
    """An error as one line: ``Type: message``."""
    message = " ".join(str(error).split())
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def _failed(error: BaseException, function: Callable[..., Any], folder: str) -> Failed:
    reason = str(error) if isinstance(error, StorageError) else trouble(error, folder)
    if reason is not None:
        return Failed(reason, stops=True)
    if isinstance(error, TaskgraphError):
        return Failed(str(error) or type(error).__name__)
    place = _place(error, function)
    return Failed(f"{told(error)} ({place})" if place else told(error))


def _place(error: BaseException, function: Callable[..., Any]) -> str:
    """``package/file.py:line`` of the innermost frame that is not another library's."""
    ours = {"taskgraph", "encoders", getattr(function, "__module__", "").partition(".")[0]}
    found = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        module, path = frame.f_globals.get("__name__", ""), Path(frame.f_code.co_filename)
        if module.partition(".")[0] in ours and module != __name__:
            depth = module.count(".") + (2 if path.stem == "__init__" else 1)
            found = f"{'/'.join(path.parts[-depth:])}:{line}"
    return found
