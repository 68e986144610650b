"""3D keypoints against a slow restatement of NARF, and where they must and must not be."""

import functools
import itertools
import math

import numpy as np
import pytest

from encoders.scenes.camera import Camera
from encoders.scenes.labels import geometry, narf
from encoders.scenes.labels.narf import keypoints3d
from encoders.scenes.labels.raycast_view import RaycastView
from encoders.scenes.labels.scan import Scan
from encoders.scenes.solids.shapes import box
from tests.encoders.scenes.boxes import ball, hollow, look

EYE, AIM = [1.13, 0.42, 1.53], [2.51, 2.24, 0.62]


def furnished(size=64, eye=EYE, aim=AIM, fov=0.9):
    """A cabinet, a ball, a pole and a picture on the wall."""
    shapes = [
        hollow(),
        box([2.2, 2, 0], [3, 2.6, 0.82]),
        ball([1.6, 2.1, 0.3], 0.3),
        box([3.2, 2.9, 0], [3.27, 2.97, 1.7]),
        box([2.6, 3.95, 1.2], [3.2, 4.0, 1.7]),
    ]
    return look(shapes, eye, aim, fov=fov, size=size)


# The slow restatement: one pixel, one neighbor, one pair of neighbors at a time.


class Slow:
    """NARF's interest value, pixel by pixel, from depth, normals and gaps."""

    def __init__(self, sight):
        self.size = sight.size
        self.depth, self.normal = geometry.depth_zbuffer(sight), geometry.normal(sight)
        self.across, self.down = sight.gaps.across, sight.gaps.down
        half = math.tan(sight.camera.fov / 2)
        self.pixel = 2 * half / sight.size
        middle = (np.arange(sight.size) + 0.5) * self.pixel - half
        self.point = (
            np.stack(np.broadcast_arrays(middle[None, :], -middle[:, None], -1.0), -1)
            * np.nan_to_num(self.depth)[..., None]
        )
        self.places = [(i, j) for i in range(self.size) for j in range(self.size)]

    def inside(self, place):
        return all(0 <= part < self.size for part in place)

    def seen(self, place):
        return self.inside(place) and not math.isnan(self.depth[place])

    def border(self, p, q):
        """1 if p is in front of its neighbor q by 3 cm, -1 if behind, 0 if neither."""
        (i, j), first = min(p, q), p < q
        gap = self.across[i, j] if p[0] == q[0] else self.down[i, j]
        near = p if (gap > 0) == first else q
        if gap == 0 or self.depth[near] * abs(gap) < 0.03 * (1 - abs(gap)):
            return 0
        return 1 if near == p else -1

    def neighbors(self, place):
        i, j = place
        around = [(i, j + 1), (i, j - 1), (i + 1, j), (i - 1, j)]
        return [q for q in around if self.inside(q)]

    def sides(self, place):
        return {self.border(place, q) for q in self.neighbors(place)}

    def linked(self, p, q):
        """Return whether a pixel and one of its eight neighbors are on one surface."""
        if not self.seen(p) or not self.seen(q):
            return False
        if p[0] == q[0] or p[1] == q[1]:
            return self.border(p, q) == 0
        ways = [(p[0], q[1]), (q[0], p[1])]
        return any(self.linked(p, way) and self.linked(way, q) for way in ways)

    def reached(self, p, offset):
        """Return whether the surface is unbroken along the straight line from p."""
        steps = [offset]
        for length in range(max(map(abs, offset)), 0, -1):
            steps.append(tuple(round(part * (length - 1) / length) for part in steps[-1]))
        line = [(p[0] + i, p[1] + j) for i, j in reversed(steps)]
        return all(map(self.seen, line)) and all(
            self.linked(a, b) for a, b in itertools.pairwise(line)
        )

    def hides(self, p, offset):
        """Return whether something unconnected lies behind p in that direction."""
        q = (p[0] + offset[0], p[1] + offset[1])
        if not self.inside(q) or self.reached(p, offset):
            return False
        return math.isnan(self.depth[q]) or self.depth[q] > self.depth[p]

    def change(self, p):
        """Weight of p and its direction in the picture (radians)."""
        if not self.seen(p) or -1 in self.sides(p):
            return 0.0, 0.0
        square = [(i, j) for i in range(-2, 3) for j in range(-2, 3)]
        if 1 in self.sides(p):
            ways = [complex(j, -i) for i, j in square if (i or j) and self.hides(p, (i, j))]
            toward, axis = sum(ways), sum(way**2 / abs(way) for way in ways)
            both = axis + (toward**2 / abs(toward) if abs(toward) > 1e-9 else 0)
            return 1.0, math.atan2(both.imag, both.real) / 2
        normals = [self.normal[p[0] + i, p[1] + j] for i, j in square if self.reached(p, (i, j))]
        values, vectors = np.linalg.eigh(np.cov(np.array(normals).T, bias=True))
        weight = 1 - (1 - math.sqrt(max(values[-1], 0.0))) ** 3
        if weight <= 0.2:
            return 0.0, 0.0
        # The direction as it appears in the picture: a small step along it, projected.
        a, b = self.point[p], self.point[p] + 1e-6 * vectors[:, -1]
        x, y = b[:2] / -b[2] - a[:2] / -a[2]
        return weight, math.atan2(y, x)

    def surroundings(self):
        """Return, for each pixel that counts, I1 and the (f, angle) of its neighbors."""
        changes = {p: self.change(p) for p in self.places}
        changing = [p for p in self.places if changes[p][0] > 0.2]
        result = {}
        for p in self.places:
            if not self.seen(p) or -1 in self.sides(p):
                continue
            sigma = max(0.3, 5 * self.pixel * self.depth[p])
            calm, found = 1.0, []
            for q in changing:
                offset = (q[0] - p[0], q[1] - p[1])
                if math.hypot(*offset) > self.size // 8:
                    continue
                d = float(np.linalg.norm(self.point[p] - self.point[q]))
                if d > sigma / 2 or not self.reached(p, offset):
                    continue
                weight, angle = changes[q]
                calm = min(calm, 1 - weight * max(1 - 10 * d / sigma, 0))
                found.append((math.sqrt(weight * (1 - abs(2 * d / sigma - 0.5))), angle))
            result[p] = calm, found
        return result


