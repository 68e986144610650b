"""docs/data.md is enough to read a data set: its formulas, without our code, on a tiny world.

Everything from here to "The facts" is written from the page with NumPy, Pillow and JSON alone. What
is read so is compared with facts that no formula of the page computes: two pictures of one place,
surfaces and their slopes, walls and their directions, and what the loader gives.
"""

import hashlib
import itertools
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

PAGE = (Path(__file__).parents[3] / "docs" / "data.md").read_text()
FORMS = {
    "rgb": ("RGB", 3),
    "depth_zbuffer": ("I;16", 1),
    "depth_euclidean": ("I;16", 1),
    "normal": ("RGB", 3),
    "principal_curvature": ("RGB", 3),
    "reshading": ("RGB", 3),
    "edge_occlusion": ("I;16", 1),
    "edge_texture": ("I;16", 1),
    "keypoints2d": ("I;16", 1),
    "keypoints3d": ("I;16", 1),
    "segment_unsup2d": ("L", 1),
    "segment_unsup25d": ("L", 1),
    "segment_semantic": ("L", 1),
    "mask_valid": ("L", 1),
}


def rotation(angles):
    """Rz(c) Ry(b) Rx(a), as the page writes it out."""
    (sa, sb, sc), (ca, cb, cc) = np.sin(angles), np.cos(angles)
    return np.array(
        [
            [cc * cb, cc * sb * sa - sc * ca, cc * sb * ca + sc * sa],
            [sc * cb, sc * sb * sa + cc * ca, sc * sb * ca - cc * sa],
            [-sb, cb * sa, cb * ca],
        ]
    )


def euler(turn):
    a = np.arctan2(turn[2, 1], turn[2, 2])
    b = np.arctan2(-turn[2, 0], np.hypot(turn[0, 0], turn[1, 0]))
    return np.array([a, b, np.arctan2(turn[1, 0], turn[0, 0])])


class View:
    """The files of one view, by the page."""

    def __init__(self, root, building, info):
        self.root, self.building = root, building
        self.info = json.loads(info.read_text())
        found = re.fullmatch(r"point_(\d+)_view_(\d+)_domain_point_info\.json", info.name)
        self.point, self.view = map(int, found.groups())
        self.position = np.array(self.info["camera_location"])
        self.rotation = rotation(np.array(self.info["camera_rotation_final"]))
        self.side = self.info["resolution"]
        self.half = np.tan(self.info["field_of_view_rads"] / 2)

    def path(self, domain, suffix="png"):
        name = f"point_{self.point}_view_{self.view}_domain_{domain}.{suffix}"
        return self.root / domain / self.building / name

    def raw(self, domain):
        with Image.open(self.path(domain)) as picture:
            return np.array(picture)

    def number(self, domain):
        """(N, N) shares of 65535."""
        return self.raw(domain) / 65535

    @property
    def name(self):
        return f"{self.building}/point_{self.point}_view_{self.view}"

    @property
    def valid(self):
        return self.raw("mask_valid") == 255

    @property
    def depth(self):
        raw = self.raw("depth_zbuffer")
        return np.where(raw == 65535, np.nan, raw / 512)

    @property
    def distance(self):
        raw = self.raw("depth_euclidean")
        return np.where(raw == 65535, np.nan, raw / 512)

    @property
    def normal(self):
        return (self.raw("normal").astype(float) - 127) / 127

    @property
    def curvature(self):
        return (self.raw("principal_curvature")[..., :2].astype(float) - 127) * 20 / 127

    def rays(self, offset=0.5):
        """(N, N, 3) points of each pixel's ray at depth 1, in the camera's frame."""
        place = np.arange(self.side) + offset
        x = (2 * place / self.side - 1) * self.half
        y = (1 - 2 * place / self.side) * self.half
        return np.stack(np.broadcast_arrays(x[None], y[:, None], -1.0), -1)

    def points(self, offset=0.5):
        """(N, N, 3) what each pixel sees, in the world."""
        return (self.rays(offset) * self.depth[..., None]) @ self.rotation.T + self.position

    def project(self, points):
        """(u, v, depth) of (..., 3) world points: right and down from the picture's corner."""
        x, y, z = np.moveaxis((points - self.position) @ self.rotation, -1, 0)
        u = self.side / 2 * (1 + x / (-z * self.half))
        return u, self.side / 2 * (1 - y / (-z * self.half)), -z

    @property
    def box(self):
        """(2, 3) low and high corner of the room: its "x" is the world's y."""
        return np.stack([self.info["bounding_box_ranges"][axis] for axis in "yxz"], axis=1)


