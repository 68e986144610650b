"""Features of a frozen backbone, computed once and kept on disk, and linear probes on them."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.learning.accuracy import top1
from benchmarks.learning.classifier import Backbone
from benchmarks.learning.config import LoopConfig
from benchmarks.learning.prediction import outputs
from encoders.errors import InvalidDataError
from taskgraph.arrays import Array, Floats, Floats32, Integers

STRENGTHS = tuple(10.0**power for power in range(-4, 3))
"""Values of C, the inverse of the regularization, from which validation chooses."""


def cached_features(
    backbone: Backbone, images: Tensor, config: LoopConfig, folder: Path | None = None
) -> Floats32:
    """Return the features of images, read from a folder if they were computed before.

    Parameters
    ----------
    backbone : Backbone
        Computed in evaluation mode.
    images : (N, C, H, W) tensor of bytes
    config : LoopConfig
        Gives device, precision and threads.
    folder : Path, optional
        Folder of the files, whose names are hashes of all that the features depend on
        (`feature_key`). A broken file is computed again. None keeps nothing.

    Returns
    -------
    (N, D) array
    """
    if folder is None:
        return outputs(backbone, images, config)
    path = folder / f"{feature_key(backbone, images, config)}.npy"
    stored = _read(path, len(images), backbone.features)
    if stored is not None:
        return stored
    values = outputs(backbone, images, config)
    _write(path, values)
    return values


def feature_key(backbone: Backbone, images: Tensor, config: LoopConfig) -> str:
    """Return a hash of what features depend on.

    It covers the names, shapes and values of the weights, the code of the layers as PyTorch prints
    it (which names the kept layers), the preparation, the images, and the precision.
    """
    preparation = backbone.preparation
    digest = hashlib.sha256()
    parts: list[Any] = [
        preparation.size,
        preparation.channels,
        preparation.gray,
        str(backbone.layers),
        _code(backbone.layers),
        config.in_bfloat16(),
        tuple(images.shape),
        images.dtype,
    ]
    digest.update(repr(parts).encode())
    tensors = {
        **backbone.layers.state_dict(),
        "mean": preparation.mean,
        "scale": preparation.scale,
        "images": images.permute(0, 2, 3, 1),
    }
    for name, value in tensors.items():
        array = np.ascontiguousarray(value.detach().cpu().numpy())
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()[:32]


def _code(layers: torch.nn.Module) -> str:
    """Return the code of traced layers in evaluation mode; for others the name of the last one."""
    graph = getattr(layers, "eval_graph", None)
    return str(graph) if graph is not None else str(getattr(layers, "name", ""))


def _read(path: Path, count: int, features: int) -> Floats32 | None:
    """Return the array of a file, or None if there is no whole one of that shape."""
    try:
        values: Array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return values if values.shape == (count, features) else None


def _write(path: Path, values: Floats32) -> None:
    """Write an array, atomically."""
    buffer = io.BytesIO()
    np.save(buffer, values)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(buffer.getvalue())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@dataclass(frozen=True)
class LinearProbe:
    """Logistic regression on standardized features.

    Attributes
    ----------
    pipeline : sklearn pipeline
        Standardization and logistic regression.
    strength : float
        The value of C that validation chose; larger is less regularization.
    validation : float
        Accuracy on the validation items.
    """

    pipeline: Any
    strength: float
    validation: float

    def scores(self, features: Array) -> Floats:
        """Return (N, classes) probabilities of the classes that have training items, in order."""
        values: Floats = self.pipeline.predict_proba(features)
        return values

    def predict(self, features: Array) -> Integers:
        """Return the (N,) predicted classes."""
        classes: Integers = self.pipeline.predict(features)
        return classes


def linear_probe(
    train: tuple[Array, Integers],
    validation: tuple[Array, Integers],
    *,
    strengths: Sequence[float] = STRENGTHS,
    iterations: int = 500,
) -> LinearProbe:
    """Fit logistic regression to features; validation accuracy chooses the regularization.

    Of equally good strengths, the strongest regularization is taken. The features are standardized
    with the training items' means and deviations.

    Parameters
    ----------
    train, validation : (features, labels)
        (N, D) and (N,) arrays.
    strengths : sequence of float
        Values of C to try.
    iterations : int
        Most iterations of the solver for each.

    Raises
    ------
    InvalidDataError
        If the training items have fewer than two classes.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if len(np.unique(train[1])) < 2:
        raise InvalidDataError("a linear probe needs items of at least two classes to train on")
    best: LinearProbe | None = None
    for strength in sorted(strengths):
        model = LogisticRegression(C=strength, max_iter=iterations)
        pipeline = make_pipeline(StandardScaler(), model)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            pipeline.fit(*train)
        accuracy = top1(pipeline.predict(validation[0]), validation[1])
        if best is None or accuracy > best.validation:
            best = LinearProbe(pipeline, strength, accuracy)
    assert best is not None
    return best
