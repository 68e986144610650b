"""A trained `FineTuned` as two files: its weights, and the configuration that rebuilds it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from benchmarks.learning.starts import Start, find_start
from encoders.errors import InvalidDataError, InvalidNetworkError
from encoders.networks.zoo import read_state
from taskgraph.tables import write_bytes, write_text

if TYPE_CHECKING:
    from benchmarks.finetune.estimator import FineTuned

WEIGHTS, CONFIG = "model.safetensors", "config.json"
FORMAT = 1
RANDOM = ("timm", "torchvision")
"""Kinds of starts that are rebuilt without the weights from which training began."""


def save_model(estimator: FineTuned, folder: Path) -> Path:
    """Write a trained classifier into a folder; returns the folder.

    ``model.safetensors`` has all weights and statistics of the network. ``config.json`` has the
    parameters of the estimator, the classes, the size and normalization of the images, the curve of
    the training, and the SHA-256 of the weights. Files of these names are replaced.
    """
    from safetensors.torch import save

    tensors = {name: value.contiguous() for name, value in estimator.model_.state_dict().items()}
    content = save({name: value.detach().cpu().clone() for name, value in tensors.items()})
    config = {
        "format": FORMAT,
        "parameters": _plain(estimator),
        "classes": estimator.classes_.tolist(),
        "images": _images(estimator),
        "frozen": list(estimator.frozen_),
        "curve": curve(estimator),
        "weights": hashlib.sha256(content).hexdigest(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    write_bytes(content, folder / WEIGHTS)
    write_text(json.dumps(config, indent=1) + "\n", folder / CONFIG)
    return folder


def curve(estimator: FineTuned) -> list[dict[str, float | None]]:
    """Return step, mean training loss and validation accuracy (None without) of each evaluation."""
    return [
        {
            "step": each.step,
            "loss": each.train_loss,
            "validation": None if np.isnan(each.validation) else each.validation,
        }
        for each in estimator.history_.measured
    ]


def load_model(kind: type[FineTuned], folder: Path, *, start: Start | None = None) -> FineTuned:
    """Read a classifier that `save_model` wrote.

    Parameters
    ----------
    kind : type
        `FineTuned`, or a class derived from it.
    folder : Path
    start : Start, optional
        The start of a classifier whose start was no name but a module of one's own.

    Raises
    ------
    InvalidDataError
        If a file is missing or broken, or the two are not of the same classifier.
    InvalidNetworkError
        If the start is needed and not given.
    """
    config = _read_config(folder)
    estimator: Any = kind(**_parameters(config["parameters"], start))
    estimator.classes_ = np.array(config["classes"])
    images = config["images"]
    model = estimator.build(len(config["classes"]), _start(estimator, images["size"], start))
    model.load_state_dict(read_state(folder / WEIGHTS))
    for name in ("mean", "scale"):  # exactly those of the training, whatever the start's are now
        buffer = getattr(model.backbone.preparation, name)
        buffer.copy_(torch.tensor(images[name])[:, None, None])
    estimator.model_ = model.eval()
    return estimator  # type: ignore[no-any-return]


def _read_config(folder: Path) -> dict[str, Any]:
    """Return the configuration, after checking that both files are whole."""
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise InvalidDataError(f"{folder} has no {name}; give a folder that `save` wrote")
    try:
        config: dict[str, Any] = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        if config["format"] != FORMAT:
            raise InvalidDataError(
                f"{folder / CONFIG} has the format {config['format']}, expected {FORMAT}; it was "
                "written by another version"
            )
        expected = config["weights"]
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, InvalidDataError):
            raise
        raise InvalidDataError(
            f"{folder / CONFIG} is no configuration of a classifier ({error}); train it again"
        ) from None
    found = hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
    if found != expected:
        raise InvalidDataError(
            f"{folder / WEIGHTS} is not the file that {CONFIG} describes (its SHA-256 differs); "
            "train the classifier again"
        )
    return config


def _plain(estimator: FineTuned) -> dict[str, Any]:
    """Return the parameters for JSON: the start as its name, paths as text, no cache."""
    values = {**estimator.get_params(deep=False), "cache": None}
    if not isinstance(values["start"], str):
        values["start"] = None
    return {
        name: str(value) if isinstance(value, Path) else _number(value)
        for name, value in values.items()
    }


def _number(value: Any) -> Any:
    """Return a number of NumPy as one of Python; other values are returned unchanged."""
    return value.item() if isinstance(value, np.generic) else value


def _images(estimator: FineTuned) -> dict[str, Any]:
    """Return size and normalization of the network's images; mean and scale are in bytes."""
    preparation = estimator.model_.backbone.preparation
    return {
        "size": preparation.size,
        "channels": preparation.channels,
        "mean": preparation.mean.flatten().tolist(),
        "scale": preparation.scale.flatten().tolist(),
    }


def _parameters(values: dict[str, Any], start: Start | None) -> dict[str, Any]:
    """Return the parameters of the estimator from those in the file."""
    values = {**values, "hidden": tuple(values["hidden"])}
    if values["start"] is None and start is None:
        raise InvalidNetworkError(
            "this classifier was trained from a module of one's own; give it again, "
            "FineTuned.load(folder, start=module_start(...))"
        )
    return {**values, "start": values["start"] if start is None else start}


def _start(estimator: FineTuned, size: int, start: Start | None) -> Start:
    """Return the start at the size of the file; its weights do not matter."""
    if start is None:
        name = str(estimator.start)
        weights = "random" if name.partition(":")[0] in RANDOM else None
        start = find_start(name, weights=weights, bank=estimator.bank)
    return start.at(size)
