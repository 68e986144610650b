"""Affinities for those who have win rates, or single scores, and no losses per image."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

import numpy as np
import pandas as pd

from taskgraph.affinity.ahp import SUM_TOLERANCE, affinity_from_wins, consistency_ratio
from taskgraph.affinity.estimate import Affinities
from taskgraph.affinity.references import Versus, versus_table, warn_of_weak_scratch
from taskgraph.affinity.tournament import Ties, check_ties
from taskgraph.arrays import Floats
from taskgraph.direction import CHECK_FLAGS, COLUMN, Direction, signs, warn_of_worst_selves
from taskgraph.errors import InvalidTableError, InvalidWinsError
from taskgraph.names import Names, check_names, read_sets, read_targets
from taskgraph.places import row_name, row_names
from taskgraph.tasks import AVERAGE, REFERENCES, SCRATCH, SELF
from taskgraph.transfers import Transfers, check_unique, numbers, require_columns

Method = Literal["rank", "softmax"]
METHODS: tuple[str, ...] = get_args(Method)

WINS = ("target", "sources", "versus", "wins")
SCORES = ("target", "sources", "score")


def affinities_from_wins_table(
    frame: pd.DataFrame, *, ties: Ties = "half", clip: float = 1e-3, exact_names: bool = False
) -> Affinities:
    """Turn a table of pairwise win rates into affinities, target by target.

    Parameters
    ----------
    frame : DataFrame with the columns ``target, sources, versus, wins``
        ``wins`` is the share of images on which ``sources`` has a lower loss than ``versus``,
        another candidate for the same target. One direction of a pair is enough where a tie
        counts half; the other is one minus it. ``scratch`` may be a candidate of pairs: it
        stays outside the tournament, and pairs with it become gains, as those with ``self``
        become qualities too. ``average`` stays outside too; a target whose ``scratch`` does not
        beat it is named in a warning.
    ties, clip
        As for `affinity_from_wins`.
    exact_names
        As for `Transfers`.

    Returns
    -------
    Affinities
        Without resamples: the images that they need are not in such a table.

    Raises
    ------
    InvalidTableError
        If a column is missing, a pair is missing or twice in one direction, a candidate meets
        itself, or one name is there in two spellings; rows are counted from 1.
    InvalidWinsError
        If a share is outside [0, 1], or two directions contradict each other.
    """
    check_ties(ties)
    frame = _prepared(frame, WINS, exact_names)
    rows, reports = [], []
    versus: list[Versus] = []
    for target, pairs in frame.groupby("target", sort=True):
        names = sorted({*pairs["sources"], *pairs["versus"]} - REFERENCES)
        wins = _matrix(str(target), names, pairs, ties)  # (E, E)
        part = pd.DataFrame({"sources": names, "target": str(target)})
        part["affinity"] = affinity_from_wins(wins, ties=ties, clip=clip)
        part["gain"] = _against(SCRATCH, names, pairs, ties)
        part["quality"] = wins[:, names.index(SELF)] if SELF in names else np.nan
        found = consistency_ratio(wins, ties=ties, clip=clip)
        rows.append(part)
        won = _against(AVERAGE, [SCRATCH], pairs, ties)
        versus += [Versus(str(target), wins) for wins in won if not np.isnan(wins)]
        reports.append(
            {
                "target": str(target),
                "candidates": len(names),
                "images": np.nan,
                "dropped": np.nan,
                "largest_eigenvalue": found.largest_eigenvalue,
                "consistency_ratio": found.ratio,
            }
        )
    table = pd.concat(rows, ignore_index=True).dropna(axis="columns", how="all")
    warn_of_worst_selves(table, 'check that "wins" counts images where "sources" is the better')
    warn_of_weak_scratch(versus)
    transfers = Transfers(table, exact_names=True)
    none = np.empty((0, len(table)))
    return Affinities(transfers, pd.DataFrame(reports), none, versus_table(versus))


def affinities_from_scores(
    frame: pd.DataFrame,
    *,
    higher_is_better: bool | None = None,
    higher_is_better_for: Iterable[str] = (),
    method: Method = "rank",
    temperature: float = 1.0,
    exact_names: bool = False,
) -> Transfers:
    """Turn one score a transfer into weights that sum to one over a target's candidates.

    They are ordinal stand-ins, not AHP: one score cannot say how often a candidate wins, so the
    weights know the order (``rank``) or the spacing (``softmax``), and nothing of the noise.

    ``rank``: the best of n candidates weighs n, the worst 1, over n (n + 1) / 2; ties share the
    mean of their ranks. ``softmax``: exp(z / temperature), normalized, where z is the score
    minus its mean over the target's candidates, over its standard deviation.

    Parameters
    ----------
    frame : DataFrame with the columns ``sources, target, score``
        Other columns are carried along. Scores are compared within a target only. A row with
        ``scratch`` stays out of the weights, and becomes a reference row with a gain of 0.5.
        A row with ``average``, the best constant answer, is left out.
    higher_is_better : bool, optional
        False for losses and error rates. It may be left out only where ``higher_is_better_for`` or
        a column ``higher_is_better`` (true or false, the same within a target) says it.
    higher_is_better_for : names
        Targets with scores, while the others have losses.
    method : "rank" or "softmax"
    temperature : float, above 0
        Of the softmax; smaller favors the best more.
    exact_names : bool
        As for `Transfers`.

    Returns
    -------
    Transfers
        Affinities in [0, 1]; larger is better. The column ``score`` is kept, and the column
        ``higher_is_better`` says which direction was taken.

    Raises
    ------
    InvalidTableError
        If a column is missing, a score is not a finite number, a row is there twice, nothing says
        the direction or two things contradict each other, or an argument is out of range; rows are
        counted from 1.
    """
    direction = Direction.said(higher_is_better, higher_is_better_for)
    if method not in METHODS:
        raise InvalidTableError(f'method is "{method}", expected one of {", ".join(METHODS)}')
    if not 0 < temperature < np.inf:
        raise InvalidTableError(f"temperature is {temperature}, expected a finite number above 0")
    frame = _prepared(frame, SCORES, exact_names)
    check_unique(frame, ["target", "sources"])
    frame = frame[frame["sources"] != AVERAGE]
    if frame.empty:
        raise InvalidTableError(f'the table of scores has no row but those of "{AVERAGE}"')
    targets = read_targets(frame["target"])
    higher = direction.by_target(targets, frame.get(COLUMN), header="score")
    scratch = frame["sources"] == SCRATCH
    # NaN is left out of ranks, means and sums.
    better = (signs(higher, targets) * frame["score"]).mask(scratch)
    groups = better.groupby(frame["target"])
    if method == "rank":
        weight = groups.rank(method="average")
    else:
        spread = groups.transform("std", ddof=0)
        z = (better - groups.transform("mean")) / spread.where(spread > 0, 1.0)
        # Without the largest exponent at 0, a low temperature would overflow.
        weight = np.exp((z - z.groupby(frame["target"]).transform("max")) / temperature)
    frame["affinity"] = weight / weight.groupby(frame["target"]).transform("sum")
    if scratch.any():
        gain = frame["gain"] if "gain" in frame.columns else pd.Series(np.nan, index=frame.index)
        frame["gain"] = gain.mask(scratch, 0.5)
    frame[COLUMN] = frame["target"].map(higher)
    warn_of_worst_selves(frame, CHECK_FLAGS)
    return Transfers(frame, exact_names=True)


def check_names_of(
    frame: pd.DataFrame, required: tuple[str, ...], exact_names: bool
) -> list[Names]:
    """Read the columns of names of a table of wins (`WINS`) or scores (`SCORES`), and check them.

    Raises
    ------
    InvalidTableError
        If a column is missing, a field is no name, or one name is there in two spellings.
    """
    require_columns(frame, required, kind=required[-1])
    if frame.empty:
        raise InvalidTableError(f"the table of {required[-1]} has no rows")
    read = [read_targets(frame["target"]), *(read_sets(frame[name]) for name in required[1:-1])]
    check_names(*read, exact_names=exact_names)
    return read


def check_scores(frame: pd.DataFrame, exact_names: bool) -> None:
    """Raise `InvalidTableError` if a table of scores cannot be read, or a row is there twice."""
    check_unique(_prepared(frame, SCORES, exact_names), ["target", "sources"])


def check_pairs(frame: pd.DataFrame) -> None:
    """Raise `InvalidTableError` if a row of a table of win rates cannot be right by itself."""
    for _, pairs in _prepared(frame, WINS, True).groupby("target", sort=True):
        _check_pairs(pairs)


def _prepared(frame: pd.DataFrame, required: tuple[str, ...], exact_names: bool) -> pd.DataFrame:
    read = check_names_of(frame, required, exact_names)
    frame = frame.reset_index(drop=True).copy()
    for name, column in zip(required[:-1], read, strict=True):
        frame[name] = column.to_series()
    values = numbers(frame[required[-1]])
    empty = values.isna().to_numpy()
    if empty.any():
        raise InvalidTableError(
            f"{row_name(int(empty.argmax()) + 1)}: {required[-1]} is empty, expected a finite "
            "number; mend it or leave the row out"
        )
    frame[required[-1]] = values
    return frame


def _matrix(target: str, names: list[str], pairs: pd.DataFrame, ties: Ties) -> Floats:
    """(E, E) win rates of the tournament; every pair is there and agrees with its opposite."""
    place = {name: k for k, name in enumerate(names)}
    wins = np.full((len(names), len(names)), np.nan)
    np.fill_diagonal(wins, 0.5)
    _check_pairs(pairs)
    inside = pairs[~pairs[["sources", "versus"]].isin(REFERENCES).any(axis=1)]
    wins[inside["sources"].map(place), inside["versus"].map(place)] = inside["wins"]
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
        i, j = np.argwhere(wrong)[0]
        wanted = "1; count a tie as half a win for each side" if ties == "half" else "at most 1"
        raise InvalidWinsError(
            f'target "{target}": `wins[{names[i]}, {names[j]}] + wins[{names[j]}, {names[i]}]` '
            f"is {sums[i, j]:.3f}, expected {wanted}"
        )
    # What rounding left over is shared by the two sides.
    over = np.where(sums > 1, sums - 1, sums - 1 if ties == "half" else 0.0)
    return np.where(np.abs(over) > SUM_TOLERANCE, np.clip(wins - over / 2, 0, 1), wins)


def _rounding(wins: pd.Series) -> float:
    """How far two opposite shares may be from a sum of one, by the digits that they have.

    Each of two shares of n digits is off by half a unit of the last one at most. Shares that all
    have fewer than two digits are taken as exact.
    """
    digits = max((len(f"{value:.12f}".rstrip("0").partition(".")[2]) for value in wins), default=0)
    return max(SUM_TOLERANCE, 10.0**-digits * (1 + 1e-6)) if digits > 1 else SUM_TOLERANCE


def _check_pairs(pairs: pd.DataFrame) -> None:
    """``pairs`` keeps the row numbers of the whole table as its index."""
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
        again = repeated.iloc[0]
        same = (pairs["sources"] == again["sources"]) & (pairs["versus"] == again["versus"])
        raise InvalidTableError(
            f"{row_names(pairs.index[same][0] + 1, repeated.index[0] + 1)} are the same pair "
            f'("{again["sources"]}" versus "{again["versus"]}"); keep one of them'
        )


def _against(reference: str, names: list[str], pairs: pd.DataFrame, ties: Ties) -> list[float]:
    """Win rates of the named against a reserved source; NaN where they were not given."""
    gain = pairs[pairs["versus"] == reference].set_index("sources")["wins"].to_dict()
    if ties == "half":
        back = pairs[pairs["sources"] == reference].set_index("versus")["wins"]
        gain = {**(1.0 - back).to_dict(), **gain}
    return [float(gain.get(name, np.nan)) for name in names]
