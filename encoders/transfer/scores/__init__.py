"""Training-free guesses of how well a source's features serve a target; larger is better.

All are functions of features and of what the target asks for. The trivial one, `average_rank`,
is the yardstick: a score that does not beat it knows nothing of the target.
"""

from encoders.transfer.scores.duality import dds, diagram
from encoders.transfer.scores.evidence import log_evidence, logme
from encoders.transfer.scores.ranks import average_rank
from encoders.transfer.scores.separation import (
    discretize,
    h_score,
    ledoit_wolf_shrinkage,
    shrunk_h_score,
)

__all__ = [
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
