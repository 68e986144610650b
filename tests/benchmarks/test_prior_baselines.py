"""Baselines of the deep image prior, each against a case that can be checked by hand."""

import importlib.util
import sys

import numpy as np
import pytest

from benchmarks.prior.baselines import BASELINES, bm3d, cubic, local_median, median
from benchmarks.prior.fit_settings import TASKS
from benchmarks.prior.observations import degraded, masked, whole
from benchmarks.prior.photographs import photograph
from benchmarks.prior.quality import compared, psnr
from benchmarks.prior.versus_deepinv import job_of
from benchmarks.results.worker import WorkerError, call_worker

RNG = np.random.default_rng(3)
NEEDS_BM3D = pytest.mark.skipif(
    importlib.util.find_spec("bm3d") is None, reason="the package bm3d is not installed"
)


@pytest.mark.parametrize("photo", ["coffee", "camera"])
@pytest.mark.parametrize("task", TASKS)
def test_every_baseline_returns_a_picture_and_the_best_strength_gains(task, photo):
    truth = photograph(photo, 32)
    observation = degraded(task, truth, 0)
    target = compared(task, truth)
    found = {}
    for name, (method, strengths) in BASELINES[task].items():
        if name == "BM3D":
            continue
        for strength in strengths[:: max(1, len(strengths) // 3)]:
            picture = method(observation, strength)
            assert picture.shape == truth.shape, name
            found[name] = max(found.get(name, 0), psnr(compared(task, picture), target))
    if "unchanged" in found:
        assert max(found.values()) > found["unchanged"]
    assert min(found.values()) > 12


@NEEDS_BM3D
@pytest.mark.parametrize("photo", ["coffee", "camera"])
def test_bm3d_removes_noise_of_its_sigma(photo):
    truth = photograph(photo, 32)
    observation = degraded("denoise", truth, 0)
    assert psnr(bm3d(observation, 25 / 255), truth) > psnr(observation.values, truth) + 2


def test_the_median_is_of_each_channel():
    values = RNG.random((2, 5, 5), dtype=np.float32)
    found = median(whole(values), 3)
    assert found[1, 2, 3] == np.median(values[1, 1:4, 2:5])


def test_cubic_filling_reproduces_a_plane_and_keeps_known_pixels():
    rows, columns = np.mgrid[0:12, 0:10]
    plane = ((2 * rows + 3 * columns) / 100)[None].astype(np.float32)
    known = RNG.random((12, 10)) < 0.6
    known[[0, 0, -1, -1], [0, -1, 0, -1]] = True
    found = cubic(masked(plane, known), 0)
    np.testing.assert_allclose(found, plane, atol=1e-5)
    np.testing.assert_array_equal(found[0][known], plane[0][known])


def test_a_local_median_widens_its_window_until_a_pixel_is_known():
    values = np.zeros((1, 7, 7), dtype=np.float32)
    values[0, 0, 0], values[0, 3, 2] = 0.8, 0.4
    known = values[0] > 0
    found = local_median(masked(values, known), 3)
    assert found[0, 3, 3] == np.float32(0.4), "the neighbor"
    assert found[0, 6, 6] == np.float32(0.4), "the only one within four pixels"
    assert found[0, 1, 1] == np.float32(0.8)
    assert found[0, 0, 0] == np.float32(0.8), "known pixels stay"


@pytest.mark.parametrize("task", TASKS)
def test_the_job_of_a_worker_measures_as_the_observation_does(task):
    import torch

    truth = photograph("chelsea", 16)
    observation = degraded(task, truth, 0)
    job = job_of(observation, task, 5, seed=1)
    picture = torch.rand(1, 3, 16, 16)
    mask, rows, columns = (torch.from_numpy(job[name]) for name in ("mask", "rows", "columns"))
    assert torch.allclose(
        rows @ (picture * mask) @ columns, observation.measure(picture), atol=1e-6
    )


def test_a_worker_runs_in_a_process_and_its_failure_is_one_line():
    copy = "import sys, shutil; shutil.copyfile(sys.argv[1], sys.argv[2])"
    assert call_worker([sys.executable, "-c", copy], {"seed": 4}, needs="x")["seed"] == 4
    late = copy + "; import os; os.abort()"
    assert call_worker([sys.executable, "-c", late], {"seed": 4}, needs="x")["seed"] == 4
    for cut in (0, 2, 100):
        part = f"import sys; open(sys.argv[2], 'wb').write(open(sys.argv[1], 'rb').read({cut}))"
        with pytest.raises(WorkerError, match=r"failed: no message"):
            call_worker([sys.executable, "-c", part], {"seed": 4}, needs="x")
    with pytest.raises(WorkerError, match=r"failed: boom; check .* of --python imports x"):
        call_worker([sys.executable, "-c", "import sys; sys.exit('boom')"], {}, needs="x")
    with pytest.raises(WorkerError, match="/none cannot be run: No such file"):
        call_worker(["/none"], {}, needs="x")


@pytest.mark.slow
def test_our_worker_restores_a_picture_in_a_process_of_its_own():
    truth = photograph("camera", 20)
    job = job_of(degraded("superresolve", truth, 0), "superresolve", 30, seed=0)
    command = [sys.executable, "-m", "benchmarks.prior.worker_ours"]
    result = call_worker(command, job, needs="torch")
    assert result["picture"].shape == truth.shape
    assert int(result["iterations"]) == 30
    assert 0 < float(result["seconds"]) < 60