def relative(first, second):
    """Pose of the first camera in the second: angles, translation."""
    turn = second.rotation.T @ first.rotation
    return np.concatenate([euler(turn), second.rotation.T @ (first.position - second.position)])


def facing(view):
    """The quarter turn T of the page."""
    x, y = -view.rotation[:2, 2]
    turns = ([[1, 0], [0, 1]], [[0, 1], [-1, 0]], [[-1, 0], [0, -1]], [[0, -1], [1, 0]])
    turn = np.eye(3)
    turn[:2, :2] = turns[int(np.argmax([x, y, -x, -y]))]
    return turn


def layout(view):
    low, high = view.box
    turn = facing(view)
    center = view.rotation.T @ ((low + high) / 2 - view.position)
    return np.concatenate([center, euler(turn @ view.rotation), np.abs(turn) @ (high - low)])


def convolved(plane, kernel, axis):
    """A sum of shifted pictures, which are mirrored at their borders."""
    half = len(kernel) // 2
    wide = np.pad(plane, [(half, half) if k == axis else (0, 0) for k in (0, 1)], "symmetric")
    parts = [k * np.roll(wide, half - n, axis) for n, k in enumerate(kernel)]
    inner = [slice(half, -half) if k == axis else slice(None) for k in (0, 1)]
    return np.sum(parts, axis=0)[tuple(inner)]


def blurred(plane):
    """Blur by a Gaussian of one pixel, cut off at four."""
    weights = np.exp(-(np.arange(-4, 5) ** 2) / 2.0)
    return convolved(convolved(plane, weights / weights.sum(), 0), weights / weights.sum(), 1)


