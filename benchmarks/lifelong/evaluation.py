"""What a learner gets right after a step, on the images of every step."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.learning.accuracy import top1
from benchmarks.lifelong.learner import Learner
from benchmarks.lifelong.rules import DecisionRule, by_outputs
from benchmarks.lifelong.streams import LearningStream
from taskgraph.arrays import Integers


def evaluate(
    learner: Learner,
    rules: Mapping[str, DecisionRule],
    stream: LearningStream,
    split: str,
    *,
    confusion: bool = False,
) -> dict[str, dict[str, Any]]:
    """Return the metrics of each rule after the learner's last step.

    Returns
    -------
    dict of dict
        By rule: ``accuracy`` on the images of all steps learned, pooled; ``accuracies``, one a step
        of the stream, NaN for steps with classes that have not arrived; ``seen``, the number of
        classes; and if asked ``confusion``, counts with a row a class and a column a prediction.
    """
    parts = [
        step.parts[split] if max(step.classes) < learner.seen else None for step in stream.steps
    ]
    features = [None if part is None else learner.features(part[0]) for part in parts]
    known = [k for k, part in enumerate(parts) if part is not None and len(part[1])]
    lengths = [len(features[k]) for k in known]  # type: ignore[arg-type]
    together = np.concatenate([features[k] for k in known])  # type: ignore[misc]
    found: dict[str, dict[str, Any]] = {}
    for name, rule in rules.items():
        predicted = np.split(rule(learner, together, stream), np.cumsum(lengths)[:-1])
        by_step = dict(zip(known, predicted, strict=True))
        labels = {k: parts[k][1] for k in known}  # type: ignore[index]
        past = [k for k in known if k < learner.steps]
        pooled = np.concatenate([by_step[k] for k in past])
        truth = np.concatenate([labels[k] for k in past])
        found[name] = {
            "accuracy": top1(pooled, truth),
            "accuracies": [
                top1(by_step[k], labels[k]) if k in by_step else float("nan")
                for k in range(len(parts))
            ],
            "seen": learner.seen,
        }
        if confusion:
            found[name]["confusion"] = confusion_counts(truth, pooled, learner.seen)
    return found


def confusion_counts(labels: Integers, predicted: Integers, classes: int) -> Integers:
    """Return the (classes, classes) number of images of each class (row) by prediction (column)."""
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (labels, predicted), 1)
    return counts


def untrained_accuracies(learner: Learner, stream: LearningStream, split: str) -> list[float]:
    """Return the accuracy of the untrained network on each step, if all its classes arrive at once.

    NaN where classes arrive later, since forward transfer is then not defined.
    """
    if stream.seen(0) < len(stream.classes):
        return [float("nan")] * len(stream.steps)
    fresh = copy.deepcopy(learner)
    fresh.grow(len(stream.classes))
    fresh.steps = len(stream.steps)
    found = evaluate(fresh, {"untrained": by_outputs}, stream, split)
    return list(found["untrained"]["accuracies"])
