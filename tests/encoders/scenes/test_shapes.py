"""Solids against closed forms: areas, volumes, and curvatures that differential geometry knows."""

import numpy as np
import pytest

pytest.importorskip("embreex", reason="scenes need the extra `scenes`")
trimesh = pytest.importorskip("trimesh", reason="the oracle for volumes and normals")

from encoders.scenes.solids.hollows import holed_slab, plate_with_hole  # noqa: E402
from encoders.scenes.solids.outlines import circle, round_corners, rounded_rectangle  # noqa: E402
from encoders.scenes.solids.rounded import (  # noqa: E402
    basin,
    ellipsoid,
    leaf_blade,
    pleats,
    rounded_box,
    sphere,
)
from encoders.scenes.solids.shapes import (  # noqa: E402
    axis_rotation,
    box,
    boxes,
    copies,
    join,
    open_box,
    tapered_box,
)
from encoders.scenes.solids.tubes import tube  # noqa: E402
from encoders.scenes.solids.turned import (  # noqa: E402
    cylinder,
    frustum,
    lathe,
    prism,
    rod,
    rods,
    rotation_from_z,
)

WAVY = round_corners(
    [(0, 0), (0.2, 0), (0.4, 0.3), (0.15, 0.6), (0.3, 0.8), (0, 0.8)], 0.1, steps=8
)
BEND = [(0, 0, 0), (0, 0, 1), (1, 0, 1), (1, 1, 1.5)]

CLOSED = {
    "box": box((0, 0, 0), (1, 2, 3)),
    "boxes": boxes([(0, 0, 0), (2, 0, 0)], [(1, 1, 1), (3, 2, 1)]),
    "tapered box": tapered_box([(-1, -1), (1, 1)], [(-0.2, -0.9), (0.8, 0.1)], 0, 2),
    "rounded box": rounded_box((0, 0, 0), (1, 2, 3), 0.3, steps=4),
    "sphere": sphere((1, 2, 3), 0.5, sides=32),
    "ellipsoid": ellipsoid((0, 0, 0), (1, 2, 0.5), sides=32),
    "cylinder": cylinder(0.5, 0, 2, sides=32),
    "cylinder with round rims": cylinder(0.5, 0, 2, sides=32, edge=0.1),
    "frustum": frustum(0.5, 0.2, 0, 2, sides=32),
    "rod": rod((0, 0, 0), (1, -2, 3), 0.1, 0.05),
    "rod downwards": rod((0, 0, 1), (0, 0, 0), 0.1),
    "prism": prism(rounded_rectangle((0, 0), (1, 2), 0.3), 0, 1),
    "lathe": lathe(WAVY, sides=48),
    "oval lathe": lathe(WAVY, sides=48, stretch=(1.0, 1.6)),
    "torus": lathe(circle((1, 0), 0.25, steps=6), sides=48),
    "tube": tube(BEND, 0.1, 0.3, sides=24, steps=12),
}
OPEN = {
    "open box": open_box((0, 0, 0), (1, 1, 1)),
    "basin": basin((0, 0, 0), (1, 0.6, 0.3), 0.1),
    "plate": plate_with_hole((0, 0), (2, 3), (0.5, 0.5), (1.5, 2.5), 1.0, radius=0.2),
    "plate with an oval": plate_with_hole((0, 0), (2, 3), (0.5, 0.5), (1.5, 2.5), 1.0),
    "slab": holed_slab((0, 0, 0), (2, 3, 1), (0.5, 0.5), (1.5, 2.5), radius=0.2),
    "leaf": leaf_blade(0.3, 0.1, 0.9),
    "leaf that bends upwards": leaf_blade(0.3, 0.1, -0.9),
    "folds": pleats((0, 0, 0), (1, 0.1, 2), 6, steps=16),
}
ALL = {**CLOSED, **OPEN}


def mesh(shape):
    made = trimesh.Trimesh(shape.vertices, shape.faces, process=False)
    made.merge_vertices(merge_norm=True, merge_tex=True)
    return made


