"""Hybrids 2 and 3 of iCaRL: exemplars are trained with their labels, and nothing is distilled."""

from __future__ import annotations

from benchmarks.lifelong.icarl import incremental_train
from benchmarks.lifelong.learner import Learner
from benchmarks.lifelong.rules import by_exemplar_means, by_outputs
from benchmarks.lifelong.strategies.strategy import Strategy
from benchmarks.lifelong.streams import LearningStream


def learn(learner: Learner, stream: LearningStream) -> None:
    """Learn the next step with Algorithm 2, without distillation."""
    incremental_train(learner, stream.steps[learner.steps], distill=False)


NO_DISTILLATION = Strategy(
    "no-distillation", learn, {"hybrid2": by_exemplar_means, "hybrid3": by_outputs}
)
"""Source: Rebuffi et al., CVPR 2017, Table 1."""
