"""Win rates between two choices of transfers on the same images, in resamples of images and seeds.

A choice names a candidate or reference for each target. On an image it wins against another choice
if its loss is lower; a tie counts half. Where a candidate was trained with several seeds, the rate
is the mean over pairs of runs, as in `taskgraph.affinity.seeds`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from benchmarks.results.measures import LEVEL
from taskgraph.affinity import image_wins
from taskgraph.affinity.bootstrap import ResampledFactor, Resamples, draw_resamples
from taskgraph.affinity.seeds import draw_seeds, runs_of
from taskgraph.affinity.tournament import Tournament, tournament_of
from taskgraph.arrays import Floats
from taskgraph.losses import Losses

MIN_IMAGES = 10


@dataclass(frozen=True, eq=False)
class TwoWayDraws:
    """Resamples of images (or their clusters) and of seeds, the same for all that is compared.

    Attributes
    ----------
    tournaments : mapping of targets to Tournament
    images : Resamples
        The first one has each image once.
    seeds : mapping of (target, name) to (1 + R, S) arrays
        Weights of the seeds of those that have several; the first row is equal weights.
    """

    tournaments: Mapping[str, Tournament]
    images: Resamples
    seeds: Mapping[tuple[str, str], Floats]
    _known: dict[tuple[str, str, str], Floats] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Return the number of resamples, the first one included."""
        return len(self.images.counts)

    def wins(self, target: str, one: str, other: str) -> Floats:
        """Return the win rate of a candidate or reference against another one, (1 + R,).

        The first value is that of all images and seeds. It is 0.5 against itself.

        Raises
        ------
        KeyError
            If the target has no such candidate or reference.
        """
        key = target, one, other
        if key not in self._known:
            self._known[key] = self._wins(*key) if one != other else np.full(self.count, 0.5)
        return self._known[key]

    def _wins(self, target: str, one: str, other: str) -> Floats:
        runs = [self._runs(target, name) for name in (one, other)]
        each = image_wins(runs[0][:, None], runs[1][None])  # (S, Z, B)
        units, counts = self.images.units[target], self.images.counts
        weights = np.zeros((len(units), counts.shape[1]))
        weights[np.arange(len(units)), units] = 1.0  # (B, U)
        shares = each @ weights @ counts.T / (weights.sum(axis=0) @ counts.T)  # (S, Z, 1 + R)
        ones, others = (self._weights(target, name) for name in (one, other))
        return np.asarray(np.einsum("rs,rz,szr->r", ones, others, shares))

    def _runs(self, target: str, name: str) -> Floats:
        met = self.tournaments[target]
        known = {**dict(zip(met.candidates, met.losses, strict=True)), **met.references}
        return runs_of(met, name, known[name])

    def _weights(self, target: str, name: str) -> Floats:
        found = self.seeds.get((target, name))
        return np.ones((self.count, 1)) if found is None else found

    def has(self, target: str, name: str) -> bool:
        """Return whether a target has a candidate or reference of this name."""
        met = self.tournaments[target]
        return name in met.candidates or name in met.references


def draw_two_way(
    losses: Losses,
    *,
    resamples: int,
    seed: int = 0,
    factor: ResampledFactor = "both",
    min_images: int = MIN_IMAGES,
) -> TwoWayDraws:
    """Draw resamples of the images (or clusters) of all targets and of the seeds of all runs.

    ``factor`` images or seeds draws one of the two alone. Without resamples there is the row of
    all images and seeds alone.

    Raises
    ------
    InvalidTableError
        As for `taskgraph.affinity.draw_resamples`.

    Source: Owen, The Pigeonhole Bootstrap, Annals of Applied Statistics 1(2), 2007.
    """
    met = {
        target: tournament_of(target, losses.by_target[target], min_images)
        for target in losses.targets
    }
    if resamples:
        drawn = draw_resamples(
            {target: one.images for target, one in met.items()},
            repeats=resamples,
            seed=seed,
            clusters=losses.clusters,
        )
    else:
        together = {
            target: np.zeros(len(one.images), dtype=np.int64) for target, one in met.items()
        }
        drawn = Resamples(np.ones((0, 1), dtype=np.int64), together)
    whole = np.ones((1, drawn.counts.shape[1]), dtype=np.int64)
    counts = np.ones_like(drawn.counts) if factor == "seeds" else drawn.counts
    rng = np.random.default_rng([seed, 1])
    seeds = {}
    for target, one in met.items():
        for name, further in sorted(one.further.items()):
            number = 1 + len(further)
            weights = draw_seeds(number, resamples, rng)
            if factor == "images":
                weights = np.full_like(weights, 1.0 / number)
            seeds[target, name] = np.vstack([np.full((1, number), 1.0 / number), weights])
    return TwoWayDraws(met, Resamples(np.vstack([whole, counts]), drawn.units), seeds)


def choice_win_rate(draws: TwoWayDraws, one: Mapping[str, str], other: Mapping[str, str]) -> Floats:
    """Return the mean over targets of the win rates of one choice against another, (1 + R,).

    Parameters
    ----------
    one, other : mappings of targets to joined sources
        Of the same targets.
    """
    return np.asarray(
        np.mean([draws.wins(target, name, other[target]) for target, name in one.items()], axis=0)
    )


def percentile_ends(values: Floats, level: float = LEVEL) -> tuple[float, float]:
    """Return the percentile interval of resampled values, whose first entry is left out.

    Source: Efron & Tibshirani, An Introduction to the Bootstrap (1993), ch. 13.
    """
    low, high = np.quantile(values[1:], [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
