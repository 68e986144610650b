"""t-SNE of the features of both domains."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.adaptation.domain_pair import DomainPair, spread_rows
from benchmarks.learning.classifier import Classifier
from benchmarks.learning.config import LoopConfig
from benchmarks.learning.prediction import outputs
from taskgraph.arrays import Floats

MOST = 150
"""Most images of each domain, spread evenly over its set."""


def embedded(model: Classifier, pair: DomainPair, config: LoopConfig) -> dict[str, Any]:
    """Return places in the plane by t-SNE (openTSNE), with classes and domains.

    Returns
    -------
    dict
        ``places``: an (N, 2) list, scaled to the unit square; ``classes`` and ``is_source``: lists
        of N. The source's validation images come first, then the target's test images.
    """
    parts = pair.source_val, pair.target_test
    rows = [spread_rows(len(each.images), MOST) for each in parts]
    pairs = list(zip(parts, rows, strict=True))
    images = [outputs(model.backbone, each.images[some], config) for each, some in pairs]
    counts = [len(each) for each in images]
    labels = np.concatenate([each.labels[some] for each, some in pairs])
    return {
        "places": np.round(tsne(np.concatenate(images)), 3),
        "classes": labels,
        "is_source": np.repeat([1, 0], counts),
    }


def tsne(features: Floats) -> Floats:
    """Return the (N, 2) embedding of (N, D) features in the unit square."""
    from openTSNE import TSNE

    perplexity = min(30.0, max(2.0, (len(features) - 1) / 4))
    fitted = TSNE(perplexity=perplexity, n_jobs=1, random_state=0, neighbors="exact").fit(
        np.asarray(features, np.float64)
    )
    places = np.asarray(fitted, np.float64)
    low, high = places.min(axis=0), places.max(axis=0)
    unit: Floats = (places - low) / np.maximum(high - low, 1e-9)
    return unit
