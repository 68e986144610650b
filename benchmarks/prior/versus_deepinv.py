"""Our prior beside deepinv's, with the same processor seconds, in alternating processes."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.prior.kept import keep
from benchmarks.prior.observations import Observation, degraded
from benchmarks.prior.photographs import photograph
from benchmarks.prior.quality import compared, psnr, ssim
from benchmarks.prior.resampling import Downsampler
from benchmarks.prior.settings import Settings
from benchmarks.results.log import Log
from benchmarks.results.worker import call_worker, python_for

OURS, DEEPINV = "ours", "deepinv"
HERE = Path(__file__).parent


def deepinv_python(settings: Settings) -> str:
    """Return the Python that has the library; raise WorkerError if the settings name none."""
    return python_for(DEEPINV, settings.python, flag=f"--part {DEEPINV}", install="deepinv==0.5.0")


def compare_with_deepinv(settings: Settings, log: Log) -> None:
    """Run our prior until it stops, then deepinv for as long, on each photograph and task."""
    commands = {
        OURS: [sys.executable, "-m", "benchmarks.prior.worker_ours"],
        DEEPINV: [deepinv_python(settings), str(HERE / "worker_deepinv.py")],
    }
    for photo in settings.photos:
        for task in settings.tasks:
            _compare(settings, log, photo, task, commands)


def _compare(
    settings: Settings, log: Log, photo: str, task: str, commands: dict[str, list[str]]
) -> None:
    """Measure both methods for one photograph and task, unless the records have them."""
    asked = {
        method: {
            "part": "deepinv",
            "task": task,
            "photo": photo,
            "method": method,
            "size": settings.size,
            "iterations": settings.iterations,
        }
        for method in commands
    }
    if all(log.has(each, seed=0) for each in asked.values()):
        return
    truth = photograph(photo, settings.size)
    observation = degraded(task, truth, 0)
    job = job_of(observation, task, settings.iterations, seed=0)
    target = compared(task, truth)
    for method, command in commands.items():
        start = time.perf_counter()
        result = call_worker(command, job, needs=DEEPINV)
        seconds = round(time.perf_counter() - start, 2)
        job["seconds"] = result["seconds"]
        picture = observation.completed(result["picture"])
        metrics = {
            "psnr": psnr(compared(task, picture), target),
            "ssim": ssim(compared(task, picture), target),
            "iteration": int(result["iterations"]),
            "processor_seconds": round(float(result["seconds"]), 2),
        }
        log.add(asked[method], metrics, seed=0, seconds=seconds)
        keep(log.folder, f"{task}-{photo}-{method}", picture)
        print(f"deepinv: {task} {photo}: {method} {metrics['psnr']:.2f} dB", flush=True)


def job_of(observation: Observation, task: str, iterations: int, *, seed: int) -> dict[str, Any]:
    """Return what a worker reads: the values, and the measurement as a mask and two matrices."""
    _, height, width = observation.shape
    rows, columns = np.eye(height, dtype=np.float32), np.eye(width, dtype=np.float32)
    if isinstance(observation.measure, Downsampler):
        rows, columns = observation.measure.rows.numpy(), observation.measure.columns.numpy()
    known = observation.known
    mask = np.ones((height, width), np.float32) if known is None else known.astype(np.float32)
    return {
        "values": observation.values,
        "shape": np.array(observation.shape),
        "mask": mask,
        "rows": rows,
        "columns": columns,
        "task": task,
        "iterations": iterations,
        "seed": seed,
    }
