"""Build a building from a seed: plan, walls, furniture and materials as one mesh."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from encoders.errors import InvalidSceneError
from encoders.scenes.appearance.domains import Domain
from encoders.scenes.appearance.materials import Material
from encoders.scenes.building import OUTSIDE, Building, Light, Room
from encoders.scenes.furniture.piece import Part
from encoders.scenes.homes.arrange import furnish_room
from encoders.scenes.homes.doors import doors
from encoders.scenes.homes.floor_plan import FloorPlan, random_floor_plan
from encoders.scenes.homes.footprints import rotate_z
from encoders.scenes.homes.placed_piece import PlacedPiece
from encoders.scenes.homes.walls import Fixture, random_finish, room_surfaces
from encoders.scenes.homes.windows import windows
from encoders.scenes.solids.shapes import axis_rotation
from taskgraph.arrays import Floats, Integers, Integers32

PLAN, FURNITURE, SMALL, PALETTE = range(4)
"""Numbers of a building's independent random streams."""


@dataclass(frozen=True, eq=False)
class Instance:
    """A fixture or a piece of furniture: parts in its own frame, and the frame's place.

    ``world = rotation @ local + origin``.
    """

    kind: str
    room: int
    parts: tuple[Part, ...]
    origin: Floats
    rotation: Floats
    suite: int = -1


@dataclass(frozen=True, eq=False)
class Home:
    """A furnished building without materials: everything that does not depend on the look."""

    plan: FloorPlan
    fixtures: tuple[Fixture, ...]
    furniture: tuple[tuple[PlacedPiece, ...], ...]  # of each room


def build_building(seed: int, index: int, domain: Domain) -> Building:
    """Build the building with a given number; equal arguments give equal buildings.

    Plan, furniture and small objects have independent random streams, so that domains with the
    same ``clutter`` have the same geometry.

    Parameters
    ----------
    seed, index : int
        Seed of the data set, and number of the building in it; not negative.
    domain : Domain

    Raises
    ------
    InvalidSceneError
        If ``seed`` or ``index`` is negative.
    """
    if seed < 0 or index < 0:
        raise InvalidSceneError(
            f"seed is {seed} and the building's number {index}, expected no negative number"
        )
    home = furnish_home(seed, index, clutter=domain.clutter)
    return assemble_building(
        home, f"building_{index:04d}", domain, random_stream(seed, index, PALETTE)
    )


def random_stream(seed: int, index: int, number: int) -> np.random.Generator:
    """Return one of a building's independent random streams."""
    return np.random.default_rng(np.random.SeedSequence([seed, index, number]))


def furnish_home(seed: int, index: int, *, clutter: float = 1.0) -> Home:
    """Plan a building, choose its surfaces and arrange its furniture."""
    rng = random_stream(seed, index, PLAN)
    plan = random_floor_plan(rng)
    finishes = [random_finish(space, rng) for space in plan.spaces]
    fixtures = [f for i, finish in enumerate(finishes) for f in room_surfaces(plan, i, finish)]
    fixtures += [*doors(plan, finishes, rng), *windows(plan, finishes, rng)]
    large, small = random_stream(seed, index, FURNITURE), random_stream(seed, index, SMALL)
    furniture = tuple(
        furnish_room(
            space,
            [opening for opening in plan.openings if i in opening.rooms],
            *(source.spawn(1)[0] for source in (large, small)),
            clutter=clutter,
        )
        for i, space in enumerate(plan.spaces)
    )
    return Home(plan, tuple(fixtures), furniture)


