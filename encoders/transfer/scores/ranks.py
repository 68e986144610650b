"""The baseline score: the mean rank of a source over all other targets."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from taskgraph.arrays import Floats
from taskgraph.errors import InvalidTableError

Better = Literal["larger", "smaller"]
"""Which values of a measure are better."""


def average_rank(table: ArrayLike, *, better: Better) -> Floats:
    """Score each source by its mean rank over all *other* targets.

    Parameters
    ----------
    table : (S, T) array
        A measure of each source (or set of sources) for each target, such as test losses; NaN for
        transfers that were not measured.
    better : "larger" or "smaller"
        Which values of ``table`` are better.

    Returns
    -------
    (S, T) array
        In [0, 1], larger is better. Entry (s, t) is the share of the other sources that source s
        beats, averaged over all targets but t; a tie counts half. It is the mean rank, scaled so
        that targets with different numbers of sources count equally. NaN if source s was not
        measured for any other target.

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
    measured = ~np.isnan(beaten)
    others = np.where(measured, beaten, 0.0)
    count = measured.sum(axis=1, keepdims=True) - measured
    total = others.sum(axis=1, keepdims=True) - others
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _beaten(values: Floats) -> Floats:
    """Return the share of a column's other entries that each entry beats; NaN for a lone one."""
    ranks = rankdata(values, axis=0, nan_policy="omit")
    most = (~np.isnan(values)).sum(axis=0) - 1
    shares: Floats = np.where(most > 0, (ranks - 1) / np.maximum(most, 1), np.nan)
    return shares