def shuffled_splits(buildings, seed=0):
    held = min(max(1, round(0.15 * len(buildings))), (len(buildings) - 1) // 2)
    order = np.random.default_rng(np.random.SeedSequence([seed])).permutation(len(buildings))
    names = [sorted(buildings)[number] for number in order]
    return {"val": names[:held], "test": names[held : 2 * held], "train": names[2 * held :]}


def read(root):
    """Every view, in the order of the loader's index: by building, point, view."""
    views = [
        View(root, folder.name, path)
        for folder in (root / "point_info").iterdir()
        for path in folder.iterdir()
    ]
    return sorted(views, key=lambda view: (view.building, view.point, view.view))


# --- The facts ---


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    from encoders.scenes.making.make import make

    out = tmp_path_factory.mktemp("page") / "world"
    make(out, buildings=2, views=10, size=64, seed=9)
    return out


@pytest.fixture(scope="module")
def views(world):
    return read(world)


@pytest.fixture(scope="module")
def pairs(views):
    """Two views of one point by different cameras, one pair a point."""
    found = {}
    for one, other in itertools.combinations(views, 2):
        if (one.building, one.point) == (other.building, other.point):
            found.setdefault((one.building, one.point), (one, other))
    return list(found.values())


def test_every_file_is_where_the_page_says_and_has_its_form(world, views):
    manifest = json.loads((world / "manifest.json").read_text())
    assert manifest["domains"] == [
        p.name
        for p in sorted(
            world.iterdir(), key=lambda p: (manifest["domains"] + [p.name]).index(p.name)
        )
        if p.is_dir()
    ]
    assert set(manifest["domains"]) == {*FORMS, "class_object", "class_scene", "point_info"}
    assert len(views) == manifest["counts"]["views"] == 20
    for view in views:
        for domain, (mode, channels) in FORMS.items():
            with Image.open(view.path(domain)) as picture:
                assert (picture.format, picture.mode, picture.size) == ("PNG", mode, (64, 64))
            assert view.raw(domain).ndim == (3 if channels == 3 else 2)
        for domain in ("class_object", "class_scene"):
            chances = np.load(view.path(domain, "npy"))
            assert chances.dtype == np.float32
            assert chances.shape == (len(manifest["classes"][domain]),)
            assert (chances.sum(), chances.max()) in ((0, 0), (1, 1))
        assert set(np.unique(view.raw("mask_valid"))) <= {0, 255}
        assert (view.raw("principal_curvature")[..., 2] == 127).all()
        assert np.ptp(view.raw("reshading"), axis=2).max() == 0
        for domain in ("segment_unsup2d", "segment_unsup25d"):
            numbers = view.raw(domain).ravel()
            first = [int(np.argmax(numbers == n)) for n in range(int(numbers.max()) + 1)]
            assert len(first) <= 64
            assert first == sorted(first), "numbered in the order in which they appear"
            assert (numbers[first] == np.arange(len(first))).all()


def test_the_manifest_counts_hashes_and_names_the_rooms(world, views):
    manifest = json.loads((world / "manifest.json").read_text())
    files = sorted(
        path.relative_to(world).as_posix() for path in world.rglob("point_*") if path.is_file()
    )
    whole = hashlib.sha256()
    for name in files:
        content = (world / name).read_bytes()
        whole.update(f"{name}\0{len(content)}\0".encode() + content)
    assert (len(files), whole.hexdigest()) == (manifest["counts"]["files"], manifest["sha256"])
    for view in views:
        corners = np.rint(view.box.reshape(-1) / 1e-6).astype(int).tolist()
        told = hashlib.sha256(",".join(map(str, corners)).encode()).hexdigest()[:16]
        assert told in manifest["rooms"][view.building]
        kind = manifest["classes"]["class_scene"]
        assert kind[int(np.load(view.path("class_scene", "npy")).argmax())] == view.info["room"]


def test_the_page_names_every_key_class_and_array(world, views, loaded):
    manifest = json.loads((world / "manifest.json").read_text())
    arrays = {path.name.split("-")[0] for path in (world / ".cache-64").iterdir()}
    assert arrays >= {"point_info", "point_info_ends", "pairs", "constants", "hashes", *FORMS}
    keys = {*manifest, *manifest["settings"], *manifest["classes"], "views", "files"}
    for name in (keys | set(views[0].info) | arrays) - {*FORMS}:
        assert f"`{name}" in PAGE, name
    for domain in ("class_object", "class_scene"):
        assert f"float32, ({len(manifest['classes'][domain])},)" in PAGE
    uncertain, background, *classes = manifest["classes"]["segment_semantic"]
    assert (uncertain, background) == ("uncertain", "background")
    assert ", ".join(classes).replace("_", " ") in " ".join(PAGE.split())


def test_what_saw_nothing_is_marked_as_the_page_says(views):
    assert sum((~view.valid).sum() for view in views) > 50
    for view in views:
        gone = ~view.valid
        for domain, mark in (
            ("depth_zbuffer", 65535),
            ("depth_euclidean", 65535),
            ("normal", 127),
            ("principal_curvature", 127),
            ("reshading", 0),
            ("edge_occlusion", 0),
            ("segment_semantic", 0),
        ):
            assert (view.raw(domain)[gone] == mark).all(), domain
        for domain in ("depth_zbuffer", "depth_euclidean"):
            assert (view.raw(domain)[view.valid] < 65535).all()
        assert (view.raw("segment_semantic")[view.valid] >= 1).all()


def test_depth_is_along_the_axis_and_distance_along_the_ray(views):
    for view in views:
        ratio = np.linalg.norm(view.rays(), axis=2)
        np.testing.assert_allclose(view.distance, view.depth * ratio, atol=0.003)
        corner = np.linalg.norm(view.rays(0.0), axis=2)
        assert np.nanmax(np.abs(view.distance - view.depth * corner)) > 0.006, "not at the corner"


def test_the_point_is_in_the_middle_of_the_picture_between_four_pixels(views):
    for view in views:
        target = np.array(view.info["point_location"])
        u, v, depth = view.project(target)
        assert (u, v) == pytest.approx((32, 32), abs=1e-6)
        assert depth == pytest.approx(view.info["camera_distance"])
        slope = view.rotation[:, 2] @ view.info["point_normal"]
        assert np.arccos(slope) == pytest.approx(view.info["obliqueness_angle"])
        around = view.depth[31:33, 31:33]
        assert np.nanmin(around) - 0.3 < depth < np.nanmax(around) + 0.3


def test_two_pictures_of_one_place_agree_about_it(pairs):
    """Unproject the first, project into the second: depths, normals and classes are the same."""
    assert len(pairs) >= 3
    near, wrong, alike, same = [], [], [], []
    for first, second in [*pairs, *((b, a) for a, b in pairs)]:
        for offset, into in ((0.5, near), (0.0, wrong)):
            points = first.points(offset)
            u, v, depth = second.project(points)
            inside = (u > 1) & (u < 63) & (v > 1) & (v < 63) & (depth > 0)
            row, column = v[inside].astype(int), u[inside].astype(int)
            # The depth on the ray itself, by the tangent plane of the pixel that it falls into.
            normal = second.normal[row, column]
            ray = np.stack([(2 * u / 64 - 1) * second.half, (1 - 2 * v / 64) * second.half], -1)
            ray = np.concatenate([ray[inside], np.full((inside.sum(), 1), -1.0)], axis=1)
            middle = second.rays()[row, column] * second.depth[row, column][:, None]
            found = (normal * middle).sum(1) / (normal * ray).sum(1)
            gap = np.abs(found - depth[inside])
            close = gap < 0.1 * depth[inside]  # else something stands between
            into += gap[close & np.isfinite(gap)].tolist()
            if offset:
                ours = first.normal[inside] @ first.rotation.T
                theirs = normal @ second.rotation.T
                alike += (ours * theirs).sum(1)[gap < 0.02].tolist()
                classes = second.raw("segment_semantic")[row, column]
                same += (classes == first.raw("segment_semantic")[inside])[gap < 0.02].tolist()
    assert len(near) > 2000
    assert np.median(near) < 0.004, "two steps of a depth"
    assert np.median(wrong) > 2 * np.median(near), "the corner of a pixel is another place"
    assert np.median(alike) > 0.998
    assert np.mean(same) > 0.95


def test_normals_are_across_the_surface_and_toward_the_camera(views):
    cosines = []
    for view in views:
        points = view.rays() * view.depth[..., None]
        right, up = points[1:-1, 2:] - points[1:-1, :-2], points[:-2, 1:-1] - points[2:, 1:-1]
        across = np.cross(right, up)
        across /= np.linalg.norm(across, axis=2, keepdims=True)
        cosines += (across * view.normal[1:-1, 1:-1]).sum(2)[view.valid[1:-1, 1:-1]].tolist()
        lengths = np.linalg.norm(view.normal[view.valid], axis=1)
        assert np.abs(lengths - 1).max() < 0.01
    cosines = np.array(cosines)
    assert np.median(cosines[np.isfinite(cosines)]) > 0.998
    assert np.mean(cosines > 0.9) > 0.75


def test_curvature_is_how_normals_turn_and_bulges_are_positive(views):
    """Between two pixels, dn.dp / dp.dp lies between the smaller and the larger curvature."""
    between, bulging = [], []
    for view in views:
        points, normal = view.rays() * view.depth[..., None], view.normal
        larger, smaller = np.moveaxis(view.curvature, 2, 0)
        assert (larger >= smaller).all()
        step, turn = np.diff(points, axis=1), np.diff(normal, axis=1)
        size = np.linalg.norm(step, axis=2)
        bend = (turn * step).sum(2) / size**2
        flat = np.abs((normal[:, :-1] * step).sum(2)) < 0.3 * size  # one surface, no step
        room = 1.5 + 0.02 / size  # a normal is stored to 1/127
        high = np.maximum(larger[:, :-1], larger[:, 1:])
        low = np.minimum(smaller[:, :-1], smaller[:, 1:])
        round_ = flat & (size < 0.1) & ((high > 4) | (low < -4))
        between += ((bend < high + room) & (bend > low - room))[round_].tolist()
        strong = round_ & (np.abs(bend) > 3)
        bulging += (np.sign(bend) == np.sign(np.where(high > -low, high, low)))[strong].tolist()
    assert len(between) > 200
    assert np.mean(between) > 0.9
    assert np.mean(bulging) > 0.8, "with the other sign it would be less than .2"


def test_reshading_is_a_lamp_at_the_camera(views):
    for view in views:
        rays = view.rays() / np.linalg.norm(view.rays(), axis=2, keepdims=True)
        shade = np.maximum(0, -(view.normal * rays).sum(2)) * 8 / (8 + view.distance**2)
        told = view.raw("reshading")[..., 0] / 255
        np.testing.assert_allclose(told[view.valid], shade[view.valid], atol=0.02)


def test_occlusion_edges_are_jumps_of_depth_on_the_nearer_side(views):
    errors, total = [], 0
    for view in views:
        depth = np.where(view.valid, view.depth, 1e9)  # the open is far away
        edge = view.number("edge_occlusion")[1:-1, 1:-1]
        mid = depth[1:-1, 1:-1]
        around = [depth[:-2, 1:-1], depth[2:, 1:-1], depth[1:-1, :-2], depth[1:-1, 2:]]
        jump = 1 - mid / np.max(around, axis=0)
        strong = (edge > 0.1) & (mid < 1e9)
        errors += (jump - edge)[strong].tolist()
        total += strong.sum()
    assert total > 500
    assert np.median(np.abs(errors)) < 0.02


def test_texture_edges_are_the_slope_of_the_smoothed_picture(views):
    """The page's formula, by sums over shifted pictures."""
    for view in views[::5]:
        smooth = blurred(view.raw("rgb") / 255 @ [0.2125, 0.7154, 0.0721])
        slopes = [
            convolved(convolved(smooth, [1, 0, -1], axis), [1, 2, 1], 1 - axis) / 4
            for axis in (0, 1)
        ]
        edge = np.hypot(*slopes) / 2**0.5 / 3  # sigma / 3, and sigma is 1 at 64 pixels
        np.testing.assert_allclose(view.number("edge_texture"), edge, atol=2e-5)


def test_cameras_stand_upright_in_the_box_of_their_room(views):
    misread = 0
    for view in views:
        turn, info = view.rotation, view.info
        np.testing.assert_allclose(turn.T @ turn, np.eye(3), atol=1e-12)
        assert np.linalg.det(turn) == pytest.approx(1)
        assert turn[2, 0] == pytest.approx(0, abs=1e-12), "no roll: the picture's x is level"
        assert turn[2, 1] > 0, "the picture's up is up in the world"
        assert -turn[2, 2] == pytest.approx(np.sin(info["camera_pitch"]))
        a, b, c = info["camera_rotation_final"]
        assert (a - np.pi / 2, b) == pytest.approx((info["camera_pitch"], 0), abs=1e-9)
        level = -turn[:2, 2] / np.cos(info["camera_pitch"])
        assert level == pytest.approx((-np.sin(c), np.cos(c)))
        w, x, y, z = info["camera_rotation_final_quaternion"]
        cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
        np.testing.assert_allclose(turn, np.eye(3) + 2 * w * cross + 2 * cross @ cross, atol=1e-9)
        low, high = view.box
        assert ((low < view.position) & (view.position < high)).all()
        swapped = (low[[1, 0, 2]] < view.position) & (view.position < high[[1, 0, 2]])
        misread += not swapped.all()
    assert misread > 5, "read without the swap, cameras stand outside"


def test_floors_are_at_height_zero_and_walls_bound_the_room(views):
    lowest, inside = [], []
    for view in views:
        points, (low, high) = view.points()[view.valid], view.box
        lowest.append(np.percentile(points[:, 2], 1))
        up = (view.normal @ view.rotation.T)[view.valid][:, 2] > 0.99
        floor = up & (points[:, 2] < 0.05)
        assert np.abs(points[floor, 2]).max(initial=0) < 0.06
        inside.append(((points > low - 0.02) & (points < high + 0.02)).all(1).mean())
    assert min(lowest) > -0.02
    assert np.median(inside) > 0.9, "the rest is seen through doors and windows"


def test_vanishing_points_are_a_right_angled_frame_along_the_walls(views):
    shares = []
    for view in views:
        stored = view.info["vanishing_points_gaussian_sphere"]
        x, y, z = (np.array(stored[axis]) for axis in "xyz")
        axes = np.stack([x, y, z])
        np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-9)
        assert np.linalg.det(axes) == pytest.approx(1)
        assert x[2] > 0.7 * np.hypot(x[0], x[2]), "x points backwards, within 45 degrees"
        assert y[0] > 0, "y points right"
        assert z[1] > 0, "z points up"
        np.testing.assert_allclose(np.stack([-x, -y, z]), facing(view) @ view.rotation, atol=1e-9)
        normal = view.normal[view.valid]
        shares.append((np.abs(normal @ axes.T).max(1) > 0.999).mean())
    assert np.median(shares) > 0.5, "most of a room is level or upright at right angles"


