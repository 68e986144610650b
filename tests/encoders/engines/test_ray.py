"""Ray with two CPUs returns the same table as local processes, also when workers are killed."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from encoders.engines import EngineError, Job, LocalEngine, RayEngine, as_completed, run_jobs
from encoders.engines.cluster import ClusterPool
from tests.encoders.engines import engine_jobs as bad
from tests.encoders.engines.engine_jobs import begun, square, squares

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install -e '.[ray]'")


ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module", autouse=True)
def cluster():
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield
    ray.shutdown()


def test_the_table_is_that_of_local_processes_with_a_killed_worker_and_a_failing_job(tmp_path):
    outcomes = []
    for name, engine in (("local", LocalEngine(2)), ("ray", RayEngine())):
        folder = tmp_path / name
        folder.mkdir()
        jobs = [
            *squares(range(5), folder),
            Job("bug", bad.divides, (0,)),
            Job("nan", bad.not_a_number),
        ]
        jobs[2] = Job("2", bad.killed_once, (2, str(folder)), folder / "2.txt")
        outcomes.append(run_jobs(jobs, engine))
        assert sorted(begun(folder)) == ["0", "1", "2", "2", "3", "4"]
        assert run_jobs(jobs[:5], engine).kept == ("0", "1", "2", "3", "4")
    ours, theirs = outcomes
    assert ours.results == theirs.results == {str(n): n**2 for n in range(5)}
    assert ours.failures == theirs.failures
    assert ours.failures.keys() == {"bug", "nan"}


def test_a_job_that_always_crashes_its_worker_is_told(tmp_path):
    jobs = [Job("poison", bad.poison, (str(tmp_path),)), *squares(range(3), tmp_path)]
    outcome = run_jobs(jobs, RayEngine())
    assert outcome.results == {"0": 0, "1": 1, "2": 4}
    assert outcome.failures == {
        "poison": "its process was ended from outside (killed, or out of memory), "
        "at each of 2 attempts"
    }
    assert begun(tmp_path).count("poison") == 2


def test_a_full_disk_stops_the_run(tmp_path):
    jobs = [Job("full", bad.full_disk, (str(tmp_path), True)), *squares([5, 6], tmp_path)]
    outcome = run_jobs(jobs, RayEngine(jobs=1))
    assert outcome.stopped == (
        f"the disk of {tmp_path / 'x'} is full; free some and run the same command again"
    )
    assert outcome.left == ("5", "6")


def test_what_cannot_be_sent_is_told(tmp_path):
    jobs = [Job("there", square, (1, lambda: 1)), Job("back", bad.makes_a_lambda)]
    failures = run_jobs(jobs, RayEngine()).failures
    assert re.match(r"it cannot be sent to a worker \(.*lambda", failures["there"])
    assert re.match(r"its result, a function, cannot be sent back", failures["back"])


def test_a_worker_has_the_threads_of_its_cpus_and_the_drivers_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = run_jobs([Job("it", bad.surroundings)], RayEngine(cpus=2)).results["it"]
    assert found == (str(tmp_path), "2", "2")


def test_as_many_jobs_are_handed_out_as_fit_on_the_machines():
    assert ClusterPool(ray, RayEngine()).places == 2
    assert ClusterPool(ray, RayEngine(cpus=0.5)).places == 4
    assert ClusterPool(ray, RayEngine(cpus=2)).places == 1
    assert ClusterPool(ray, RayEngine(jobs=7)).places == 7
    for engine, gpus in ((RayEngine(cpus=3), 0), (RayEngine(gpus=1000), 1000)):
        told = f"has {engine.cpus:g} CPUs and {gpus} GPUs for a job; all machines together have 2 "
        with pytest.raises(EngineError, match=told):
            run_jobs([Job("it", bad.process)], engine)


def test_a_cluster_without_gpus_is_asked_for_none(tmp_path):
    assert "GPU" not in ray.cluster_resources()
    outcome = run_jobs([Job("it", bad.lent, (str(tmp_path), "it", 1))], RayEngine())
    assert outcome.results["it"][:2] == ("", 0)


def test_who_stops_to_iterate_cancels_what_runs(tmp_path):
    jobs = [Job("a", bad.process), Job("b", bad.half_written, (str(tmp_path),))]
    ending = as_completed(jobs, RayEngine())
    assert next(ending).job.key == "a"
    until(lambda: begun(tmp_path))
    ending.close()
    until(lambda: gone(int(begun(tmp_path)[0])))
    assert ray.is_initialized(), "a Ray that was there before is left as it was"


def until(condition, seconds=30.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_task_that_ray_cannot_begin_is_told_in_a_line():
    """A machine without this package makes Ray raise a page of text."""
    pool = ClusterPool(ray, RayEngine())
    page = "a page of logs\n\nModuleNotFoundError: No module named 'encoders'\n"

    def get(_):
        raise ray.exceptions.RaySystemError(page)

    pool._ray = type("Ray", (), {"exceptions": ray.exceptions, "get": staticmethod(get)})
    assert pool._report("a reference").reason == (
        "a worker of the Ray cluster could not begin it (ModuleNotFoundError: No module named "
        "'encoders'); this package must be installed on all machines of the cluster"
    )


ELSEWHERE = """
import sys
from pathlib import Path
import ray
from encoders.engines import EngineError, RayEngine, run
from tests.encoders.engines.engine_jobs import squares
try:
    print(run(squares(range(4), Path(sys.argv[2])), RayEngine(sys.argv[1])).results)
except EngineError as error:
    print(error)
print(ray.is_initialized())
"""


def elsewhere(address, folder):
    """Return the output of a driver that knows a cluster by its address alone."""
    asked = [sys.executable, "-c", ELSEWHERE, address, folder]
    told = subprocess.run(asked, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    return told.splitlines()


@pytest.mark.slow
def test_a_cluster_is_reached_by_its_address_and_left_running(tmp_path):
    address = ray.get_runtime_context().gcs_address
    assert elsewhere(address, tmp_path) == ["{'0': 0, '1': 1, '2': 4, '3': 9}", "False"]
    assert len(run_jobs(squares(range(4), tmp_path), RayEngine()).kept) == 4


@pytest.mark.slow
def test_a_ray_of_the_run_itself_is_started_and_ended(tmp_path):
    assert elsewhere("local", tmp_path) == ["{'0': 0, '1': 1, '2': 4, '3': 9}", "False"]


@pytest.mark.slow
def test_a_cluster_that_is_not_there_is_told(tmp_path):
    assert re.fullmatch(
        r"no Ray cluster can be reached at 127\.0\.0\.1:9 \(.*\); start one with "
        r"`ray start --head`, or leave the address out",
        elsewhere("127.0.0.1:9", tmp_path)[0],
    )
