"""Bootstrap resamples of test images, drawn jointly for all targets that share images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from taskgraph.arrays import Integers
from taskgraph.errors import InvalidTableError


@dataclass(frozen=True, eq=False)
class Resamples:
    """How often every image counts in each of R resamples.

    Parameters
    ----------
    counts : (R, U) ints
        Draws of each unit (an image, or a cluster of images).
    units : mapping of targets to (B,) ints
        The unit of each image that the target's tournament uses.
    """

    counts: Integers
    units: Mapping[str, Integers]

    def weights(self, target: str) -> Integers:
        """(R, B) array: how often each image of the target's tournament counts."""
        return self.counts[:, self.units[target]]


def units_of(images: Sequence[str], clusters: Mapping[str, str]) -> Integers:
    """(B,) ints: the number of each image's cluster, or one of its own."""
    known: dict[tuple[str, str], int] = {}
    return np.array([known.setdefault(_unit(image, clusters), len(known)) for image in images])


def _unit(image: str, clusters: Mapping[str, str]) -> tuple[str, str]:
    """A pair, so that a cluster never meets an image of the same name."""
    return ("cluster", clusters[image]) if image in clusters else ("image", image)


def draw_resamples(
    images: Mapping[str, Sequence[str]],
    *,
    repeats: int,
    seed: int = 0,
    clusters: Mapping[str, str] | None = None,
) -> Resamples:
    """Draw images, or clusters of them, with replacement.

    An image that several targets were tested on is drawn for all of them at once, so that the
    dependence between targets survives. Targets that share no image, not even through others,
    are drawn independently, each as often as it has units.

    Parameters
    ----------
    images : mapping of targets to the names of the images that their tournaments use
    repeats : int, at least 1
    seed : int
    clusters : mapping of images to clusters
        Whole clusters are drawn; an image that is not in it stands alone.

    Raises
    ------
    InvalidTableError
        If ``repeats`` is below 1, or some target has a single unit, which cannot vary.

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
                "at least 2 to resample; leave out the clusters or the bootstrap"
            )
    rng = np.random.default_rng(seed)
    counts = np.zeros((repeats, len(known)), dtype=np.int64)
    for group in _groups(units):
        _draw(counts, [units[target] for target in group], rng)
    return Resamples(counts, units)


def _draw(counts: Integers, members: list[Integers], rng: np.random.Generator) -> None:
    """Fill in the counts of one group of targets; no target is ever left without an image."""
    pool = np.unique(np.concatenate(members))
    missing = np.arange(len(counts))
    while missing.size:
        drawn = rng.multinomial(pool.size, np.full(pool.size, 1 / pool.size), size=missing.size)
        counts[np.ix_(missing, pool)] = drawn
        present = [counts[np.ix_(missing, np.unique(m))].any(axis=1) for m in members]
        missing = missing[~np.all(present, axis=0)]


def _groups(units: Mapping[str, Integers]) -> list[list[str]]:
    """Sets of targets that are linked by shared units, in the order of their first target."""
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
