"""Convert predictions between two sets of standardization constants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from encoders.tasks.task import Task
from taskgraph.arrays import Floats


@dataclass(frozen=True, eq=False)
class Conversion:
    """The function ``min(prediction * factor + shift, most)``.

    Attributes
    ----------
    factor, shift : () or (C,) arrays
        One number for all channels, or one for each channel.
    most : float
        The value at which the targets are clipped; infinity if they are not clipped.
    """

    factor: Floats
    shift: Floats
    most: float = float("inf")


def conversion(
    task: Task, trained: Mapping[str, Any], wanted: Mapping[str, Any]
) -> Conversion | None:
    """Return how to convert predictions from ``trained`` constants to ``wanted`` ones.

    A target is (raw - mean) / std if the constants are a mean and a standard deviation, and
    2 raw / ceiling - 1 if they are a ceiling. A converted prediction stands for the same raw
    number as before.

    Parameters
    ----------
    trained, wanted : mappings
        The task's entry of `TaskonomyDataset.constants` when the network was trained, and now.

    Returns
    -------
    Conversion or None
        None if both are the same, or if predictions have no unit (classes, and tasks without
        constants).
    """
    old, new = _affine(trained), _affine(wanted)
    if old is None or new is None or all(map(np.array_equal, old, new)):
        return None
    (old_scale, old_origin), (scale, origin) = old, new
    most = 1.0 if task.label is not None and task.label.clips else float("inf")
    return Conversion(old_scale / scale, (old_origin - origin) / scale, most)


def _affine(constants: Mapping[str, Any]) -> tuple[Floats, Floats] | None:
    """Scale and origin in ``raw = scale * target + origin``; None if there is no such relation."""
    if "ceiling" in constants:
        half = np.asarray(constants["ceiling"], dtype=np.float64) / 2
        return half, half
    if "mean" in constants and "std" in constants:
        return tuple(np.asarray(constants[name], dtype=np.float64) for name in ("std", "mean"))  # type: ignore[return-value]
    return None
