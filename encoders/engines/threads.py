"""Set the number of threads that numerical libraries use, as a configuration says.

With another number of threads sums are rounded differently, and training turns small differences
into large ones. So the number of threads is part of a training configuration; it does not depend
on the machine, the engine or the number of jobs.
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
"""Environment variables that numerical libraries read once, when they are loaded."""


@contextlib.contextmanager
def limited(threads: int) -> Iterator[None]:
    """Limit the numerical libraries of this process to ``threads`` threads within the context."""
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
    """Decorate a function so that its calls use the number of threads of its argument ``config``.

    The number is ``config.threads``, ``config.fit.threads`` or ``config.transfer.fit.threads``.
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        """Call the function with the threads of its ``config``."""
        with limited(_threads_of(signature.bind(*args, **kwargs).arguments["config"])):
            return function(*args, **kwargs)

    return call


def _threads_of(config: Any) -> int:
    for part in ("transfer", "fit"):
        config = getattr(config, part, config)
    return int(config.threads)
