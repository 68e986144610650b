"""Poses, vanishing points and room boxes against closed forms, scipy and one real file."""

import itertools
import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from encoders.codecs import point_info, poses
from encoders.errors import InvalidDataError
from encoders.scenes.camera import Camera
from encoders.scenes.solids.shapes import box
from tests.encoders.scenes.boxes import HIGH, LOW, hollow, look

REAL = {
    # One view of the sample building that Taskonomy's authors published, rounded.
    "camera_location": [4.119016, 3.356542, 1.473925],
    "camera_rotation_final": [1.474778652, -0.004216437, 1.758490920],
    "field_of_view_rads": 1.308996939,
    "point_location": [-0.735573411, 2.436551332, 0.998043120],
    "camera_distance": 4.963857984,
    "bounding_box_ranges": {
        "x": [-0.743948398, 4.546623618],
        "y": [-0.741697770, 4.119016],
        "z": [-0.014586991, 2.445290341],
    },
    "vanishing_points_gaussian_sphere": {
        "x": [-0.186592817, -0.093403301, 0.977987190],
        "y": [0.982428289, -0.022012142, 0.185337863],
        "z": [0.004216424, 0.995384995, 0.095869353],
    },
}
OTHER_VIEWS = [
    # Euler angles and stored vanishing points of other views, which look other ways.
    (
        [1.530578733, -0.004808858, -0.845189154],
        [-0.663582116, -0.026890021, 0.747620025, 0.748087996, -0.030275358, 0.662908555],
    ),
    (
        [1.280905962, 0.014322374, 0.396561861],
        [-0.386209696, -0.268964836, 0.882326463, 0.922299818, -0.097749047, 0.373909307],
    ),
    (
        [1.419950962, -0.002130528, -2.039792538],
        [0.451990085, -0.134999781, 0.881748276, 0.892020417, 0.066043594, -0.447144071],
    ),
]

angles = st.floats(-3.1, 3.1)
places = st.tuples(*3 * [st.floats(-5, 5)])
turns = st.tuples(angles, st.floats(-1.5, 1.5), angles)


def about(axis, angle):
    """The textbook matrix of a turn about one axis."""
    c, s = math.cos(angle), math.sin(angle)
    return {
        "x": np.array([[1, 0, 0], [0, c, -s], [0, s, c]]),
        "y": np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]),
        "z": np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]),
    }[axis]


def camera_at(yaw, pitch=0.0, position=(0.0, 0.0, 0.0), fov=1.1):
    """A camera without roll; yaw 0 looks along +x, counter-clockwise from above."""
    ahead = [math.cos(yaw) * math.cos(pitch), math.sin(yaw) * math.cos(pitch), math.sin(pitch)]
    return Camera.looking_at(position, np.asarray(position) + ahead, fov)


# Euler angles and quaternions


@given(turns)
def test_euler_angles_turn_about_the_fixed_x_then_y_then_z(abc):
    a, b, c = abc
    matrix = poses.euler_to_matrix(abc)
    np.testing.assert_allclose(matrix, about("z", c) @ about("y", b) @ about("x", a), atol=1e-12)
    np.testing.assert_allclose(poses.matrix_to_euler(matrix), abc, atol=1e-9)


def test_euler_angles_are_extrinsic_and_not_intrinsic():
    abc = [0.3, 0.5, 0.7]
    matrix = poses.euler_to_matrix(abc)
    np.testing.assert_allclose(matrix, Rotation.from_euler("xyz", abc).as_matrix(), atol=1e-15)
    assert np.abs(matrix - Rotation.from_euler("XYZ", abc).as_matrix()).max() > 0.1


@pytest.mark.parametrize("b", [math.pi / 2, -math.pi / 2])
@given(a=angles, c=angles)
def test_euler_angles_of_a_quarter_turn_about_y_still_give_the_matrix_back(b, a, c):
    matrix = about("z", c) @ about("y", b) @ about("x", a)
    found = poses.matrix_to_euler(matrix)
    assert found[2] == 0
    np.testing.assert_allclose(poses.euler_to_matrix(found), matrix, atol=1e-9)


def test_a_camera_without_roll_has_blender_s_euler_angles():
    """(90 degrees + pitch, 0, yaw - 90 degrees): Blender's camera looks down when not turned."""
    camera = camera_at(yaw=0.4, pitch=-0.2)
    euler = poses.matrix_to_euler(camera.rotation)
    np.testing.assert_allclose(euler, [math.pi / 2 - 0.2, 0, 0.4 - math.pi / 2], atol=1e-12)


