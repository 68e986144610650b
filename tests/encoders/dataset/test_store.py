"""The cache and the reader. Oracle: reading the files directly; sums over pixels by hand."""

import os
import pickle
import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from encoders.dataset import TaskonomyDataset
from encoders.dataset.cache import CacheReader
from encoders.dataset.constants import fit_constants
from encoders.dataset.index import read_index
from encoders.dataset.reader import FileReader
from encoders.dataset.resize import resized
from encoders.errors import InvalidDataError, UnknownNameError
from encoders.tasks import TASKS
from tests.encoders.dataset.test_index import BUILDINGS, folder, raw_view, write, write_folder

__all__ = ["folder"]


def reader_of(root, size=8):
    return FileReader(read_index(root), size)


def arrays(root, size=8):
    return sorted(path.name for path in (root / f".cache-{size}").glob("*.npy"))


@pytest.mark.parametrize("size", [8, 4, 12])
def test_the_cache_gives_what_the_files_give(folder, tmp_path, size):
    tasks = [name for name in TASKS if size != 4 or name != "jigsaw"]
    cached = TaskonomyDataset(folder, tasks, "all", size=size, cache=tmp_path)
    direct = TaskonomyDataset(folder, tasks, "all", size=size, cache=False)
    assert cached.constants == direct.constants
    for task in tasks:
        for ours, theirs in zip(
            cached.batch(task, [0, 9, 22]), direct.batch(task, [0, 9, 22]), strict=True
        ):
            assert torch.equal(ours, theirs), task


def test_the_cache_is_made_once(tmp_path, monkeypatch):
    write_folder(tmp_path, domains=("rgb", "depth_zbuffer"))
    first = TaskonomyDataset(tmp_path, ["rgb2depth"], "all")
    assert {name.split("-")[0] for name in arrays(tmp_path)} == {"rgb", "depth_zbuffer"}
    expected = first.batch("rgb2depth", range(36))
    monkeypatch.setattr(FileReader, "read", None)  # whoever decoded a file again would fail
    again = TaskonomyDataset(tmp_path, ["rgb2depth"], "all")
    assert torch.equal(again.batch("rgb2depth", range(36))[1], expected[1])


def test_another_file_makes_the_cache_anew(tmp_path):
    write_folder(tmp_path, domains=("rgb", "depth_zbuffer"))
    TaskonomyDataset(tmp_path, ["rgb2depth"], "all")
    before = arrays(tmp_path)
    path = tmp_path / "depth_zbuffer" / "alpha" / "point_0_view_0_domain_depth_zbuffer.png"
    write(path, np.full((8, 8), 512, np.uint16))
    data = TaskonomyDataset(tmp_path, ["rgb2depth"], "all")
    assert data.batch("rgb2depth", [0])[1] == pytest.approx(np.log(513) / np.log(65536))
    after = arrays(tmp_path)
    assert len(after) == 2  # the old array is gone
    assert len(set(before) & set(after)) == 1  # the pictures were not read again


def grown(root):
    """A view more in every domain, as a data set that is being made has from time to time."""
    for domain in ("rgb", "depth_zbuffer"):
        place = root / domain / "alpha"
        name = f"point_{{}}_view_0_domain_{domain}.png"
        shutil.copy(place / name.format(0), place / name.format(7))


def test_splits_of_a_data_set_that_grows_are_those_of_one_moment(tmp_path):
    write_folder(tmp_path, domains=("rgb", "depth_zbuffer"))
    train = TaskonomyDataset(tmp_path, ["rgb2depth"], "train")
    alone = {
        split: TaskonomyDataset(tmp_path, ["rgb2depth"], split)
        for split in ("train", "val", "test", "all")
    }
    before = arrays(tmp_path)
    grown(tmp_path)
    for split, dataset in alone.items():
        found = train.of_split(split)
        assert found.split == split
        assert found.constants == train.constants
        assert np.array_equal(found.rows, dataset.rows)
        numbers = range(len(dataset))
        for ours, theirs in zip(
            found.batch("rgb2depth", numbers), dataset.batch("rgb2depth", numbers), strict=True
        ):
            assert torch.equal(ours, theirs)
    assert arrays(tmp_path) == before
    assert train.split == "train"
    with pytest.raises(UnknownNameError, match='no split "validation"; there are train, val'):
        train.of_split("validation")


