"""Inputs and results of a read-out for one target and set of sources."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from encoders.features.cache import FeatureCache
from encoders.features.label_columns import TargetColumn
from encoders.features.losses import log_losses, squared_losses, tag_losses
from encoders.features.moments import FeatureMoments
from encoders.features.parts import ExampleParts
from encoders.features.store import FeatureStore
from taskgraph.arrays import AnyFloats, Floats, Floats32, Integers

PARTS = ("train", "valid", "test")

CACHE = FeatureCache()
"""Features that several targets and sets of sources read, in this process."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """The losses of one fitted read-out.

    Attributes
    ----------
    valid, test : (n,) arrays
        The loss of each validation and test example that has a label.
    penalty : float or None
        The penalty that was chosen by the mean validation loss.
    details : mapping
        Further entries of the record.
    """

    valid: AnyFloats
    test: AnyFloats
    penalty: float | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class TargetExamples:
    """The examples of one target and one repeat, with standardized features of any source.

    Attributes
    ----------
    target : LabelColumn
        Only classes with training examples are left; tags all are.
    rows : mapping of "train", "valid", "test" to ints
        Rows of the labeled examples of each part.
    """

    target: TargetColumn
    rows: Mapping[str, Integers]
    store: FeatureStore
    moments: FeatureMoments

    def labels(self, part: str) -> Floats:
        """Return the labels of a part, (n, q)."""
        return self.target.values[self.rows[part]]

    def shifted(self, source: str, part: str) -> Floats32:
        """Return a part's features minus `shift`, (n, d); parts are kept in memory for a while."""
        return CACHE.get(
            (self.store.path(source), self._keys[part]),
            lambda: self.store.rows(source, self.rows[part]) - self.shift(source),
        )

    def shift(self, source: str) -> Floats32:
        """Return the mean of a source's features, rounded to single precision, (d,).

        Features of single precision near their mean minus this number are exact.
        """
        return self.moments.mean[self.moments.runs[source]].astype(np.float32)

    @functools.cached_property
    def _keys(self) -> dict[str, bytes]:
        """Return what tells the rows and the training examples of each part from others."""
        mean = self.moments.mean.tobytes()
        return {
            part: hashlib.sha256(rows.tobytes() + mean).digest() for part, rows in self.rows.items()
        }

    def joined(self, sources: tuple[str, ...], part: str) -> Floats:
        """Return the standardized features of several sources, side by side, in double precision.

        They are standardized in double precision too, for read-outs that are fit by iteration.
        """
        rows = self.rows[part]
        parts = []
        for source in sources:
            run = self.moments.runs[source]
            mean, scale = self.moments.mean[run], self.moments.scale[run]
            varying = scale > 0
            x = self.store.rows(source, rows)[:, varying].astype(np.float64)
            parts.append((x - mean[varying]) / scale[varying])
        return np.concatenate(parts, axis=1)

    @functools.cached_property
    def variance(self) -> float:
        """Return the variance of the training examples' labels, summed over outputs."""
        return float(self.labels("train").var(axis=0).sum())

    def fit_losses(self, predicted: AnyFloats, part: str) -> AnyFloats:
        """Return the losses of probabilities, or for regression of predictions, (n,)."""
        labels = self.labels(part)
        if self.target.kind == "classes":
            return log_losses(predicted, labels)
        if self.target.kind == "multilabel":
            return tag_losses(predicted, labels)
        return squared_losses(predicted, labels, self.variance)


class FeatureReadout(Protocol):
    """Fits read-outs of one target from sets of sources."""

    def fit(self, examples: TargetExamples, sources: tuple[str, ...], seed: int) -> Fitted:
        """Fit on the training examples, choose the penalty on the validation ones, and test.

        Parameters
        ----------
        sources : tuple of str
            Empty for the best constant answer.
        """


def target_examples(
    target: TargetColumn, parts: ExampleParts, store: FeatureStore, moments: FeatureMoments
) -> TargetExamples:
    """Return the examples of a target; those of classes without training examples are left out."""
    labeled = target.labeled
    rows = {part: getattr(parts, part) for part in PARTS}
    rows = {part: each[labeled[each]] for part, each in rows.items()}
    if target.kind == "classes":
        trained = target.values[rows["train"]].any(axis=0)
        rows = {part: r[target.values[r][:, trained].any(axis=1)] for part, r in rows.items()}
        names = tuple(np.array(target.classes)[trained].tolist())
        target = TargetColumn(target.name, target.kind, names, target.values[:, trained])
    return TargetExamples(target, rows, store, moments)