@given(turns)
def test_quaternions_are_scalar_first_with_a_positive_scalar(abc):
    matrix = poses.euler_to_matrix(abc)
    w, x, y, z = quaternion = poses.matrix_to_quaternion(matrix)
    assert w >= 0
    product = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )
    np.testing.assert_allclose(product, matrix, atol=1e-12)
    np.testing.assert_allclose(poses.quaternion_to_matrix(quaternion), matrix, atol=1e-12)
    np.testing.assert_allclose(poses.quaternion_to_matrix(-3 * quaternion), matrix, atol=1e-12)


def test_quaternion_of_a_quarter_turn_about_z():
    half = math.sqrt(0.5)
    quaternion = poses.matrix_to_quaternion(about("z", math.pi / 2))
    np.testing.assert_allclose(quaternion, [half, 0, 0, half], atol=1e-15)


def test_many_rotations_at_once_are_as_one_by_one():
    abc = np.random.default_rng(0).uniform(-1.5, 1.5, (2, 5, 3))
    matrices = poses.euler_to_matrix(abc)
    assert matrices.shape == (2, 5, 3, 3)
    np.testing.assert_array_equal(matrices[1, 3], poses.euler_to_matrix(abc[1, 3]))
    np.testing.assert_allclose(poses.matrix_to_euler(matrices), abc, atol=1e-12)
    quaternions = poses.matrix_to_quaternion(matrices)
    assert quaternions.shape == (2, 5, 4)
    np.testing.assert_allclose(poses.quaternion_to_matrix(quaternions), matrices, atol=1e-12)


# Relative poses


@given(turns, turns, places, places, places)
def test_relative_pose_maps_a_point_of_one_camera_to_the_other(abc1, abc2, place1, place2, point):
    rotation1, rotation2 = poses.euler_to_matrix(abc1), poses.euler_to_matrix(abc2)
    pose = poses.relative_pose(rotation1, place1, rotation2, place2)
    turn, shift = poses.pose_to_transform(pose)
    world = rotation1 @ point + place1
    np.testing.assert_allclose(turn @ point + shift, rotation2.T @ (world - place2), atol=1e-7)


def test_relative_pose_of_a_camera_that_moved_half_a_meter_to_the_right():
    """The first camera is then half a meter to the left of the second."""
    first = camera_at(yaw=1.0)
    step = 0.5 * first.rotation[:, 0]
    pose = poses.relative_pose(first.rotation, first.position, first.rotation, step)
    np.testing.assert_allclose(pose, [0, 0, 0, -0.5, 0, 0], atol=1e-12)


def test_relative_pose_of_a_camera_that_turned_left():
    """A point straight ahead of the first camera is on the second's right: a turn about -y."""
    first, second = camera_at(yaw=0.3), camera_at(yaw=0.5)
    pose = poses.relative_pose(first.rotation, np.zeros(3), second.rotation, np.zeros(3))
    np.testing.assert_allclose(pose, [0, -0.2, 0, 0, 0, 0], atol=1e-12)


def test_matched_points_of_two_views_are_mapped_onto_each_other():
    """World points that both cameras see, through depth times ray of each."""
    shapes = [hollow(), box([2, 2, 0], [3, 2.6, 0.9])]
    first = look(shapes, [1.2, 0.5, 1.5], [2.5, 2.3, 0.7])
    second = look(shapes, [3.9, 0.7, 1.7], [2.5, 2.3, 0.7])
    pose = poses.relative_pose(
        first.camera.rotation,
        first.camera.position,
        second.camera.rotation,
        second.camera.position,
    )
    turn, shift = poses.pose_to_transform(pose)
    moved = first.rays * first.hits.distance[:, None] @ turn.T + shift
    where = second.camera.project(second.camera.to_world(moved) + second.camera.position)
    seen = ((where > 0) & (where < 1)).all(1)
    ray = second.camera.to_world(moved / np.linalg.norm(moved, axis=1, keepdims=True))
    again = second.raycaster.hits(second.camera.position, ray)
    distance = np.linalg.norm(moved, axis=1)
    matched = seen & (again.distance > distance - 1e-6)  # nothing in front of it there
    assert matched.sum() > 800
    np.testing.assert_allclose(again.point[matched], first.hits.point[matched], atol=1e-6)