def test_points_in_view_are_inside_the_picture_and_not_hidden(views):
    places = {(v.building, v.point): np.array(v.info["point_location"]) for v in views}
    for view in views:
        there = places[view.building, view.point]
        np.testing.assert_allclose(view.info["point_location"], there, atol=1e-4)
    seen = 0
    for view in views:
        told = view.info["nonfixated_points_in_view"]
        assert view.point in told
        for (building, point), place in places.items():
            if building != view.building:
                continue
            u, v, depth = view.project(place)
            inside = depth > 0 and 0 < u < 64 and 0 < v < 64
            if point in told:
                assert inside
                seen += point != view.point
            elif inside:
                patch = view.distance[
                    max(0, int(v) - 1) : int(v) + 2, max(0, int(u) - 1) : int(u) + 2
                ]
                assert np.nanmin(patch) < np.linalg.norm(place - view.position) + 0.05, "hidden"
    assert seen >= 4


def test_a_relative_pose_takes_points_from_the_first_camera_to_the_second(pairs):
    for first, second in pairs:
        pose = relative(first, second)
        turn, shift = rotation(pose[:3]), pose[3:]
        ours = (first.rays() * first.depth[..., None])[first.valid]
        theirs = (first.points()[first.valid] - second.position) @ second.rotation
        np.testing.assert_allclose(ours @ turn.T + shift, theirs, atol=1e-9)
        ends = [
            turn @ [0, 0, -first.info["camera_distance"]] + shift,
            [0, 0, -second.info["camera_distance"]],
        ]
        np.testing.assert_allclose(*ends, atol=1e-9)


