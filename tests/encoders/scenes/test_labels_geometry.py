"""Depth, normals, curvature, reshading and occlusion edges against closed forms."""

import numpy as np
import pytest

from encoders.codecs import poses
from encoders.errors import InvalidSceneError
from encoders.scenes.appearance import domains
from encoders.scenes.camera import Camera
from encoders.scenes.homes import world
from encoders.scenes.labels import geometry
from encoders.scenes.labels.gaps import _Pair
from encoders.scenes.labels.occlusion import edge_occlusion
from encoders.scenes.labels.sight import Sight
from encoders.scenes.raycast import Caster
from encoders.scenes.solids.shapes import Shape, box
from encoders.scenes.views import plan_views
from tests.encoders.scenes.boxes import HIGH, LOW, ball, building, hollow, look

CENTER, RADIUS = np.array([2.5, 2.2, 0.9]), 0.5
EYE, AIM = np.array([2.1, 0.4, 1.5]), np.array([2.6, 2.4, 0.8])


def furnished(size=64, fov=1.1):
    """A ball in the air, a cabinet, a pole and a picture on the wall."""
    return look(
        [
            hollow(),
            ball(CENTER, RADIUS),
            box([3.4, 2.4, 0], [4.3, 3.0, 1.1]),
            box([1.2, 2.6, 0], [1.26, 2.66, 2.0]),
            box([2.4, 3.96, 1.4], [3.2, 4.0, 2.0]),
        ],
        EYE,
        AIM,
        size=size,
        fov=fov,
    )


def world_rays(sight):
    """Unit rays, (H, W, 3), written out pixel by pixel from the definition of a pinhole camera."""
    half = np.tan(sight.camera.fov / 2)
    right, up, back = sight.camera.rotation.T
    rays = np.empty((sight.size, sight.size, 3))
    for row in range(sight.size):
        for column in range(sight.size):
            x = ((column + 0.5) / sight.size * 2 - 1) * half
            y = (1 - (row + 0.5) / sight.size * 2) * half
            ray = x * right + y * up - back
            rays[row, column] = ray / np.linalg.norm(ray)
    return rays


def instances(sight):
    return sight.grid(sight.hits.instance)


def in_camera(sight, vectors):
    return np.einsum("ji,hwj->hwi", sight.camera.rotation, vectors)


def inside(same, reach=1):
    """Pixels all of whose neighbors within ``reach`` have the same value."""
    result = np.zeros(same.shape, dtype=bool)
    core = same[reach:-reach, reach:-reach]
    result[reach:-reach, reach:-reach] = True
    for i in range(-reach, reach + 1):
        for j in range(-reach, reach + 1):
            moved = np.roll(same, (i, j), (0, 1))[reach:-reach, reach:-reach]
            result[reach:-reach, reach:-reach] &= moved == core
    return result


def gradient_normals(sight):
    """Unit normals from differences of depth x ray between neighboring pixels, (H, W, 3)."""
    points = world_rays(sight) * geometry.depth_euclidean(sight)[..., None]
    down, across = np.gradient(points, axis=(0, 1))
    normals = np.cross(down, across)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    return in_camera(sight, normals)


# Depth


def test_euclidean_depth_in_an_empty_room_is_the_distance_to_the_nearest_of_six_planes():
    sight = look([hollow()], EYE, AIM)
    rays = world_rays(sight)
    ahead = np.where(rays > 0, HIGH, LOW) - EYE
    np.testing.assert_allclose(geometry.depth_euclidean(sight), (ahead / rays).min(-1), rtol=1e-9)


def test_depth_of_a_ball_solves_the_quadratic_equation():
    sight = furnished()
    rays, on = world_rays(sight), instances(sight) == 1
    along = ((CENTER - EYE) * rays).sum(-1)
    root = along**2 - ((CENTER - EYE) ** 2).sum() + RADIUS**2
    expected = (along - np.sqrt(np.maximum(root, 0)))[on]
    # The mesh lies inside the sphere by at most the sagitta of its triangles.
    slope = (np.sqrt(np.maximum(root, 1e-9)) / RADIUS)[on]
    excess = geometry.depth_euclidean(sight)[on] - expected
    sagitta = RADIUS * (1 - np.cos(2 * np.pi / 96)) * 1.5
    well_in = slope > 0.2
    assert well_in.sum() > 200
    assert (np.abs(excess[well_in]) <= sagitta / slope[well_in] + 1e-6).all()


