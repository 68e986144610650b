"""Every class of furniture over many seeds: its box, its parts, its tops, its light."""

import numpy as np
import pytest

pytest.importorskip("embreex", reason="scenes need the extra `scenes`")

from encoders.scenes.appearance.materials import ROLES
from encoders.scenes.building import Building, Room
from encoders.scenes.furniture import CATALOG, OBJECTS, SEMANTIC, VARIANTS
from encoders.scenes.furniture.kitchen import counter, kitchen_sink, wall_cabinet
from encoders.scenes.raycast import Caster

SEEDS = 20
BUILDERS = {**CATALOG, **VARIANTS}
SIMPLE = {"rug": 2, "toy_ball": 2, "mirror": 2, "vase": 2, "bowl": 2, "book": 2}
"""Truly simple things (an empty vase or bowl, one book), with the least number of their parts."""
SMALL = (
    "bottle",
    "book",
    "vase",
    "toaster",
    "microwave",
    "clock",
    "picture",
    "bowl",
    "cup",
    "pot",
    "storage_box",
    "teddy_bear",
    "toy_ball",
    "toy_blocks",
    "laptop",
    "table_lamp",
    "monitor",
)


@pytest.fixture(scope="module")
def pieces():
    return {
        name: [build(np.random.default_rng([seed, 3])) for seed in range(SEEDS)]
        for name, build in BUILDERS.items()
    }


@pytest.fixture(params=BUILDERS)
def some(request, pieces):
    """The pieces of one class or variant."""
    return pieces[request.param]


def alone(piece):
    """A building that holds the piece and nothing else."""
    shapes = [part.shape for part in piece.parts]
    count = len(shapes)
    starts = np.cumsum([0, *(len(shape.vertices) for shape in shapes[:-1])])
    faces = [shape.faces + start for shape, start in zip(shapes, starts, strict=True)]
    return Building(
        name="alone",
        vertices=np.concatenate([shape.vertices for shape in shapes]),
        normals=np.concatenate([shape.normals for shape in shapes]),
        curvatures=np.concatenate([shape.curvatures for shape in shapes]),
        faces=np.concatenate(faces).astype(np.int32),
        face_part=np.repeat(np.arange(count), [len(own) for own in faces]).astype(np.int32),
        part_material=np.zeros(count, dtype=np.int32),
        part_instance=np.zeros(count, dtype=np.int32),
        part_origin=np.zeros((count, 3)),
        part_rotation=np.tile(np.eye(3), (count, 1, 1)),
        instance_kind=(piece.kind,),
        instance_room=np.zeros(1, dtype=np.int32),
        materials=(),
        rooms=(Room("room", np.full(3, -9.0), np.full(3, 9.0)),),
        lights=(),
    )


def test_the_semantic_classes_are_taskonomys_in_their_order():
    """The 16 names of segment_semantic's values 2 to 17 (Taskonomy's README)."""
    assert " ".join(SEMANTIC) == (
        "bottle chair couch potted_plant bed dining_table toilet tv microwave oven toaster sink "
        "refrigerator book clock vase"
    )
    assert OBJECTS[:16] == SEMANTIC
    assert len(set(OBJECTS)) == len(OBJECTS) == len(CATALOG)


def test_a_piece_is_of_the_class_it_was_asked_for(pieces):
    for name in CATALOG:
        assert {piece.kind for piece in pieces[name]} == {name}
    for name in VARIANTS:
        kinds = {piece.kind for piece in pieces[name]}
        assert len(kinds) == 1
        assert kinds < set(OBJECTS)


def test_all_parts_lie_in_the_box_and_touch_its_sides(some):
    for piece in some:
        corners = np.concatenate([part.shape.vertices for part in piece.parts])
        width, depth, height = piece.size
        low, high = np.array([-width / 2, -depth / 2, 0]), np.array([width / 2, depth / 2, height])
        assert (corners >= low - 1e-6).all()
        assert (corners <= high + 1e-6).all()
        assert corners.min(0) == pytest.approx(low, abs=0.01)
        assert corners.max(0) == pytest.approx(high, abs=0.01)


def test_pieces_are_made_of_several_parts_of_known_roles(some):
    for piece in some:
        assert len(piece.parts) >= SIMPLE.get(piece.kind, 3)
        assert {part.role for part in piece.parts} <= set(ROLES)


