"""Settings and description of the suite ``engines``."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.results.suite import CPU, PAPER, SMOKE, Suite, option


@dataclass(frozen=True)
class Settings:
    """The sweep, and the ways in which it is run."""

    data: str = option("world", kind="folder", help="Data set of 64 pixels.")
    bank: str | None = option(
        None, kind="folder", help="Trained encoders; by default the shipped bank."
    )
    targets: tuple[str, ...] = option(("rgb2depth", "edge2d"), help="Targets of the sweep.")
    sources: tuple[str, ...] = option(
        ("rgb2sfnorm", "reshade", "autoencoder", "segment2d", "random"),
        help="Sources of the sweep, alone and in pairs.",
    )
    ways: tuple[str, ...] = option(
        (), help="Numbers of the ways to run it, from 1; by default all. The first always runs."
    )
    images: int | None = option(
        None, help="Images to train each read-out on; by default those of the preset cpu."
    )


SUITE = Suite(
    name="engines",
    question="Does every engine give the same losses, and how fast?",
    methods=(
        "one local process",
        "two local processes",
        "two Ray workers (extra ray)",
        "two Ray workers, one killed midway",
    ),
    time="about 20 minutes on two cores",
    writes="one record a way",
    settings=Settings,
    package="benchmarks.speed.engines",
    presets={
        SMOKE: {
            "targets": ("rgb2depth",),
            "sources": ("rgb2sfnorm", "random"),
            "ways": ("1", "2"),
            "images": 20,
        },
        CPU: {},
        PAPER: {},
    },
)
