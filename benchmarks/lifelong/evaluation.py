"""Accuracies of a learner after a step, on the images of every step."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

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
    parts = {
        k: step.parts[split]
        for k, step in enumerate(stream.steps)
        if max(step.classes) < learner.seen and len(step.parts[split][1])
    }
    features = learner.features(torch.cat([images for images, _ in parts.values()]))
    labels = {k: own for k, (_, own) in parts.items()}
    ends = np.cumsum([len(own) for own in labels.values()])[:-1]
    found: dict[str, dict[str, Any]] = {}
    for name, rule in rules.items():
        predicted = np.split(rule(learner, features, stream), ends)
        by_step = dict(zip(parts, predicted, strict=True))
        past = [k for k in parts if k < learner.steps]
        pooled = np.concatenate([by_step[k] for k in past])
        truth = np.concatenate([labels[k] for k in past])
        found[name] = {
            "accuracy": top1(pooled, truth),
            "accuracies": [
                top1(by_step[k], labels[k]) if k in by_step else float("nan")
                for k in range(len(stream.steps))
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
