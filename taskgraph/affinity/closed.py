"""The share of the loss between two references that a transfer closes."""

from __future__ import annotations

import math

import numpy as np

from taskgraph.arrays import Floats


def closed_shares(losses: Floats, scratch: float, own: float) -> Floats:
    """Return which share of the loss between ``scratch`` and ``self`` each transfer closes.

    It is (scratch − loss) / (scratch − self), clipped to [0, 1]: 0 for a transfer that is no better
    than training from scratch, 1 for one that is as good as full supervision or better. So no
    target counts more than another one in the sum over targets.

    Parameters
    ----------
    losses : (E,) array
        Mean loss of each transfer over the same images, in any unit; smaller is better.
    scratch, own : float
        Mean losses of ``scratch`` and ``self`` over these images; NaN where not measured.

    Returns
    -------
    (E,) array
        Shares in [0, 1]; larger is better. NaN if a reference was not measured, or if the loss of
        ``self`` is not the smaller one, so that there is nothing to close.
    """
    gap = scratch - own
    if math.isnan(gap) or gap <= 0:
        return np.full(len(losses), np.nan)
    return np.asarray(np.clip((scratch - losses) / gap, 0.0, 1.0))