def test_a_layouts_corners_are_those_of_the_room(views):
    for view in views:
        numbers = layout(view)
        signs = np.array(list(itertools.product((-0.5, 0.5), repeat=3)))
        corners = numbers[:3] + (signs * numbers[6:]) @ rotation(numbers[3:6])
        world = corners @ view.rotation.T + view.position
        np.testing.assert_allclose([world.min(0), world.max(0)], view.box, atol=1e-9)
        assert set(itertools.product(*view.box.T.round(6).tolist())) == set(
            map(tuple, world.round(6).tolist())
        )


# --- What the loader makes of them ---


@pytest.fixture(scope="module")
def loaded(world):
    """The loader's targets of every task, and what it wrote beside the files."""
    from encoders import TASKS, TaskonomyDataset
    from encoders.dataset import content

    slow = {"random", "jigsaw", "colorization"}  # whose labels are the pictures themselves
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(content, "SETTLED", 0)  # hashes of files written just now are kept, too
        return TaskonomyDataset(world, [name for name in TASKS if name not in slow], "all")


def target_of(loaded, task):
    """(targets, masks), unscaled where the loader scales by a mean and a spread."""
    _, target, mask = loaded.batch(task, range(len(loaded)))
    return target.numpy(), mask.numpy()


def test_the_targets_of_maps_are_the_pages_formulas(loaded, views):
    constants = loaded.constants
    limit = {name: constants[name].get("ceiling") for name in constants}

    def shares(view, domain, task):
        return 2 * np.minimum(view.number(domain) / limit[task], 1) - 1

    formulas = {
        "rgb2depth": lambda v: np.log1p(v.raw("depth_zbuffer")) / np.log(2**16),
        "rgb2mist": lambda v: np.log1p(v.raw("depth_euclidean")) / np.log(2**16),
        "rgb2sfnorm": lambda v: v.normal.transpose(2, 0, 1),
        "reshade": lambda v: v.raw("reshading")[..., 0] / 127.5 - 1,
        "edge2d": lambda v: shares(v, "edge_texture", "edge2d"),
        "keypoint2d": lambda v: shares(v, "keypoints2d", "keypoint2d"),
        "edge3d": lambda v: blurred(2 * v.number("edge_occlusion") / limit["edge3d"] - 1),
        "keypoint3d": lambda v: 2 * v.number("keypoints3d") - 1,
        "autoencoder": lambda v: v.raw("rgb").transpose(2, 0, 1) / 127.5 - 1,
        "denoise": lambda v: v.raw("rgb").transpose(2, 0, 1) / 127.5 - 1,
        "impainting_whole": lambda v: v.raw("rgb").transpose(2, 0, 1) / 127.5 - 1,
        "curvature": lambda v: (
            (v.raw("principal_curvature")[..., :2] - constants["curvature"]["mean"])
            / np.array(constants["curvature"]["std"])
        ).transpose(2, 0, 1),
        "segment2d": lambda v: v.raw("segment_unsup2d"),
        "segment25d": lambda v: v.raw("segment_unsup25d"),
        "segmentsemantic_rb": lambda v: np.maximum(v.raw("segment_semantic"), 1) - 1,
        "class_1000": lambda v: np.load(v.path("class_object", "npy")),
        "class_places": lambda v: np.load(v.path("class_scene", "npy")),
    }
    masked = {
        "rgb2depth",
        "rgb2mist",
        "rgb2sfnorm",
        "reshade",
        "keypoint3d",
        "curvature",
        "segment25d",
        "edge3d",
        "segmentsemantic_rb",
    }
    for name, formula in formulas.items():
        targets, masks = target_of(loaded, name)
        for view, target, mask in zip(views, targets, masks, strict=True):
            wanted = np.asarray(formula(view), dtype=float)
            if name == "class_1000" and not wanted.any():
                assert not mask
                continue
            np.testing.assert_allclose(np.squeeze(target), np.squeeze(wanted), atol=1e-5, rtol=1e-5)
            if mask.ndim:
                assert (mask == (view.valid if name in masked else True)).all(), name


