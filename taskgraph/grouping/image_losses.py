"""Losses of networks image by image: their means, and resamples of the images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taskgraph.arrays import Floats, Integers

BLOCK = 4_000_000
"""Most counts of resampled units that are held in memory at once."""


@dataclass(frozen=True, eq=False)
class ImageLosses:
    """The losses (or gains) of networks on tasks, image by image.

    Parameters
    ----------
    networks, tasks : names
    network, task, unit : (rows,) ints
        Network, task and sampling unit of each measurement. A unit is an image, or a cluster of
        images that were not drawn independently.
    value : (rows,) floats
    units : int
        Number of sampling units.
    by_cluster : bool
        Whether the units are clusters.
    """

    networks: tuple[str, ...]
    tasks: tuple[str, ...]
    network: Integers
    task: Integers
    unit: Integers
    value: Floats
    units: int
    by_cluster: bool = False

    def resampled_means(self, pairs: list[tuple[str, str]], *, count: int, seed: int) -> Floats:
        """Return the means of some networks on some tasks, for resamples of the units.

        All pairs share the resamples: a unit that is drawn twice counts twice for each of them. So
        differences and sums of the means have the right spread.

        Parameters
        ----------
        pairs : P pairs of a network and a task
        count : int
            Number of resamples.
        seed : int

        Returns
        -------
        (count, P) floats
            NaN where a resample holds no image on which the network was measured.
        """
        random = np.random.default_rng(seed)
        even = np.full(self.units, 1.0 / self.units)
        total, images = self._sums(pairs)  # P, units
        means = np.empty((count, len(pairs)))
        block = max(1, BLOCK // self.units)
        for start in range(0, count, block):
            size = min(block, count - start)
            weight = random.multinomial(self.units, even, size=size).astype(float)  # size, units
            with np.errstate(invalid="ignore"):
                means[start : start + size] = weight @ total.T / (weight @ images.T)
        return means

    def _sums(self, pairs: list[tuple[str, str]]) -> tuple[Floats, Floats]:
        """Return two (P, units) arrays: sum and number of the measurements of each pair."""
        cell = self.network * len(self.tasks) + self.task
        order = np.argsort(cell, kind="stable")
        total, images = np.zeros((2, len(pairs), self.units))
        for row, (network, task) in enumerate(pairs):
            wanted = self.networks.index(network) * len(self.tasks) + self.tasks.index(task)
            first, last = np.searchsorted(cell, [wanted, wanted + 1], sorter=order).tolist()
            rows = order[first:last]
            total[row] = np.bincount(self.unit[rows], self.value[rows], minlength=self.units)
            images[row] = np.bincount(self.unit[rows], minlength=self.units)
        return total, images
