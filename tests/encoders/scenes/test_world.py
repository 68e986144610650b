"""Buildings: closed except for windows, equal for equal seeds, with furniture of every class."""

from dataclasses import fields

import numpy as np
import pytest

from encoders.errors import InvalidSceneError
from encoders.scenes.appearance.domains import DOMAINS
from encoders.scenes.building import Building
from encoders.scenes.furniture import CATALOG, SEMANTIC
from encoders.scenes.homes import world
from encoders.scenes.homes.rooms import SCENES
from encoders.scenes.raycast import Raycaster
from tests.encoders.scenes.furnished_homes import SEED, building, home

ARRAYS = [field.name for field in fields(Building) if field.name not in ("materials", "lights")]
FIXED = {"wall", "floor", "ceiling", "door", "window", "trim"}


def same(one, other, names=ARRAYS):
    return all(np.array_equal(getattr(one, n), getattr(other, n)) for n in names if n != "rooms")


def areas(built):
    """Return the area of each triangle, in square meters."""
    a, b, c = built.vertices[built.faces].transpose(1, 0, 2)
    return np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2


def random_rays(built, count, rng):
    """Rays from random places inside random rooms, in all directions."""
    low = np.stack([room.low for room in built.rooms])
    high = np.stack([room.high for room in built.rooms])
    room = rng.integers(len(low), size=count)
    origins = rng.uniform(low[room] + 0.02, high[room] - 0.02)
    rays = rng.standard_normal((count, 3))
    return origins, rays / np.linalg.norm(rays, axis=1, keepdims=True)


