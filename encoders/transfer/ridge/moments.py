"""Sums over examples of features, outputs and their products: all that least squares needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import blas

from encoders.errors import InvalidDataError
from taskgraph.arrays import AnyFloats, Floats

ROWS = 16_384
"""Rows whose single-precision products are summed before they are added up in double precision."""


@dataclass(frozen=True, eq=False)
class Centered:
    """Second moments about fixed points, divided by the number of examples.

    Attributes
    ----------
    count : float
        Examples, or the sum of their weights.
    xx : (p, p) array
    xy : (p, q) array
    yy : (q,) array
        Of each output with itself: no more is needed for errors.
    """

    count: float
    xx: Floats
    xy: Floats
    yy: Floats


class Moments:
    """Sums of x, y, x x', x y' and y y' over examples, gathered batch by batch.

    Parameters
    ----------
    width, columns : int
        Features p and outputs q of an example.

    Attributes
    ----------
    count : float
        Examples, or the sum of their weights.
    xy : (p, q) array
    yy : (q, q) array
    """

    def __init__(self, width: int, columns: int) -> None:
        self.count = 0.0
        self._x, self._y = np.zeros(width), np.zeros(columns)
        self._upper = np.zeros((width, width), order="F")  # BLAS fills one triangle of x x'
        self.xy, self.yy = np.zeros((width, columns)), np.zeros((columns, columns))

    def add(self, x: ArrayLike, y: ArrayLike, weight: ArrayLike | None = None) -> None:
        """Add examples.

        Products are taken in the precision of ``x`` and summed in double precision.

        Parameters
        ----------
        x : (n, p) array
        y : (n, q) array
        weight : (n,) array, optional
            How much each example counts, not negative; rows of weight 0 are never looked at.

        Raises
        ------
        InvalidDataError
            If shapes do not fit, a weight is negative, or a number is not finite.
        """
        x, y = _floating(x), np.asarray(y)
        self._check(x, y)
        if weight is not None:
            weight = np.asarray(weight, dtype=np.float64)
            if weight.shape != (len(x),) or weight.min(initial=0.0) < 0:
                raise InvalidDataError(
                    f"weights of shape {weight.shape}, the smallest {weight.min(initial=0.0):g}; "
                    f"expected ({len(x)},) and none below 0"
                )
            kept = weight > 0
            x, y, weight = x[kept], y[kept], weight[kept]
        for begin in range(0, len(x), ROWS):
            part = slice(begin, begin + ROWS)
            self._add(x[part], y[part], None if weight is None else weight[part])

    def _add(self, x: AnyFloats, y: AnyFloats, weight: Floats | None) -> None:
        root = None if weight is None else np.sqrt(weight)[:, None].astype(x.dtype)
        x = np.ascontiguousarray(x if root is None else x * root)
        y = np.asarray(y if root is None else y * root, dtype=x.dtype)
        ones = np.ones(len(x), dtype=x.dtype) if root is None else root[:, 0]
        sums = np.asarray(ones @ x, dtype=np.float64), np.asarray(ones @ y, dtype=np.float64)
        for each, what in zip(sums, ("feature", "output"), strict=True):
            if not np.isfinite(each).all():
                column = int(np.flatnonzero(~np.isfinite(each))[0])
                raise InvalidDataError(
                    f"{what} {column} (counted from 0) is not a finite number in some example; "
                    "leave such examples out, or give them weight 0"
                )
        self.count += len(x) if weight is None else float(weight.sum())
        self._x += sums[0]
        self._y += sums[1]
        rank_k = blas.ssyrk if x.dtype == np.float32 else blas.dsyrk
        self._upper += rank_k(1.0, x.T)  # x.T is (p, n) and lies in memory as BLAS wants it
        self.xy += x.T @ y
        self.yy += y.T @ y

    @property
    def xx(self) -> Floats:
        """(p, p) sums of x x'."""
        return np.triu(self._upper) + np.triu(self._upper, 1).T

    @property
    def mean_x(self) -> Floats:
        """(p,) means of the features."""
        return self._x / self._some()

    @property
    def mean_y(self) -> Floats:
        """(q,) means of the outputs."""
        return self._y / self._some()

    def about(self, x: Floats, y: Floats) -> Centered:
        """Moments about given points, such as the means of the examples trained on.

        Of x about c: E[(x - c)(x - c)'] = E[x x'] - m c' - c m' + c c', m the mean of x.
        """
        count, mx, my = self._some(), self.mean_x, self.mean_y
        crossed = np.outer(mx, x)
        xx = self.xx / count - crossed - crossed.T + np.outer(x, x)
        xy = self.xy / count - np.outer(mx, y) - np.outer(x, my) + np.outer(x, y)
        yy = np.diagonal(self.yy) / count - 2 * my * y + y * y
        return Centered(count, xx, xy, np.maximum(yy, 0.0))

    def part(self, features: ArrayLike | None = None, outputs: ArrayLike | None = None) -> Moments:
        """The moments of some features and some outputs (numbers of columns) alone."""
        rows = np.arange(len(self._x)) if features is None else np.asarray(features)
        columns = np.arange(len(self._y)) if outputs is None else np.asarray(outputs)
        found = Moments(len(rows), len(columns))
        found.count, found._x, found._y = self.count, self._x[rows], self._y[columns]
        low, high = np.minimum.outer(rows, rows), np.maximum.outer(rows, rows)
        found._upper = np.asfortranarray(np.triu(self._upper[low, high]))
        found.xy = self.xy[np.ix_(rows, columns)]
        found.yy = self.yy[np.ix_(columns, columns)]
        return found

    def _some(self) -> float:
        if self.count <= 0:
            raise InvalidDataError(
                "these moments hold no example; add some, and check that not all weights are 0"
            )
        return self.count

    def _check(self, x: AnyFloats, y: AnyFloats) -> None:
        width, columns = self.xy.shape
        if x.shape != (len(x), width) or y.shape != (len(x), columns):
            raise InvalidDataError(
                f"features of shape {x.shape} with outputs of shape {y.shape}; these moments are "
                f"of (n, {width}) features with (n, {columns}) outputs"
            )


def _floating(values: ArrayLike) -> AnyFloats:
    values = np.asarray(values)
    return values if values.dtype in (np.float32, np.float64) else values.astype(np.float64)
