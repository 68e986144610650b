"""Scores that predict, without training, how well a source transfers to a target.

Larger is better. The scores are functions of the source's features and of the target's labels or
features. `average_rank` is the baseline, as it does not depend on the target: a score is useful
only if it predicts better.
"""

from encoders.transfer.scores.duality import dds, diagram
from encoders.transfer.scores.evidence import log_evidence, logme
from encoders.transfer.scores.ranks import Better, average_rank
from encoders.transfer.scores.separation import (
    discretize,
    h_score,
    ledoit_wolf_shrinkage,
    shrunk_h_score,
)

__all__ = [
    "Better",
    "average_rank",
    "dds",
    "diagram",
    "discretize",
    "h_score",
    "ledoit_wolf_shrinkage",
    "log_evidence",
    "logme",
    "shrunk_h_score",
]
