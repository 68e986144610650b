"""Sums over examples of features, outputs and their products, as least squares needs them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import blas

from encoders.errors import InvalidDataError
from taskgraph.arrays import AnyFloats, Floats

ROWS = 16_384
"""Number of rows whose products are summed in single precision before they are added in double."""


@dataclass(frozen=True, eq=False)
class Centered:
    """Second moments about fixed points, divided by the number of examples.

    Attributes
    ----------
    count : float
        The number of examples, or the sum of their weights.
    xx : (p, p) array
        Moments of the features.
    xy : (p, q) array
        Moments of features and outputs.
    yy : (q,) array
        Second moment of each output.
    """

    count: float
    xx: Floats
    xy: Floats
    yy: Floats


class Moments:
    """Sums of x, y, x x', x y' and y y' over examples, which are added batch by batch.

    Parameters
    ----------
    width, columns : int
        Numbers p of features and q of outputs.

    Attributes
    ----------
    count : float
        The number of examples, or the sum of their weights.
    xy : (p, q) array
        Sum of x y'.
    yy : (q, q) array
        Sum of y y'.
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
            Weight of each example, at least 0; rows of weight 0 may hold any numbers.

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
        """Return the sum of x x', (p, p)."""
        return np.triu(self._upper) + np.triu(self._upper, 1).T

    @property
    def mean_x(self) -> Floats:
        """Return the means of the features, (p,)."""
        return self._x / self._positive_count()

    @property
    def mean_y(self) -> Floats:
        """Return the means of the outputs, (q,)."""
        return self._y / self._positive_count()

    def about(self, x: Floats, y: Floats) -> Centered:
        """Return the moments about ``x`` and ``y``, such as the training examples' means.

        E[(x - c)(x - c)'] = E[x x'] - m c' - c m' + c c', with m the mean of x.
        """
        count, mx, my = self._positive_count(), self.mean_x, self.mean_y
        crossed = np.outer(mx, x)
        xx = self.xx / count - crossed - crossed.T + np.outer(x, x)
        xy = self.xy / count - np.outer(mx, y) - np.outer(x, my) + np.outer(x, y)
        yy = np.diagonal(self.yy) / count - 2 * my * y + y * y
        return Centered(count, xx, xy, np.maximum(yy, 0.0))

    def part(self, features: ArrayLike | None = None, outputs: ArrayLike | None = None) -> Moments:
        """Return the moments of some columns of features and outputs; by default of all."""
        rows = np.arange(len(self._x)) if features is None else np.asarray(features)
        columns = np.arange(len(self._y)) if outputs is None else np.asarray(outputs)
        part = Moments(len(rows), len(columns))
        part.count, part._x, part._y = self.count, self._x[rows], self._y[columns]
        low, high = np.minimum.outer(rows, rows), np.maximum.outer(rows, rows)
        part._upper = np.asfortranarray(np.triu(self._upper[low, high]))
        part.xy = self.xy[np.ix_(rows, columns)]
        part.yy = self.yy[np.ix_(columns, columns)]
        return part

    def _positive_count(self) -> float:
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
