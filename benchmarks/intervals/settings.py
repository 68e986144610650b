"""Settings and description of the suite ``intervals``."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.results.suite import CPU, PAPER, SMOKE, Suite, option

GRID, TRIED, SEEDS = "grid", "tried", "seeds"
COUNTS = ("held", "above", "below", "width")
"""Metrics of each simulated target, by method."""


@dataclass(frozen=True)
class Settings:
    """The part of the simulation that is run, and its size."""

    part: str = option(
        GRID,
        choices=(GRID, TRIED, SEEDS),
        help="Measure the intervals before and after on the published cells, all methods that "
        "were tried on validation seeds, or candidates with several seeds of training.",
    )
    repetitions: int | None = option(
        None, help="Simulated targets a cell, a multiple of 20; by default 200, and 60 for tried."
    )
    cells: int | None = option(None, help="Measure only the first N cells.")


SUITE = Suite(
    name="intervals",
    question="How often do intervals of affinities hold the truth?",
    methods=(
        "before: the percentile interval of 200 resamples",
        "after: Student's t of the log-odds, with an imaginary image",
        "tried: nine more (--part tried)",
        "seeds: candidates with 1 to 10 seeds of training (--part seeds)",
    ),
    time="about half an hour on one core; --preset smoke takes seconds",
    writes="one record a cell and block of 20 simulated targets",
    settings=Settings,
    package="benchmarks.intervals",
    presets={SMOKE: {"repetitions": 20, "cells": 2}, CPU: {}, PAPER: {}},
)
