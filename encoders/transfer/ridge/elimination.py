"""Ridge solutions of all sets of sources at once, each source's block eliminated only once.

Let A be the features' second moments plus the penalty, B their moments with the outputs, P a set of
sources that is solved and e a further one. Block elimination writes the solution for P and e as
the solution for P plus W_e' (x_e - C_e' x_P), with

    C_e = A_PP^-1 A_Pe,   W_e = (A_ee - A_eP C_e)^-1 (B_e - C_e' B_P):

a fit of what P leaves of the outputs by what P leaves of e's features. So a set costs one solve of
one source's size, however many sources it has, once the moments of what its prefix leaves are
known; and these follow from its own prefix's. The moments of other examples (`held`) go through
the same steps with the same C and W, and give the errors of every set on those examples.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from taskgraph.arrays import Array

STRIP = 4
"""Sources whose rows are computed at a time; what lies left of a strip's own is never needed."""


@dataclass(frozen=True, eq=False)
class Held:
    """Moments of examples that errors are measured on.

    Attributes
    ----------
    xx : (r w, r w) array
        Of the r remaining sources' features, after their prefix is taken out of them. Only blocks
        on and above the diagonal are right, here and in a `Stage`.
    xy : (r w, q) array
        With the outputs' residuals.
    error : (T,) array
        Mean square of each target's residuals.
    """

    xx: Array
    xy: Array
    error: Array


@dataclass(frozen=True, eq=False)
class Stage:
    """What remains after a prefix of sources is taken out: r sources of w features each.

    Attributes
    ----------
    prefix : tuple of int
        The sources taken out, rising.
    width : int
        w. Sources with fewer features are filled up with zeros.
    xx : (r w, r w) array
        Of the examples trained on, with the penalty.
    xy : (r w, q) array
    held : tuple of Held
    owners : (q, T) array
        Which outputs are which target's.
    """

    prefix: tuple[int, ...]
    width: int
    xx: Array
    xy: Array
    held: tuple[Held, ...]
    owners: Array

    @property
    def remaining(self) -> int:
        """Sources that may still join: all that come after the prefix."""
        return len(self.xx) // self.width


@dataclass(frozen=True, eq=False)
class Solved:
    """A stage's prefix joined by each remaining source.

    Attributes
    ----------
    inverse : (r, w, w) array
    weights : (r, w, q) array
    unsolved : tuple of (r, w, q) arrays
        For each of the held examples: moments of the new source's features with what the new
        solution leaves of the outputs.
    errors : tuple of (r, T) arrays
        Mean squares of what it leaves.
    """

    inverse: Array
    weights: Array
    unsolved: tuple[Array, ...]
    errors: tuple[Array, ...]


def solve(stage: Stage) -> Solved:
    """Solve the sets that add one source to the prefix."""
    inverse = np.linalg.inv(_diagonal(stage.xx, stage.width))
    weights = inverse @ _rows(stage.xy, stage.width)
    unsolved, errors = [], []
    for held in stage.held:
        with_outputs = _rows(held.xy, stage.width)
        left = with_outputs - _diagonal(held.xx, stage.width) @ weights
        # E|y - W'x|^2 = E|y|^2 - tr W'(B + (B - A W))
        unsolved.append(left)
        errors.append(held.error - _trace(weights, with_outputs + left, stage.owners))
    return Solved(inverse, weights, tuple(unsolved), tuple(errors))


def eliminate(stage: Stage, solved: Solved, source: int) -> Stage:
    """Take the remaining source number ``source`` into the prefix; those before it are done."""
    step = _Step(stage, solved, source)
    across = step.given(stage.xx)
    held = tuple(
        Held(
            step.rest(each.xx, step.mixed(each.xx), step.opposite(each.xx)),
            step.residual(number, each),
            solved.errors[number][source],
        )
        for number, each in enumerate(stage.held)
    )
    xx = step.rest(stage.xx, -across.T, step.coefficients)
    return Stage(step.prefix, stage.width, xx, step.outputs(), held, stage.owners)