def face_normals(shape):
    """Unit normals (F, 3) and areas (F,) of the flat triangles."""
    corners = shape.vertices[shape.faces]
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    double = np.linalg.norm(cross, axis=1)
    return cross / double[:, None], double / 2


@pytest.mark.parametrize("name", ALL)
def test_normals_are_unit_and_on_the_side_of_their_triangles(name):
    shape = ALL[name]
    assert np.linalg.norm(shape.normals, axis=1) == pytest.approx(1, abs=1e-12)
    flat, area = face_normals(shape)
    assert area.min() > 1e-7, "a triangle without area has no plane to meet a ray in"
    assert (flat[:, None] * shape.normals[shape.faces]).sum(-1).min() > 0.5


@pytest.mark.parametrize("name", ALL)
def test_the_larger_curvature_comes_first(name):
    kappa = ALL[name].curvatures
    assert kappa.shape == (len(ALL[name].vertices), 2)
    assert (kappa[:, 0] >= kappa[:, 1]).all()


@pytest.mark.parametrize("name", ALL)
def test_all_vertices_and_faces_fit_together(name):
    shape = ALL[name]
    assert shape.faces.dtype == np.int32
    assert np.isfinite(shape.vertices).all()
    assert np.isfinite(shape.curvatures).all()
    assert shape.faces.min() == 0
    assert shape.faces.max() < len(shape.vertices)
    assert len(shape.normals) == len(shape.vertices)


@pytest.mark.parametrize("name", CLOSED)
def test_closed_solids_are_watertight_and_face_outwards(name):
    made = mesh(CLOSED[name])
    assert made.is_watertight
    assert made.is_winding_consistent
    assert made.volume > 0


TORUS = 2 * np.pi**2 * 1 * 0.25**2
ROUNDED = (  # the inner box, a slab on each side, quarter cylinders, and a ball in eighths
    0.4 * 1.4 * 2.4
    + 2 * 0.3 * (0.4 * 1.4 + 1.4 * 2.4 + 0.4 * 2.4)
    + np.pi * 0.3**2 * (0.4 + 1.4 + 2.4)
    + 4 / 3 * np.pi * 0.3**3
)


@pytest.mark.parametrize(
    ("name", "volume"),
    [
        ("box", 6.0),
        ("boxes", 3.0),
        ("sphere", 4 / 3 * np.pi * 0.5**3),
        ("ellipsoid", 4 / 3 * np.pi * 1 * 2 * 0.5),
        ("cylinder", np.pi * 0.5**2 * 2),
        ("frustum", np.pi * 2 / 3 * (0.5**2 + 0.5 * 0.2 + 0.2**2)),
        ("rod", np.pi * np.sqrt(14) / 3 * (0.1**2 + 0.1 * 0.05 + 0.05**2)),
        ("prism", 2 - (4 - np.pi) * 0.3**2),
        ("torus", TORUS),
        ("rounded box", ROUNDED),
    ],
)
def test_volume_is_the_closed_form(name, volume):
    made = mesh(CLOSED[name]).volume
    flat_sides = name in ("box", "boxes")
    assert made == pytest.approx(volume, rel=1e-12 if flat_sides else 0.07)
    assert made <= volume * (1 + 1e-12)  # chords lie inside what bulges


def test_finer_spheres_come_closer_to_the_closed_form():
    true = 4 / 3 * np.pi
    off = [1 - mesh(sphere((0, 0, 0), 1, sides=n)).volume / true for n in (16, 32, 64)]
    assert off[0] / off[1] == pytest.approx(4, rel=0.1)  # second order
    assert off[1] / off[2] == pytest.approx(4, rel=0.1)


def test_a_tapered_box_has_the_volume_of_a_prismatoid():
    """Simpson's rule is exact for solids whose section is a quadratic of the height."""
    made = mesh(CLOSED["tapered box"]).volume
    areas = 2 * 2, (1 + 0.5) * (1 + 0.5), 1 * 1
    assert made == pytest.approx(2 / 6 * (areas[0] + 4 * areas[1] + areas[2]))


