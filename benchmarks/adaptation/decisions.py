"""Decisions on some test images of a target before and after adaptation, and their pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import softmax

from benchmarks.adaptation import collect
from benchmarks.adaptation.domain_pair import DomainPair, rows_of_test, spread_rows
from benchmarks.adaptation.pair_groups import PairGroup
from benchmarks.data.sheet import numbered_sheet
from benchmarks.learning.classifier import Classifier
from benchmarks.learning.config import LoopConfig
from benchmarks.learning.prediction import outputs
from benchmarks.results.figures import write_jpeg
from benchmarks.results.markdown import number, table
from benchmarks.results.record import Record

COUNT = 12
"""Images, spread evenly over the test set, so that no result chooses them."""


def sheet_file(group: str) -> str:
    """Return the name of the file with the pictures of a group."""
    return f"decisions_{group}.jpg"


def decisions(model: Classifier, pair: DomainPair, config: LoopConfig) -> dict[str, Any]:
    """Return the true and the predicted classes of the images, and the probabilities.

    Returns
    -------
    dict
        ``true``: names, empty where a label is not known; ``predicted``; ``probability``: the
        softmax of the scores, which is not calibrated.
    """
    rows = spread_rows(len(pair.target_test.images), COUNT)
    scores = outputs(model, pair.target_test.images[rows], config)
    shares = softmax(np.asarray(scores, np.float64), axis=1)
    labels = pair.target_test.labels[rows]
    return {
        "true": [pair.classes[k] if k >= 0 else "" for k in labels],
        "predicted": [pair.classes[k] for k in shares.argmax(axis=1)],
        "probability": np.round(shares.max(axis=1), 3),
    }


def write_sheet(group: PairGroup, target: str, most: int, folder: Path) -> None:
    """Write the pictures of the images side by side, numbered from 1.

    Parameters
    ----------
    most : int
        Most test images of the target, which a pair draws them from.
    """
    data = (group.pictures or group.sets)[target]
    rows = rows_of_test(data, most)
    rows = rows[spread_rows(len(rows), COUNT)]
    write_jpeg(numbered_sheet([data.inputs[row] for row in rows]), folder / sheet_file(group.name))


def decision_section(records: Sequence[Record], group: str) -> str:
    """Return the pictures and the decisions of each method on them; empty without records."""
    own = collect.newest(records, collect.DECISIONS, group)
    if not own:
        return ""
    by = {str(each.settings["method"]): each.metrics for each in own}
    first = own[-1]
    rows = []
    for place, true in enumerate(first.metrics["true"]):
        cells = [
            f"{each['predicted'][place]} ({number(each['probability'][place], 2)})"
            for each in by.values()
        ]
        rows.append([str(place + 1), true or "not known", *cells])
    pair = f"{first.settings['source']} → {first.settings['target']}"
    return (
        f"Decisions on {len(rows)} test images of the target, spread evenly over its test set "
        f"({pair}, seed 0), with the "
        "probability that the network gives them:\n\n"
        f"![Test images of the target]({sheet_file(group)})\n\n"
        f"{table(['image:', 'true class', *by], rows)}\n\n"
    )
