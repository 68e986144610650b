"""Count the cores for worker processes, and end workers whose parent process has ended."""

from __future__ import annotations

import multiprocessing
import os
import threading


def cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def end_with_parent() -> None:
    """End this worker process as soon as its parent process has ended.

    Otherwise a worker whose parent was killed would finish its call for nobody, or wait forever.
    """
    threading.Thread(target=_wait, daemon=True).start()


def _wait() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
