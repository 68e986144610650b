"""Only one sweep or run of a suite at a time writes into a folder."""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from encoders.errors import TrainingError

LOCK = "sweep.lock"


@contextlib.contextmanager
def alone_in(out: Path, *, lock: Path | None = None, what: str = "sweep") -> Iterator[None]:
    """Hold the lock of a folder within the block; the system frees it if the process dies.

    Two sweeps in one folder would remove each other's unfinished trainings.

    Parameters
    ----------
    out : Path
        The folder, for the message.
    lock : Path, optional
        The file of the lock; by default `LOCK` in ``out``, which is then made.
    what : str
        What holds the lock, for the message.

    Raises
    ------
    TrainingError
        If another process holds it.
    """
    path = lock or out / LOCK
    path.parent.mkdir(parents=True, exist_ok=True)
    held = FileLock(path, timeout=0)
    try:
        held.acquire()
    except Timeout:
        raise TrainingError(
            f"another {what} is writing into {out}; wait until it ends, or name another folder "
            "with --out"
        ) from None
    except NotImplementedError:  # the file system has no locks
        yield
        return
    try:
        yield
    finally:
        held.release()


def lock_elsewhere(out: Path) -> Path:
    """Return the path of a lock for a folder that lies outside of it, in the temporary folder.

    Nothing is written into a folder that may turn out to hold something else. Processes of other
    machines that share the folder do not see the lock.
    """
    name = hashlib.sha256(str(out.resolve()).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"taskgraph-locks-{getpass.getuser()}" / f"{name}.lock"
