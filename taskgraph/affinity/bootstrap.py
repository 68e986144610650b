"""Bootstrap resamples of test images, and the affinities of all transfers in each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from taskgraph.affinity.ahp import check_clip
from taskgraph.affinity.methods import AHP, find_method
from taskgraph.affinity.seeds import TrainingRuns
from taskgraph.affinity.tournament import tournament_of, win_rates
from taskgraph.affinity.wins import Ties, check_ties
from taskgraph.arrays import Floats, Integers
from taskgraph.errors import InvalidTableError
from taskgraph.losses import Losses
from taskgraph.progress import Progress, no_progress, with_progress

ResampledFactor = Literal["both", "images", "seeds"]
"""What resamples draw: images and seeds of training, images (or their clusters) alone with equal
weights of the seeds, or seeds alone on all images."""

CHUNK = 1 << 25
"""Most entries of resampled win matrices that are held in memory at once (0.27 GB)."""


@dataclass(frozen=True, eq=False)
class Resamples:
    """Counts of how often each image occurs in each of R resamples.

    Attributes
    ----------
    counts : (R, U) ints
        How often each unit (an image, or a cluster of images) was drawn.
    units : mapping of targets to (B,) ints
        The unit of each image that the target's tournament uses.
    """

    counts: Integers
    units: Mapping[str, Integers]

    def weights(self, target: str) -> Integers:
        """Return how often each image of the target's tournament counts, (R, B)."""
        return self.counts[:, self.units[target]]


def units_of(images: Sequence[str], clusters: Mapping[str, str]) -> Integers:
    """Return the number of each image's unit, (B,): its cluster, or else the image itself."""
    known: dict[tuple[str, str], int] = {}
    return np.array([known.setdefault(_unit(image, clusters), len(known)) for image in images])


def _unit(image: str, clusters: Mapping[str, str]) -> tuple[str, str]:
    """Return the unit of an image as a pair, so that clusters and images never share a name."""
    return ("cluster", clusters[image]) if image in clusters else ("image", image)


def draw_resamples(
    images: Mapping[str, Sequence[str]],
    *,
    repeats: int,
    seed: int = 0,
    clusters: Mapping[str, str] | None = None,
) -> Resamples:
    """Draw resamples of images, or of clusters of images, with replacement.

    An image that several targets were tested on is drawn for all of them at once, which keeps the
    dependence between targets. Groups of targets that share no image are drawn independently, each
    as often as the group has units.

    Parameters
    ----------
    images : mapping of targets to the names of the images that their tournaments use
    repeats : int, at least 1
    seed : int
    clusters : mapping of images to clusters
        Whole clusters are drawn; an image without a cluster is a unit of its own.

    Raises
    ------
    InvalidTableError
        If ``repeats`` is below 1, or a target has a single unit.

    Source: Efron & Tibshirani (1993), ch. 6 and 8.
    """
    if repeats < 1:
        raise InvalidTableError(f"{repeats} resamples were asked for, expected at least 1")
    named = {
        target: [_unit(name, clusters or {}) for name in names] for target, names in images.items()
    }
    known = {
        unit: k for k, unit in enumerate(sorted({u for units in named.values() for u in units}))
    }
    units = {t: np.array([known[u] for u in row], dtype=np.int64) for t, row in named.items()}
    for target, numbers in units.items():
        if np.unique(numbers).size < 2:
            raise InvalidTableError(
                f'target "{target}": all of its {numbers.size} images are one cluster, expected '
                "at least 2 to resample; measure another cluster, leave out the column cluster to "
                "draw images as if they were independent, or draw no resamples (--bootstrap 0, "
                "where a command can do without)"
            )
    rng = np.random.default_rng(seed)
    counts = np.zeros((repeats, len(known)), dtype=np.int64)
    for group in _groups(units):
        _draw(counts, [units[target] for target in group], rng)
    return Resamples(counts, units)


def _draw(counts: Integers, members: list[Integers], rng: np.random.Generator) -> None:
    """Fill in the counts of one group of targets, drawn again where a target has no image."""
    pool = np.unique(np.concatenate(members))
    missing = np.arange(len(counts))
    while missing.size:
        drawn = rng.multinomial(pool.size, np.full(pool.size, 1 / pool.size), size=missing.size)
        counts[np.ix_(missing, pool)] = drawn
        present = [counts[np.ix_(missing, np.unique(m))].any(axis=1) for m in members]
        missing = missing[~np.all(present, axis=0)]


