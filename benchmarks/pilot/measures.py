"""Measures of the pilot: steps until training stops, and the decrease of the loss."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.pilot.networks import LONG, SHORT
from benchmarks.results.measures import Estimate, bootstrap_interval
from encoders.training.schedule import CAP, PATIENCE
from taskgraph.affinity import image_wins
from taskgraph.tasks import AVERAGE, SCRATCH

SHARE = 0.95
"""Share of the read-outs that must stop under the cap."""

TRANSFERS = ("single", "set")


def transfers_of(networks: pd.DataFrame, training: str = LONG) -> pd.DataFrame:
    """Return the rows of the transfers, without references, after one training."""
    return networks[networks["kind"].isin(TRANSFERS) & (networks["training"] == training)]


def step_summary(networks: pd.DataFrame, target: str) -> dict[str, Any]:
    """Return how long the read-outs of a target trained.

    Returns
    -------
    dict
        ``n``, their number; ``patience``, how many of them stopped by patience; ``median`` and
        ``p95``, of the steps until training stopped; ``best``, the median of the step with the
        smallest validation loss; and the ``scratch_steps`` of ``scratch``, or None.
    """
    rows = transfers_of(networks)
    rows = rows[rows["target"] == target]
    scratch = one_of(networks, target, SCRATCH, LONG)
    if rows.empty:
        return {"n": 0}
    return {
        "n": len(rows),
        "patience": int((rows["stopped"] == PATIENCE).sum()),
        "median": float(rows["last_step"].median()),
        "p95": float(rows["last_step"].quantile(SHARE, interpolation="higher")),
        "best": float(rows["best_step"].median()),
        "scratch_steps": None if scratch is None else int(scratch["last_step"]),
    }


def improvement(networks: pd.DataFrame, target: str, loss: str) -> dict[str, float]:
    """Return how much smaller a loss is after the long training, as a share of the short one's.

    Parameters
    ----------
    loss : "valid_loss" or "test_loss"

    Returns
    -------
    dict
        ``median``, ``low`` and ``high`` (the smallest and the largest) over the target's
        transfers; above 0 the long training is better. Empty without a transfer with both.
    """
    own = networks[networks["target"] == target]
    short, long = (
        transfers_of(own, training).set_index("sources")[loss] for training in (SHORT, LONG)
    )
    both = short.index.intersection(long.index)
    if not len(both):
        return {}
    shares = (short[both] - long[both]) / short[both].abs()
    values = (shares.median(), shares.min(), shares.max())
    return dict(zip(("median", "low", "high"), map(float, values), strict=True))


def best_before_cuts(networks: pd.DataFrame, target: str, wait: int) -> int:
    """Return how many of a target's long trainings end ``wait`` steps or more after their best.

    With ``wait`` steps of patience before the first cut of the learning rate, after it, and after
    each further one, in sum, their best evaluation is before the first cut, and no cut helped.
    """
    rows = transfers_of(networks[networks["target"] == target])
    return int((rows["last_step"] - rows["best_step"] >= wait).sum())


def one_of(
    networks: pd.DataFrame, target: str, sources: str, training: str
) -> pd.Series[Any] | None:
    """Return the row of one network, or None."""
    rows = networks[
        (networks["target"] == target)
        & (networks["sources"] == sources)
        & (networks["training"] == training)
    ]
    return None if rows.empty else rows.iloc[-1]


def wins_of_scratch(losses: pd.DataFrame, target: str, training: str) -> Estimate | None:
    """Return the share of test images on which ``scratch`` beats the best constant answer.

    A tie counts half. The interval resamples buildings: it is the bootstrap of the buildings'
    shares, which weigh alike. None if one of the two was not measured.
    """
    own = losses[(losses["target"] == target) & (losses["training"] == training)]
    wide = own[own["sources"].isin([SCRATCH, AVERAGE])].pivot_table(
        index="image", columns="sources", values="loss"
    )
    if not {SCRATCH, AVERAGE} <= {*wide.columns}:
        return None
    wide = wide.dropna()
    wins = pd.Series(image_wins(wide[SCRATCH], wide[AVERAGE]), index=wide.index)
    shares = wins.groupby([str(image).split("/")[0] for image in wide.index]).mean()
    return bootstrap_interval(shares.to_numpy())


def cap_of(networks: pd.DataFrame, steps_per_epoch: int) -> dict[str, Any]:
    """Return the cap under which `SHARE` of the read-outs stop, in whole epochs.

    Returns
    -------
    dict
        ``epochs`` and ``steps`` of the cap, ``n``, and ``capped``, the number of read-outs that
        reached the pilot's own cap. If these are more than 1 − `SHARE`, ``epochs`` is None: the
        pilot's cap was too small to tell.
    """
    rows = transfers_of(networks)
    capped = int((rows["stopped"] == CAP).sum())
    if rows.empty or capped > (1 - SHARE) * len(rows):
        return {"epochs": None, "steps": None, "n": len(rows), "capped": capped}
    steps = np.sort(rows["last_step"].to_numpy())
    needed = steps[math.ceil(SHARE * len(steps)) - 1]
    epochs = math.ceil(needed / steps_per_epoch)
    return {
        "epochs": epochs,
        "steps": epochs * steps_per_epoch,
        "n": len(rows),
        "capped": capped,
    }
