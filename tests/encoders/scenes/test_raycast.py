"""Rays and cameras against closed forms: a box by slabs, a ball by its equation."""

import numpy as np
import pytest

from encoders.scenes.camera import Camera
from encoders.scenes.raycast import LIFT, Caster
from encoders.scenes.solids.shapes import box
from tests.encoders.scenes.solids import HIGH, LOW, ball, building


def random_rays(count, seed=0):
    rays = np.random.default_rng(seed).standard_normal((count, 3))
    return rays / np.linalg.norm(rays, axis=1, keepdims=True)


def test_distances_in_a_box_are_those_of_the_slab_formula():
    caster, rays, start = (
        Caster(building(box(LOW, HIGH))),
        random_rays(5000),
        np.array([1, -2, 1.5]),
    )
    hits = caster.hits(start, rays)
    slabs = np.maximum((LOW - start) / rays, (HIGH - start) / rays)
    np.testing.assert_allclose(hits.distance, slabs.min(1), rtol=1e-9)
    axis = slabs.argmin(1)
    wanted = -np.sign(rays) * (np.arange(3) == axis[:, None])
    np.testing.assert_allclose(hits.normal, wanted, atol=1e-9)
    np.testing.assert_allclose(hits.flat, wanted, atol=1e-9)
    np.testing.assert_array_equal(hits.curvature, 0)


def test_a_ball_seen_from_outside_and_inside():
    radius, caster = 0.5, Caster(building(ball(0.5)))
    rays = random_rays(2000) * [0.05, 0.05, 0] + [0, 0, -1]
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    start = np.array([0, 0, 2.0])
    hits = caster.hits(start, rays)
    along = -rays @ start
    wanted = along - np.sqrt(along**2 - start @ start + radius**2)
    np.testing.assert_allclose(hits.distance, wanted, atol=2e-4)  # the facets' sagitta
    np.testing.assert_allclose(hits.normal, hits.point / radius, atol=2e-3)
    np.testing.assert_allclose(hits.curvature, 1 / radius, rtol=1e-9)
    inside = caster.hits(np.zeros(3), rays)
    np.testing.assert_allclose(inside.curvature, -1 / radius, rtol=1e-9)
    assert ((inside.normal * rays).sum(1) < 0).all()


def test_rays_that_meet_nothing_are_marked():
    hits = Caster(building(ball(0.5))).hits(np.array([0, 0, 2.0]), np.array([[0, 0, 1.0]]))
    assert not hits.valid[0]
    assert np.isinf(hits.distance[0])
    assert (hits.face[0], hits.part[0], hits.instance[0], hits.room[0]) == (-1, -1, -1, -1)


def test_distances_alone_are_those_of_the_hits():
    caster, start = Caster(building(ball(0.5))), np.array([0, 0, 2.0])
    rays = random_rays(2000) * [0.3, 0.3, 0] + [0, 0, -1]
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    face, distance = caster.distances(start, rays)
    hits = caster.hits(np.tile(start, (len(rays), 1)), rays)
    np.testing.assert_array_equal(face, hits.face)
    np.testing.assert_array_equal(distance, hits.distance)
    assert 0.1 < np.isinf(distance).mean() < 0.9


def test_what_is_flat_has_the_normal_of_its_plane_and_what_is_round_its_own():
    """A ball in a box: both kinds of triangle in one building and one call."""
    middle = np.array([0, 0, 1.2])
    caster = Caster(building(box(LOW, HIGH), ball(0.5, center=middle)))
    rays, start = random_rays(3000), np.array([0, 0.8, 1.2])
    hits = caster.hits(start, rays)
    round_ = hits.part == 1
    assert 0.05 < round_.mean() < 0.95
    np.testing.assert_allclose(hits.normal[round_], (hits.point[round_] - middle) / 0.5, atol=2e-3)
    np.testing.assert_allclose(hits.curvature[round_], 2, rtol=1e-9)
    np.testing.assert_allclose(hits.normal[~round_], hits.flat[~round_], atol=1e-12)
    np.testing.assert_array_equal(hits.curvature[~round_], 0)