def last(stage: Stage, solved: Solved) -> Iterator[tuple[Array, ...]]:
    """Errors of all sets that add two sources to the prefix.

    For each first source, held examples' (r', T) errors of it with each later one. Only the
    diagonal blocks of the next stage are needed, and so only they are made; as they only enter
    quadratic forms, they need not be symmetric.
    """
    width = stage.width
    diagonal = _diagonal(stage.xx, width)
    diagonals = [_diagonal(each.xx, width) for each in stage.held]
    for source in range(stage.remaining - 1):
        step = _Step(stage, solved, source)
        coefficients = _columns(step.coefficients, width)  # (r', w, w)
        across = _columns(step.given(stage.xx), width)
        left = diagonal[source + 1 :] - across.swapaxes(1, 2) @ coefficients
        weights = _solution(left, _rows(step.outputs(), width))
        found = []
        for number, each in enumerate(stage.held):
            twice = step.spread(each.xx) - 2 * step.given(each.xx)
            xx = diagonals[number][source + 1 :] + coefficients.swapaxes(1, 2) @ _columns(
                twice, width
            )
            with_outputs = _rows(step.residual(number, each), width)
            both = 2 * with_outputs - xx @ weights
            found.append(solved.errors[number][source] - _trace(weights, both, stage.owners))
        yield tuple(found)


class _Step:
    """The pieces of one elimination: block ``i``, and everything after it."""

    def __init__(self, stage: Stage, solved: Solved, i: int) -> None:
        self.stage, self.solved, self.i = stage, solved, i
        self.own = slice(i * stage.width, (i + 1) * stage.width)
        self.after = slice((i + 1) * stage.width, None)
        self.coefficients = solved.inverse[i] @ self.given(stage.xx)  # C, (w, m)
        first = stage.prefix[-1] + 1 if stage.prefix else 0
        self.prefix = (*stage.prefix, first + i)

    def given(self, xx: Array) -> Array:
        """Moments of the source with those after it, (w, m)."""
        return xx[self.own, self.after]

    def rest(self, xx: Array, left: Array, right: Array) -> Array:
        """Moments of those after it plus ``left @ right``, (m, m), on and above the diagonal."""
        found: Array = xx[self.after, self.after].copy()
        strip = STRIP * self.stage.width
        for begin in range(0, len(found), strip):
            rows = slice(begin, begin + strip)
            found[rows, begin:] += left[rows] @ right[:, begin:]
        return found

    def spread(self, xx: Array) -> Array:
        """A_ii C, (w, m)."""
        found: Array = xx[self.own, self.own] @ self.coefficients
        return found

    def mixed(self, xx: Array) -> Array:
        """[C', A_Ji], (m, 2 w)."""
        return np.concatenate([self.coefficients, self.given(xx)]).T

    def opposite(self, xx: Array) -> Array:
        """[A_ii C - A_iJ; -C], (2 w, m): with `mixed`, C'A_ii C - C'A_iJ - A_Ji C."""
        return np.concatenate([self.spread(xx) - self.given(xx), -self.coefficients])

    def outputs(self) -> Array:
        """Moments of the examples trained on with the new residuals, (m, q)."""
        xy: Array = self.stage.xy[self.after] - self.coefficients.T @ self.stage.xy[self.own]
        return xy

    def residual(self, number: int, held: Held) -> Array:
        """Moments of held examples with the new residuals, (m, q).

        E[(x_J - C'x_i)(y - W'x_i)'] = B_J - A_Ji W - C'(B_i - A_ii W).
        """
        pieces = [self.solved.unsolved[number][self.i], self.solved.weights[self.i]]
        found: Array = held.xy[self.after] - self.mixed(held.xx) @ np.concatenate(pieces)
        return found


def _solution(left: Array, right: Array) -> Array:
    """A^-1 B of many small A; whichever way is faster for B's number of columns."""
    if right.shape[2] <= left.shape[2]:
        return np.linalg.solve(left, right)
    found: Array = np.linalg.inv(left) @ right
    return found


def _diagonal(xx: Array, width: int) -> Array:
    """(r, w, w) blocks of (r w, r w)."""
    count = len(xx) // width
    numbers = np.arange(count)
    found: Array = xx.reshape(count, width, count, width)[numbers, :, numbers, :]
    return found


def _rows(values: Array, width: int) -> Array:
    """(r w, q) -> (r, w, q)."""
    found: Array = values.reshape(-1, width, values.shape[1])
    return found


def _columns(values: Array, width: int) -> Array:
    """(w, r w) -> (r, w, w)."""
    return values.reshape(len(values), -1, width).swapaxes(0, 1)


def _trace(weights: Array, moments: Array, owners: Array) -> Array:
    """tr W'M by target, (r, w, q) twice -> (r, T)."""
    each = np.einsum("rwq,rwq->rq", weights, moments)
    found: Array = each @ owners
    return found
