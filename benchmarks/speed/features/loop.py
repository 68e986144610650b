"""The plain loop: for each transfer, fit scikit-learn's Ridge once a penalty, and test the best."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge

from benchmarks.speed.features.made import FEATURES, LABELS
from encoders.features.label_table import read_label_table
from encoders.features.parts import draw_parts
from encoders.features.settings import PENALTIES, FeatureConfig
from taskgraph.tasks import split_sources


def timed_loop(folder: Path, transfers: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """Time the loop on some transfers; the features are read and standardized before.

    Returns
    -------
    list of dict
        For each transfer ``order``; ``seconds`` of all its fits, the joining of the features and
        the losses; ``penalty``; and ``test_loss``, the mean.
    """
    parts = draw_parts(read_label_table(folder / LABELS), FeatureConfig())[0]
    labels = pd.read_csv(folder / LABELS).to_numpy(), list(pd.read_csv(folder / LABELS, nrows=0))
    with np.load(folder / FEATURES) as file:
        x = {name: _standardized(file[name], parts.train) for name in file.files}
    rows = []
    for target, text in transfers:
        y = labels[0][:, labels[1].index(target)]
        begin = time.process_time()
        joined = np.hstack([x[name] for name in split_sources(text)])
        train, best = joined[parts.train], (np.inf, 0.0, 0.0)
        for penalty in PENALTIES["ridge"]:
            model = Ridge(alpha=penalty * len(train)).fit(train, y[parts.train])
            valid = np.square(model.predict(joined[parts.valid]) - y[parts.valid]).mean()
            if valid < best[0]:
                test = np.square(model.predict(joined[parts.test]) - y[parts.test]).mean()
                best = valid, penalty, test / y[parts.train].var()
        seconds = time.process_time() - begin
        rows.append(
            {
                "order": len(split_sources(text)),
                "seconds": seconds,
                "penalty": best[1],
                "test_loss": float(best[2]),
            }
        )
    return rows


def _standardized(features: Any, train: Any) -> Any:
    """Return features with the mean 0 and the spread 1 over the training examples."""
    part = features[train]
    return (features - part.mean(axis=0)) / part.std(axis=0)


if __name__ == "__main__":
    found = timed_loop(Path(sys.argv[1]), json.loads(sys.argv[2]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"transfers": found, "peak_kib": peak}))
