"""Office+Caltech-10: SURF features of four domains, in the user's folder ``office_caltech``."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from scipy.io import loadmat

from benchmarks.data.data import TRAIN
from benchmarks.data.source import RawData, Source
from taskgraph.arrays import Array
from taskgraph.errors import InvalidTableError

FOLDER = "office_caltech"
FILES = {"amazon": "amazon.mat", "caltech": "caltech10.mat", "webcam": "webcam.mat"}
FILES |= {"dslr": "dslr.mat"}
COUNTS = {"amazon": 958, "caltech": 1123, "webcam": 295, "dslr": 157}
CLASSES = (
    "backpack",
    "touring bike",
    "calculator",
    "headphones",
    "keyboard",
    "laptop",
    "monitor",
    "mouse",
    "mug",
    "projector",
)


def read_surf(place: Path) -> RawData:
    """Return one domain: (N, 800) counts of visual words, and the classes of its images.

    Raises
    ------
    InvalidTableError
        If the file has no ``fts`` and ``labels`` of as many rows, or is damaged.
    """
    try:
        content: dict[str, Array] = loadmat(place, variable_names=("fts", "labels"))
    except (ValueError, TypeError, NotImplementedError) as error:
        raise InvalidTableError(f"{place} is no MATLAB file that can be read: {error}") from None
    if not {"fts", "labels"} <= content.keys():
        raise InvalidTableError(f"{place} has no fts or no labels, as the authors' files have")
    features = content["fts"].astype(np.float64)
    labels = content["labels"].ravel().astype(np.int64) - 1
    if len(features) != len(labels):
        raise InvalidTableError(f"{place} has {len(features)} rows and {len(labels)} labels")
    return RawData(features, labels, CLASSES, {TRAIN: np.arange(len(labels))})


def _find(name: str, root: Path | None) -> Path | None:
    path = root / FOLDER / FILES[name] if root else None
    return path if path is not None and path.is_file() else None


def _source(name: str) -> Source:
    return Source(
        f"office-{name}",
        f"SURF features of {COUNTS[name]:,} images, 10 classes (Office+Caltech-10)",
        "not stated by its authors",
        f"put {FILES[name]} of the authors' Office+Caltech-10 SURF features (GFK demo) into "
        f"{FOLDER} in the folder of --data-root",
        partial(_find, name),
        read_surf,
    )


SOURCES = tuple(map(_source, FILES))
