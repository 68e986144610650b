"""The simulated tournaments: their scenarios (cells of the page), losses and true affinities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from scipy.stats import norm

from taskgraph.affinity import Ties, affinity_from_wins
from taskgraph.arrays import Floats
from taskgraph.losses import Losses, TargetLosses


@dataclass(frozen=True)
class Scenario:
    """A simulated tournament: normal losses with equally spaced means from 0 to 1.

    Attributes
    ----------
    images : int
    noise : float
        Standard deviation of a loss, independent over candidates.
    clusters : int
        Clusters of images; 0 for none.
    shared : float
        Share of the variance that is common to the images of a cluster, in [0, 1].
    candidates : int
    ties, clip
        See `taskgraph.affinity.affinity_from_wins`.
    rounding : float
        Step that losses are rounded to, which makes ties; 0 for none.
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
    def means(self) -> Floats:
        """Return the (E,) mean losses, the smallest first."""
        return np.linspace(0.0, 1.0, self.candidates)

    @property
    def name(self) -> str:
        """Return the values of all fields, in order, joined by slashes."""
        return "/".join(str(value) for value in asdict(self).values())

    @property
    def label(self) -> str:
        """Return the fields that differ from the defaults, in words."""
        parts = [f"{self.images:,} images", f"noise {self.noise:g}"]
        if self.clusters:
            parts.append(f"{self.clusters} clusters")
        for name in ("shared", "candidates", "ties", "clip", "rounding"):
            value = getattr(self, name)
            if value != getattr(Scenario, name):
                parts.append(f"{name} {value:g}" if name != "ties" else f"{value} ties")
        return ", ".join(parts)


NOISES = (0.3, 1.0, 3.0)
GRID = [Scenario(images, noise) for images in (20, 100, 1000) for noise in NOISES] + [
    Scenario(images, noise, clusters)
    for images in (100, 1000)
    for clusters in (10, 30)
    for noise in NOISES
]
"""Scenarios in which the coverage must be right."""
FEW = [Scenario(images, noise) for images in (3, 4, 5, 10) for noise in NOISES] + [
    Scenario(100, noise, clusters) for clusters in (2, 3, 4, 5) for noise in NOISES
]
"""Scenarios with few images or clusters, in which the coverage falls."""
OTHER = [
    *(Scenario(images, 0.3, candidates=count) for count in (2, 20) for images in (20, 100, 1000)),
    *(Scenario(images, 0.2) for images in (20, 100, 1000)),
    *(Scenario(1000, 0.3, 10, shared=share) for share in (0.0, 0.1, 0.9, 1.0)),
    *(Scenario(100, 0.3, clip=clip) for clip in (0.02, 0.1)),
    *(Scenario(100, 0.3, ties=ties, rounding=0.5) for ties in ("half", "strict")),
]
"""Further scenarios; the method was chosen without them."""


def simulate(cell: Scenario, rng: np.random.Generator) -> Floats:
    """Return simulated (E, B) losses; image b is in cluster b modulo their number."""
    noise = rng.normal(size=(cell.candidates, cell.images))
    if cell.clusters:
        cluster = np.arange(cell.images) % cell.clusters
        common = rng.normal(size=(cell.candidates, cell.clusters))[:, cluster]
        noise = np.sqrt(cell.shared) * common + np.sqrt(1 - cell.shared) * noise
    values = cell.means[:, None] + cell.noise * noise
    return np.round(values / cell.rounding) * cell.rounding if cell.rounding else values


def table(cell: Scenario, repetitions: Sequence[int], seed: int) -> Losses:
    """Return a table with one target a repetition; targets share neither images nor clusters."""
    by_target: dict[str, TargetLosses] = {}
    clusters: dict[str, str] = {}
    names = tuple(f"s{k:02d}" for k in range(cell.candidates))
    for repetition in repetitions:
        # The seed names the scenario and the repetition, so other ones do not change the numbers.
        rng = np.random.default_rng([seed, repetition, *cell.name.encode()])
        images = tuple(f"{repetition}-{b:04d}" for b in range(cell.images))
        target = f"{repetition:04d}"
        by_target[target] = TargetLosses(names, images, simulate(cell, rng))
        if cell.clusters:
            of = (f"{repetition}-{b % cell.clusters}" for b in range(cell.images))
            clusters.update(zip(images, of, strict=True))
    return Losses(by_target, clusters=clusters)


def truth(cell: Scenario) -> Floats:
    """Return the (E,) affinities of the win rates on infinitely many images.

    Ties and extreme win rates are treated as in measured tables.
    """
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
