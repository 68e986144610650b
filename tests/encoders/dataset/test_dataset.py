"""TaskonomyDataset. Oracles: the numbers that were written into the files, worked out by hand."""

import json
import pickle
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from encoders.codecs.colors import color_bins
from encoders.codecs.jigsaw import tile_orders
from encoders.dataset import TaskonomyDataset
from encoders.errors import InvalidDataError, UnknownNameError
from encoders.losses import LOSSES
from encoders.tasks import TASKS, Output, Task, each_view
from tests.encoders.dataset.test_index import (
    BUILDINGS,
    POINTS,
    VIEWS,
    euler_matrix,
    folder,
    raw_view,
    write,
    write_folder,
)

__all__ = ["folder"]

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "own_task.py"


def key_of(name):
    """Building, point and view of an image's name."""
    building, _, rest = name.partition("/point_")
    point, _, view = rest.partition("_view_")
    return building, int(point), int(view)


@pytest.fixture(scope="module")
def everything(folder):
    return TaskonomyDataset(folder, list(TASKS), "all")


def one(data, task, number=0):
    """Input, target and mask of an example as numpy, and what its files hold."""
    parts = [part[0].numpy() for part in data.batch(task, [number])]
    return *parts, raw_view(*key_of(data.image(number)))


def test_views_are_in_the_order_of_their_numbers(everything):
    assert len(everything) == len(BUILDINGS) * POINTS * VIEWS
    names = [everything.image(number) for number in range(len(everything))]
    assert names[:4] == [
        "alpha/point_0_view_0",
        "alpha/point_0_view_1",
        "alpha/point_0_view_2",
        "alpha/point_1_view_0",
    ]
    assert [key_of(name) for name in names] == sorted(key_of(name) for name in names)


@pytest.mark.parametrize("task", TASKS)
def test_examples_have_the_shapes_that_the_task_says(everything, task):
    given, target, mask = everything.batch(task, [0, 7, 5])
    kind = everything.tasks[task]
    assert given.shape == (3, *kind.input_shape(8))
    assert given.dtype == torch.float32
    assert given.min() >= -1
    assert given.max() <= 1
    assert mask.dtype == torch.bool
    if kind.output is None:
        assert target.shape == (3, 0)
        return
    prediction = torch.zeros(3, *kind.output.shape(8))
    losses = LOSSES[kind.loss](prediction, target, mask)  # the losses check the shapes
    assert losses.shape == (3,)
    assert torch.isfinite(losses).all()


def test_pictures_are_scaled_to_one(everything):
    given, target, mask, raw = one(everything, "autoencoder", 4)
    expected = raw["rgb"].transpose(2, 0, 1) / 127.5 - 1
    assert given == pytest.approx(expected, abs=1e-6)
    assert target == pytest.approx(expected, abs=1e-6)
    assert mask.all()


@pytest.mark.parametrize(
    ("task", "domain"), [("rgb2depth", "depth_zbuffer"), ("rgb2mist", "depth_euclidean")]
)
def test_depth_is_the_papers_logarithm(everything, task, domain):
    _, target, mask, raw = one(everything, task, 3)
    seen = raw["mask_valid"] == 255
    assert np.array_equal(mask, seen)
    meters = raw[domain][seen] / 512
    assert target[0][seen] == pytest.approx(np.log(1 + 512 * meters) / np.log(65536), abs=1e-6)


def test_normals_edges_and_shading(everything):
    for number in (0, 11):
        _, target, mask, raw = one(everything, "rgb2sfnorm", number)
        assert target == pytest.approx((raw["normal"].transpose(2, 0, 1) - 127.0) / 127, abs=1e-6)
        assert np.array_equal(mask, raw["mask_valid"] == 255)
        _, target, mask, raw = one(everything, "reshade", number)
        assert target[0] == pytest.approx(raw["reshading"][..., 0] / 255 * 2 - 1, abs=1e-6)
        _, target, mask, raw = one(everything, "keypoint3d", number)
        assert target[0] == pytest.approx(raw["keypoints3d"] / 65535 * 2 - 1, abs=1e-6)
        ceiling = everything.constants["edge2d"]["ceiling"]
        _, target, mask, raw = one(everything, "edge2d", number)
        expected = np.minimum(raw["edge_texture"] / 65535, ceiling) / ceiling * 2 - 1
        assert target[0] == pytest.approx(expected, abs=1e-5)
        assert mask.all()


