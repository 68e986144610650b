"""A data set has the same bytes for any number of workers, and after interrupted runs."""

import errno
import hashlib
import json
import multiprocessing
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from encoders.codecs.encodings import ENCODINGS, read_value
from encoders.errors import (
    InvalidDataError,
    InvalidSceneError,
    StorageError,
    UnknownNameError,
    WorkerDiedError,
)
from encoders.scenes.making import folder
from encoders.scenes.making.folder import count_whole, whole_views
from encoders.scenes.making.make import make
from encoders.scenes.making.manifest import read_manifest
from encoders.scenes.making.settings import WorldSettings

SMALL = {"buildings": 2, "views": 6, "size": 32, "seed": 3}
"""Settings of most tests: twelve views."""


def contents(out):
    """The hash of every file, by its path."""
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The small data set, made without interruption by this process."""
    out = tmp_path_factory.mktemp("whole") / "world"
    made = make(out, **SMALL)
    assert (made.views, made.kept) == (12, 0)
    return out


@pytest.fixture
def started(whole, tmp_path):
    """A copy of the small data set, which a test may change."""
    return Path(shutil.copytree(whole, tmp_path / "world"))


def in_background(out, workers=1):
    code = (
        "import sys; from encoders.scenes.making.make import make\n"
        f"if __name__ == '__main__': make({str(out)!r}, workers={workers}, **{SMALL!r})"
    )
    return subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE)


def wait_for_files(out, count, process, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if sum(1 for _ in out.rglob("*.png")) >= count or process.poll() is not None:
            return
        time.sleep(0.02)
    raise AssertionError(f"no {count} pictures after {seconds} s")


def test_two_runs_by_any_number_of_workers_give_the_same_bytes(whole, tmp_path):
    made = make(tmp_path / "two", workers=2, **SMALL)
    assert made.views == 12
    assert contents(tmp_path / "two") == contents(whole)


def test_another_seed_or_domain_gives_other_pictures(whole, tmp_path):
    one = {**SMALL, "buildings": 1}
    make(tmp_path / "seed", **{**one, "seed": 4})
    make(tmp_path / "drawn", **{**one, "domain": "drawn"})
    ours, seed, drawn = map(contents, (whole, tmp_path / "seed", tmp_path / "drawn"))
    name = "rgb/building_0000/point_0_view_0_domain_rgb.png"
    assert len({ours[name], seed[name], drawn[name]}) == 3
    depth = name.replace("rgb", "depth_zbuffer")
    assert ours[depth] == drawn[depth] != seed[depth]


def test_killed_three_times_and_resumed(whole, tmp_path):
    """After SIGKILL at random moments, every file is whole, and the next run makes the rest."""
    out = tmp_path / "world"
    moment = random.Random(26)
    seen = 0
    for _ in range(3):
        process = in_background(out)
        wait_for_files(out, seen + moment.randrange(1, 40), process)
        time.sleep(moment.uniform(0, 0.005))
        process.kill()
        process.communicate()
        assert read_manifest(out)["complete"] is False
        seen = sum(1 for _ in out.rglob("*.png"))
        reference = contents(whole)
        for path, found in contents(out).items():
            if not Path(path).name.startswith((".tmp-", "manifest")):
                assert found == reference[path]
    made = make(out, **SMALL)
    assert made.views + made.kept == 12
    assert made.views > 0
    assert contents(out) == contents(whole)


def test_a_view_counts_once_all_of_its_files_are_there(whole, started):
    reference = contents(whole)
    keys = whole_views(started, "building_0001")
    assert len(keys) == 6
    for domain in ENCODINGS:
        path = sorted((started / domain / "building_0001").iterdir())[2]
        content = path.read_bytes()
        path.unlink()
        assert len(whole_views(started, "building_0001")) == 5
        path.write_bytes(b"")  # a name without its content, after a loss of power
        assert len(whole_views(started, "building_0001")) == 5
        path.write_bytes(content)
    assert whole_views(started, "building_0001") == keys
    path.unlink()
    made = make(started, **SMALL)
    assert (made.views, made.kept) == (1, 11)
    assert contents(started) == reference


@pytest.mark.parametrize("file", [0, 7, 16])
def test_a_run_that_fails_at_any_file_of_a_view_leaves_it_unmade(file, tmp_path, monkeypatch):
    replace, done = os.replace, []

    def fail(source, target):
        if Path(target).name != "manifest.json":
            if len(done) == len(ENCODINGS) + file:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(source))
            done.append(target)
        replace(source, target)

    monkeypatch.setattr(folder.os, "replace", fail)
    with pytest.raises(StorageError) as error:
        make(tmp_path / "w", **SMALL)
    assert "is full; free some and run the same command again" in str(error.value)
    assert count_whole(tmp_path / "w", WorldSettings(**SMALL)) == 1
    assert not list((tmp_path / "w").rglob(".tmp-*"))


def test_what_dead_runs_left_half_written_is_removed(whole, started):
    reference = contents(whole)
    strays = [
        started / ".tmp-17-manifest.json",
        started / "rgb/building_0000/.tmp-17-point_9_view_9_domain_rgb.png",
        started / "point_info/building_0001/.tmp-4-point_0_view_0_domain_point_info.json",
    ]
    for path in strays:
        path.write_bytes(b"half")
    assert make(started, **SMALL).views == 0
    assert contents(started) == reference


def test_a_complete_data_set_is_left_alone(whole, started):
    before = {p: p.stat().st_mtime_ns for p in started.rglob("*") if p.is_file()}
    made = make(started, **SMALL)
    assert (made.views, made.kept) == (0, 12)
    assert before == {p: p.stat().st_mtime_ns for p in started.rglob("*") if p.is_file()}


def test_more_buildings_may_be_added(whole, tmp_path):
    make(tmp_path / "w", **{**SMALL, "buildings": 1})
    made = make(tmp_path / "w", **SMALL)
    assert (made.views, made.kept) == (6, 6)
    assert contents(tmp_path / "w") == contents(whole)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"seed": 4}, "was made with --seed 3, not 4; go on with --seed 3, or name another folder"),
        ({"size": 48}, "was made with --size 32, not 48; go on with --size 32"),
        ({"domain": "drawn"}, "was made with --domain day, not drawn; go on with --domain day"),
        ({"buildings": 1}, "was made with --buildings 2, not 1; go on with --buildings 2"),
        ({"views": 7}, "chosen together: keep --views 6 and raise --buildings, or name another"),
    ],
)
def test_a_changed_setting_is_refused(whole, changed, message):
    before = contents(whole)
    with pytest.raises(InvalidSceneError) as error:
        make(whole, **{**SMALL, **changed})
    assert message in str(error.value)
    assert contents(whole) == before


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("format", 0, "was made with format version 0, not 1; files of both would not fit"),
        ("taskgraph", "0.0.1", "was made with taskgraph version 0.0.1, not "),
    ],
)
def test_another_version_is_refused(started, key, value, message):
    manifest = json.loads((started / "manifest.json").read_text())
    (started / "manifest.json").write_text(json.dumps({**manifest, key: value}))
    with pytest.raises(InvalidSceneError, match=message):
        make(started, **SMALL)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"size": 16}, "size is 16, expected a multiple of 16 from 32 to 2048"),
        ({"size": 65}, "size is 65, expected a multiple of 16"),
        ({"size": 4096}, "size is 4096, expected a multiple of 16 from 32 to 2048"),
        ({"views": 0}, "views is 0, expected at least 1"),
        ({"buildings": 0}, "buildings is 0, expected at least 1"),
        ({"workers": 0}, "workers is 0, expected at least 1"),
        ({"seed": -1}, "seed is -1, expected 0 or a larger whole number"),
        ({"domain": "night"}, 'no domain "night"; there are day, evening, drawn, loft, phone'),
    ],
)
def test_impossible_settings_are_refused_before_anything_is_made(setting, message, tmp_path):
    with pytest.raises((InvalidSceneError, UnknownNameError), match=message):
        make(tmp_path / "w", **{**SMALL, **setting})
    assert not (tmp_path / "w").exists()


def test_a_folder_that_is_not_ours_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidDataError, match="is a file, expected a folder"):
        make(tmp_path / "file", **SMALL)
    (tmp_path / "real" / "rgb").mkdir(parents=True)
    with pytest.raises(InvalidDataError, match=r"holds a data set without manifest\.json"):
        make(tmp_path / "real", **SMALL)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"settings": {}}', '{"settings": {"size": 5}}']
)
def test_a_broken_manifest_is_refused(content, tmp_path):
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(InvalidDataError, match=r"manifest\.json is broken"):
        make(tmp_path, **SMALL)


def test_two_runs_do_not_write_to_one_folder(started):
    with (
        folder.folder_lock(started),
        pytest.raises(InvalidDataError, match="another run is writing to"),
    ):
        make(started, **SMALL)
    make(started, **SMALL)


def test_progress_is_reported_after_every_view(tmp_path):
    out, settings, reports = tmp_path / "w", {**SMALL, "buildings": 1}, []

    def progress(done, total, label=""):
        reports.append((done, total))
        assert count_whole(out, WorldSettings(**settings)) == done
        assert re.fullmatch(r"\d:\d\d:\d\d left" if len(reports) > 1 else "", label)

    make(out, progress=progress, **settings)
    assert reports == [(done, 6) for done in range(7)]
    reports.clear()
    settings["buildings"] = 2
    make(out, progress=progress, **settings)
    assert reports == [(done, 12) for done in range(6, 13)]


def test_stages_add_up_to_the_time_of_the_run(tmp_path):
    made = make(tmp_path / "w", **{**SMALL, "buildings": 1})
    assert {"world", "choice of views", "picture", "labels: geometry", "files"} < set(made.seconds)
    assert 0.7 * made.wall < sum(made.seconds.values()) < made.wall


def test_the_manifest_counts_what_is_there(whole):
    manifest = read_manifest(whole)
    files = [path for path in whole.rglob("point_*") if path.is_file()]
    assert manifest["complete"] is True
    assert manifest["settings"] == {**SMALL, "domain": "day"}
    assert manifest["domains"] == list(ENCODINGS)
    assert {path.relative_to(whole).parts[0] for path in files} == set(ENCODINGS)
    assert manifest["counts"]["files"] == len(files) == 12 * len(ENCODINGS)
    assert manifest["counts"]["views"] == 12
    assert manifest["counts"]["views_by_building"] == {"building_0000": 6, "building_0001": 6}
    rooms = [json.loads(p.read_text())["room"] for p in whole.glob("point_info/*/*.json")]
    scenes = manifest["counts"]["views_by_scene"]
    assert {name: n for name, n in scenes.items() if n} == {n: rooms.count(n) for n in rooms}
    names = [*manifest["classes"]["class_object"], "none"]
    labels = [np.load(path) for path in whole.glob("class_object/*/*.npy")]
    found = [names[int(label.argmax())] if label.any() else "none" for label in labels]
    objects = manifest["counts"]["views_by_object"]
    assert {n: k for n, k in objects.items() if k} == {n: found.count(n) for n in found}


def test_the_manifest_hash_is_that_of_its_description(whole):
    """SHA-256 over path, length and content of every file, in the order of the paths."""
    stream = b""
    for name in sorted(n for n in contents(whole) if n != "manifest.json"):
        content = (whole / name).read_bytes()
        stream += name.encode() + b"\0" + str(len(content)).encode() + b"\0" + content
    assert read_manifest(whole)["sha256"] == hashlib.sha256(stream).hexdigest()


def test_files_agree_with_each_other(whole):
    """Different files of a view agree in what they have in common."""
    for path in sorted(whole.glob("point_info/*/*.json")):
        info = read_value(path, "point_info")

        def stored(domain, path=path):
            folder, name = path.parent.name, path.name.replace("point_info", domain)
            suffix = f".{ENCODINGS[domain].suffix}"
            return read_value((whole / domain / folder / name).with_suffix(suffix), domain)

        valid = stored("mask_valid")
        depth, distance = stored("depth_zbuffer"), stored("depth_euclidean")
        np.testing.assert_array_equal(np.isfinite(depth), valid)
        np.testing.assert_array_equal(np.isfinite(distance), valid)
        assert (depth[valid] <= distance[valid] + 1 / 512).all()
        np.testing.assert_array_equal(stored("segment_semantic") == 0, ~valid)
        length = np.sqrt((stored("normal") ** 2).sum(-1))
        np.testing.assert_allclose(length[valid], 1, atol=0.01)
        names = read_manifest(whole)["classes"]["class_scene"]
        assert names[int(stored("class_scene").argmax())] == info["room"]
        # The four pixels in the middle surround the point that the camera looks at.
        middle = distance[15:17, 15:17]
        assert np.nanmin(middle) - 0.6 < info["camera_distance"] < np.nanmax(middle) + 0.6
        assert f"point_{info['point_uuid']}_view_{info['view_id']}_" in path.name


@pytest.mark.slow
def test_the_views_of_a_killed_worker_are_made_by_another(whole, tmp_path):
    killed = []

    def progress(done, total, label=""):
        if 1 <= done < total and not killed:
            killed.extend(multiprocessing.active_children())
            for process in killed:
                process.kill()

    made = make(tmp_path / "w", workers=2, progress=progress, **SMALL)
    assert killed
    assert (made.views, made.kept) == (12, 0)
    assert contents(tmp_path / "w") == contents(whole)


@pytest.mark.slow
def test_workers_that_are_killed_each_time_end_the_run_with_the_cause(tmp_path):
    settings = {**SMALL, "views": 60}

    def progress(done, total, label=""):
        for process in multiprocessing.active_children() if done else ():
            process.kill()

    with pytest.raises(WorkerDiedError) as error:
        make(tmp_path / "w", workers=2, progress=progress, **settings)
    assert re.match(r"building_000\d, views \d+ to \d+: its process was ended", str(error.value))
    assert "(killed, or out of memory), at each of 2 attempts" in str(error.value)
    assert "(and 3 more slices failed); try fewer --workers" in str(error.value)
    there = count_whole(tmp_path / "w", WorldSettings(**settings))
    assert f"; {there} of 120 views are whole, and the same command goes on" in str(error.value)
    assert 1 <= there < 120
    assert not multiprocessing.active_children()


@pytest.mark.slow
def test_a_building_that_cannot_be_made_ends_no_other(tmp_path):
    """A worker refuses one of two buildings; all views of the other are made nevertheless."""
    code = (
        "import sys; from encoders.scenes.making import jobs, make, labeled_view\n"
        "from encoders.errors import InvalidSceneError\n"
        "plan = jobs.plan_building\n"
        "def refuse(settings, index, seconds):\n"
        "    if index == 0: raise InvalidSceneError('the rooms are too full')\n"
        "    return plan(settings, index, seconds)\n"
        "jobs.plan_building = refuse\n"
        "if __name__ == '__main__':\n"
        f"    make.make({str(tmp_path / 'w')!r}, workers=2, **{SMALL!r})\n"
    )
    script = tmp_path / "script.py"
    script.write_text(code)
    ended = subprocess.run([sys.executable, str(script)], capture_output=True, text=True)
    assert ended.returncode == 1
    assert re.search(
        r"InvalidSceneError: building_0000, views 0 to 2: the rooms are too full "
        r"\(and 1 more slices failed\)\n$",
        ended.stderr,
    )
    assert len(whole_views(tmp_path / "w", "building_0001")) == 6


@pytest.mark.slow
def test_a_disk_that_is_full_for_workers_is_told_with_the_views_so_far(tmp_path):
    code = (
        "import errno, os; from encoders.scenes.making import folder, make\n"
        "def full(*_): raise OSError(errno.ENOSPC, 'No space left on device')\n"
        "if __name__ == '__main__':\n"
        f"    make.make({str(tmp_path / 'w')!r}, workers=2, **{SMALL!r})\n"
        "else: folder.os.write = full\n"
    )
    script = tmp_path / "script.py"
    script.write_text(code)
    ended = subprocess.run([sys.executable, str(script)], capture_output=True, text=True)
    assert ended.returncode == 1
    assert re.search(
        r"StorageError: the disk of .*w is full; free some and run the same command again; "
        r"0 of 12 views are whole, and the same command goes on from there\n$",
        ended.stderr,
    )


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for children in /proc")
def test_workers_end_with_a_parent_that_is_killed(whole, tmp_path):
    out = tmp_path / "w"
    process = in_background(out, workers=2)
    wait_for_files(out, 20, process)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert len(children) >= 2
    process.send_signal(signal.SIGKILL)
    process.communicate()
    end = time.monotonic() + 20
    while any(_alive(pid) for pid in children):
        assert time.monotonic() < end, "a worker outlived its parent"
        time.sleep(0.05)
    make(out, **SMALL)
    assert contents(out) == contents(whole)


def _alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
