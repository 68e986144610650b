"""Losses of networks image by image: their means, and resamples of the images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taskgraph.arrays import Floats, Integers


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
        weight = random.multinomial(self.units, even, size=count).astype(float)  # count, units
        means = []
        for network, task in pairs:
            rows = (self.network == self.networks.index(network)) & (
                self.task == self.tasks.index(task)
            )
            total = np.bincount(self.unit[rows], self.value[rows], minlength=self.units)
            images = np.bincount(self.unit[rows], minlength=self.units)
            with np.errstate(invalid="ignore"):
                means.append(weight @ total / (weight @ images))
        return np.stack(means, axis=1)
