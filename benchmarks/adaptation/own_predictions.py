"""The user's own pair: trainings, the method that is chosen without labels, and predictions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from scipy.special import softmax

from benchmarks.adaptation.collect import own_trainings
from benchmarks.adaptation.domain_pair import fitted_images
from benchmarks.adaptation.measurement import log_training, training_settings
from benchmarks.adaptation.methods.registry import METHODS
from benchmarks.adaptation.selection import (
    ORACLE,
    WITHOUT_LABELS,
    AdaptationCheckpoint,
    select,
)
from benchmarks.adaptation.settings import Settings
from benchmarks.adaptation.two_folders import PictureFolder, own_group
from benchmarks.results.log import Log
from benchmarks.results.record import read_records
from taskgraph.arrays import Array
from taskgraph.errors import InvalidTableError
from taskgraph.tables import read_frame, write_frame

PREDICTIONS = "predictions.csv"


def log_own_pair(settings: Settings, opened: Callable[[], Log]) -> None:
    """Record all methods on the user's pair, and write predictions for the target.

    Parameters
    ----------
    opened : callable
        Opens the log; it is called once the folders are read, so that bad input leaves nothing.

    Raises
    ------
    InvalidTableError
        If the folders do not fit, or ``--selection oracle`` is asked for without labels.
    """
    group, everything = own_group(settings)
    labeled = group.sets["target"].labels is not None
    if settings.selection == ORACLE and not labeled:
        raise InvalidTableError(
            f"--selection oracle needs labels, and {settings.target} has no subfolders with "
            f"pictures; expected one of {', '.join(WITHOUT_LABELS)}"
        )
    names = [n for n in settings.methods if labeled or not METHODS[n].uses_target_labels]
    log = opened()
    images = _images(everything, group.sets["source"].inputs)
    for seed in range(settings.seeds):
        for name in names:
            path = log.folder / f"predictions_{name}.csv"
            asked = training_settings(METHODS[name], group.pairs[0], group, settings)
            stored = path.exists() and log.has(asked, seed=0, split="test")
            wanted = images if seed == 0 and not stored else None
            points = log_training(
                METHODS[name], group.pairs[0], group, settings, log, seed=seed, images=wanted
            )
            if wanted is not None and points is not None:
                write_frame(prediction_frame(everything, points), path)
    write_chosen(settings, log, names)


def _images(everything: PictureFolder, source: Array) -> torch.Tensor:
    """Return all pictures of the target, or their features, as the networks take them."""
    data = everything.data
    size, channels = (source.shape[1], source.shape[3]) if data.images else (0, 0)
    return fitted_images(data, np.arange(len(data.inputs)), size, channels)


def prediction_frame(
    everything: PictureFolder, points: Sequence[AdaptationCheckpoint]
) -> pd.DataFrame:
    """Return one row a picture: its file, and the class and its probability by each rule.

    Returns
    -------
    DataFrame
        ``file``; ``predicted_RULE`` and ``probability_RULE`` for each rule of selection. The
        probability is the softmax of the network's scores, which is not calibrated.
    """
    columns: dict[str, Sequence[object]] = {"file": everything.files}
    for rule in (*WITHOUT_LABELS, ORACLE):
        point = select(points, rule)
        if point is not None:
            shares = softmax(np.asarray(point.scores, np.float64), axis=1)
            places = shares.argmax(axis=1)
            columns[f"predicted_{rule}"] = [everything.data.classes[k] for k in places]
            columns[f"probability_{rule}"] = np.round(shares.max(axis=1), 4).tolist()
    return pd.DataFrame(columns)


def chosen_method(trainings: Mapping[str, Sequence[AdaptationCheckpoint]], rule: str) -> str:
    """Return the method whose chosen checkpoint has the largest value of a rule, first of equal.

    Parameters
    ----------
    trainings : by method
        References that were trained with labels of the target are left out.
    """
    values = {}
    for name, points in trainings.items():
        point = None if METHODS[name].uses_target_labels else select(points, rule)
        if point is not None:
            values[name] = point.values[rule]
    return max(values, key=lambda name: values[name])


def write_chosen(settings: Settings, log: Log, names: Sequence[str]) -> None:
    """Write the predictions of the method that the rule of ``--selection`` chooses, seed 0."""
    trainings = own_trainings(read_records(log.folder), seed=0)
    rule = settings.selection
    name = chosen_method({each: trainings[each] for each in names}, rule)
    frame = read_frame(log.folder / f"predictions_{name}.csv", infer=(f"probability_{rule}",))
    chosen = frame[["file", f"predicted_{rule}", f"probability_{rule}"]]
    chosen = chosen.rename(columns=lambda column: column.removesuffix(f"_{rule}"))
    write_frame(chosen.assign(method=name), log.folder / PREDICTIONS)
