"""Replay of random exemplars, trained with their labels; the network's outputs decide."""

from __future__ import annotations

import numpy as np

from benchmarks.lifelong.icarl import incremental_train
from benchmarks.lifelong.learner import Learner
from benchmarks.lifelong.rules import by_outputs
from benchmarks.lifelong.strategies.strategy import Strategy
from benchmarks.lifelong.streams import LearningStream
from taskgraph.arrays import AnyFloats, Integers


def random_exemplars(features: AnyFloats, m: int, learner: Learner) -> Integers:
    """Return m random rows, drawn by the learner's seed and the number of its exemplar sets."""
    numbers = [learner.config.seed, len(learner.exemplars)]
    order = np.random.default_rng(numbers).permutation(len(features))
    return np.asarray(order[:m], np.int64)


def learn(learner: Learner, stream: LearningStream) -> None:
    """Learn the next step from its images and the random exemplars of earlier ones."""
    step = stream.steps[learner.steps]
    incremental_train(learner, step, distill=False, construct=random_exemplars)


RANDOM_REPLAY = Strategy("random-replay", learn, {"random-replay": by_outputs})
