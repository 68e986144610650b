"""Rooms are furnished as people furnish them, and no two pieces overlap."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from encoders.scenes.furniture.piece import Part, Piece, make_piece
from encoders.scenes.homes import world
from encoders.scenes.homes.doors import swing_zone
from encoders.scenes.homes.footprints import Boxes, boxes_of_solids, overlaps
from encoders.scenes.homes.furnishing import SMALL
from encoders.scenes.homes.placed_piece import PlacedPiece
from encoders.scenes.solids.shapes import box
from tests.encoders.scenes.furnished_homes import Mesh, home, meet, near
from tests.examples import examples

HOMES = range(10)
STICKS_OUT = 0.001
"""Depth (meters) to which shapes may overlap."""


def rooms(index):
    it = home(index)
    return zip(it.plan.spaces, it.furniture, range(len(it.furniture)), strict=True)


def of(furniture, *kinds):
    return [placed for placed in furniture if placed.piece.kind in kinds]


def front(placed):
    return np.array([np.sin(placed.turn), -np.cos(placed.turn)])


@pytest.mark.parametrize("index", HOMES)
def test_no_two_pieces_share_more_than_a_millimeter(index):
    """Oracle: edges of one mesh against the triangles of the other, and corners inside it."""
    for space, furniture, _ in rooms(index):
        meshes = [Mesh(placed, space.low, STICKS_OUT / 2) for placed in furniture]
        for i, j in combinations(range(len(meshes)), 2):
            if near(meshes[i], meshes[j]):
                assert not meet(meshes[i], meshes[j]), (
                    f"{space.kind}: {furniture[i].piece.kind} and {furniture[j].piece.kind}"
                    f" at {furniture[i].position.round(2)}, {furniture[j].position.round(2)}"
                )


def test_the_collision_oracle_finds_what_it_should():
    a = make_piece("a", [Part(box((0, 0, 0), (1, 1, 1)), "wood")])
    b = make_piece("b", [Part(box((0, 0, 0), (0.2, 0.2, 0.2)), "wood")])

    def placed(piece, *at):
        return Mesh(PlacedPiece(piece, np.array(at, dtype=float), 0.3), np.zeros(3), STICKS_OUT / 2)

    assert meet(placed(a, 0, 0, 0), placed(b, 0, 0, 0.4)), "wholly inside"
    assert meet(placed(a, 0, 0, 0), placed(b, 0, 0, 0.9)), "through the lid"
    assert not meet(placed(a, 0, 0, 0), placed(b, 0, 0, 1.0)), "standing on it"
    assert not meet(placed(a, 0, 0, 0), placed(b, 0, 0.8, 0.2)), "beside it"


@pytest.mark.parametrize("index", HOMES)
def test_nothing_sticks_out_of_its_room(index):
    for space, furniture, _ in rooms(index):
        for placed in furniture:
            mesh = Mesh(placed, space.low)
            assert (mesh.low > -1e-4).all(), (space.kind, placed.piece.kind)
            assert (mesh.high < space.high - space.low + 1e-4).all(), placed.piece.kind


@pytest.mark.parametrize("index", HOMES)
def test_everything_stands_on_something_or_hangs(index):
    """Rays down from the lowest points of a piece meet the floor or a top within 2 mm."""
    for space, furniture, _ in rooms(index):
        meshes = [Mesh(placed, space.low) for placed in furniture]
        for number, (placed, mesh) in enumerate(zip(furniture, meshes, strict=True)):
            if placed.host < 0 and placed.position[2] > 0.02:  # no rug is thicker
                assert _hangs(space, mesh), (space.kind, placed.piece.kind, placed.position)
                continue
            feet = mesh.vertices[mesh.vertices[:, 2] < mesh.low[2] + 1e-4].astype(float)
            below = [
                other for k, other in enumerate(meshes) if k != number and near(mesh, other, 0.01)
            ]
            support = np.array([_support(foot, below) for foot in feet[:: max(1, len(feet) // 12)]])
            gap = mesh.low[2] - support
            assert (np.abs(gap) < 0.002).mean() > 0.7, (space.kind, placed.piece.kind, gap)


def _hangs(space, mesh):
    """Return whether a piece is within a centimeter of a wall, or hangs from the ceiling."""
    size = space.high - space.low
    return min(mesh.low[:2].min(), (size - mesh.high).min()) < 0.02


def _cross(one, other):
    return one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]


def _support(point, meshes):
    """Height of the highest triangle at most 3 mm above a point (Moeller-Trumbore, downwards)."""
    best = 0.0
    for mesh in meshes:
        a, b, c = (mesh.vertices[mesh.faces[:, k]].astype(float) for k in range(3))
        area = _cross(b - a, c - a)
        u, v = _cross(point - a, c - a), _cross(b - a, point - a)
        with np.errstate(divide="ignore", invalid="ignore"):
            u, v = u / area, v / area
            height = a[:, 2] + u * (b - a)[:, 2] + v * (c - a)[:, 2]
            good = (u > -1e-3) & (v > -1e-3) & (u + v < 1.001) & (height < point[2] + 0.003)
        best = max(best, height[good].max(initial=0.0))
    return best


@pytest.mark.parametrize("index", HOMES)
def test_doors_stay_clear_and_no_tall_thing_hides_a_window(index):
    it = home(index)
    for space, furniture, number in rooms(index):
        for opening in (o for o in it.plan.openings if number in o.rooms):
            for placed in furniture:
                mesh = Mesh(placed, np.zeros(3))
                if placed.piece.kind == "rug":
                    continue
                if opening.kind == "window":
                    low, high = opening.low.copy(), opening.high.copy()
                    low[2] = max(low[2] + 0.35, 1.2)
                    low[opening.axis] -= 0.3
                    high[opening.axis] += 0.3
                    hides = placed.host < 0 and placed.piece.kind != "curtain"
                else:
                    low, high = (
                        np.append(c, z) for c, z in zip(swing_zone(opening), (0, 2.0), strict=True)
                    )
                    hides = True
                if hides:
                    inside = (mesh.vertices > low + 1e-3) & (mesh.vertices < high - 1e-3)
                    assert not inside.all(1).any(), (space.kind, placed.piece.kind, opening.kind)


@pytest.mark.parametrize("index", HOMES)
def test_a_third_of_the_floor_is_free_for_a_camera(index):
    """Share of a grid of points that no piece lower than 2 m covers."""
    for space, furniture, _ in rooms(index):
        grid = np.stack(
            np.meshgrid(*(np.arange(space.low[k], space.high[k], 0.05) for k in (0, 1))), -1
        ).reshape(-1, 2)
        free = np.ones(len(grid), dtype=bool)
        for placed in furniture:
            if placed.piece.kind == "rug" or placed.position[2] > 1.9:
                continue
            local = grid - placed.position[:2]
            c, s = np.cos(placed.turn), np.sin(placed.turn)
            x, y = c * local[:, 0] + s * local[:, 1], c * local[:, 1] - s * local[:, 0]
            half = np.array(placed.piece.size[:2]) / 2
            free &= ~((np.abs(x) < half[0]) & (np.abs(y) < half[1]))
        assert free.mean() > 0.33, (space.kind, free.mean())


def test_beds_have_their_heads_against_a_wall_and_desks_their_backs():
    for index in HOMES:
        for space, furniture, _ in rooms(index):
            for placed in of(
                furniture, "bed", "crib", "desk", "wardrobe", "refrigerator", "toilet"
            ):
                back = placed.position[:2] - front(placed) * placed.piece.size[1] / 2
                away = np.minimum(back - space.low[:2], space.high[:2] - back).min()
                assert -1e-6 < away < 0.04, (space.kind, placed.piece.kind, away)


def test_couches_face_their_television_over_free_floor():
    seen = 0
    for index in HOMES:
        for _, furniture, _ in rooms(index):
            for couch in of(furniture, "couch"):
                for tv in of(furniture, "tv"):
                    step = tv.position[:2] - couch.position[:2]
                    distance = np.linalg.norm(step)
                    assert step @ front(couch) > 0.97 * distance
                    assert front(couch) @ front(tv) < -0.97
                    assert 1.8 < distance < 6.5
                    seen += 1
    assert seen >= 4


def test_dining_chairs_face_their_table_from_its_edge():
    seen = 0
    for index in HOMES:
        for space, furniture, _ in rooms(index):
            if space.kind != "dining_room":
                continue
            (table,) = of(furniture, "dining_table")
            for chair in of(furniture, "chair"):
                c, s = np.cos(table.turn), np.sin(table.turn)
                local = np.array([[c, s], [-s, c]]) @ (chair.position - table.position)[:2]
                outside = np.abs(local) - np.array(table.piece.size[:2]) / 2
                assert outside.max() > -0.2
                if outside.max() < 0.55:  # others stand along the walls
                    seen += 1
                    # Toward the table's long middle line: the nearest point of the table.
                    edge = np.clip(
                        local, *(k * np.array(table.piece.size[:2]) / 2.6 for k in (-1, 1))
                    )
                    way = np.array([[c, -s], [s, c]]) @ (edge - local)
                    assert way @ front(chair) > 0.6 * np.linalg.norm(way)
    assert seen >= 8


def test_what_a_room_must_have_it_has():
    must = {
        "living_room": {"couch"},
        "bedroom": {"bed"},
        "kitchen": {"sink", "oven", "counter"},
        "bathroom": {"toilet", "sink"},
        "dining_room": {"dining_table", "chair"},
        "home_office": {"desk"},
        "library": {"bookshelf"},
        "laundry": {"washing_machine"},
    }
    have = {kind: [] for kind in must}
    for index in HOMES:
        for space, furniture, _ in rooms(index):
            if space.kind in must:
                have[space.kind].append(must[space.kind] <= {p.piece.kind for p in furniture})
    assert {kind: np.mean(got) for kind, got in have.items() if np.mean(got) < 0.85} == {}


def test_clutter_changes_small_things_only():
    plain, full = (world.furnish_home(3, 0, clutter=clutter) for clutter in (0.0, 3.0))
    count = 0
    for space, few, many in zip(plain.plan.spaces, plain.furniture, full.furniture, strict=True):
        for one, other in zip(few, many[: len(few)], strict=True):
            assert one.piece.kind == other.piece.kind
            np.testing.assert_array_equal(one.position, other.position)
        extra = many[len(few) :]
        count += len(extra)
        names = {name.replace("small_plant", "potted_plant") for name, _ in SMALL[space.kind]}
        assert {placed.piece.kind for placed in extra} <= names
        assert all(placed.host >= 0 for placed in extra)
    assert count > 20


finite = st.floats(-1.5, 1.5)


@given(st.tuples(finite, finite), st.floats(-3.2, 3.2), st.floats(-3.2, 3.2))
@examples(times=0.6)
def test_overlap_of_turned_boxes_agrees_with_sampling(offset, turn, other_turn):
    """Oracle: whether any of many points of one rectangle is inside the other."""
    half = np.array([0.5, 0.3, 0.2])
    one = Boxes(np.zeros((1, 3)), half[None], np.array([turn]))
    other = Boxes(np.array([[*offset, 0.1]]), half[None] * 1.4, np.array([other_turn]))
    u = np.stack(np.meshgrid(*(np.linspace(-h, h, 61) for h in half[:2])), -1).reshape(-1, 2)

    def turned(points, angle):
        c, s = np.cos(angle), np.sin(angle)
        return points @ np.array([[c, s], [-s, c]])

    local = np.abs(turned(turned(u, turn) - np.array(offset), -other_turn))
    margin = (local - 1.4 * half[:2]).max(1).min()
    if abs(margin) > 0.03:  # closer than the grid's step, the samples cannot tell
        assert overlaps(one, other)[0, 0] == (margin < 0)


def test_solids_are_the_connected_pieces_of_a_mesh():
    legs = [box((x, y, 0), (x + 0.05, y + 0.05, 0.7)) for x in (0, 0.95) for y in (0, 0.55)]
    table = make_piece(
        "t", [Part(box((0, 0, 0.71), (1, 0.6, 0.75)), "wood"), *(Part(leg, "wood") for leg in legs)]
    )
    boxes = boxes_of_solids(table)
    assert len(boxes) == 5
    np.testing.assert_allclose(sorted(boxes.half[:, 0]), [0.025] * 4 + [0.5])


@pytest.mark.parametrize("index", HOMES)
def test_nothing_meets_doors_windows_and_strips_of_the_building(index):
    """Door leaves, casings, sills and skirting boards against every piece near them."""
    it = home(index)
    fixtures = [
        PlacedPiece(Piece(fixture.kind, fixture.parts, (1, 1, 1)), np.zeros(3), 0.0)
        for fixture in it.fixtures
        if fixture.kind in ("door", "window", "trim")
    ]
    for space, furniture, _ in rooms(index):
        solid = [Mesh(fixture, space.low) for fixture in fixtures]
        for placed in furniture:
            mesh = Mesh(placed, space.low, STICKS_OUT)
            for fixture, other in zip(fixtures, solid, strict=True):
                if near(mesh, other):
                    where = (space.kind, placed.piece.kind, fixture.piece.kind)
                    assert not meet(mesh, other), where
