"""LwF.MC: learning without forgetting for many classes, with distillation and no exemplars."""

from __future__ import annotations

from benchmarks.lifelong.icarl import update_representation
from benchmarks.lifelong.learner import Learner
from benchmarks.lifelong.rules import by_outputs
from benchmarks.lifelong.strategies.strategy import Strategy
from benchmarks.lifelong.streams import LearningStream


def learn(learner: Learner, stream: LearningStream) -> None:
    """Train with the loss of Algorithm 3 on the images of the next step."""
    update_representation(learner, stream.steps[learner.steps])
    learner.steps += 1


LWF_MC = Strategy("lwf-mc", learn, {"lwf-mc": by_outputs})
"""Source: Rebuffi et al., CVPR 2017, section 4.1, after Li and Hoiem, ECCV 2016."""
