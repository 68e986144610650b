"""Make the label of a task of one's own from a function of one view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from encoders.errors import InvalidDataError
from encoders.tasks.sample import OneView, Sample, TargetsAndMask
from encoders.tasks.task import Label
from encoders.tasks.user_files import one_line, user_place
from taskgraph.arrays import Array, Booleans, Floats32


def each_view(
    function: Callable[[OneView], Any], domains: Sequence[str] = (), *, infos: bool = False
) -> Label:
    """Make the label of a task of your own from a function of one view.

    Parameters
    ----------
    function
        From a `OneView` to the target: a number, (C,), (S, S) or (C, S, S); NaN where there is no
        target. For ``xentropy`` it is the number of a class, from 0.
    domains : sequence of str
        The folders that the function reads.
    infos : bool
        Whether the function reads ``view.info``.

    Raises
    ------
    InvalidDataError
        If ``function`` cannot be called, or ``domains`` is one text.
    """
    if not callable(function):
        raise InvalidDataError(
            f"each_view: the label function is of the type {type(function).__name__}, expected a "
            "function of one view, as in each_view(level)"
        )
    if isinstance(domains, str):
        raise InvalidDataError(
            f'each_view: the folders are "{domains}", expected a list of names: ["{domains}"]'
        )
    return Label(partial(_made_of_views, function=function), tuple(domains), True, infos)


def _made_of_views(sample: Sample, *, function: Callable[[OneView], Any]) -> TargetsAndMask:
    """Return the function's targets of all views; places with a NaN are masked out."""
    made: list[Floats32] = []
    for view in sample.views():
        made.append(_numbers(view, _called(function, view)))
        if made[-1].shape != made[0].shape:
            raise InvalidDataError(
                f"its label function returned shape {made[-1].shape} for {view.name}, and "
                f"{made[0].shape} for another view; return one shape, with NaN where there is no "
                "target"
            )
    targets = np.stack(made)
    if targets.ndim in (1, 3):
        targets = targets[:, None]
    counts: Booleans = np.logical_not(np.isnan(targets).any(axis=1))
    return np.nan_to_num(targets, nan=0.0), counts


def _called(function: Callable[[OneView], Any], view: OneView) -> Array | None:
    """Return what the function returns for a view, as an array; None if it returns None."""
    try:
        value = function(view)
        return None if value is None else np.asarray(value)
    except Exception as error:
        file = getattr(getattr(function, "__code__", None), "co_filename", None)
        place = user_place(error, file)
        where = f" ({place})" if ", line" in place else ""
        hint = ""
        if isinstance(error, KeyError) and not view.info:
            hint = "; view.info is empty unless the label is each_view(…, infos=True)"
        raise InvalidDataError(
            f"its label function failed on {view.name}{where}: {one_line(error)}{hint}; mend the "
            "function, or let it return NaN for such a view"
        ) from error


def _numbers(view: OneView, value: Array | None) -> Floats32:
    """Return a label in single precision; raise unless it is finite numbers and NaN."""
    if value is None or value.dtype.kind not in "fiub":
        what = "None" if value is None else f"values of the type {value.dtype}"
        raise InvalidDataError(
            f"its label function returned {what} for {view.name}, expected numbers; return them, "
            "with NaN where there is no target"
        )
    with np.errstate(over="ignore"):
        numbers = value.astype(np.float32)
    if np.isinf(numbers).any():
        largest = np.nanmax(np.abs(value))
        raise InvalidDataError(
            f"its label function returned {largest:g} for {view.name}, expected numbers that are "
            "finite in single precision; return them in other units, or NaN where there is no "
            "target"
        )
    return numbers
