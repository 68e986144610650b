"""The state of a learner after a step in one file: weights, exemplar sets and the step."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.lifelong.learner import ExemplarSet, Learner
from encoders.errors import InvalidDataError
from encoders.training.checkpoint import read_weights, restore, write_weights

NETWORK, EXEMPLARS = "network.", "exemplars."


def save_learner(learner: Learner, run: Mapping[str, Any], path: Path) -> None:
    """Write the weights and the exemplar sets of a learner together, atomically.

    The file is in safetensors format; JSON in its metadata has the step, the labels of the sets,
    and ``run``, the settings of the run that it belongs to.
    """
    tensors = {f"{NETWORK}{name}": t for name, t in learner.network.state_dict().items()}
    for number, each in enumerate(learner.exemplars):
        tensors[f"{EXEMPLARS}{number}"] = each.images
    config = {
        "run": dict(run),
        "steps": learner.steps,
        "seen": learner.seen,
        "seconds": learner.seconds,
        "labels": [each.label for each in learner.exemplars],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    write_weights(path, tensors, config)


def restore_learner(learner: Learner, run: Mapping[str, Any], path: Path) -> None:
    """Give a new learner the state of a file that `save_learner` wrote.

    Raises
    ------
    InvalidDataError
        If the file is damaged, is of another run, or lacks a part; the message names it.
    """
    tensors, config = read_weights(path)
    if config.get("run") != dict(run):
        raise InvalidDataError(
            f"{path}: this state is of a run with other settings; delete it, or choose another "
            "folder with --work"
        )
    try:
        steps, seen, labels = config["steps"], config["seen"], config["labels"]
        learner.seconds = config["seconds"]
        sets = [tensors[f"{EXEMPLARS}{number}"] for number in range(len(labels))]
    except (KeyError, TypeError) as error:
        raise InvalidDataError(
            f"{path}: this state lacks {error}; delete it, and the stream is learned again"
        ) from None
    learner.grow(seen)
    network = {
        name.removeprefix(NETWORK): value
        for name, value in tensors.items()
        if name.startswith(NETWORK)
    }
    restore(learner.network, network, where=path)
    learner.steps = steps
    learner.exemplars = [
        ExemplarSet(label, images) for label, images in zip(labels, sets, strict=True)
    ]
