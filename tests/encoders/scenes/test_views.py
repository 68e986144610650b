"""Views are those of a person with a camera, and their numbers agree with what they show."""

import dataclasses

import numpy as np
import pytest

from encoders.errors import InvalidSceneError
from encoders.scenes.appearance.domains import DOMAINS
from encoders.scenes.building import Room
from encoders.scenes.camera_places import EYE
from encoders.scenes.raycast import LIFT, Raycaster
from encoders.scenes.solids.shapes import box
from encoders.scenes.views import NEAR, STEEPEST, plan_views
from tests.encoders.scenes.solids import HIGH, LOW, ball, building


@pytest.fixture(scope="module")
def raycaster():
    table, globe = box((0, 0, 0), (1, 1, 0.8)), ball(0.3, (1, -2, 0.3), subdivisions=3)
    return Raycaster(building(box(LOW, HIGH), table, globe))


@pytest.fixture(scope="module")
def views(raycaster):
    return plan_views(raycaster, 150, np.random.SeedSequence(0), DOMAINS["day"])


def test_as_many_as_asked_numbered_by_point_and_view(views):
    assert len(views) == 150
    keys = [(view.point, view.view) for view in views]
    assert keys == sorted(set(keys))
    assert {point for point, _ in keys} == set(range(1 + max(point for point, _ in keys)))
    for point, view in keys:
        assert view == 0 or (point, view - 1) in keys


def test_the_middle_of_the_picture_is_the_point(raycaster, views):
    for view in views:
        ray = raycaster.hits(view.camera.position, -view.camera.rotation[:, 2][None])
        np.testing.assert_allclose(ray.point[0], view.target, atol=1e-5)
        np.testing.assert_allclose(view.camera.project([view.target]), [[0.5, 0.5]], atol=1e-9)
        assert view.distance == pytest.approx(ray.distance[0], abs=1e-5)
        slope = -(ray.flat[0] @ -view.camera.rotation[:, 2])
        assert np.cos(view.obliqueness) == pytest.approx(slope, abs=1e-9)


def test_cameras_stand_free_at_a_persons_height_and_never_roll(raycaster, views):
    for view in views:
        x, y, z = view.camera.position
        assert EYE[0] <= z <= EYE[1]
        assert ((view.camera.position > LOW) & (view.camera.position < HIGH)).all()
        assert not (-0.1 < x < 1.1 and -0.1 < y < 1.1)  # the table
        assert view.camera.rotation[2, 0] == pytest.approx(0, abs=1e-12)
        assert view.distance > NEAR
        assert view.obliqueness < np.radians(STEEPEST)


def test_points_in_view_are_those_that_ray_casting_sees(raycaster, views):
    targets = {view.point: view for view in views}
    for view in views[:40]:
        seen = []
        for point, other in sorted(targets.items()):
            across, down = view.camera.project([other.target])[0]
            step = other.target + LIFT * other.target_normal - view.camera.position
            length = np.linalg.norm(step)
            met = raycaster.hits(view.camera.position, step[None] / length).distance[0]
            if 0 < across < 1 and 0 < down < 1 and met > length - 2 * LIFT:
                seen.append(point)
        assert view.points_in_view == tuple(seen)
        assert view.point in view.points_in_view


def test_pitch_and_field_of_view_vary_about_the_papers_means(views):
    fov = np.degrees([view.camera.fov for view in views])
    assert abs(fov.mean() - 61.2) < 3 * fov.std() / np.sqrt(len(fov))
    assert fov.std() > 5
    pitch = np.degrees([view.camera.pitch for view in views])
    assert 5 < pitch.std() < 30


def test_the_same_seed_gives_the_same_views_and_another_others(raycaster, views):
    again = plan_views(raycaster, 150, np.random.SeedSequence(0), DOMAINS["evening"])
    other = plan_views(raycaster, 150, np.random.SeedSequence(1), DOMAINS["day"])
    same = [np.array_equal(a.target, b.target) for a, b in zip(views, again, strict=True)]
    assert all(same)
    assert not np.array_equal(views[0].target, other[0].target)


def test_a_full_room_is_said_to_be_full():
    """A room whose floor is nowhere free."""
    shapes = building(box(LOW, HIGH), box(np.add(LOW, (0.1, 0.1, 0)), HIGH - (0.1, 0.1, 2)))
    with pytest.raises(InvalidSceneError, match="test has no free floor to stand on"):
        plan_views(Raycaster(shapes), 5, np.random.SeedSequence(0), DOMAINS["day"])


def test_a_closet_too_small_for_two_cameras_is_refused():
    low, high = np.array([0, 0, 0.0]), np.array([1.2, 1.2, 2.4])
    closet = dataclasses.replace(building(box(low, high)), rooms=(Room("corridor", low, high),))
    with pytest.raises(InvalidSceneError, match="could not be seen by two cameras"):
        plan_views(Raycaster(closet), 5, np.random.SeedSequence(0), DOMAINS["day"])


def test_no_views_are_refused(raycaster):
    with pytest.raises(InvalidSceneError, match="views is 0, expected at least 1"):
        plan_views(raycaster, 0, np.random.SeedSequence(0), DOMAINS["day"])
