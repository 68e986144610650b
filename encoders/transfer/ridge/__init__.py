"""Closed-form read-outs: every transfer of up to five sources solved from shared moments.

The read-out is linear, from each place's neighborhood of all sources' representations (or from
pooled ones) to all outputs at once, by ridge regression. What the solution of a set of sources
needs are the set's blocks of the features' moments, so the examples are looked at once for all sets
(`Moments`), and all sets are solved by block elimination (`sweep`).
"""

from encoders.transfer.ridge.answers import Setting, answer, calibrate, class_weights, settings
from encoders.transfer.ridge.directions import TOLERANCE, Directions, directions
from encoders.transfer.ridge.features import Statistics, compared, local, pooled, related, runs
from encoders.transfer.ridge.moments import Centered, Moments
from encoders.transfer.ridge.readout import Readout, columns_of, fit_readout, predict
from encoders.transfer.ridge.regressands import Regressand, descriptors, regressand
from encoders.transfer.ridge.result import Ranked, SweepResult, joined, top
from encoders.transfer.ridge.sets import ORDERS, first_position, position, source_sets
from encoders.transfer.ridge.sweep import LAMBDAS, LAMBDAS_OF_IMAGES, sweep

__all__ = [
    "LAMBDAS",
    "LAMBDAS_OF_IMAGES",
    "ORDERS",
    "TOLERANCE",
    "Centered",
    "Directions",
    "Moments",
    "Ranked",
    "Readout",
    "Regressand",
    "Setting",
    "Statistics",
    "SweepResult",
    "answer",
    "calibrate",
    "class_weights",
    "columns_of",
    "compared",
    "descriptors",
    "directions",
    "first_position",
    "fit_readout",
    "joined",
    "local",
    "pooled",
    "position",
    "predict",
    "regressand",
    "related",
    "runs",
    "settings",
    "source_sets",
    "sweep",
    "top",
]
