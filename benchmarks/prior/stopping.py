"""Stop a restoration without knowing the true picture, and average its outputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.prior.observations import Photograph

GAMMA = 0.99
"""Weight of the past in the exponential average of outputs (Ulyanov et al. 2018)."""


class RunningAverage:
    """The exponential average of pictures: γ · average + (1 − γ) · picture, from the first on."""

    def __init__(self, gamma: float = GAMMA) -> None:
        self.gamma = gamma
        self.picture: Photograph | None = None

    def add(self, picture: Photograph) -> Photograph:
        """Add a picture, and return the average so far."""
        if self.picture is None:
            self.picture = picture.copy()
        else:
            self.picture = self.gamma * self.picture + (1 - self.gamma) * picture
        return self.picture


class WindowedVariance:
    """The variance of the last W outputs: (1/W) Σ ‖x_w − mean‖² / number of values.

    It falls while the network fits the picture and rises when it begins to fit the noise, so its
    minimum is a sign to stop that needs no true picture (ES-WMV; Wang et al. 2021, "Early stopping
    for deep image prior", section 2).
    """

    def __init__(self, window: int) -> None:
        self.window = window
        self.count = 0
        self._last: np.ndarray | None = None
        self._sum: np.ndarray | None = None
        self._squares = 0.0

    def add(self, picture: Photograph) -> float:
        """Add an output, and return the variance of the last W; NaN before there are W."""
        flat = picture.reshape(-1)
        if self._last is None:
            self._last = np.zeros((self.window, flat.size), dtype=np.float32)
            self._sum = np.zeros(flat.size)
        assert self._sum is not None
        place = self.count % self.window
        old = self._last[place].astype(np.float64)
        new = flat.astype(np.float64)
        self._sum += new - old
        self._squares += float(new @ new - old @ old)
        self._last[place] = flat
        self.count += 1
        if self.count < self.window:
            return math.nan
        mean = self._sum / self.window
        return max(0.0, (self._squares / self.window - float(mean @ mean)) / flat.size)


@dataclass(frozen=True)
class Rule:
    """When to stop, and what to return.

    Attributes
    ----------
    window : int
        Number of outputs whose variance is taken.
    patience : int
        Stop where the variance has had no new minimum for this number of iterations.
    lag : int
        The average of outputs is returned as it was this number of iterations after the minimum,
        since an average is of earlier outputs; at most ``patience``.
    """

    window: int
    patience: int
    lag: int


RULE = Rule(window=25, patience=400, lag=400)
"""The rule of the suite and of its commands; `benchmarks.prior.fits.tried_rules` chose it."""


class Stopper:
    """Follows the windowed variance of outputs and says when to stop.

    Attributes
    ----------
    best : int
        Iteration of the smallest variance; 0 before there is one.
    now : int
        The last iteration.
    """

    def __init__(self, rule: Rule = RULE) -> None:
        self.rule = rule
        self.least, self.best, self.now = math.inf, 0, 0

    def follow(self, number: int, variance: float) -> None:
        """Take the variance at an iteration."""
        self.now = number
        if variance < self.least:
            self.least, self.best = variance, number

    @property
    def stopped(self) -> bool:
        """Return whether the variance had no new minimum for `Rule.patience` iterations."""
        return self.best > 0 and self.now - self.best >= self.rule.patience

    @property
    def chosen(self) -> int:
        """The iteration whose average is returned; the last one if the minimum is too recent."""
        return min(self.best + self.rule.lag, self.now) if self.best else self.now


def stop_of(numbers: Sequence[int], variances: Sequence[float], rule: Rule) -> int:
    """Return the iteration that a rule chooses from a curve of windowed variances."""
    stopper = Stopper(rule)
    for number, variance in zip(numbers, variances, strict=True):
        if stopper.stopped:
            break
        stopper.follow(number, variance)
    return stopper.chosen


class Keeper:
    """Averages the outputs of a fit and keeps the picture that the rule chooses.

    Attributes
    ----------
    average : RunningAverage
    stopper : Stopper
    """

    def __init__(self, rule: Rule = RULE) -> None:
        self.average, self.stopper = RunningAverage(), Stopper(rule)
        self._variance = WindowedVariance(rule.window)
        self._kept: Photograph | None = None

    def add(self, picture: Photograph) -> bool:
        """Add the output of the next iteration; return whether the rule has stopped."""
        mean = self.average.add(picture)
        stopper = self.stopper
        if not stopper.stopped:
            stopper.follow(stopper.now + 1, self._variance.add(picture))
            if stopper.chosen == stopper.now:
                self._kept = mean
        return stopper.stopped

    @property
    def picture(self) -> Photograph:
        """The restored picture so far, clipped to [0, 1]."""
        assert self._kept is not None, "no output was added"
        return np.clip(self._kept, 0, 1)

    @property
    def last(self) -> Photograph:
        """The average after the last output, clipped to [0, 1]."""
        assert self.average.picture is not None, "no output was added"
        return np.clip(self.average.picture, 0, 1)
