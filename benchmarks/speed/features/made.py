"""Made features and labels of any size, from common hidden numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from taskgraph.arrays import Floats32

FEATURES, LABELS = "features.npz", "labels.csv"
HIDDEN = 40
"""Number of hidden numbers of an example, of which all features and labels are noisy sums."""


def write_files(
    folder: Path, *, examples: int, sources: int, width: int, targets: int, classes: int = 0
) -> None:
    """Write features and labels; with ``classes``, labels are the parts of a range instead."""
    random = np.random.default_rng(0)

    def normal(*shape: int) -> Floats32:
        """Return normal numbers in single precision."""
        return random.standard_normal(shape, dtype=np.float32)

    hidden = normal(examples, HIDDEN)
    scale = np.float32(HIDDEN**-0.5)
    features: dict[str, Any] = {
        f"source{number:02}": hidden @ normal(HIDDEN, width) * scale + normal(examples, width)
        for number in range(sources)
    }
    np.savez(folder / FEATURES, **features)
    labels = {
        f"target{number:02}": (hidden @ normal(HIDDEN, 1) * scale + normal(examples, 1))[:, 0]
        for number in range(targets)
    }
    frame = pd.DataFrame(labels)
    if classes:
        frame = frame.apply(lambda column: pd.qcut(column, classes, labels=False))
    frame.to_csv(folder / LABELS, index=False)
