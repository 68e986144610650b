"""Render worlds, time it, measure statistics of their views, and compare their bytes."""

from __future__ import annotations

import hashlib
import os
import resource
import runpy
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.results.figures import write_jpeg
from benchmarks.results.log import Log, open_log
from benchmarks.results.machine import ROOT
from benchmarks.scenes.settings import SUITE, Settings
from encoders.draw.contact_sheet import draw_contact_sheet
from encoders.draw.labeled_views import spread_views
from encoders.draw.pages import save_page
from encoders.scenes.making.make import MakeResult, make
from encoders.scenes.making.statistics import statistics

SHEET, LARGE, DOMAINS = "sheet.png", "sheet_256.jpg", "domains.jpg"
BYTES_SEED, SHOWN = 7, 16


def run(settings: Settings, out: Path) -> None:
    """Time the rendering of a world, measure its statistics, compare bytes and draw sheets."""
    log = open_log(out, SUITE.name, "numpy", "embreex", "scikit-image")
    out.mkdir(parents=True, exist_ok=True)
    work = Path(settings.work)
    world = work / "world"
    time_making(settings, world, log)
    count_statistics(settings, world, log)
    compare_bytes(settings, work, log)
    draw_sheets(settings, world, work, out)


def world_of(settings: Settings) -> dict[str, Any]:
    """Return the settings of a world other than its number of buildings."""
    return {"views": settings.views, "size": settings.size, "domain": "day"}


def _make(settings: Settings, world: Path, buildings: int) -> MakeResult:
    """Make what is missing of a world with this number of buildings."""
    return make(
        world,
        buildings=buildings,
        **world_of(settings),
        seed=settings.seed,
        workers=settings.workers,
    )


def time_making(settings: Settings, world: Path, log: Log) -> None:
    """Render a world and record the time; skip this if the world exists, even in part."""
    asked = {
        "part": "time",
        "buildings": settings.buildings,
        **world_of(settings),
        "workers": settings.workers,
    }
    if log.has(asked, seed=settings.seed):
        return
    start = time.perf_counter()
    made = _make(settings, world, settings.buildings)
    with_start = time.perf_counter() - start
    if made.kept or not made.views:
        print(f"{world} was there already: its making is not timed")
        return
    total = made.wall * settings.workers
    stages = dict(made.seconds)
    stages["starting and waiting"] = max(0.0, total - sum(stages.values()))
    files = sum(path.stat().st_size for path in world.rglob("*") if path.is_file())
    metrics = {
        "made": made.views,
        "cores": os.cpu_count(),
        "rate": made.views / made.wall,
        "with_start": with_start,
        "memory": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
        "files": files / 1e6,
        "stages": {name: [each / total, 1000 * each / made.views] for name, each in stages.items()},
    }
    log.add(asked, metrics, seed=settings.seed, seconds=made.wall)


def count_statistics(settings: Settings, world: Path, log: Log) -> None:
    """Add buildings to the world, and record the statistics of each property of its views."""
    _make(settings, world, settings.grown)
    for row in statistics(world).to_dict("records"):
        named = {str(name): value for name, value in row.items()}
        of = {name: named.pop(name) for name in ("property", "unit", "taskonomy")}
        asked = {"part": "statistics", **of, "buildings": settings.grown, **world_of(settings)}
        if not log.has(asked, seed=settings.seed):
            log.add(asked, named, seed=settings.seed)


def compare_bytes(settings: Settings, work: Path, log: Log) -> None:
    """Render a small world with one worker and with two, and record the hash of each."""
    for way, workers in (("one worker", 1), ("two workers", 2)):
        buildings, views = (6, 50) if settings.large else (2, 4)
        asked = {
            "part": "bytes",
            "run": way,
            "buildings": buildings,
            "views": views,
            "size": settings.size,
        }
        if log.has(asked, seed=BYTES_SEED):
            continue
        folder = work / f"bytes-{workers}"
        shutil.rmtree(folder, ignore_errors=True)
        make(
            folder,
            buildings=buildings,
            views=views,
            size=settings.size,
            seed=BYTES_SEED,
            workers=workers,
        )
        log.add(asked, {"hash_begins": hash_of(folder)[:SHOWN]}, seed=BYTES_SEED)


def hash_of(folder: Path) -> str:
    """Return the SHA-256 of the paths and bytes of all files of a folder, in sorted order."""
    found = hashlib.sha256()
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        found.update(str(path.relative_to(folder)).encode() + b"\0")
        found.update(path.read_bytes())
    return found.hexdigest()


def draw_sheets(settings: Settings, world: Path, work: Path, out: Path) -> None:
    """Write the contact sheets; the sheet of domains needs a checkout with its examples."""
    save_page(draw_contact_sheet(spread_views(world, 8)), str(out / SHEET))
    if not settings.large:
        return
    large = work / "world256"
    make(large, buildings=8, views=20, size=256, workers=settings.workers)
    write_jpeg(draw_contact_sheet(spread_views(large, 4)), out / LARGE)
    before = sys.argv
    sys.argv = ["domains.py", str(work / "domains.png")]
    try:
        runpy.run_path(str(ROOT / "examples" / "domains.py"), run_name="__main__")
    finally:
        sys.argv = before
    with Image.open(work / "domains.png") as picture:
        write_jpeg(picture, out / DOMAINS)
