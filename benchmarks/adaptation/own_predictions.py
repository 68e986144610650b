"""The user's own pair: trainings, the method that is chosen without labels, and predictions."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.special import softmax

from benchmarks.adaptation.collect import SHARED, TRAINING, checkpoints_of
from benchmarks.adaptation.domain_pair import fitted_images
from benchmarks.adaptation.measurement import log_training, training_settings
from benchmarks.adaptation.methods.registry import METHODS
from benchmarks.adaptation.selection import (
    ORACLE,
    WITHOUT_LABELS,
    AdaptationCheckpoint,
    select,
)
from benchmarks.adaptation.settings import OWN, Settings
from benchmarks.adaptation.two_folders import PictureFolder, own_group
from benchmarks.data.data import contents_of
from benchmarks.results.banks import with_bank
from benchmarks.results.frame import part
from benchmarks.results.hashes import value_hash
from benchmarks.results.log import Log
from benchmarks.results.record import read_records
from encoders.errors import TrainingError
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
    asked = {n: training_settings(METHODS[n], group.pairs[0], group, settings) for n in names}
    for seed in range(settings.seeds):
        for name in names:
            stored = seed > 0 or (
                log.has(asked[name], seed=0, split="test")
                and _is_stored(log.folder, name, asked[name], everything)
            )
            wanted = None if stored else images
            points = log_training(
                METHODS[name], group.pairs[0], group, settings, log, seed=seed, images=wanted
            )
            if wanted is not None and points is not None:
                path = _predictions_of(log.folder, name)
                key = _key(asked[name], everything)
                write_frame(prediction_frame(everything, points, key), path)
    _show(log, asked, settings.seeds)
    write_chosen(settings, log, asked)


def _show(log: Log, asked: Mapping[str, Mapping[str, Any]], seeds: int) -> None:
    """Make these trainings the newest of the folder, which the page shows.

    They are not if they were recorded before a run with other settings; then they are added again.
    """
    newest = part(read_records(log.folder), part=TRAINING, group=OWN)[-1].settings
    own = with_bank(next(iter(asked.values())))
    if all(newest.get(name) == own.get(name) for name in SHARED):
        return
    for seed, each in itertools.product(range(seeds), asked.values()):
        record = log.find(each, seed=seed, split="test")
        if record is not None:
            log.add(each, record.metrics, seed=seed, split="test", seconds=record.seconds)


def _predictions_of(folder: Path, method: str) -> Path:
    return folder / f"predictions_{method}.csv"


def _key(asked: Mapping[str, Any], everything: PictureFolder) -> str:
    """Return the name by which predictions are known: a hash of the training and all pictures."""
    return value_hash([asked, contents_of([everything.data])])[:12]


def _is_stored(
    folder: Path, method: str, asked: Mapping[str, Any], everything: PictureFolder
) -> bool:
    """Return whether the predictions of a training, for these files, are in the folder."""
    try:
        frame = pd.read_csv(_predictions_of(folder, method), dtype=str, keep_default_na=False)
    except (OSError, ValueError):  # missing, or not what was written
        return False
    if not {"file", "training"} <= set(frame):
        return False
    key = _key(asked, everything)
    return frame["file"].tolist() == list(everything.files) and set(frame["training"]) == {key}


def _images(everything: PictureFolder, source: Array) -> torch.Tensor:
    """Return all pictures of the target, or their features, as the networks take them."""
    data = everything.data
    size, channels = (source.shape[1], source.shape[3]) if data.images else (0, 0)
    return fitted_images(data, np.arange(len(data.inputs)), size, channels)


def prediction_frame(
    everything: PictureFolder, points: Sequence[AdaptationCheckpoint], training: str
) -> pd.DataFrame:
    """Return one row a picture: its file, and the class and its probability by each rule.

    Returns
    -------
    DataFrame
        ``file``; ``predicted_RULE`` and ``probability_RULE`` for each rule of selection; and
        ``training``, which tells the settings and pictures that the predictions are of. The
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
    return pd.DataFrame({**columns, "training": training})


def chosen_method(trainings: Mapping[str, Sequence[AdaptationCheckpoint]], rule: str) -> str | None:
    """Return the method whose chosen checkpoint has the largest value of a rule, first of equal.

    None if no checkpoint has a value: soft neighborhood density needs two images, for instance.

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
    return max(values, key=lambda name: values[name], default=None)


def write_chosen(settings: Settings, log: Log, asked: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the predictions of the method that the rule of ``--selection`` chooses, seed 0.

    Raises
    ------
    InvalidTableError
        If the rule has no value for any method.
    TrainingError
        If every training diverged.

    Parameters
    ----------
    asked : by method
        The settings of its training: another run may have written into the same folder.
    """
    found = {name: log.find(each, seed=0, split="test") for name, each in asked.items()}
    trainings = {name: checkpoints_of(each) for name, each in found.items() if each is not None}
    rule = settings.selection
    name = chosen_method(trainings, rule)
    if not any(trainings.values()):
        raise TrainingError("every training diverged; try smaller --rates")
    if name is None:
        raise InvalidTableError(
            f"--selection {rule} has no value for any method, because the target has too few "
            f"pictures or no labels; expected another of {', '.join(WITHOUT_LABELS)}"
        )
    frame = read_frame(_predictions_of(log.folder, name), infer=(f"probability_{rule}",))
    chosen = frame[["file", f"predicted_{rule}", f"probability_{rule}"]]
    chosen = chosen.rename(columns=lambda column: column.removesuffix(f"_{rule}"))
    write_frame(chosen.assign(method=name), log.folder / PREDICTIONS)