def test_curvature_is_standardized_by_the_train_split(folder):
    data = TaskonomyDataset(folder, ["curvature"], "test")
    train = TaskonomyDataset(folder, ["curvature"], "train")
    values = []
    for number in range(len(train)):
        raw = raw_view(*key_of(train.image(number)))
        values.append(raw["principal_curvature"][raw["mask_valid"] == 255][:, :2])
    values = np.concatenate(values).astype(float)
    assert data.constants["curvature"]["mean"] == pytest.approx(values.mean(0))
    assert data.constants["curvature"]["std"] == pytest.approx(values.std(0))
    _, target, _, raw = one(data, "curvature")
    expected = (raw["principal_curvature"][..., :2] - values.mean(0)) / values.std(0)
    assert target == pytest.approx(expected.transpose(2, 0, 1), abs=1e-5)


def test_semantic_classes_leave_out_the_uncertain(everything):
    _, target, mask, raw = one(everything, "segmentsemantic_rb", 6)
    numbers = raw["segment_semantic"].astype(int)
    assert np.array_equal(mask, numbers > 0)
    assert np.array_equal(target[mask], numbers[mask] - 1)
    assert target.min() >= 0
    assert target.max() <= 16
    frequency = everything.constants["segmentsemantic_rb"]["frequency"]
    assert len(frequency) == 17
    assert sum(frequency) == pytest.approx(1)


def test_segments_are_numbers(everything):
    for task, domain in (("segment2d", "segment_unsup2d"), ("segment25d", "segment_unsup25d")):
        _, target, _, raw = one(everything, task, 2)
        assert np.array_equal(target, raw[domain])


def test_classes_are_probabilities_and_their_number_is_found(everything):
    _, target, mask, raw = one(everything, "class_places", 20)
    assert target == pytest.approx(raw["class_scene"] / raw["class_scene"].sum(), abs=1e-6)
    assert mask
    assert everything.tasks["class_places"].output.channels == 10
    assert everything.tasks["class_1000"].output.channels == 6


def pair_of(data, task, number):
    """The raw values of the pictures that an example shows, found by the pictures themselves."""
    given = data.batch(task, [number])[0][0].numpy()
    shown = np.rint((given + 1) * 127.5).astype(int).transpose(0, 2, 3, 1)
    raws = [raw_view(b, p, v) for b in BUILDINGS for p in range(POINTS) for v in range(VIEWS)]
    return [next(raw for raw in raws if np.array_equal(raw["rgb"], one)) for one in shown]


def seen_from(info, points):
    turn = euler_matrix(*info["camera_rotation_final"])
    return (points - np.array(info["camera_location"])) @ turn  # rows: R^T (x - l)


def destandardized(data, task, number):
    constants = data.constants[task]
    target = data.batch(task, [number])[1][0].numpy().astype(float)
    return target * np.array(constants["std"]) + np.array(constants["mean"])


@pytest.mark.parametrize("task", ["fix_pose", "non_fixated_pose", "ego_motion"])
def test_poses_take_points_from_one_camera_to_the_other(everything, task):
    points = np.random.default_rng(0).uniform(-2, 2, (5, 3))
    for number in (0, 13, 35):
        infos = [raw["point_info"] for raw in pair_of(everything, task, number)]
        poses = destandardized(everything, task, number).reshape(-1, 6)
        ends = [(0, 1)] if len(infos) == 2 else [(0, 1), (0, 2), (1, 2)]
        for pose, (first, second) in zip(poses, ends, strict=True):
            moved = seen_from(infos[first], points) @ euler_matrix(*pose[:3]).T + pose[3:]
            assert moved == pytest.approx(seen_from(infos[second], points), abs=1e-4)