def test_fixated_views_see_their_target_on_the_axis_of_both():
    """Then the relative pose maps (0, 0, -d1) to (0, 0, -d2)."""
    target = np.array([2.5, 2.3, 0.7])
    first = Camera.looking_at([1.2, 0.5, 1.5], target, 1.0)
    second = Camera.looking_at([3.9, 0.7, 1.7], target, 1.2)
    pose = poses.relative_pose(first.rotation, first.position, second.rotation, second.position)
    turn, shift = poses.pose_to_transform(pose)
    d1, d2 = (np.linalg.norm(target - camera.position) for camera in (first, second))
    np.testing.assert_allclose(turn @ [0, 0, -d1] + shift, [0, 0, -d2], atol=1e-12)


def test_egomotion_is_three_poses_of_which_the_second_is_composed():
    rng = np.random.default_rng(1)
    rotations, positions = (
        poses.euler_to_matrix(rng.uniform(-1, 1, (3, 3))),
        rng.normal(size=(3, 3)),
    )
    motion = poses.egomotion(rotations, positions)
    assert motion.shape == (18,)
    for numbers, (i, j) in zip(motion.reshape(3, 6), [(0, 1), (0, 2), (1, 2)], strict=True):
        expected = poses.relative_pose(rotations[i], positions[i], rotations[j], positions[j])
        np.testing.assert_array_equal(numbers, expected)
    (turn12, shift12), (turn13, shift13), (turn23, shift23) = map(
        poses.pose_to_transform, motion.reshape(3, 6)
    )
    np.testing.assert_allclose(turn23 @ turn12, turn13, atol=1e-12)
    np.testing.assert_allclose(turn23 @ shift12 + shift23, shift13, atol=1e-12)


# Vanishing points


@pytest.mark.parametrize("yaw", np.radians([0, 30, 44, 46, 120, 134, 136, 200, 260, 316, 359]))
@pytest.mark.parametrize("pitch", [-0.6, 0.0, 0.3])
def test_the_x_axis_is_the_one_nearest_to_the_view(yaw, pitch):
    x, y, z = poses.vanishing_points(camera_at(yaw, pitch).rotation).reshape(3, 3)
    level = np.array([0, math.sin(-pitch), -math.cos(pitch)])  # the way ahead along the floor
    assert x @ level > math.cos(math.pi / 4)
    np.testing.assert_allclose(z, [0, math.cos(pitch), math.sin(-pitch)], atol=1e-12)
    np.testing.assert_allclose(np.cross(x, y), z, atol=1e-12)


def test_vanishing_points_straight_ahead_are_the_axes_of_the_camera():
    points = poses.vanishing_points(camera_at(math.pi / 2).rotation)
    np.testing.assert_allclose(points, [0, 0, -1, -1, 0, 0, 0, 1, 0], atol=1e-12)


def test_vanishing_points_do_not_depend_on_which_wall_is_called_x():
    """A building turned by a quarter with its camera looks the same."""
    first = poses.vanishing_points(camera_at(0.3, -0.1).rotation)
    for k in (1, 2, 3):
        turned = camera_at(0.3 + k * math.pi / 2, -0.1).rotation
        np.testing.assert_allclose(poses.vanishing_points(turned), first, atol=1e-12)


@pytest.mark.parametrize("yaw", [0.2, 1.9, 3.0, 5.1])
def test_far_points_along_the_axes_of_a_room_project_to_the_vanishing_points(yaw):
    camera = camera_at(yaw, pitch=-0.5, position=(2.0, 1.0, 1.4), fov=2.8)
    half = math.tan(camera.fov / 2)
    for axis in poses.vanishing_points(camera.rotation).reshape(3, 3):
        ahead = axis if axis[2] < 0 else -axis
        way = camera.rotation @ ahead
        np.testing.assert_allclose(np.sort(np.abs(way)), [0, 0, 1], atol=1e-12)  # the room's
        x, y = ahead[:2] / -ahead[2] / half
        far = camera.project(np.stack([LOW, HIGH]) + 1e9 * way)
        np.testing.assert_allclose(far, np.broadcast_to([(1 + x) / 2, (1 - y) / 2], (2, 2)), 1e-6)


