"""Arrays of N vectors, shaped (N, 3) but held column by column in memory.

The transpose is contiguous, so that numpy works along N and not along rows of three: products of
vectors take an eighth of the time. Functions take arrays of any layout, and what they give is in
this one if what they got was.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from taskgraph.arrays import AnyFloats, Array, Indices


def zeros(count: int) -> AnyFloats:
    """(N, 3) zeros in single precision."""
    return np.zeros((3, count), dtype=np.float32).T


def single(vectors: AnyFloats) -> AnyFloats:
    """(N, 3) vectors in single precision."""
    return np.ascontiguousarray(vectors.T, dtype=np.float32).T


def picked(values: Array, rows: NDArray[np.integer]) -> Array:
    """``values[rows]`` of (N,) numbers or (N, C) vectors."""
    return values.take(rows) if values.ndim == 1 else values.T.take(rows, axis=1).T


def placed(values: AnyFloats, rows: Indices, count: int) -> AnyFloats:
    """(count, 3) zeros but for ``values`` (M, 3) in the given rows; themselves if M is all."""
    if len(rows) == count:
        return values
    result = zeros(count)
    for column in range(3):
        result[:, column][rows] = values[:, column]
    return result


def scaled(vectors: AnyFloats, factor: AnyFloats) -> AnyFloats:
    """(N, 3) vectors, or one (3,) for all, each times its own one of (N,) factors."""
    product: AnyFloats = ((vectors.T if vectors.ndim == 2 else vectors[:, None]) * factor).T
    return product


def add(total: AnyFloats, vectors: AnyFloats, factor: AnyFloats) -> None:
    """Add `scaled` vectors to ``total`` in its place."""
    np.add(total, scaled(vectors, factor), out=total)


def dot(first: AnyFloats, second: AnyFloats) -> AnyFloats:
    """(N,) inner products of (N, 3) vectors with others, or with one (3,) vector."""
    product: AnyFloats = np.einsum("ni,ni->n" if second.ndim == 2 else "ni,i->n", first, second)
    return product


def length(vectors: AnyFloats) -> AnyFloats:
    """(N,) Euclidean lengths of (N, 3) vectors."""
    root: AnyFloats = np.sqrt(dot(vectors, vectors))
    return root
