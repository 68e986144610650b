"""A strategy of lifelong learning: how a step is learned, and the rules read off it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.lifelong.learner import Learner
from benchmarks.lifelong.rules import DecisionRule
from benchmarks.lifelong.streams import LearningStream


@dataclass(frozen=True)
class Strategy:
    """A training over a stream, and the methods whose results it gives.

    Attributes
    ----------
    name : str
    learn : callable
        Learns the next step of a stream: changes the learner in place and counts the step.
    rules : mapping of `DecisionRule`
        By the name of each method.
    all_data : bool
        Whether it needs all training images again, so that it is a bound.
    frozen_encoder : bool
        Whether it begins with the frozen encoder of ``--encoder`` and trains no network.
    """

    name: str
    learn: Callable[[Learner, LearningStream], None]
    rules: Mapping[str, DecisionRule]
    all_data: bool = False
    frozen_encoder: bool = False
