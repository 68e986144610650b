"""ICaRL; hybrid 1 and NCM are read off the same network."""

from __future__ import annotations

from benchmarks.lifelong.icarl import incremental_train
from benchmarks.lifelong.learner import Learner
from benchmarks.lifelong.rules import by_all_means, by_exemplar_means, by_outputs
from benchmarks.lifelong.strategies.strategy import Strategy
from benchmarks.lifelong.streams import LearningStream


def learn(learner: Learner, stream: LearningStream) -> None:
    """Learn the next step with Algorithm 2."""
    incremental_train(learner, stream.steps[learner.steps])


ICARL = Strategy(
    "icarl", learn, {"icarl": by_exemplar_means, "hybrid1": by_outputs, "ncm": by_all_means}
)
"""Source: Rebuffi et al., CVPR 2017; hybrids and NCM are those of its Table 1."""
