"""Camera poses, vanishing points and room boxes as the numbers that networks predict.

All functions take and return arrays. A camera is its camera-to-world ``rotation`` (3, 3),
whose columns are the camera's axes in the world, and its ``position`` (3,) in meters. The camera
frame is Blender's: x to the right of the picture, y up, and the camera looks along -z. The
world's z points up.

Euler angles are (a, b, c) with R = Rz(c) Ry(b) Rx(a): turns about the fixed x, then y, then z
axes ("sxyz" in transforms3d, "XYZ" in Blender, lower-case "xyz" in scipy).
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.transform import Rotation

from taskgraph.arrays import Floats

_QUARTER_TURNS = np.array(
    [
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        [[0, 1, 0], [-1, 0, 0], [0, 0, 1]],
        [[-1, 0, 0], [0, -1, 0], [0, 0, 1]],
        [[0, -1, 0], [1, 0, 0], [0, 0, 1]],
    ],
    dtype=float,
)
"""Rotations about z that turn the world's +x, +y, -x, -y axis to +x."""

_LEAST_COSINE = 1e-9
"""For a smaller cosine of the middle Euler angle, the other two rotate about the same axis."""


def euler_to_matrix(angles: ArrayLike) -> Floats:
    """Convert Euler angles (..., 3) in radians to matrices Rz(c) Ry(b) Rx(a), (..., 3, 3)."""
    angles = np.asarray(angles, dtype=float)
    turns = Rotation.from_euler("xyz", angles.reshape(-1, 3)).as_matrix()
    return np.asarray(turns, dtype=float).reshape(*angles.shape, 3)


def matrix_to_euler(rotation: ArrayLike) -> Floats:
    """Convert rotation matrices (..., 3, 3) to Euler angles (a, b, c), (..., 3).

    Radians; a and c in (-pi, pi], b in [-pi/2, pi/2]. Where b is a quarter turn, a and c turn
    about the same axis and only their sum or difference is defined: then c = 0.
    """
    r = np.asarray(rotation, dtype=float)
    cosine = np.hypot(r[..., 0, 0], r[..., 1, 0])
    free = cosine > _LEAST_COSINE
    a = np.where(
        free, np.arctan2(r[..., 2, 1], r[..., 2, 2]), np.arctan2(-r[..., 1, 2], r[..., 1, 1])
    )
    c = np.where(free, np.arctan2(r[..., 1, 0], r[..., 0, 0]), 0.0)
    return np.stack([a, np.arctan2(-r[..., 2, 0], cosine), c], axis=-1)


def matrix_to_quaternion(rotation: ArrayLike) -> Floats:
    """Convert rotation matrices (..., 3, 3) to unit quaternions (w, x, y, z), (..., 4), w >= 0."""
    rotation = np.asarray(rotation, dtype=float)
    quaternions = Rotation.from_matrix(rotation.reshape(-1, 3, 3)).as_quat(canonical=True)
    turned: Floats = np.roll(quaternions, 1, axis=-1).reshape(*rotation.shape[:-2], 4)
    return turned


def quaternion_to_matrix(quaternion: ArrayLike) -> Floats:
    """Convert quaternions (w, x, y, z), (..., 4), of any length but 0 to matrices (..., 3, 3)."""
    quaternion = np.asarray(quaternion, dtype=float)
    turns = Rotation.from_quat(np.roll(quaternion.reshape(-1, 4), -1, axis=-1)).as_matrix()
    return np.asarray(turns, dtype=float).reshape(*quaternion.shape[:-1], 3, 3)


def relative_pose(
    rotation1: ArrayLike, position1: ArrayLike, rotation2: ArrayLike, position2: ArrayLike
) -> Floats:
    """Return the pose of the first camera in the second: Euler angles and a translation.

    With R = R2^T R1 and t = R2^T (l1 - l2), a point at x1 in the first camera's frame is at
    x2 = R x1 + t in the second's.

    Returns
    -------
    (6,) array
        The Euler angles of R (radians), then t (meters).
    """
    first, second = np.asarray(rotation1, dtype=float), np.asarray(rotation2, dtype=float)
    step = np.asarray(position1, dtype=float) - np.asarray(position2, dtype=float)
    return np.concatenate([matrix_to_euler(second.T @ first), second.T @ step])


