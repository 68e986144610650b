"""Making a data set: buildings in parallel, files that are whole, and runs that can be resumed."""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from encoders.errors import InvalidDataError, InvalidSceneError, WorkerDiedError
from encoders.errors.storage import storing
from encoders.scenes.making.crew import Slice, run
from encoders.scenes.making.folder import count_whole, prepare, sole_writer
from encoders.scenes.making.manifest import MANIFEST, check_folder, read_manifest, write_manifest
from encoders.scenes.making.one import Seconds, stage
from encoders.scenes.making.settings import Settings

Progress = Callable[[Iterable[None]], Iterable[None]]


@dataclass(frozen=True)
class Made:
    """What a run did.

    Attributes
    ----------
    views, kept : int
        Views that it made, and views that were there already.
    wall : float
        Seconds from start to end.
    seconds : dict
        Seconds of work by stage, summed over the workers.
    """

    views: int
    kept: int
    wall: float
    seconds: dict[str, float]


@dataclass(frozen=True, eq=False)
class Views(Iterable[None]):
    """The views that are being made, one after the other; its length is known beforehand."""

    count: int
    made: Iterator[None]

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[None]:
        return self.made


@storing
def make(
    out: str | os.PathLike[str],
    *,
    buildings: int = 40,
    views: int = 100,
    size: int = 64,
    seed: int = 0,
    domain: str = "day",
    workers: int = 1,
    progress: Progress = iter,
) -> Made:
    """Make a data set, or what is still missing of it.

    Every file appears whole or not at all, so that a run may be ended at any moment and made
    again; the same settings give the same bytes, whatever the number of workers and of runs. A
    larger ``buildings`` than before adds buildings.

    Parameters
    ----------
    out : path
        The folder; it is made if there is none.
    buildings, views, size, seed, domain
        See `Settings`.
    workers : int
        Processes. With more than one, a script must guard its entry by
        ``if __name__ == "__main__"``.
    progress : function
        Wraps the iterable of views that are made, such as ``tqdm.tqdm``.

    Raises
    ------
    InvalidSceneError
        If a setting is impossible, or differs from those that the folder was made with.
    UnknownNameError
        If there is no such domain.
    InvalidDataError
        If the folder holds something else, or cannot be written.
    """
    settings = Settings(buildings, views, size, seed, domain)
    if workers < 1:
        raise InvalidSceneError(f"workers is {workers}, expected at least 1")
    seconds: Seconds = {}
    out, start = Path(out), time.perf_counter()
    check_folder(out, settings)
    with _telling(out, settings):
        out.mkdir(parents=True, exist_ok=True)
        with sole_writer(out):
            missing = prepare(out, settings)
            todo = sum(missing.values())
            if todo or not _complete(out, settings):
                write_manifest(out, settings, complete=False)
                slices = _slices(settings, [i for i in missing if missing[i]], workers)
                with contextlib.closing(run(out, settings, slices, seconds, workers)) as made:
                    for _ in progress(Views(todo, made)):
                        pass
                with stage(seconds, "counts and hash"):
                    write_manifest(out, settings, complete=True)
    wall = time.perf_counter() - start
    return Made(todo, buildings * views - todo, wall, seconds)


def _complete(out: Path, settings: Settings) -> bool:
    if not (out / MANIFEST).exists():
        return False
    found = read_manifest(out)
    return bool(found["complete"]) and found["settings"]["buildings"] == settings.buildings


def _slices(settings: Settings, buildings: list[int], workers: int) -> list[Slice]:
    """Whole buildings, but the last ones in parts, so that all workers end at about one time."""
    slices: list[Slice] = []
    for place, index in enumerate(buildings):
        parts = min(workers, settings.views) if place >= len(buildings) - workers else 1
        ends = [settings.views * part // parts for part in range(parts + 1)]
        slices += [Slice(index, a, b) for a, b in itertools.pairwise(ends)]
    return slices


@contextlib.contextmanager
def _telling(out: Path, settings: Settings) -> Iterator[None]:
    """Whatever ends a run, say how far it came and how to go on."""
    try:
        yield
    except WorkerDiedError as error:
        raise WorkerDiedError(f"{error}; {_so_far(out, settings)}") from None
    except OSError as error:
        where = f"{error.filename} " if error.filename else ""
        raise InvalidDataError(
            f"{where}cannot be written: {error.strerror or error}; {_so_far(out, settings)}"
        ) from error


def _so_far(out: Path, settings: Settings) -> str:
    total = settings.buildings * settings.views
    return (
        f"{count_whole(out, settings)} of {total} views are whole: run the same command again, "
        "and it goes on from there"
    )
