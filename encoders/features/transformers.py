"""Features from scikit-learn transformers and functions, for `measure_features`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from encoders.errors import InvalidDataError
from taskgraph.arrays import Array, Booleans


def source_features(
    sources: Mapping[str, Any], inputs: Sequence[Any] | Array, *, fit_on: Booleans | None = None
) -> dict[str, Array]:
    """Compute the features of n inputs from each source.

    Parameters
    ----------
    sources : mapping of names to sources
        A source is a scikit-learn transformer, a function, or an (n, d) or (n,) array. A
        transformer, such as a `Pipeline` of `TfidfVectorizer` and `TruncatedSVD`, is fitted
        without labels (`fit(inputs)`), unless it is fitted already; then `transform(inputs)`
        gives the features. A function gets all inputs and returns an (n, d) or (n,) array.
    inputs : sequence of n inputs
        What the sources take: texts, rows of a table, states of a robot.
    fit_on : (n,) bools, optional
        The inputs that transformers are fitted on; by default all. Give the training examples, so
        that no test example has a part in its own features.

    Returns
    -------
    dict of (n, d) float32 arrays

    Raises
    ------
    InvalidDataError
        If a source is none of these, or does not return n rows of numbers.
    """
    features = {}
    for name, source in sources.items():
        found = _features(name, source, inputs, fit_on)
        if hasattr(found, "toarray"):  # a sparse matrix
            found = found.toarray()
        try:
            array = np.asarray(found, dtype=np.float32)
        except (TypeError, ValueError):
            raise InvalidDataError(
                f'source "{name}" returned {type(found).__name__}, expected numbers, (n, d) or (n,)'
            ) from None
        if array.ndim not in (1, 2) or len(array) != len(inputs):
            raise InvalidDataError(
                f'source "{name}" returned the shape {array.shape} for {len(inputs)} inputs, '
                "expected one row an input"
            )
        features[name] = array.reshape(len(inputs), -1)
    return features


def _features(
    name: str, source: Any, inputs: Sequence[Any] | Array, fit_on: Booleans | None
) -> Any:
    """Return what a source gives for all inputs."""
    if hasattr(source, "transform"):
        if not _is_fitted(source):
            source.fit(inputs if fit_on is None else _some(inputs, fit_on))
        return source.transform(inputs)
    if callable(source):
        return source(inputs)
    if isinstance(source, (np.ndarray, list)):
        return source
    raise InvalidDataError(
        f'source "{name}" is a {type(source).__name__}, expected a scikit-learn transformer, a '
        "function of all inputs, or an array"
    )


def _some(inputs: Sequence[Any] | Array, chosen: Booleans) -> Any:
    """Return the inputs of these row numbers; a table stays a table."""
    if hasattr(inputs, "iloc"):
        return inputs.iloc[np.flatnonzero(chosen)]
    if isinstance(inputs, np.ndarray):
        return inputs[chosen]
    return [item for item, kept in zip(inputs, chosen, strict=True) if kept]


def _is_fitted(transformer: Any) -> bool:
    """Return whether a transformer has been fitted."""
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    try:
        check_is_fitted(transformer)
    except (NotFittedError, TypeError):
        return False
    return True
