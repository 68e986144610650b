"""Only one sweep at a time writes into a folder."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from encoders.errors import TrainingError

LOCK = "sweep.lock"


@contextlib.contextmanager
def alone_in(out: Path) -> Iterator[None]:
    """Hold the lock of a folder within the block; the system frees it if the process dies.

    Two sweeps in one folder would remove each other's unfinished trainings.

    Raises
    ------
    TrainingError
        If another process holds it.
    """
    out.mkdir(parents=True, exist_ok=True)
    lock = FileLock(out / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise TrainingError(
            f"another sweep is writing into {out}; wait until it ends, or name another folder with "
            "--out"
        ) from None
    except NotImplementedError:  # the file system has no locks
        yield
        return
    try:
        yield
    finally:
        lock.release()
