"""Make a data set: buildings in parallel, files that appear whole, and runs that can be resumed."""

from __future__ import annotations

import contextlib
import datetime
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from encoders.errors import InvalidSceneError, StorageError, WorkerDiedError
from encoders.errors.storage import stored_in
from encoders.scenes.making.folder import count_whole, folder_lock, prepare_folder
from encoders.scenes.making.jobs import make_in_this_process, make_with_workers, split_into_slices
from encoders.scenes.making.labeled_view import Seconds, timed
from encoders.scenes.making.manifest import MANIFEST, check_same_data, read_manifest, write_manifest
from encoders.scenes.making.settings import WorldSettings
from taskgraph.progress import Progress, no_progress


@dataclass(frozen=True)
class MakeResult:
    """The views that a run made, and its seconds.

    Attributes
    ----------
    views, kept : int
        Number of views that the run made, and of those that existed before it.
    wall : float
        Seconds from start to end.
    seconds : dict
        Seconds of work by stage, summed over the workers.
    """

    views: int
    kept: int
    wall: float
    seconds: dict[str, float]


def make(
    out: str | os.PathLike[str],
    *,
    buildings: int = 40,
    views: int = 100,
    size: int = 64,
    seed: int = 0,
    domain: str = "day",
    workers: int = 1,
    progress: Progress = no_progress,
) -> MakeResult:
    """Make a data set, or the views that it still lacks.

    Every file appears whole or not at all. A run may therefore be ended at any moment and started
    again. The same settings give the same bytes for any number of workers and of runs. A larger
    ``buildings`` than before adds buildings.

    On another processor or with another NumPy, the last digits of its matrix products and of its
    sines can differ. Of one world of 23,000 views that two machines made, the pictures and most
    labels had the same bytes; ``point_info``, ``principal_curvature`` and ``keypoints3d`` did not.

    Parameters
    ----------
    out : path
        The folder; it is created if it does not exist.
    buildings, views, size, seed, domain
        See `WorldSettings`.
    workers : int
        Number of processes; 1 means this process. With more than one, a script must guard its
        entry by ``if __name__ == "__main__"``.
    progress : Progress
        Called with the number of finished views, the number of all views and the time left.

    Raises
    ------
    InvalidSceneError
        If a setting is impossible, differs from those that the folder was made with, or gives a
        building without views.
    UnknownNameError
        If there is no such domain.
    InvalidDataError
        If the folder holds something else, or another run is writing to it.
    StorageError
        If the folder cannot be written.
    WorkerDiedError
        If worker processes are killed twice at the same views.
    """
    settings = WorldSettings(buildings, views, size, seed, domain)
    if workers < 1:
        raise InvalidSceneError(f"workers is {workers}, expected at least 1")
    out, start = Path(out), time.perf_counter()
    seconds: Seconds = {}
    check_same_data(out, settings)
    with _views_counted_in_errors(out, settings):
        out.mkdir(parents=True, exist_ok=True)
        with folder_lock(out):
            missing = {
                index: count for index, count in prepare_folder(out, settings).items() if count
            }
            if missing or not _is_complete(out, settings):
                write_manifest(out, settings, complete=False)
                view_made = _reporter(progress, sum(missing.values()), buildings * views)
                slices = split_into_slices(settings, list(missing), workers)
                if workers == 1:
                    seconds |= make_in_this_process(out, settings, slices, view_made)
                else:
                    seconds |= make_with_workers(out, settings, slices, view_made, workers)
                with timed(seconds, "counts and hash"):
                    write_manifest(out, settings, complete=True)
    made = sum(missing.values())
    return MakeResult(made, buildings * views - made, time.perf_counter() - start, seconds)


def _is_complete(out: Path, settings: WorldSettings) -> bool:
    """Return whether the manifest says that all buildings of these settings are made."""
    if not (out / MANIFEST).exists():
        return False
    manifest = read_manifest(out)
    return bool(manifest["complete"]) and manifest["settings"]["buildings"] == settings.buildings


def _reporter(progress: Progress, missing: int, total: int) -> Callable[[int], None]:
    """Return a function of the number of views made so far, which reports to ``progress``."""
    start = time.monotonic()

    def report(made: int) -> None:
        """Report the views that are whole, and an estimate of the time left."""
        done = total - missing + min(made, missing)
        left = (time.monotonic() - start) / made * (total - done) if made else 0.0
        label = f"{datetime.timedelta(seconds=round(left))} left" if made else ""
        progress(done, total, label)

    report(0)
    return report


@contextlib.contextmanager
def _views_counted_in_errors(out: Path, settings: WorldSettings) -> Iterator[None]:
    """Add to an error that ends a run how many views are whole, and how to make the rest."""
    try:
        with stored_in(out):
            yield
    except (StorageError, WorkerDiedError) as error:
        raise type(error)(f"{error}; {views_so_far(out, settings)}") from None


def views_so_far(out: Path, settings: WorldSettings) -> str:
    """Return how many views of a data set are whole, as text for a run that ended early."""
    total = settings.buildings * settings.views
    return (
        f"{count_whole(out, settings)} of {total} views are whole, and the same command goes on "
        "from there"
    )