def partners(world, rule, count):
    """(N, count) rows of the partners, and whether they match, from the cache."""
    [path] = (world / ".cache-64").glob(f"pairs-{rule}-*.npy")
    table = np.load(path)
    assert table.shape == (20, count + 1)
    return table[:, :-1], table[:, -1]


@pytest.mark.parametrize(
    ("task", "rule", "count"),
    [
        ("fix_pose", "fixated", 1),
        ("non_fixated_pose", "nonfixated", 1),
        ("ego_motion", "triplet", 2),
    ],
)
def test_the_targets_of_poses_are_relative_poses(loaded, world, views, task, rule, count):
    rows, _ = partners(world, rule, count)
    targets, masks = target_of(loaded, task)
    mean, std = (np.array(loaded.constants[task][name]) for name in ("mean", "std"))
    assert masks.sum() >= 2
    for view, others, target, mask in zip(views, rows, targets, masks, strict=True):
        assert mask == (others >= 0).all()
        if mask:
            cameras = [view, *(views[row] for row in others)]
            together = itertools.combinations(cameras, 2)
            wanted = np.concatenate([relative(*two) for two in together])
            np.testing.assert_allclose(target * std + mean, wanted, atol=1e-4)
            own = {(each.building, each.point) for each in cameras}
            assert set.intersection(
                *(set(each.info["nonfixated_points_in_view"]) for each in cameras)
            )
            assert len(own) == (2 if rule == "nonfixated" else 1)
            assert len({each.info["camera_uuid"] for each in cameras}) == count + 1


