"""The tournaments behind a table of transfers, which can be held again in another way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from taskgraph.affinity.estimate import Affinities
from taskgraph.affinity.methods import find_method
from taskgraph.affinity.seeds import TrainingRuns
from taskgraph.affinity.tournament import tournament_of, win_rates
from taskgraph.affinity.wins import Ties
from taskgraph.affinity.wins_table import win_matrices
from taskgraph.arrays import Floats, Integers
from taskgraph.losses import Losses
from taskgraph.tasks import split_sources
from taskgraph.transfers import Transfers


@dataclass(frozen=True, eq=False)
class TargetWins:
    """The win rates of the candidates for one target.

    Attributes
    ----------
    rows : (E,) ints
        The candidates' rows in the table of transfers.
    members : E tuples of names
        The sources of each candidate.
    wins : (E, E) floats
    images : int, optional
        Number of test images; None if only win rates are known.
    """

    rows: Integers
    members: tuple[tuple[str, ...], ...]
    wins: Floats
    images: int | None


def tournaments_of_losses(
    losses: Losses, found: Affinities, *, ties: Ties, min_images: int
) -> list[TargetWins]:
    """Return the win rates behind the affinities of losses, one entry a target.

    Where a candidate has several seeds, they are means over its training runs.
    """
    tournaments = [tournament_of(t, losses.by_target[t], min_images) for t in losses.targets]
    return [
        _target_wins(
            found.transfers,
            each.target,
            each.candidates,
            runs.mean_wins(win_rates(runs.losses, ties=ties)),
            len(each.images),
        )
        for each, runs in zip(tournaments, map(TrainingRuns.of, tournaments), strict=True)
    ]


def tournaments_of_wins(
    wins: pd.DataFrame, found: Affinities, *, ties: Ties, exact_names: bool
) -> list[TargetWins]:
    """Return the win rates behind the affinities of a table of win rates, one entry a target."""
    return [
        _target_wins(found.transfers, target, names, matrix, None)
        for target, names, matrix in win_matrices(wins, ties=ties, exact_names=exact_names)
    ]


def _target_wins(
    table: Transfers, target: str, names: Sequence[str], wins: Floats, images: int | None
) -> TargetWins:
    mine = np.flatnonzero(table.frame["target"] == target)
    place = dict(zip(table.frame["sources"].iloc[mine], mine.tolist(), strict=True))
    rows = np.array([place[name] for name in names], dtype=np.int64)
    return TargetWins(rows, tuple(map(split_sources, names)), wins, images)


def affinities_again(
    tournaments: Sequence[TargetWins],
    rows: int,
    *,
    method: str,
    clip: float,
    smoothed: bool = False,
    without: str | None = None,
) -> Floats:
    """Compute all tournaments again, and return the affinities of a table of ``rows`` rows.

    Parameters
    ----------
    method, clip
        As for `affinities`.
    smoothed : bool
        Add one image to each tournament on which every order of the candidates is equally likely:
        wins become (wins + 1/2) / (images + 1).
    without : str, optional
        A source; candidates that use it take no part.

    Returns
    -------
    (rows,) array
        NaN where a row took no part.
    """
    found = np.full(rows, np.nan)
    chosen = find_method(method)
    for each in tournaments:
        kept = np.array([without not in names for names in each.members], dtype=bool)
        if not kept.any():
            continue
        wins = each.wins[np.ix_(kept, kept)]
        if smoothed and each.images is not None:
            wins = (wins * each.images + 0.5) / (each.images + 1)
        found[each.rows[kept]] = chosen.affinities(wins[None], clip)[0]
    return found


def renormalized_without(table: Transfers, source: str) -> Floats:
    """Return the affinities of a table without the rows that use a source, (rows,).

    Each target's other affinities are divided by their sum, as if the tournament had been held
    without these rows and its win rates were consistent. NaN in the rows that are left out.
    """
    frame = table.frame
    uses = frame["sources"].map(lambda text: source in split_sources(text))
    kept = frame["affinity"].mask(uses)
    sums = kept.groupby(frame["target"]).transform("sum")
    before = frame["affinity"].groupby(frame["target"]).transform("sum")
    return np.asarray(kept * before / sums.where(sums > 0), dtype=float)
