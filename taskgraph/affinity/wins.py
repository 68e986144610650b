"""Win rates: which candidate's loss is lower, for each image and as a share of the images."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from taskgraph.arrays import Floats
from taskgraph.errors import InvalidTableError

Ties = Literal["half", "strict"]
TIES: tuple[str, ...] = get_args(Ties)


def win_rate(ours: ArrayLike, theirs: ArrayLike, *, ties: Ties = "half") -> Floats:
    """Return the share of the images on which our loss is lower than theirs.

    Parameters
    ----------
    ours, theirs : (..., B) arrays
        Losses, one column an image; their leading axes are broadcast. Images on which either
        loss is NaN are left out.
    ties : "half" or "strict"
        A tie counts half a win, or none.

    Returns
    -------
    (...) array, fractions in [0, 1]
        A number for two vectors; NaN where no image has both losses.
    """
    ours, theirs = np.asarray(ours, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
    won = np.sum(ours < theirs, axis=-1, dtype=np.float64)
    if ties == "half":
        won += 0.5 * np.sum(ours == theirs, axis=-1)
    measured = np.sum(~(np.isnan(ours) | np.isnan(theirs)), axis=-1)
    with np.errstate(invalid="ignore"):
        return np.asarray(won / measured)[()]


def image_wins(ours: ArrayLike, theirs: ArrayLike) -> Floats:
    """Return the win of each image: 1 where our loss is lower, 0.5 where both are equal, else 0.

    Parameters
    ----------
    ours, theirs : (..., B) arrays
        Losses, one column an image; they are broadcast.

    Returns
    -------
    (..., B) array
        NaN where either loss is NaN. Its mean over the images is the `win_rate` with half ties.
    """
    ours, theirs = np.asarray(ours, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
    wins = (ours < theirs) + 0.5 * (ours == theirs)
    return np.where(np.isnan(ours) | np.isnan(theirs), np.nan, wins)


def check_ties(ties: str) -> None:
    """Raise `InvalidTableError` if ``ties`` is not one of the two rules."""
    if ties not in TIES:
        raise InvalidTableError(f'ties is "{ties}", expected one of {", ".join(TIES)}')
