"""Train on the user's own pictures: records, a table and a curve, a saved model, predictions.

A run is resumed from its records: every training that has one, and its model if it needs one, is
not repeated.
"""

from __future__ import annotations

import hashlib
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from benchmarks.data.data import TEST, TRAIN, VAL
from benchmarks.finetune.crops import middle_squares
from benchmarks.finetune.estimator import FineTuned
from benchmarks.finetune.inputs import Images, chosen_images
from benchmarks.finetune.listing import layer_table
from benchmarks.finetune.own_page import write_page
from benchmarks.finetune.own_settings import OwnSettings
from benchmarks.finetune.pictures import SPLITS, PictureSet, find_pictures
from benchmarks.finetune.saving import CONFIG, WEIGHTS, curve
from benchmarks.learning.accuracy import mean_class_accuracy, top1
from benchmarks.learning.subsets import nested_subset
from benchmarks.results.hashes import file_hash
from benchmarks.results.log import Log, open_log
from benchmarks.results.record import read_records
from encoders.bank.identity import network_hashes
from encoders.bank.pretrained import default_bank
from encoders.errors import InvalidDataError, TrainingError
from encoders.tasks.names import known_name
from taskgraph.arrays import Floats, Integers
from taskgraph.cli.output import note
from taskgraph.tables import write_frame

SUITE_NAME = "finetune-own"
PREDICTIONS = "predictions.csv"
MODELS, FEATURES = "models", "features"
SAVED_SEED = 0
"""The seed whose model, trained with all labels, is saved; it also chooses the learning rate."""


@dataclass(frozen=True, eq=False)
class OwnTask:
    """The user's pictures in memory or in files, and the settings of a run.

    Attributes
    ----------
    settings : OwnSettings
    pictures : PictureSet
    images : mapping from the name of a split to images
    estimator : FineTuned
        Not trained; its random state and learning rate are to be set.
    out : Path
    """

    settings: OwnSettings
    pictures: PictureSet
    images: Mapping[str, Images]
    estimator: FineTuned
    out: Path

    def labels(self, split: str) -> Integers:
        """Return the labels of a split as numbers."""
        return self.pictures.labels[self.pictures.splits[split]]

    def names(self, split: str) -> Any:
        """Return the labels of a split as names of classes."""
        return np.array(self.pictures.classes)[self.labels(split)]

    def train(self, count: int, seed: int, rate: float | None) -> FineTuned:
        """Return a classifier that was trained on some of the training pictures."""
        from sklearn.base import clone

        labels = self.labels(TRAIN)
        rows = nested_subset(labels, count, seed)
        estimator: FineTuned = clone(self.estimator)
        estimator.set_params(random_state=seed, learning_rate=rate)
        estimator.fit(
            chosen_images(self.images[TRAIN], rows),
            self.names(TRAIN)[rows],
            validation=(self.images[VAL], self.names(VAL)),
        )
        return estimator


def run(settings: OwnSettings, out: Path) -> str:
    """Train, or list layers; returns the text to print.

    Raises
    ------
    InvalidDataError, InvalidNetworkError, UnknownNameError, TrainingError, MissingPackageError
        If what the user gives cannot be used. All of it is checked before the first training.
    """
    if settings.layers is not None:
        return layer_table(
            settings.layers,
            weights=settings.weights,
            bank=settings.bank,
            channels=settings.channels,
            size=settings.size,
        )
    if settings.data is None:
        raise InvalidDataError(
            "name your pictures with --data FOLDER, or list the layers of a start with --layers "
            "START"
        )
    task = checked_task(settings, Path(settings.data), out)
    log = open_log(out, SUITE_NAME, "numpy", "scikit-learn", "torch")
    folder = measure(task, log)
    return f"{write_page(out)}\nThe model and its predictions are in {folder}."


def render(out: Path) -> str:
    """Write the page again from the records alone; returns its table."""
    return write_page(out)


def checked_task(settings: OwnSettings, place: Path, out: Path) -> OwnTask:
    """Check everything that the user gives, and decode the pictures.

    The settings come first, then the pictures' names and heads, then the network, and last the
    content of the pictures.
    """
    if settings.seeds < 1:
        raise TrainingError(f"--seeds is {settings.seeds}, expected at least 1")
    estimator = make_estimator(settings, out)
    estimator.loop_config()
    pictures = find_pictures(place)
    labeled = len(pictures.splits[TRAIN])
    wrong = [n for n in settings.sizes if not len(pictures.classes) <= n <= labeled]
    if wrong:
        raise InvalidDataError(
            f"--sizes has {wrong[0]}, expected {len(pictures.classes)} (one a class) to {labeled}, "
            "the number of training pictures"
        )
    if len(settings.rates) > 1 and not len(pictures.splits[VAL]):
        raise InvalidDataError(
            f"{place} has too few pictures for validation, which chooses between --rates; give one "
            "rate"
        )
    _check_weights(settings)
    network = estimator.build(len(pictures.classes))
    gray = network.backbone.preparation.channels == 1
    images: dict[str, Images] = {}
    for split in SPLITS:
        files = pictures.files(split, gray=gray)
        crops = estimator.training_protocol().crops
        images[split] = files if crops else middle_squares(files, estimator.side(network))
    note(_summary(place, pictures, estimator.side(network)))
    return OwnTask(settings, pictures, images, estimator, out)


