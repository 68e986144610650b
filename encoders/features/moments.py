"""Second moments of all features, shared by all targets and sets of sources."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.linalg.blas import dsyrk

from encoders.errors import InvalidDataError
from encoders.features.shapes import rows_at_once
from encoders.features.store import FeatureStore
from taskgraph.arrays import Booleans, Floats, Indices, Integers
from taskgraph.tables import write_bytes

MOST_FEATURES = 20_000
"""Most features of all sources together: their matrix of moments takes 3.2 GB."""

RELATIVE_SPREAD = 2.0**-23
"""Spread, as a share of the mean, below which a feature of single precision is constant."""


@dataclass(frozen=True, eq=False)
class FeatureMoments:
    """Moments of features and labels over the training examples that have these labels.

    Attributes
    ----------
    runs : mapping of sources to slices
        By source: its rows and columns of the moments.
    count : int
        Number of examples.
    mean, scale : (p,) arrays
        Mean and standard deviation of each feature; a constant feature has the scale 0.
    correlation : (p, p) array
        Means of products of two standardized features; 0 for constant ones.
    with_labels : (p, q) array
        Means of products of a standardized feature and a label minus its mean.
    label_mean : (q,) array
    """

    runs: Mapping[str, slice]
    count: int
    mean: Floats
    scale: Floats
    correlation: Floats
    with_labels: Floats
    label_mean: Floats

    @property
    def constant(self) -> Booleans:
        """Return whether each feature is constant, (p,)."""
        return np.asarray(self.scale == 0)

    def of_outputs(self, outputs: Indices) -> FeatureMoments:
        """Return the moments with these labels only."""
        return replace(
            self,
            with_labels=self.with_labels[:, outputs],
            label_mean=self.label_mean[outputs],
        )

    def save(self, path: Path) -> None:
        """Write the moments to a ``.npz`` file, completely or not at all."""
        content = io.BytesIO()
        arrays = {key: value for key, value in vars(self).items() if key not in ("runs", "count")}
        widths = [run.stop - run.start for run in self.runs.values()]
        np.savez(content, sources=list(self.runs), widths=widths, count=self.count, **arrays)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(content.getvalue(), path)

    @classmethod
    def load(cls, path: Path) -> FeatureMoments:
        """Read moments that `save` wrote."""
        with np.load(path) as file:
            arrays = dict(file)
        runs = column_runs(
            dict(zip(arrays.pop("sources").tolist(), arrays.pop("widths").tolist(), strict=True))
        )
        return cls(runs, int(arrays.pop("count")), **arrays)


def column_runs(widths: Mapping[str, int]) -> dict[str, slice]:
    """Return the columns of each source when all are joined in this order."""
    ends = np.cumsum(list(widths.values())).tolist()
    return {
        source: slice(end - width, end)
        for (source, width), end in zip(widths.items(), ends, strict=True)
    }


def feature_moments(
    store: FeatureStore, sources: Sequence[str], rows: Integers, labels: Floats
) -> FeatureMoments:
    """Compute the moments of some examples, reading a few thousand of them at a time.

    The sums are over features minus those of the first example, in double precision, so that
    features far from 0 lose no digits.

    Parameters
    ----------
    rows : (n,) ints
        Rows of the store.
    labels : (n, q) array
        The labels of these examples, without NaN.
    """
    arrays = {source: store.open(source) for source in sources}
    runs = column_runs({source: array.shape[1] for source, array in arrays.items()})
    width = max((run.stop for run in runs.values()), default=0)
    shift = np.zeros(width)
    for source, run in runs.items():
        shift[run] = arrays[source][rows[0]]
    label_mean = labels.mean(axis=0)
    products, sums = np.zeros((width, width), order="F"), np.zeros(width)
    with_labels = np.zeros((width, labels.shape[1]))
    step = rows_at_once(width)
    block = np.empty((min(step, len(rows)), width))
    for start in range(0, len(rows), step):
        chosen = rows[start : start + step]
        x = block[: len(chosen)]
        for source, run in runs.items():
            x[:, run] = arrays[source][chosen]
        x -= shift
        # The transpose of a row-major block is column-major, as BLAS wants it: nothing is copied.
        products = dsyrk(1.0, x.T, beta=1.0, c=products, overwrite_c=True)
        sums += x.sum(axis=0)
        with_labels += x.T @ (labels[start : start + step] - label_mean)
    mean = sums / len(rows)
    covariance = products / len(rows)
    covariance = np.triu(covariance) + np.triu(covariance, 1).T
    covariance -= np.outer(mean, mean)
    return _standardized(runs, len(rows), shift + mean, covariance, with_labels, label_mean)


def _standardized(
    runs: Mapping[str, slice],
    count: int,
    mean: Floats,
    covariance: Floats,
    with_labels: Floats,
    label_mean: Floats,
) -> FeatureMoments:
    """Return the moments of standardized features."""
    scale = np.sqrt(np.maximum(np.diagonal(covariance), 0.0))
    scale[scale <= RELATIVE_SPREAD * np.abs(mean)] = 0.0
    inverse = np.divide(1.0, scale, out=np.zeros_like(scale), where=scale > 0)
    covariance *= inverse[:, None]
    covariance *= inverse
    return FeatureMoments(
        runs, count, mean, scale, covariance, with_labels / count * inverse[:, None], label_mean
    )


def check_width(widths: Mapping[str, int]) -> None:
    """Raise if the matrix of moments would be too large.

    Raises
    ------
    InvalidDataError
        If the sources have more than `MOST_FEATURES` features together.
    """
    width = sum(widths.values())
    if width > MOST_FEATURES:
        largest = max(widths, key=lambda source: widths[source])
        raise InvalidDataError(
            f"the sources have {width:,} features together, expected at most {MOST_FEATURES:,}; "
            f'reduce "{largest}" ({widths[largest]:,}), for example with scikit-learn\'s '
            "TruncatedSVD, or leave it out with --sources"
        )