def test_a_split_has_the_choice_of_buildings_and_views_of_the_first(tmp_path):
    write_folder(tmp_path, domains=("rgb", "depth_zbuffer"))
    name = "point_0_view_0_domain_depth_zbuffer.png"
    (tmp_path / "depth_zbuffer" / "beta" / name).unlink()
    first = TaskonomyDataset(
        tmp_path, ["rgb2depth"], "all", buildings=["alpha", "beta"], skip_incomplete=True
    )
    rule = {"train": ["alpha"], "val": ["beta"], "test": ["gamma"]}
    chosen = TaskonomyDataset(tmp_path, ["rgb2depth"], "train", splits=rule, skip_incomplete=True)
    assert len(first) == len(first.of_split("all")) == 17
    assert len(chosen.of_split("val")) == 8
    assert {chosen.of_split("test").image(0).split("/")[0]} == {"gamma"}


def test_an_array_that_someone_else_has_replaced_is_told(tmp_path):
    write_folder(tmp_path, domains=("rgb", "depth_zbuffer"))
    slow = TaskonomyDataset(tmp_path, ["rgb2depth"], "train")
    grown(tmp_path)
    TaskonomyDataset(tmp_path, ["rgb2depth"], "train")
    message = rf"rgb-\w+\.npy is gone: {tmp_path} has changed, .* start again when nothing"
    with pytest.raises(InvalidDataError, match=message):
        pickle.loads(pickle.dumps(slow)).batch("rgb2depth", [0])


def test_a_link_to_nothing_is_a_missing_file(tmp_path):
    write_folder(tmp_path, domains=("rgb", "depth_zbuffer"))
    path = tmp_path / "depth_zbuffer" / "beta" / "point_0_view_0_domain_depth_zbuffer.png"
    path.unlink()
    path.symlink_to(tmp_path / "nowhere.png")
    with pytest.raises(InvalidDataError, match=rf"{path} is missing \(1 of 36 views have no dep"):
        TaskonomyDataset(tmp_path, ["rgb2depth"], "all")
    assert len(TaskonomyDataset(tmp_path, ["rgb2depth"], "all", skip_incomplete=True)) == 35


def test_an_ended_run_leaves_nothing_that_is_taken_for_whole(tmp_path, monkeypatch):
    write_folder(tmp_path, domains=("rgb", "depth_zbuffer"))
    real, calls = FileReader.read, []

    def ended(self, domain, rows):
        calls.append(domain)
        if domain == "depth_zbuffer" and calls.count(domain) > 20:
            raise KeyboardInterrupt
        return real(self, domain, rows)

    monkeypatch.setattr(FileReader, "read", ended)
    with pytest.raises(KeyboardInterrupt):
        TaskonomyDataset(tmp_path, ["rgb2depth"], "all")
    assert [name.split("-")[0] for name in arrays(tmp_path)] == ["rgb"]
    assert not list((tmp_path / ".cache-8").glob(".*"))
    calls.clear()
    monkeypatch.setattr(FileReader, "read", real)
    data = TaskonomyDataset(tmp_path, ["rgb2depth"], "all")
    direct = TaskonomyDataset(tmp_path, ["rgb2depth"], "all", cache=False)
    assert torch.equal(
        data.batch("rgb2depth", range(36))[1], direct.batch("rgb2depth", range(36))[1]
    )


def test_remains_of_a_killed_process_are_removed(tmp_path):
    write_folder(tmp_path, domains=("rgb",))
    cache = tmp_path / ".cache-8"
    cache.mkdir()
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pid = ended.pid
    (cache / f".rgb-0.npy.{pid}.part").write_bytes(b"half")
    (cache / f".rgb-1.npy.{os.getpid()}.part").write_bytes(b"ours")
    TaskonomyDataset(tmp_path, ["autoencoder"], "all")
    assert [path.name for path in cache.glob(".*")] == [f".rgb-1.npy.{os.getpid()}.part"]


def test_a_cut_off_array_is_made_anew(tmp_path):
    write_folder(tmp_path, domains=("rgb", "point_info"))
    first = TaskonomyDataset(tmp_path, ["fix_pose"], "all")
    expected = first.batch("fix_pose", range(36))
    del first
    for path in (tmp_path / ".cache-8").iterdir():
        path.write_bytes(path.read_bytes()[:100])
    again = TaskonomyDataset(tmp_path, ["fix_pose"], "all").batch("fix_pose", range(36))
    for ours, theirs in zip(again, expected, strict=True):
        assert torch.equal(ours, theirs)


