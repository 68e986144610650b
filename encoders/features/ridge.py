"""Ridge regression from the shared moments: no pass over the training examples for any set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from encoders.features.losses import squared_losses
from encoders.features.moments import FeatureMoments
from encoders.features.readout import Fitted, TargetExamples
from encoders.features.settings import PENALTIES
from taskgraph.arrays import AnyFloats, Array, Floats, Indices


@dataclass(frozen=True)
class FeatureRidge:
    """Ridge regression; classes and tags are regressed as numbers 0 and 1.

    For a set of sources S and a penalty l, the weights of the standardized features minimize
    mean (y − X w)² + l |w|², so that w = (R_SS + l I)⁻¹ c_S, where R holds the features'
    correlations and c their mean products with the labels. The intercept is not penalized. These
    are the weights of scikit-learn's ``Ridge(alpha=n * l)`` on standardized features.
    """

    penalties: tuple[float, ...] = PENALTIES["ridge"]

    def fit(self, examples: TargetExamples, sources: tuple[str, ...], seed: int) -> Fitted:
        """Fit as `FeatureReadout` describes; nothing is random."""
        mean = examples.labels("train").mean(axis=0)
        if not sources:
            valid, test = (
                squared_losses(np.broadcast_to(mean, y.shape), y, examples.variance)
                for y in (examples.labels("valid"), examples.labels("test"))
            )
            return Fitted(valid, test)
        columns = set_columns(examples.moments, sources)
        weights = ridge_weights(examples.moments, columns, self.penalties)  # L, p, q
        valid = self._losses(examples, sources, weights, mean, "valid")  # L, n
        best = int(valid.mean(axis=1).argmin())
        test = self._losses(examples, sources, weights[best : best + 1], mean, "test")
        return Fitted(valid[best], test[0], self.penalties[best])

    def _losses(
        self,
        examples: TargetExamples,
        sources: tuple[str, ...],
        weights: Floats,
        mean: Floats,
        part: str,
    ) -> AnyFloats:
        """Return the losses with each of L weights, (L, n)."""
        count, _, outputs = weights.shape
        flat = weights.transpose(1, 0, 2).reshape(weights.shape[1], -1)  # p, L q
        labels, moments = examples.labels(part), examples.moments
        predicted: Array = np.zeros((len(labels), flat.shape[1]), dtype=np.float32)  # n, L q
        start = 0
        for source in sources:
            run = moments.runs[source]
            x, scale = examples.shifted(source, part), moments.scale[run]
            inverse = np.divide(1.0, scale, out=np.zeros_like(scale), where=scale > 0)
            scaled = flat[start : start + len(scale)] * inverse[:, None]
            predicted += x @ scaled.astype(np.float32)
            predicted -= ((moments.mean[run] - examples.shift(source)) @ scaled).astype(np.float32)
            start += len(scale)
        predicted = predicted.reshape(len(labels), count, outputs).transpose(1, 0, 2)
        return squared_losses(predicted + mean, labels, examples.variance)


def set_columns(moments: FeatureMoments, sources: tuple[str, ...]) -> Indices:
    """Return the columns of the sources' features, source by source."""
    width = len(moments.mean)
    return np.concatenate([np.arange(width)[moments.runs[source]] for source in sources])


def ridge_weights(
    moments: FeatureMoments, columns: Indices, penalties: tuple[float, ...]
) -> Floats:
    """Return the weights of standardized features for each penalty, (L, p, q)."""
    block = moments.correlation[np.ix_(columns, columns)]
    right = moments.with_labels[columns]
    solutions = []
    for penalty in penalties:
        penalized = block + penalty * np.eye(len(columns))
        factor = cho_factor(penalized, lower=True, overwrite_a=True, check_finite=False)
        solutions.append(cho_solve(factor, right, check_finite=False))
    return np.stack(solutions)
