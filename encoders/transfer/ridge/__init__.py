"""Read-outs in closed form: ridge regression for every set of up to five sources.

A read-out is a linear map to all outputs at once, from the neighborhood of each place in the
sources' representations, or from pooled representations. The solution for a set of sources needs
only the set's blocks of the features' moments. So the examples are read once for all sets
(`Moments`), and all sets are solved by block elimination (`solve_all`).
"""

from encoders.transfer.ridge.answers import (
    Calibration,
    answer,
    calibrate,
    calibrations,
)
from encoders.transfer.ridge.directions import TOLERANCE, Directions, directions
from encoders.transfer.ridge.features import (
    Statistics,
    compared_features,
    local_features,
    pooled_features,
    related_features,
    runs,
)
from encoders.transfer.ridge.moments import Centered, Moments
from encoders.transfer.ridge.readout import Readout, apply_readout, columns_of, fit_readout
from encoders.transfer.ridge.regressands import Regressand, descriptors, regressand
from encoders.transfer.ridge.result import Ranked, RidgeResult, joined, top
from encoders.transfer.ridge.sets import ORDERS, first_position, position, source_sets
from encoders.transfer.ridge.solve import LAMBDAS, LAMBDAS_OF_IMAGES, solve_all

__all__ = [
    "LAMBDAS",
    "LAMBDAS_OF_IMAGES",
    "ORDERS",
    "TOLERANCE",
    "Calibration",
    "Centered",
    "Directions",
    "Moments",
    "Ranked",
    "Readout",
    "Regressand",
    "RidgeResult",
    "Statistics",
    "answer",
    "apply_readout",
    "calibrate",
    "calibrations",
    "columns_of",
    "compared_features",
    "descriptors",
    "directions",
    "first_position",
    "fit_readout",
    "joined",
    "local_features",
    "pooled_features",
    "position",
    "regressand",
    "related_features",
    "runs",
    "solve_all",
    "source_sets",
    "top",
]