def test_point_info_is_gathered_only_for_tasks_of_several_pictures(tmp_path):
    write_folder(tmp_path, domains=("rgb", "point_info"))
    TaskonomyDataset(tmp_path, ["room_layout"], "all")
    assert {name.split("-")[0] for name in arrays(tmp_path)} == {"rgb"}
    TaskonomyDataset(tmp_path, ["fix_pose"], "all")
    names = {name.split("-")[0] for name in arrays(tmp_path)}
    assert names == {"rgb", "point_info", "point_info_ends", "pairs"}


def test_infos_come_back_as_they_were(folder, tmp_path):
    files = reader_of(folder)
    cache = CacheReader(files, tmp_path)
    assert cache.infos(np.array([3])) == files.infos(np.array([3]))
    cache.build(["point_info"])
    rows = np.array([0, 35, 3, 3])
    assert cache.infos(rows) == files.infos(rows)
    assert cache.infos(rows)[1] == raw_view("gamma", 2, 2)["point_info"]


def test_building_the_cache_reports_every_file_of_every_domain(tmp_path, monkeypatch):
    monkeypatch.setattr("encoders.dataset.cache.CHUNK", 5)
    write_folder(tmp_path, domains=("rgb", "depth_zbuffer"))
    index = read_index(tmp_path)
    (tmp_path / index.files("depth_zbuffer").paths[3]).unlink()
    cache = CacheReader(reader_of(tmp_path), tmp_path / "cache")
    reports = []
    cache.build(["rgb", "depth_zbuffer"], progress=lambda *report: reports.append(report))
    done = [files for files, _ in reports]
    assert {total for _, total in reports} == {2 * 36}
    assert done == sorted(done)
    assert done[7] == 36  # after eight chunks of five files, the last of one
    assert done[-1] == 2 * 36
    assert len(done) == 8 + 7
    cache.build(["rgb"], progress=lambda *report: reports.append(report))
    assert len(reports) == 15  # nothing is read again


def test_a_reader_is_small_when_sent_to_a_worker(folder, tmp_path):
    cache = CacheReader(reader_of(folder), tmp_path)
    cache.build(["rgb"])
    before = cache.read("rgb", np.arange(36))
    sent = pickle.dumps(cache)
    assert b"memmap" not in sent
    assert np.array_equal(pickle.loads(sent).read("rgb", np.arange(36)), before)


def test_two_data_sets_share_a_cache_folder(tmp_path):
    for name in ("one", "two"):
        write_folder(tmp_path / name / "data", domains=("rgb",), buildings=BUILDINGS[: len(name)])
        TaskonomyDataset(tmp_path / name / "data", ["autoencoder"], "all", cache=tmp_path / "c")
    assert len(list((tmp_path / "c").iterdir())) == 2


def test_folders_that_cannot_hold_a_cache(tmp_path, monkeypatch):
    write_folder(tmp_path, domains=("rgb",))
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidDataError, match=r"cannot be written.*cache=FOLDER.*cache=False"):
        TaskonomyDataset(tmp_path, ["autoencoder"], "all", cache=tmp_path / "file")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(InvalidDataError, match=r"\.cache-8 cannot be written: give another"):
        TaskonomyDataset(tmp_path, ["autoencoder"], "all")
    monkeypatch.undo()
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(InvalidDataError, match=r"needs 0.0 GB and has 0.0: .*a smaller size"):
        TaskonomyDataset(tmp_path, ["autoencoder"], "all")
    assert not arrays(tmp_path)


def test_files_of_different_shapes(tmp_path):
    write_folder(tmp_path, domains=("rgb", "class_scene"))
    path = tmp_path / "class_scene" / "beta" / "point_0_view_0_domain_class_scene.npy"
    np.save(path, np.full(4, 0.25, np.float32))
    with pytest.raises(InvalidDataError, match=rf"{path} has shape \(4,\), expected \(10,\)"):
        TaskonomyDataset(tmp_path, ["class_places"], "all")
    data = TaskonomyDataset(
        tmp_path, ["class_places"], "all", cache=False, constants={"class_places": {}}
    )
    with pytest.raises(InvalidDataError, match=r"has shape \(4,\), where .* has \(10,\)"):
        data.batch("class_places", range(20))


def test_pictures_must_be_square(tmp_path):
    write(tmp_path / "rgb" / "b" / "point_0_view_0_domain_rgb", np.zeros((8, 12, 3), np.uint8))
    with pytest.raises(InvalidDataError, match=r"rgb.png is \(12, 8\) pixels, expected a square"):
        TaskonomyDataset(tmp_path, ["autoencoder"], "all", size=4, cache=False)[0]


