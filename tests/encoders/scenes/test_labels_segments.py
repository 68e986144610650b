"""Unsupervised segments: planted pictures, brute-force cuts, and hand-made scenes."""

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage import data
from skimage.measure import label as connected
from skimage.transform import resize

from encoders.scenes.building import Room
from encoders.scenes.camera import Camera
from encoders.scenes.labels.cuts import DEAREST_CUT, normalized_cuts, two_way_cut
from encoders.scenes.labels.raycast_view import RaycastView
from encoders.scenes.labels.segments import (
    MOST_REGIONS,
    renumbered,
    segment_unsup2d,
    segment_unsup25d,
)
from encoders.scenes.raycast import Raycaster
from encoders.scenes.solids.shapes import box
from tests.encoders.scenes.room import assembled
from tests.examples import examples

COLORS = np.array(
    [[200, 60, 50], [60, 140, 80], [70, 90, 200], [230, 220, 190], [30, 30, 40], [150, 150, 150]]
)


def same_partition(a, b):
    pairs = set(zip(a.ravel().tolist(), b.ravel().tolist(), strict=True))
    return len(pairs) == len(np.unique(a)) == len(np.unique(b))


def agreement(a, b):
    """Adjusted Rand index of two labelings."""
    table = np.zeros((a.max() + 1, b.max() + 1))
    np.add.at(table, (a.ravel(), b.ravel()), 1)
    two = lambda counts: (counts * (counts - 1) / 2).sum()  # noqa: E731
    both, rows, columns = two(table), two(table.sum(1)), two(table.sum(0))
    expected = rows * columns / two(np.array([a.size]))
    return (both - expected) / ((rows + columns) / 2 - expected)


def flat_regions(name, size):
    part = np.zeros((size, size), dtype=int)
    y, x = np.mgrid[:size, :size] / size
    if name == "halves":
        part = (x > 0.4).astype(int)
    elif name == "quarters":
        part = 2 * (y > 0.5) + (x > 0.6)
    elif name == "nested":
        part = (np.maximum(abs(x - 0.5), abs(y - 0.5)) < 0.35).astype(int)
        part += np.maximum(abs(x - 0.5), abs(y - 0.5)) < 0.15
    elif name == "disc on a slope":
        part = (y > 0.3 + 0.5 * x).astype(int)
        part[(x - 0.6) ** 2 + (y - 0.4) ** 2 < 0.04] = 2
    return part


@pytest.mark.parametrize("size", [64, 256])
@pytest.mark.parametrize("name", ["one", "halves", "quarters", "nested", "disc on a slope"])
def test_flat_regions_are_found_exactly(name, size):
    part = flat_regions(name, size)
    segments = segment_unsup2d(COLORS[part].astype(np.uint8))
    assert same_partition(segments, part)


def test_regions_of_one_color_apart_from_each_other_are_two_segments():
    part = np.zeros((64, 64), dtype=int)
    part[10:30, 5:25], part[10:30, 40:60] = 1, 2
    segments = segment_unsup2d(COLORS[np.minimum(part, 1)].astype(np.uint8))
    assert same_partition(segments, part)


@pytest.mark.parametrize("size", [64, 256])
def test_regions_are_found_under_sensor_noise(size):
    part = flat_regions("disc on a slope", size)
    noise = np.random.default_rng(0).normal(0, 4, (size, size, 3))
    picture = np.clip(COLORS[part] + noise, 0, 255).astype(np.uint8)
    assert agreement(segment_unsup2d(picture), part) > 0.95


@pytest.mark.parametrize("size", [64, 256])
@pytest.mark.parametrize("photo", ["coffee", "astronaut", "chelsea"])
def test_segments_of_a_photo_are_connected_and_truer_than_square_blocks(photo, size):
    whole = getattr(data, photo)()
    side = min(whole.shape[:2])
    picture = np.rint(255 * resize(whole[:side, :side], (size, size), anti_aliasing=True))
    segments = segment_unsup2d(picture.astype(np.uint8))
    count = int(segments.max()) + 1
    assert 5 <= count <= MOST_REGIONS
    assert all(connected(segments == k, connectivity=2).max() == 1 for k in range(count))
    blocks = int(np.ceil(np.sqrt(count)))  # at least as many blocks as segments
    place = np.arange(size) * blocks // size
    assert left_over(picture, segments) < 0.75 * left_over(picture, place[:, None] * blocks + place)


