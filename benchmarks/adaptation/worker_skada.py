"""A process that trains skada's DANN: ``python FILE JOB.npz RESULT.npz``.

It may run in an environment of its own, and so imports nothing of this project.
"""

from __future__ import annotations

import runpy
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

PARTS = runpy.run_path(str(Path(__file__).parents[1] / "learning" / "worker_parts.py"))
FEATURES, HIDDEN = PARTS["FEATURES"], PARTS["HIDDEN"]


def main(job_file: str, result_file: str) -> None:
    """Train, and write ``accuracy`` on the target, processor ``seconds`` and ``version``."""
    torch.set_num_threads(1)
    with np.load(job_file) as arrays:
        job = dict(arrays)
    import skada

    network = DigitNetwork(job)
    torch.manual_seed(int(job["seed"]))
    estimator = made(job, network)
    sources, targets = len(job["source_images"]), len(job["target_images"])
    images = np.concatenate([job["source_images"], job["target_images"]])
    labels = np.concatenate([job["source_labels"], np.full(targets, -1)]).astype(np.int64)
    domains = np.repeat([1, -2], [sources, targets])
    begin = time.process_time()
    estimator.fit(images, labels, sample_domain=domains)
    seconds = time.process_time() - begin
    taken = len(estimator.history[:, "batches", :, "train_loss"])
    assert taken
    network.eval()
    tested = torch.from_numpy(job["test_images"])
    with torch.no_grad():
        predicted = torch.cat([network(part).argmax(1) for part in torch.split(tested, 256)])
    accuracy = float((predicted.numpy() == job["test_labels"]).mean())
    version = f"skada {skada.__version__}"
    np.savez(result_file, accuracy=accuracy, seconds=seconds, version=version)


def made(job: dict[str, Any], network: nn.Module) -> Any:
    """Return skada's estimator, with our optimizer, rates and number of steps.

    The method ``skada`` has skada's domain classifier and weight 1. The method ``skada-head`` has
    a domain classifier of our form and weights, and weight .5: skada adds the mean losses of both
    domains, where ours is the mean over the images of both.
    """
    from skada.deep import DANN
    from skorch.callbacks import LRScheduler

    steps = int(job["steps"])
    given: dict[str, Any]
    if str(job["method"]) == "skada":
        given = {"num_features": FEATURES, "reg": 1.0}
    else:
        given = {"domain_classifier": DomainHead(job), "reg": 0.5}
    anneal = LRScheduler(
        torch.optim.lr_scheduler.LambdaLR,
        lr_lambda=lambda step: (1 + 10 * min(step, steps) / steps) ** -0.75,
        step_every="batch",
    )
    return DANN(
        network,
        "features",
        **given,
        optimizer=torch.optim.SGD,
        optimizer__momentum=0.9,
        optimizer__weight_decay=1e-4,
        lr=float(job["rate"]),
        batch_size=int(job["batch"]),
        max_epochs=steps,
        train_split=None,
        callbacks=[("anneal", anneal), ("stop", stop_after(steps))],
        verbose=0,
        device="cpu",
    )


def stop_after(steps: int) -> Any:
    """Return skorch's callback that ends the training after a number of steps."""
    from skorch.callbacks import Callback

    class StopAfter(Callback):  # type: ignore[misc, unused-ignore]
        """Counts steps; skorch takes KeyboardInterrupt for the end of a training."""

        def initialize(self) -> Any:
            """Begin to count."""
            self.count = 0
            return self

        def on_batch_end(self, net: Any, training: bool = False, **_: Any) -> None:
            """End the training with the last step."""
            self.count += training
            if self.count >= steps:
                raise KeyboardInterrupt

    return StopAfter()


class DigitNetwork(nn.Module):
    """LeNet with DANN's label predictor, with the weights of a job; features before it."""

    def __init__(self, job: dict[str, Any]) -> None:
        super().__init__()
        self.features = PARTS["lenet_features"](int(job["source_images"].shape[1]))
        self.predictor = PARTS["lenet_predictor"](int(job["classes"]))
        PARTS["copy_values"](self.parameters(), job, "network.")

    def forward(self, images: Any, sample_weight: Any = None) -> Any:
        """Map prepared images to scores of the classes."""
        return self.predictor(self.features(images))


class DomainHead(nn.Module):
    """A domain classifier of our form behind skada's gradient reversal; returns probabilities."""

    def __init__(self, job: dict[str, Any]) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(FEATURES, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 1), nn.Sigmoid()
        )
        PARTS["copy_values"](self.parameters(), job, "head.")

    def forward(self, features: Any, sample_weight: Any = None) -> Any:
        """Map features to the probability of the target."""
        from skada.deep.modules import GradientReversalLayer

        return self.layers(GradientReversalLayer.apply(features, 1.0)).squeeze(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
