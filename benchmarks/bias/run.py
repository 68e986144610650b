"""Measure the bias of groups of data sets, one training set, size and seed after another."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.preprocessing import StandardScaler

from benchmarks.bias.classifiers import CLASSIFIERS, ClassifierFamily
from benchmarks.bias.cross import LabeledSamples, cross_measures, cross_scores, negative_bias
from benchmarks.bias.features import features_of, find_feature
from benchmarks.bias.groups import SetGroup, groups
from benchmarks.bias.matrix_file import read_matrix
from benchmarks.bias.naming import name_that_data_set, naming_accuracy
from benchmarks.bias.quiz import write_quiz
from benchmarks.bias.sets import SampledRows, draw, with_common_classes
from benchmarks.bias.settings import CROSS, DISTANCE, NAME, SUITE, Settings
from benchmarks.bias.tables import margin_table
from benchmarks.data.data import Data, contents_of
from benchmarks.data.distance import proxy_a_distance
from benchmarks.results.apart import check_apart
from benchmarks.results.log import Log, open_log
from taskgraph.arrays import Floats, Integers
from taskgraph.errors import InvalidTableError

PARTS = (CROSS, NAME, DISTANCE)
CHOICE = "choice"
COSTS = (0.00001, 0.0001, 0.001, 0.01)
"""Values of C for the proxy A-distance of standardized features."""
FITTED = 2 / 3
"""Share of the training samples to which each strength is fitted; the others are validation."""


def answer(settings: Settings) -> str:
    """Return the margins of the user's matrix as text."""
    assert settings.matrix is not None
    return margin_table(*read_matrix(Path(settings.matrix)))


def run(settings: Settings, out: Path) -> None:
    """Measure what the records in ``out`` lack, and write the pictures of the quiz."""
    check(settings)
    check_apart(settings.sets, out)
    compared = groups(settings)
    for group in compared:  # before anything is measured
        _prepared(group, settings)
        for name in group.features:
            find_feature(name)
    log = open_log(out, SUITE.name, "numpy", "scipy", "scikit-learn", "scikit-image")
    out.mkdir(parents=True, exist_ok=True)
    for group in compared:
        log_group(group, settings, log)
        write_quiz(group.name, group.sets, asked_of(group, settings), log)


def check(settings: Settings) -> None:
    """Raise InvalidTableError if settings are impossible."""
    if not settings.parts:
        raise InvalidTableError(f"--parts is empty, expected some of {', '.join(PARTS)}")
    for name in settings.parts:
        if name not in PARTS:
            raise InvalidTableError(f'there is no part "{name}"; expected {", ".join(PARTS)}')
    if settings.seeds < 1:
        raise InvalidTableError(f"--seeds is {settings.seeds}, expected at least 1")
    if settings.test < 2:
        raise InvalidTableError(f"--test is {settings.test}, expected at least 2")
    sizes = settings.sizes
    if not sizes or sizes[0] < 2 or list(sizes) != sorted(set(sizes)):
        text = ",".join(map(str, sizes)) or "empty"
        raise InvalidTableError(f"--sizes is {text}, expected growing numbers from 2 on")


def _prepared(group: SetGroup, settings: Settings) -> list[Data]:
    """Return the sets with common classes where they are needed; check that they are large."""
    sets = list(group.sets)
    if CROSS in settings.parts:
        sets = with_common_classes(sets, drop=settings.common_classes)
    for seed in range(settings.seeds):
        draw(sets, seed, settings.sizes[-1], settings.test)
    return sets


@dataclass(frozen=True, eq=False)
class Measurement:
    """Values that the measurements of one group by one kind of features share.

    Attributes
    ----------
    sets : list of Data
    features : dict of (N, F) arrays, by set
    rows : dict
        By seed: the rows of each set.
    settings : Settings
    of : dict
        What every record's settings begin with.
    log : Log
    """

    sets: list[Data]
    features: dict[str, Floats]
    rows: Mapping[int, Mapping[str, SampledRows]]
    settings: Settings
    of: dict[str, Any]
    log: Log

    def samples(self, name: str, seed: int, part: slice | None) -> LabeledSamples:
        """Return a part of the training samples of a set, or its test samples for None."""
        rows = self.rows[seed][name]
        chosen = rows.test if part is None else rows.train[part]
        labels = next(data.labels for data in self.sets if data.name == name)
        values = np.zeros(len(chosen), np.int64) if labels is None else labels[chosen]
        return self.features[name][chosen], values

    def tests(self, seed: int) -> dict[str, LabeledSamples]:
        """Return the test samples of all sets."""
        return {data.name: self.samples(data.name, seed, None) for data in self.sets}


def asked_of(group: SetGroup, settings: Settings) -> dict[str, Any]:
    """Return what the settings of a group's records say of its items, beside the sets' names."""
    dropped = {"common_classes": True} if settings.common_classes else {}
    return {**contents_of(group.sets), **dropped}


def log_group(group: SetGroup, settings: Settings, log: Log) -> None:
    """Measure all parts of a group, one kind of features after another."""
    sets = _prepared(group, settings)
    sizes = settings.sizes[-1], settings.test
    rows = {seed: draw(sets, seed, *sizes) for seed in range(settings.seeds)}
    for name in group.features:
        features = {data.name: features_of(data, name) for data in sets}
        of = {
            "group": group.name,
            "sets": [data.name for data in sets],
            "features": name,
            "classifier": settings.classifier,
            "test_samples": settings.test,
            **asked_of(group, settings),
        }
        measured = Measurement(sets, features, rows, settings, of, log)
        classifier = CLASSIFIERS[settings.classifier]
        if CROSS in settings.parts:
            log_cross(measured, classifier)
        if NAME in settings.parts:
            log_naming(measured, classifier)
        if DISTANCE in settings.parts:
            log_distances(measured)


