"""How often the intervals of affinities hold the truth, in simulated tournaments.

    python -m benchmarks.intervals --out results/intervals

Rows are written as they come; those that the table already has are skipped, so that a run that was
cut off goes on. ``--tried`` measures the methods that were tried, on validation seeds.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logit
from scipy.stats import norm

from benchmarks.intervals_page import render
from benchmarks.intervals_tried import tried_intervals
from benchmarks.results.machine import ROOT, commit, machine
from taskgraph.affinity import Ties, affinities, affinity_from_wins
from taskgraph.affinity.bootstrap import units_of
from taskgraph.losses import Losses, TargetLosses

REPETITIONS, RESAMPLES, SEED = 200, 200, 14
TRIED_REPETITIONS, TRIED_SEED = 60, 1
BLOCK = 20
"""Repetitions that are measured in one table, each as a target."""
COLUMNS = ["cell", "repetition", "method", "held", "above", "below", "width"]
BEFORE, AFTER = "before", "after"

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Cell:
    """A tournament whose truth is known: normal losses with equally spaced means from 0 to 1.

    ``noise`` is the standard deviation of a loss, independent over candidates. With ``clusters``,
    ``shared`` of its variance is common to the images of a cluster. ``rounding`` is the step that
    losses are rounded to, for ties; 0 for none.
    """

    images: int
    noise: float
    clusters: int = 0
    shared: float = 0.5
    candidates: int = 8
    ties: Ties = "half"
    clip: float = 1e-3
    rounding: float = 0.0

    @property
    def means(self) -> FloatArray:
        """(E,) array: the best first."""
        return np.linspace(0.0, 1.0, self.candidates)

    @property
    def name(self) -> str:
        """The fields in order, as the records have it."""
        return "/".join(str(value) for value in asdict(self).values())

    @property
    def label(self) -> str:
        """What differs from the usual, for a reader."""
        parts = [f"{self.images:,} images", f"noise {self.noise:g}"]
        if self.clusters:
            parts.append(f"{self.clusters} clusters")
        for name in ("shared", "candidates", "ties", "clip", "rounding"):
            value = getattr(self, name)
            if value != getattr(Cell, name):
                parts.append(f"{name} {value:g}" if name != "ties" else f"{value} ties")
        return ", ".join(parts)


NOISES = (0.3, 1.0, 3.0)
GRID = [Cell(images, noise) for images in (20, 100, 1000) for noise in NOISES] + [
    Cell(images, noise, clusters)
    for images in (100, 1000)
    for clusters in (10, 30)
    for noise in NOISES
]
"""The cells that the method must hold in."""
FEW = [Cell(images, noise) for images in (3, 4, 5, 10) for noise in NOISES] + [
    Cell(100, noise, clusters) for clusters in (2, 3, 4, 5) for noise in NOISES
]
"""Where it stops to hold."""
OTHER = [
    *(Cell(images, 0.3, candidates=count) for count in (2, 20) for images in (20, 100, 1000)),
    *(Cell(images, 0.2) for images in (20, 100, 1000)),
    *(Cell(1000, 0.3, 10, shared=share) for share in (0.0, 0.1, 0.9, 1.0)),
    *(Cell(100, 0.3, clip=clip) for clip in (0.02, 0.1)),
    *(Cell(100, 0.3, ties=ties, rounding=0.5) for ties in ("half", "strict")),
]
"""What no choice was made on."""


def simulate(cell: Cell, rng: np.random.Generator) -> FloatArray:
    """(E, B) losses; images are dealt to clusters in turn."""
    noise = rng.normal(size=(cell.candidates, cell.images))
    if cell.clusters:
        cluster = np.arange(cell.images) % cell.clusters
        common = rng.normal(size=(cell.candidates, cell.clusters))[:, cluster]
        noise = np.sqrt(cell.shared) * common + np.sqrt(1 - cell.shared) * noise
    values = cell.means[:, None] + cell.noise * noise
    return np.round(values / cell.rounding) * cell.rounding if cell.rounding else values


def table(cell: Cell, repetitions: Sequence[int], seed: int) -> Losses:
    """A table in which every repetition is a target with images and clusters of its own."""
    by_target: dict[str, TargetLosses] = {}
    clusters: dict[str, str] = {}
    names = tuple(f"s{k:02d}" for k in range(cell.candidates))
    for repetition in repetitions:
        # The same random numbers whichever cells and repetitions are run.
        rng = np.random.default_rng([seed, repetition, *cell.name.encode()])
        images = tuple(f"{repetition}-{b:04d}" for b in range(cell.images))
        target = f"{repetition:04d}"
        by_target[target] = TargetLosses(names, images, simulate(cell, rng))
        if cell.clusters:
            of = (f"{repetition}-{b % cell.clusters}" for b in range(cell.images))
            clusters.update(zip(images, of, strict=True))
    return Losses(by_target, clusters=clusters)


def truth(cell: Cell) -> FloatArray:
    """(E,) affinities of the win rates on infinitely many images; ties and extremes as measured."""
    means = cell.means
    if cell.rounding:
        edges = np.arange(-40, 41) * cell.rounding
        below = norm.cdf((edges + cell.rounding / 2 - means[:, None]) / cell.noise)  # (E, K)
        each = np.diff(below, axis=1)
        won = each @ (1.0 - below[:, 1:]).T
        wins = won + 0.5 * each @ each.T if cell.ties == "half" else won
    else:
        wins = norm.cdf((means - means[:, None]) / (cell.noise * np.sqrt(2)))
    return affinity_from_wins(wins, ties=cell.ties, clip=cell.clip)


def measure(cell: Cell, block: int, seed: int = SEED) -> list[dict[str, Any]]:
    """``BLOCK`` simulated tables: how many candidates the intervals hold, before and after."""
    repetitions = range(block * BLOCK, (block + 1) * BLOCK)
    found = affinities(table(cell, repetitions, seed), bootstrap=RESAMPLES, seed=block,
                       ties=cell.ties, clip=cell.clip, min_images=2)  # fmt: skip
    shape = (2, BLOCK, cell.candidates)
    ends = found.transfers.frame[["low", "high"]].to_numpy(dtype=float)
    bounds = {
        BEFORE: np.quantile(found.resamples, [0.025, 0.975], axis=0).reshape(shape),
        AFTER: ends.T.reshape(shape),
    }
    return [
        judged(cell, repetition, method, low, high)
        for method, (lows, highs) in bounds.items()
        for repetition, low, high in zip(repetitions, lows, highs, strict=True)
    ]


def measure_tried(cell: Cell, block: int, seed: int = TRIED_SEED) -> list[dict[str, Any]]:
    """The same by every method that was tried."""
    repetitions = range(block * BLOCK, (block + 1) * BLOCK)
    losses, rng = table(cell, repetitions, seed), np.random.default_rng(block)
    rows = []
    for repetition, measured in zip(repetitions, losses.by_target.values(), strict=True):
        units = units_of(measured.images, losses.clusters)
        for method, ends in tried_intervals(measured.values, units, rng, RESAMPLES):
            rows.append(judged(cell, repetition, method, *ends))
    return rows


def judged(
    cell: Cell, repetition: int, method: str, low: FloatArray, high: FloatArray
) -> dict[str, Any]:
    """One record: the truth above ``high`` or below ``low``, and the width in log-odds."""
    true = truth(cell)
    above, below = int((true > high).sum()), int((true < low).sum())
    with np.errstate(divide="ignore"):
        width = float(np.median(logit(high) - logit(low)))
    row = [cell.name, repetition, method, cell.candidates - above - below, above, below,
           round(width, 4)]  # fmt: skip
    return dict(zip(COLUMNS, row, strict=True))


def run(out: Path, repetitions: int, *, tried: bool = False) -> None:
    """Measure what the records lack, cell by cell, and render the page."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / ("tried.csv" if tried else "records.csv")
    made = {"commit": commit(), **machine("numpy", "scipy")}
    records = pd.read_csv(path) if path.exists() else pd.DataFrame(columns=COLUMNS)
    known = set(zip(records["cell"], records["repetition"], strict=True))
    for cell in GRID if tried else [*GRID, *FEW, *OTHER]:
        blocks = repetitions if tried or cell in GRID else repetitions // 2
        missing = [k for k in range(blocks // BLOCK) if (cell.name, k * BLOCK) not in known]
        if not missing:
            continue
        function = measure_tried if tried else measure
        rows = [row for block in missing for row in function(cell, block)]
        records = pd.concat([records, pd.DataFrame(rows)], ignore_index=True)
        part = path.with_suffix(".part")
        records.to_csv(part, index=False)
        part.replace(path)
        print(cell.name, flush=True)
    config = out / "config.json"
    before = json.loads(config.read_text()) if config.exists() else {}
    config.write_text(json.dumps(before | {path.stem: made}, indent=1) + "\n")
    (out / "README.md").write_text(page(out))


def page(out: Path) -> str:
    """The page, from the records and their configuration."""
    frames = {
        stem: pd.read_csv(out / f"{stem}.csv")
        for stem in ("records", "tried")
        if (out / f"{stem}.csv").exists()
    }
    made = json.loads((out / "config.json").read_text())
    seeds = {"records": SEED, "tried": TRIED_SEED}
    return render(frames, made, seeds, {"grid": GRID, "few": FEW, "other": OTHER}, RESAMPLES)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "intervals")
    parser.add_argument("--repetitions", type=int)
    parser.add_argument("--tried", action="store_true", help="the methods that were tried")
    given = parser.parse_args()
    logging.getLogger("taskgraph").setLevel(logging.ERROR)
    usual = TRIED_REPETITIONS if given.tried else REPETITIONS
    run(given.out, given.repetitions or usual, tried=given.tried)


if __name__ == "__main__":
    main()
