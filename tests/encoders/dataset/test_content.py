"""Files made from others follow the content of these. Oracle: the data set without a cache."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from encoders.dataset import TaskonomyDataset, contents_of
from encoders.dataset import content as remembering
from encoders.dataset.content import ABSENT, MISSING, Stamp, hashes
from encoders.errors import InvalidDataError
from tests.encoders.dataset.test_index import write, write_folder


@pytest.fixture
def settled(monkeypatch):
    """Files that were just written are remembered at once, as if they were older."""
    monkeypatch.setattr(remembering, "SETTLED", 0)


def first_file(root, domain):
    return sorted((root / domain / "alpha").iterdir())[0]


def same_size(path):
    """Other content of the same size: classes moved by one, a camera elsewhere, pixels moved."""
    before = path.read_bytes()
    if path.suffix == ".npy":
        np.save(path, np.roll(np.load(path), 1))
    elif path.suffix == ".json":
        info = before.decode()
        place = info.index(".", info.index("camera_location")) + 1
        path.write_text(info[:place] + str((int(info[place]) + 1) % 10) + info[place + 1 :])
    else:
        with Image.open(path) as picture:
            write(path.with_suffix(""), np.roll(np.asarray(picture), 1, axis=0))
        path.write_bytes(path.read_bytes().ljust(len(before), b"\0"))
    assert path.read_bytes() != before
    assert len(path.read_bytes()) == len(before)


CASES = [
    ("class_scene", "class_places"),
    ("class_object", "class_1000"),
    ("point_info", "fix_pose"),
    ("rgb", "autoencoder"),
    ("depth_zbuffer", "rgb2depth"),
    ("segment_semantic", "segmentsemantic_rb"),
]


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize(("domain", "task"), CASES, ids=[domain for domain, _ in CASES])
@pytest.mark.parametrize("how", ["in place", "keeping its time", "replaced, keeping its time"])
def test_a_file_that_is_rewritten_counts(tmp_path, domain, task, how):
    write_folder(tmp_path)
    path = first_file(tmp_path, domain)
    if path.suffix == ".png":  # room for other pixels: what follows a PNG's end is not read
        path.write_bytes(path.read_bytes() + bytes(99))
    old = TaskonomyDataset(tmp_path, [task], "all")
    before, content = old.batch(task, range(36)), old.content
    times = path.stat()
    if how.startswith("replaced"):
        other = path.with_name("other" + path.suffix)
        shutil.copy(path, other)
        same_size(other)
        os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
        os.replace(other, path)
    else:
        same_size(path)
        if "time" in how:
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert path.stat().st_size == times.st_size
    new = TaskonomyDataset(tmp_path, [task], "all")
    direct = TaskonomyDataset(tmp_path, [task], "all", cache=False)
    for ours, theirs in zip(new.batch(task, range(36)), direct.batch(task, range(36)), strict=True):
        assert torch.equal(ours, theirs)
    assert any(
        not torch.equal(a, b) for a, b in zip(before, new.batch(task, range(36)), strict=True)
    )
    assert new.constants == direct.constants
    assert new.content == direct.content != content


def test_a_change_within_the_clocks_resolution_counts(tmp_path, monkeypatch):
    """Two files have one size and one time; the first is too young to be remembered."""
    path, memory = tmp_path / "a.npy", tmp_path / "memory.npz"
    stamp = {"a.npy": Stamp(4, 10**9, 10**9, 1)}
    monkeypatch.setattr(remembering.time, "time_ns", lambda: 10**9 + 10**8)
    path.write_bytes(b"aaaa")
    first = hashes(stamp, tmp_path, memory)
    path.write_bytes(b"bbbb")
    assert hashes(stamp, tmp_path, memory) != first
    monkeypatch.setattr(remembering.time, "time_ns", lambda: 10**10)
    second = hashes(stamp, tmp_path, memory)
    path.unlink()  # from now on it is remembered
    assert hashes(stamp, tmp_path, memory) == second


@pytest.mark.usefixtures("settled")
def test_content_is_read_once_and_then_only_looked_at(tmp_path, monkeypatch):
    write_folder(tmp_path, domains=("rgb", "depth_zbuffer"))
    before = TaskonomyDataset(tmp_path, ["rgb2depth"], "all").content
    read = []
    real = remembering._hash
    monkeypatch.setattr(remembering, "_hash", lambda path: read.append(path) or real(path))
    assert TaskonomyDataset(tmp_path, ["rgb2depth"], "all").content == before
    assert read == []
    path = first_file(tmp_path, "depth_zbuffer")
    path.touch()
    assert TaskonomyDataset(tmp_path, ["rgb2depth"], "all").content == before  # nothing is new
    assert read == [path]


@pytest.mark.usefixtures("settled")
def test_content_is_that_of_a_copy_and_changes_with_the_set_of_files(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    write_folder(one, domains=("rgb", "depth_zbuffer"))
    shutil.copytree(one, other)
    for path in other.rglob("*.png"):
        path.chmod(0o600)
        path.touch()
    tasks = ["rgb2depth", "autoencoder"]
    before = contents_of(one, tasks, 8)
    assert contents_of(other, tasks, 8) == before
    assert before["rgb2depth"] != before["autoencoder"]
    first_file(other, "depth_zbuffer").unlink()
    fewer = contents_of(other, tasks, 8)
    assert fewer["rgb2depth"] != before["rgb2depth"]
    assert fewer["autoencoder"] == before["autoencoder"]
    picture = first_file(other, "rgb")
    shutil.copy(picture, picture.with_name("point_9_view_9_domain_rgb.png"))
    assert contents_of(other, tasks, 8)["autoencoder"] != before["autoencoder"]


def test_content_changes_with_the_division_into_splits(tmp_path):
    write_folder(tmp_path, domains=("rgb",))
    table = tmp_path / "splits.csv"
    found = set()
    for test, train in (("alpha", "beta"), ("beta", "alpha")):
        table.write_text(f"id,train,val,test\n{train},1,0,0\ngamma,0,1,0\n{test},0,0,1\n")
        found.add(contents_of(tmp_path, ["autoencoder"], 8, str(table))["autoencoder"])
    found |= {contents_of(tmp_path, ["autoencoder"], 8, seed)["autoencoder"] for seed in (0, 1)}
    assert len(found) == 4


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 half", b"garbage"])
def test_a_damaged_memory_is_made_anew(tmp_path, content):
    write_folder(tmp_path, domains=("rgb",))
    before = TaskonomyDataset(tmp_path, ["autoencoder"], "all").content
    memory = tmp_path / ".cache-8" / "hashes-rgb.npz"
    whole = memory.read_bytes()
    memory.write_bytes(content or whole[: len(whole) // 2])
    assert TaskonomyDataset(tmp_path, ["autoencoder"], "all").content == before
    assert len(memory.read_bytes()) == len(whole)


def test_a_file_that_is_gone_or_was_never_there(tmp_path):
    assert hashes({"a": ABSENT}, tmp_path, None) == [MISSING]
    with pytest.raises(InvalidDataError, match=r"/a cannot be read \(No such file or directory\);"):
        hashes({"a": Stamp(1, 1, 1, 1)}, tmp_path, None)


def test_a_memory_that_cannot_be_written_costs_nothing_but_time(tmp_path):
    Path(tmp_path / "a").write_bytes(b"x")
    stamp = {"a": Stamp(1, 1, 1, 1)}
    (tmp_path / "file").write_text(json.dumps({}))
    assert hashes(stamp, tmp_path, tmp_path / "file" / "memory.npz") == hashes(
        stamp, tmp_path, None
    )