def make_estimator(settings: OwnSettings, out: Path) -> FineTuned:
    """Return the classifier of the settings, not trained."""
    if settings.freeze and settings.freeze_first is not None:
        raise TrainingError("--freeze freezes all kept layers; leave out --freeze-first")
    return FineTuned(
        settings.start,
        keep=settings.keep,
        freeze=settings.freeze if settings.freeze_first is None else settings.freeze_first,
        weights=settings.weights,
        bank=settings.bank,
        channels=settings.channels,
        size=settings.size,
        hidden=settings.hidden,
        protocol=settings.protocol,
        steps=settings.steps,
        batch=settings.batch,
        learning_rate=settings.rates[0] if settings.rates else None,
        head_ratio=settings.head_ratio,
        layer_decay=settings.layer_decay,
        cache=str(out / FEATURES),
        device=settings.device,
        threads=settings.threads,
    )


def _check_weights(settings: OwnSettings) -> None:
    """Say that weights will be downloaded, which takes a while without a network."""
    if settings.weights is None and settings.start.partition(":")[0] in ("timm", "torchvision"):
        note(
            f"downloading the published weights of {settings.start} unless they are here; without "
            "a network give a file with --weights, or --weights random"
        )


def _summary(place: Path, pictures: PictureSet, size: int) -> str:
    """Return what was found, in one line."""
    counts = ", ".join(f"{len(pictures.splits[split])} {split}" for split in SPLITS)
    return f"{place}: {len(pictures.classes)} classes; {counts}; resized to {size} x {size}"


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


def model_folder(task: OwnTask) -> Path:
    """Return the folder of the saved model, whose name says the start and what is kept."""
    key = identity(task, len(task.labels(TRAIN)))
    words = [key["start"], f"keep-{key['keep']}" if key["keep"] else ""]
    words.append("frozen" if key["freeze"] is True else "")
    digest = hashlib.sha256(repr(sorted(key.items())).encode()).hexdigest()[:8]
    name = "_".join(re.sub(r"[^\w.-]+", "-", word) for word in (*words, digest) if word)
    return task.out / MODELS / name


def measure(task: OwnTask, log: Log) -> Path:
    """Add the records that are missing, and write the model; returns the model's folder."""
    everything = len(task.labels(TRAIN))
    rate = chosen_rate(task, log)
    folder = model_folder(task)
    for count in (*sorted({*task.settings.sizes} - {everything}), everything):
        for seed in range(task.settings.seeds):
            saved = count == everything and seed == SAVED_SEED
            whole = not saved or all(
                (folder / name).is_file() for name in (WEIGHTS, CONFIG, PREDICTIONS)
            )
            key = identity(task, count)
            if log.has(key, seed=seed, split=TEST) and whole:
                continue
            begin = time.perf_counter()
            estimator = task.train(count, seed, rate)
            probabilities = estimator.predict_proba(task.images[TEST])
            seconds = round(time.perf_counter() - begin, 3)
            if saved:
                estimator.save(folder)
                write_frame(predictions(task, estimator), folder / PREDICTIONS)
            if not log.has(key, seed=seed, split=TEST):
                metrics = _metrics(task, estimator, probabilities)
                log.add(key, metrics, seed=seed, split=TEST, seconds=seconds)
            note(f"trained on {count} pictures with seed {seed} in {seconds:.0f} s")
    return folder


def chosen_rate(task: OwnTask, log: Log) -> float | None:
    """Return the rate of the best validation accuracy, the smaller of equally good ones.

    With one rate or none nothing is trained. What was tried is one record of the split ``val``.
    """
    rates = task.settings.rates
    if len(rates) < 2:
        return rates[0] if rates else None
    count = len(task.labels(TRAIN))
    key = {**identity(task, count), "record": "rates"}
    if not log.has(key, seed=SAVED_SEED, split=VAL):
        tried = {f"{rate:g}": _validation(task, count, rate) for rate in sorted(rates)}
        if all(map(math.isnan, tried.values())):
            raise TrainingError(
                f"the loss became infinite at all rates ({', '.join(tried)}); try smaller ones "
                "(--rates)"
            )
        best = max(tried, key=lambda rate: -1.0 if math.isnan(tried[rate]) else tried[rate])
        log.add(key, {"rate": float(best), "tried": tried}, seed=SAVED_SEED, split=VAL)
    for record in read_records(log.folder):
        if record.settings == key and record.split == VAL:
            return float(record.metrics["rate"])
    raise AssertionError("the record was added")


def _validation(task: OwnTask, count: int, rate: float) -> float:
    """Return the validation accuracy of a training at a rate; NaN if it diverges."""
    try:
        return task.train(count, SAVED_SEED, rate).history_.best.validation
    except TrainingError:
        return math.nan


def _metrics(task: OwnTask, estimator: FineTuned, probabilities: Floats) -> dict[str, Any]:
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