def assemble_building(home: Home, name: str, domain: Domain, rng: np.random.Generator) -> Building:
    """Give every part a material of the domain's palette, and join all parts into one mesh."""
    instances = _instances(home)
    parts = [part for instance in instances for part in instance.parts]
    owner = np.repeat(np.arange(len(instances)), [len(i.parts) for i in instances])
    shapes = [part.shape for part in parts]
    counts = np.array([len(shape.vertices) for shape in shapes])
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    turn = np.stack([instance.rotation for instance in instances])[owner]  # (P, 3, 3)
    origin = np.stack([instance.origin for instance in instances])[owner]
    materials, part_material = _materials(instances, domain, rng)
    of_vertex = np.repeat(np.arange(len(parts)), counts)
    vertices = _rotated(turn, of_vertex, np.concatenate([s.vertices for s in shapes]))
    return Building(
        name=name,
        vertices=vertices + origin[of_vertex],
        normals=_rotated(turn, of_vertex, np.concatenate([s.normals for s in shapes])),
        curvatures=np.concatenate([shape.curvatures for shape in shapes]),
        faces=np.concatenate(
            [shape.faces + start for shape, start in zip(shapes, starts, strict=True)]
        ).astype(np.int32),
        face_part=np.repeat(np.arange(len(parts)), [len(s.faces) for s in shapes]).astype(np.int32),
        part_material=part_material,
        part_instance=owner.astype(np.int32),
        part_origin=origin,
        part_rotation=turn,
        instance_kind=tuple(instance.kind for instance in instances),
        instance_room=np.array([instance.room for instance in instances], dtype=np.int32),
        materials=materials,
        rooms=tuple(Room(s.kind, s.low, s.high) for s in home.plan.spaces),
        lights=_lights(home, domain),
    )


def _rotated(turn: Floats, of_vertex: Integers, vectors: Floats) -> Floats:
    # Furniture is rotated about z only: four products for each vertex instead of nine.
    c, s = turn[of_vertex, 0, 0], turn[of_vertex, 1, 0]
    x, y, z = vectors.T
    return np.stack([c * x - s * y, s * x + c * y, z], axis=1)


def _instances(home: Home) -> list[Instance]:
    instances = [
        Instance(fixture.kind, fixture.room, fixture.parts, np.zeros(3), np.eye(3))
        for fixture in home.fixtures
    ]
    for room, furniture in enumerate(home.furniture):
        for placed in furniture:
            turn = axis_rotation(2, placed.turn)
            piece = placed.piece
            instances.append(
                Instance(piece.kind, room, piece.parts, placed.position, turn, placed.suite)
            )
    return instances


SHARED = ("trim", "door", "window_frame")
"""Roles with one material for the whole building."""


def _materials(
    instances: Sequence[Instance], domain: Domain, rng: np.random.Generator
) -> tuple[tuple[Material, ...], Integers32]:
    """Draw a material for each role and variant of a piece.

    Fixtures of a room share materials, and so do the pieces of a suite (chairs of one table).
    """
    materials: list[Material] = []
    known: dict[tuple[object, ...], int] = {}
    chosen = []
    for number, instance in enumerate(instances):
        fixed = instance.kind in FIXED
        own = ("suite", instance.room, instance.suite) if instance.suite >= 0 else ("piece", number)
        for part in instance.parts:
            place = ("building",) if part.role in SHARED else ("room", instance.room)
            key = (*(place if fixed else own), part.role, part.variant)
            if key not in known:
                known[key] = len(materials)
                materials.append(domain.palette.material(part.role, rng))
            chosen.append(known[key])
    return tuple(materials), np.array(chosen, dtype=np.int32)


FIXED = ("wall", "floor", "ceiling", "door", "window", "trim")
"""Kinds of instances that belong to the building itself."""


def _lights(home: Home, domain: Domain) -> tuple[Light, ...]:
    lamp = np.array(domain.lighting.lamp, dtype=float)
    return tuple(
        Light(
            position=placed.position + rotate_z(placed.turn, glow.position),
            power=glow.strength * lamp,
            radius=glow.radius,
            room=room if room >= 0 else OUTSIDE,
        )
        for room, furniture in enumerate(home.furniture)
        for placed in furniture
        for glow in placed.piece.glows
    )
