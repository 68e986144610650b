"""Fine-tuning: each step continues the training, with labels alone and without exemplars."""

from __future__ import annotations

from benchmarks.lifelong.icarl import update_representation
from benchmarks.lifelong.learner import Learner
from benchmarks.lifelong.rules import by_outputs
from benchmarks.lifelong.strategies.strategy import Strategy
from benchmarks.lifelong.streams import LearningStream


def learn(learner: Learner, stream: LearningStream) -> None:
    """Train the network on the images of the next step; known classes have the target 0."""
    update_representation(learner, stream.steps[learner.steps], distill=False)
    learner.steps += 1


FINETUNING = Strategy("finetuning", learn, {"finetuning": by_outputs})
"""Source: Rebuffi et al., CVPR 2017, section 4.1."""