def test_a_basin_holds_what_its_rounded_box_says():
    """The hollow of a deep rounded box with its upper half of edges cut off."""
    hollow = basin((0, 0, 0), (1, 1, 1), 0.2, steps=8)
    lid = np.array([hollow.vertices[:, 2].max()])
    assert lid == pytest.approx(1.0)
    assert hollow.vertices[:, 2].min() == pytest.approx(0.0)
    flat, area = face_normals(hollow)
    middle = hollow.vertices[hollow.faces].mean(1)
    toward = ((0.5, 0.5, 1.0) - middle) * flat
    assert (toward.sum(1) > 0).all()  # every triangle faces the hollow
    floor = 0.6**2
    corners = np.pi * 0.2 * 4 * 0.6 / 2 + np.pi * 0.2**2 / 2 * 4
    walls = 4 * 0.6 * 0.8 + 2 * np.pi * 0.2 * 0.8
    assert area.sum() == pytest.approx(floor + corners + walls, rel=0.01)


def test_a_plate_is_a_rectangle_without_its_hole():
    _, area = face_normals(OPEN["plate"])
    assert area.sum() == pytest.approx(6 - (2 - (4 - np.pi) * 0.2**2), rel=0.01)
    _, area = face_normals(plate_with_hole((0, 0), (2, 3), (0.5, 0.5), (1.5, 2.5), 1.0, steps=32))
    assert area.sum() == pytest.approx(6 - np.pi / 4 * 1 * 2, rel=1e-3)


@pytest.mark.parametrize("name", ["sphere", "ellipsoid", "cylinder", "torus", "lathe", "tube"])
def test_normals_agree_with_those_that_trimesh_averages(name):
    """Away from creases, trimesh's area-weighted vertex normals come near the exact ones."""
    shape = CLOSED[name]
    made = trimesh.Trimesh(shape.vertices, shape.faces, process=False)  # creases stay apart
    used = np.isin(np.arange(len(shape.vertices)), shape.faces)
    near = (made.vertex_normals * shape.normals).sum(1)[used]
    assert np.median(near) > 0.999
    assert near.min() > 0.9


def test_flat_things_do_not_bend():
    for name in ("box", "boxes", "tapered box", "open box", "plate", "slab"):
        assert not ALL[name].curvatures.any(), name


def test_sphere_bends_by_one_over_its_radius():
    assert sphere((0, 0, 0), 0.25).curvatures == pytest.approx(4.0)
    assert sphere((0, 0, 0), 0.25).inside_out().curvatures == pytest.approx(-4.0)


def test_cylinder_bends_around_and_not_along():
    shape = rod((0, 0, 0), (1, 2, 2), 0.2)
    side = np.abs(shape.normals @ np.array([1, 2, 2]) / 3) < 1e-9
    assert shape.curvatures[side] == pytest.approx(np.tile((5.0, 0.0), (side.sum(), 1)))
    assert not shape.curvatures[~side].any()


def test_cone_bends_by_the_cosine_of_its_slope():
    """kappa = cos(a) / r, with a the angle between the side and the axis."""
    shape = frustum(0.5, 0.2, 0, 0.4)
    side = shape.normals[:, 2] ** 2 < 0.9
    radius = np.hypot(*shape.vertices[side, :2].T)
    slope = np.arctan2(0.3, 0.4)
    assert shape.normals[side, 2] == pytest.approx(np.sin(slope))
    assert shape.curvatures[side, 0] == pytest.approx(np.cos(slope) / radius)
    assert not shape.curvatures[side, 1].any()


def torus_curvature(vertices, big, small):
    """(1 / r, cos(t) / (R + r cos(t))) at points of the torus around the z axis."""
    out = np.hypot(vertices[:, 0], vertices[:, 1])
    return np.stack([np.full(len(out), 1 / small), (out - big) / small / out], axis=1)


def test_torus_bends_as_do_carmo_says():
    shape = CLOSED["torus"]
    assert shape.curvatures == pytest.approx(torus_curvature(shape.vertices, 1.0, 0.25))


