"""Every transfer's error, for a grid of penalties."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike
from threadpoolctl import threadpool_limits

from encoders.errors import InvalidDataError
from encoders.transfer.ridge.directions import TOLERANCE, Directions, directions
from encoders.transfer.ridge.elimination import Held, Stage
from encoders.transfer.ridge.moments import Centered, Moments
from encoders.transfer.ridge.readout import penalties
from encoders.transfer.ridge.result import SweepResult
from encoders.transfer.ridge.sets import ORDERS, source_sets
from encoders.transfer.ridge.walk import Progress, Told, all_errors
from taskgraph.arrays import Array, Floats32, Integers

Errors = dict[int, Floats32]

LAMBDAS = (1e-4, 1e-3, 1e-2, 1e-1)
"""Penalties, in units of each feature's variance; where examples are places of maps."""

LAMBDAS_OF_IMAGES = (1e-1, 1.0, 10.0)
"""Penalties where examples are images, of which there are about as many as features."""


def sweep(
    train: Moments,
    valid: Moments,
    test: Moments,
    groups: Mapping[str, slice],
    outputs: Mapping[str, slice],
    *,
    orders: Iterable[int] = ORDERS,
    lambdas: Sequence[float] = LAMBDAS,
    tolerance: float = TOLERANCE,
    workers: int = 2,
    precision: DTypeLike = np.float32,
    progress: Progress = lambda done, all_: None,
    after: Callable[[SweepResult], None] = lambda result: None,
    resume: SweepResult | None = None,
) -> SweepResult:
    """Solve the ridge regression of every target on every set of sources.

    Of each set S, penalty l and target: W = (A_SS + l D_SS)^-1 B_S with the moments A, B of the
    examples trained on about their means (so the intercept is not penalized) and D the diagonal of
    A: features count as if standardized. The error on valid and test examples is
    tr(Y'Y) - 2 tr(W'X'Y) + tr(W'X'XW), all about the means of the examples trained on, over the
    tr(Y'Y). The penalty is chosen for each set and target on the valid examples.

    Parameters
    ----------
    train, valid, test : Moments
        Of the same features and outputs.
    groups : mapping
        Each source's columns among the features.
    outputs : mapping
        Each target's columns among the outputs.
    orders : iterable of int
        Sizes of sets. All sizes up to the largest are solved in any case, as steps to it.
    lambdas : sequence of float
        Positive.
    tolerance : float
        Of `directions`: the outputs are reduced to what sources can predict.
    workers : int
        Threads.
    precision : float64 or float32
        Of the elimination. Single precision takes half the time; errors are off by less than 1e-4
        for penalties of at least 1e-4 (measured on 9 sources of 72 features, 13 targets).
    progress, after
        Told of finished sets; told the result so far after each penalty.
    resume : SweepResult, optional
        What ``after`` was told by an interrupted sweep of the same moments.

    Raises
    ------
    InvalidDataError
        If a penalty is not positive, a target does not vary, or ``resume`` is of another sweep.
    """
    orders, lambdas = tuple(orders), tuple(float(value) for value in lambdas)
    if not lambdas or min(lambdas) <= 0:
        raise InvalidDataError(f"penalties {lambdas}: give at least one, all above 0")
    sets = source_sets(len(groups), orders)
    about = train.mean_x, train.mean_y
    parts = [each.about(*about) for each in (train, valid, test)]
    kept = directions(parts[0], outputs, tolerance=tolerance)
    blocks = [_blocks(part, groups, kept, precision) for part in parts]
    scales = [kept.variances(part) for part in parts[1:]]
    for scale, part in zip(scales, ("valid", "test"), strict=True):
        _check_varies(scale, outputs, part)
    result = _nothing(groups, outputs, lambdas, sets, kept)
    if resume is not None:
        _check_alike(resume, result)
        result = resume
    # One thread of BLAS for each of ours: its own threads would wait for each other.
    with threadpool_limits(1, user_api="blas"):
        for number in range(result.done, len(lambdas)):
            stage = _begin(blocks, lambdas[number], scales, len(groups), kept)
            told = Told(progress, number, len(lambdas), max(orders), len(groups))
            found = all_errors(stage, max(orders), workers, told)
            errors = [_relative(found, i, orders, scale) for i, scale in enumerate(scales)]
            result = result.better(*errors)
            after(result)
    return result


@dataclass(frozen=True, eq=False)
class _Blocks:
    """Moments by source: (S, w, S, w) and (S, w, q), filled up with zeros."""

    xx: Array
    xy: Array


def _blocks(
    part: Centered, groups: Mapping[str, slice], kept: Directions, precision: DTypeLike
) -> _Blocks:
    columns = [np.arange(len(part.xx))[run] for run in groups.values()]
    width = max(map(len, columns))
    place = np.concatenate([i * width + np.arange(len(each)) for i, each in enumerate(columns)])
    chosen = np.concatenate(columns)
    size = len(columns) * width
    xx, xy = np.zeros((size, size), dtype=precision), np.zeros((size, kept.columns), precision)
    xx[np.ix_(place, place)] = part.xx[np.ix_(chosen, chosen)]
    xy[place] = kept.project(part.xy)[chosen]
    return _Blocks(xx, xy)


def _begin(
    blocks: Sequence[_Blocks],
    penalty: float,
    scales: Sequence[Array],
    sources: int,
    kept: Directions,
) -> Stage:
    """No source is taken out yet: all errors are those of the best constant."""
    train, *others = blocks
    added = penalties(np.diagonal(train.xx), penalty)
    xx = train.xx + np.diag(added).astype(train.xx.dtype)
    held = tuple(
        Held(each.xx, each.xy, scale.astype(train.xx.dtype))
        for each, scale in zip(others, scales, strict=True)
    )
    owners = kept.owners.astype(train.xx.dtype)
    return Stage((), len(xx) // sources, xx, train.xy, held, owners)


def _nothing(
    groups: Mapping[str, slice],
    outputs: Mapping[str, slice],
    lambdas: tuple[float, ...],
    sets: dict[int, Integers],
    kept: Directions,
) -> SweepResult:
    """A result before the first penalty."""

    def full(value: float) -> Errors:
        return {o: np.full((len(s), len(outputs)), value, np.float32) for o, s in sets.items()}

    names = tuple(groups), tuple(outputs)
    return SweepResult(
        *names, lambdas, sets, full(np.inf), full(np.inf), full(np.nan), kept.lost, 0
    )


def _relative(
    found: Mapping[int, Sequence[Array]], which: int, orders: Iterable[int], scale: Array
) -> Errors:
    """Errors on the held examples number ``which``, in units of the best constant's."""
    return {o: (found[o][which] / scale).astype(np.float32) for o in orders}


def _check_alike(resume: SweepResult, fresh: SweepResult) -> None:
    for name in ("sources", "targets", "lambdas"):
        if getattr(resume, name) != getattr(fresh, name):
            raise InvalidDataError(
                f"the sweep to resume has {name} {getattr(resume, name)}, this one "
                f"{getattr(fresh, name)}; start anew, without what is to be resumed"
            )
    if list(resume.sets) != list(fresh.sets):
        raise InvalidDataError(
            f"the sweep to resume has orders {list(resume.sets)}, this one {list(fresh.sets)}; "
            "start anew, without what is to be resumed"
        )


def _check_varies(scales: Array, outputs: Mapping[str, slice], part: str) -> None:
    for name, scale in zip(outputs, scales, strict=True):
        if scale <= 0:
            raise InvalidDataError(
                f"target {name} never differs from its training mean on the {part} examples, so "
                "errors have no unit; leave the target out or give more examples"
            )
