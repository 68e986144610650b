"""Measure the coverage of intervals, one scenario and block of repetitions after another."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import logit

from benchmarks.intervals.cells import FEW, GRID, OTHER, Scenario, table, truth
from benchmarks.intervals.seeds import SEED_GRID, SeedScenario, seed_bounds, seed_truth
from benchmarks.intervals.settings import COUNTS, SEEDS, SUITE, TRIED, Settings
from benchmarks.intervals.tried import tried_intervals
from benchmarks.results.log import Log, open_log
from taskgraph.affinity import affinities
from taskgraph.affinity.bootstrap import units_of
from taskgraph.arrays import Floats

REPETITIONS, RESAMPLES, SEED = 200, 200, 14
TRIED_REPETITIONS, TRIED_SEED = 60, 1
BLOCK = 20
"""Repetitions in one table, each as a target."""
BEFORE, AFTER = "before", "after"

Metrics = dict[str, dict[str, list[float]]]


def run(settings: Settings, out: Path) -> None:
    """Measure the blocks that the records lack."""
    log = open_log(out, SUITE.name, "numpy", "scipy")
    if settings.part == SEEDS:
        run_seeds(settings, log)
        return
    tried = settings.part == TRIED
    repetitions = settings.repetitions or (TRIED_REPETITIONS if tried else REPETITIONS)
    seed, measured = (TRIED_SEED, measure_tried) if tried else (SEED, measure)
    cells = GRID if tried else [*GRID, *FEW, *OTHER]
    with _without_warnings():
        for cell in cells[: settings.cells]:
            count = repetitions if tried or cell in GRID else repetitions // 2
            for block in range(max(1, count // BLOCK)):
                asked = settings_of(cell, block, settings.part)
                if log.has(asked, seed=seed):
                    continue
                start = time.perf_counter()
                metrics = measured(cell, block, seed)
                log.add(asked, metrics, seed=seed, seconds=round(time.perf_counter() - start, 3))
            print(cell.label, flush=True)


def run_seeds(settings: Settings, log: Log) -> None:
    """Measure the blocks of candidates with several seeds that the records lack."""
    repetitions = settings.repetitions or REPETITIONS
    with _without_warnings():
        for cell in SEED_GRID[: settings.cells]:
            for block in range(max(1, repetitions // BLOCK)):
                asked = {"part": SEEDS, **asdict(cell), "block": block, "repetitions": BLOCK}
                if log.has(asked, seed=SEED):
                    continue
                start = time.perf_counter()
                metrics = measure_seeds(cell, block)
                log.add(asked, metrics, seed=SEED, seconds=round(time.perf_counter() - start, 3))


def measure_seeds(cell: SeedScenario, block: int, seed: int = SEED) -> Metrics:
    """Return the counts of `judged` for the intervals of candidates with several seeds."""
    repetitions = range(block * BLOCK, (block + 1) * BLOCK)
    return {AFTER: judged(seed_truth(cell), seed_bounds(cell, repetitions, seed))}


def settings_of(cell: Scenario, block: int, part: str) -> dict[str, Any]:
    """Return the settings of one record: the scenario's fields and its block of repetitions."""
    return {
        "part": part,
        **asdict(cell),
        "block": block,
        "repetitions": BLOCK,
        "resamples": RESAMPLES,
    }


def measure(cell: Scenario, block: int, seed: int = SEED) -> Metrics:
    """Return the counts of `judged` for the intervals before and after."""
    repetitions = range(block * BLOCK, (block + 1) * BLOCK)
    found = affinities(
        table(cell, repetitions, seed),
        bootstrap=RESAMPLES,
        seed=block,
        ties=cell.ties,
        clip=cell.clip,
        min_images=2,
    )
    shape = (2, BLOCK, cell.candidates)
    ends = found.transfers.frame[["low", "high"]].to_numpy(dtype=float)
    bounds = {
        BEFORE: np.quantile(found.resamples, [0.025, 0.975], axis=0).reshape(shape),
        AFTER: ends.T.reshape(shape),
    }
    return {method: judged(truth(cell), zip(*ends, strict=True)) for method, ends in bounds.items()}


def measure_tried(cell: Scenario, block: int, seed: int = TRIED_SEED) -> Metrics:
    """Return the counts of `judged` for every method that was tried."""
    repetitions = range(block * BLOCK, (block + 1) * BLOCK)
    losses, rng = table(cell, repetitions, seed), np.random.default_rng(block)
    bounds: dict[str, list[tuple[Floats, Floats]]] = {}
    for measured in losses.by_target.values():
        units = units_of(measured.images, losses.clusters)
        for method, ends in tried_intervals(measured.values, units, rng, RESAMPLES):
            bounds.setdefault(method, []).append(ends)
    return {method: judged(truth(cell), ends) for method, ends in bounds.items()}


def judged(true: Floats, ends: Iterable[tuple[Floats, Floats]]) -> dict[str, list[float]]:
    """Return each of `COUNTS` as a list over repetitions.

    ``true`` are the (E,) true affinities. ``held`` counts the candidates whose truth lies within
    the bounds, ``above`` and ``below`` those whose truth lies outside; ``width`` is the median of
    high − low in log-odds.
    """
    found: dict[str, list[float]] = {name: [] for name in COUNTS}
    for low, high in ends:
        above, below = int((true > high).sum()), int((true < low).sum())
        with np.errstate(divide="ignore"):
            width = round(float(np.median(logit(high) - logit(low))), 4)
        values = (len(true) - above - below, above, below, width)
        for name, value in zip(COUNTS, values, strict=True):
            found[name].append(value)
    return found


@contextlib.contextmanager
def _without_warnings() -> Iterator[None]:
    """Silence the library's warnings of few images, which this suite has on purpose."""
    logger = logging.getLogger("taskgraph")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
