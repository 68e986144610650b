"""Run the parts of the suite, one after another; a missing data set or package skips its cells."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

from benchmarks.finetune.settings import PART_NAMES, SUITE, Settings
from benchmarks.results.log import Log, open_log
from benchmarks.results.suite import flag_of
from encoders.errors import InvalidDataError, UnknownNameError

PartFunction = Callable[[Settings, Log, Path], None]


def _lazily(module: str) -> PartFunction:
    """Return the function ``measure`` of a module of this package, imported when it is called."""

    def measure(settings: Settings, log: Log, out: Path) -> None:
        """Measure one part."""
        importlib.import_module(f"benchmarks.finetune.{module}").measure(settings, log, out)

    return measure


PARTS: dict[str, PartFunction] = {
    "layers": _lazily("layers"),
    "freezing": _lazily("freezing"),
    "sizes": _lazily("sizes"),
    "longer": _lazily("longer"),
    "encoders": _lazily("bank_encoders"),
    "limits": _lazily("limits"),
    "throughput": _lazily("speed"),
    "depth": _lazily("depth"),
}
"""What measures each part: from the settings, the log and the folder of results."""


def check_numbers(settings: Settings) -> None:
    """Raise `InvalidDataError` if a number of the settings is not above 0, and finite."""
    for each in fields(settings):
        value = getattr(settings, each.name)
        for number in value if isinstance(value, tuple) else (value,):
            if isinstance(number, int | float) and not 0 < number < math.inf:
                raise InvalidDataError(
                    f"{flag_of(each)} has {number}, expected more than 0 and finite"
                )


def run(settings: Settings, out: Path) -> None:
    """Measure the cells that the records in a folder lack.

    Raises
    ------
    UnknownNameError
        If a part has another name than those of `PARTS`.
    InvalidDataError
        If a number of the settings is not above 0.
    """
    check_numbers(settings)
    unknown = [name for name in settings.parts if name not in PARTS]
    if unknown:
        raise UnknownNameError(
            f"no part {unknown[0]!r} (--parts); expected {', '.join(PART_NAMES)}"
        )
    log = open_log(out, SUITE.name, "numpy", "scikit-learn", "torch")
    out.mkdir(parents=True, exist_ok=True)
    for name in [name for name in PARTS if name in settings.parts]:
        PARTS[name](settings, log, out)
