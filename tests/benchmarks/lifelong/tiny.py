"""A tiny stream and learners that take no time to train."""

from dataclasses import replace

import numpy as np
import torch
from torch import nn

from benchmarks.data.data import Data
from benchmarks.learning.config import LoopConfig
from benchmarks.learning.starts import module_start
from benchmarks.lifelong.learner import new_learner
from benchmarks.lifelong.streams import class_incremental
from benchmarks.lifelong.variants import VARIANTS


def tiny_data(classes=6, each=12, size=8, seed=0, name="tiny"):
    """Return noisy images of one bright row or column a class, with all splits."""
    generator = np.random.default_rng(seed)
    images = generator.integers(0, 60, (classes * each, size, size, 1)).astype(np.uint8)
    labels = np.repeat(np.arange(classes), each)
    for image, label in zip(images, labels, strict=True):
        image[label % size] += 150
    rows = np.arange(len(labels))
    splits = {
        "train": rows[rows % 4 > 1],
        "val": rows[rows % 4 == 1],
        "test": rows[rows % 4 == 0],
    }
    names = tuple(f"c{k}" for k in range(classes))
    return Data(name, images, labels, names, splits, "", "")


def tiny_stream(classes=6, increment=2):
    """Return a stream of `tiny_data` in the order of its labels."""
    return class_incremental(tiny_data(classes), range(classes), increment)


def tiny_start():
    """Return a linear layer of 64 pixels as a start."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.Tanh())
    start = module_start(module, size=8, channels=1, mean=(0.5,), std=(0.5,))
    return replace(start, any_channels=True)


def tiny_learner(variant="paper", *, memory=12, classes=6, **config):
    """Return a learner of `tiny_stream`."""
    values = {"epochs": 3, "batch": 4, "learning_rate": 0.5, "schedule": "constant"} | config
    loop = LoopConfig(**values, keep_best=False, precision="float32")
    chosen = VARIANTS[variant] if isinstance(variant, str) else variant
    return new_learner(
        tiny_start(), chosen, classes=classes, memory=memory, config=loop, channels=1
    )
