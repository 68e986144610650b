"""The list of a data set's files on disk, and how little of it a process holds."""

import json
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from encoders.dataset import index as index_module
from encoders.dataset.content import Stamp
from encoders.dataset.index import read_index
from encoders.dataset.listing import HEAD, index_of_run, keep_index, open_index
from encoders.errors import InvalidDataError
from encoders.tasks import TASKS
from encoders.transfer.data import TransferDataConfig, buildings_of
from encoders.transfer.used_views import used_views

BUILDINGS, POINTS, VIEWS = 12, 100, 5
NORMALS = TASKS["rgb2sfnorm"]


@pytest.fixture
def large(monkeypatch, tmp_path):
    """A data set of 6,000 names without files; returns its root and the folders listed so far."""
    listed = []

    def find_folders(root, domain):
        known = domain in ("rgb", "normal")
        return {f"b{n:02d}": root / domain / f"b{n:02d}" for n in range(BUILDINGS) if known}

    def list_files(folder, domain):
        listed.append(folder)
        ending = "jpg" if domain == "rgb" else "png"
        return {
            (p, v): (f"point_{p}_view_{v}_domain_{domain}.{ending}", Stamp(p + 1, v, 5, 7 * p))
            for p in range(POINTS)
            for v in range(VIEWS)
            if (domain, p) != ("normal", 3)
        }

    monkeypatch.setattr(index_module, "find_folders", find_folders)
    monkeypatch.setattr(index_module, "list_files", list_files)
    return tmp_path, listed


def test_a_listing_is_the_index_without_listing_again(large, tmp_path):
    root, listed = large
    index = index_of_run(root, [NORMALS])
    listing = keep_index(index, tmp_path / "index")
    assert len(listed) == 2 * BUILDINGS
    opened = open_index(root, listing)
    assert len(listed) == 2 * BUILDINGS
    assert opened.buildings == index.buildings
    assert np.array_equal(opened.keys, index.keys)
    for domain in ("rgb", "normal"):
        ours, theirs = opened.files(domain), index.files(domain)
        assert tuple(ours.paths) == tuple(theirs.paths)
        assert np.array_equal(ours.stamps, theirs.stamps)
        assert np.array_equal(ours.missing, theirs.missing)
    assert opened.files("rgb").paths[7] == "rgb/b00/point_1_view_2_domain_rgb.jpg"
    assert opened.files("normal").paths[15] == "normal/b00/point_3_view_0_domain_normal.png"
    assert opened.files("normal").missing.sum() == BUILDINGS * VIEWS
    assert opened.name(7) == "b00/point_1_view_2"
    assert opened.rows_of(["b01"]).tolist() == list(range(POINTS * VIEWS, 2 * POINTS * VIEWS))
    with pytest.raises(InvalidDataError, match=r"lists the files of .*, not of elsewhere; delete"):
        open_index("elsewhere", listing)
    (tmp_path / "index" / HEAD).unlink()
    with pytest.raises(InvalidDataError, match=r"index\.json cannot be read"):
        open_index(root, listing)


def test_an_index_takes_less_than_a_hundred_bytes_a_file_and_a_listing_next_to_none(
    large, tmp_path
):
    """At version 0.1 it was about a thousand."""
    root, _ = large
    tracemalloc.start()
    index = index_of_run(root, [NORMALS])
    held = tracemalloc.get_traced_memory()[0]
    listing = keep_index(index, tmp_path / "index")
    before = tracemalloc.get_traced_memory()[0]
    opened = open_index(root, listing)
    assert len(opened.files("normal").paths) == len(index)
    mapped = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert held < 100 * 2 * len(index)
    assert mapped < 5 * len(index)


def test_of_a_large_data_set_only_the_views_of_the_run_are_listed(large):
    root, _ = large
    index = index_of_run(root, [NORMALS])
    config = TransferDataConfig(str(root), train=50, valid=20, test=30)
    used = used_views(config, ["rgb2sfnorm"], index, large=1000)
    assert used.buildings == index.buildings
    assert not used.files("normal").missing.any()
    parts = buildings_of(config, index.buildings)
    for part, count in (("train", 50), ("valid", 20), ("test", 30)):
        assert len(used.rows_of(parts[part])) == count
    assert len(used) == 50 + 20 + 30 + 2000  # the last are for constants
    assert used_views(config, ["rgb2sfnorm"], index) is index
    assert used_views(config, ["rgb2sfnorm", "fix_pose"], index, large=1000) is index


@pytest.mark.slow
def test_millions_of_views_are_listed_once_and_mapped_by_every_other_process(tmp_path):
    """Version 0.1 took 2 minutes and 5 GB a domain in every process."""
    took = {}
    for what in ("list", "open"):
        words = [sys.executable, "-m", "tests.encoders.dataset.large_index", what, tmp_path]
        root = Path(__file__).parents[3]
        done = subprocess.run(words, cwd=root, capture_output=True, text=True, check=True)
        print(what, done.stdout)
        took[what] = json.loads(done.stdout)
    assert took["list"]["views"] == took["open"]["views"] == 4_510_800
    assert took["list"]["seconds"] < 240
    assert took["list"]["gib"] < 2
    assert took["open"]["seconds"] < 5
    assert took["open"]["gib"] < 0.2


def test_names_with_leading_zeros_keep_them(tmp_path):
    from PIL import Image

    folder = tmp_path / "rgb" / "a"
    folder.mkdir(parents=True)
    for name in ("point_007_view_1_domain_rgb.png", "point_7_view_02.png", "POINT_8_VIEW_3.JPG"):
        Image.new("RGB", (8, 8)).save(folder / name)
    index = read_index(tmp_path)
    assert [index.files("rgb").paths[row] for row in range(3)] == [
        "rgb/a/point_007_view_1_domain_rgb.png",
        "rgb/a/point_7_view_02.png",
        "rgb/a/POINT_8_VIEW_3.JPG",
    ]
