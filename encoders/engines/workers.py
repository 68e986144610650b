"""Worker processes: how many there is room for, and that they do not outlive who started them."""

from __future__ import annotations

import multiprocessing
import os
import threading


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def end_with_parent() -> None:
    """Call in a worker: ends this process as soon as its parent is gone, however that ended.

    A worker whose parent was killed would otherwise finish its work unseen, or wait for ever.
    """
    threading.Thread(target=_wait, daemon=True).start()


def _wait() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
