"""Synthetic data that the tests of features share."""

import numpy as np
import pandas as pd


def features_of(n=240, seed=0):
    """Four sources, one of them noise, and a raw input, of n examples with six hidden numbers."""
    random = np.random.default_rng(seed)
    hidden = random.normal(size=(n, 6))
    features = {
        "left": hidden[:, :3] + 0.5 * random.normal(size=(n, 3)),
        "right": hidden[:, 3:] + 0.5 * random.normal(size=(n, 3)),
        "mixed": 1000 + hidden @ random.normal(size=(6, 5)) + random.normal(size=(n, 5)),
        "noise": random.normal(size=(n, 4)),
        "scratch": np.concatenate([hidden, random.normal(size=(n, 15))], axis=1),
    }
    features = {name: array.astype(np.float32) for name, array in features.items()}
    return hidden, features


def labels_of(hidden):
    """Return one target of each kind; the last one lacks the label of every third example."""
    n = len(hidden)
    genre = np.where(hidden[:, 1] > 0.5, "x", np.where(hidden[:, 4] > 0, "y", "z"))
    tags = ["|".join(t for t, v in zip("pqr", row, strict=True) if v > 0) for row in hidden[:, 3:]]
    return pd.DataFrame(
        {
            "example": [f"e{number}" for number in range(n)],
            "size": hidden[:, 0] + hidden[:, 3],
            "genre": genre,
            "tags": [text or "|" for text in tags],
            "spam": (hidden[:, 2] > 0).astype(int),
            "sparse": np.where(np.arange(n) % 3 == 0, np.nan, hidden[:, 5] - hidden[:, 0]),
        }
    )
