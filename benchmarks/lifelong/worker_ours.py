"""A process that learns a stream with our iCaRL: ``python -m ... JOB.npz RESULT.npz``.

It has the form of `worker_avalanche`, so that both are timed in the same way.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import torch

from benchmarks.data.data import TEST, TRAIN, VAL
from benchmarks.learning.config import LoopConfig
from benchmarks.learning.starts import find_start
from benchmarks.lifelong.learner import new_learner
from benchmarks.lifelong.rules import by_exemplar_means
from benchmarks.lifelong.strategies import STRATEGIES
from benchmarks.lifelong.streams import LearningStream, StreamStep
from benchmarks.lifelong.variants import VARIANTS
from taskgraph.arrays import Array


def main(job_file: str, result_file: str) -> None:
    """Learn every step, and write ``accuracies`` (of the classes seen), ``seconds`` and ``stored``.

    ``seconds`` are processor seconds of the training of each step.
    """
    torch.set_num_threads(1)
    job = dict(np.load(job_file))
    stream = stream_of(job)
    learner = new_learner(
        find_start("scratch:lenet"),
        VARIANTS[str(job["variant"])],
        classes=len(stream.classes),
        memory=int(job["memory"]),
        config=LoopConfig(
            epochs=int(job["epochs"]),
            batch=int(job["batch"]),
            learning_rate=float(job["learning_rate"]),
            weight_decay=float(job["weight_decay"]),
            schedule="milestones",
            milestones=tuple(job["milestones"].tolist()),
            factor=float(job["factor"]),
            keep_best=False,
            seed=int(job["seed"]),
        ),
        channels=int(job["train_bytes"].shape[1]),
    )
    accuracies, seconds, stored = [], [], []
    for step in range(int(job["steps"])):
        start = time.process_time()
        STRATEGIES["icarl"].learn(learner, stream)
        seconds.append(time.process_time() - start)
        stored.append(learner.stored)
        images, labels = stream.until(step, TEST)
        predicted = by_exemplar_means(learner, learner.features(images), stream)
        accuracies.append(float((predicted == labels).mean()))
    np.savez(result_file, accuracies=accuracies, seconds=seconds, stored=stored)


def stream_of(job: dict[str, Array]) -> LearningStream:
    """Return the stream of a job, whose labels are in the order of arrival."""
    begin, steps = 0, list[StreamStep]()
    for size in job["sizes"].tolist():
        classes = tuple(range(begin, begin + size))
        parts = {}
        for split in (TRAIN, TEST):
            labels = job[f"{split}_labels"]
            rows = np.isin(labels, classes)
            parts[split] = torch.from_numpy(job[f"{split}_bytes"][rows]), labels[rows]
        parts[VAL] = parts[TRAIN][0][:0], parts[TRAIN][1][:0]
        steps.append(StreamStep(str(len(steps)), parts, classes))
        begin += size
    return LearningStream("job", tuple(map(str, range(begin))), tuple(steps))


if __name__ == "__main__":
    main(*sys.argv[1:])
