"""Restore a user's photograph: tile by tile, with the best so far at any moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from benchmarks.prior.baselines import bicubic, local_median
from benchmarks.prior.fit_settings import FitSettings
from benchmarks.prior.fitting import fit_prior
from benchmarks.prior.observations import Observation, Photograph, masked, smaller, whole
from benchmarks.prior.stopping import Keeper
from benchmarks.prior.tiles import BlendedTiles, Tile, tiles_of
from taskgraph.errors import TaskgraphError
from taskgraph.progress import Progress, no_progress

JITTER_OF_SIGMA = ((25 / 255, 50 / 255), (1 / 30, 1 / 20))
"""Noise levels of the published settings for denoising, and the input's noise of each."""


NOISE_LAG = 100
"""Iterations that the running average looks back, 1 / (1 − γ)."""


class RestorationError(TaskgraphError, ValueError):
    """Raised where a photograph cannot be restored as asked."""


class Restoration:
    """The restoration of one photograph; `run` does the work, `picture` is the result so far.

    A photograph that is larger than a tile is cut into overlapping tiles. Each is fitted by a
    network of its own, and the results are blended.

    Parameters
    ----------
    values : (C, H, W) array in [0, 1]
        The photograph.
    fit_settings : FitSettings
    known : (H, W) array of bool, optional
        For inpainting.
    factor : int
        For super-resolution; otherwise 1.
    sigma : float, optional
        For denoising: standard deviation of the noise, of values in [0, 1]. The fit then also
        stops where its mean squared difference to the photograph falls to sigma².
    tile, overlap : int
        Side of a tile, and the least overlap of two, in pixels of the restored picture.
    seed : int
    stop : bool
        Whether a fit ends where the rule of `benchmarks.prior.stopping` says; otherwise it has all
        its iterations.
    """

    def __init__(
        self,
        values: Photograph,
        fit_settings: FitSettings,
        *,
        known: np.ndarray | None = None,
        factor: int = 1,
        sigma: float | None = None,
        tile: int = 192,
        overlap: int = 32,
        seed: int = 0,
        stop: bool = True,
        arithmetic: str = "float32",
    ) -> None:
        self.values, self.known, self.factor, self.sigma = values, known, factor, sigma
        if sigma is not None:
            jitter = float(np.interp(sigma, *JITTER_OF_SIGMA))
            fit_settings = replace(fit_settings, jitter=jitter)
        self.fit_settings, self.seed = fit_settings, seed
        self.stop, self.arithmetic = stop, arithmetic
        height, width = values.shape[1:]
        self.tiles = tiles_of(height, width, tile // factor, overlap // factor)
        self._check()
        plain = np.clip(_plain(self._observation(Tile(0, 0, height, width))), 0, 1)
        self._blended = BlendedTiles(plain, overlap)
        self._current: tuple[Tile, Keeper] | None = None
        self.iterations = 0

    def _check(self) -> None:
        """Raise RestorationError if a tile has no known pixel or is too small for the network."""
        least = self.fit_settings.network.least
        tile = self.tiles[0].scaled(self.factor)
        if min(tile.height, tile.width) < least:
            raise RestorationError(
                f"a tile has {tile.width} x {tile.height} pixels and the network needs at least "
                f"{least} in both directions; take a larger picture or a larger --tile"
            )
        for each in self.tiles:
            if self.known is not None and not each.of(self.known).any():
                raise RestorationError(
                    f"all pixels from column {each.left}, row {each.top} on, for "
                    f"{each.width} x {each.height} pixels, are missing; raise --tile"
                )

    def _observation(self, tile: Tile) -> Observation:
        """Return the observation of a tile."""
        values = np.ascontiguousarray(tile.of(self.values), dtype=np.float32)
        if self.known is not None:
            return masked(values, tile.of(self.known))
        return smaller(values, self.factor) if self.factor > 1 else whole(values)

    @property
    def started(self) -> bool:
        """Return whether there is a result of at least one iteration."""
        return self.iterations > 0

    @property
    def picture(self) -> Photograph:
        """The restored picture so far; parts that were not begun are enlarged or filled plainly."""
        picture = self._blended.picture()
        if self._current is not None and self.started:
            tile, keeper = self._current
            picture = self._blended.with_tile(tile, keeper.picture)
        if self.known is not None:
            picture = np.where(self.known, self.values, picture)
        return np.clip(picture, 0, 1)

    def run(
        self, progress: Progress = no_progress, look: Callable[[], None] = lambda: None
    ) -> None:
        """Fit all tiles.

        Parameters
        ----------
        progress : Progress
            Receives the finished iterations of all tiles.
        look : callable
            Called after every iteration, so that a caller can write a preview.
        """
        each, total = self.fit_settings.iterations, self.fit_settings.iterations * len(self.tiles)
        for number, tile in enumerate(self.tiles):
            label = f"tile {number + 1} of {len(self.tiles)}" if len(self.tiles) > 1 else ""
            if self.known is not None and tile.of(self.known).all():
                continue
            for done in self._fit(tile, self.seed + number):
                progress(number * each + done, total, label)
                look()
        progress(total, total)

    def _fit(self, tile: Tile, seed: int) -> Iterator[int]:
        """Fit one tile, blend its picture in, and yield the number of iterations so far."""
        keeper, noise, place = Keeper(), _NoiseLevel(self.sigma), tile.scaled(self.factor)
        observation = self._observation(tile)
        picture = None
        for iterate in fit_prior(
            observation, self.fit_settings, seed=seed, arithmetic=self.arithmetic
        ):
            stopped = keeper.add(iterate.picture.numpy())
            self._current = (place, keeper)
            self.iterations += 1
            yield iterate.number
            if self.stop and noise.reached(iterate.number, iterate.loss):
                picture = keeper.last
            if self.stop and (stopped or picture is not None):
                break
        if picture is None:
            picture = keeper.picture if self.stop else keeper.last
        self._blended.add(place, picture)
        self._current = None


class _NoiseLevel:
    """Stop when the loss has fallen to the variance of the noise (Morozov's principle)."""

    def __init__(self, sigma: float | None) -> None:
        self.level = 0.0 if sigma is None else sigma**2
        self.smooth, self.since = float("inf"), 0

    def reached(self, number: int, loss: float) -> bool:
        """Return whether the smoothed loss fell to the level `NOISE_LAG` iterations ago."""
        self.smooth = loss if number == 1 else 0.9 * self.smooth + 0.1 * loss
        if not self.since and self.smooth <= self.level:
            self.since = number
        return self.since > 0 and number - self.since >= NOISE_LAG


def _plain(observation: Observation) -> Photograph:
    """Return the picture without a network: unchanged, enlarged, or filled with medians."""
    if observation.known is not None:
        return local_median(observation, 3)
    if observation.values.shape != observation.shape:
        return bicubic(observation, 0)
    return observation.values