def test_a_bent_tube_is_a_piece_of_a_torus():
    """A quarter bend around the z axis, its flat ends and its straight ends left out."""
    shape = tube([(1, -2, 0), (1, 1, 0), (-2, 1, 0)], 0.2, 1.0, sides=16, steps=8)
    x, y, _ = shape.vertices.T
    smooth = shape.curvatures[:, 0] > 0
    bent = smooth & (x > 1e-6) & (y > 1e-6) & (shape.curvatures[:, 1] != 0)
    assert bent.sum() > 60
    expected = torus_curvature(shape.vertices[bent], 1.0, 0.2)
    near = np.abs(np.hypot(x[bent], y[bent]) - 1) <= 0.2 + 1e-9
    assert near.all()
    assert shape.curvatures[bent] == pytest.approx(expected, abs=1e-9)


def test_ellipsoid_bends_at_its_poles_as_its_ellipses_do():
    """At the end of half axis c the curvatures are c / a^2 and c / b^2."""
    a, b, c = 0.5, 0.8, 0.3
    shape = ellipsoid((0, 0, 0), (a, b, c))
    top = shape.vertices[:, 2].argmax()
    assert sorted(shape.curvatures[top]) == pytest.approx(sorted((c / a**2, c / b**2)))
    side = shape.vertices[:, 0].argmax()
    assert sorted(shape.curvatures[side]) == pytest.approx(sorted((a / b**2, a / c**2)))


def test_gauss_bonnet_on_an_ellipsoid():
    """The Gaussian curvature of a closed ball-like surface adds up to 4 pi."""
    shape = ellipsoid((0, 0, 0), (0.5, 0.8, 0.3), sides=96)
    _, area = face_normals(shape)
    total = (area * shape.curvatures[shape.faces].prod(-1).mean(1)).sum()
    assert total == pytest.approx(4 * np.pi, rel=3e-3)


def test_gauss_bonnet_on_a_torus_is_zero():
    shape = lathe(circle((1, 0), 0.25, steps=16), sides=96)
    _, area = face_normals(shape)
    gauss = shape.curvatures[shape.faces].prod(-1).mean(1)
    assert (area * gauss).sum() == pytest.approx(0, abs=0.01 * (area * np.abs(gauss)).sum())


def measured(shape):
    """Principal curvatures from how normals change along edges.

    For each vertex a quadratic form is fitted by least squares to its edges, in its tangent
    plane; the eigenvalues are its principal curvatures. Independent of any closed form.
    """
    edges = np.concatenate([shape.faces[:, [0, 1]], shape.faces[:, [1, 2]], shape.faces[:, [2, 0]]])
    edges = np.unique(np.sort(edges, axis=1), axis=0)
    edges = np.concatenate([edges, edges[:, ::-1]])
    result = np.full((len(shape.vertices), 2), np.nan)
    for vertex in np.unique(edges):
        other = edges[edges[:, 0] == vertex, 1]
        if len(other) < 5:
            continue
        frame = rotation_from_z(shape.normals[vertex])[:, :2]
        step = (shape.vertices[other] - shape.vertices[vertex]) @ frame
        turn = (shape.normals[other] - shape.normals[vertex]) @ frame
        rows, right = [], []
        for (x, y), (p, q) in zip(step, turn, strict=True):
            rows += [(x, y, 0), (0, x, y)]
            right += [p, q]
        a, b, c = np.linalg.lstsq(np.array(rows), np.array(right), rcond=None)[0]
        result[vertex] = np.linalg.eigvalsh([[a, b], [b, c]])[::-1]
    return result


