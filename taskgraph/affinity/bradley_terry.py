"""Bradley-Terry strengths of tournaments, by maximum likelihood."""

from __future__ import annotations

import numpy as np

from taskgraph.arrays import Floats
from taskgraph.errors import ConvergenceError

MM_STEPS = 20
"""Steps of the MM algorithm before Newton's; each increases the likelihood from any start."""
NEWTON_STEPS = 100
STEP = 1e-11
"""Newton's method stops when no log-strength moves by more than this."""


def bradley_terry(wins: Floats) -> Floats:
    """Return (R, E) maximum-likelihood strengths of (R, E, E) win rates.

    Candidate i beats j with the probability a_i / (a_i + a_j). The strengths maximize
    sum over i and j of wins[i, j] log(a_i / (a_i + a_j)), and sum to 1. The first steps are those
    of the MM algorithm,

        a_i <- (sum over j of wins[i, j]) / (sum over j of n[i, j] / (a_i + a_j))

    with n[i, j] = wins[i, j] + wins[j, i]. Alone it needs thousands of steps where a candidate wins
    nearly always. So Newton's steps on the log-strengths follow, whose likelihood is concave.

    Parameters
    ----------
    wins : (R, E, E) array
        Win rates in (0, 1); the diagonal is ignored.

    Returns
    -------
    (R, E) array
        Positive; each row sums to 1. Larger is better.

    Raises
    ------
    ConvergenceError
        If Newton's steps do not end.

    Source: Bradley & Terry, Biometrika 39, 1952; Hunter, Annals of Statistics 32(1), 2004, eq. 3.
    """
    size = wins.shape[-1]
    if size == 1:
        return np.ones(wins.shape[:2])
    wins = wins * ~np.eye(size, dtype=bool)
    games, won = wins + wins.swapaxes(1, 2), wins.sum(axis=2)  # (R, E, E), (R, E)
    strength = np.full(wins.shape[:2], 1.0 / size)
    for _ in range(MM_STEPS):
        strength = mm_step(strength, games, won)
    position = np.log(strength)
    for _ in range(NEWTON_STEPS):
        step = _newton_step(position, wins, games)
        largest = np.abs(step).max(axis=1, keepdims=True, initial=0.0)
        position += step / np.maximum(1.0, largest)
        if largest.max(initial=0.0) < STEP:
            break
    else:
        raise ConvergenceError(
            "the Bradley-Terry strengths did not converge: the win rates go from "
            f"{wins[wins > 0].min():.0e} to {wins.max():.6f}; raise clip, which bounds them"
        )
    strength = np.exp(position - position.max(axis=1, keepdims=True))
    normalized: Floats = strength / strength.sum(axis=1, keepdims=True)
    return normalized


def mm_step(strength: Floats, games: Floats, won: Floats) -> Floats:
    """Return (R, E) strengths after one MM step; their likelihood is no smaller.

    ``games`` are the (R, E, E) sums of opposite win rates with a diagonal of zeros, ``won`` the
    (R, E) sums of each candidate's win rates.
    """
    pairs = strength[:, :, None] + strength[:, None, :]
    moved = won / (games / pairs).sum(axis=2)
    normalized: Floats = moved / moved.sum(axis=1, keepdims=True)
    return normalized


def win_probabilities(position: Floats) -> Floats:
    """Return (R, E, E) probabilities that i beats j, of (R, E) log-strengths."""
    with np.errstate(over="ignore"):
        probability: Floats = 1.0 / (1.0 + np.exp(position[:, None, :] - position[:, :, None]))
    return probability


def information(position: Floats, games: Floats) -> Floats:
    """Return the (R, E, E) negative second derivatives of the log-likelihood by log-strengths."""
    probability = win_probabilities(position)
    weight = games * probability * (1.0 - probability)
    laplacian: Floats = -weight
    diagonal = np.arange(weight.shape[1])
    laplacian[:, diagonal, diagonal] = weight.sum(axis=2)
    return laplacian


def _newton_step(position: Floats, wins: Floats, games: Floats) -> Floats:
    """Return the step to the maximum of the quadratic model, whose sum over candidates is 0."""
    slope = (wins - games * win_probabilities(position)).sum(axis=2)  # (R, E)
    # The likelihood does not depend on the sum of the log-strengths; 1/E makes the matrix regular.
    curvature = information(position, games) + 1.0 / position.shape[1]
    step: Floats = np.linalg.solve(curvature, slope[..., None])[..., 0]
    return step