def pose_to_transform(pose: ArrayLike) -> tuple[Floats, Floats]:
    """Return R (3, 3) and t (3,) of a `relative_pose`, such that x2 = R x1 + t."""
    pose = np.asarray(pose, dtype=float)
    return euler_to_matrix(pose[:3]), pose[3:]


def egomotion(rotations: ArrayLike, positions: ArrayLike) -> Floats:
    """Return the relative poses of three cameras: of 1 in 2, of 1 in 3, and of 2 in 3.

    Parameters
    ----------
    rotations : (3, 3, 3) array; positions : (3, 3) array, meters

    Returns
    -------
    (18,) array
        Three `relative_pose` in the order (1, 2), (1, 3), (2, 3); the second one is the
        composition of the first and the third.
    """
    turns, places = np.asarray(rotations, dtype=float), np.asarray(positions, dtype=float)
    pairs = itertools.combinations(range(3), 2)
    return np.concatenate(
        [relative_pose(turns[i], places[i], turns[j], places[j]) for i, j in pairs]
    )


def facing_turn(rotation: ArrayLike) -> Floats:
    """Return the quarter turn about z after which a camera looks within 45 degrees of +x.

    In a world of right-angled rooms, any of the four horizontal axes could be called x. This
    choice depends only on the camera's view. The angle is measured between horizontal parts. Of
    two axes at equal angles, the earlier of +x, +y, -x, -y is taken.

    Returns
    -------
    (3, 3) array of -1, 0 and 1
        ``turned = turn @ world``.
    """
    x, y = -np.asarray(rotation, dtype=float)[:2, 2]
    turn: Floats = _QUARTER_TURNS[int(np.argmax([x, y, -x, -y]))]
    return turn


def vanishing_points(rotation: ArrayLike) -> Floats:
    """Return the three main directions of the world, in the camera's frame.

    They are the world's axes after `facing_turn`: x is the horizontal axis nearest to the viewing
    direction, y points to its left, z up. Lines along an axis v meet in the picture at the
    projection of v (of -v if v points behind the camera).

    Returns
    -------
    (9,) array
        Unit vectors x, y, z, one after the other; unitless.
    """
    rotation = np.asarray(rotation, dtype=float)
    # Row i of a camera-to-world matrix is the world's axis i in the camera's frame.
    axes: Floats = (facing_turn(rotation) @ rotation).reshape(9)
    return axes


def room_layout(
    rotation: ArrayLike, position: ArrayLike, low: ArrayLike, high: ArrayLike
) -> Floats:
    """Return the box of a room in the camera's frame.

    Parameters
    ----------
    rotation, position
        The camera.
    low, high : (3,) arrays, meters
        Opposite corners of the box in the world.

    Returns
    -------
    (9,) array
        Numbers 0-2: the box's center in the camera's frame, meters. 3-5: the Euler angles
        (radians) of T R, the camera-to-world rotation after the `facing_turn` T. 6-8: the box's
        extents (meters) along the turned x (nearest to the viewing direction), y and z.
        `layout_corners` is the inverse.
    """
    rotation = np.asarray(rotation, dtype=float)
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    turn = facing_turn(rotation)
    center = rotation.T @ ((low + high) / 2 - np.asarray(position, dtype=float))
    return np.concatenate(
        [center, matrix_to_euler(turn @ rotation), np.abs(turn) @ np.abs(high - low)]
    )


def layout_corners(layout: ArrayLike) -> Floats:
    """Return the corners of a `room_layout`'s box in the camera's frame, meters.

    Returns
    -------
    (8, 3) array
        In the order of ``itertools.product``: the nearer x first; of each x, the right y first;
        of each y, the lower z first.
    """
    layout = np.asarray(layout, dtype=float)
    signs = np.array(list(itertools.product((-0.5, 0.5), repeat=3)))
    corners: Floats = layout[:3] + (signs * layout[6:]) @ euler_to_matrix(layout[3:6])
    return corners
