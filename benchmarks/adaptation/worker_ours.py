"""A process that trains our DANN or stage 2 of our ADDA: ``python -m ... JOB.npz RESULT.npz``.

It has the form of `worker_skada` and `worker_pytorch_adapt`, so that all are timed in the same way.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from benchmarks.adaptation.domain_pair import DomainImages, DomainPair
from benchmarks.adaptation.feature_network import make_model
from benchmarks.adaptation.methods import adda, dann
from benchmarks.adaptation.methods.method import Adaptation
from benchmarks.adaptation.pair_groups import LENET
from benchmarks.adaptation.selection import Evaluator
from benchmarks.adaptation.settings import SKADA
from benchmarks.learning.accuracy import top1
from benchmarks.learning.classifier import Classifier
from benchmarks.learning.config import LoopConfig
from benchmarks.learning.prediction import outputs


@dataclass(eq=False)
class NoEvaluation(Evaluator):
    """An evaluator that measures nothing, so that only the training is timed."""

    def measure(self, model: Classifier) -> float:
        """Return 0."""
        return 0.0


def main(job_file: str, result_file: str) -> None:
    """Train, and write ``accuracy`` on the target, processor ``seconds`` and ``version``."""
    torch.set_num_threads(1)
    with np.load(job_file) as arrays:
        job = dict(arrays)
    adaptation = adaptation_of(job)
    begin = time.process_time()
    if str(job["library"]) == SKADA:
        trained = dann.train(adaptation)
    else:
        trained = adda.adapt_target_encoder(adaptation, adaptation.model)
    seconds = time.process_time() - begin
    test = adaptation.pair.target_test
    accuracy = top1(outputs(trained, test.images, adaptation.config), test.labels)
    np.savez(result_file, accuracy=accuracy, seconds=seconds, version="ours")


def adaptation_of(job: dict[str, Any]) -> Adaptation:
    """Return the training of a job; it ends with the weights of the last step."""
    steps = int(job["steps"])
    config = LoopConfig(
        steps=steps,
        batch=int(job["batch"]),
        learning_rate=float(job["rate"]),
        schedule="annealed",
        precision="float32",
        device="cpu",
        evaluate_every=steps,
        keep_best=False,
        seed=int(job["seed"]),
    )
    pair = pair_of_job(job)
    model = make_model(pair, LENET, config.seed)
    values = [*model.backbone.layers.parameters(), *model.head.parameters()]
    with torch.no_grad():
        for k, value in enumerate(values):
            value.copy_(torch.from_numpy(job[f"network.{k:02}"]))
    return Adaptation(pair, model, config, 1.0, NoEvaluation(pair, config))


def pair_of_job(job: dict[str, Any]) -> DomainPair:
    """Return the pair of a job; its validation sets, which are not used, are the test set."""

    def part(name: str) -> DomainImages:
        """Return the images of one part; labels that the job lacks are −1."""
        images = torch.from_numpy(job[f"{name}_bytes"])
        hidden = np.full(len(images), -1, np.int64)
        return DomainImages(images, job.get(f"{name}_labels", hidden))

    classes = tuple(map(str, range(int(job["classes"]))))
    test = part("test")
    return DomainPair("source", "target", classes, part("source"), test, part("target"), test, test)


if __name__ == "__main__":
    main(*sys.argv[1:])