def test_vanishing_points_are_the_worlds_axes(everything):
    _, target, mask, raw = one(everything, "vanishing_point_well_defined", 9)
    turn = euler_matrix(*raw["point_info"]["camera_rotation_final"])
    x, y, z = target.reshape(3, 3)
    assert mask
    assert z == pytest.approx(turn[2], abs=1e-6)  # the world's up, seen from the camera
    assert np.cross(x, y) == pytest.approx(z, abs=1e-6)
    aligned = turn @ np.stack([x, y, z], axis=1)  # back in the world: axes, but for quarter turns
    assert np.abs(aligned).round(5) == pytest.approx(np.abs(aligned).round())


def test_layout_is_the_rooms_box(everything):
    raw = one(everything, "room_layout", 16)[3]
    center, extents = destandardized(everything, "room_layout", 16)[[0, 1, 2, 6, 7, 8]].reshape(
        2, 3
    )
    info = raw["point_info"]
    height = info["bounding_box_ranges"]["z"][1]
    assert seen_from(info, np.array([[0, 0, height / 2]]))[0] == pytest.approx(center, abs=1e-4)
    assert sorted(extents.round(4)) == pytest.approx(sorted([8, 10, height]), abs=1e-3)


def test_matching_tells_whether_the_point_is_the_same(everything):
    answers = []
    for number in range(0, len(everything), 5):
        label = int(everything.batch("point_match", [number])[1][0])
        first, second = (
            r["point_info"]["point_uuid"] for r in pair_of(everything, "point_match", number)
        )
        assert label == (first == second)
        answers.append(label)
    labels = everything.batch("point_match", range(len(everything)))[1]
    assert int(labels.sum()) * 2 == pytest.approx(len(labels), abs=len(BUILDINGS))


def test_views_without_partners_are_masked(tmp_path):
    for view in range(2):
        for domain, value in raw_view("alpha", 0, view).items():
            if domain in ("rgb", "point_info"):
                write(tmp_path / domain / "alpha" / f"point_0_view_{view}_domain_{domain}", value)
    data = TaskonomyDataset(tmp_path, ["ego_motion", "fix_pose"], "all", cache=False)
    given, _, mask = data.batch("ego_motion", [0, 1])
    assert not mask.any()
    assert torch.equal(given[:, 0], given[:, 1])  # the view stands in for what there is not
    assert data.batch("fix_pose", [0, 1])[2].all()


def test_noise_is_the_same_in_every_epoch_unless_asked_otherwise(folder):
    data = TaskonomyDataset(folder, ["denoise", "jigsaw"], "all")
    again = TaskonomyDataset(folder, ["denoise"], "all")
    first, clean, _ = data.batch("denoise", range(9))
    for _ in range(9):
        tenth = data.batch("denoise", range(9))[0]
    assert torch.equal(first, tenth)
    assert torch.equal(first[4], again.batch("denoise", [4])[0][0])  # nor of the batch
    assert not torch.equal(first, data.batch("denoise", range(9), epoch=1)[0])
    assert not torch.equal(first[0] - clean[0], first[1] - clean[1])
    assert not torch.equal(
        first, TaskonomyDataset(folder, ["denoise"], "all", seed=1).batch("denoise", range(9))[0]
    )
    assert torch.equal(data.batch("jigsaw", [3])[0], data.batch("jigsaw", [3])[0])
    assert (data.batch("jigsaw", range(36))[1] != data.batch("jigsaw", range(36), epoch=5)[1]).any()