def test_matching_pairs_look_at_one_point_and_others_do_not_see_it(loaded, world, views):
    rows, same = partners(world, "match", 1)
    targets, masks = target_of(loaded, "point_match")
    there = rows[:, 0] >= 0
    assert (masks == there).all()
    assert (targets[there] == same[there]).all()
    assert 0 < same[there].mean() < 1
    for view, row, alike in zip(views, rows[:, 0], same, strict=True):
        if row >= 0:
            other = views[row]
            assert view.building == other.building
            assert alike == (view.point == other.point)
            assert alike or view.point not in other.info["nonfixated_points_in_view"]


def test_the_targets_of_layout_and_vanishing_points_are_the_pages_formulas(loaded, views):
    constants = loaded.constants["room_layout"]
    for view, box, axes in zip(
        views,
        target_of(loaded, "room_layout")[0],
        target_of(loaded, "vanishing_point_well_defined")[0],
        strict=True,
    ):
        found = box * np.array(constants["std"]) + constants["mean"]
        np.testing.assert_allclose(found, layout(view), atol=1e-4)
        np.testing.assert_allclose(axes, (facing(view) @ view.rotation).ravel(), atol=1e-6)


def test_the_cache_holds_what_the_files_hold(loaded, world, views):
    folder = world / ".cache-64"
    [path] = folder.glob("depth_zbuffer-*.npy")
    assert (np.load(path) == [view.raw("depth_zbuffer") for view in views]).all()
    [path] = folder.glob("principal_curvature-*.npy")
    assert np.load(path).shape == (20, 64, 64, 2)
    [text] = folder.glob("point_info-*.npy")
    [ends] = folder.glob("point_info_ends-*.npy")
    text, ends = np.load(text), np.load(ends)
    for number, view in enumerate(views):
        start = ends[number - 1] if number else 0
        assert json.loads(text[start : ends[number]].tobytes()) == view.info
    [path] = folder.glob("constants-*.json")
    assert json.loads(path.read_text())["room_layout"] == loaded.constants["room_layout"]
    with np.load(folder / "hashes-rgb.npz") as arrays:
        paths = arrays["paths"].tobytes().decode().split("\n")
        for name, code in zip(paths, arrays["hashes"], strict=True):
            content = (world / name).read_bytes()
            assert hashlib.blake2b(content, digest_size=16).digest() == code.tobytes()