def left_over(picture, parts):
    """Mean squared deviation of the colors from the mean of their part."""
    total = 0.0
    for k in np.unique(parts):
        pixels = picture[parts == k]
        total += ((pixels - pixels.mean(0)) ** 2).sum()
    return total / picture.size


@given(arrays(np.int64, (5, 6), elements=st.integers(-3, 4)))
def test_numbers_keep_the_partition_and_follow_first_appearance(labels):
    names = renumbered(labels)
    assert same_partition(names, labels)
    seen = list(dict.fromkeys(names.ravel().tolist()))
    assert seen == list(range(len(seen)))


def ncut(weights, side):
    """The definition, in sums over pairs of nodes."""
    a, b = np.flatnonzero(side), np.flatnonzero(~np.asarray(side))
    cut = sum(weights[i, j] for i in a for j in b)
    tied = [sum(weights[i, j] for i in part for j in range(len(weights))) for part in (a, b)]
    return cut / tied[0] + cut / tied[1]


def cheapest(weights):
    count = len(weights)
    sides = (
        np.isin(np.arange(count), (0, *rest))
        for taken in range(count - 1)
        for rest in itertools.combinations(range(1, count), taken)
    )
    return min(ncut(weights, side) for side in sides)


def random_graph(count, seed, self_weight=2.0):
    rng = np.random.default_rng(seed)
    weights = np.triu(rng.random((count, count)) * (rng.random((count, count)) < 0.6), 1)
    weights = weights + weights.T
    weights[np.arange(count - 1), np.arange(1, count)] += 0.05  # a path, so that all is connected
    weights[np.arange(1, count), np.arange(count - 1)] += 0.05
    np.fill_diagonal(weights, self_weight)
    return weights


@pytest.mark.parametrize("seed", range(8))
def test_the_cut_of_two_clusters_is_the_cheapest_of_all(seed):
    rng = np.random.default_rng(seed)
    weights = rng.uniform(0.6, 1.0, (9, 9))
    weights = (weights + weights.T) / 2
    planted = rng.permutation(9) < 4
    weights[planted[:, None] != planted] *= 0.05
    np.fill_diagonal(weights, 2.0)
    side, cost = two_way_cut(weights)
    assert same_partition(side, planted)
    assert cost == pytest.approx(ncut(weights, side))
    assert cost == pytest.approx(cheapest(weights))


@pytest.mark.parametrize("seed", range(8))
def test_a_cut_costs_what_the_definition_says_and_is_near_the_cheapest(seed):
    weights = random_graph(8, seed)
    side, cost = two_way_cut(weights)
    best = cheapest(weights)
    assert cost == pytest.approx(ncut(weights, side))
    assert best - 1e-12 <= cost <= 1.3 * best


def test_two_nodes_are_cut_apart():
    side, cost = two_way_cut(np.array([[2.0, 0.5], [0.5, 2.0]]))
    assert side.sum() == 1
    assert cost == pytest.approx(2 * 0.5 / 2.5)


@pytest.mark.parametrize("bridge", [0.0, 1e-4, 3e-3])
def test_cuts_stop_where_every_cut_is_dear(bridge):
    """Three cliques in a row, tied by single edges: the parts are the cliques, and none is cut."""
    weights = np.kron(np.eye(3), np.full((4, 4), 0.9))
    weights[3, 4] = weights[4, 3] = weights[7, 8] = weights[8, 7] = bridge
    np.fill_diagonal(weights, 2.0)
    parts = normalized_cuts(weights)
    assert same_partition(parts, np.repeat([0, 1, 2], 4))
    assert cheapest(weights) < DEAREST_CUT
    for k in range(3):
        assert cheapest(weights[np.ix_(parts == k, parts == k)]) >= DEAREST_CUT


