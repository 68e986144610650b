"""The errors of all transfers by ridge regression, for a grid of penalties."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike
from threadpoolctl import threadpool_limits

from encoders.errors import InvalidDataError
from encoders.transfer.ridge.directions import TOLERANCE, Directions, directions
from encoders.transfer.ridge.elimination import EvaluationMoments, Stage
from encoders.transfer.ridge.moments import Centered, Moments
from encoders.transfer.ridge.readout import penalties
from encoders.transfer.ridge.result import RidgeResult
from encoders.transfer.ridge.sets import ORDERS, source_sets
from encoders.transfer.ridge.walk import SetCounter, all_errors
from taskgraph.arrays import Array, Floats32, Integers
from taskgraph.progress import Progress, no_progress

Errors = dict[int, Floats32]
"""By order: the errors of all sets for all targets, (n, T)."""

LAMBDAS = (1e-4, 1e-3, 1e-2, 1e-1)
"""Penalties in units of each feature's variance, for examples that are places of maps."""

LAMBDAS_OF_IMAGES = (1e-1, 1.0, 10.0)
"""Penalties for examples that are images, of which there are about as many as features."""


def solve_all(
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
    progress: Progress = no_progress,
    on_result: Callable[[RidgeResult], None] = lambda _: None,
    resume: RidgeResult | None = None,
) -> RidgeResult:
    """Solve the ridge regression of every target on every set of sources.

    For a set S and a penalty l, the solution is W = (A_SS + l D_SS)^-1 B_S. A and B are the moments
    of the training examples about their means, so that the intercept is not penalized. D is the
    diagonal of A, so that features count as if they were standardized. The error on validation and
    test examples is (tr(Y'Y) - 2 tr(W'X'Y) + tr(W'X'XW)) / tr(Y'Y), about the means of the
    training examples. The penalty is chosen for each set and target on the validation examples.

    Parameters
    ----------
    train, valid, test : Moments
        Moments of the same features and outputs over three sets of examples.
    groups : mapping
        By source: its columns of the features.
    outputs : mapping
        By target: its columns of the outputs.
    orders : iterable of int
        Sizes of the sets. All sizes up to the largest are solved, as steps to it.
    lambdas : sequence of float
        The penalties to try, above 0.
    tolerance : float
        As in `directions`: the outputs are reduced to what the sources can predict.
    workers : int
        Number of threads.
    precision : float64 or float32
        Precision of the elimination. Single precision takes half the time; its errors differ by
        less than 1e-4 for penalties of at least 1e-4 (9 sources of 72 features, 13 targets).
    progress : Progress
        Receives the number of solved sets over all penalties, and of all sets.
    on_result : function
        Receives the result so far after each penalty.
    resume : RidgeResult, optional
        The last result that ``on_result`` received in an interrupted run on the same moments.

    Raises
    ------
    InvalidDataError
        If a penalty is not above 0, a target does not vary, or ``resume`` has other settings.
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
    result = _initial_result(groups, outputs, lambdas, sets, kept)
    if resume is not None:
        _check_alike(resume, result)
        result = resume
    # BLAS gets one thread for each of our threads; more would wait for each other.
    with threadpool_limits(1, user_api="blas"):
        for number in range(result.done, len(lambdas)):
            stage = _first_stage(blocks, lambdas[number], scales, len(groups), kept)
            counter = SetCounter(progress, number, len(lambdas), max(orders), len(groups))
            absolute = all_errors(stage, max(orders), workers, counter)
            errors = [_relative(absolute, i, orders, scale) for i, scale in enumerate(scales)]
            result = result.better(*errors)
            on_result(result)
    return result


@dataclass(frozen=True, eq=False)
class _Blocks:
    """Moments in which every source has w features: (S w, S w) and (S w, q).

    Sources with fewer features are padded with zeros.
    """

    xx: Array
    xy: Array


def _blocks(
    part: Centered, groups: Mapping[str, slice], kept: Directions, precision: DTypeLike
) -> _Blocks:
    """Return the moments with each source padded to the same number of features."""
    columns = [np.arange(len(part.xx))[run] for run in groups.values()]
    width = max(map(len, columns))
    place = np.concatenate([i * width + np.arange(len(each)) for i, each in enumerate(columns)])
    chosen = np.concatenate(columns)
    size = len(columns) * width
    xx, xy = np.zeros((size, size), dtype=precision), np.zeros((size, kept.columns), precision)
    xx[np.ix_(place, place)] = part.xx[np.ix_(chosen, chosen)]
    xy[place] = kept.project(part.xy)[chosen]
    return _Blocks(xx, xy)


def _first_stage(
    blocks: Sequence[_Blocks],
    penalty: float,
    scales: Sequence[Array],
    sources: int,
    kept: Directions,
) -> Stage:
    """Return the first stage, without any source: its errors are those of the best constant."""
    train, *others = blocks
    added = penalties(np.diagonal(train.xx), penalty)
    xx = train.xx + np.diag(added).astype(train.xx.dtype)
    evaluation = tuple(
        EvaluationMoments(each.xx, each.xy, scale.astype(train.xx.dtype))
        for each, scale in zip(others, scales, strict=True)
    )
    owners = kept.owners.astype(train.xx.dtype)
    return Stage((), len(xx) // sources, xx, train.xy, evaluation, owners)


def _initial_result(
    groups: Mapping[str, slice],
    outputs: Mapping[str, slice],
    lambdas: tuple[float, ...],
    sets: dict[int, Integers],
    kept: Directions,
) -> RidgeResult:
    """Return the result before the first penalty: all errors are infinite."""

    def full(value: float) -> Errors:
        """Return one value for every set and target, by order."""
        return {o: np.full((len(s), len(outputs)), value, np.float32) for o, s in sets.items()}

    names = tuple(groups), tuple(outputs)
    return RidgeResult(
        *names, lambdas, sets, full(np.inf), full(np.inf), full(np.nan), kept.lost, 0
    )


def _relative(
    errors: Mapping[int, Sequence[Array]], part: int, orders: Iterable[int], scale: Array
) -> Errors:
    """Return the errors of one evaluation part, divided by those of the best constant."""
    return {o: (errors[o][part] / scale).astype(np.float32) for o in orders}


def _check_alike(resume: RidgeResult, fresh: RidgeResult) -> None:
    """Raise if the result to resume has other sources, targets, penalties or orders."""
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
    """Raise if a target is constant on a part of the examples."""
    for name, scale in zip(outputs, scales, strict=True):
        if scale <= 0:
            raise InvalidDataError(
                f"target {name} never differs from its training mean on the {part} examples, so "
                "errors have no unit; leave the target out or give more examples"
            )
