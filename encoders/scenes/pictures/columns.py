"""Arrays of N vectors of shape (N, 3) that are stored column by column in memory.

Their transpose is contiguous, so that numpy loops over N and not over rows of three: products of
vectors take an eighth of the time. Functions accept arrays of any layout; results have this
layout if the arguments have it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from taskgraph.arrays import AnyFloats, Array, Indices


def zeros(count: int) -> AnyFloats:
    """Return (N, 3) zeros in single precision."""
    return np.zeros((3, count), dtype=np.float32).T


def to_single(vectors: AnyFloats) -> AnyFloats:
    """Return (N, 3) vectors in single precision."""
    return np.ascontiguousarray(vectors.T, dtype=np.float32).T


def take_rows(values: Array, rows: NDArray[np.integer]) -> Array:
    """Return ``values[rows]`` of (N,) numbers or (N, C) vectors."""
    return values.take(rows) if values.ndim == 1 else values.T.take(rows, axis=1).T


def put_rows(values: AnyFloats, rows: Indices, count: int) -> AnyFloats:
    """Return (count, 3) zeros with ``values`` (M, 3) in the given rows; ``values`` if M = count."""
    if len(rows) == count:
        return values
    result = zeros(count)
    for column in range(3):
        result[:, column][rows] = values[:, column]
    return result


def scale_rows(vectors: AnyFloats, factor: AnyFloats) -> AnyFloats:
    """Multiply (N, 3) vectors, or one (3,) vector, by (N,) factors."""
    product: AnyFloats = ((vectors.T if vectors.ndim == 2 else vectors[:, None]) * factor).T
    return product


def add(total: AnyFloats, vectors: AnyFloats, factor: AnyFloats) -> None:
    """Add vectors scaled by `scale_rows` to ``total`` in place."""
    np.add(total, scale_rows(vectors, factor), out=total)


def dot(first: AnyFloats, second: AnyFloats) -> AnyFloats:
    """Return (N,) inner products of (N, 3) vectors with others, or with one (3,) vector."""
    product: AnyFloats = np.einsum("ni,ni->n" if second.ndim == 2 else "ni,i->n", first, second)
    return product


def length(vectors: AnyFloats) -> AnyFloats:
    """Return (N,) Euclidean lengths of (N, 3) vectors."""
    root: AnyFloats = np.sqrt(dot(vectors, vectors))
    return root
