"""Small pairs of domains: bars in two directions, bright on dark and the other way around.

Torch is imported within the functions, since the fast tier collects this file without torch.
"""

import numpy as np
import pytest


def bars(count, seed, *, shift=0.0, channels=1):
    """Images of 8 x 8 with a horizontal (0) or vertical (1) bar, and noise."""
    import torch

    from benchmarks.adaptation.domain_pair import DomainImages

    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    images = rng.uniform(0, 60, (count, channels, 8, 8))
    for k, label in enumerate(labels):
        place = rng.integers(1, 7)
        images[k, :, place] += 150 * (label == 0)
        images[k, :, :, place] += 150 * (label == 1)
    pixels = np.clip(images + shift, 0, 255).astype(np.uint8)
    return DomainImages(torch.from_numpy(pixels), labels.astype(np.int64))


@pytest.fixture
def pair():
    """A pair whose target is brighter than its source."""
    from benchmarks.adaptation.domain_pair import DomainPair

    return DomainPair(
        "dark",
        "bright",
        ("horizontal", "vertical"),
        bars(64, 0),
        bars(32, 1),
        bars(64, 2, shift=50),
        bars(32, 3, shift=50),
        bars(48, 4, shift=50),
    )


@pytest.fixture
def adaptation(pair):
    """A few steps of a tiny network on the pair."""
    from benchmarks.adaptation.methods.method import Adaptation
    from benchmarks.adaptation.selection import Evaluator
    from benchmarks.learning.config import LoopConfig

    config = LoopConfig(
        steps=6, batch=16, learning_rate=0.01, evaluate_every=3, precision="float32", device="cpu"
    )
    return Adaptation(pair, tiny_model(), config, 1.0, Evaluator(pair, config))


def tiny_model(seed=0):
    """A classifier with one convolution: 4 features, 2 classes."""
    import torch

    from benchmarks.learning.classifier import Backbone, Preparation, classifier

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        layers = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.Tanh())
    preparation = Preparation(None, (0.5,), (0.5,), channels=1)
    return classifier(Backbone(preparation, layers), 2, seed=seed)
