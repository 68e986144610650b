"""Arrays of results from the records of one group of data sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.bias.market_value import market_value
from benchmarks.bias.quiz import QUIZ
from benchmarks.bias.settings import CROSS, DISTANCE, NAME
from benchmarks.results.banks import of_newest_bank
from benchmarks.results.frame import of_newest_contents, part
from benchmarks.results.record import Record
from taskgraph.arrays import Array, Floats

ACCURACY, PRECISION = "accuracy", "average_precision"


@dataclass(frozen=True)
class MeasuredPair:
    """The features and the classifier of some results.

    Attributes
    ----------
    features : str
    classifier : str
    """

    features: str
    classifier: str


def group_names(records: Sequence[Record]) -> list[str]:
    """Return the names of the groups, in the order of their first records."""
    return list(dict.fromkeys(each.settings["group"] for each in records))


def of_group(records: Sequence[Record], group: str) -> list[Record]:
    """Return the records of a group that have the sets and the test samples of its last one."""
    own = of_newest_contents(of_newest_bank(part(records, group=group)), "group")
    measured = [each for each in own if each.settings["part"] != QUIZ]
    last = measured[-1].settings if measured else own[-1].settings
    return [
        each
        for each in own
        if each.settings["sets"] == last["sets"]
        and each.settings.get("common_classes") == last.get("common_classes")
        and each.settings.get("test_samples", last.get("test_samples")) == last.get("test_samples")
    ]


def cases(records: Sequence[Record], what: str) -> list[MeasuredPair]:
    """Return the pairs of features and classifier for which a part was measured."""
    found = part(records, part=what)
    return list(
        dict.fromkeys(MeasuredPair(r.settings["features"], r.settings["classifier"]) for r in found)
    )


def sizes_of(records: Sequence[Record], what: str, case: MeasuredPair) -> list[int]:
    """Return the numbers of training samples for which all sets and seeds were measured."""
    found = part(records, part=what, features=case.features, classifier=case.classifier)
    counts: dict[int, int] = {}
    for record in found:
        counts[record.settings["samples"]] = counts.get(record.settings["samples"], 0) + 1
    most = max(counts.values(), default=0)
    return sorted(size for size, count in counts.items() if count == most)


def matrices(records: Sequence[Record], case: MeasuredPair, metric: str) -> Floats:
    """Return scores in percent, a (seeds, sizes, K, K) array.

    Rows of the last two axes are trained on, columns are tested on. Unfinished seeds are left out.

    Raises
    ------
    LookupError
        If no seed is finished.
    """
    found = part(records, part=CROSS, features=case.features, classifier=case.classifier)
    names, sizes = found[0].settings["sets"], sizes_of(records, CROSS, case)
    seeds = _seeds(found)
    values = np.full((len(seeds), len(sizes), len(names), len(names)), np.nan)
    for record in found:
        if record.settings["samples"] not in sizes:
            continue
        place = seeds.index(record.seed), sizes.index(record.settings["samples"])
        row = names.index(record.settings["trained_on"])
        on = record.metrics["on"]
        values[*place, row] = [on[name][metric] for name in names]
    complete: Floats = values[np.isfinite(values).all(axis=(1, 2, 3))]
    if not len(complete):
        raise LookupError("no seed has every pair of data sets")
    return complete


def negatives(records: Sequence[Record], case: MeasuredPair) -> Floats:
    """Return average precisions with own and with other negatives, a (seeds, K, 2) array."""
    found = part(records, part=CROSS, features=case.features, classifier=case.classifier)
    names, seeds = found[0].settings["sets"], _seeds(found)
    last = sizes_of(records, CROSS, case)[-1]
    values = np.full((len(seeds), len(names), 2), np.nan)
    for record in part(found, samples=last):
        pair = record.metrics.get("negatives")
        if pair is None:  # measured by a run whose largest size was another one
            continue
        place = seeds.index(record.seed), names.index(record.settings["trained_on"])
        values[place] = [pair["own_negatives"], pair["other_negatives"]]
    complete: Floats = values[np.isfinite(values).all(axis=(1, 2))]
    return complete


def market_values(records: Sequence[Record], case: MeasuredPair) -> Floats:
    """Return how many samples of a set are worth one of another, a (seeds, K, K) array.

    Entry (i, j) is the number of i-samples that one j-sample is worth on the test items of j; see
    `market_value` for infinity, 0 and NaN.
    """
    scores = matrices(records, case, PRECISION)
    sizes = sizes_of(records, CROSS, case)
    count = scores.shape[-1]
    values = np.ones((len(scores), count, count))
    for seed, i, j in np.ndindex(values.shape):
        if i != j:
            own, other = scores[seed, :, j, j], scores[seed, :, i, j]
            values[seed, i, j] = market_value(sizes, own, other)
    return values


def confusions(records: Sequence[Record], case: MeasuredPair) -> Floats:
    """Return shares of samples by true and named set, a (seeds, sizes, K, K) array."""
    found = part(records, part=NAME, features=case.features, classifier=case.classifier)
    sizes, seeds = sizes_of(records, NAME, case), _seeds(found)
    count = len(found[0].settings["sets"])
    values = np.full((len(seeds), len(sizes), count, count), np.nan)
    for record in found:
        if record.settings["samples"] in sizes:
            counts = np.array(record.metrics["confusion"], dtype=np.float64)
            place = seeds.index(record.seed), sizes.index(record.settings["samples"])
            values[place] = counts / counts.sum(axis=1, keepdims=True)
    complete: Floats = values[np.isfinite(values).all(axis=(1, 2, 3))]
    return complete


def distances(records: Sequence[Record], features: str) -> Floats:
    """Return proxy A-distances, a symmetric (seeds, K, K) array with NaN on the diagonal."""
    found = part(records, part=DISTANCE, features=features)
    names, seeds = found[0].settings["sets"], _seeds(found)
    values = np.full((len(seeds), len(names), len(names)), np.nan)
    for record in found:
        i, j = (names.index(record.settings[side]) for side in ("first", "second"))
        values[seeds.index(record.seed), i, j] = record.metrics["distance"]
        values[seeds.index(record.seed), j, i] = record.metrics["distance"]
    off = ~np.eye(len(names), dtype=bool)
    complete: Floats = values[np.isfinite(values[:, off]).all(axis=1)]
    return complete


def _seeds(records: Sequence[Record]) -> list[Any]:
    return sorted({record.seed for record in records})


def accuracy_of(shares: Floats) -> Array:
    """Return the percent of named sets that are right: the mean diagonal of shares by true set."""
    diagonal: Array = np.diagonal(shares, axis1=-2, axis2=-1)
    accuracy: Array = 100 * diagonal.mean(axis=-1)
    return accuracy