def test_an_epoch_draws_other_partners_and_their_answers(folder):
    """The draws are those of a data set whose seed is the epoch's."""
    data = TaskonomyDataset(folder, ["fix_pose", "ego_motion"], "all")
    rows = range(len(data))
    seed = int(np.random.SeedSequence([0, 2]).generate_state(1)[0])
    other = TaskonomyDataset(folder, ["fix_pose"], "all", seed=seed, constants=data.constants)
    first, second = data.batch("fix_pose", rows), data.batch("fix_pose", rows, epoch=2)
    assert not torch.equal(first[0][:, 1], second[0][:, 1])
    assert torch.equal(first[0][:, 0], second[0][:, 0])
    for ours, theirs in zip(second, other.batch("fix_pose", rows), strict=True):
        torch.testing.assert_close(ours, theirs, equal_nan=True)
    for ours, theirs in zip(data.batch("fix_pose", rows), first, strict=True):
        torch.testing.assert_close(ours, theirs, equal_nan=True)
    anew = data.examples("fix_pose").of_epoch(2)
    assert torch.equal(anew.batch(list(rows))[0], second[0])
    same = data.examples("ego_motion")
    assert same.of_epoch(2) is same


def test_the_answer_of_a_jigsaw_is_the_order_of_its_tiles(tmp_path):
    for view in range(3):
        rgb = np.zeros((24, 24, 3), np.uint8)
        for tile in range(9):
            row, column = divmod(tile, 3)
            rgb[8 * row : 8 * row + 8, 8 * column : 8 * column + 8] = 20 * tile
        write(tmp_path / "rgb" / "b" / f"point_0_view_{view}_domain_rgb", rgb)
    data = TaskonomyDataset(tmp_path, ["jigsaw"], "all", cache=False)
    given, answer, _ = data.batch("jigsaw", range(3))
    for tiles, number in zip(given.numpy(), answer.tolist(), strict=True):
        shown = np.rint((tiles.mean((1, 2, 3)) + 1) * 127.5) / 20
        assert np.array_equal(shown.round(), tile_orders()[number])


def test_a_hole_is_where_the_paper_has_it(everything):
    given, target, _, _ = one(everything, "impainting_whole")
    hidden = np.zeros((8, 8), bool)
    hidden[2:6, 2:6] = True
    assert (given[:, hidden] == 0).all()
    assert np.array_equal(given[:, ~hidden], target[:, ~hidden])


def test_gray_pictures_have_the_color_gray(tmp_path):
    write(tmp_path / "rgb" / "b" / "point_0_view_0_domain_rgb", np.full((8, 8, 3), 119, np.uint8))
    data = TaskonomyDataset(tmp_path, ["colorization"], "all", cache=False)
    given, target, mask = data.batch("colorization", [0])
    assert given == pytest.approx(0.0, abs=0.01)  # sRGB 119 has a lightness of 50
    assert mask.shape == (1, 2, 2)
    likeliest = target[0].argmax(0).unique()
    assert color_bins()[likeliest.item()].tolist() == [0.0, 0.0]


def test_depth_shrinks_without_what_is_missing(tmp_path):
    write_folder(tmp_path, buildings=BUILDINGS[:1], domains=("rgb",))
    depth = np.full((8, 8), 1000, np.uint16)
    depth[:2, :2] = [[65535, 65535], [2000, 65535]]  # a quarter valid: missing
    depth[:2, 2:4] = [[65535, 3000], [2000, 65535]]  # half valid: the mean of those
    depth[:2, 4:6] = [[100, 200], [300, 600]]
    for point in range(POINTS):
        for view in range(VIEWS):
            name = f"point_{point}_view_{view}_domain_depth_zbuffer"
            write(tmp_path / "depth_zbuffer" / "alpha" / name, depth)
    data = TaskonomyDataset(tmp_path, ["rgb2depth"], "all", size=4)
    _, target, mask = data.batch("rgb2depth", [0])
    assert mask[0, 0].tolist() == [False, True, True, True]
    expected = np.log1p([2500, 300, 1000]) / np.log(65536)
    assert target[0, 0, 0, 1:].numpy() == pytest.approx(expected, abs=1e-6)


def test_only_the_needed_folders_are_looked_at(tmp_path):
    write_folder(tmp_path, domains=("rgb", "depth_zbuffer"))
    (tmp_path / "normal" / "alpha").mkdir(parents=True)
    (tmp_path / "normal" / "alpha" / "point_0_view_0_domain_normal.png").write_bytes(b"broken")
    data = TaskonomyDataset(tmp_path, ["rgb2depth", "autoencoder"], "all")
    assert len(data) == 36
    with pytest.raises(InvalidDataError, match="has no principal_curvature"):
        TaskonomyDataset(tmp_path, ["curvature"], "all")


