"""The benchmark of engines: one worker is really killed, and a differing table is really told."""

import json
import subprocess
import time

import pandas as pd

from benchmarks import engines
from benchmarks.engines import KILLED, WAYS, busy_workers, config_of, one_killed, page, run
from benchmarks.results.machine import ROOT

RESULTS = ROOT / "results" / "engines"

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
        return {"versions": dict.fromkeys(packages, "1.0"), "platform": "Linux", "cores": 2}

    monkeypatch.setattr(engines, "measured", measured)
    monkeypatch.setattr(engines, "machine", machine)
    rows = run(CONFIG, tmp_path)
    assert [row.same for row in rows] == [True, True, True, False]
    assert rows[-1].transfers == 2
    lines = (tmp_path / "README.md").read_text().splitlines()
    assert f"| {KILLED} | 4 | 2.00 | 1 | **no** |" in lines
    assert json.loads((tmp_path / "engines.json").read_text())["config"]["data"] == "world"


def test_the_committed_page_is_made_of_the_committed_rows_and_all_are_the_same():
    whole = json.loads((RESULTS / "engines.json").read_text())
    assert (RESULTS / "README.md").read_text() == page(whole)
    assert [row["way"] for row in whole["rows"]] == list(WAYS)
    assert all(row["same"] for row in whole["rows"])
    assert whole["rows"][-1]["killed"] == 1
