"""The ``point_info`` of a view: its camera, its point, and the camera's room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from encoders.codecs.point_info import stored_ranges, stored_vanishing_points
from encoders.codecs.poses import matrix_to_euler, matrix_to_quaternion
from encoders.scenes.building import Building
from encoders.scenes.views import View


def point_info(building: Building, views: Sequence[View], view: View, size: int) -> dict[str, Any]:
    """Return the content of Taskonomy's ``point_info`` file for a view, and the type of its room.

    Lengths are meters and angles radians. The camera's Euler angles are (a, b, c) with the
    camera-to-world rotation Rz(c) Ry(b) Rx(a), its quaternion is (w, x, y, z). The pitch is the
    angle above the horizon, the same for camera and point, since the point is in the middle of
    the picture. ``bounding_box_ranges`` is the box of the camera's room, with "x" for the world's
    y as in the real files.

    Parameters
    ----------
    building : Building
    views : all views of the building
        They number the cameras: views from one place have one ``camera_uuid``.
    view : View
    size : int
        Pixels along each side of the picture.
    """
    camera, room = view.camera, building.rooms[view.room]
    return {
        "point_uuid": str(view.point),
        "view_id": view.view,
        "camera_uuid": f"camera_{_places(views).index(_place(view)):04d}",
        "camera_location": camera.position.tolist(),
        "camera_rotation_final": matrix_to_euler(camera.rotation).tolist(),
        "camera_rotation_final_quaternion": matrix_to_quaternion(camera.rotation).tolist(),
        "camera_pitch": camera.pitch,
        "camera_roll": 0.0,
        "field_of_view_rads": float(camera.fov),
        "resolution": size,
        "point_location": view.target.tolist(),
        "point_normal": view.target_normal.tolist(),
        "point_pitch": camera.pitch,
        "camera_distance": view.distance,
        "obliqueness_angle": view.obliqueness,
        "nonfixated_points_in_view": [int(point) for point in view.points_in_view],
        "vanishing_points_gaussian_sphere": stored_vanishing_points(camera.rotation),
        "bounding_box_ranges": stored_ranges(room.low, room.high),
        "room": room.kind,
    }


def _places(views: Sequence[View]) -> list[tuple[float, ...]]:
    """Return the different camera positions of the views, in the order of first use."""
    return list(dict.fromkeys(_place(view) for view in views))


def _place(view: View) -> tuple[float, ...]:
    return tuple(np.asarray(view.camera.position, dtype=float).tolist())