@pytest.mark.parametrize("layout", ["omnidata", "building", "archive", "older"])
def test_real_layouts_give_the_same_examples(tmp_path, everything, layout):
    tasks = ["rgb2depth", "segmentsemantic_rb", "class_places", "fix_pose"]
    data = TaskonomyDataset(write_folder(tmp_path, layout), tasks, "all", cache=False)
    for task in tasks:
        for theirs, ours in zip(
            data.batch(task, [0, 8, 30]), everything.batch(task, [0, 8, 30]), strict=True
        ):
            assert torch.equal(theirs, ours)


def test_splits_share_no_building_and_constants(folder):
    parts = {
        name: TaskonomyDataset(folder, ["fix_pose"], name) for name in ("train", "val", "test")
    }
    owns = {
        name: {key_of(data.image(i))[0] for i in range(len(data))} for name, data in parts.items()
    }
    assert not owns["train"] & owns["val"]
    assert not owns["train"] & owns["test"]
    assert not owns["val"] & owns["test"]
    assert set.union(*owns.values()) == set(BUILDINGS)
    assert parts["train"].constants == parts["val"].constants == parts["test"].constants
    assert parts["train"].constants["fix_pose"]["origin"] == "fitted"
    other_seed = TaskonomyDataset(folder, ["fix_pose"], "test", seed=5)
    assert other_seed.constants == parts["test"].constants


def test_buildings_and_splits_can_be_named(folder):
    splits = {"train": ["alpha", "beta"], "test": ["gamma"]}
    data = TaskonomyDataset(folder, ["rgb2depth"], "train", splits=splits, buildings=["beta"])
    assert {key_of(data.image(i))[0] for i in range(len(data))} == {"beta"}
    with pytest.raises(InvalidDataError, match="has no views of the split val"):
        TaskonomyDataset(folder, ["rgb2depth"], "val", splits=splits)
    with pytest.raises(UnknownNameError, match='has no building "omega"; it has alpha'):
        TaskonomyDataset(folder, ["rgb2depth"], buildings=["omega"])
    with pytest.raises(UnknownNameError, match='no split "dev"; there are train, val, test, all'):
        TaskonomyDataset(folder, ["rgb2depth"], "dev")


def test_constants_need_a_train_split_or_are_given(folder):
    splits = {"test": ["gamma"]}
    with pytest.raises(InvalidDataError, match=r"standardized by the train split.*constants="):
        TaskonomyDataset(folder, ["curvature"], "test", splits=splits)
    known = TaskonomyDataset(folder, ["curvature"]).constants
    data = TaskonomyDataset(folder, ["curvature"], "test", splits=splits, constants=known)
    assert data.constants == known


def test_workers_give_what_the_dataset_gives(folder):
    data = TaskonomyDataset(folder, ["denoise", "fix_pose", "rgb2depth"], "train")
    loader = DataLoader(data, batch_size=5, num_workers=2)
    names = []
    for batch in loader:
        numbers = range(len(names), len(names) + len(batch["image"]))
        names += batch["image"]
        for task in data.tasks:
            parts = data.batch(task, numbers)
            for key, part in zip(("input", "target", "mask"), parts, strict=True):
                assert torch.equal(batch[task][key], part)
    assert names == [data.image(number) for number in range(len(data))]


def test_a_dataset_can_be_sent_to_another_process(folder):
    data = TaskonomyDataset(folder, list(TASKS), "val")
    sent = pickle.loads(pickle.dumps(data))
    for task in ("rgb2depth", "ego_motion", "curvature", "jigsaw"):
        for ours, theirs in zip(data.batch(task, [1]), sent.batch(task, [1]), strict=True):
            assert torch.equal(ours, theirs)