@functools.cache
def surroundings(view):
    return Slow(furnished(size=32, **VIEWS[view])).surroundings()


def slow_interest(view, angles=None):
    """Compute equations 8 and 9 over all pairs; ``angles`` limits the number of directions."""
    result = np.zeros((32, 32))
    for p, (calm, found) in surroundings(view).items():
        for (f1, angle1), (f2, angle2) in itertools.combinations(found, 2):
            turn = angle1 - angle2
            if angles:
                unit = math.pi / angles
                turn = unit * (round_up(angle1 / unit) - round_up(angle2 / unit))
            result[p] = max(result[p], calm * f1 * f2 * (1 - abs(math.cos(turn))))
    return smoothed(result)


def round_up(value):
    """Round to the nearest integer, halves upwards."""
    return math.floor(value + 0.5)


def smoothed(values):
    kernel = np.array([1, 2, 1]) / 4
    wide = np.pad(values, 1, mode="edge")
    rows = np.apply_along_axis(np.convolve, 0, wide, kernel, "valid")
    return np.apply_along_axis(np.convolve, 1, rows, kernel, "valid")


VIEWS = [{}, {"eye": [1.3, 1.2, 1.9], "aim": [2.0, 2.3, 0.4]}]


@pytest.mark.parametrize("view", [0, 1])
def test_interest_is_that_of_a_loop_over_pixels_neighbors_and_pairs(view):
    expected = slow_interest(view, angles=16)
    assert (expected > 0.1).sum() > 20
    np.testing.assert_allclose(keypoints3d(furnished(size=32, **VIEWS[view])), expected, atol=1e-9)


def test_sixteen_directions_are_enough():
    """Rounding directions to 11 degrees moves the values by less than that can matter."""
    exact, found = slow_interest(0), keypoints3d(furnished(size=32))
    assert np.abs(found - exact).max() < 0.15
    assert np.abs(found - exact).mean() < 0.01
    assert np.corrcoef(found.ravel(), exact.ravel())[0, 1] > 0.98


# Where keypoints are


@pytest.mark.parametrize("aim", [[2.5, 4, 1.3], [3.1, 4, 0.9]])
def test_a_flat_wall_has_none(aim):
    sight = look([hollow()], [2.5, 1.5, 1.3], aim, fov=0.5)
    np.testing.assert_array_equal(keypoints3d(sight), 0)