@pytest.mark.parametrize(
    "shape",
    [
        ellipsoid((0, 0, 0), (0.5, 0.8, 0.6), sides=64),
        lathe(round_corners([(0.5, 0), (0.9, 0.5), (0.4, 1.0)], 0.6, steps=40), sides=96),
        lathe(
            round_corners([(0.5, 0), (0.9, 0.5), (0.4, 1.0)], 0.6, steps=40),
            sides=96,
            stretch=(1.0, 1.4),
        ),
        lathe(circle((1, 0), 0.4, steps=16), sides=96, stretch=(0.8, 1.2)),
    ],
    ids=["ellipsoid", "lathe", "oval lathe", "oval torus"],
)
def test_curvature_is_how_the_normal_turns(shape):
    """Fitted from positions and normals of neighbors; creases and poles are left out."""
    fitted = measured(shape)
    known = np.isfinite(fitted[:, 0]) & (np.hypot(*shape.vertices[:, :2].T) > 0.15)
    scale = np.abs(shape.curvatures[known]).max()
    off = np.abs(fitted - shape.curvatures)[known] / scale
    assert known.sum() > 500
    assert np.median(off) < 0.01
    assert np.quantile(off, 0.9) < 0.06


def test_stretching_by_one_changes_nothing():
    """The general formula for oval sections gives the surface of revolution as a special case."""
    round_, oval = lathe(WAVY), lathe(WAVY, stretch=(1.0, 1.0 + 1e-9))
    off_axis = np.hypot(*round_.vertices[:, :2].T) > 1e-3
    assert oval.normals[off_axis] == pytest.approx(round_.normals[off_axis], abs=1e-6)
    assert oval.curvatures[off_axis] == pytest.approx(round_.curvatures[off_axis], abs=1e-5)


@pytest.mark.parametrize("stretch", [(1.0, 1.0), (1.0, 2.0)])
def test_a_dome_bends_at_its_top_as_its_profile_does(stretch):
    """z = h - k r^2 / 2 stretched by s bends by k / s^2; there is no division by the radius 0."""
    # A quarter of a circle of radius 0.5 that ends on the axis, level.
    profile = round_corners([(0.5, 0), (0.5, 0.5), (0, 0.5)], 0.5, steps=16)
    dome = lathe(profile, stretch=stretch)
    top = np.flatnonzero((dome.vertices[:, 2] > 0.5 - 1e-9) & (dome.curvatures[:, 1] > 0))
    assert len(top) == 24
    expected = [2.0 / stretch[0] ** 2, 2.0 / stretch[1] ** 2]
    assert dome.curvatures[top] == pytest.approx(np.tile(expected, (24, 1)), rel=1e-9)


def test_folds_are_the_sine_wave_they_claim_to_be():
    """Curvature by finite differences of the wave itself: y'' / (1 + y'^2)^1.5."""
    shape = pleats((0, -0.05, 0), (1, 0.05, 2), 5, steps=16)
    x, y, z = shape.vertices.T
    below = z == 0
    k, h = 2 * np.pi * 5, 1e-5
    assert y[below] == pytest.approx(0.05 * np.cos(k * x[below]))

    def wave(at):
        return 0.05 * np.cos(k * at)

    slope = (wave(x + h) - wave(x - h)) / (2 * h)
    second = (wave(x + h) - 2 * wave(x) + wave(x - h)) / h**2
    bend = second / (1 + slope**2) ** 1.5
    assert shape.curvatures.sum(1) == pytest.approx(bend, abs=1e-3 * np.abs(bend).max())
    assert (shape.curvatures.prod(1) == 0).all()


def test_a_leaf_lies_on_a_cylinder_and_keeps_its_length():
    length, droop = 0.3, 0.9
    leaf = leaf_blade(length, 0.1, droop, rows=64)
    radius = length / droop
    off = np.hypot(leaf.vertices[:, 1], leaf.vertices[:, 2] + radius)
    assert off == pytest.approx(radius)
    assert leaf.curvatures[:, 0] == pytest.approx(1 / radius)
    rib = leaf.vertices.reshape(-1, 2, 3).mean(1)
    assert np.linalg.norm(np.diff(rib, axis=0), axis=1).sum() == pytest.approx(length, rel=1e-3)
    assert np.ptp(leaf.vertices[:, 0]) == pytest.approx(0.1, rel=0.01)