def test_examples_of_one_task(everything):
    examples = everything.examples("edge2d")
    assert len(examples) == len(everything)
    for ours, theirs in zip(
        examples.batch([1, 2]), everything.batch("edge2d", [1, 2]), strict=True
    ):
        assert torch.equal(ours, theirs)
    with pytest.raises(UnknownNameError, match='this dataset has no task "edge9"'):
        everything.examples("edge9")


def broken(folder, domain, building="alpha"):
    path = folder / domain / building / f"point_1_view_1_domain_{domain}.png"
    path.write_bytes(path.read_bytes()[:-30])
    return path


def test_a_broken_picture_is_named_also_by_a_worker(tmp_path):
    write_folder(tmp_path, domains=("rgb", "depth_zbuffer"))
    path = broken(tmp_path, "depth_zbuffer")
    message = rf"{path.name} is broken or cut off.*delete it and run `taskgraph scenes"
    with pytest.raises(InvalidDataError, match=message):
        TaskonomyDataset(tmp_path, ["rgb2depth"], "all")
    data = TaskonomyDataset(tmp_path, ["rgb2depth"], "all", cache=False)
    with pytest.raises(InvalidDataError, match=message):
        data[4]
    batches = iter(DataLoader(data, batch_size=6, num_workers=2))
    with pytest.raises(InvalidDataError, match=message):
        list(batches)
    batches._shutdown_workers()  # at once: left to the collector, torch waits for 10 s


def test_a_missing_file_is_named_or_its_view_left_out(tmp_path):
    write_folder(tmp_path, domains=("rgb", "normal", "point_info"))
    path = tmp_path / "normal" / "beta" / "point_2_view_0_domain_normal.png"
    path.unlink()
    with pytest.raises(InvalidDataError, match=rf"{path} is missing \(1 of 36 views have no norm"):
        TaskonomyDataset(tmp_path, ["rgb2sfnorm"], "all")
    data = TaskonomyDataset(tmp_path, ["rgb2sfnorm"], "all", skip_incomplete=True)
    assert len(data) == 35
    assert "beta/point_2_view_0" not in [data.image(i) for i in range(35)]
    direct = TaskonomyDataset(tmp_path, ["rgb2sfnorm"], "all", skip_incomplete=True, cache=False)
    assert torch.equal(data.batch("rgb2sfnorm", [30])[1], direct.batch("rgb2sfnorm", [30])[1])


def test_a_view_without_point_info_is_nobodys_partner(tmp_path):
    write_folder(tmp_path, buildings=BUILDINGS[:1], domains=("rgb", "point_info"))
    (tmp_path / "point_info" / "alpha" / "point_0_view_1_domain_point_info.json").unlink()
    for cache in (None, False):
        data = TaskonomyDataset(tmp_path, ["fix_pose"], "all", skip_incomplete=True, cache=cache)
        lost = raw_view("alpha", 0, 1)["rgb"].transpose(2, 0, 1) / 127.5 - 1
        given, _, mask = data.batch("fix_pose", range(8))
        assert mask.all()
        assert not any(np.allclose(picture, lost, atol=1e-5) for picture in given.flatten(0, 1))


def test_a_point_info_that_lacks_a_key_is_told(tmp_path):
    write_folder(tmp_path, domains=("rgb", "point_info"))
    path = tmp_path / "point_info" / "beta" / "point_0_view_0_domain_point_info.json"
    info = json.loads(path.read_text())
    del info["camera_rotation_final"]
    path.write_text(json.dumps(info))
    data = TaskonomyDataset(tmp_path, ["vanishing_point_well_defined"], "all", cache=False)
    with pytest.raises(InvalidDataError, match=rf"^{path}: `camera_rotation_final` is .*again"):
        data.batch("vanishing_point_well_defined", range(20))


