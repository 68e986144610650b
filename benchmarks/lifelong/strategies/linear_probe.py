"""A linear probe on a frozen encoder, fitted anew to the features of all images that arrived."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from benchmarks.data.data import TRAIN, VAL
from benchmarks.learning.features import LinearProbe, linear_probe
from benchmarks.lifelong.learner import Learner
from benchmarks.lifelong.rules import by_outputs
from benchmarks.lifelong.strategies.strategy import Strategy
from benchmarks.lifelong.streams import LearningStream
from taskgraph.arrays import Floats


def learn(learner: Learner, stream: LearningStream) -> None:
    """Fit logistic regression to all features; validation images choose its strength.

    It stores the features of all images, which is more memory than any exemplars. An encoder that
    was trained elsewhere often makes this the strongest method.
    """
    train, validation = (stream.until(learner.steps, split) for split in (TRAIN, VAL))
    learner.grow(stream.seen(learner.steps))
    if not len(validation[1]):
        validation = train
    head = learner.network.head
    assert isinstance(head, nn.Linear)
    if len(np.unique(train[1])) > 1:
        probe = linear_probe(
            (learner.features(train[0]), train[1]),
            (learner.features(validation[0]), validation[1]),
        )
        weights, biases = as_outputs(probe)
        with torch.no_grad():
            head.weight[: learner.seen] = torch.from_numpy(weights).float()
            head.bias[: learner.seen] = torch.from_numpy(biases).float()
    learner.steps += 1


def as_outputs(probe: LinearProbe) -> tuple[Floats, Floats]:
    """Return (C, D) weights and (C,) biases whose largest output is the probe's class."""
    scaler, model = (step for _, step in probe.pipeline.steps)
    weights = model.coef_ / scaler.scale_
    biases = model.intercept_ - weights @ scaler.mean_
    if len(weights) == 1:  # two classes: the sign of one score decides
        weights, biases = np.vstack([-weights, weights]) / 2, np.array([-biases[0], biases[0]]) / 2
    return weights, biases


LINEAR_PROBE = Strategy(
    "linear-probe", learn, {"linear-probe": by_outputs}, all_data=True, frozen_encoder=True
)