def pass_through(origins, rays, low, high):
    """Which rays pass through a box (the slab method)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = np.stack([(low - origins) / rays, (high - origins) / rays])
    near, far = ends.min(0).max(1), ends.max(0).min(1)
    return (near <= far) & (far > 0)


@pytest.mark.parametrize("index", range(4))
def test_light_gets_out_through_windows_only(index):
    built, plan = building(index), home(index).plan
    origins, rays = random_rays(built, 20_000, np.random.default_rng(index))
    hits = Raycaster(built).hits(origins, rays)
    windows = np.zeros(len(rays), dtype=bool)
    for opening in plan.openings:
        if opening.kind == "window":
            windows |= pass_through(origins, rays, opening.low, opening.high)
    missed = ~hits.valid
    assert missed.sum() > 50, "windows are open to the sky"
    assert not (missed & ~windows).any()


@pytest.mark.parametrize("index", range(4))
def test_every_side_of_an_empty_room_is_seen_from_its_inside(index):
    """Along the axes from the middle of each room's walls: the room's own wall, at its place."""
    built = building(index)
    raycaster = Raycaster(built)
    for number, room in enumerate(built.rooms):
        origin = (room.low + room.high) / 2
        origin[2] = room.high[2] - 0.11  # above doors, windows and furniture
        rays = np.array([(1.0, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0)])
        hits = raycaster.hits(origin + np.array([0.31, 0.17, 0.0]), rays)
        away = np.array([*(room.high - origin)[:2], *(origin - room.low)[:2]])[[0, 2, 1, 3]]
        kinds = [built.instance_kind[i] for i in hits.instance]
        for ray, kind, which, distance, wall in zip(
            rays, kinds, hits.room, hits.distance, away, strict=True
        ):
            if kind == "wall":
                assert which == number
                assert distance == pytest.approx(wall - ray[:2] @ [0.31, 0.17], abs=1e-6)
        assert kinds.count("wall") >= 2, kinds


def test_walls_face_the_inside_of_their_room():
    built = building(0)
    corners = built.vertices[built.faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    instance = built.part_instance[built.face_part]
    for number, room in enumerate(built.rooms):
        middle = (room.low + room.high) / 2
        for kind in ("wall", "floor", "ceiling"):
            chosen = (built.instance_room[instance] == number) & (
                np.array(built.instance_kind)[instance] == kind
            )
            assert chosen.any()
            inward = ((middle - corners[chosen].mean(1)) * normal[chosen]).sum(1)
            assert (inward > 0).all()


@pytest.mark.parametrize("index", range(3))
def test_floor_area_is_that_of_the_room(index):
    built = building(index)
    area = areas(built)
    instance = built.part_instance[built.face_part]
    kind = np.array(built.instance_kind)[instance]
    for number, room in enumerate(built.rooms):
        size = room.high - room.low
        mine = built.instance_room[instance] == number
        assert area[mine & (kind == "floor")].sum() == pytest.approx(size[0] * size[1])
        holes = sum(
            (o.high - o.low)[1 - o.axis] * (o.high - o.low)[2]
            for o in home(index).plan.openings
            if number in o.rooms
        )
        walls = 2 * (size[0] + size[1]) * size[2]
        assert area[mine & (kind == "wall")].sum() == pytest.approx(walls - holes)


@pytest.mark.parametrize("index", range(4))
def test_arrays_fit_together(index):
    built = building(index)
    vertices, parts = len(built.vertices), len(built.part_material)
    assert built.normals.shape == built.vertices.shape == (vertices, 3)
    assert built.curvatures.shape == (vertices, 2)
    assert built.faces.min() == 0
    assert built.faces.max() == vertices - 1
    assert set(built.face_part) == set(range(parts))
    assert built.part_instance.max() == len(built.instance_kind) - 1
    assert set(built.part_material) == set(range(len(built.materials)))
    assert set(built.instance_kind) <= FIXED | set(CATALOG)
    assert len(built.faces) < 150_000
    np.testing.assert_allclose(np.linalg.norm(built.normals, axis=1), 1, atol=1e-9)
    turns = built.part_rotation
    still = np.tile(np.eye(3), (parts, 1, 1))
    np.testing.assert_allclose(turns @ turns.swapaxes(1, 2), still, atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(turns), 1)


def test_no_triangle_is_a_line():
    built = building(1)
    area = areas(built)
    kind = np.array(built.instance_kind)[built.part_instance[built.face_part]]
    assert area[np.isin(kind, list(FIXED))].min() > 1e-8


def test_a_part_moves_with_its_piece():
    """World vertices, taken back into the part's frame, are the piece's own shape."""
    built, it = building(2), home(2)
    first = len(it.fixtures)
    pieces = [placed for furniture in it.furniture for placed in furniture]
    assert [p.piece.kind for p in pieces] == list(built.instance_kind[first:])
    ends = np.cumsum(np.bincount(built.face_part))
    for number in range(0, len(pieces), 7):
        part = int(np.flatnonzero(built.part_instance == first + number)[0])
        rows = np.unique(built.faces[ends[part] - np.sum(built.face_part == part) : ends[part]])
        local = (built.vertices[rows] - built.part_origin[part]) @ built.part_rotation[part]
        shape = pieces[number].piece.parts[0].shape
        np.testing.assert_allclose(local, shape.vertices[np.unique(shape.faces)], atol=1e-9)


def test_same_seed_same_building():
    again = world.build_building(SEED, 1, DOMAINS["day"])
    assert same(again, building(1))
    assert again.materials == building(1).materials
    for one, other in zip(again.lights, building(1).lights, strict=True):
        np.testing.assert_array_equal(one.position, other.position)
        np.testing.assert_array_equal(one.power, other.power)


def test_another_index_or_seed_is_another_building():
    base = building(1)
    for other in (building(2), world.build_building(SEED + 1, 1, DOMAINS["day"])):
        assert base.vertices.shape != other.vertices.shape or not same(base, other, ["vertices"])


@pytest.mark.parametrize("domain", ["evening", "drawn"])
def test_domains_of_one_clutter_share_their_geometry(domain):
    day, other = building(1), building(1, domain)
    assert DOMAINS[domain].clutter == DOMAINS["day"].clutter
    assert same(day, other, [name for name in ARRAYS if name != "part_material"])
    np.testing.assert_array_equal(day.part_material, other.part_material)


def test_lamps_shine_with_the_strength_of_their_domain():
    day, evening = building(1), building(1, "evening")
    assert len(day.lights) == len(evening.lights) >= len(day.rooms)
    ratio = np.array(DOMAINS["evening"].lighting.lamp) / DOMAINS["day"].lighting.lamp
    for one, other in zip(day.lights, evening.lights, strict=True):
        np.testing.assert_array_equal(one.position, other.position)
        np.testing.assert_allclose(other.power, one.power * ratio)
        room = day.rooms[one.room]
        assert (one.position > room.low).all()
        assert (one.position < room.high).all()


def test_every_room_has_a_lamp():
    for index in range(4):
        lit = {light.room for light in building(index).lights}
        assert lit == set(range(len(building(index).rooms)))


def test_all_semantic_classes_and_room_types_occur_within_12_buildings():
    kinds = {placed.piece.kind for i in range(12) for f in home(i).furniture for placed in f}
    assert set(SEMANTIC) <= kinds
    assert {space.kind for i in range(12) for space in home(i).plan.spaces} == set(SCENES)


def test_room_types_differ_by_furniture_and_share_much_of_it():
    """No class alone tells the room type, and no two types have the same classes."""
    seen = {kind: set() for kind in SCENES}
    for index in range(12):
        it = home(index)
        for space, furniture in zip(it.plan.spaces, it.furniture, strict=True):
            seen[space.kind] |= {placed.piece.kind for placed in furniture}
    assert len({frozenset(kinds) for kinds in seen.values()}) == len(SCENES)
    for kind in ("bookshelf", "chair", "picture", "book", "potted_plant"):
        assert sum(kind in kinds for kinds in seen.values()) >= 4


def test_pieces_of_a_suite_are_of_one_material():
    built, it = building(0), home(0)
    first = len(it.fixtures)
    pieces = [(room, p) for room, furniture in enumerate(it.furniture) for p in furniture]
    wood = {}
    for number, (room, placed) in enumerate(pieces):
        if placed.piece.kind == "chair" and placed.suite >= 0:
            part = np.flatnonzero(built.part_instance == first + number)
            wood.setdefault((room, placed.suite), []).append(built.part_material[part].tolist())
    groups = [materials for materials in wood.values() if len(materials) > 1]
    assert groups, "no chairs around a table"
    for materials in groups:
        assert all(one == materials[0] for one in materials)


def test_books_in_a_shelf_are_of_many_materials():
    shelves = [
        (index, instance)
        for index in range(3)
        for instance, kind in enumerate(building(index).instance_kind)
        if kind == "bookshelf"
    ]
    assert shelves
    for index, instance in shelves:
        used = building(index).part_material[building(index).part_instance == instance]
        assert len(set(used)) >= 4


def test_a_negative_seed_is_refused():
    message = "seed is -1 and the building's number 0, expected no negative number"
    with pytest.raises(InvalidSceneError, match=message):
        world.build_building(-1, 0, DOMAINS["day"])
