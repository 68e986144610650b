"""Ray's GPUs, on a pretended cluster: three machines that are logical resources of this one."""

import logging
import os
import time

import pytest

from encoders import TaskonomyDataset
from encoders.engines import EngineError, Job, RayEngine, run_jobs
from encoders.engines.cluster import ClusterPool, fitting
from encoders.scenes.making.make import make
from encoders.transfer.data import TransferDataConfig
from encoders.transfer.jobs import encodings
from encoders.transfer.settings import SweepConfig, TransferConfig
from tests.encoders.engines import engine_jobs as bad
from tests.encoders.untrained import write_untrained

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install -e '.[ray]'")
pretended = pytest.importorskip("ray.cluster_utils", reason="this Ray has no pretended clusters")

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


@pytest.fixture(scope="module")
def machines():
    """The driver's machine has one CPU; the second two CPUs and two GPUs; the third 2 + CORES."""
    cluster = pretended.Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    cluster.add_node(num_cpus=2, num_gpus=2)
    cluster.add_node(num_cpus=2 + CORES)
    ray.init(cluster.address, log_to_driver=False, logging_level=logging.ERROR)
    yield cluster
    ray.shutdown()
    cluster.shutdown()


def at_once(engine, count, folder):
    """Run jobs that wait for one another; (GPUs that each saw, process) of each.

    Each job ends only when all ``count`` have begun, so that they end only if they run at once.
    """
    jobs = [Job(str(n), bad.lent, (str(folder), str(n), count)) for n in range(count)]
    outcome = run_jobs(jobs, engine)
    assert not outcome.failures
    return list(outcome.results.values())


def test_a_cluster_with_gpus_is_asked_for_a_quarter_a_job_and_each_job_sees_its_own(
    machines, tmp_path
):
    """Two CPUs stand beside the GPUs, so that two jobs fit, though the GPUs have room for eight."""
    assert ClusterPool(ray, RayEngine()).places == 2
    found = at_once(RayEngine(), 2, tmp_path)
    assert {share for _, share, _ in found} == {0.25}
    assert {gpus for gpus, _, _ in found} <= {"0", "1"}


def test_jobs_of_half_a_cpu_share_gpus_by_quarters(machines, tmp_path):
    engine = RayEngine(cpus=0.25, gpus=0.25)
    assert ClusterPool(ray, engine).places == 8
    seen = [gpus for gpus, _, _ in at_once(engine, 8, tmp_path)]
    assert sorted(seen) == ["0"] * 4 + ["1"] * 4


def test_whole_gpus_are_lent_to_one_job_each_and_a_worker_never_keeps_its_first_gpu(
    machines, tmp_path
):
    """A process that has loaded CUDA keeps to one GPU; so each job has a process of its own."""
    engine, processes = RayEngine(gpus=1), []
    assert ClusterPool(ray, engine).places == 2
    for attempt in range(2):
        (tmp_path / str(attempt)).mkdir()
        found = at_once(engine, 2, tmp_path / str(attempt))
        assert sorted(gpus for gpus, _, _ in found) == ["0", "1"]
        processes += [process for _, _, process in found]
    assert len(set(processes)) == 4
    [(both, share, _)] = at_once(RayEngine(gpus=2), 1, tmp_path)
    assert (sorted(both.split(",")), share) == (["0", "1"], 2)


def test_without_gpus_more_jobs_run_at_once_than_the_driver_has_cores_and_see_no_gpu(
    machines, tmp_path
):
    """Even those on the machine that has some; Ray itself would show them all."""
    total = ray.cluster_resources()
    assert (total["CPU"], total["GPU"]) == (5 + CORES, 2)
    assert ClusterPool(ray, RayEngine(gpus=0)).places == total["CPU"] > CORES
    found = at_once(RayEngine(gpus=0), 5 + CORES, tmp_path)
    assert {(gpus, share) for gpus, share, _ in found} == {("", 0)}


@pytest.mark.slow
def test_representations_are_computed_on_the_cluster_not_in_the_driver(
    machines, tmp_path, monkeypatch
):
    """The files hold what the encoders give here; the driver's own way to them is barred."""
    world, bank, out = tmp_path / "world", tmp_path / "bank", tmp_path / "transfers"
    make(world, buildings=14, views=1, size=64, seed=2)
    write_untrained(bank, TaskonomyDataset(world, ["edge2d", "rgb2depth"], progress=False))
    transfer = TransferConfig(str(bank), TransferDataConfig(str(world), train=4, valid=2, test=2))
    config = SweepConfig(transfer, ("rgb2depth",), ("edge2d", "random"))
    jobs = encodings(config, out)
    with monkeypatch.context() as barred:
        barred.setattr("encoders.transfer.jobs.write_representations", None)
        outcome = run_jobs(jobs, RayEngine())
    assert not outcome.failures
    assert len(outcome.results) == 2
    for job in jobs:
        found = job.done.read_bytes()
        job.function(*job.args)
        assert job.done.read_bytes() == found


def test_a_machine_that_joins_and_one_that_leaves_are_counted(machines):
    pool = ClusterPool(ray, RayEngine(gpus=1))
    assert pool.places == 2
    joined = machines.add_node(num_cpus=3, num_gpus=3)
    until(lambda: pool.places == 5)
    machines.remove_node(joined)
    until(lambda: pool.places == 2)


def test_more_than_any_machine_has_is_told(machines):
    with pytest.raises(EngineError) as told:
        run_jobs([Job("it", bad.process)], RayEngine(cpus=2, gpus=3))
    assert str(told.value) == (
        "no machine of the cluster has 2 CPUs and 3 GPUs for a job; all machines together have "
        f"{5 + CORES} CPUs and 2 GPUs. Ask for less (--threads, --gpus), or give the number of "
        "jobs (--jobs) if the cluster grows by demand"
    )


@pytest.mark.parametrize(
    ("cpus", "gpus", "each_cpus", "each_gpus", "expected"),
    [
        (4, 0, 1, 0, 4),
        (4, 0, 1, 0.25, 0),
        (16, 1, 1, 0.25, 4),
        (2, 1, 1, 0.25, 2),
        (16, 2, 1, 0.4, 4),  # two on each GPU, as none is on two of them
        (16, 1, 1, 0.1, 10),  # 1 // 0.1 is 9
        (16, 3, 1, 0.3333, 9),
        (16, 5, 1, 2, 2),
        (1, 0, 0.1, 0, 10),
    ],
)
def test_the_room_of_a_machine(cpus, gpus, each_cpus, each_gpus, expected):
    assert fitting({"CPU": cpus, "GPU": gpus}, each_cpus, each_gpus) == expected


def until(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)
