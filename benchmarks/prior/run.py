"""Run the parts of the suite; evaluations that the records hold are not repeated."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from pathlib import Path

from benchmarks.prior.settings import PARTS, SUITE, Settings
from benchmarks.results.log import open_log
from taskgraph.errors import TaskgraphError

FUNCTIONS = {
    "validation": "grid.validate",
    "grid": "grid.restore_grid",
    "published": "grid.restore_published",
    "impedance": "impedance.measure_impedance",
    "inversion": "inversion.invert_bank",
    "deepinv": "versus_deepinv.compare_with_deepinv",
}
"""The function of each part, by its module within this package."""


class PriorError(TaskgraphError, ValueError):
    """Raised where the suite cannot run with its settings."""


def run(settings: Settings, out: Path) -> None:
    """Measure the parts of the settings, in the order of `PARTS`."""
    _check(settings)
    log = open_log(out, SUITE.name, "torch", "numpy", "scipy", "scikit-image", "pillow")
    with _one_thread():
        for part in PARTS:
            if part in settings.parts:
                module, function = FUNCTIONS[part].split(".")
                measure = getattr(importlib.import_module(f"benchmarks.prior.{module}"), function)
                measure(settings, log)


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Let PyTorch use one thread: small pictures are fitted no faster by more of them."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _check(settings: Settings) -> None:
    """Raise PriorError for settings that no part can use."""
    from benchmarks.prior.fit_settings import TASKS
    from benchmarks.prior.photographs import REPORTED

    known = {"--part": PARTS, "--tasks": TASKS, "--photos": tuple(REPORTED)}
    given = {"--part": settings.parts, "--tasks": settings.tasks, "--photos": settings.photos}
    for flag, words in given.items():
        for word in words:
            if word not in known[flag]:
                raise PriorError(
                    f'{flag} has "{word}", expected names of {", ".join(known[flag])}, with '
                    "commas between them"
                )
    if settings.size % 4 or settings.size < 20:
        raise PriorError(f"--size is {settings.size}, expected a multiple of 4 from 20 on")
    if "deepinv" in settings.parts:
        from benchmarks.prior.versus_deepinv import deepinv_python

        deepinv_python(settings)
