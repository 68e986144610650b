"""The benchmark of engines: one worker is really killed, and a differing table is really told."""

import subprocess
import time
from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest

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
    losses_hash,
    measure_ways,
    one_killed,
)
from benchmarks.speed.engines.settings import SUITE, Settings
from taskgraph.cli import run as run_command

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


TABLE = pd.DataFrame(
    {"target": ["edge2d"] * 2, "sources": ["reshade", "random"], "loss": [0.5, 0.25]}
)


@pytest.fixture
def run_ways(monkeypatch):
    """The ways that are run, in order; each gives `TABLE`, the last with one other bit."""
    ran = []

    def measured(way, config, out):
        ran.append(way)
        changed = TABLE.assign(loss=[0.5, 0.25 + 2**-20]) if way == KILLED else TABLE.copy()
        return (8.0 if way == next(iter(WAYS)) else 4.0), changed, int(way == KILLED)

    def machine(*packages):  # Ray need not be installed for this
        return dict.fromkeys(packages, "1.0") | {"platform": "Linux", "cores": 2}

    hashes = {"bank_hash": "b", "data_sha256": "d"}
    monkeypatch.setattr(engines, "sweep_inputs", lambda config: dict(hashes))
    monkeypatch.setattr(engines, "measured", measured)
    monkeypatch.setattr(log, "machine", machine)
    return SimpleNamespace(ran=ran, hashes=hashes)


def test_a_table_that_differs_in_one_loss_is_told(tmp_path, run_ways):
    measure_ways(CONFIG, tmp_path, list(WAYS))
    records = read_records(tmp_path)
    assert [each.metrics["same"] for each in records] == [True, True, True, False]
    assert records[-1].metrics["transfers"] == 2
    assert {each.settings["data"] for each in records} == {"world"}
    lines = SUITE.write_page(tmp_path).splitlines()
    assert f"| {KILLED} | 4 | 2.00 | 1 | **no** |" in lines
    assert "equal to the last bit in 3 of 4 ways" in SUITE.finding(tmp_path)


@pytest.mark.parametrize("done", [1, 3])
def test_a_killed_run_measures_only_the_ways_that_its_records_lack(done, tmp_path, run_ways):
    """Losses of a later process are compared with those of the first way by their hash."""
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    measure_ways(CONFIG, whole, list(WAYS))
    measure_ways(CONFIG, killed, list(WAYS)[:done])
    del run_ways.ran[:]
    measure_ways(CONFIG, killed, list(WAYS))
    assert run_ways.ran == list(WAYS)[done:]
    one, other = ([replace(r, versions=None) for r in read_records(f)] for f in (whole, killed))
    assert one == other
    measure_ways(CONFIG, killed, list(WAYS))
    assert len(run_ways.ran) == len(WAYS) - done
    assert len(read_records(killed)) == len(WAYS)


def test_another_bank_is_measured_anew_and_the_page_shows_the_newest(tmp_path, run_ways):
    measure_ways(CONFIG, tmp_path, list(WAYS))
    run_ways.hashes["bank_hash"] = "another"
    measure_ways(CONFIG, tmp_path, list(WAYS)[:2])
    assert run_ways.ran == [*WAYS, *list(WAYS)[:2]]
    assert "equal to the last bit in 2 of 2 ways" in SUITE.finding(tmp_path)


def test_the_hash_of_losses_changes_with_a_bit_a_row_and_a_name():
    tables = [
        TABLE,
        TABLE.assign(loss=[0.5, 0.25 + 2**-54]),
        TABLE[::-1],
        TABLE.rename(columns={"loss": "error"}),
        TABLE.assign(sources=["reshade", "edge3d"]),
    ]
    assert len({losses_hash(table) for table in tables}) == len(tables)
    assert losses_hash(TABLE) == losses_hash(TABLE.copy())


def test_a_folder_without_records_is_one_line(tmp_path, capsys):
    assert run_command(["bench", "engines", "--render", "--out", str(tmp_path)]) == 2
    assert "has no finished run: `taskgraph bench engines` measures" in capsys.readouterr().err


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
