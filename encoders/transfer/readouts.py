"""The kinds of read-outs that a sweep measures transfers with, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from encoders.transfer.candidates import CandidateRule


class SweepStages(Protocol):
    """The stages of a running sweep; after a stage was stopped, later ones do nothing."""

    def train_references(self, *, single_sources: bool) -> None:
        """Measure the references, and with ``single_sources`` also the transfers of order 1."""

    def train_sets(self, rule: CandidateRule) -> None:
        """Train read-outs on the sets of sources that the rule and the ridge screen propose."""

    def solve_by_ridge(self, rule: CandidateRule) -> None:
        """Measure ridge read-outs from all single sources and the sets that the rule proposes."""


class ReadoutKind(Protocol):
    """A kind of read-out, which decides by what stages a sweep measures its transfers."""

    def measure(self, stages: SweepStages, rule: CandidateRule) -> None:
        """Measure the references, all single sources, and the sets that the rule proposes."""


@dataclass(frozen=True)
class TrainedReadouts:
    """Small networks that are trained by gradient descent."""

    def measure(self, stages: SweepStages, rule: CandidateRule) -> None:
        """Measure as `ReadoutKind` describes."""
        stages.train_references(single_sources=True)
        stages.train_sets(rule)


@dataclass(frozen=True)
class RidgeReadouts:
    """Linear maps that are computed in closed form."""

    def measure(self, stages: SweepStages, rule: CandidateRule) -> None:
        """Measure as `ReadoutKind` describes; only the references are trained."""
        stages.train_references(single_sources=False)
        stages.solve_by_ridge(rule)


READOUTS: Mapping[str, ReadoutKind] = {"trained": TrainedReadouts(), "ridge": RidgeReadouts()}
"""The kinds of read-outs by their names in configurations and on the command line."""