@pytest.mark.parametrize("long", [0.1, 1.0, 7.0])
def test_rays_are_occluded_within_their_reach_whatever_their_length(long):
    """From 2 m above the middle of a ball of radius 0.5, its top is 1.5 m below."""
    caster, start = Caster(building(ball(0.5))), np.array([[0, 0, 2.0]] * 4)
    down = long * np.array([[0, 0, -1.0]])
    reach = np.array([0.5, 1.45, 1.55, 9.0]) / long
    wanted = [False, False, True, True]
    assert caster.occluded(start, np.tile(down, (4, 1)), reach).tolist() == wanted
    assert caster.occluded(start, down, reach).tolist() == wanted


def test_a_ball_blocks_exactly_the_segments_that_pass_through_it():
    caster, rng = Caster(building(ball(0.5))), np.random.default_rng(1)
    start, end = rng.uniform(-1, 1, (2, 4000, 3))
    apart = [np.linalg.norm(p, axis=1) > 0.52 for p in (start, end)]
    keep = apart[0] & apart[1]
    start, end = start[keep], end[keep]
    step = end - start
    share = np.clip(-(start * step).sum(1) / (step**2).sum(1), 0, 1)
    nearest = np.linalg.norm(start + share[:, None] * step, axis=1)
    sure = np.abs(nearest - 0.5) > 2e-3
    np.testing.assert_array_equal(caster.blocked(start, end)[sure], (nearest < 0.5)[sure])


def test_a_lifted_point_is_not_hidden_by_its_own_wall():
    caster = Caster(building(box(LOW, HIGH)))
    start = np.array([0, 0, 1.3])
    hits = caster.hits(start, random_rays(2000))
    assert not caster.blocked(hits.point + LIFT * hits.flat, start).any()
    assert caster.blocked(hits.point + LIFT * hits.flat, np.array([0, 0, 9.0])).all()


@pytest.mark.parametrize("fov", [0.6, 1.1, 1.6])
def test_a_camera_projects_what_it_sees_onto_the_pixels_it_sees_it_in(fov):
    caster = Caster(building(box(LOW, HIGH)))
    camera = Camera.looking_at((0, 0, 1.5), (2, 3, 1.2), fov)
    hits = caster.view(camera, 32)
    across, down = np.meshgrid(np.arange(32) + 0.5, np.arange(32) + 0.5)
    wanted = np.stack([across.ravel(), down.ravel()], axis=1) / 32
    np.testing.assert_allclose(camera.project(hits.point), wanted, atol=1e-9)


def test_a_camera_has_no_roll_looks_where_told_and_spans_its_field_of_view():
    camera = Camera.looking_at((0, 0, 1.5), (2, 3, 1.2), 1.1)
    np.testing.assert_allclose(camera.rotation.T @ camera.rotation, np.eye(3), atol=1e-12)
    assert np.linalg.det(camera.rotation) == pytest.approx(1)
    assert camera.rotation[2, 0] == pytest.approx(0)  # x stays level
    assert camera.rotation[2, 1] > 0  # y points up
    np.testing.assert_allclose(camera.project([[2, 3, 1.2]]), [[0.5, 0.5]], atol=1e-12)
    assert camera.pitch == pytest.approx(np.arctan2(-0.3, np.hypot(2, 3)))
    edges = camera.directions(64, offsets=(0.0, 0.5))[[32 * 64], :][0]
    assert np.arctan(edges[0] / edges[2]) == pytest.approx(1.1 / 2, abs=2e-2)


def test_points_behind_the_camera_are_not_projected():
    camera = Camera.looking_at((0, 0, 1.5), (2, 0, 1.5), 1.1)
    assert np.isnan(camera.project([[-1, 0, 1.5]])).all()
