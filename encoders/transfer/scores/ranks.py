"""The trivial guess: a source is as good for a target as it is for all others."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from taskgraph.arrays import Floats
from taskgraph.errors import InvalidTableError

Better = Literal["larger", "smaller"]


def average_rank(table: ArrayLike, *, better: Better) -> Floats:
    """Score each source by its mean rank over all *other* targets.

    Parameters
    ----------
    table : (S, T) array
        A measure of each source (or set of sources) for each target, such as test losses; NaN for
        what was not measured, such as a task to itself.
    better : "larger" or "smaller"
        Which values of ``table`` are better.

    Returns
    -------
    (S, T) array
        In [0, 1], larger is better: the share of the other sources that a source beats, a tie
        counting half, averaged over the targets but column t. (A rank, rescaled so that
        targets with different numbers of sources count alike.) NaN for a source that has no
        other target.

    Raises
    ------
    InvalidTableError
        If ``table`` is not two-dimensional or holds infinite numbers, or the direction is neither.
    """
    values = np.asarray(table, dtype=np.float64)
    if values.ndim != 2:
        raise InvalidTableError(f"`table` has shape {values.shape}, expected (sources, targets)")
    if np.isinf(values).any():
        row, column = (int(k) for k in np.argwhere(np.isinf(values))[0])
        raise InvalidTableError(
            f"`table[{row}, {column}]` is infinite; write NaN for what was not measured"
        )
    if better not in ("larger", "smaller"):
        raise InvalidTableError(f'better is "{better}", expected "larger" or "smaller"')
    beaten = _beaten(values if better == "larger" else -values)
    there = ~np.isnan(beaten)
    others = np.where(there, beaten, 0.0)
    count = there.sum(axis=1, keepdims=True) - there
    total = others.sum(axis=1, keepdims=True) - others
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _beaten(values: Floats) -> Floats:
    """Share of a column's other entries that each one beats; NaN where it is alone."""
    ranks = rankdata(values, axis=0, nan_policy="omit")
    most = (~np.isnan(values)).sum(axis=0) - 1
    found: Floats = np.where(most > 0, (ranks - 1) / np.maximum(most, 1), np.nan)
    return found