@pytest.mark.parametrize("count", [3, 4, 17, 40])
def test_splits_are_a_seeded_shuffle_of_buildings(count):
    from encoders.dataset import split_buildings

    names = [f"building_{number:04d}" for number in range(count)]
    for seed in (0, 3):
        found = split_buildings(names[::-1], seed)
        assert {split: set(found[split]) for split in found} == {
            split: set(own) for split, own in shuffled_splits(names, seed).items()
        }


def test_the_pages_example_is_right():
    """The numbers of "Project a point", computed and found in the text."""
    turn = rotation(np.array([1.4, 0.0, -0.9]))
    step = np.array([5.0, 4.0, 0.75]) - [2.0, 1.5, 1.6]
    x, y, z = turn.T @ step
    half = np.tan(1.0 / 2)
    u, v = 32 * (1 + x / (-z * half)), 32 * (1 - y / (-z * half))
    for number in (*turn.ravel(), x, y, z, half, u, v, 32 / half, -z * 512):
        assert f"{number:.4f}" in PAGE, number
    focal = 32 / half  # and by the matrix of the page, in OpenCV's frame
    K = np.array([[focal, 0, 32], [0, focal, 32], [0, 0, 1]])
    u2, v2, w = K @ np.diag([1, -1, -1]) @ turn.T @ step
    assert (u2 / w, v2 / w) == pytest.approx((u, v))


def test_the_pages_code_runs_and_gives_the_places_that_a_picture_shows(world, views):
    code = next(c for c in re.findall(r"```python\n(.*?)```", PAGE, re.S) if "in_world" in c)
    found = {}
    exec(code.replace('Path("world")', f"Path({str(world)!r})"), found)
    assert views[0].name == found["name"]
    np.testing.assert_allclose(found["in_world"], views[0].points(), atol=1e-9)
    near = np.linalg.norm(found["in_world"] - views[0].info["point_location"], axis=2)
    assert {int(n) for n in np.unravel_index(np.nanargmin(near), near.shape)} <= {31, 32}


def test_the_page_has_a_table_of_contents_whose_links_exist():
    heads = re.findall(r"^##+ (.+)$", PAGE, re.M)
    links = re.findall(r"^\s*- \[(.+?)\]\(#(.+?)\)$", PAGE, re.M)
    assert [title for title, _ in links] == heads
    for title, anchor in links:
        assert anchor == re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