def test_lines_of_a_room_meet_in_its_vanishing_points():
    """Edges of the room's box, as they appear in a picture, run through the projected axes."""
    camera = camera_at(0.5, -0.3, position=(1.0, 1.5, 1.4), fov=2.5)
    half = math.tan(camera.fov / 2)
    corners = np.array(list(itertools.product(*zip(LOW, HIGH, strict=True))))
    for axis in range(3):
        direction = camera.rotation.T @ np.eye(3)[axis]
        named = poses.vanishing_points(camera.rotation).reshape(3, 3)
        vanishing = named[np.abs(named @ direction).argmax()]
        meet = vanishing[:2] / -vanishing[2] / half
        tested = 0
        for first, second in itertools.combinations(corners, 2):
            if np.count_nonzero(first != second) == 1 and first[axis] != second[axis]:
                a, b = camera.to_camera(np.stack([first, second]))
                if a[2] < -0.1 and b[2] < -0.1:
                    p, q = (v[:2] / -v[2] / half for v in (a, b))
                    side = np.append(q - p, 0), np.append(meet - p, 0)
                    assert abs(np.cross(*side)[2]) < 1e-9 * (1 + np.linalg.norm(side[1]))
                    tested += 1
        assert tested >= 1


# Room layout


@given(st.floats(0, 6.28), st.floats(-0.8, 0.8), st.tuples(*3 * [st.floats(0.1, 0.9)]))
def test_layout_gives_the_corners_of_the_room_back(yaw, pitch, share):
    camera = camera_at(yaw, pitch, position=LOW + share * (HIGH - LOW))
    layout = poses.room_layout(camera.rotation, camera.position, LOW, HIGH)
    corners = poses.layout_corners(layout)
    expected = camera.to_camera(np.array(list(itertools.product(*zip(LOW, HIGH, strict=True)))))
    order = np.lexsort(corners.round(6).T), np.lexsort(expected.round(6).T)
    np.testing.assert_allclose(corners[order[0]], expected[order[1]], atol=1e-9)
    assert (layout[6:] > 0).all()


def test_layout_seen_straight_along_y():
    """x-major: the turned x is the world's y, so its extent comes first."""
    camera = camera_at(math.pi / 2, position=(2.5, 1.0, 1.3))
    layout = poses.room_layout(camera.rotation, camera.position, LOW, HIGH)
    np.testing.assert_allclose(layout[:3], [0, 0, -1], atol=1e-12)
    np.testing.assert_allclose(layout[3:6], [math.pi / 2, 0, -math.pi / 2], atol=1e-12)
    np.testing.assert_allclose(layout[6:], [4.0, 5.0, 2.6], atol=1e-12)


def test_layout_corners_come_near_before_far_right_before_left_low_before_high():
    camera = camera_at(2.0, -0.2, position=(2.5, 1.0, 1.3))
    corners = poses.layout_corners(
        poses.room_layout(camera.rotation, camera.position, LOW, HIGH)
    ).reshape(2, 2, 2, 3)
    assert (corners[0, ..., 2] > corners[1, ..., 2]).all()  # -z is ahead
    assert (corners[:, 0, :, 0] > corners[:, 1, :, 0]).all()
    assert (corners[..., 0, 1] < corners[..., 1, 1]).all()


def test_layout_contains_everything_seen_of_the_room():
    sight = look([hollow(), box([2, 2, 0], [3, 2.6, 0.9])], [0.9, 0.5, 1.5], [3.5, 3.3, 0.7])
    layout = poses.room_layout(sight.camera.rotation, sight.camera.position, LOW, HIGH)
    seen = sight.rays * sight.hits.distance[:, None]
    inside = np.abs((seen - layout[:3]) @ poses.euler_to_matrix(layout[3:6]).T)
    assert (inside <= layout[6:] / 2 + 1e-6).all()
    touching = np.isclose(inside, layout[6:] / 2, atol=1e-6).any(1)
    np.testing.assert_array_equal(touching[sight.hits.instance == 0], True)


# Taskonomy's files


def test_a_real_file_looks_at_its_target():
    rotation, position, fov = point_info.point_info_camera(REAL)
    target = rotation.T @ (np.array(REAL["point_location"]) - position)
    np.testing.assert_allclose(target, [0, 0, -REAL["camera_distance"]], atol=1e-6)
    assert fov == pytest.approx(math.radians(75), abs=1e-8)


def test_a_real_file_holds_the_stored_vanishing_points():
    stored = point_info.stored_vanishing_points(point_info.point_info_camera(REAL)[0])
    for axis in "xyz":
        expected = REAL["vanishing_points_gaussian_sphere"][axis]
        np.testing.assert_allclose(stored[axis], expected, atol=1e-6)


@pytest.mark.parametrize(("euler", "x_and_y"), OTHER_VIEWS)
def test_real_files_that_look_other_ways_hold_them_too(euler, x_and_y):
    stored = point_info.stored_vanishing_points(poses.euler_to_matrix(euler))
    np.testing.assert_allclose(stored["x"] + stored["y"], x_and_y, atol=1e-6)