def test_a_tight_graph_stays_whole():
    assert (normalized_cuts(np.full((5, 5), 0.9) + 1.1 * np.eye(5)) == 0).all()
    assert normalized_cuts(np.array([[2.0]])).tolist() == [0]


def sight_of(shapes, position, target, size=64, fov=1.1, rgb=None):
    rows = [(shape, None, kind, (0, 0, 0)) for shape, kind in shapes]
    room = Room("bedroom", np.array([-5.0, -5, 0]), np.array([5.0, 5, 3]))
    raycaster = Raycaster(assembled(rows, (room,)))
    picture = np.full((size, size, 3), 150, dtype=np.uint8) if rgb is None else rgb
    return RaycastView.of(raycaster, Camera.looking_at(position, target, fov), size, picture)


WALL = (box([-9, 3, -9], [9, 3.2, 9]), "wall")
FLOOR = (box([-9, -9, -0.1], [9, 3, 0]), "floor")


@pytest.mark.parametrize("size", [64, 256])
def test_a_box_before_a_wall_of_its_color_is_seen_in_depth_alone(size):
    """Both are flat, face the camera and have one color: only the step between them differs."""
    front = (box([-0.5, 2.6, 0.5], [0.6, 2.9, 1.4]), "cabinet")
    sight = sight_of([WALL, front], (0, -1, 1), (0, 3, 1), size)
    assert (segment_unsup2d(sight.rgb) == 0).all()
    assert same_partition(segment_unsup25d(sight), sight.grid(sight.hits.instance))


def test_a_floor_is_one_segment_however_far_it_runs():
    sight = sight_of([FLOOR], (0, -8, 1.4), (0, 1.5, 0), fov=0.9)
    met = sight.grid(sight.hits.valid)
    depth = sight.hits.distance[sight.hits.valid]
    assert depth.max() > 3 * depth.min()
    assert same_partition(segment_unsup25d(sight), met)


def test_surfaces_of_one_color_that_meet_at_an_angle_are_two_segments():
    sight = sight_of([WALL, FLOOR], (0.4, -1, 1.5), (0, 3, 0.2))
    truth = sight.grid(sight.hits.instance)
    assert agreement(segment_unsup25d(sight), truth) > 0.97
    assert (segment_unsup2d(sight.rgb) == 0).all()


def test_the_three_faces_of_a_box_are_three_segments():
    sight = sight_of([(box([-1, -1, -1], [1, 1, 1]), "cabinet")], (4, -5, 4), (0, 0, 0), fov=0.5)
    normal = np.rint(sight.hits.normal).astype(int)
    truth = sight.grid(normal @ [1, 2, 4])
    assert len(np.unique(truth)) == 4  # and what lies around the box
    assert agreement(segment_unsup25d(sight), truth - truth.min()) > 0.95


def test_colors_tell_coplanar_things_apart():
    part = np.zeros((64, 64), dtype=int)
    part[16:48, 20:44] = 1
    sight = sight_of([WALL], (0, -1, 1), (0, 3, 1), rgb=COLORS[part].astype(np.uint8))
    assert same_partition(segment_unsup25d(sight), part)


@examples(times=0.05)
@given(st.integers(0, 2**32 - 1))
def test_even_noise_has_at_most_64_segments(seed):
    picture = np.random.default_rng(seed).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    segments = segment_unsup2d(picture)
    assert segments.max() < MOST_REGIONS
    assert segments.dtype == np.int32


HASH = """
import hashlib
import numpy as np
from skimage import data
from encoders.scenes.labels.segments import segment_unsup2d
for photo in (data.coffee, data.astronaut, data.chelsea):
    print(hashlib.sha256(segment_unsup2d(photo()[:256:4, :256:4].copy()).tobytes()).hexdigest())
"""


def test_segments_do_not_depend_on_the_process_or_its_threads():
    said = [
        subprocess.run(
            [sys.executable, "-c", HASH],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"OPENBLAS_NUM_THREADS": threads, "PYTHONHASHSEED": threads},
        ).stdout
        for threads in ("1", "4")
    ]
    assert said[0] == said[1]
    assert len(set(said[0].split())) == 3
