"""Our iCaRL beside avalanche-lib's: the same data, network, memory, epochs and schedule."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.data.data import TEST, TRAIN, Data
from benchmarks.learning.starts import find_start
from benchmarks.lifelong.beside import LIBRARY, OURS, PART
from benchmarks.lifelong.collect import SHARED
from benchmarks.lifelong.settings import AVALANCHE, Settings
from benchmarks.lifelong.sources import stream_hash, streams
from benchmarks.lifelong.streams import LearningStream
from benchmarks.results.log import Log
from benchmarks.results.worker import call_worker, python_for

NETWORK = "scratch:lenet"
MILESTONES, FACTOR = (0.7, 0.9), 0.2
HERE = Path(__file__).parent


def avalanche_python(settings: Settings) -> str:
    """Return the Python that has the library; raise WorkerError if the settings name none."""
    flag = f"--part {AVALANCHE}"
    return python_for(LIBRARY, settings.python, flag=flag, install="avalanche-lib==0.6")


def compare_with_avalanche(sets: list[Data], settings: Settings, log: Log) -> None:
    """Learn each stream and order with both, one after the other, and record both."""
    commands = {
        OURS: [sys.executable, "-m", "benchmarks.lifelong.worker_ours"],
        LIBRARY: [avalanche_python(settings), str(HERE / "worker_avalanche.py")],
    }
    for order in range(settings.orders):
        for stream, memory in streams(sets, settings, order):
            asked = asked_of(stream, memory, settings)
            split, job = settings.split, None
            for method in methods_in_turn(order):
                own = {**asked, "method": method}
                if log.has(own, seed=order, split=split):
                    continue
                job = job or job_of(stream, memory, settings, order)
                result = call_worker(commands[method], job, needs="avalanche")
                seconds = float(result["seconds"].sum())
                metrics = {
                    "accuracy": result["accuracies"].tolist(),
                    "stored": result["stored"].tolist(),
                    "processor_seconds": round(seconds, 3),
                }
                log.add(own, metrics, seed=order, split=split, seconds=round(seconds, 3))


def methods_in_turn(order: int) -> Sequence[str]:
    """Return both methods; which is first alternates, so that neither has the quieter machine."""
    return (OURS, LIBRARY) if order % 2 == 0 else (LIBRARY, OURS)


def asked_of(stream: LearningStream, memory: int, settings: Settings) -> dict[str, Any]:
    """Return the settings of the records of one stream, without the method."""
    return {
        "part": PART,
        "data": stream.name,
        "data_sha256": stream_hash(stream),
        "classes_of_steps": [len(step.classes) for step in stream.steps],
        "memory": memory,
        "network": NETWORK,
        **{name: getattr(settings, name) for name in SHARED},
    }


def job_of(stream: LearningStream, memory: int, settings: Settings, order: int) -> dict[str, Any]:
    """Return what a worker reads: images as bytes and as the network takes them, and settings.

    The weights are those with which our network begins; both draw those of their outputs.
    """
    steps = len(stream.steps)
    job: dict[str, Any] = {
        "sizes": np.array([len(step.classes) for step in stream.steps]),
        "steps": min(settings.max_steps or steps, steps),
        "memory": memory,
        "variant": settings.variant,
        "epochs": settings.epochs,
        "batch": settings.batch,
        "learning_rate": settings.learning_rate,
        "weight_decay": settings.weight_decay,
        "milestones": np.array(MILESTONES),
        "factor": FACTOR,
        "seed": order,
    }
    channels = stream.steps[0].parts[TRAIN][0].shape[1]
    backbone = find_start(NETWORK).build(seed=order, channels=channels)
    measured = {TRAIN: TRAIN, TEST: settings.split}
    for name, split in measured.items():
        images, labels = stream.until(steps - 1, split)
        with torch.no_grad():
            prepared = torch.cat([backbone.preparation(each) for each in torch.split(images, 512)])
        job[f"{name}_bytes"], job[f"{name}_labels"] = images.contiguous().numpy(), labels
        job[f"{name}_images"] = prepared.contiguous().numpy()
    for number, value in enumerate(backbone.layers.parameters()):
        job[f"weight.{number}"] = value.detach().contiguous().numpy()
    return job
