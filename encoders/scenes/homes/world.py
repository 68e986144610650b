"""A whole building from a seed: plan, walls, furniture and materials as one mesh."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from encoders.errors import InvalidSceneError
from encoders.scenes.appearance.domains import Domain
from encoders.scenes.appearance.materials import Material
from encoders.scenes.building import OUTSIDE, Building, Light, Room
from encoders.scenes.furniture.piece import Part
from encoders.scenes.homes.arrange import arrange
from encoders.scenes.homes.doors import doors
from encoders.scenes.homes.footprints import turned
from encoders.scenes.homes.placed import Placed
from encoders.scenes.homes.plan import Plan, draw_plan
from encoders.scenes.homes.walls import Fixture, draw_finish, surfaces
from encoders.scenes.homes.windows import windows
from encoders.scenes.solids.shapes import rotation
from taskgraph.arrays import Floats, Integers, Integers32

PLAN, FURNITURE, SMALL, PALETTE = range(4)
"""Numbers of the random streams of a building: each draws from its own."""


@dataclass(frozen=True, eq=False)
class Instance:
    """A thing of the building: parts in its own frame, and where that frame is in the world.

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
    """A furnished building before it is painted: all that does not depend on the domain's look."""

    plan: Plan
    fixtures: tuple[Fixture, ...]
    furniture: tuple[tuple[Placed, ...], ...]  # of each room


def build(seed: int, index: int, domain: Domain) -> Building:
    """The building of a number, the same for the same arguments.

    Plan, furniture and clutter have random streams of their own, so that domains which agree in
    ``clutter`` have the same geometry.

    Parameters
    ----------
    seed, index : int
        Not negative; the data set's, and the building's number in it.
    domain : Domain

    Raises
    ------
    InvalidSceneError
        If ``seed`` or ``index`` is negative.
    """
    if seed < 0 or index < 0:
        raise InvalidSceneError(f"seed {seed}, building {index}: expected no negative number")
    home = furnish(seed, index, clutter=domain.clutter)
    return painted(home, f"building_{index:04d}", domain, stream(seed, index, PALETTE))


def stream(seed: int, index: int, number: int) -> np.random.Generator:
    """One of a building's independent sources of random numbers."""
    return np.random.default_rng(np.random.SeedSequence([seed, index, number]))


def furnish(seed: int, index: int, *, clutter: float = 1.0) -> Home:
    """Plan a building, finish its walls and arrange its furniture."""
    rng = stream(seed, index, PLAN)
    plan = draw_plan(rng)
    finishes = [draw_finish(space, rng) for space in plan.spaces]
    fixtures = [f for i, finish in enumerate(finishes) for f in surfaces(plan, i, finish)]
    fixtures += [*doors(plan, finishes, rng), *windows(plan, finishes, rng)]
    large, small = stream(seed, index, FURNITURE), stream(seed, index, SMALL)
    furniture = tuple(
        arrange(
            space,
            [opening for opening in plan.openings if i in opening.rooms],
            *(source.spawn(1)[0] for source in (large, small)),
            clutter=clutter,
        )
        for i, space in enumerate(plan.spaces)
    )
    return Home(plan, tuple(fixtures), furniture)


def painted(home: Home, name: str, domain: Domain, rng: np.random.Generator) -> Building:
    """Give every part a material of the domain's palette, and join all into one mesh."""
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
    # Furniture turns about z only: four products instead of nine for each of many vertices.
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
            turn = rotation(2, placed.turn)
            piece = placed.piece
            instances.append(
                Instance(piece.kind, room, piece.parts, placed.position, turn, placed.suite)
            )
    return instances


SHARED = ("trim", "door", "window_frame")
"""Roles that have one material in the whole building."""


def _materials(
    instances: Sequence[Instance], domain: Domain, rng: np.random.Generator
) -> tuple[tuple[Material, ...], Integers32]:
    """One material for each role and variant of a piece.

    Fixtures share those of their room, and the pieces of a suite (chairs around a table) theirs.
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
            position=placed.position + turned(placed.turn, glow.position),
            power=glow.strength * lamp,
            radius=glow.radius,
            room=room if room >= 0 else OUTSIDE,
        )
        for room, furniture in enumerate(home.furniture)
        for placed in furniture
        for glow in placed.piece.glows
    )
