"""Simulated tournaments whose candidates were trained with several seeds, and their coverage.

A loss is the candidate's mean, plus a normal effect of the seed that all images share, plus
independent normal noise of each image. The truth is the affinity of infinitely many seeds and
images: a candidate beats another one with the probability that follows from the sum of both
variances.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from scipy.stats import norm

from taskgraph.affinity import affinities, affinity_from_wins
from taskgraph.arrays import Floats
from taskgraph.losses import Losses, TargetLosses


@dataclass(frozen=True)
class SeedScenario:
    """A simulated tournament with several seeds of training for each candidate.

    Attributes
    ----------
    seeds : int
        Seeds of each candidate.
    between : float
        Standard deviation of the effect of a seed on all images, where the noise has 1.
    images : int
    candidates : int
        Their means are equally spaced from 0 to 0.6.
    """

    seeds: int
    between: float
    images: int = 60
    candidates: int = 3

    @property
    def means(self) -> Floats:
        """Return the (E,) mean losses, the smallest first."""
        return np.linspace(0.0, 0.6, self.candidates)

    @property
    def name(self) -> str:
        """Return the values of all fields, in order, joined by slashes."""
        return "/".join(str(value) for value in asdict(self).values())


SEED_GRID = [
    SeedScenario(seeds, between) for between in (0.1, 0.25, 0.5, 1.0) for seeds in (1, 2, 3, 5, 10)
]
"""Numbers of seeds, and how much seeds differ from one another beside the noise of images."""


def seed_truth(cell: SeedScenario) -> Floats:
    """Return the (E,) affinities of infinitely many seeds and images."""
    apart = cell.means[None] - cell.means[:, None]
    return affinity_from_wins(norm.cdf(apart / np.sqrt(2 * (1 + cell.between**2))))


def simulate_seeds(cell: SeedScenario, rng: np.random.Generator) -> Floats:
    """Return simulated (E, S, B) losses."""
    effects = cell.between * rng.normal(size=(cell.candidates, cell.seeds, 1))
    noise = rng.normal(size=(cell.candidates, cell.seeds, cell.images))
    return np.asarray(cell.means[:, None, None] + effects + noise)


def seed_bounds(
    cell: SeedScenario, repetitions: Sequence[int], seed: int
) -> list[tuple[Floats, Floats]]:
    """Return ``low`` and ``high`` of each repetition, as `taskgraph affinity` writes them."""
    names = tuple(f"s{k:02d}" for k in range(cell.candidates))
    images = tuple(f"{b:04d}" for b in range(cell.images))
    by_target = {}
    for repetition in repetitions:
        rng = np.random.default_rng([seed, repetition, *cell.name.encode()])
        values = simulate_seeds(cell, rng)
        runs = {
            name: {str(s): row for s, row in enumerate(each)}
            for name, each in zip(names, values, strict=True)
            if cell.seeds > 1
        }
        by_target[f"{repetition:04d}"] = TargetLosses(names, images, values[:, 0], runs)
    found = affinities(Losses(by_target), bootstrap=1, min_images=2).transfers
    ends = found.frame[["low", "high"]].to_numpy(dtype=float)
    return [(low, high) for low, high in ends.reshape(-1, cell.candidates, 2).transpose(0, 2, 1)]
