"""The dictionary of tasks, its scalings and its fits. Oracles: the paper's formulas by hand."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from encoders.codecs.colors import color_bins
from encoders.errors import InvalidDataError, UnknownNameError
from encoders.losses import LOSSES
from encoders.tasks import OTHER_NAMES, TASKS, Output, Task, each_view, tasks_named
from encoders.tasks.curves import (
    apply_curve,
    centered,
    clipped,
    log_depth,
    signed8,
    signed16,
    stretched,
)
from encoders.tasks.dictionary import COLORS
from encoders.tasks.fits import (
    PublishedConstants,
    fit_ceiling,
    fit_channels,
    fit_frequencies,
    fit_vector,
)
from encoders.tasks.labels import class_probabilities, to_ceiling
from encoders.tasks.places import PLACES
from encoders.tasks.sample import Sample

PUBLISHED = [
    "autoencoder",
    "class_1000",
    "class_places",
    "colorization",
    "curvature",
    "denoise",
    "edge2d",
    "edge3d",
    "ego_motion",
    "fix_pose",
    "impainting_whole",
    "jigsaw",
    "keypoint2d",
    "keypoint3d",
    "non_fixated_pose",
    "point_match",
    "random",
    "reshade",
    "rgb2depth",
    "rgb2mist",
    "rgb2sfnorm",
    "room_layout",
    "segment25d",
    "segment2d",
    "segmentsemantic_rb",
    "vanishing_point_well_defined",
]


def sample(raw=None, *, valid=None, size=8, count=1, constants=None, infos=None):
    raw = raw or {}
    return Sample(
        size=size,
        pictures=np.zeros((count, 1, size, size, 3), np.uint8),
        raw=raw,
        valid=np.ones((count, size, size), bool) if valid is None else valid,
        infos=infos or ((),) * count,
        paths=((),) * count,
        has_partners=np.ones(count, bool),
        same_point=np.ones(count, bool),
        seeds=tuple((0, number, 0, 0) for number in range(count)),
        constants=constants or {},
    )


def test_the_26_tasks_of_the_paper():
    assert list(TASKS) == PUBLISHED
    only = {task.name for task in TASKS.values() if task.source_only}
    assert only == {"colorization", "impainting_whole", "jigsaw", "random"}
    assert all(task.loss in LOSSES for task in TASKS.values())
    assert len({task.display for task in TASKS.values()}) == 26
    assert TASKS["rgb2sfnorm"].display == "Normals"


def test_inputs_and_outputs_of_the_paper():
    inputs = {name: task.inputs for name, task in TASKS.items() if task.inputs > 1}
    assert inputs == {
        "ego_motion": 3,
        "fix_pose": 2,
        "jigsaw": 9,
        "non_fixated_pose": 2,
        "point_match": 2,
    }
    shapes = {
        "autoencoder": (3, 64, 64),
        "curvature": (2, 64, 64),
        "rgb2depth": (1, 64, 64),
        "segment2d": (64, 64, 64),
        "segmentsemantic_rb": (17, 64, 64),
        "jigsaw": (100,),
        "ego_motion": (18,),
        "fix_pose": (6,),
        "room_layout": (9,),
        "point_match": (2,),
        "vanishing_point_well_defined": (9,),
        "colorization": (COLORS, 16, 16),
    }
    for name, shape in shapes.items():
        assert TASKS[name].output.shape(64) == shape
    assert TASKS["fix_pose"].input_shape(64) == (2, 3, 64, 64)
    assert TASKS["colorization"].input_shape(64) == (1, 64, 64)
    assert len(color_bins()) == COLORS


def test_shapes_that_cannot_be():
    with pytest.raises(InvalidDataError, match="depends on the data: take the task from"):
        TASKS["class_places"].output.shape(64)
    with pytest.raises(InvalidDataError, match="size 66 cannot be divided by 4"):
        TASKS["colorization"].output.shape(66)
    with pytest.raises(InvalidDataError, match="give both an output and a label, or neither"):
        Task("half", Output("map", 1), "l1", None)


def test_names():
    assert [task.name for task in tasks_named(["edge2d", "inpainting_whole"])] == [
        "edge2d",
        "impainting_whole",
    ]
    assert set(OTHER_NAMES.values()) <= set(TASKS)
    own = Task("own", None, "l1", None)
    assert tasks_named([own]) == [own]
    with pytest.raises(UnknownNameError, match='no task "rgb2dept"; did you mean rgb2depth'):
        tasks_named(["rgb2dept"])
    with pytest.raises(UnknownNameError, match='no task "qqqq"; there are autoencoder'):
        tasks_named(["qqqq"])
    with pytest.raises(UnknownNameError, match='task "edge2d" is named twice'):
        tasks_named(["edge2d", "edge2d"])
    for nothing in ([], "edge2d"):
        with pytest.raises(UnknownNameError, match="expected some tasks"):
            tasks_named(nothing)


def test_scalings_by_hand():
    # 1 m is 512 steps; log(1 + 512) / log(65536) = 6.2403 / 11.0904.
    assert log_depth(np.array([0.0, 512, 65535])) == pytest.approx([0, 0.56268, 1], abs=1e-5)
    raw = np.array([0, 0.04, 0.08, 1.0]) * 65535
    assert clipped(raw, ceiling=0.08) == pytest.approx([-1, 0, 1, 1])
    assert stretched(raw, ceiling=0.08) == pytest.approx([-1, 0, 1, 24])
    assert signed16(np.array([0, 65535])) == pytest.approx([-1, 1])
    assert signed8(np.array([0, 255])) == pytest.approx([-1, 1])
    assert centered(np.array([0, 127, 254])) == pytest.approx([-1, 0, 1])


def test_a_table_gives_what_the_curve_gives():
    raw = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    assert apply_curve(log_depth, raw, {}) == pytest.approx(log_depth(raw.astype(float)), rel=1e-6)
    small = np.arange(256, dtype=np.uint8)
    assert apply_curve(signed8, small, {}).dtype == np.float32
    assert apply_curve(signed8, small, {}) == pytest.approx(small / 127.5 - 1, abs=1e-7)


def test_occlusion_edges_are_blurred_by_a_gaussian_of_a_64th_of_the_side():
    size = 64
    raw = np.zeros((1, size, size), np.uint16)
    raw[0, 32, 32] = 65535
    label = to_ceiling("edge_occlusion", stretched, 1.0, masked=True, blur=4 / 256)
    target, _ = label.make(sample({"edge_occlusion": raw}, size=size, constants={"ceiling": 1.0}))
    share = (target[0, 0] + 1) / 2  # back to shares of 65535
    assert share.sum() == pytest.approx(1, abs=1e-4)
    offset = np.arange(size) - 32
    assert (share.sum(0) * offset**2).sum() == pytest.approx(1.0, abs=0.01)  # variance = sigma^2


def histogram(values):
    return [sample({"e": np.array(values, np.uint16).reshape(1, 10, 10)}, size=10)]


def test_the_published_ceiling_is_kept_where_it_fits():
    values = [0] * 60 + [3000] * 30 + [5200] * 10  # 5200 / 65535 = 0.0793, just below 0.08
    found = fit_ceiling(histogram(values), domain="e", published=0.08)
    assert found == {"ceiling": 0.08, "origin": "published", "saturated": 0.0}


@pytest.mark.parametrize(
    ("values", "saturated"),
    [([0] * 50 + list(range(20000, 25000, 100)), 0.5), ([0] * 50 + [7] * 50, 0.0)],
    ids=["saturates", "hardly rises"],
)
def test_a_ceiling_that_does_not_fit_is_fitted(values, saturated):
    found = fit_ceiling(histogram(values), domain="e", published=0.08)
    assert found["origin"] == "fitted"
    assert found["saturated"] == saturated
    above = sorted(value for value in values if value)
    assert found["ceiling"] * 65535 == pytest.approx(above[int(np.ceil(0.99 * 50)) - 1])


def test_what_is_not_clipped_may_not_run_away():
    values = [0] * 94 + [60000] * 6  # 146 times the ceiling, on few pixels
    published = 0.00625
    clip = fit_ceiling(histogram(values), domain="e", published=published)
    assert (clip["ceiling"], clip["origin"]) == (published, "published")
    edge3d = TASKS["edge3d"].label.fit
    found = edge3d([sample({"edge_occlusion": np.array(values, np.uint16).reshape(1, 10, 10)})])
    assert found["origin"] == "fitted"
    assert found["ceiling"] == pytest.approx(60000 / 65535)


def test_nothing_to_fit_a_ceiling_to():
    found = fit_ceiling(histogram([0] * 100), domain="e", published=0.08)
    assert (found["ceiling"], found["origin"]) == (0.08, "published")


def channels(mean, std, seed=0):
    rng = np.random.default_rng(seed)
    raw = np.stack([rng.normal(m, s, (2, 32, 32)) for m, s in zip(mean, std, strict=True)], axis=-1)
    return np.clip(np.rint(raw), 0, 255).astype(np.uint8)


def test_channels_are_standardized_over_valid_pixels():
    raw = channels((127, 127), (6, 3))
    valid = np.random.default_rng(1).random((2, 32, 32)) < 0.5
    raw[~valid] = 255
    published = PublishedConstants((123.572, 120.1), (31.922, 21.658))
    found = fit_channels(
        [sample({"c": raw}, valid=valid, size=32)], domain="c", published=published
    )
    assert found["origin"] == "fitted"
    assert found["mean"] == pytest.approx(raw[valid].mean(axis=0))
    assert found["std"] == pytest.approx(raw[valid].std(axis=0))
    near = channels((120, 125), (30, 20))
    found = fit_channels([sample({"c": near}, size=32, count=2)], domain="c", published=published)
    assert found == {"mean": [123.572, 120.1], "std": [31.922, 21.658], "origin": "published"}


def test_vectors_are_standardized_without_their_tails():
    rng = np.random.default_rng(0)
    values = np.column_stack([rng.normal(5, 2, 10_000), np.full(10_000, 3.0)]).astype(np.float32)
    values[0, 0] = 1e9  # one broken file must not flatten all others
    counts = np.ones(10_000, bool)
    counts[1] = False
    values[1] = np.nan  # masked: not looked at
    found = fit_vector([sample()], make=lambda given: (values, counts))
    assert found["mean"][0] == pytest.approx(5, abs=0.1)
    assert found["std"][0] == pytest.approx(2, abs=0.1)
    assert found["std"][1] == 1.0  # does not vary
    assert found["mean"][1] == 3.0


def test_frequencies_of_classes():
    hard = np.array([[0, 2], [2, 2]])
    mask = np.array([[True, True], [True, False]])
    found = fit_frequencies([sample()], make=lambda given: (hard, mask))
    assert found["frequency"] == pytest.approx([1 / 3, 0, 2 / 3])
    soft = np.array([[0.5, 0.5], [0.0, 1.0]])
    found = fit_frequencies([sample()] * 2, make=lambda given: (soft, np.ones(2, bool)))
    assert found["frequency"] == pytest.approx([0.25, 0.75])


def test_scores_become_probabilities_and_probabilities_stay():
    label = class_probabilities("class_object")
    scores = np.array([[1.0, 2.0, 4.0]], np.float32)
    chances, mask = label.make(sample({"class_object": scores}))
    assert chances[0] == pytest.approx(np.exp([1, 2, 4]) / np.exp([1, 2, 4]).sum())
    assert mask.tolist() == [True]
    kept, _ = label.make(sample({"class_object": np.array([[0.25, 0.75]], np.float32)}))
    assert kept[0] == pytest.approx([0.25, 0.75])


def test_a_view_without_an_object_has_no_label_and_changes_no_other():
    given = np.array([[0, 1, 0], [0, 0, 0], [3, 1, 3]], np.float32)
    chances, known = class_probabilities("class_object").make(
        sample({"class_object": given}, count=3)
    )
    assert known.tolist() == [True, False, True]
    assert chances[0].tolist() == [0, 1, 0]
    assert chances[1] == pytest.approx(1 / 3)
    assert chances[2] == pytest.approx(np.exp([3, 1, 3]) / np.exp([3, 1, 3]).sum())


def test_63_of_the_real_scene_classes_are_kept():
    assert len(PLACES) == 63
    # Of Places365's alphabetical list: alcove, ..., living_room, ..., kitchen.
    assert {3, 203, 215} <= set(PLACES)
    places = np.full((1, 365), 0.5 / 364, np.float32)
    places[0, 215] = 0.5
    chances, _ = class_probabilities("class_scene").make(sample({"class_scene": places}))
    assert chances.shape == (1, 63)
    assert chances.sum() == pytest.approx(1)
    assert PLACES[int(chances.argmax())] == 215
    assert chances.max() == pytest.approx(0.5 / (0.5 + 62 * 0.5 / 364))


@pytest.mark.parametrize(
    ("function", "shape", "mask"),
    [
        (lambda view: 3.0, (2, 1), [True, True]),
        (lambda view: [1.0, np.nan], (2, 2), [False, False]),
        (lambda view: view.rgb[..., 0], (2, 1, 8, 8), None),
        (lambda view: np.moveaxis(view.rgb, 2, 0), (2, 3, 8, 8), None),
    ],
    ids=["number", "vector", "plane", "planes"],
)
def test_a_label_of_one_view(function, shape, mask):
    target, counts = each_view(function).make(sample(count=2))
    assert target.shape == shape
    assert counts.tolist() == mask if mask else counts.shape == (2, 8, 8)
    assert np.isfinite(target).all()


def test_a_label_of_one_view_sees_physical_units():
    depth = np.full((1, 8, 8), 1024, np.uint16)
    target, _ = each_view(lambda view: view["depth_zbuffer"].max()).make(
        sample({"depth_zbuffer": depth})
    )
    assert target.tolist() == [[2.0]]  # meters


def test_tasks_need_neither_embree_nor_torch():
    code = (
        "import sys; sys.modules['embreex'] = sys.modules['torch'] = None;"
        "from encoders.tasks import TASKS; assert len(TASKS) == 26"
    )
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
