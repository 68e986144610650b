"""A process that trains stage 2 of pytorch-adapt's ADDA: ``python FILE JOB.npz RESULT.npz``.

It runs in an environment of its own, and so imports nothing of this project.
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

WIDTH = 500
"""Size of the hidden layers of ADDA's discriminator."""
PARTS = runpy.run_path(str(Path(__file__).parents[1] / "learning" / "worker_parts.py"))


def main(job_file: str, result_file: str) -> None:
    """Train, and write ``accuracy`` on the target, processor ``seconds`` and ``version``."""
    torch.set_num_threads(1)
    with np.load(job_file) as arrays:
        job = dict(arrays)
    _declared = PARTS["mend_torchvision"]()
    import pytorch_adapt

    torch.manual_seed(int(job["seed"]))
    adapter = made(job)
    drawn = np.random.default_rng(int(job["seed"]))
    batch, steps = int(job["batch"]), int(job["steps"])
    sources = batches(torch.from_numpy(job["source_images"]), batch, drawn)
    targets = batches(torch.from_numpy(job["target_images"]), batch, drawn)
    begin = time.process_time()
    for _ in range(steps):
        own, others = next(sources), next(targets)
        given = {"src_imgs": own, "src_domain": torch.zeros(len(own))}
        adapter.training_step(
            {**given, "target_imgs": others, "target_domain": torch.ones(len(others))}
        )
    seconds = time.process_time() - begin
    tested = torch.from_numpy(job["test_images"])
    target, classifier = adapter.models["T"].eval(), adapter.models["C"].eval()
    with torch.no_grad():
        scores = [classifier(target(part)) for part in torch.split(tested, 256)]
    predicted = torch.cat(scores).argmax(1).numpy()
    accuracy = float((predicted == job["test_labels"]).mean())
    version = f"pytorch-adapt {pytorch_adapt.__version__}"
    np.savez(result_file, accuracy=accuracy, seconds=seconds, version=version)


def made(job: dict[str, Any]) -> Any:
    """Return pytorch-adapt's adapter with the networks of a job; all else is its default."""
    from pytorch_adapt.adapters import ADDA
    from pytorch_adapt.containers import Models, Optimizers

    extractor, classifier, discriminator = networks(job)
    adam = torch.optim.Adam, {"lr": float(job["rate"]), "betas": tuple(map(float, job["betas"]))}
    adapter = ADDA(
        models=Models({"G": extractor, "C": classifier, "D": discriminator}),
        optimizers=Optimizers(adam, keys=["D", "T"]),
    )
    adapter.models.train()
    return adapter


def networks(job: dict[str, Any]) -> tuple[nn.Module, nn.Module, nn.Module]:
    """Return LeNet, DANN's label predictor and ADDA's discriminator with the weights of a job."""
    extractor = PARTS["lenet_features"](int(job["source_images"].shape[1]))
    classifier = PARTS["lenet_predictor"](int(job["classes"]))
    discriminator = nn.Sequential(
        nn.Linear(PARTS["FEATURES"], WIDTH),
        nn.ReLU(),
        nn.Linear(WIDTH, WIDTH),
        nn.ReLU(),
        nn.Linear(WIDTH, 1),
        nn.Flatten(0),
    )
    copy_values = PARTS["copy_values"]
    copy_values([*extractor.parameters(), *classifier.parameters()], job, "network.")
    copy_values(discriminator.parameters(), job, "head.")
    return extractor, classifier, discriminator


def batches(images: Any, size: int, drawn: np.random.Generator) -> Any:
    """Give batches without end; each pass is in another order and leaves out what is over."""
    while True:
        order = torch.from_numpy(drawn.permutation(len(images)))
        for begin in range(0, max(1, len(order) - size + 1), size):
            yield images[order[begin : begin + size]]


if __name__ == "__main__":
    main(*sys.argv[1:])
