"""Analytic hierarchy process: one affinity for each candidate, from pairwise win rates."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from taskgraph.affinity.perron import perron_vectors
from taskgraph.affinity.wins import Ties, check_ties
from taskgraph.arrays import Floats
from taskgraph.errors import InvalidTableError, InvalidWinsError

SUM_TOLERANCE = 1e-6
"""Largest accepted difference to 1 of the sum of two opposite win rates."""
BATCH = 1 << 18
"""Entries of win matrices that are processed together, so that they fit in the cache."""

RANDOM_INDEX = (0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57)
"""Mean consistency index of random matrices for 1 to 14 candidates (Saaty 1980)."""


@dataclass(frozen=True)
class Consistency:
    """Measures of how well one strength for each candidate explains a tournament.

    Attributes
    ----------
    largest_eigenvalue : float
        Largest eigenvalue of the (E, E) win odds: at least E, and equal to E only if
        ``odds[i, j] * odds[j, k] == odds[i, k]`` for all candidates.
    index : float
        (largest eigenvalue − E) / (E − 1).
    random_index : float
        Mean index of random matrices.
    ratio : float
        ``index / random_index``, 0 for fewer than three candidates. Smaller is better; 0.1 is the
        customary limit.
    """

    largest_eigenvalue: float
    index: float
    random_index: float
    ratio: float


def affinity_from_wins(
    wins: ArrayLike,
    *,
    ties: Ties = "half",
    clip: float = 1e-3,
    tol: float | None = None,
    max_iter: int | None = None,
) -> Floats:
    """Rank the candidates for one target by the principal eigenvector of their win odds.

    Parameters
    ----------
    wins : (E, E) or (R, E, E) array, fractions in [0, 1]
        ``wins[i, j]`` is the share of test images on which candidate ``i`` has a lower loss
        than candidate ``j``. The diagonal is ignored.
    ties : "half" or "strict"
        How ties were counted. Half a win for each side: ``wins + wins.T == 1``. For neither side:
        opposite entries may sum to less than 1.
    clip : float, above 0 and below 0.5
        Win rates are clipped to [clip, 1 - clip], so that no odds are infinite.
    tol, max_iter
        Deprecated and without effect: every entry is found to within 1e-12 of itself.

    Returns
    -------
    (E,) or (R, E) array
        Positive, summing to one; larger is better. Comparable only among the candidates of one
        tournament.

    Raises
    ------
    InvalidWinsError
        If ``wins`` is not square or outside [0, 1], or if opposite entries do not sum to one.
    ConvergenceError
        If the odds exceed the range of double precision, as with a ``clip`` of 1e-60.

    Source: Taskonomy, Sec. 3.3; Saaty (1987). See `taskgraph.affinity.perron` for the method.
    """
    for name, value in (("tol", tol), ("max_iter", max_iter)):
        if value is not None:
            warnings.warn(
                f"{name} has no effect any more: the eigenvector is always found to within 1e-12 "
                "of each entry; leave it out",
                DeprecationWarning,
                stacklevel=2,
            )
    array = np.asarray(wins, dtype=np.float64)
    check_wins(array, ties)
    check_clip(clip)
    vectors = affinities_of_wins(array.reshape(-1, *array.shape[-2:]), clip=clip)
    return vectors.reshape(array.shape[:-1])


def affinities_of_wins(wins: Floats, *, clip: float = 1e-3) -> Floats:
    """Return (R, E) affinities, as `affinity_from_wins`, of (R, E, E) win rates without checks."""
    step = max(1, BATCH // wins[0].size)
    parts = [perron_vectors(win_odds(wins[k : k + step], clip)) for k in range(0, len(wins), step)]
    return np.concatenate(parts)


def consistency_ratio(wins: ArrayLike, *, ties: Ties = "half", clip: float = 1e-3) -> Consistency:
    """Return Saaty's consistency ratio of one tournament.

    Parameters
    ----------
    wins, ties, clip
        As for `affinity_from_wins`; one (E, E) matrix.

    Returns
    -------
    Consistency
        The random index is Saaty's table for up to 14 candidates. For more it follows from the
        mean largest eigenvalue 2.7699 E − 4.3513 that Alonso & Lamata (2006) fitted. Both hold
        for random judgments between 1/9 and 9, while win odds may reach (1 − clip) / clip: the
        ratio is a guide, not a test.

    Raises
    ------
    InvalidWinsError
        As for `affinity_from_wins`.

    Source: Saaty (1980); Alonso & Lamata, Int. J. Uncertainty, Fuzziness and Knowledge-Based
    Systems 14(4), 2006.
    """
    array = np.asarray(wins, dtype=np.float64)
    if array.ndim != 2:
        raise InvalidWinsError(f"`wins` has the shape {array.shape}, expected one square matrix")
    vector = affinity_from_wins(array, ties=ties, clip=clip)
    size = len(vector)
    # The vector sums to one, so the odds times the vector sum to the eigenvalue.
    largest = float((win_odds(array[None], clip)[0] @ vector).sum())
    if size < 3:
        return Consistency(largest, 0.0, 0.0, 0.0)
    index = max(0.0, (largest - size) / (size - 1))
    expected = random_index(size)
    return Consistency(largest, index, expected, index / expected)


def random_index(size: int) -> float:
    """Return the mean consistency index of random reciprocal matrices on Saaty's scale."""
    if size <= len(RANDOM_INDEX):
        return RANDOM_INDEX[size - 1]
    return (2.7699 * size - 4.3513 - size) / (size - 1)


def check_clip(clip: float) -> None:
    """Raise `InvalidTableError` unless ``clip`` is above 0 and below 0.5."""
    if not 0 < clip < 0.5:
        raise InvalidTableError(f"clip is {clip}, expected a share above 0 and below 0.5")


def win_odds(wins: Floats, clip: float) -> Floats:
    """Return the (R, E, E) win odds of win rates that are clipped to [clip, 1 - clip]."""
    shares = np.clip(wins, clip, 1.0 - clip)
    odds: Floats = shares / shares.transpose(0, 2, 1)  # (R, E, E)
    diagonal = np.arange(odds.shape[1])
    odds[:, diagonal, diagonal] = 1.0
    return odds


def check_wins(wins: Floats, ties: Ties) -> None:
    """Raise unless the win rates are square, within [0, 1], and opposite ones sum to one."""
    check_ties(ties)
    if wins.ndim not in (2, 3) or wins.shape[-1] != wins.shape[-2] or not wins.size:
        raise InvalidWinsError(
            f"`wins` has the shape {wins.shape}, expected a square matrix: one row and one "
            "column a candidate"
        )
    off = ~np.eye(wins.shape[-1], dtype=bool)
    bad = ~((wins >= 0) & (wins <= 1)) & off
    if bad.any():
        place = tuple(int(k) for k in np.argwhere(bad)[0])
        raise InvalidWinsError(
            f"`wins{list(place)}` is {wins[place]:.3f}, expected a share between 0 and 1"
        )
    sums = wins + wins.swapaxes(-1, -2)
    wrong = (sums > 1 + SUM_TOLERANCE) & off
    if ties == "half":
        wrong |= (sums < 1 - SUM_TOLERANCE) & off
    if wrong.any():
        place = tuple(int(k) for k in np.argwhere(wrong)[0])
        opposite = [*place[:-2], place[-1], place[-2]]
        wanted = "1; count a tie as half a win for each side"
        if ties == "strict":
            wanted = "at most 1; they are shares of the same images"
        raise InvalidWinsError(
            f"`wins{list(place)} + wins{opposite}` is {sums[place]:.3f}, expected {wanted}"
        )
