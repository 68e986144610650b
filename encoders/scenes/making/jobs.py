"""Jobs that make views; each makes a slice of one building's views."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from threadpoolctl import threadpool_limits

from encoders.codecs.encodings import ENCODINGS
from encoders.engines import Job, JobOutcome, LocalEngine, as_completed
from encoders.errors import InvalidSceneError, StorageError, WorkerDiedError
from encoders.scenes.making.folder import TEMPORARY, whole_views
from encoders.scenes.making.labeled_view import (
    PlannedBuilding,
    Seconds,
    plan_building,
    render_labels,
    timed,
    write_view,
)
from encoders.scenes.making.settings import WorldSettings

LAST_DOMAIN = list(ENCODINGS)[-1]
"""The domain whose file is the last that is written of each view."""


@dataclass(frozen=True)
class ViewSlice:
    """The views ``start`` to ``stop - 1`` of one building: what one job makes."""

    building: int
    start: int
    stop: int


def split_into_slices(
    settings: WorldSettings, buildings: Sequence[int], workers: int
) -> list[ViewSlice]:
    """Return one slice a building, and several for each of the last ``workers`` buildings.

    The last buildings are split so that all workers finish at about the same time.
    """
    slices: list[ViewSlice] = []
    for place, index in enumerate(buildings):
        parts = min(workers, settings.views) if place >= len(buildings) - workers else 1
        ends = [settings.views * part // parts for part in range(parts + 1)]
        slices += [ViewSlice(index, a, b) for a, b in itertools.pairwise(ends)]
    return slices


def make_in_this_process(
    out: Path,
    settings: WorldSettings,
    slices: Sequence[ViewSlice],
    view_made: Callable[[int], None],
) -> Seconds:
    """Make the missing views of all slices; returns the seconds that each stage took.

    ``view_made`` is called after each view with the number of views made so far.
    """
    seconds: Seconds = {}
    numbers = itertools.count(1)
    try:
        for part in slices:
            _add(seconds, make_slice(out, settings, part, lambda: view_made(next(numbers))))
    finally:
        _last_planned.clear()
    return seconds


def make_with_workers(
    out: Path,
    settings: WorldSettings,
    slices: Sequence[ViewSlice],
    view_made: Callable[[int], None],
    workers: int,
) -> Seconds:
    """Make the missing views of all slices with ``workers`` processes.

    The slice of a worker that died is made again by another one. ``view_made`` is called about
    once a second with the number of views made so far. Returns the seconds that each stage took,
    summed over the workers.

    Raises
    ------
    WorkerDiedError
        If the workers that made a slice were killed at each attempt.
    StorageError
        If the disk is full or the folder cannot be written.
    InvalidSceneError
        If a slice cannot be made for another reason; all other slices are made first.
    """
    names = sorted({settings.name(part.building) for part in slices})
    before = _count_written(out, names)

    def report(done: int, total: int, label: str = "") -> None:
        """Report the number of views made so far."""
        view_made(max(0, _count_written(out, names) - before))

    jobs = [_job(out, settings, part) for part in slices]
    seconds: Seconds = {}
    failures: list[JobOutcome] = []
    completed = as_completed(jobs, LocalEngine(workers), progress=report)
    with contextlib.closing(completed) as outcomes:
        for outcome in outcomes:
            if outcome.reason is None:
                _add(seconds, outcome.value)
            else:
                failures.append(outcome)
    if failures:
        order = {job.key: place for place, job in enumerate(jobs)}
        raise _error_of(sorted(failures, key=lambda each: order[each.job.key]))
    return seconds


def make_slice(
    out: Path,
    settings: WorldSettings,
    part: ViewSlice,
    view_made: Callable[[], None] = lambda: None,
) -> Seconds:
    """Make the views of a slice that lack files; returns the seconds that each stage took.

    ``view_made`` is called after each view. Numerical libraries use one thread, so that the
    bytes do not depend on the machine.
    """
    seconds: Seconds = {}
    with threadpool_limits(1):
        planned = _planned_building(settings, part.building, seconds)
        whole = whole_views(out, settings.name(part.building))
        for view in planned.views[part.start : part.stop]:
            if (view.point, view.view) in whole:
                continue
            values = render_labels(planned, view, seconds)
            with timed(seconds, "files"):
                write_view(out, planned, view, values)
            view_made()
    return seconds


_last_planned: list[PlannedBuilding] = []
"""The building of this process's last slice, as its next slice is often of the same building."""


def _planned_building(settings: WorldSettings, index: int, seconds: Seconds) -> PlannedBuilding:
    """Return the building with its views; that of the last call is cached."""
    if not _last_planned or (_last_planned[0].settings, _last_planned[0].index) != (
        settings,
        index,
    ):
        _last_planned.clear()  # first: two buildings need not fit into memory
        _last_planned.append(plan_building(settings, index, seconds))
    return _last_planned[0]


def _add(total: Seconds, more: Seconds) -> None:
    for name, spent in more.items():
        total[name] = total.get(name, 0.0) + spent


def _job(out: Path, settings: WorldSettings, part: ViewSlice) -> Job:
    key = f"{settings.name(part.building)}, views {part.start} to {part.stop - 1}"
    return Job(key, make_slice, (out, settings, part), weight=part.stop - part.start)


def _count_written(out: Path, buildings: Sequence[str]) -> int:
    """Count the views of these buildings whose last file is written."""
    folders = [out / LAST_DOMAIN / building for building in buildings]
    return sum(not name.startswith(TEMPORARY) for each in folders for name in os.listdir(each))


def _error_of(failures: Sequence[JobOutcome]) -> Exception:
    """Return the error that tells why slices are missing, by the first one that failed.

    A full disk comes before all else, and then a worker that died.
    """
    first = min(failures, key=lambda each: (not each.stops, not each.died))
    if first.stops:
        return StorageError(first.reason)
    more = f" (and {len(failures) - 1} more slices failed)" if len(failures) > 1 else ""
    if first.died:
        return WorkerDiedError(f"{first.job.key}: {first.reason}{more}; try fewer --workers")
    return InvalidSceneError(f"{first.job.key}: {first.reason}{more}")
