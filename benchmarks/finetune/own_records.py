"""The settings, accuracies and predictions that a training on the user's pictures leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from benchmarks.data.data import TEST, TRAIN, VAL
from benchmarks.finetune.estimator import FineTuned
from benchmarks.finetune.own_settings import OwnSettings
from benchmarks.finetune.own_task import OwnTask
from benchmarks.finetune.saving import curve
from benchmarks.learning.accuracy import mean_class_accuracy, top1
from benchmarks.results.hashes import file_hash
from encoders.bank.identity import network_hashes
from encoders.bank.pretrained import default_bank
from encoders.tasks.names import known_name
from taskgraph.arrays import Floats


def identity(task: OwnTask, count: int) -> dict[str, Any]:
    """Return the settings of the records of one training: all that its accuracy depends on."""
    settings, config = task.settings, task.estimator.loop_config()
    weights = settings.weights
    content = None if weights is None else file_hash(Path(weights))
    if content is not None:
        weights = content[:16]
    return {
        "data": Path(settings.data or "").name,
        "pictures": task.pictures.hash,
        "start": settings.start,
        "weights": weights,
        "bank": _bank_hash(settings),
        "keep": settings.keep,
        "freeze": task.estimator.freeze,
        "channels": settings.channels,
        "size": settings.size,
        "hidden": list(settings.hidden),
        "protocol": settings.protocol,
        "steps": config.steps,
        "batch": config.batch,
        "rates": list(settings.rates) or [config.learning_rate],
        "head_ratio": settings.head_ratio,
        "layer_decay": settings.layer_decay,
        "labels": count,
    }


def _bank_hash(settings: OwnSettings) -> str | None:
    """Return 16 digits of the SHA-256 of the network of a start from a bank; None for others."""
    kind, _, name = settings.start.partition(":")
    if kind != "bank":
        return None
    folder = default_bank() if settings.bank is None else settings.bank
    [digest] = network_hashes(folder, [known_name(name)]).values()
    return digest[:16]


def own_metrics(task: OwnTask, estimator: FineTuned, probabilities: Floats) -> dict[str, Any]:
    """Return the accuracies of a trained classifier on the test pictures."""
    labels = task.labels(TEST)
    predicted = np.searchsorted(
        task.pictures.classes, estimator.classes_[probabilities.argmax(1)]
    ).astype(np.int64)
    right = int((predicted == labels).sum())
    wilson = binomtest(right, len(labels)).proportion_ci(method="wilson")
    most = np.bincount(task.labels(TRAIN)).argmax()
    return {
        "accuracy": top1(predicted, labels),
        "low": float(wilson.low),
        "high": float(wilson.high),
        "class_accuracy": mean_class_accuracy(predicted, labels),
        "validation": estimator.history_.best.validation,
        "rate": estimator.loop_config().learning_rate,
        "most_frequent": float((labels == most).mean()),
        "tested": len(labels),
        "curve": curve(estimator),
    }


def predictions(task: OwnTask, estimator: FineTuned) -> pd.DataFrame:
    """Return the predictions for the validation and test pictures, one row each.

    The columns are ``picture`` (its path), ``split``, ``label``, ``predicted``, and the probability
    of each class as ``p_CLASS``.
    """
    tables = []
    for split in (VAL, TEST):
        rows = task.pictures.splits[split]
        if not len(rows):
            continue
        probabilities = estimator.predict_proba(task.images[split])
        table = pd.DataFrame(
            {
                "picture": [str(task.pictures.paths[row]) for row in rows],
                "split": split,
                "label": task.names(split),
                "predicted": estimator.classes_[probabilities.argmax(1)],
            }
        )
        chances = pd.DataFrame(probabilities, columns=[f"p_{n}" for n in estimator.classes_])
        tables.append(pd.concat([table, chances], axis=1))
    return pd.concat(tables, ignore_index=True)