def _groups(units: Mapping[str, Integers]) -> list[list[str]]:
    """Return the groups of targets that shared units link, in the order of their first target."""
    groups: list[tuple[set[int], list[str]]] = []
    for target in sorted(units):
        own, names = set(units[target].tolist()), [target]
        apart = []
        for other, others in groups:
            if other & own:
                own, names = own | other, [*others, *names]
            else:
                apart.append((other, others))
        groups = [*apart, (own, names)]
    return sorted((sorted(names) for _, names in groups), key=lambda names: names[0])


def bootstrap_affinities(
    losses: Losses,
    *,
    repeats: int = 200,
    seed: int = 0,
    ties: Ties = "half",
    clip: float = 1e-3,
    min_images: int = 10,
    method: str = AHP,
    factor: ResampledFactor = "both",
    progress: Progress = no_progress,
) -> Floats:
    """Return the affinities of all transfers in each of R resamples of the test images.

    Images (or clusters, where the losses name them) are drawn jointly for all targets, from the
    images that all candidates of a target were tested on; see `draw_resamples`. Where a candidate
    was trained with several seeds, these are drawn too (`TrainingRuns.draw`), so that an image and
    a seed count as often as the product of both draws: the two-way, or pigeonhole, bootstrap. Its
    variance is at least that of both main effects, and counts their interaction more than once.

    ``method`` is a key of `TOURNAMENT_METHODS`. With ``factor`` images or seeds, one of the two is
    drawn alone, with the same draws as for both; the other one keeps equal weights.

    Returns
    -------
    (R, rows) array
        Aligned with the rows of ``affinities(losses).transfers``; NaN in reference rows.

    Raises
    ------
    InvalidTableError
        As for `affinities` and `draw_resamples`, or if seeds alone are to be drawn and no
        candidate has several.

    Source: Owen, The Pigeonhole Bootstrap, Annals of Applied Statistics 1(2), 2007, for crossed
    factors such as seeds and images.
    """
    check_ties(ties)
    check_clip(clip)
    chosen = find_method(method)
    tournaments = {
        target: tournament_of(target, losses.by_target[target], min_images)
        for target in losses.targets
    }
    runs = {target: TrainingRuns.of(one) for target, one in tournaments.items()}
    if factor == "seeds" and not any(each.several for each in runs.values()):
        raise InvalidTableError(
            "no transfer has several seeds, so that there are none to draw; measure some again "
            "with other seeds, as `taskgraph transfer --resume --seeds all=3` does"
        )
    weights = None
    if factor != "seeds":
        images = {target: one.images for target, one in tournaments.items()}
        draws = draw_resamples(images, repeats=repeats, seed=seed, clusters=losses.clusters)
        weights = draws.weights
    columns = []
    rng = np.random.default_rng([seed, 1])  # of seeds: draws of images do not depend on them
    for target in with_progress(losses.targets, progress):
        seeds = None if factor == "images" else runs[target].draw(repeats, rng)  # (R, N)
        counts = None if weights is None else weights(target)  # (R, B)
        resampled = _ResampledTarget(runs[target], ties, counts, seeds)
        step = max(1, CHUNK // len(runs[target].losses) ** 2)
        parts = [
            chosen.affinities(resampled.wins(k, min(k + step, repeats)), clip)
            for k in range(0, repeats, step)
        ]
        columns.append(np.concatenate(parts))  # (R, E)
        columns.append(np.full((repeats, len(tournaments[target].references)), np.nan))
    return np.concatenate(columns, axis=1)


@dataclass(frozen=True, eq=False)
class _ResampledTarget:
    """The runs of one target, and the (R, B) weights of images and (R, N) of runs in resamples.

    None stands for equal weights.
    """

    runs: TrainingRuns
    ties: Ties
    images: Integers | None
    seeds: Floats | None

    def wins(self, start: int, stop: int) -> Floats:
        """Return the (stop - start, E, E) win rates in the resamples from ``start`` to ``stop``."""
        images = None if self.images is None else self.images[start:stop]
        wins = win_rates(self.runs.losses, ties=self.ties, weights=images)
        wins = wins[None] if wins.ndim == 2 else wins
        wins = self.runs.mean_wins(wins, None if self.seeds is None else self.seeds[start:stop])
        return np.broadcast_to(wins, (stop - start, *wins.shape[1:]))
