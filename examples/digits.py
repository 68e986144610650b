"""Measure a real taxonomy in two minutes: eleven tasks on scikit-learn's handwritten digits.

    pip install scikit-learn
    python examples/digits.py results/digits
    taskgraph affinity results/digits/losses.parquet -o results/digits/transfers.csv --bootstrap 200
    taskgraph solve results/digits/transfers.csv --budget 3

The shape is that of Taskonomy (Zamir et al., CVPR 2018): each task has a network
of its own, trained on many labels. Its frozen hidden layer is the representation. A small read-out,
trained on few labels, solves another task from one or several representations. The loss of each
candidate is measured on test images, on which nothing was trained or chosen. All networks are
perceptrons with one hidden layer.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import ndimage
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier, MLPRegressor

TRAIN, TRANSFER, VALIDATE = 800, 120, 80  # images; the rest, 797, are the test split
WIDTH = 24  # hidden units: the representation
BEST = 5  # sources whose pairs and triples are measured, as in the paper's sampling


@dataclass(frozen=True)
class Task:
    """A task: its labels, and whether they are classes or numbers to regress."""

    name: str
    label: Callable[[np.ndarray, np.ndarray], np.ndarray]  # images (B, 8, 8), digits (B,)
    classes: bool
    corrupt: Callable[[np.ndarray], np.ndarray] = lambda images: images


def noisy(images: np.ndarray) -> np.ndarray:
    """Return the images with Gaussian noise, the same in every call."""
    return images + np.random.default_rng(1).normal(0, 0.3, images.shape)


def masked(images: np.ndarray) -> np.ndarray:
    """Return the images with the center square set to zero."""
    images = images.copy()
    images[:, 2:6, 2:6] = 0
    return images


def edges(images: np.ndarray, digits: np.ndarray) -> np.ndarray:
    """Return the magnitude of the Sobel gradient."""
    gradient = [ndimage.sobel(images, axis=axis) for axis in (1, 2)]
    return np.hypot(*gradient).reshape(len(images), -1) / 4


def moments(images: np.ndarray, digits: np.ndarray) -> np.ndarray:
    """Return the slant: the normalized cross moment of the ink."""
    y, x = np.mgrid[:8, :8] - 3.5
    ink = images.sum(axis=(1, 2))
    cx, cy = ((images * axis).sum(axis=(1, 2)) / ink for axis in (x, y))
    dx, dy = x - cx[:, None, None], y - cy[:, None, None]
    return ((images * dx * dy).sum(axis=(1, 2)) / ink)[:, None] / 4


def centre(images: np.ndarray, digits: np.ndarray) -> np.ndarray:
    """Return the center of the ink, in units of four pixels."""
    y, x = np.mgrid[:8, :8] - 3.5
    ink = images.sum(axis=(1, 2))
    return np.stack([(images * axis).sum(axis=(1, 2)) / ink for axis in (x, y)], axis=1) / 4


def pixels(images: np.ndarray, digits: np.ndarray) -> np.ndarray:
    """Return the image itself."""
    return images.reshape(len(images), -1)


HOLES = np.array([1, 0, 0, 0, 1, 0, 1, 0, 2, 1])
TASKS = [
    Task("digit", lambda images, digits: digits, classes=True),
    Task("parity", lambda images, digits: digits % 2, classes=True),
    Task("above_four", lambda images, digits: (digits > 4).astype(int), classes=True),
    Task("holes", lambda images, digits: HOLES[digits], classes=True),
    Task("autoencoding", pixels, classes=False),
    Task("denoising", pixels, classes=False, corrupt=noisy),
    Task("inpainting", pixels, classes=False, corrupt=masked),
    Task("edges", edges, classes=False),
    Task("centre", centre, classes=False),
    Task("slant", moments, classes=False),
    Task("ink", lambda images, digits: images.mean(axis=(1, 2))[:, None] * 4, classes=False),
]


def network(task: Task, seed: int) -> MLPClassifier | MLPRegressor:
    """Return an untrained perceptron with one hidden layer."""
    kind = MLPClassifier if task.classes else MLPRegressor
    return kind(hidden_layer_sizes=(WIDTH,), alpha=1e-3, max_iter=600, tol=1e-5, random_state=seed)


def fit(task: Task, inputs: np.ndarray, labels: np.ndarray, seed: int) -> MLPClassifier:
    """Train a network; scikit-learn expects a single output as a vector."""
    return network(task, seed).fit(inputs, labels.squeeze() if labels.ndim > 1 else labels)


def losses(task: Task, model: MLPClassifier, inputs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the loss of each image: cross-entropy in nats, or mean squared error."""
    if task.classes:
        shares = model.predict_proba(inputs)
        column = np.searchsorted(model.classes_, labels)
        return -np.log(np.maximum(shares[np.arange(len(labels)), column], 1e-12))
    guess = model.predict(inputs).reshape(len(labels), -1)
    return ((guess - labels) ** 2).mean(axis=1)


