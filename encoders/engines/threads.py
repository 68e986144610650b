"""Threads of numerical libraries: as many as a configuration says, wherever its job runs.

Sums that are shared out over other numbers of threads are rounded differently, and training makes
large differences of small ones. So the number is part of what a network is trained with, and does
not follow from the machine, the engine or the number of jobs.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
from collections.abc import Callable, Iterator
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
"""What numerical libraries read once, when they are loaded."""


@contextlib.contextmanager
def limited(threads: int) -> Iterator[None]:
    """Let numerical libraries of this process use so many threads; afterwards as many as before."""
    from threadpoolctl import threadpool_limits

    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch else threads
    with threadpool_limits(threads):
        if torch:
            torch.set_num_threads(threads)
        try:
            yield
        finally:
            if torch:
                torch.set_num_threads(before)


def with_threads(function: Callable[P, T]) -> Callable[P, T]:
    """Decorate a function that has an argument ``config``: its calls have the threads of that.

    ``config`` has ``threads``, or has a ``fit`` (perhaps in its ``transfer``) that has.
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        with limited(_threads_of(signature.bind(*args, **kwargs).arguments["config"])):
            return function(*args, **kwargs)

    return call


def _threads_of(config: Any) -> int:
    for part in ("transfer", "fit"):
        config = getattr(config, part, config)
    return int(config.threads)