def test_broken_constants_are_fitted_again(tmp_path):
    write_folder(tmp_path, domains=("rgb", "principal_curvature", "mask_valid"))
    first = TaskonomyDataset(tmp_path, ["curvature"], "train").constants
    (path,) = (tmp_path / ".cache-8").glob("constants-*.json")
    path.write_text("{")
    assert TaskonomyDataset(tmp_path, ["curvature"], "train").constants == first
    assert "principal" not in path.read_text()
    assert path.read_text().startswith("{\n")


def test_a_fit_looks_at_no_more_than_some_views():
    seen = []

    def sampler(task, rows):
        seen.extend(rows.tolist())
        raw = {"edge_texture": np.ones((len(rows), 2, 2), np.uint16)}
        return SimpleNamespace(raw=raw)

    fit_constants([TASKS["edge2d"]], sampler, np.arange(100_000))
    assert len(seen) == 2000
    assert seen[0] == 0
    assert seen[-1] == 99_999
    assert max(np.diff(seen)) <= 51


def test_shrinking_pictures_averages_their_area():
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 256, (12, 12, 3)).astype(np.uint8)
    small = resized("rgb", rgb, 4)
    assert small == pytest.approx(np.rint(rgb.reshape(4, 3, 4, 3, 3).mean((1, 3))))
    assert resized("rgb", rgb, 12) is rgb
    assert resized("rgb", np.full((8, 8, 3), 200, np.uint8), 12).tolist() == [[[200] * 3] * 12] * 12
    # 12 to 8: each new pixel covers one and a half old ones.
    line = np.tile(np.array([0, 90] * 6, np.uint16), (12, 1))
    assert resized("edge_texture", line, 8)[0, :4].tolist() == [30, 30, 60, 60]


def test_masked_measures_leave_out_holes():
    valid = np.ones((8, 8), bool)
    valid[0, :2] = False
    raw = np.full((8, 8), 1000, np.uint16)
    raw[0, :2], raw[1, :2] = 0, [3000, 5000]
    assert resized("keypoints3d", raw, 4, valid)[0, :2].tolist() == [4000, 1000]
    assert resized("keypoints3d", raw, 4)[0, 0] == 2000


def test_a_domain_from_the_mesh_is_shrunk_with_the_mask(tmp_path):
    valid = np.full((8, 8), 255, np.uint8)
    valid[0, :2] = 0
    raw = np.full((8, 8), 1000, np.uint16)
    raw[0, :2], raw[1, :2] = 0, [3000, 5000]
    for domain, value in (
        ("rgb", np.zeros((8, 8, 3), np.uint8)),
        ("mask_valid", valid),
        ("keypoints3d", raw),
    ):
        write(tmp_path / domain / "b" / f"point_0_view_0_domain_{domain}", value)
    target, mask = TaskonomyDataset(tmp_path, ["keypoint3d"], "all", size=4).batch(
        "keypoint3d", [0]
    )[1:]
    assert target[0, 0, 0, 0].item() == pytest.approx(4000 / 65535 * 2 - 1)
    assert mask.all()


def test_shrunk_normals_are_unit_vectors():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(8, 8, 3))
    vectors[..., 2] += 4
    vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
    small = resized("normal", np.rint(127 + 127 * vectors).astype(np.uint8), 4)
    mean = vectors.reshape(4, 2, 4, 2, 3).mean((1, 3))
    mean /= np.linalg.norm(mean, axis=-1, keepdims=True)
    assert (small - 127.0) / 127 == pytest.approx(mean, abs=0.01)
    nothing = np.full((8, 8, 3), 127, np.uint8)
    assert (resized("normal", nothing, 4) == 127).all()


def test_numbers_are_never_averaged():
    numbers = np.random.default_rng(0).choice([0, 3, 17], (12, 12)).astype(np.uint8)
    for domain in ("segment_semantic", "segment_unsup2d", "segment_unsup25d"):
        for size in (4, 7, 24):
            assert set(np.unique(resized(domain, numbers, size))) <= {0, 3, 17}
    assert np.array_equal(resized("segment_semantic", numbers, 24)[::2, ::2], numbers)
    assert np.array_equal(resized("segment_semantic", numbers, 4), numbers[1::3, 1::3])
