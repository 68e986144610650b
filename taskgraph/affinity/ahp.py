"""Analytic hierarchy process: from pairwise win rates to one affinity a candidate."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from taskgraph.affinity.perron import perron_of
from taskgraph.affinity.tournament import Ties, check_ties
from taskgraph.arrays import Floats
from taskgraph.errors import InvalidTableError, InvalidWinsError

SUM_TOLERANCE = 1e-6
BATCH = 1 << 18
"""Entries of win matrices that are worked on together, so that they stay in the cache."""

RANDOM_INDEX = (0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57)
"""Saaty (1980), for 1 to 14 candidates."""


@dataclass(frozen=True)
class Consistency:
    """How far a tournament is from one that a single strength a candidate explains.

    ``largest_eigenvalue`` of the (E, E) odds is at least E, and equal to E only if
    ``odds[i, j] * odds[j, k] == odds[i, k]`` throughout; ``index`` is (that − E) / (E − 1);
    ``random_index`` its mean over random matrices; ``ratio`` their quotient, 0 for fewer than
    three candidates. Smaller is better; 0.1 is the customary limit.
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
        than candidate ``j``. The diagonal is not looked at: everyone ties with oneself.
    ties : "half" or "strict"
        How ties were counted: half for each, so that ``wins + wins.T == 1``, or for neither, so
        that opposite entries may sum to less.
    clip : float, above 0 and below 0.5
        Shares are kept ``clip`` away from 0 and 1, so that no odds are infinite.
    tol, max_iter
        Deprecated and without effect: every entry is found to within 1e-12 of itself.

    Returns
    -------
    (E,) or (R, E) array
        Positive, summing to one; larger is better. Unitless, and comparable only among the
        candidates of one tournament.

    Raises
    ------
    InvalidWinsError
        If ``wins`` is not square, not a share, or its opposite entries do not sum to one.
    ConvergenceError
        If the odds span more than double precision can hold, as with a ``clip`` of 1e-60.

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
    _check_wins(array, ties)
    check_clip(clip)
    vectors = perron_vectors(array.reshape(-1, *array.shape[-2:]), clip=clip)
    return vectors.reshape(array.shape[:-1])


def perron_vectors(wins: Floats, *, clip: float = 1e-3) -> Floats:
    """As `affinity_from_wins`, for an (R, E, E) array that is known to be valid."""
    step = max(1, BATCH // wins[0].size)
    parts = [perron_of(win_odds(wins[k : k + step], clip)) for k in range(0, len(wins), step)]
    return np.concatenate(parts)


def consistency_ratio(wins: ArrayLike, *, ties: Ties = "half", clip: float = 1e-3) -> Consistency:
    """Saaty's consistency ratio of one tournament.

    Parameters
    ----------
    wins, ties, clip
        As for `affinity_from_wins`; one (E, E) matrix.

    Returns
    -------
    Consistency
        The random index is Saaty's table up to 14 candidates; beyond, the straight line that
        Alonso & Lamata (2006) fitted to the mean largest eigenvalue of random matrices,
        2.7699 E − 4.3513. Both are of judgments from 1/9 to 9, while win odds may reach
        (1 − clip) / clip: read the ratio as a guide, not a test.

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
    """Mean consistency index of random (size, size) reciprocal matrices on Saaty's scale."""
    if size <= len(RANDOM_INDEX):
        return RANDOM_INDEX[size - 1]
    return (2.7699 * size - 4.3513 - size) / (size - 1)


def check_clip(clip: float) -> None:
    """Raise `InvalidTableError` unless ``clip`` leaves finite odds."""
    if not 0 < clip < 0.5:
        raise InvalidTableError(f"clip is {clip}, expected a share above 0 and below 0.5")


def win_odds(wins: Floats, clip: float) -> Floats:
    """(R, E, E) odds of winning, with shares kept ``clip`` away from 0 and 1."""
    shares = np.clip(wins, clip, 1.0 - clip)
    odds: Floats = shares / shares.transpose(0, 2, 1)  # (R, E, E)
    everyone = np.arange(odds.shape[1])
    odds[:, everyone, everyone] = 1.0
    return odds


def _check_wins(wins: Floats, ties: Ties) -> None:
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
