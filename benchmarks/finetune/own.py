"""Train on the user's own pictures: records, a table and a curve, a saved model, predictions.

A run is resumed from its records: every training that has one, and its model if it needs one, is
not repeated.
"""

from __future__ import annotations

import hashlib
import math
import re
import time
from pathlib import Path

from benchmarks.data.data import TEST, TRAIN, VAL
from benchmarks.finetune.listing import layer_table
from benchmarks.finetune.own_page import write_page
from benchmarks.finetune.own_records import identity, own_metrics, predictions
from benchmarks.finetune.own_settings import OwnSettings
from benchmarks.finetune.own_task import OwnTask, checked_task
from benchmarks.finetune.saving import CONFIG, WEIGHTS
from benchmarks.results.apart import check_apart
from benchmarks.results.log import Log, open_log
from benchmarks.results.record import read_records
from encoders.errors import InvalidDataError, TrainingError
from taskgraph.cli.output import note
from taskgraph.tables import write_frame

SUITE_NAME = "finetune-own"
PREDICTIONS = "predictions.csv"
MODELS = "models"
SAVED_SEED = 0
"""The seed whose model, trained with all labels, is saved; it also chooses the learning rate."""


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
    check_apart([settings.data], out)
    task = checked_task(settings, Path(settings.data), out)
    log = open_log(out, SUITE_NAME, "numpy", "scikit-learn", "torch")
    folder = measure(task, log)
    return f"{write_page(out)}\nThe model and its predictions are in {folder}."


def render(out: Path) -> str:
    """Write the page again from the records alone; returns its table."""
    return write_page(out)


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
                metrics = own_metrics(task, estimator, probabilities)
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
