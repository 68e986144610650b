"""The two tables of Torralba and Efros for the class "car", as a lecture shows them.

Rows are trained on, columns are tested on; entries are average precisions in percent, rounded. The
printed margins come from entries that were not rounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from taskgraph.arrays import Floats

SETS = ("SUN09", "LabelMe", "PASCAL", "ImageNet", "Caltech101", "MSRC")


@dataclass(frozen=True, eq=False)
class PublishedTable:
    """A published matrix with the margins that were printed; see `benchmarks.bias.margins.Margins`.

    Attributes
    ----------
    matrix : (6, 6) array
    own, others, drop, column_others : (6,) arrays
    mean_own, mean_others, drop_of_means : float
    """

    matrix: Floats
    own: Floats
    others: Floats
    drop: Floats
    column_others: Floats
    mean_own: float
    mean_others: float
    drop_of_means: float


PUBLISHED = MappingProxyType(
    {
        "classification": PublishedTable(
            np.array(
                [
                    [28.2, 29.5, 16.3, 14.6, 16.9, 21.9],
                    [14.7, 34.0, 16.7, 22.9, 43.6, 24.5],
                    [10.1, 25.5, 35.2, 43.9, 44.2, 39.4],
                    [11.4, 29.6, 36.0, 57.4, 52.3, 42.7],
                    [7.5, 31.1, 19.5, 33.1, 96.9, 42.1],
                    [9.3, 27.0, 24.9, 32.6, 40.3, 68.4],
                ]
            ),
            np.array([28.2, 34.0, 35.2, 57.4, 96.9, 68.4]),
            np.array([19.8, 24.5, 32.6, 34.4, 26.7, 26.8]),
            np.array([30.0, 28.0, 7.0, 40.0, 73.0, 61.0]),
            np.array([10.6, 28.5, 22.7, 29.4, 39.4, 34.1]),
            53.4,
            27.5,
            48.0,
        ),
        "detection": PublishedTable(
            np.array(
                [
                    [69.8, 50.7, 42.2, 42.6, 54.7, 69.4],
                    [61.8, 67.6, 40.8, 38.5, 53.4, 67.0],
                    [55.8, 55.2, 62.1, 56.8, 54.2, 74.8],
                    [43.9, 31.8, 46.9, 60.7, 59.3, 67.8],
                    [20.2, 18.8, 11.0, 31.4, 100.0, 29.3],
                    [28.6, 17.1, 32.3, 21.5, 67.7, 74.3],
                ]
            ),
            np.array([69.8, 67.6, 62.1, 60.7, 100.0, 74.3]),
            np.array([51.9, 52.3, 59.4, 49.9, 22.2, 33.4]),
            np.array([26.0, 23.0, 4.0, 18.0, 78.0, 55.0]),
            np.array([42.0, 34.7, 34.6, 38.2, 57.9, 61.7]),
            72.4,
            44.8,
            48.0,
        ),
    }
)
