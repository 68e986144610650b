"""Semantic labels against rays through solid boxes; classes where the answer is plain."""

import numpy as np
import pytest

from encoders.errors import UnknownNameError
from encoders.scenes.building import Room
from encoders.scenes.camera import Camera
from encoders.scenes.furniture import OBJECTS, SEMANTIC
from encoders.scenes.homes.rooms import SCENES
from encoders.scenes.labels.classes import class_object, class_scene, segment_semantic
from encoders.scenes.labels.sight import Sight
from encoders.scenes.raycast import Caster
from encoders.scenes.solids.shapes import box
from tests.encoders.scenes.room import assembled

ROOMS = (
    Room("kitchen", np.array([0.0, 0, 0]), np.array([4.0, 4, 2.6])),
    Room("bedroom", np.array([4.2, 0, 0]), np.array([8.0, 4, 2.6])),
    Room("kitchen", np.array([0.0, 4.2, 0]), np.array([8.0, 8, 2.6])),
)
WALL = (box([-9, 5, -9], [9, 5.2, 9]), "wall")


def sight_of(shapes, *, position=(0, 0, 1), target=(0, 5, 1), size=64, fov=1.0, rooms=ROOMS):
    rows = [(shape, None, kind, (0, 0, 0)) for shape, kind in shapes]
    camera = Camera.looking_at(position, target, fov)
    return Sight.of(
        Caster(assembled(rows, rooms)), camera, size, np.zeros((size, size, 3), dtype=np.uint8)
    )


def panel(kind, left, right, *, y=4.0, low=0.5, high=1.5):
    """An upright board that faces the camera."""
    return box([left, y, low], [right, y + 0.1, high]), kind


def named(label):
    assert label.shape == (len(OBJECTS),)
    assert label.dtype == np.float32
    assert sorted(np.unique(label)) == [0, 1]
    assert label.sum() == 1
    return OBJECTS[int(label.argmax())]


def test_the_values_of_the_files_are_taskonomys():
    """PNG 0 is uncertain, 1 background, 2 to 17 the paper's classes in its order."""
    assert SEMANTIC == (
        "bottle",
        "chair",
        "couch",
        "potted_plant",
        "bed",
        "dining_table",
        "toilet",
        "tv",
        "microwave",
        "oven",
        "toaster",
        "sink",
        "refrigerator",
        "book",
        "clock",
        "vase",
    )
    shapes = [panel(kind, -4 + 0.5 * k, -3.6 + 0.5 * k) for k, kind in enumerate(SEMANTIC)]
    sight = sight_of(shapes, size=256, fov=1.9)
    labels = segment_semantic(sight)
    assert labels.dtype == np.uint8
    row = labels[128]
    met = row[row > 0]
    assert met[np.r_[True, met[1:] != met[:-1]]].tolist() == list(range(2, 18))


def test_what_no_class_covers_is_background_and_a_window_uncertain():
    sight = sight_of([(box([-9, 5, -9], [0, 5.2, 9]), "wall"), panel("desk", -1, -0.5)])
    labels = segment_semantic(sight)
    assert (labels[:, :32] == 1).all()
    assert (labels[:, 32:] == 0).all()


def test_a_single_pixel_keeps_its_class():
    sight = sight_of([WALL, panel("bottle", 0.02, 0.06, low=1.02, high=1.06)], size=64)
    labels = segment_semantic(sight)
    assert (labels == 2).sum() == 1
    assert labels[31, 32] == 2


def test_the_map_is_that_of_rays_against_solid_boxes():
    """The slabs between a box's planes, without triangles or Embree; the nearest box wins."""
    rng = np.random.default_rng(5)
    kinds = [*SEMANTIC, "desk", "rug", "wall", "door"]
    lows = rng.uniform([-2.5, 2, -1], [2, 5, 2], (len(kinds), 3))
    highs = lows + rng.uniform(0.3, 1.2, (len(kinds), 3))
    shapes = [(box(*corners), kind) for *corners, kind in zip(lows, highs, kinds, strict=True)]
    sight = sight_of(shapes, position=(0.1, -0.5, 0.7), target=(0, 3, 0.8), size=48)
    rays = sight.camera.to_world(sight.rays)
    nearest, expected = np.full(len(rays), np.inf), np.zeros(len(rays), dtype=int)
    for low, high, kind in zip(lows, highs, kinds, strict=True):
        slabs = (np.stack([low, high]) - sight.camera.position)[:, None] / rays
        enter, leave = slabs.min(0).max(1), slabs.max(0).min(1)
        ahead = (enter < leave) & (enter < nearest)
        nearest[ahead] = enter[ahead]
        expected[ahead] = 2 + SEMANTIC.index(kind) if kind in SEMANTIC else 1
    assert len(np.unique(expected)) > 10
    np.testing.assert_array_equal(segment_semantic(sight).ravel(), expected)