def hidden(model: MLPClassifier, inputs: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Return the (B, WIDTH) representations, standardized by the training images."""
    code = np.maximum(inputs @ model.coefs_[0] + model.intercepts_[0], 0)
    return (code - code[train].mean(axis=0)) / (code[train].std(axis=0) + 1e-6)


def measure(seed: int = 0) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield target, sources and the test loss of each image, for every candidate."""
    data = load_digits()
    images, digits = data.images / 16.0, data.target
    order = np.random.default_rng(seed).permutation(len(images))
    cut = np.cumsum([TRAIN, TRANSFER, VALIDATE])
    train, transfer, validate, test = np.split(order, cut)
    flat = {task.name: task.corrupt(images).reshape(len(images), -1) for task in TASKS}
    label = {task.name: task.label(images, digits) for task in TASKS}
    experts = {t.name: fit(t, flat[t.name][train], label[t.name][train], seed) for t in TASKS}
    codes = {
        name: hidden(expert, pixels(images, digits), train) for name, expert in experts.items()
    }
    for task in TASKS:
        inputs, labels = flat[task.name], label[task.name]
        yield task.name, "self", losses(task, experts[task.name], inputs[test], labels[test])
        scratch = fit(task, inputs[transfer], labels[transfer], seed)
        yield task.name, "scratch", losses(task, scratch, inputs[test], labels[test])
        others = [other.name for other in TASKS if other is not task]
        validation = {}
        for sources in candidates(others, validation):
            code = np.hstack([codes[name] for name in sources])
            readout = fit(task, code[transfer], labels[transfer], seed)
            validation[sources] = losses(task, readout, code[validate], labels[validate]).mean()
            yield task.name, "+".join(sources), losses(task, readout, code[test], labels[test])


def candidates(
    others: list[str], validation: dict[tuple[str, ...], float]
) -> Iterator[tuple[str, ...]]:
    """Yield every single source, then pairs and triples of the best ones on validation images."""
    singles = [(name,) for name in sorted(others)]
    yield from singles
    best = sorted(sorted(singles, key=lambda s: validation[s])[:BEST])
    for size in (2, 3):
        for group in combinations([name for (name,) in best], size):
            yield tuple(sorted(group))


def main(folder: str) -> None:
    """Measure, and write ``losses.parquet``."""
    rows = []
    for target, sources, loss in measure():
        image = np.arange(len(loss))
        rows.append(
            pd.DataFrame({"target": target, "sources": sources, "image": image, "loss": loss})
        )
        print(f"{target} from {sources}: {loss.mean():.4f}", file=sys.stderr)
    frame = pd.concat(rows, ignore_index=True).astype({"loss": "float32", "image": "int32"})
    Path(folder).mkdir(parents=True, exist_ok=True)
    frame.to_parquet(Path(folder) / "losses.parquet", index=False, compression="zstd")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "results/digits")