def log_cross(measured: Measurement, classifier: ClassifierFamily) -> None:
    """Record the scores on every set after training on each, for every size and seed."""
    last = measured.settings.sizes[-1]
    for seed in range(measured.settings.seeds):
        strength = _chosen(measured, CROSS, classifier, seed)
        for data, size in product(measured.sets, measured.settings.sizes):
            asked = {"part": CROSS, **measured.of, "trained_on": data.name, "samples": size}
            if measured.log.has(asked, seed=seed, split="test"):
                continue
            start = time.perf_counter()
            tests = measured.tests(seed)
            train = measured.samples(data.name, seed, slice(size))
            scores = cross_scores(train, tests, classifier.make(strength), len(data.classes))
            metrics: dict[str, Any] = {"on": cross_measures(scores, tests)}
            if size == last:
                metrics["negatives"] = negative_bias(data.name, scores, tests, seed)
            _add(measured.log, asked, metrics, seed, start)


def log_naming(measured: Measurement, classifier: ClassifierFamily) -> None:
    """Record the confusion matrix of the sets for every size and seed."""
    for seed in range(measured.settings.seeds):
        strength = _chosen(measured, NAME, classifier, seed)
        for size in measured.settings.sizes:
            asked = {"part": NAME, **measured.of, "samples": size}
            if measured.log.has(asked, seed=seed, split="test"):
                continue
            start = time.perf_counter()
            confusion = _confusion(measured, classifier.make(strength), seed, slice(size), None)
            metrics = {"confusion": confusion, "accuracy": naming_accuracy(confusion)}
            _add(measured.log, asked, metrics, seed, start)


def log_distances(measured: Measurement) -> None:
    """Record the proxy A-distance of every pair of sets and every seed.

    The halves are training and test samples of the draw, equally many, so that no building is in
    both. Features are standardized over both sets together.
    """
    count = min(measured.settings.sizes[-1], measured.settings.test)
    for seed in range(measured.settings.seeds):
        for first, second in combinations([data.name for data in measured.sets], 2):
            asked = {"part": DISTANCE, **measured.of, "first": first, "second": second}
            asked["samples"] = count
            del asked["classifier"]
            if measured.log.has(asked, seed=seed, split="test"):
                continue
            start = time.perf_counter()
            sides = [
                measured.samples(name, seed, each)[0][:count]
                for name in (first, second)
                for each in (slice(count), None)
            ]
            scaled = StandardScaler().fit_transform(np.concatenate(sides))
            held_out = np.repeat([False, True], count)
            distance = proxy_a_distance(
                scaled[: 2 * count],
                scaled[2 * count :],
                np.random.default_rng([seed, 4]),
                costs=COSTS,
                held_out=(held_out, held_out),
            )
            _add(measured.log, asked, {"distance": distance}, seed, start)


def _confusion(
    measured: Measurement, estimator: Any, seed: int, train: slice, test: slice | None
) -> Integers:
    """Return the confusion matrix of a seed after training on a part of the training samples."""
    names = [data.name for data in measured.sets]
    return name_that_data_set(
        {name: measured.samples(name, seed, train)[0] for name in names},
        {name: measured.samples(name, seed, test)[0] for name in names},
        estimator,
    )


def _own_score(measured: Measurement, estimator: Any, seed: int, fit: slice, test: slice) -> float:
    """Return the mean over sets of the average precision of each on itself."""
    values = []
    for data in measured.sets:
        tests = {data.name: measured.samples(data.name, seed, test)}
        train = measured.samples(data.name, seed, fit)
        scores = cross_scores(train, tests, estimator, len(data.classes))
        values.append(cross_measures(scores, tests)[data.name]["average_precision"])
    return float(np.mean(values))


def _chosen(measured: Measurement, what: str, classifier: ClassifierFamily, seed: int) -> float:
    """Return the strength that is best on a part of this seed's training samples.

    Each is fitted to the first `FITTED` of the training samples and scored on the others: never on
    a test sample. All scores are recorded. Of equal ones the first strength is chosen.
    """
    size = measured.settings.sizes[-1]
    asked = {"part": CHOICE, "choice_for": what, **measured.of, "samples": size}
    known = measured.log.find(asked, seed=seed, split="val")
    if known is not None:
        return float(known.metrics["chosen"])
    start = time.perf_counter()
    cut = max(1, round(FITTED * size))
    fit, test = slice(cut), slice(cut, size)
    tried = {}
    for strength in classifier.strengths:
        estimator = classifier.make(strength)
        if what == CROSS:
            score = _own_score(measured, estimator, seed, fit, test)
        else:
            score = naming_accuracy(_confusion(measured, estimator, seed, fit, test))
        tried[f"{strength:g}"] = round(score, 3)
    best = max(classifier.strengths, key=lambda each: tried[f"{each:g}"])
    _add(measured.log, asked, {"tried": tried, "chosen": best}, seed, start, split="val")
    return best


def _add(
    log: Log, asked: dict[str, Any], metrics: Any, seed: int, start: float, split: str = "test"
) -> None:
    """Add a record with its duration."""
    seconds = round(time.perf_counter() - start, 3)
    log.add(asked, metrics, seed=seed, split=split, seconds=seconds)