def test_depth_times_ray_is_a_point_that_projects_back_to_its_pixel():
    sight = furnished()
    points = EYE + world_rays(sight) * geometry.depth_euclidean(sight)[..., None]
    np.testing.assert_allclose(points.reshape(-1, 3), sight.hits.point, atol=1e-9)
    where = sight.camera.project(points.reshape(-1, 3)).reshape(64, 64, 2)
    middle = (np.arange(64) + 0.5) / 64
    np.testing.assert_allclose(where[..., 0], np.broadcast_to(middle, (64, 64)), atol=1e-9)
    np.testing.assert_allclose(where[..., 1], np.broadcast_to(middle[:, None], (64, 64)), atol=1e-9)


def test_zbuffer_depth_is_euclidean_depth_times_the_cosine_to_the_axis():
    sight = furnished()
    cosine = world_rays(sight) @ (AIM - EYE) / np.linalg.norm(AIM - EYE)
    np.testing.assert_allclose(
        geometry.depth_zbuffer(sight), geometry.depth_euclidean(sight) * cosine, rtol=1e-12
    )


def test_zbuffer_depth_of_a_wall_straight_ahead_is_constant():
    sight = look([hollow()], [2.5, 1.0, 1.3], [2.5, 4.0, 1.3], fov=0.6)
    np.testing.assert_allclose(geometry.depth_zbuffer(sight), 3.0, rtol=1e-12)


# Normals and curvature


def test_normals_are_perpendicular_to_the_gradient_of_depth():
    sight = furnished(size=128)
    face = sight.hits.flat.round(6) @ [1, 10, 100] + 1000 * sight.hits.instance
    flat = inside(sight.grid(face)) & (instances(sight) != 1)
    normals, slopes = geometry.normal(sight), gradient_normals(sight)
    assert flat.sum() > 8_000
    np.testing.assert_allclose(normals[flat], slopes[flat], atol=1e-6)
    smooth = inside(instances(sight) == 1, 4) & (instances(sight) == 1)
    angle = np.degrees(np.arccos(np.clip((normals * slopes).sum(-1)[smooth], -1, 1)))
    assert smooth.sum() > 500
    assert np.median(angle) < 2.5  # the triangles are 3.75 degrees wide
    assert angle.max() < 12


def test_normals_of_a_ball_point_away_from_its_center():
    sight = furnished()
    on = instances(sight) == 1
    away = in_camera(sight, (sight.grid(sight.hits.point) - CENTER) / RADIUS)
    np.testing.assert_allclose(geometry.normal(sight)[on], away[on], atol=4e-3)


