"""Compute the parts of the results."""

from __future__ import annotations

from pathlib import Path

from benchmarks.results.machine import TASKONOMY
from benchmarks.transfers.average import measure_average
from benchmarks.transfers.finished import read_finished
from benchmarks.transfers.parts import choose_again, gather_results, trust_again
from benchmarks.transfers.settings import Settings
from taskgraph.errors import InvalidTableError


def run(settings: Settings, out: Path) -> None:
    """Compute all parts from a sweep, or some of them again from the tables in ``out``.

    Raises
    ------
    InvalidTableError
        If neither a sweep nor a part is given.
    """
    if settings.average is not None:
        if settings.work is None:
            raise InvalidTableError("--average needs a folder for what it measures: give --work")
        measure_average(Path(settings.average), settings, out)
    elif settings.choices_only:
        choose_again(out, settings)
    elif settings.trust_only:
        trust_again(out, settings)
    elif settings.sweep is None:
        raise InvalidTableError(
            "name the folder of a sweep with --sweep, or give --choices-only, --trust-only, "
            "--average or --render"
        )
    else:
        gather_results(
            read_finished(Path(settings.sweep)),
            out,
            published_at=Path(settings.published or TASKONOMY),
            bank=Path(settings.bank) if settings.bank else None,
            settings=settings,
            closed=read_finished(Path(settings.closed)) if settings.closed else None,
        )
