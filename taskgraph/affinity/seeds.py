"""Several training runs of one candidate: mean win rates over seeds, and resamples of seeds.

A transfer that was trained with several seeds has one row of losses a seed. Its win rate against
another candidate is the mean over all pairs of their seeds: the share of images on which a run of
the one beats a run of the other, for runs drawn at random. Losses are never averaged over seeds,
because an average of several runs would be steadier than any run that a user trains.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from taskgraph.affinity.tournament import Tournament
from taskgraph.arrays import Floats, Integers


@dataclass(frozen=True, eq=False)
class TrainingRuns:
    """The training runs of all candidates of one target.

    Attributes
    ----------
    losses : (N, B) array
        One row a run, ordered by candidate; smaller is better.
    owner : (N,) ints, rising
        The number of each run's candidate.
    """

    losses: Floats
    owner: Integers

    @classmethod
    def of(cls, tournament: Tournament) -> TrainingRuns:
        """Return the runs of a tournament; one a candidate where each has a single seed."""
        parts = [
            runs_of(tournament, name, losses)
            for name, losses in zip(tournament.candidates, tournament.losses, strict=True)
        ]
        owner = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        return cls(np.concatenate(parts), owner)

    @property
    def counts(self) -> Integers:
        """Return the number of seeds of each candidate, (E,)."""
        return np.bincount(self.owner)

    @property
    def several(self) -> bool:
        """Return whether some candidate has several seeds."""
        return bool((self.counts > 1).any())

    def mean_wins(self, wins: Floats, weights: Floats | None = None) -> Floats:
        """Return the candidates' win rates, each the mean over the candidate's training runs.

        Parameters
        ----------
        wins : (N, N) or (R, N, N) array
            Win rates of runs (`win_rates`).
        weights : (R, N) array, optional
            Weight of each run, which sum to 1 over the runs of a candidate; by default equal.

        Returns
        -------
        (E, E) or (R, E, E) array
            The sum over seeds s and t of weights[i, s] weights[j, t] wins[i s, j t]; 0.5 on the
            diagonal. ``wins`` itself where every candidate has one run.
        """
        if not self.several:
            return wins
        share = (1.0 / self.counts)[self.owner] if weights is None else weights
        first = np.flatnonzero(np.diff(self.owner, prepend=-1))
        rows = np.add.reduceat(wins * share[..., :, None], first, axis=-2)
        mean: Floats = np.add.reduceat(rows * share[..., None, :], first, axis=-1)
        diagonal = np.arange(len(first))
        mean[..., diagonal, diagonal] = 0.5
        return mean

    def spread(self, values: Floats) -> Floats:
        """Return (N, N) values of pairs of runs that sum to those of pairs of candidates."""
        share = (1.0 / self.counts)[self.owner]
        return np.asarray(values[np.ix_(self.owner, self.owner)] * np.outer(share, share))

    def summed(self, values: Floats) -> Floats:
        """Return (E, B) sums over the runs of each candidate of (N, B) values."""
        first = np.flatnonzero(np.diff(self.owner, prepend=-1))
        return np.asarray(np.add.reduceat(values, first, axis=0))

    def draw(self, repeats: int, rng: np.random.Generator) -> Floats:
        """Return (R, N) weights of runs in R resamples of the seeds.

        The seeds of each candidate are drawn by `draw_seeds`, independently of all others.
        """
        weights = np.ones((repeats, len(self.owner)))
        for candidate in np.flatnonzero(self.counts > 1):
            weights[:, self.owner == candidate] = draw_seeds(
                int(self.counts[candidate]), repeats, rng
            )
        return weights

    def variances(self, wins: Floats, slopes: Floats, own: Floats, other: Floats) -> Floats:
        """Return the variances of linear functions of the win rates over draws of the seeds.

        If the win rates change by d, function e changes by the sum over i of slopes[e, i] r[i] with
        ``r[i] = sum over j of own[i, j] d[i, j] - other[i, j] d[j, i]``. One run has the influence
        that follows from the difference of its win rates and those of its candidate. The variance
        is the infinitesimal jackknife's, the sum of squared influences / (S (S − 1)).

        Parameters
        ----------
        wins : (N, N) array
            Win rates of runs.
        slopes, own, other : (E, E) arrays

        Returns
        -------
        (E, E) array
            In row e the part of its variance that the seeds of each candidate contribute; 0 for a
            candidate with one seed.

        Source: Efron, The Jackknife, the Bootstrap and Other Resampling Plans (1982), ch. 6.
        """
        share = (1.0 / self.counts)[self.owner]
        first = np.flatnonzero(np.diff(self.owner, prepend=-1))
        mean = self.mean_wins(wins)
        # What changes in row and in column i if run (i, s) stands for its candidate.
        won = np.add.reduceat(wins * share, first, axis=1) - mean[self.owner]  # (N, E)
        lost = np.add.reduceat(wins * share[:, None], first, axis=0).T - mean.T[self.owner]
        itself = (np.arange(len(self.owner)), self.owner)
        won[itself] = lost[itself] = 0.0
        row = (own[self.owner] * won - other[self.owner] * lost).sum(axis=1)  # (N,)
        rest = own.T[self.owner] * lost - other.T[self.owner] * won  # (N, E)
        influence = slopes[:, self.owner] * row + slopes @ rest.T  # (E, N)
        squares = np.add.reduceat(influence**2, first, axis=1)
        degrees = np.maximum(self.counts - 1, 1)
        return np.asarray(np.where(self.counts > 1, squares / (self.counts * degrees), 0.0))


def draw_seeds(count: int, repeats: int, rng: np.random.Generator) -> Floats:
    """Return the (R, S) weights of S seeds in R resamples; those of a resample sum to 1.

    Of S seeds, S − 1 are drawn with replacement. So the variance of a mean over seeds is s² / S
    with the unbiased s², which drawing S seeds would make smaller by the factor (S − 1) / S. A
    single seed is kept.

    Source: Rao & Wu, Journal of the American Statistical Association 83, 1988, sec. 2.
    """
    if count == 1:
        return np.ones((repeats, 1))
    drawn = rng.multinomial(count - 1, np.full(count, 1.0 / count), size=repeats)
    return np.asarray(drawn / (count - 1))


def runs_of(tournament: Tournament, name: str, losses: Floats) -> Floats:
    """Return the (S, B) losses of all seeds of a candidate or reference; first those given."""
    further = tournament.further.get(name)
    return losses[None] if further is None else np.vstack([losses, further])


def mean_interval(values: Floats, cluster: Integers, level: float) -> tuple[float, float]:
    """Return the interval of a mean over seeds and over images in clusters.

    The variance is the sum of two: that of the mean over clusters of images, each averaged over the
    seeds, and s² / S over the means of the seeds. The interval is Student's t with Satterthwaite's
    degrees of freedom. Both are NaN for a single cluster.

    Parameters
    ----------
    values : (S, B) array, in [0, 1]
        One row a seed.
    cluster : (B,) ints from 0
    level : float in (0, 1)

    With seeds that shift all images by an effect of variance a, images with an effect of variance b
    and an interaction of variance e, the variance of the mean is a / S + b / B + e / (S B). This
    one has the expectation a / S + b / B + 2 e / (S B), as both parts hold the interaction. The
    pigeonhole bootstrap's is about a / S + b / B + 3 e / (S B).

    Source: Cochran, Sampling Techniques (1977), sec. 6.3; Owen, The Pigeonhole Bootstrap, Annals of
    Applied Statistics 1(2), 2007, for the bootstrap's variance.
    """
    count, seeds = int(cluster.max()) + 1, len(values)
    if count < 2:
        return math.nan, math.nan
    mean = float(values.mean())
    residuals = np.bincount(cluster, weights=values.mean(axis=0) - mean)
    error = math.sqrt(count / (count - 1) * float((residuals**2).sum())) / values.shape[1]
    freedom = float(count - 1)
    trained = float(values.mean(axis=1).var(ddof=1)) / seeds if seeds > 1 else 0.0
    if trained > 0.0:
        total = error**2 + trained
        freedom = total**2 / (error**4 / (count - 1) + trained**2 / (seeds - 1))
        error = math.sqrt(total)
    width = float(stdtrit(freedom, (1 + level) / 2)) * error
    return max(0.0, mean - width), min(1.0, mean + width)
