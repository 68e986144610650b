"""Compute the parts of the results that the records lack."""

from __future__ import annotations

from pathlib import Path

from benchmarks.results.log import open_log
from benchmarks.results.machine import TASKONOMY
from benchmarks.transfers.average import measure_average
from benchmarks.transfers.finished import read_finished
from benchmarks.transfers.gather import AGAIN, PACKAGES, compute_again, gather_results
from benchmarks.transfers.inputs import Inputs
from benchmarks.transfers.settings import SUITE, Settings
from benchmarks.transfers.trials import measure_trials
from taskgraph.errors import InvalidTableError


def run(settings: Settings, out: Path) -> None:
    """Compute the parts from a sweep, or the parts that the tables in ``out`` suffice for.

    A part that is done is not computed again.

    Raises
    ------
    InvalidTableError
        If neither a sweep nor a part is given.
    """
    if settings.average is not None:
        if settings.work is None:
            raise InvalidTableError("--average needs a folder for what it measures: give --work")
        measure_average(Path(settings.average), settings, out)
    elif settings.trials:
        measure_trials(settings, open_log(out, SUITE.name, *PACKAGES))
    elif flags := [flag for flag in AGAIN if getattr(settings, flag[2:].replace("-", "_"))]:
        for flag in flags:
            compute_again(out, settings, flag)
    elif settings.sweep is None:
        raise InvalidTableError(
            f"name the folder of a sweep with --sweep, or give {', '.join(AGAIN)}, --average or "
            "--render"
        )
    else:
        before = Path(settings.before) if settings.before else None
        if before is not None and before.resolve() == out.resolve():
            raise InvalidTableError(
                f"--before {before} is the folder that the new results are written to, which would "
                "replace the earlier ones; copy it, and name the copy"
            )
        inputs = Inputs(
            read_finished(Path(settings.sweep)),
            settings,
            published_at=Path(settings.published or TASKONOMY),
            bank=Path(settings.bank) if settings.bank else None,
            closed=read_finished(Path(settings.closed)) if settings.closed else None,
            before=before,
        )
        gather_results(inputs, out)
