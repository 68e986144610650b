"""Solve ridge regression for all sets of sources by block elimination.

Let A be the second moments of the features plus the penalty, and B their moments with the outputs.
Let P be a set of sources whose solution is known, the prefix, and e a further source. The solution
for P and e is the solution for P plus W_e' (x_e - C_e' x_P), with

    C_e = A_PP^-1 A_Pe,   W_e = (A_ee - A_eP C_e)^-1 (B_e - C_e' B_P):

This is a fit of the outputs' residuals after P by the residuals of e's features after P. So each
set takes one solve of the size of a single source, given the moments of the residuals after its
prefix, and these follow from the moments after the prefix's own prefix. The moments of the
evaluation examples go through the same steps with the same C and W; they give the errors of each
set on those examples.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from taskgraph.arrays import Array

STRIP = 4
"""Number of sources whose rows are computed at a time, from their diagonal block to the right."""


@dataclass(frozen=True, eq=False)
class EvaluationMoments:
    """Moments of the residuals, after a prefix, of the examples on which errors are measured.

    Attributes
    ----------
    xx : (r w, r w) array
        Moments of the features of the r remaining sources. Only blocks on and above the diagonal
        are valid.
    xy : (r w, q) array
        Moments of these features with the outputs.
    error : (T,) array
        Mean square of each target's outputs.
    """

    xx: Array
    xy: Array
    error: Array


@dataclass(frozen=True, eq=False)
class Stage:
    """The moments of the residuals after a prefix, for r remaining sources of w features each.

    Attributes
    ----------
    prefix : tuple of int
        The sources that have been eliminated, in rising order.
    width : int
        w; sources with fewer features are padded with zeros.
    xx : (r w, r w) array
        Moments of the features of the training examples, plus the penalty. Only blocks on and
        above the diagonal are valid.
    xy : (r w, q) array
        Moments of these features with the outputs.
    evaluation : tuple of EvaluationMoments
        The moments of each evaluation part (validation and test).
    owners : (q, T) array
        1 where an output belongs to a target, else 0.
    """

    prefix: tuple[int, ...]
    width: int
    xx: Array
    xy: Array
    evaluation: tuple[EvaluationMoments, ...]
    owners: Array

    @property
    def remaining(self) -> int:
        """Return the number r of sources that come after the prefix."""
        return len(self.xx) // self.width


@dataclass(frozen=True, eq=False)
class Solved:
    """The solutions for a stage's prefix together with each remaining source.

    Attributes
    ----------
    inverse : (r, w, w) array
        Inverse of the source's own block of moments.
    weights : (r, w, q) array
        W_e of the module's formula.
    unsolved : tuple of (r, w, q) arrays
        By evaluation part: moments of the source's features with the outputs' new residuals.
    errors : tuple of (r, T) arrays
        By evaluation part: mean squares of the new residuals.
    """

    inverse: Array
    weights: Array
    unsolved: tuple[Array, ...]
    errors: tuple[Array, ...]


def solve_stage(stage: Stage) -> Solved:
    """Solve all sets that add one source to the prefix."""
    inverse = np.linalg.inv(_diagonal(stage.xx, stage.width))
    weights = inverse @ _rows(stage.xy, stage.width)
    unsolved, errors = [], []
    for part in stage.evaluation:
        with_outputs = _rows(part.xy, stage.width)
        left = with_outputs - _diagonal(part.xx, stage.width) @ weights
        # E|y - W'x|^2 = E|y|^2 - tr W'(B + (B - A W))
        unsolved.append(left)
        errors.append(part.error - _trace(weights, with_outputs + left, stage.owners))
    return Solved(inverse, weights, tuple(unsolved), tuple(errors))


def eliminate(stage: Stage, solved: Solved, source: int) -> Stage:
    """Return the next stage: remaining source number ``source`` ends its prefix."""
    step = _Step(stage, solved, source)
    across = step.across(stage.xx)
    evaluation = tuple(
        EvaluationMoments(
            step.rest(part.xx, step.mixed(part.xx), step.opposite(part.xx)),
            step.residual(number, part),
            solved.errors[number][source],
        )
        for number, part in enumerate(stage.evaluation)
    )
    xx = step.rest(stage.xx, -across.T, step.coefficients)
    return Stage(step.prefix, stage.width, xx, step.outputs(), evaluation, stage.owners)


def last(stage: Stage, solved: Solved) -> Iterator[tuple[Array, ...]]:
    """Yield the errors of all sets that add two sources to the prefix.

    Yields for each first source, in order, the (r', T) errors of each evaluation part together
    with each later source. Only the diagonal blocks of the next stage are computed. They enter
    quadratic forms only, so that they need not be symmetric.
    """
    width = stage.width
    diagonal = _diagonal(stage.xx, width)
    diagonals = [_diagonal(part.xx, width) for part in stage.evaluation]
    for source in range(stage.remaining - 1):
        step = _Step(stage, solved, source)
        coefficients = _columns(step.coefficients, width)  # (r', w, w)
        across = _columns(step.across(stage.xx), width)
        left = diagonal[source + 1 :] - across.swapaxes(1, 2) @ coefficients
        weights = _solution(left, _rows(step.outputs(), width))
        errors = []
        for number, part in enumerate(stage.evaluation):
            twice = step.spread(part.xx) - 2 * step.across(part.xx)
            xx = diagonals[number][source + 1 :] + coefficients.swapaxes(1, 2) @ _columns(
                twice, width
            )
            with_outputs = _rows(step.residual(number, part), width)
            both = 2 * with_outputs - xx @ weights
            errors.append(solved.errors[number][source] - _trace(weights, both, stage.owners))
        yield tuple(errors)


class _Step:
    """An elimination of block i (w features) from the m features after it."""

    def __init__(self, stage: Stage, solved: Solved, i: int) -> None:
        self.stage, self.solved, self.i = stage, solved, i
        self.own = slice(i * stage.width, (i + 1) * stage.width)
        self.after = slice((i + 1) * stage.width, None)
        self.coefficients = solved.inverse[i] @ self.across(stage.xx)  # C, (w, m)
        first = stage.prefix[-1] + 1 if stage.prefix else 0
        self.prefix = (*stage.prefix, first + i)

    def across(self, xx: Array) -> Array:
        """Return moments of block i with the later features, A_iJ, (w, m)."""
        return xx[self.own, self.after]

    def rest(self, xx: Array, left: Array, right: Array) -> Array:
        """Return moments of the later features plus ``left @ right``, (m, m), upper blocks."""
        moments: Array = xx[self.after, self.after].copy()
        strip = STRIP * self.stage.width
        for begin in range(0, len(moments), strip):
            rows = slice(begin, begin + strip)
            moments[rows, begin:] += left[rows] @ right[:, begin:]
        return moments

    def spread(self, xx: Array) -> Array:
        """Return the matrix A_ii C, (w, m)."""
        product: Array = xx[self.own, self.own] @ self.coefficients
        return product

    def mixed(self, xx: Array) -> Array:
        """Return the matrix [C', A_Ji], (m, 2 w)."""
        return np.concatenate([self.coefficients, self.across(xx)]).T

    def opposite(self, xx: Array) -> Array:
        """Return the matrix [A_ii C - A_iJ; -C], (2 w, m).

        `mixed` times this is C'A_ii C - C'A_iJ - A_Ji C.
        """
        return np.concatenate([self.spread(xx) - self.across(xx), -self.coefficients])

    def outputs(self) -> Array:
        """Return training moments, (m, q), of later features with the outputs' new residuals."""
        xy: Array = self.stage.xy[self.after] - self.coefficients.T @ self.stage.xy[self.own]
        return xy

    def residual(self, number: int, part: EvaluationMoments) -> Array:
        """Return evaluation moments, (m, q), of later features with new residuals.

        E[(x_J - C'x_i)(y - W'x_i)'] = B_J - A_Ji W - C'(B_i - A_ii W).
        """
        pieces = [self.solved.unsolved[number][self.i], self.solved.weights[self.i]]
        moments: Array = part.xy[self.after] - self.mixed(part.xx) @ np.concatenate(pieces)
        return moments


def _solution(left: Array, right: Array) -> Array:
    """Return the products A^-1 B of many small matrices, by the faster way for the width of B."""
    if right.shape[2] <= left.shape[2]:
        return np.linalg.solve(left, right)
    solution: Array = np.linalg.inv(left) @ right
    return solution


def _diagonal(xx: Array, width: int) -> Array:
    """Return the diagonal blocks, (r, w, w), of an (r w, r w) matrix."""
    count = len(xx) // width
    numbers = np.arange(count)
    blocks: Array = xx.reshape(count, width, count, width)[numbers, :, numbers, :]
    return blocks


def _rows(values: Array, width: int) -> Array:
    """Reshape (r w, q) to (r, w, q)."""
    rows: Array = values.reshape(-1, width, values.shape[1])
    return rows


def _columns(values: Array, width: int) -> Array:
    """Reshape (w, r w) to (r, w, w)."""
    return values.reshape(len(values), -1, width).swapaxes(0, 1)


def _trace(weights: Array, moments: Array, owners: Array) -> Array:
    """Return the traces of W'M for each target, (r, T), of two (r, w, q) arrays."""
    each = np.einsum("rwq,rwq->rq", weights, moments)
    traces: Array = each @ owners
    return traces
