"""The strategies by name; a new one is a file here and an entry of `STRATEGIES`."""

from __future__ import annotations

from benchmarks.lifelong.strategies.finetuning import FINETUNING
from benchmarks.lifelong.strategies.fixed import FIXED
from benchmarks.lifelong.strategies.icarl import ICARL
from benchmarks.lifelong.strategies.joint import JOINT
from benchmarks.lifelong.strategies.linear_probe import LINEAR_PROBE
from benchmarks.lifelong.strategies.lwf import LWF_MC
from benchmarks.lifelong.strategies.no_distillation import NO_DISTILLATION
from benchmarks.lifelong.strategies.random_replay import RANDOM_REPLAY
from benchmarks.lifelong.strategies.strategy import Strategy

STRATEGIES: dict[str, Strategy] = {
    each.name: each
    for each in (
        ICARL,
        NO_DISTILLATION,
        RANDOM_REPLAY,
        LWF_MC,
        FIXED,
        FINETUNING,
        JOINT,
        LINEAR_PROBE,
    )
}
"""Each is one training an order; together they give all methods of the page."""
