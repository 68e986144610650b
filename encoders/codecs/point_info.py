"""The camera and the room in a ``point_info`` file: read from it, and as it stores them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from encoders.codecs.poses import euler_to_matrix, room_layout, vanishing_points
from encoders.errors import InvalidDataError
from taskgraph.arrays import Floats


def point_info_camera(info: Mapping[str, Any]) -> tuple[Floats, Floats, float]:
    """Return rotation (3, 3), position (3,) and field of view (radians) of a ``point_info``.

    Raises
    ------
    InvalidDataError
        If a key is missing or does not hold finite numbers of that shape.
    """
    angles = _numbers(info, "camera_rotation_final", (3,))
    position = _numbers(info, "camera_location", (3,))
    return euler_to_matrix(angles), position, float(_numbers(info, "field_of_view_rads", ()))


def point_info_vanishing_points(info: Mapping[str, Any]) -> Floats:
    """Return the `vanishing_points` of a ``point_info`` file, computed from its camera.

    Its ``vanishing_points_gaussian_sphere`` is not used: its x points backwards (see
    `stored_vanishing_points`), and the oldest files lack it.
    """
    return vanishing_points(point_info_camera(info)[0])


def point_info_room(info: Mapping[str, Any]) -> tuple[Floats, Floats]:
    """Return the low and high corners (3,) of the room's box of a ``point_info`` file.

    In Taskonomy's files, the range called "x" is that of the world's y, and vice versa.
    """
    ranges = info.get("bounding_box_ranges")
    if not isinstance(ranges, Mapping):
        raise InvalidDataError(
            f"`bounding_box_ranges` is {ranges!r}, expected an object with the keys x, y and z"
        )
    box = np.stack([_numbers(ranges, axis, (2,)) for axis in "yxz"])
    return box[:, 0], box[:, 1]


def point_info_layout(info: Mapping[str, Any]) -> Floats:
    """Return the `room_layout` of a ``point_info`` file."""
    rotation, position, _ = point_info_camera(info)
    return room_layout(rotation, position, *point_info_room(info))


def stored_vanishing_points(rotation: ArrayLike) -> dict[str, list[float]]:
    """Return ``vanishing_points_gaussian_sphere`` as in Taskonomy's files.

    Its x points backwards, its y to the right and its z up: `vanishing_points` after a half turn
    about z.
    """
    x, y, z = vanishing_points(rotation).reshape(3, 3)
    return {"x": (-x).tolist(), "y": (-y).tolist(), "z": z.tolist()}


def stored_ranges(low: ArrayLike, high: ArrayLike) -> dict[str, list[float]]:
    """Return ``bounding_box_ranges`` as in Taskonomy's files; `point_info_room` reads it."""
    box = np.stack([np.asarray(low, dtype=float), np.asarray(high, dtype=float)], axis=1)
    return {axis: box[row].tolist() for axis, row in (("x", 1), ("y", 0), ("z", 2))}


def _numbers(info: Mapping[str, Any], key: str, shape: tuple[int, ...]) -> Floats:
    """Return the numbers of a key; check that they are finite and have the given shape."""
    if key not in info:
        raise InvalidDataError(f"`{key}` is missing; the keys there are {sorted(info)}")
    try:
        values = np.asarray(info[key], dtype=float)
    except (TypeError, ValueError):
        values = np.array(np.nan)
    if values.shape != shape or not np.isfinite(values).all():
        wanted = f"{shape[0]} finite numbers" if shape else "a finite number"
        raise InvalidDataError(f"`{key}` is {info[key]!r}, expected {wanted}")
    return values
