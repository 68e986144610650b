"""The geodesic flow kernel as estimators of scikit-learn that skada's pipelines take, too.

Both take ``X, y, sample_domain`` as skada does: rows with a positive ``sample_domain`` are of the
source, rows with a negative one of the target. Labels of the target are never looked at.

>>> import numpy as np
>>> rng = np.random.default_rng(0)
>>> X, y = rng.normal(size=(60, 8)), np.repeat([0, 1, 0, 1], 15)
>>> X[y == 1, 0] += 6
>>> domain = np.repeat([1, -2], 30)
>>> fitted = GeodesicFlowClassifier(n_components=2).fit(X, y, sample_domain=domain)
>>> float(fitted.score(X[domain < 0], y[domain < 0]))
1.0
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from benchmarks.adaptation.gfk import geodesic_flow
from benchmarks.adaptation.subspaces import THRESHOLD, choose_dimension, pca_basis, pls_basis
from taskgraph.arrays import Array, Booleans, Floats
from taskgraph.errors import InvalidTableError

SUBSPACES = ("pca", "pls")


class GeodesicFlowKernel(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Transform features so that their inner products are the geodesic flow kernel.

    Parameters
    ----------
    n_components : int, optional
        Dimension of the subspaces, at most half of the number of features. By default the first
        one whose subspace disagreement exceeds ``threshold`` (`choose_dimension`), which looks at
        no labels.
    threshold : float
        Subspace disagreement from which a dimension is chosen, in (0, 1).
    source_subspace : {"pca", "pls"}
        Subspace of the source: the principal axes, or the directions of partial least squares
        from the features to the classes, which need ``y``. The target's subspace is that of PCA.

    Attributes
    ----------
    flow_ : GeodesicFlow
        Its ``kernel(X, Y)`` has D-dimensional rows as arguments.
    n_components_ : int

    Notes
    -----
    Without ``sample_domain``, all rows are both source and target. With PCA the flow then stands
    still, and the features are the coordinates in the principal subspace. Features are expected
    to be centered, or standardized, domain by domain; the kernel does not center them.
    """

    def __init__(
        self,
        n_components: int | None = None,
        *,
        threshold: float = THRESHOLD,
        source_subspace: str = "pca",
    ) -> None:
        self.n_components = n_components
        self.threshold = threshold
        self.source_subspace = source_subspace

    def fit(self, X: Any, y: Any = None, *, sample_domain: Any = None) -> Self:
        """Find both subspaces and the flow between them.

        Parameters
        ----------
        X : (N, D) array
        y : (N,) array, optional
            Needed for PLS; labels of the target are ignored.
        sample_domain : (N,) array of whole numbers, optional
            Positive for the source, negative for the target.

        Raises
        ------
        InvalidTableError
            If a domain has no row, or ``n_components`` is larger than the features or samples
            allow.
        """
        X = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        in_source, in_target = split_domains(sample_domain, len(X))
        source, target = X[in_source], X[in_target]
        self.n_components_ = self._dimension(source, target)
        own = self._source_basis(source, None if y is None else np.asarray(y)[in_source])
        self.flow_ = geodesic_flow(own, pca_basis(target, self.n_components_))
        return self

    def fit_transform(self, X: Any, y: Any = None, *, sample_domain: Any = None) -> Floats:
        """Fit, and return the features of all rows of both domains."""
        return self.fit(X, y, sample_domain=sample_domain).transform(X)

    def transform(self, X: Any) -> Floats:
        """Return (N, 2 d) features G^½ x; see `GeodesicFlow.transform`."""
        check_is_fitted(self)
        return self.flow_.transform(validate_data(self, X, dtype=np.float64, reset=False))

    def kernel(self, X: Any, Y: Any = None) -> Floats:
        """Return the kernel xᵀ G y of all pairs of rows, as scikit-learn's precomputed kernels."""
        first = self.transform(X)
        second = first if Y is None else self.transform(Y)
        product: Floats = first @ second.T
        return product

    def _dimension(self, source: Floats, target: Floats) -> int:
        """Return the dimension that was given, or the chosen one."""
        if self.n_components is None:
            return choose_dimension(source, target, threshold=self.threshold)
        most = source.shape[1] // 2
        if not 1 <= self.n_components <= most:
            raise InvalidTableError(
                f"n_components is {self.n_components}, expected 1 to {most}: at most half of the "
                f"{source.shape[1]} feature(s)"
            )
        return self.n_components

    def _source_basis(self, source: Floats, labels: Array | None) -> Floats:
        """Return the basis of the source's subspace."""
        if self.source_subspace not in SUBSPACES:
            raise InvalidTableError(
                f'source_subspace is "{self.source_subspace}", expected {" or ".join(SUBSPACES)}'
            )
        if self.source_subspace == "pca":
            return pca_basis(source, self.n_components_)
        if labels is None:
            raise InvalidTableError('source_subspace="pls" needs the labels y of the source')
        return pls_basis(source, labels, self.n_components_)


class GeodesicFlowClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Classify by the nearest neighbors in the source, in the distance (x − y)ᵀ G (x − y).

    Parameters
    ----------
    n_components, threshold, source_subspace
        See `GeodesicFlowKernel`.
    n_neighbors : int
        Number of neighbors; the paper's is 1.

    Attributes
    ----------
    kernel_ : GeodesicFlowKernel
    neighbors_ : KNeighborsClassifier
    classes_ : (C,) array
    """

    def __init__(
        self,
        n_components: int | None = None,
        *,
        threshold: float = THRESHOLD,
        source_subspace: str = "pca",
        n_neighbors: int = 1,
    ) -> None:
        self.n_components = n_components
        self.threshold = threshold
        self.source_subspace = source_subspace
        self.n_neighbors = n_neighbors

    def fit(self, X: Any, y: Any, *, sample_domain: Any = None) -> Self:
        """Find the flow of both domains, and store the source's features and labels.

        Parameters
        ----------
        X, y, sample_domain
            See `GeodesicFlowKernel.fit`.
        """
        X, y = validate_data(self, X, y, dtype=np.float64, ensure_min_samples=2)
        in_source, _ = split_domains(sample_domain, len(X))
        check_classification_targets(y[in_source])
        self.kernel_ = GeodesicFlowKernel(
            self.n_components, threshold=self.threshold, source_subspace=self.source_subspace
        ).fit(X, y, sample_domain=sample_domain)
        features = self.kernel_.transform(X[in_source])
        nearest = KNeighborsClassifier(self.n_neighbors, algorithm="brute")
        self.neighbors_ = nearest.fit(features, y[in_source])
        self.classes_ = self.neighbors_.classes_
        return self

    def predict(self, X: Any) -> Array:
        """Return the class of each row, an (N,) array."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        labels: Array = self.neighbors_.predict(self.kernel_.transform(X))
        return labels


def split_domains(sample_domain: Any, count: int) -> tuple[Booleans, Booleans]:
    """Return which rows are of the source, and which of the target; all are both for None.

    Raises
    ------
    InvalidTableError
        If there is not one number a row, a number is 0, or a domain has no row.
    """
    if sample_domain is None:
        return np.ones(count, dtype=bool), np.ones(count, dtype=bool)
    domain = np.asarray(sample_domain)
    if domain.shape != (count,):
        raise InvalidTableError(
            f"sample_domain has the shape {domain.shape}, expected ({count},): one number a row"
        )
    if (domain == 0).any():
        row = int(np.flatnonzero(domain == 0)[0])
        raise InvalidTableError(
            f"sample_domain of row {row} is 0, expected a positive number for the source or a "
            "negative one for the target"
        )
    for name, rows in (("source", domain > 0), ("target", domain < 0)):
        if not rows.any():
            raise InvalidTableError(
                f"sample_domain names no row of the {name}, expected "
                f"{'positive' if name == 'source' else 'negative'} numbers for it"
            )
    return domain > 0, domain < 0