def test_a_size_that_colorization_cannot_have(tmp_path):
    write(tmp_path / "rgb" / "b" / "point_0_view_0_domain_rgb", np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(InvalidDataError, match="expected multiples of 4"):
        TaskonomyDataset(tmp_path, ["colorization"], "all", size=6, cache=False)


def test_a_task_of_ones_own(folder):
    level = runpy.run_path(str(EXAMPLE))["LEVEL"]
    data = TaskonomyDataset(folder, [level, "rgb2sfnorm"], "all")
    _, target, mask, raw = one(data, "level", 7)
    up = euler_matrix(*raw["point_info"]["camera_rotation_final"]).T @ [0, 0, 1]
    expected = (raw["normal"].astype(float) - 127) / 127 @ up
    seen = raw["mask_valid"] == 255
    assert np.array_equal(mask, seen)
    assert target[0][seen] == pytest.approx(expected[seen], abs=1e-5)


def test_the_examples_script_runs_and_is_short(folder, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [str(EXAMPLE), str(folder)])
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    said = capsys.readouterr().out
    assert "input (9, 3, 8, 8), target (9, 1, 8, 8)" in said
    code = EXAMPLE.read_text().split('"""', 2)[2].splitlines()
    assert sum(bool(line.strip()) for line in code) < 20


def test_own_classes(folder):
    bright = Task(
        "bright", Output("classes", 2), "xentropy", each_view(lambda view: view.rgb.mean() > 0.5)
    )
    data = TaskonomyDataset(folder, [bright], "all")
    _, target, _ = data.batch("bright", range(36))
    means = [raw_view(*key_of(data.image(i)))["rgb"].mean() for i in range(36)]
    assert target.tolist() == [int(mean > 127.5) for mean in means]
    assert target.dtype == torch.int64
    hard = Task("hard", Output("map", None), "l1", each_view(lambda view: view.rgb[..., 0]))
    found = TaskonomyDataset(folder, [hard], "all").tasks["hard"]
    assert found.output.channels == 1


@pytest.mark.slow
def test_generated_buildings(tmp_path):
    pytest.importorskip("embreex")
    from encoders.scenes.making.make import make

    make(tmp_path, buildings=3, views=12, size=32, seed=1)
    data = TaskonomyDataset(tmp_path, list(TASKS), "all")
    assert len(data) == 36
    everyone = range(len(data))
    for task in TASKS:
        given, target, mask = data.batch(task, everyone)
        assert torch.isfinite(given).all()
        assert torch.isfinite(target.float()).all()
        assert mask.any() or task == "random"
    near, far = data.batch("rgb2depth", everyone), data.batch("rgb2mist", everyone)
    assert (near[1] <= far[1] + 1e-6).all()  # the z-buffer is never beyond the distance
    length = data.batch("rgb2sfnorm", everyone)
    norms = length[1].norm(dim=1)[length[2]]
    assert norms == pytest.approx(1, abs=0.02)

    files = data.index.files("point_info").paths
    infos = [json.loads((tmp_path / path).read_text()) for path in files]
    shown = data.batch("autoencoder", everyone)[0]
    pictures, _, mask = data.batch("fix_pose", everyone)
    for number in np.flatnonzero(mask.numpy()):
        partner = int((shown - pictures[number, 1]).abs().flatten(1).sum(1).argmin())
        pose = destandardized(data, "fix_pose", number)
        # Both cameras have the point in the middle of the picture, at its distance.
        before = np.array([0, 0, -infos[number]["camera_distance"]])
        after = euler_matrix(*pose[:3]) @ before + pose[3:]
        assert after == pytest.approx([0, 0, -infos[partner]["camera_distance"]], abs=1e-3)


def test_the_example_without_its_folder_prints_its_usage(monkeypatch):
    monkeypatch.setattr(sys, "argv", [str(EXAMPLE)])
    with pytest.raises(SystemExit, match=r"^usage: python examples/own_task\.py DIR "):
        runpy.run_path(str(EXAMPLE), run_name="__main__")


def test_the_example_imports_public_names_alone():
    imports = [line for line in EXAMPLE.read_text().splitlines() if "import" in line.split()]
    assert any(line.startswith("from encoders import ") for line in imports)
    assert not any(line.startswith(("from encoders.", "import encoders.")) for line in imports)
