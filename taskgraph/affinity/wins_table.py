"""Affinities from a table of pairwise win rates, for those who have no losses per image."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taskgraph.affinity.aggregated import WIN_COLUMNS, read_aggregated
from taskgraph.affinity.ahp import SUM_TOLERANCE, consistency_ratio
from taskgraph.affinity.estimate import Affinities
from taskgraph.affinity.methods import AHP, affinity_by_method
from taskgraph.affinity.references import ScratchWins, scratch_wins_table, warn_of_weak_scratch
from taskgraph.affinity.wins import Ties, check_ties
from taskgraph.arrays import Booleans, Floats
from taskgraph.errors import InvalidTableError, InvalidWinsError
from taskgraph.frames.direction import warn_of_worst_selves
from taskgraph.frames.rows import row_name, row_names
from taskgraph.tasks import AVERAGE, REFERENCES, SCRATCH, SELF
from taskgraph.transfers import Transfers


def affinities_from_wins_table(
    frame: pd.DataFrame,
    *,
    ties: Ties = "half",
    clip: float = 1e-3,
    method: str = AHP,
    exact_names: bool = False,
) -> Affinities:
    """Turn a table of pairwise win rates into affinities, target by target.

    Parameters
    ----------
    frame : DataFrame with the columns ``target, sources, versus, wins``
        ``wins`` is the share of images on which ``sources`` has a lower loss than ``versus``,
        another candidate for the same target. Where a tie counts half, one direction of a pair is
        enough: the other one is one minus it. Pairs with ``scratch`` become gains, and pairs with
        ``self`` become qualities. ``scratch`` and ``average`` take no part in the tournament. A
        warning names the targets whose ``scratch`` does not beat ``average``.
    ties, clip, method
        As for `affinity_by_method`.
    exact_names
        As for `Transfers`.

    Returns
    -------
    Affinities
        Without resamples: a bootstrap needs the images.

    Raises
    ------
    InvalidTableError
        If a column is missing, a pair is missing or repeated in one direction, a candidate is
        compared with itself, or one name has two spellings; rows are counted from 1.
    InvalidWinsError
        If a share is outside [0, 1], or the two directions of a pair contradict each other.
    """
    check_ties(ties)
    frame = read_aggregated(frame, WIN_COLUMNS, exact_names)
    parts, reports = [], []
    scratch_wins: list[ScratchWins] = []
    for target, pairs in frame.groupby("target", sort=True):
        names = sorted({*pairs["sources"], *pairs["versus"]} - REFERENCES)
        wins = _win_matrix(str(target), names, pairs, ties)  # (E, E)
        part = pd.DataFrame({"sources": names, "target": str(target)})
        part["affinity"] = affinity_by_method(wins, method, ties=ties, clip=clip)
        part["gain"] = _wins_against(SCRATCH, names, pairs, ties)
        part["quality"] = wins[:, names.index(SELF)] if SELF in names else np.nan
        parts.append(part)
        against_average = _wins_against(AVERAGE, [SCRATCH], pairs, ties)
        scratch_wins += [ScratchWins(str(target), w) for w in against_average if not np.isnan(w)]
        consistency = consistency_ratio(wins, ties=ties, clip=clip)
        reports.append(
            {
                "target": str(target),
                "candidates": len(names),
                "images": np.nan,
                "dropped": np.nan,
                "largest_eigenvalue": consistency.largest_eigenvalue,
                "consistency_ratio": consistency.ratio,
            }
        )
    table = pd.concat(parts, ignore_index=True).dropna(axis="columns", how="all")
    warn_of_worst_selves(table, 'check that "wins" counts images where "sources" is the better')
    warn_of_weak_scratch(scratch_wins)
    transfers = Transfers(table, exact_names=True)
    no_resamples = np.empty((0, len(table)))
    versus_average = scratch_wins_table(scratch_wins)
    return Affinities(transfers, pd.DataFrame(reports), no_resamples, versus_average)


def win_matrices(
    frame: pd.DataFrame, *, ties: Ties = "half", exact_names: bool = False
) -> list[tuple[str, list[str], Floats]]:
    """Return each target, its E candidates and their (E, E) win rates, as read by
    `affinities_from_wins_table`.

    Raises
    ------
    InvalidTableError, InvalidWinsError
        As for `affinities_from_wins_table`.
    """
    matrices = []
    for target, pairs in read_aggregated(frame, WIN_COLUMNS, exact_names).groupby("target"):
        names = sorted({*pairs["sources"], *pairs["versus"]} - REFERENCES)
        matrices.append((str(target), names, _win_matrix(str(target), names, pairs, ties)))
    return matrices


def check_wins_table(frame: pd.DataFrame) -> None:
    """Raise an error if a share is outside [0, 1], or a pair is repeated or one candidate twice."""
    for _, pairs in read_aggregated(frame, WIN_COLUMNS, True).groupby("target", sort=True):
        _check_pairs(pairs)


def _win_matrix(target: str, names: list[str], pairs: pd.DataFrame, ties: Ties) -> Floats:
    """Return the (E, E) win rates of a tournament; raise where a pair is missing or wrong."""
    if not names:
        given = " and ".join(f'"{name}"' for name in sorted({*pairs["sources"], *pairs["versus"]}))
        raise InvalidTableError(f'target "{target}" has no candidate beside {given}')
    index = {name: k for k, name in enumerate(names)}
    wins = np.full((len(names), len(names)), np.nan)
    np.fill_diagonal(wins, 0.5)
    _check_pairs(pairs)
    inside = pairs[~pairs[["sources", "versus"]].isin(REFERENCES).any(axis=1)]
    wins[inside["sources"].map(index), inside["versus"].map(index)] = inside["wins"]
    if ties == "half":
        wins = np.where(np.isnan(wins), 1.0 - wins.T, wins)
    if np.isnan(wins).any():
        i, j = np.argwhere(np.isnan(wins))[0]
        raise InvalidTableError(
            f'target "{target}": the pair "{names[i]}" versus "{names[j]}" is missing; every two '
            "candidates of a target must be compared"
        )
    sums, tolerance = wins + wins.T, _rounding(inside["wins"])
    wrong = (sums > 1 + tolerance) | ((ties == "half") & (sums < 1 - tolerance))
    if wrong.any():
        raise _contradiction(target, names, sums, wrong, ties)
    # Rounding leaves a small difference to 1, which is shared by the two directions.
    excess = np.where(sums > 1, sums - 1, sums - 1 if ties == "half" else 0.0)
    return np.where(np.abs(excess) > SUM_TOLERANCE, np.clip(wins - excess / 2, 0, 1), wins)


def _contradiction(
    target: str, names: list[str], sums: Floats, wrong: Booleans, ties: Ties
) -> InvalidWinsError:
    i, j = np.argwhere(wrong)[0]
    wanted = "1; count a tie as half a win for each side" if ties == "half" else "at most 1"
    return InvalidWinsError(
        f'target "{target}": `wins[{names[i]}, {names[j]}] + wins[{names[j]}, {names[i]}]` '
        f"is {sums[i, j]:.3f}, expected {wanted}"
    )


def _rounding(wins: pd.Series) -> float:
    """Return the largest error that rounding can leave in the sum of two opposite shares.

    Each share of n digits is off by at most half a unit of its last digit. Shares that all have
    fewer than two digits are taken as exact.
    """
    digits = max((len(f"{value:.12f}".rstrip("0").partition(".")[2]) for value in wins), default=0)
    return max(SUM_TOLERANCE, 10.0**-digits * (1 + 1e-6)) if digits > 1 else SUM_TOLERANCE


def _check_pairs(pairs: pd.DataFrame) -> None:
    """Check the rows of one target; their index holds the row numbers of the whole table."""
    outside = pairs[(pairs["wins"] < 0) | (pairs["wins"] > 1)]
    if len(outside):
        raise InvalidWinsError(
            f"{row_name(outside.index[0] + 1)}: wins is {outside['wins'].iloc[0]:g}, expected a "
            "share of images between 0 and 1"
        )
    own = pairs[pairs["sources"] == pairs["versus"]]
    if len(own):
        raise InvalidTableError(
            f'{row_name(own.index[0] + 1)}: "{own["sources"].iloc[0]}" is compared with itself; '
            "leave the row out"
        )
    repeated = pairs[pairs.duplicated(["sources", "versus"])]
    if len(repeated):
        second = repeated.iloc[0]
        same = (pairs["sources"] == second["sources"]) & (pairs["versus"] == second["versus"])
        raise InvalidTableError(
            f"{row_names(pairs.index[same][0] + 1, repeated.index[0] + 1)} are the same pair "
            f'("{second["sources"]}" versus "{second["versus"]}"); keep one of them'
        )


def _wins_against(reference: str, names: list[str], pairs: pd.DataFrame, ties: Ties) -> list[float]:
    """Return the candidates' win rates against a reserved source; NaN where none is given."""
    won, lost = (
        pairs[pairs[side] == reference].set_index(other)["wins"]
        for side, other in (("versus", "sources"), ("sources", "versus"))
    )
    wins: dict[str, float] = {str(name): float(value) for name, value in won.items()}
    opposite: dict[str, float] = {str(name): float(value) for name, value in lost.items()}
    _check_opposites(wins, opposite, reference, pairs, ties)
    if ties == "half":
        wins = {**{name: 1.0 - share for name, share in opposite.items()}, **wins}
    return [float(wins.get(name, np.nan)) for name in names]


def _check_opposites(
    wins: dict[str, float],
    opposite: dict[str, float],
    reference: str,
    pairs: pd.DataFrame,
    ties: Ties,
) -> None:
    """Raise if the two directions of a pair with a reserved source contradict each other."""
    tolerance = _rounding(pairs["wins"])
    for name in sorted(wins.keys() & opposite.keys()):
        total = wins[name] + opposite[name]
        if total > 1 + tolerance or (ties == "half" and total < 1 - tolerance):
            target, sums = str(pairs["target"].iloc[0]), np.full((2, 2), total)
            wrong = ~np.eye(2, dtype=bool)
            raise _contradiction(target, [name, reference], sums, wrong, ties)
