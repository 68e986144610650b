"""A finished building: one triangle mesh with its parts, rooms, materials and lights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from taskgraph.arrays import Floats, Integers32

if TYPE_CHECKING:
    from encoders.scenes.appearance.materials import Material


OUTSIDE = -1
"""Room number of instances that belong to no room."""


@dataclass(frozen=True, eq=False)
class Room:
    """A box-shaped room: its type, and opposite corners of the box between its walls, meters."""

    kind: str
    low: Floats  # (3,)
    high: Floats  # (3,)


@dataclass(frozen=True, eq=False)
class Light:
    """A spherical light that shines evenly in all directions inside one room.

    ``power`` is the radiant intensity for each color channel (R, G, B): the irradiance at
    distance d is ``power / d**2``. A larger ``radius`` (meters) gives softer shadows.
    """

    position: Floats  # (3,)
    power: Floats  # (3,)
    radius: float
    room: int


@dataclass(frozen=True, eq=False)
class Building:
    """The surfaces, materials and lights of a building, as arrays.

    A *part* is a set of consecutive triangles of one material. An *instance* is a piece of
    furniture or of the building (a wall, a floor); it consists of parts.

    Attributes
    ----------
    name : str
        The folder that its files go to, such as ``building_0003``.
    vertices, normals, curvatures, faces
        As for `encoders.scenes.solids.shapes.Shape`, in the world: z up, meters, floors at z = 0.
    face_part : (F,) integer array
        The part that each triangle belongs to.
    part_material, part_instance : (P,) integer arrays
        Index into ``materials``, and the number of the instance that the part belongs to.
    part_origin : (P, 3) array; part_rotation : (P, 3, 3) array
        The frame of the piece that the part belongs to, for textures that move with it:
        ``world = rotation @ local + origin``.
    instance_kind : (I,) tuple of str
        ``wall``, ``floor``, ``ceiling``, ``door``, ``window``, ``trim``, or a class of furniture.
    instance_room : (I,) integer array
        Index into ``rooms``, or `OUTSIDE`.
    """

    name: str
    vertices: Floats
    normals: Floats
    curvatures: Floats
    faces: Integers32
    face_part: Integers32
    part_material: Integers32
    part_instance: Integers32
    part_origin: Floats
    part_rotation: Floats
    instance_kind: tuple[str, ...]
    instance_room: Integers32
    materials: tuple[Material, ...]
    rooms: tuple[Room, ...]
    lights: tuple[Light, ...]