def test_the_main_object_is_the_larger_of_two_at_the_same_distance_from_the_center():
    shapes = [WALL, panel("chair", -1.2, -0.4), panel("tv", 0.4, 1.2, low=0.7, high=1.3)]
    assert named(class_object(sight_of(shapes))) == "chair"
    assert named(class_object(sight_of(shapes[::-1]))) == "chair"


def test_the_main_object_is_the_one_in_the_middle_rather_than_a_larger_one_at_the_edge():
    middle, edge = panel("vase", -0.4, 0.4), panel("couch", 1.3, 2.1, low=0.2, high=1.8)
    sight = sight_of([WALL, middle, edge])
    covered = np.bincount(sight.hits.instance, minlength=3)
    assert covered[2] > covered[1]
    assert named(class_object(sight)) == "vase"


def test_the_weight_is_a_gaussian_of_the_distance_from_the_middle():
    """The winner changes where the sums of the formula, pixel by pixel, change order."""
    winners = set()
    for right in np.linspace(0.8, 2.6, 10):
        shapes = [WALL, panel("oven", -0.6, -0.1), panel("sink", 0.6, right, low=0, high=2)]
        sight = sight_of(shapes)
        sums = [0.0, 0.0]
        for row in range(64):
            for column in range(64):
                square = ((column + 0.5) / 64 - 0.5) ** 2 + ((row + 0.5) / 64 - 0.5) ** 2
                instance = sight.hits.instance[row * 64 + column]
                if instance > 0:
                    sums[instance - 1] += np.exp(-square / (2 * 0.25**2))
        winner = named(class_object(sight))
        assert winner == ("oven", "sink")[int(np.argmax(sums))]
        winners.add(winner)
    assert winners == {"oven", "sink"}


def test_walls_are_no_objects_and_pieces_are_not_added_up():
    assert named(class_object(sight_of([WALL, panel("bed", 0.5, 1.0)]))) == "bed"
    stools = [panel("stool", 0.42 * k - 1, 0.42 * k - 0.75, low=0.8, high=1.2) for k in range(5)]
    table = panel("desk", -0.5, 0.5, low=0.1, high=0.65)
    assert named(class_object(sight_of([WALL, *stools, table]))) == "desk"


def test_a_tie_goes_to_the_class_that_comes_first():
    left, right = ("clock", "toilet")
    shapes = [WALL, panel(left, -1, -0.4), panel(right, 0.4, 1)]
    assert OBJECTS.index(right) < OBJECTS.index(left)
    assert named(class_object(sight_of(shapes))) == right
    shapes = [WALL, panel(right, -1, -0.4), panel(left, 0.4, 1)]
    assert named(class_object(sight_of(shapes))) == right


def test_no_object_under_two_per_cent_of_the_picture():
    """82 of 64 x 64 pixels are the first count at 2 %."""
    for half in np.linspace(0.1, 0.4, 31):
        sight = sight_of([WALL, panel("book", -half, half, low=1 - half, high=1 + half)])
        share = (sight.hits.instance == 1).mean()
        assert class_object(sight).sum() == (share >= 0.02)
    assert class_object(sight_of([WALL])).sum() == 0
    assert class_object(sight_of([panel("wall", 50, 51)])).sum() == 0  # nothing is met at all


@pytest.mark.parametrize(
    ("position", "scene"),
    [
        ((1, 1, 1.5), "kitchen"),
        ((5, 3, 1.5), "bedroom"),
        ((5, 6, 1.5), "kitchen"),
        ((4.05, 2, 1.5), "kitchen"),  # in the doorway, on the kitchen's side
        ((4.15, 2, 1.5), "bedroom"),
        ((6, 4.09, 1.5), "bedroom"),
    ],
)
def test_the_scene_is_the_room_that_the_camera_stands_in(position, scene):
    label = class_scene(sight_of([WALL], position=position, target=(0, 9, 1)))
    assert label.shape == (len(SCENES),)
    assert label.dtype == np.float32
    assert label.sum() == 1
    assert SCENES[int(label.argmax())] == scene


def test_an_unknown_room_type_is_named():
    room = Room("ballroom", np.zeros(3), np.ones(3))
    with pytest.raises(UnknownNameError, match="room type 'ballroom' is none of the scenes"):
        class_scene(sight_of([WALL], rooms=(room,)))
