"""Settings and description of the suite ``scenes``."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.results.suite import CPU, PAPER, SMOKE, Suite, option


@dataclass(frozen=True)
class Settings:
    """Sizes of the rendered worlds."""

    work: str = option(
        "runs/scenes", kind="output", help="Folder for the worlds; they are made if missing."
    )
    buildings: int = option(50, help="Buildings of the world that is timed.")
    grown: int = option(72, help="Buildings of the same world, grown, for the statistics.")
    views: int = option(100, help="Views of each building.")
    size: int = option(64, help="Pixels along each side.")
    seed: int = option(0, help="Seed of the world.")
    workers: int = option(2, help="Processes that share the work.")
    large: bool = option(True, help="Draw a sheet of 256 pixels, too.")


SUITE = Suite(
    name="scenes",
    question="What does the rendered data set show, and is it reproducible?",
    methods=(
        "statistics beside Taskonomy's",
        "time of each stage",
        "hashes of worlds that different numbers of workers make",
    ),
    time="a quarter of an hour on two cores; --preset smoke takes seconds",
    writes="records of statistics, time and hashes; sheet.png, sheet_256.jpg, domains.jpg",
    settings=Settings,
    package="benchmarks.scenes",
    presets={
        SMOKE: {"buildings": 2, "grown": 3, "views": 8, "large": False},
        CPU: {},
        PAPER: {},
    },
)