def test_shapes_are_sound(some):
    """Unit normals on the side of their triangles, no triangle without area, no stray number."""
    for piece in some:
        for part in piece.parts:
            shape = part.shape
            corners = shape.vertices[shape.faces]
            cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
            double = np.linalg.norm(cross, axis=1)
            assert double.min() > 1e-9
            assert np.linalg.norm(shape.normals, axis=1) == pytest.approx(1, abs=1e-9)
            facing = (cross[:, None] * shape.normals[shape.faces]).sum(-1) / double[:, None]
            assert facing.min() > 0
            assert np.isfinite(shape.curvatures).all()
            assert (shape.curvatures[:, 0] >= shape.curvatures[:, 1]).all()


def test_every_call_gives_another_piece(some):
    sizes = {tuple(np.round(piece.size, 6)) for piece in some}
    bodies = {piece.parts[0].shape.vertices.tobytes() for piece in some}
    styles = {tuple((part.role, part.variant) for part in piece.parts) for piece in some}
    assert len(sizes) > 1 or len(bodies) > 1
    assert len(styles) > 1 or len(sizes) > 5


@pytest.mark.parametrize("name", BUILDERS)
def test_the_same_seed_gives_the_same_piece(name):
    one, other = (BUILDERS[name](np.random.default_rng(7)) for _ in range(2))
    assert one.size == other.size
    for mine, its in zip(one.parts, other.parts, strict=True):
        assert (mine.role, mine.variant) == (its.role, its.variant)
        for field in ("vertices", "faces", "normals", "curvatures"):
            assert getattr(mine.shape, field).tobytes() == getattr(its.shape, field).tobytes()
    assert [vars(top) for top in one.tops] == [vars(top) for top in other.tops]


def test_tops_are_real_and_free(some):
    """Rays down meet the top at its height; rays up meet nothing within the headroom."""
    for piece in some:
        if not piece.tops:
            continue
        caster = Caster(alone(piece))
        for top in piece.tops:
            x, y = np.meshgrid(
                *(np.linspace(a, b, 5) for a, b in zip(top.low, top.high, strict=True))
            )
            assert top.high[0] > top.low[0]
            assert top.high[1] > top.low[1]
            assert top.headroom > 0.05
            lift = min(top.headroom, 1.0) * 0.98
            start = np.stack([x, y, np.full_like(x, top.height + lift)], axis=-1).reshape(-1, 3)
            down = caster.hits(start, np.tile((0.0, 0.0, -1.0), (25, 1)))
            assert down.point[:, 2] == pytest.approx(top.height, abs=2e-3)
            above = start.copy()
            above[:, 2] = top.height + 0.001
            up = caster.hits(above, np.tile((0.0, 0.0, 1.0), (25, 1)))
            assert (up.distance >= top.headroom - 0.005).all()


def test_what_people_put_things_on_has_a_top(pieces):
    for name in (
        "dining_table",
        "desk",
        "coffee_table",
        "nightstand",
        "cabinet",
        "dresser",
        "counter",
        "tv_stand",
        "bookshelf",
        "refrigerator",
        "washing_machine",
    ):
        assert all(piece.tops for piece in pieces[name]), name


def test_lamps_give_light_from_inside_their_box(pieces):
    lamps = {"floor_lamp", "table_lamp", "ceiling_lamp", "desk_lamp"}
    for name, some in pieces.items():
        for piece in some:
            assert len(piece.glows) == (name in lamps)
            for glow in piece.glows:
                half = np.array(piece.size) / 2
                assert (np.abs(glow.position - [0, 0, half[2]]) <= half + 1e-9).all()
                assert glow.strength > 0
                assert 0 < glow.radius < 0.3


def test_the_bulb_fits_into_its_glow(pieces):
    for name in ("floor_lamp", "table_lamp", "ceiling_lamp"):
        for piece in pieces[name]:
            (glow,) = piece.glows
            bulbs = [part for part in piece.parts if part.role == "bulb"]
            assert len(bulbs) == 1
            reach = np.linalg.norm(bulbs[0].shape.vertices - glow.position, axis=1)
            assert reach.max() <= glow.radius


