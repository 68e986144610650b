"""The benchmark of engines: one worker is really killed, and a differing table is really told."""

import subprocess
import time

import pandas as pd

from benchmarks.results import log
from benchmarks.results.machine import RESULTS
from benchmarks.results.record import read_records
from benchmarks.speed.engines import run as engines
from benchmarks.speed.engines.run import (
    ALONE,
    KILLED,
    WAYS,
    busy_workers,
    config_of,
    measure_ways,
    one_killed,
)
from benchmarks.speed.engines.settings import SUITE, Settings

CONFIG = config_of("world", "bank", ("rgb2depth", "edge2d"), ("reshade", "random"))


def worker():
    """A process with the name that Ray gives to one that does a job of ours."""
    return subprocess.Popen(["bash", "-c", "exec -a ray::perform sleep 60"])


def test_a_busy_worker_is_killed_once_enough_is_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(engines, "POLL", 0.01)
    folder = tmp_path / "measured" / "edge2d"
    folder.mkdir(parents=True)
    one, other = worker(), worker()
    try:
        while len({one.pid, other.pid} & set(busy_workers())) < 2:
            time.sleep(0.01)
        with one_killed(tmp_path, after=2) as killed:
            (folder / "random.json").touch()
            time.sleep(0.2)
            assert not killed
            (folder / "reshade.json").touch()
            while not killed:
                time.sleep(0.01)
        assert len(killed) == 1
        mine = one if killed == [one.pid] else other
        assert mine.wait(timeout=10) == -9
        rest = other if mine is one else one
        assert rest.poll() is None
    finally:
        for process in (one, other):
            process.kill()
            process.wait()


def test_a_table_that_differs_in_one_loss_is_told(tmp_path, monkeypatch):
    table = pd.DataFrame(
        {"target": ["edge2d"] * 2, "sources": ["reshade", "random"], "loss": [0.5, 0.25]}
    )

    def measured(way, config, out):
        changed = table.assign(loss=[0.5, 0.25 + 2**-20]) if way == KILLED else table.copy()
        return (8.0 if way == next(iter(WAYS)) else 4.0), changed, int(way == KILLED)

    def machine(*packages):  # Ray need not be installed for this
        return dict.fromkeys(packages, "1.0") | {"platform": "Linux", "cores": 2}

    monkeypatch.setattr(engines, "measured", measured)
    monkeypatch.setattr(log, "machine", machine)
    measure_ways(CONFIG, tmp_path, list(WAYS))
    records = read_records(tmp_path)
    assert [each.metrics["same"] for each in records] == [True, True, True, False]
    assert records[-1].metrics["transfers"] == 2
    assert {each.settings["data"] for each in records} == {"world"}
    lines = SUITE.write_page(tmp_path).splitlines()
    assert f"| {KILLED} | 4 | 2.00 | 1 | **no** |" in lines
    assert "equal to the last bit in 3 of 4 ways" in SUITE.found(tmp_path)


def test_ways_are_chosen_by_their_numbers_and_the_first_is_always_run(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(engines, "measure_ways", lambda config, out, ways: asked.append(ways))
    engines.run(Settings("world", "bank", ways=("3",)), tmp_path)
    engines.run(Settings("world", "bank"), tmp_path)
    assert asked == [[ALONE, "two Ray workers"], list(WAYS)]


def test_the_committed_losses_are_the_same_in_all_ways():
    records = read_records(RESULTS / "engines")
    assert [each.settings["way"] for each in records] == list(WAYS)
    assert all(each.metrics["same"] for each in records)
    assert records[-1].metrics["killed"] == 1