def test_normals_are_in_the_frame_of_the_camera():
    """Right of the picture, up, and toward the camera."""
    sight = look([hollow()], [2.5, 1.0, 1.3], [2.5, 4.0, 1.3], fov=2.0)
    normals = geometry.normal(sight)
    np.testing.assert_allclose(normals[32, 32], [0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(normals[32, 0], [1, 0, 0], atol=1e-12)  # the wall on the left
    np.testing.assert_allclose(normals[63, 32], [0, 1, 0], atol=1e-12)  # the floor
    np.testing.assert_allclose(np.linalg.norm(normals, axis=-1), 1, atol=1e-12)


@pytest.mark.parametrize("radius", [0.2, 0.5, 0.8])
def test_curvature_of_a_ball_of_radius_r_is_one_over_r(radius):
    sight = look([hollow(), ball(CENTER, radius)], EYE, CENTER)
    curvature, on = geometry.principal_curvature(sight), instances(sight) == 1
    assert on.sum() > 60
    np.testing.assert_allclose(curvature[on], 1 / radius, rtol=1e-9)
    np.testing.assert_array_equal(curvature[~on], 0)


def test_curvature_of_the_inside_of_a_ball_is_negative():
    solid = ball([0, 0, 0], 2.0)
    bowl = Shape(solid.vertices, solid.faces[:, ::-1], -solid.normals, -solid.curvatures)
    sight = look([bowl], [0.3, 0.1, 0.2], [1, 1, 0])
    np.testing.assert_allclose(geometry.principal_curvature(sight), -0.5, rtol=1e-9)


def test_the_larger_principal_curvature_comes_first():
    """Seen from inside, a pipe's two curvatures change places."""
    solid = ball([0, 0, 0], 2.0)
    pipe = Shape(solid.vertices, solid.faces, solid.normals, solid.curvatures * [1, 0])
    sight = look([pipe], [0.3, 0.1, 0.2], [1, 1, 0])
    curvature = geometry.principal_curvature(sight)
    np.testing.assert_allclose(curvature[..., 0], 0, atol=1e-12)
    np.testing.assert_allclose(curvature[..., 1], -0.5, rtol=1e-9)


# Reshading


def test_reshading_of_a_wall_straight_ahead_is_its_closed_form():
    """At the height D above a plane, n . l = D / r for a point at the distance r."""
    sight = look([hollow()], [2.5, 1.0, 1.3], [2.5, 4.0, 1.3], fov=0.6)
    r = 3.0 / -sight.rays[:, 2].reshape(64, 64)
    np.testing.assert_allclose(geometry.reshading(sight), 3 / r * 8 / (8 + r**2), rtol=1e-9)


def test_reshading_follows_from_depth_and_its_gradient():
    sight = furnished(size=128)
    flat = inside(sight.grid(sight.hits.face)) & (instances(sight) != 1)
    depth = geometry.depth_euclidean(sight)
    facing = -(gradient_normals(sight) * in_camera(sight, world_rays(sight))).sum(-1)
    expected = np.maximum(facing, 0) * 8 / (8 + depth**2)
    assert flat.sum() > 8_000
    np.testing.assert_allclose(geometry.reshading(sight)[flat], expected[flat], atol=1e-6)


def test_reshading_is_in_its_range_and_brightest_where_a_ball_faces_the_camera():
    sight = look([hollow(), ball(CENTER, RADIUS)], EYE, CENTER, size=65)
    shade = geometry.reshading(sight)
    assert shade.min() >= 0
    assert shade.max() <= 1
    on = np.where(instances(sight) == 1, shade, 0)
    assert np.hypot(*(np.array(np.unravel_index(on.argmax(), on.shape)) - 32)) < 2
    distance = np.linalg.norm(CENTER - EYE) - RADIUS
    assert on.max() == pytest.approx(8 / (8 + distance**2), rel=2e-3)


# What is not there


def open_room():
    """A room whose far wall (y = 4) is missing, with a box in front of the opening."""
    room = hollow()
    kept = ~(room.vertices[room.faces][:, :, 1] == HIGH[1]).all(1)
    room = Shape(room.vertices, room.faces[kept], room.normals, room.curvatures)
    return look([room, box([2, 2, 1.2], [3, 2.5, 1.8])], [2.5, 0.5, 1.5], [2.5, 4, 1.5], fov=1.4)


def test_what_is_outside_is_masked():
    sight = open_room()
    hole = (np.abs(world_rays(sight)[..., [0, 2]]) * 3.5 / world_rays(sight)[..., [1]]) < [2.5, 1.1]
    hole = hole.all(-1) & (instances(sight) != 1)
    mask = geometry.mask(sight)
    assert 100 < hole.sum() < 3_000
    assert not mask[hole].any()
    np.testing.assert_array_equal(np.isnan(geometry.depth_euclidean(sight)), ~mask)
    np.testing.assert_array_equal(np.isnan(geometry.depth_zbuffer(sight)), ~mask)
    for values in (geometry.normal(sight), geometry.principal_curvature(sight)):
        np.testing.assert_array_equal(values[~mask], 0)
    np.testing.assert_array_equal(geometry.reshading(sight)[~mask], 0)
    np.testing.assert_array_equal(edge_occlusion(sight)[~mask], 0)


# Occlusion edges


def beside(pixels):
    """Pixels one of whose four neighbors is among ``pixels``."""
    wide = np.pad(pixels, 1)
    return wide[:-2, 1:-1] | wide[2:, 1:-1] | wide[1:-1, :-2] | wide[1:-1, 2:]


def test_edges_lie_exactly_along_the_silhouette_of_a_box_in_the_air():
    sight = look([hollow(), box([2, 1.9, 1.0], [3, 2.5, 1.6])], [1.4, 0.4, 1.7], [2.5, 2.2, 1.3])
    on = instances(sight) == 1
    assert on.sum() > 300
    np.testing.assert_array_equal(edge_occlusion(sight) > 0, on & beside(~on))


def facing_a_box():
    """A box whose face is 2 m away hides a wall 4 m away, seen straight on."""
    low = np.array([0.0, -1.0, 0.0])
    shapes = [hollow(low), box([2, 2, 1.1], [3, 2.5, 1.5])]
    return look(shapes, [2.5, 0, 1.3], [2.5, 4, 1.3], fov=0.6, low=low)


def test_strength_is_one_minus_near_over_far():
    sight = facing_a_box()
    on = instances(sight) == 1
    edges = edge_occlusion(sight)
    np.testing.assert_allclose(edges[on & beside(~on)], 0.5, atol=1e-9)


def test_strength_against_the_open_is_one():
    sight = open_room()
    mask = geometry.mask(sight)
    edges = edge_occlusion(sight)
    rim = mask & beside(~mask)
    assert rim.sum() > 50
    np.testing.assert_allclose(edges[rim], 1.0, atol=1e-9)
    assert (edges[~rim] < 1).all()


@pytest.mark.parametrize("height", [0.05, 0.3, 1.5, 2.55])
def test_an_empty_room_has_no_edges_however_grazing_the_view(height):
    """Creases do not count, nor do 40 m of floor seen from 5 cm above it."""
    high = np.array([3.0, 40.0, 2.6])
    sight = look([hollow(LOW, high)], [1.1, 0.2, height], [1.6, 39.0, 1.2], high=high, fov=1.3)
    np.testing.assert_array_equal(edge_occlusion(sight), 0)


def test_a_box_on_the_floor_has_no_edge_where_it_stands():
    sight = look([hollow(), box([2, 2, 0], [3, 2.6, 0.8])], [1.7, 0.4, 1.6], [2.5, 2.3, 0.4])
    on = instances(sight) == 1
    edges, upward = edge_occlusion(sight), geometry.normal(sight) @ sight.camera.rotation[2]
    standing = on & (upward < 0.5) & np.roll(~on, -1, 0)  # a vertical face above the floor
    below = np.roll(standing, 1, 0)
    foot = standing & ~np.roll(~on, 1, 1) & ~np.roll(~on, -1, 1)
    assert foot.sum() > 10
    np.testing.assert_array_equal(edges[foot], 0)
    np.testing.assert_array_equal(edges[below & ~on], 0)
    top = on & (upward > 0.5) & np.roll(~on, 1, 0)
    assert (edges[top] > 0.1).all()


def test_a_box_against_the_wall_hides_it_only_by_its_thickness():
    """A 4 cm picture on a wall at 3.5 m, seen straight on."""
    low, high = [2.2, 3.96, 1.1], [2.8, 4, 1.5]
    sight = look([hollow(), box(low, high)], [2.5, 0.5, 1.3], [2.5, 4, 1.3], fov=0.3)
    on = instances(sight) == 1
    edges = edge_occlusion(sight)
    np.testing.assert_allclose(edges[on & beside(~on)], 1 - 3.46 / 3.5, rtol=1e-6)
    np.testing.assert_array_equal(edges[~(on & beside(~on))], 0)


def dense_gaps(sight, steps=128):
    """Largest jump ``1 - near / far`` on a fine walk between neighbors, (H, W - 1) and (H - 1, W).

    Rays 1/128 of a pixel apart, with no idea of planes: slanted surfaces add their own slope.
    """
    rays = sight.camera.directions(sight.size)
    rays = (rays / -rays[:, 2:]).reshape(sight.size, sight.size, 3)
    jumps = []
    for first, second in ((rays[:, :-1], rays[:, 1:]), (rays[:-1], rays[1:])):
        shape = first.shape[:2]
        depths = []
        for share in np.linspace(0, 1, steps + 1):
            ray = sight.camera.to_world(((1 - share) * first + share * second).reshape(-1, 3))
            unit = ray / np.linalg.norm(ray, axis=1, keepdims=True)
            hits = sight.caster.hits(sight.camera.position, unit)
            depths.append(hits.distance / np.linalg.norm(ray, axis=1))
        depths = np.array(depths)
        ratio = np.minimum(depths[1:], depths[:-1]) / np.maximum(depths[1:], depths[:-1])
        jumps.append((1 - ratio).max(0).reshape(shape))
    return jumps


def test_gaps_agree_with_a_walk_in_a_hundred_steps_between_pixels():
    """On boxes, a pole and a ball; where surfaces are steep the walk sees their slope too."""
    sight = furnished(size=32)
    for gap, walked in zip((sight.gaps.across, sight.gaps.down), dense_gaps(sight), strict=True):
        assert (np.abs(gap) > 0.02).sum() > 20
        difference = np.abs(np.abs(gap) - walked)
        assert np.median(difference[np.abs(gap) > 0.02]) < 0.006
        assert (difference > 0.03).mean() < 0.006
        assert difference.max() < 0.1
        np.testing.assert_array_equal(np.abs(gap) > 0.02, walked > 0.02)


def test_planes_that_differ_by_rounding_alone_have_no_gap():
    """Else the two triangles of a wall could seem a larger gap than a crease beside them."""
    rays = np.array([[0.1, 0.11], [0.2, 0.2], [-1.0, -1.0]])[:, :, None]
    plane = np.array([0.3, -0.1, -0.7])
    planes = np.stack([plane, plane * (1 + 1e-15)], axis=1)[:, :, None]
    gap, mismatch = _Pair(rays, planes).gap()
    assert mismatch[0] > 0
    assert gap[0] == 0
    planes[:, 1] *= 0.9
    np.testing.assert_allclose(_Pair(rays, planes).gap()[0], 0.1)


def test_the_nearer_pixel_of_a_gap_has_its_sign():
    sight = facing_a_box()
    middle = sight.gaps.across[32]
    assert [np.sign(value) for value in middle[middle != 0]] == [-1, 1]
    middle = sight.gaps.down[:, 32]
    assert [np.sign(value) for value in middle[middle != 0]] == [-1, 1]


# The sight itself


def test_a_picture_of_another_size_is_refused():
    caster, camera = Caster(building(hollow())), Camera.looking_at(EYE, AIM, 1.0)
    with pytest.raises(InvalidSceneError, match=r"shape \(32, 32, 3\).*expected \(64, 64, 3\)"):
        Sight.of(caster, camera, 64, np.zeros((32, 32, 3), dtype=np.uint8))


def test_labels_have_the_same_bytes_twice():
    first, second = furnished(), furnished()
    for label in (geometry.depth_zbuffer, geometry.normal, geometry.reshading, edge_occlusion):
        assert label(first).tobytes() == label(second).tobytes()


# The same truths in a whole building


@pytest.fixture(scope="module")
def sights():
    """Some views of a furnished building."""
    domain = domains.DOMAINS["day"]
    caster = Caster(world.build(0, 0, domain))
    views = plan_views(caster, 8, np.random.SeedSequence(5), domain)
    black = np.zeros((64, 64, 3), dtype=np.uint8)
    return [(view, Sight.of(caster, view.camera, 64, black)) for view in views]


def test_points_of_a_building_project_back_and_depths_agree(sights):
    for view, sight in sights:
        valid, depth = geometry.mask(sight), geometry.depth_euclidean(sight)
        rays = world_rays(sight)
        points = (view.camera.position + rays * depth[..., None])[valid]
        np.testing.assert_allclose(points, sight.hits.point[sight.hits.valid], atol=1e-9)
        where = view.camera.project(points)
        rows, columns = np.nonzero(valid)
        np.testing.assert_allclose(where, (np.stack([columns, rows], 1) + 0.5) / 64, atol=1e-9)
        np.testing.assert_allclose(
            geometry.depth_zbuffer(sight), depth * -(rays @ view.camera.rotation[:, 2]), rtol=1e-9
        )


def test_normals_of_a_building_follow_from_its_depth(sights):
    for _, sight in sights:
        same = inside(sight.grid(sight.hits.face)) & geometry.mask(sight)
        flat = sight.grid((sight.hits.normal * sight.hits.flat).sum(1) > 1 - 1e-9)
        chosen = same & flat
        assert chosen.sum() > 200
        expected = gradient_normals(sight)[chosen]
        np.testing.assert_allclose(geometry.normal(sight)[chosen], expected, atol=1e-5)
        facing = -(expected * in_camera(sight, world_rays(sight))[chosen]).sum(-1)
        shade = facing * 8 / (8 + geometry.depth_euclidean(sight)[chosen] ** 2)
        np.testing.assert_allclose(geometry.reshading(sight)[chosen], shade, atol=1e-5)


def test_layout_of_a_building_contains_every_wall_floor_and_ceiling_seen_of_the_room(sights):
    for view, sight in sights:
        room = sight.caster.building.rooms[view.room]
        layout = poses.room_layout(view.camera.rotation, view.camera.position, room.low, room.high)
        kinds = np.array([*sight.caster.building.instance_kind, "nothing"])[sight.hits.instance]
        shell = (sight.hits.room == view.room) & np.isin(kinds, ["wall", "floor", "ceiling"])
        assert shell.sum() > 100
        seen = (sight.rays * sight.hits.distance[:, None])[shell]
        offset = np.abs((seen - layout[:3]) @ poses.euler_to_matrix(layout[3:6]).T)
        assert (offset <= layout[6:] / 2 + 1e-6).all()
        assert np.isclose(offset, layout[6:] / 2, atol=1e-6).any(1).mean() > 0.95


def test_edges_of_a_building_are_where_pictures_of_its_pieces_end(sights):
    """No strong edge inside one flat piece of wall; an edge wherever the open begins."""
    for _, sight in sights:
        edges, mask = edge_occlusion(sight), geometry.mask(sight)
        assert edges.min() >= 0
        assert edges.max() <= 1
        np.testing.assert_array_equal(edges[mask & beside(~mask)] > 0.99, True)
        np.testing.assert_array_equal(edges[inside(sight.grid(sight.hits.face))], 0)
