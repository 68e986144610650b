"""Answers in one set of constants, said in another: each is the same raw number in both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from encoders.tasks.task import Task
from taskgraph.arrays import Floats


@dataclass(frozen=True, eq=False)
class Conversion:
    """``answer * factor + shift``, and no more than ``most``.

    Attributes
    ----------
    factor, shift : () or (C,) arrays
        For all channels alike, or for each of them.
    most : float
        What the targets are clipped to; infinity where they are not clipped.
    """

    factor: Floats
    shift: Floats
    most: float = float("inf")


def conversion(
    task: Task, trained: Mapping[str, Any], wanted: Mapping[str, Any]
) -> Conversion | None:
    """How a network's answers become those of one that learned with the ``wanted`` constants.

    A target is (raw - mean) / std where a task's constants are a mean and a spread, and
    2 raw / ceiling - 1 where they are a ceiling; solved for raw, and put into the other one.

    Parameters
    ----------
    trained, wanted : mappings
        What `TaskonomyDataset.constants` held for the task when it was trained, and holds now.

    Returns
    -------
    Conversion or None
        None where both are the same, or where answers have no unit: classes, and tasks without
        constants.
    """
    old, new = _affine(trained), _affine(wanted)
    if old is None or new is None or all(map(np.array_equal, old, new)):
        return None
    (old_scale, old_origin), (scale, origin) = old, new
    most = 1.0 if task.label is not None and task.label.clips else float("inf")
    return Conversion(old_scale / scale, (old_origin - origin) / scale, most)


def _affine(constants: Mapping[str, Any]) -> tuple[Floats, Floats] | None:
    """Scale and origin of ``raw = scale * target + origin``."""
    if "ceiling" in constants:
        half = np.asarray(constants["ceiling"], dtype=np.float64) / 2
        return half, half
    if "mean" in constants and "std" in constants:
        return tuple(np.asarray(constants[name], dtype=np.float64) for name in ("std", "mean"))  # type: ignore[return-value]
    return None