def test_fillets_touch_both_lines_and_have_their_radius():
    path = round_corners([(0, 0), (2, 0), (2, 2)], 0.5, steps=8)
    arc = path.curvatures != 0
    center = np.array([1.5, 0.5])
    assert np.linalg.norm(path.points[arc] - center, axis=1) == pytest.approx(0.5)
    assert path.curvatures[arc] == pytest.approx(2.0)  # it turns to the left
    assert round_corners([(0, 0), (2, 0), (2, -2)], 0.5).curvatures.min() == pytest.approx(-2.0)


def test_a_fillet_too_large_is_taken_as_large_as_fits():
    path = round_corners([(0, 0), (1, 0), (1, 1), (0, 1)], 9.0, closed=True)
    assert np.linalg.norm(path.points - 0.5, axis=1) == pytest.approx(0.5)
    assert len(path.segments) == 4 * 4  # arcs only, no lines of no length


def test_sharp_corners_stay_creases():
    path = round_corners([(0, 0), (1, 0), (1, 1)])
    assert path.points.tolist() == [[0, 0], [1, 0], [1, 0], [1, 1]]
    assert path.segments.tolist() == [[0, 1], [2, 3]]
    assert path.sides.tolist() == [[0, -1], [0, -1], [1, 0], [1, 0]]


def test_a_circle_has_its_length():
    path = circle((1, 2), 0.5, steps=32)
    chords = np.diff(path.points[path.segments], axis=1)
    assert np.linalg.norm(chords, axis=-1).sum() == pytest.approx(np.pi, rel=1e-3)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_rotations_are_right_handed(axis):
    turn = axis_rotation(axis, np.pi / 2)
    first, second = np.eye(3)[(axis + 1) % 3], np.eye(3)[(axis + 2) % 3]
    assert turn @ first == pytest.approx(second, abs=1e-15)
    assert np.linalg.det(turn) == pytest.approx(1)


@pytest.mark.parametrize("direction", [(0, 0, 1), (0, 0, -1), (1, 2, 3), (0, -1, 0), (1, 0, -5)])
def test_upright_turns_z_to_the_direction(direction):
    turn = rotation_from_z(direction)
    assert turn[:, 2] == pytest.approx(np.array(direction) / np.linalg.norm(direction))
    assert turn @ turn.T == pytest.approx(np.eye(3), abs=1e-12)
    assert np.linalg.det(turn) == pytest.approx(1)


def test_turning_and_moving_keep_a_solid_what_it_is():
    turned = CLOSED["lathe"].rotated(axis_rotation(0, 0.7)).moved((3, 2, 1))
    assert mesh(turned).volume == pytest.approx(mesh(CLOSED["lathe"]).volume)
    assert turned.curvatures is CLOSED["lathe"].curvatures
    flat, _ = face_normals(turned)
    assert (flat[:, None] * turned.normals[turned.faces]).sum(-1).min() > 0.5


def test_copies_are_the_shape_turned_and_moved():
    leaf, turns = leaf_blade(0.3, 0.1, 0.9), axis_rotation(2, [0.0, 1.0])
    both = copies(leaf, [(0, 0, 1), (2, 0, 0)], turns)
    apart = join([leaf.moved((0, 0, 1)), leaf.rotated(turns[1]).moved((2, 0, 0))])
    for name in ("vertices", "faces", "normals", "curvatures"):
        assert getattr(both, name) == pytest.approx(getattr(apart, name), abs=1e-12)


def test_many_rods_are_single_rods_joined():
    starts, ends = [(0, 0, 0), (1, 0, 0)], [(0, 0, 1), (1, 2, -1)]
    together = rods(starts, ends, [0.1, 0.2], [0.1, 0.05])
    single = join([rod(starts[0], ends[0], 0.1, 0.1), rod(starts[1], ends[1], 0.2, 0.05)])
    for name in ("vertices", "faces", "normals", "curvatures"):
        assert getattr(together, name) == pytest.approx(getattr(single, name), abs=1e-12)
