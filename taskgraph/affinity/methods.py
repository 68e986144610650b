"""Methods that turn the win rates of a tournament into one affinity for each candidate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from taskgraph.affinity.ahp import affinities_of_wins, check_clip, check_wins, win_odds
from taskgraph.affinity.bradley_terry import bradley_terry, information, win_probabilities
from taskgraph.affinity.perron import perron_vectors
from taskgraph.affinity.wins import Ties
from taskgraph.arrays import Floats
from taskgraph.errors import InvalidTableError

AHP = "ahp"


class LogDerivative(NamedTuple):
    """Derivative of the logarithms of affinities with respect to small changes d of the win rates.

    They change by ``response @ r`` up to a constant, where
    ``r[i] = sum over j of own[i, j] d[i, j] - other[i, j] d[j, i]``.
    """

    affinity: Floats  # (E,)
    response: Floats  # (E, E)
    own: Floats  # (E, E)
    other: Floats  # (E, E)


@dataclass(frozen=True)
class TournamentMethod:
    """A way from win rates to affinities, which are positive or 0, and sum to 1.

    Attributes
    ----------
    affinities : function
        From (R, E, E) win rates and ``clip`` to (R, E) affinities.
    derivative : function
        From (E, E) win rates, inside of (0, 1) but for the diagonal, and ``clip`` to a
        `LogDerivative`.
    clips : bool
        Whether the win rates are clipped to [clip, 1 - clip].
    """

    affinities: Callable[[Floats, float], Floats]
    derivative: Callable[[Floats, float], LogDerivative]
    clips: bool = True


def _perron(wins: Floats, clip: float) -> Floats:
    return affinities_of_wins(wins, clip=clip)


def _perron_derivative(shares: Floats, clip: float) -> LogDerivative:
    """Return the derivative of the Perron vector.

    S[i, j] = odds[i, j] a[j] / (λ a[i]) is a stochastic matrix. Let p be its stationary
    distribution and Z = (I - S + 1 p')^-1 its fundamental matrix. A relative change r of the row
    sums of the odds changes log a by Z r, up to a constant (Kemeny & Snell, Finite Markov Chains).
    """
    odds = win_odds(shares[None], clip)
    affinity = perron_vectors(odds)[0]  # (E,)
    chain = odds[0] * affinity
    chain /= chain.sum(axis=1, keepdims=True)
    stationary = perron_vectors(np.ascontiguousarray(chain.T)[None])[0]
    fundamental = np.linalg.inv(np.eye(len(chain)) - chain + stationary)
    held = np.clip(shares, clip, 1.0 - clip)
    np.fill_diagonal(chain, 0.0)
    return LogDerivative(affinity, fundamental, chain / held, chain / held.T)


def _geometric_means(wins: Floats, clip: float) -> Floats:
    """Return the geometric means of the rows of the win odds (Crawford & Williams 1985)."""
    logs = np.log(win_odds(wins, clip)).mean(axis=2)  # (R, E)
    means = np.exp(logs - logs.max(axis=1, keepdims=True))
    normalized: Floats = means / means.sum(axis=1, keepdims=True)
    return normalized


def _geometric_derivative(shares: Floats, clip: float) -> LogDerivative:
    held = np.clip(shares, clip, 1.0 - clip)
    own = 1.0 / (len(held) * held)
    np.fill_diagonal(own, 0.0)
    return LogDerivative(_geometric_means(shares[None], clip)[0], np.eye(len(held)), own, own.T)


def _bradley_terry(wins: Floats, clip: float) -> Floats:
    return bradley_terry(np.clip(wins, clip, 1.0 - clip))


def _bradley_terry_derivative(shares: Floats, clip: float) -> LogDerivative:
    """Return the derivative of the maximum likelihood, by the implicit function theorem."""
    held = np.clip(shares, clip, 1.0 - clip)
    np.fill_diagonal(held, 0.0)
    affinity = bradley_terry(held[None])[0]
    position = np.log(affinity)[None]
    response = np.linalg.pinv(information(position, (held + held.T)[None])[0], hermitian=True)
    loses = 1.0 - win_probabilities(position)[0]
    np.fill_diagonal(loses, 0.0)
    return LogDerivative(affinity, response, loses, loses.T)


def _mean_win_rates(wins: Floats, clip: float) -> Floats:
    """Return each candidate's mean win rate over its opponents, as a share of all of them."""
    won = (wins * ~np.eye(wins.shape[-1], dtype=bool)).sum(axis=2)
    total = won.sum(axis=1, keepdims=True)
    even = np.full_like(won, 1.0 / won.shape[1])  # nobody has won: a single one, or strict ties
    mean: Floats = np.divide(won, total, out=even, where=total > 0)
    return mean


def _mean_derivative(shares: Floats, clip: float) -> LogDerivative:
    affinity = _mean_win_rates(shares[None], clip)[0]
    others = shares.sum(axis=1) - np.diag(shares)
    own = np.repeat(1.0 / others[:, None], len(shares), axis=1)
    np.fill_diagonal(own, 0.0)
    return LogDerivative(affinity, np.eye(len(shares)), own, np.zeros_like(own))


TOURNAMENT_METHODS: dict[str, TournamentMethod] = {
    AHP: TournamentMethod(_perron, _perron_derivative),
    "geometric-mean": TournamentMethod(_geometric_means, _geometric_derivative),
    "bradley-terry": TournamentMethod(_bradley_terry, _bradley_terry_derivative),
    "win-rate": TournamentMethod(_mean_win_rates, _mean_derivative, clips=False),
}
"""Methods by name. ``ahp``, the default, is the paper's: the principal eigenvector of the win odds.
``geometric-mean``: the geometric mean of a candidate's win odds, itself included with odds of 1.
``bradley-terry``: the strengths under which the wins are most likely, see `bradley_terry`.
``win-rate``: the mean win rate over the other candidates, divided by the sum of all. All are scaled
to sum to 1. The first three give the same values for win rates that are consistent:
``odds[i, j] * odds[j, k] == odds[i, k]``."""


def find_method(name: str) -> TournamentMethod:
    """Return a method of `TOURNAMENT_METHODS` by its name.

    Raises
    ------
    InvalidTableError
        If there is no such method; the message lists them.
    """
    if name not in TOURNAMENT_METHODS:
        known = ", ".join(TOURNAMENT_METHODS)
        raise InvalidTableError(f'method is "{name}", expected one of {known}')
    return TOURNAMENT_METHODS[name]


def affinity_by_method(
    wins: ArrayLike, method: str = AHP, *, ties: Ties = "half", clip: float = 1e-3
) -> Floats:
    """Rank the candidates for one target by a method of `TOURNAMENT_METHODS`.

    Parameters
    ----------
    wins : (E, E) or (R, E, E) array, fractions in [0, 1]
    method : str
    ties, clip
        As for `affinity_from_wins`, which is the method ``ahp``. ``win-rate`` clips nothing.

    Returns
    -------
    (E,) or (R, E) array
        Summing to one; larger is better. Comparable only among the candidates of one tournament.

    Raises
    ------
    InvalidTableError
        If there is no such method.
    InvalidWinsError, ConvergenceError
        As for `affinity_from_wins` and `bradley_terry`.
    """
    chosen = find_method(method)
    array = np.asarray(wins, dtype=np.float64)
    check_wins(array, ties)
    check_clip(clip)
    found = chosen.affinities(array.reshape(-1, *array.shape[-2:]), clip)
    return found.reshape(array.shape[:-1])