def test_the_sizes_are_those_of_real_things(pieces):
    """Ranges that a tape measure gives at home: lowest and highest width, depth, height."""
    real = {
        "bed": ((0.8, 1.95, 0.6), (2.1, 2.4, 1.4)),
        "chair": ((0.38, 0.4, 0.75), (0.8, 0.8, 1.35)),
        "couch": ((1.3, 0.75, 0.65), (2.8, 1.7, 1.1)),
        "dining_table": ((0.75, 0.7, 0.7), (2.3, 1.5, 0.8)),
        "toilet": ((0.33, 0.55, 0.65), (0.5, 0.8, 1.0)),
        "tv": ((0.7, 0.15, 0.4), (1.6, 0.4, 1.0)),
        "refrigerator": ((0.5, 0.55, 1.4), (1.05, 0.85, 2.1)),
        "washing_machine": ((0.55, 0.5, 0.8), (0.65, 0.7, 0.9)),
        "bottle": ((0.05, 0.05, 0.15), (0.12, 0.12, 0.4)),
        "clock": ((0.2, 0.02, 0.2), (0.5, 0.08, 0.5)),
        "rug": ((1.0, 0.8, 0.005), (3.0, 2.4, 0.02)),
        "bookshelf": ((0.6, 0.22, 0.7), (2.0, 0.4, 2.3)),
        "toaster": ((0.25, 0.14, 0.15), (0.45, 0.25, 0.3)),
    }
    for name, (low, high) in real.items():
        sizes = np.array([piece.size for piece in pieces[name]])
        assert (sizes >= low).all(), name
        assert (sizes <= high).all(), name


def test_kitchen_units_line_up(pieces):
    """Worktops at one height, backs at one depth; widths as asked for."""
    for name in ("counter", "oven", "kitchen_sink"):
        for piece in pieces[name]:
            corners = np.concatenate([part.shape.vertices for part in piece.parts])
            tops = corners[np.abs(corners[:, 2] - 0.9) < 1e-9]
            assert len(tops), name
            assert tops[:, 1].max() == pytest.approx(piece.size[1] / 2)
            assert np.ptp(tops[:, 1]) == pytest.approx(0.6)
    for build in (counter, kitchen_sink, wall_cabinet):
        assert build(np.random.default_rng(1), width=0.7).size[0] == pytest.approx(0.7)


@pytest.mark.parametrize("name", ["sink", "bathtub", "toilet"])
def test_basins_are_hollow(pieces, name):
    """A ray straight down the middle of a basin ends well below its rim."""
    rim = {"sink": 0.08, "bathtub": 0.25, "toilet": 0.1}[name]
    for piece in pieces[name]:
        x, y = np.meshgrid(
            np.linspace(-0.4, 0.4, 33) * piece.size[0], np.linspace(-0.45, 0.45, 33) * piece.size[1]
        )
        start = np.stack([x, y, np.full_like(x, 3.0)], axis=-1).reshape(-1, 3)
        hits = Caster(alone(piece)).hits(start, np.tile((0.0, 0.0, -1.0), (len(start), 1)))
        heights = hits.point[hits.valid, 2]
        level = {"sink": (0.79, 0.92), "bathtub": (0.49, 0.63), "toilet": (0.37, 0.48)}[name]
        edge = heights[(heights > level[0]) & (heights < level[1])].max()
        inside = (heights < edge - rim) & (heights > 0.1)
        shut = name == "toilet" and inside.mean() < 0.01  # its lid is down
        assert shut or inside.mean() > 0.03


def test_triangles_are_few(pieces):
    """Less than 1,500 on average for furniture, half of that for small things."""
    for name, some in pieces.items():
        counts = [sum(len(part.shape.faces) for part in piece.parts) for piece in some]
        assert np.mean(counts) <= (1_000 if name in SMALL else 1_550), name
        assert max(counts) <= 2_600, name


def test_bookshelves_are_full_of_different_books(pieces):
    for piece in pieces["bookshelf"]:
        covers = {part.variant for part in piece.parts if part.role == "book"}
        heights = np.concatenate(
            [
                np.ptp(part.shape.vertices.reshape(-1, 24, 3)[..., 2], axis=1)
                for part in piece.parts
                if part.role == "book"
            ]
        )
        assert len(covers) >= 3
        assert len(heights) >= 8
        assert heights.std() > 0.01


def test_every_style_of_a_chair_turns_up():
    """Wooden, padded, moulded and office chairs: told apart by their roles and sizes."""
    made = [CATALOG["chair"](np.random.default_rng(seed)) for seed in range(60)]
    assert any(part.role == "plastic_dark" for piece in made for part in piece.parts)
    assert {len(piece.parts) for piece in made} >= {3, 4, 5, 6}


def test_pieces_take_a_few_milliseconds(pieces):
    """Loose, as machines differ: 56 classes in well under 20 ms each."""
    from time import process_time

    start = process_time()
    for build in CATALOG.values():
        build(np.random.default_rng(1))
    assert (process_time() - start) / len(CATALOG) < 0.02