def test_vanishing_points_of_a_file_look_ahead_where_the_stored_ones_look_back():
    points = point_info.point_info_vanishing_points(REAL).reshape(3, 3)
    stored = [REAL["vanishing_points_gaussian_sphere"][axis] for axis in "xyz"]
    np.testing.assert_allclose(points, np.array(stored) * [[-1], [-1], [1]], atol=1e-6)


def authors_layout(info):
    """The nine numbers of Taskonomy's own loader, before its standardization, spelled out.

    It swaps the world's x and y, turns the swapped world so that the viewing direction is near
    +x, and mirrors the ranges along.
    """
    swap = about("z", -math.pi / 2)
    camera = swap @ poses.euler_to_matrix(info["camera_rotation_final"])
    position = swap @ info["camera_location"]
    ranges = info["bounding_box_ranges"]
    corners = np.array([ranges["x"], [-ranges["y"][1], -ranges["y"][0]], ranges["z"]])
    nearest = max(range(4), key=lambda k: -camera[:, 2] @ about("z", k * math.pi / 2)[:, 0])
    turn = about("z", -nearest * math.pi / 2)
    corners = np.sort(turn @ corners, axis=1)
    center = (turn @ camera).T @ (corners.mean(1) - turn @ position)
    euler = Rotation.from_matrix(turn @ camera).as_euler("xyz")
    return np.concatenate([center, euler, corners[:, 1] - corners[:, 0]])


@pytest.mark.parametrize("yaw", [1.758490920, 0.2, -1.1, -2.9])
def test_layout_of_a_file_is_that_of_the_authors_loader(yaw):
    info = REAL | {"camera_rotation_final": [1.474778652, -0.004216437, yaw]}
    np.testing.assert_allclose(point_info.point_info_layout(info), authors_layout(info), atol=1e-9)


def test_room_of_a_real_file_has_its_camera_on_the_rim():
    """Its box ends at the camera; its "y" range is along the world's x."""
    low, high = point_info.point_info_room(REAL)
    position = np.array(REAL["camera_location"])
    assert high[0] == position[0]
    assert (low <= position).all()
    assert (position <= high).all()


def test_what_is_stored_is_what_is_read():
    camera = camera_at(2.2, -0.3, position=(2.5, 1.0, 1.3))
    info = {
        "camera_rotation_final": poses.matrix_to_euler(camera.rotation).tolist(),
        "camera_location": camera.position.tolist(),
        "field_of_view_rads": camera.fov,
        "bounding_box_ranges": point_info.stored_ranges(LOW, HIGH),
    }
    assert info["bounding_box_ranges"] == {"x": [0.0, 4.0], "y": [0.0, 5.0], "z": [0.0, 2.6]}
    rotation, position, fov = point_info.point_info_camera(info)
    np.testing.assert_allclose(rotation, camera.rotation, atol=1e-12)
    np.testing.assert_array_equal(position, camera.position)
    assert fov == camera.fov
    np.testing.assert_allclose(
        point_info.point_info_layout(info),
        poses.room_layout(camera.rotation, camera.position, LOW, HIGH),
        atol=1e-12,
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"camera_location": [1, 2]}, r"`camera_location` is \[1, 2\], expected 3 finite numbers"),
        ({"camera_location": ["a", 2, 3]}, r"`camera_location` is .*expected 3 finite numbers"),
        ({"field_of_view_rads": float("nan")}, r"`field_of_view_rads` is nan, expected a finite"),
    ],
)
def test_numbers_that_are_not_as_promised_are_named(change, message):
    with pytest.raises(InvalidDataError, match=message):
        point_info.point_info_camera(REAL | change)


def test_missing_keys_are_named():
    short = {key: REAL[key] for key in ("camera_location", "field_of_view_rads")}
    with pytest.raises(InvalidDataError, match=r"`camera_rotation_final` is missing; .*camera_loc"):
        point_info.point_info_camera(short)
    with pytest.raises(InvalidDataError, match=r"`bounding_box_ranges` is None, expected an obj"):
        point_info.point_info_room(short)
    with pytest.raises(InvalidDataError, match=r"`x` is missing; the keys there are \['y'\]"):
        point_info.point_info_room({"bounding_box_ranges": {"y": [0, 1]}})


def test_poses_need_no_ray_caster():
    code = "import sys; sys.modules['embreex'] = None; import encoders.codecs.poses"
    subprocess.run([sys.executable, "-c", code], check=True)
