"""Joint training on all images that have arrived, from the start at each step: the upper bound."""

from __future__ import annotations

import numpy as np

from benchmarks.data.data import TRAIN
from benchmarks.learning.classifier import classifier
from benchmarks.lifelong.learner import Learner, build_backbone
from benchmarks.lifelong.rules import by_outputs
from benchmarks.lifelong.strategies.strategy import Strategy
from benchmarks.lifelong.streams import LearningStream
from benchmarks.lifelong.training import TrainingSet, train_step


def learn(learner: Learner, stream: LearningStream) -> None:
    """Train a new network on all images of the steps up to the next one."""
    images, labels = stream.until(learner.steps, TRAIN)
    restart(learner, images.shape[1])
    learner.grow(stream.seen(learner.steps))
    everything = TrainingSet(images, labels, np.ones(len(labels), dtype=np.bool_))
    train_step(learner, everything, None, 0)
    learner.steps += 1


def restart(learner: Learner, channels: int) -> None:
    """Give a learner the network with which its stream began."""
    backbone = build_backbone(learner.start, learner.variant, channels, learner.config.seed)
    backbone.preparation = learner.network.backbone.preparation
    outputs = learner.classes if learner.variant.all_outputs else 1
    learner.network = classifier(backbone, outputs, seed=learner.config.seed)


JOINT = Strategy("joint", learn, {"joint": by_outputs}, all_data=True)
"""Source: Rebuffi et al., CVPR 2017, section 4.2, who train once on all classes."""
