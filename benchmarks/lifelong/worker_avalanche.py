"""A process that learns a stream with avalanche-lib's iCaRL: `python FILE JOB.npz RESULT.npz`.

It runs in an environment of its own, and so imports nothing of this project.
"""

from __future__ import annotations

import logging
import runpy
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

PARTS = runpy.run_path(str(Path(__file__).parents[1] / "learning" / "worker_parts.py"))


def main(job_file: str, result_file: str) -> None:
    """Learn every step, and write ``accuracies`` (of the classes seen), ``seconds`` and ``stored``.

    ``seconds`` are processor seconds of the training of each step.
    """
    torch.set_num_threads(1)
    _declared = PARTS["mend_torchvision"]()
    job = np.load(job_file)
    torch.manual_seed(int(job["seed"]))
    strategy, plugin, stream = made(job)
    tested, answers = torch.from_numpy(job["test_images"]), job["test_labels"]
    ends, accuracies, seconds, stored = np.cumsum(job["sizes"]), [], [], []
    for step, experience in enumerate(stream):
        start = time.process_time()
        strategy.train(experience)
        seconds.append(time.process_time() - start)
        stored.append(sum(map(len, plugin.x_memory)))
        seen = answers < ends[step]
        predicted = predictions(strategy.model, tested[torch.from_numpy(seen)])
        accuracies.append(float((predicted == answers[seen]).mean()))
    np.savez(result_file, accuracies=accuracies, seconds=seconds, stored=stored)


def made(job: Any) -> tuple[Any, Any, Any]:
    """Return avalanche-lib's strategy, its plugin with the exemplars, and the experiences."""
    from avalanche.benchmarks import nc_benchmark
    from avalanche.benchmarks.utils import _make_taskaware_tensor_classification_dataset as dataset
    from avalanche.training import ICaRL
    from avalanche.training.plugins import EvaluationPlugin, LRSchedulerPlugin

    logging.disable(logging.WARNING)
    sets = [
        dataset(torch.from_numpy(job[f"{split}_images"]), torch.from_numpy(job[f"{split}_labels"]))
        for split in ("train", "test")
    ]
    sizes = job["sizes"].tolist()
    benchmark = nc_benchmark(
        *sets,
        n_experiences=len(sizes),
        task_labels=False,
        shuffle=False,
        fixed_class_order=list(range(sum(sizes))),
        per_exp_classes=dict(enumerate(sizes)),
    )
    features, classifier = network(job)
    parameters = [*features.parameters(), *classifier.parameters()]
    rate, epochs = float(job["learning_rate"]), int(job["epochs"])
    optimizer = torch.optim.SGD(
        parameters, lr=rate, momentum=0.9, weight_decay=float(job["weight_decay"])
    )
    milestones = [round(share * epochs) for share in job["milestones"].tolist()]
    schedule = torch.optim.lr_scheduler.MultiStepLR(
        optimizer, milestones, gamma=float(job["factor"])
    )
    strategy = ICaRL(
        feature_extractor=features,
        classifier=classifier,
        optimizer=optimizer,
        memory_size=int(job["memory"]),
        buffer_transform=None,
        fixed_memory=True,
        train_mb_size=int(job["batch"]),
        train_epochs=epochs,
        eval_mb_size=256,
        plugins=[LRSchedulerPlugin(schedule)],
        evaluator=EvaluationPlugin(),
    )
    plugin = next(each for each in strategy.plugins if hasattr(each, "x_memory"))
    return strategy, plugin, benchmark.train_stream[: int(job["steps"])]


def network(job: Any) -> tuple[nn.Module, nn.Module]:
    """Return LeNet's features and the outputs of all classes, with the weights of the job."""
    features = PARTS["lenet_features"](int(job["train_images"].shape[1]))
    PARTS["copy_values"](features.parameters(), job, "weight.")
    outputs = nn.Linear(PARTS["FEATURES"], int(job["sizes"].sum()))
    nn.init.zeros_(outputs.bias)
    return features, outputs


@torch.no_grad()
def predictions(model: nn.Module, images: torch.Tensor) -> Any:
    """Return the class of each image by the model's rule of evaluation."""
    model.eval()
    return torch.cat([model(part).argmax(1) for part in torch.split(images, 256)]).numpy()


if __name__ == "__main__":
    main(*sys.argv[1:])