def test_a_straight_edge_between_two_walls_has_none():
    """All directions on the edge are alike, so the last factor of I2 is close to zero."""
    sight = look([hollow()], [2.0, 1.2, 1.3], [5.0, 4.0, 1.3], fov=0.5)
    assert (np.abs(geometry.normal(sight)[..., 0]) > 0.1).any()
    assert keypoints3d(sight).max() < 0.03


def test_a_ball_far_from_everything_has_less_than_a_corner():
    eye, aim, block = [2.5, 0.5, 1.3], [2.5, 2.2, 1.3], box([2.2, 2, 1], [2.8, 2.6, 1.6])
    alone = look([hollow(), ball(aim, 0.3)], eye, aim, fov=0.5)
    cornered = look([hollow(), block], [1.9, 0.5, 1.9], aim, fov=0.5)
    assert keypoints3d(alone).max() < 0.5 * keypoints3d(cornered).max()


def test_the_corners_of_a_box_are_keypoints():
    """Within half a support of each visible corner, and nowhere else, is the interest high."""
    low, high = np.array([2.1, 2.0, 1.0]), np.array([2.9, 2.6, 1.6])
    sight = look([hollow(), box(low, high)], [1.5, 1.0, 2.5], [2.4, 2.2, 1.3], fov=0.8, size=96)
    interest = keypoints3d(sight)
    points = sight.grid(sight.hits.point)
    on = sight.grid(sight.hits.instance) == 1
    corners = np.array([[x, y, z] for x in (2.1, 2.9) for y in (2.0, 2.6) for z in (1.0, 1.6)])
    distance = np.linalg.norm(points[:, :, None] - corners, axis=-1)
    for number, (_, y, z) in enumerate(corners):
        if y == 2.0 or z == 1.6:  # on the front or the top
            assert interest[on & (distance[..., number] < 0.15)].max() > 0.1, corners[number]
    strong = on & (interest > 0.5)
    assert strong.any()
    # The kernel that smooths the map carries a value one pixel further, about 2 cm.
    assert distance[strong].min(1).max() < 0.22


def test_a_corner_itself_is_not_stable():
    """I1: on the crease there is less interest than a few centimeters beside it."""
    sight = look([hollow()], [2.0, 1.2, 1.3], [5.0, 4.0, 0.0], fov=0.35, size=96)
    interest = keypoints3d(sight)
    distance = np.linalg.norm(sight.grid(sight.hits.point) - [5.0, 4.0, 0.0], axis=-1)
    assert interest[distance < 0.02].mean() < 0.5 * interest.max()
    place = np.unravel_index(interest.argmax(), interest.shape)
    assert 0.03 < distance[place] < 0.15


def test_what_is_hidden_or_not_there_has_none_before_smoothing(monkeypatch):
    monkeypatch.setattr(narf, "_smoothed", lambda values: values)
    sight = furnished()
    scan = Scan.of(sight, jump=0.03, margin=8)
    assert scan.shadow.sum() > 30
    np.testing.assert_array_equal(keypoints3d(sight)[scan.shadow], 0)


def test_interest_turns_with_the_picture():
    """A camera rolled by a quarter sees the same keypoints, turned."""
    upright = furnished()
    camera = upright.camera
    right, up, back = camera.rotation.T
    rolled = Camera(camera.position, np.stack([up, -right, back], axis=1), camera.fov)
    turned = RaycastView.of(upright.raycaster, rolled, 64, upright.rgb)
    first, second = keypoints3d(upright), keypoints3d(turned)
    # What was up is now right: the picture turned clockwise.
    np.testing.assert_allclose(
        geometry.depth_zbuffer(turned), np.rot90(geometry.depth_zbuffer(upright), -1), atol=1e-9
    )
    difference = np.abs(second - np.rot90(first, -1))
    assert (first > 0.1).sum() > 50
    assert np.median(difference) < 1e-9
    assert (difference > 0.02).mean() < 0.01


def test_interest_is_between_zero_and_one_and_the_same_twice():
    first, second = keypoints3d(furnished()), keypoints3d(furnished())
    assert first.min() >= 0
    assert 0.3 < first.max() <= 1
    assert first.tobytes() == second.tobytes()
