"""Measure the epochs of one method in a fresh process, with the largest memory that it holds.

python -m benchmarks.speed.training.measure '["encoders.fit", {"data": "world", ...}]'
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
from dataclasses import asdict
from typing import Any

import torch

from benchmarks.results.machine import ROOT
from benchmarks.speed.training.methods import METHODS, FirstExamples
from benchmarks.speed.training.settings import Settings
from encoders.bank.splits import TaskSplits
from encoders.networks.presets import find_preset
from encoders.training.objective import network_of, training_loss_of


def measure(method: str, settings: Settings) -> dict[str, Any]:
    """Train in this process, which should be a fresh one, and return its speed and memory.

    Returns
    -------
    dict
        ``images_per_second`` and ``waiting`` (the share of the time spent waiting for data), both
        medians over epochs; the largest ``memory`` that the process held and ``gpu_memory``, in
        MiB, None without a GPU; and the GPU's name, ``gpu``.
    """
    splits = TaskSplits.open(settings.data, settings.task, find_preset(settings.preset).size)
    loss = training_loss_of(splits.task, splits.constants)
    train = FirstExamples(splits.train.examples(settings.task), settings.images)
    network = network_of(splits.task, settings.preset)
    speeds = METHODS[method](network, loss, train, settings)[1:]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    has_gpu = torch.cuda.is_available()
    speed, waiting = (statistics.median(column) for column in zip(*speeds, strict=True))
    return {
        "images_per_second": speed,
        "waiting": waiting,
        "memory": peak / (2**20 if sys.platform == "darwin" else 2**10),  # Linux counts in KiB
        "gpu_memory": torch.cuda.max_memory_allocated() / 2**20 if has_gpu else None,
        "gpu": torch.cuda.get_device_name() if has_gpu else None,
    }


def measured(method: str, settings: Settings) -> dict[str, Any]:
    """Return what `measure` does in a fresh process."""
    asked = json.dumps([method, asdict(settings)])
    command = [sys.executable, "-m", "benchmarks.speed.training.measure", asked]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    method, settings = json.loads(sys.argv[1])
    print(json.dumps(measure(method, Settings(**settings))))
