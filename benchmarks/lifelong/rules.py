"""Rules by which a learner's network becomes a classification."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import Tensor

from benchmarks.data.data import TRAIN
from benchmarks.lifelong.icarl import class_mean, classify
from benchmarks.lifelong.learner import Learner
from benchmarks.lifelong.streams import LearningStream
from taskgraph.arrays import Floats, Floats32, Integers

DecisionRule = Callable[[Learner, Floats32, LearningStream], Integers]
"""From a learner, the (N, D) features of images, and the stream to the (N,) predicted classes."""


def by_outputs(learner: Learner, features: Floats32, stream: LearningStream) -> Integers:
    """Return the class with the largest output of the network, among the classes seen."""
    return np.asarray(learner.scores(features).argmax(axis=1), np.int64)


def by_exemplar_means(learner: Learner, features: Floats32, stream: LearningStream) -> Integers:
    """Return the class with the nearest mean of exemplars."""
    stored = [(each.label, each.images) for each in learner.exemplars]
    return classify(features, class_means(learner, stored))


def by_all_means(learner: Learner, features: Floats32, stream: LearningStream) -> Integers:
    """Return the class with the nearest mean of all training images that have arrived (NCM).

    It needs all images again at each step, so it is a bound and no method of lifelong learning.
    """
    images, labels = stream.until(learner.steps - 1, TRAIN)
    every = [(label, images[labels == label]) for label in range(learner.seen)]
    return classify(features, class_means(learner, every))


def class_means(learner: Learner, sets: Iterable[tuple[int, Tensor]]) -> Floats:
    """Return the (seen, D) means of labeled sets of images; several sets of a class are joined.

    A class without images has an infinite mean, so that it is never the nearest.
    """
    known = [(label, images) for label, images in sets if len(images)]
    labels = np.repeat([label for label, _ in known], [len(images) for _, images in known])
    means = np.full((learner.seen, learner.network.backbone.features), np.inf)
    if not known:
        return means
    images = torch.cat([images for _, images in known])
    features = [learner.features(images)]
    if learner.variant.flipped_means:
        features.append(learner.features(images.flip(3)))
    for label in np.unique(labels):
        means[label] = class_mean(*(each[labels == label] for each in features))
    return means
