"""Time proofs, and whole calls of the library."""

from __future__ import annotations

from pathlib import Path

from benchmarks.results.log import open_log
from benchmarks.speed.solver.ablation import time_ablations
from benchmarks.speed.solver.anytime import follow_proofs
from benchmarks.speed.solver.drawn_calls import time_drawn_calls
from benchmarks.speed.solver.growth import time_growth
from benchmarks.speed.solver.libraries import time_libraries
from benchmarks.speed.solver.settings import (
    ABLATION,
    ALL,
    ANYTIME,
    CALLS,
    DRAWN,
    GROWTH,
    LIBRARIES,
    SUITE,
    VERSIONS,
    Settings,
)
from benchmarks.speed.solver.tables import instances
from benchmarks.speed.solver.versions import time_versions
from benchmarks.speed.solver.whole_calls import time_calls

PACKAGES = ("pulp", "highspy", "numpy", "scipy", "pandas")


def run(settings: Settings, out: Path) -> None:
    """Time what the records in ``out`` lack."""
    log = open_log(out, SUITE.name, *PACKAGES)
    published = [one for one in instances(settings) if one.published]
    if settings.part in (ALL, CALLS):
        time_calls(published, settings.turns, log)
    if settings.part in (ALL, DRAWN):
        time_drawn_calls(published, settings.draws, log)
    if settings.part == VERSIONS or (settings.part == ALL and settings.before is not None):
        time_versions(published, settings, log)
    if settings.part in (ALL, LIBRARIES):
        time_libraries(settings, log)
    if settings.part in (ALL, GROWTH):
        time_growth(settings, log)
    if settings.part in (ALL, ANYTIME):
        follow_proofs(settings, log)
    if settings.part in (ALL, ABLATION):
        time_ablations(settings, log)
