"""Measure how well the orders of sources, and the optima, of several seeds agree."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from scipy.stats import kendalltau

from benchmarks.results.record import Record
from taskgraph.tasks import RESERVED


def order_of(record: Record, target: str) -> dict[str, float]:
    """Return the affinities of the single sources of a target, without the references."""
    found = record.metrics["affinity"][target]
    return {name: value for name, value in found.items() if name not in RESERVED}


def agreement(one: Record, other: Record, target: str) -> float:
    """Return Kendall's τ of the affinities of single sources in two records."""
    first, second = order_of(one, target), order_of(other, target)
    names = sorted({*first} & {*second})
    return float(kendalltau([first[n] for n in names], [second[n] for n in names]).statistic)


def seed_agreement(records: Sequence[Record]) -> dict[str, float]:
    """Return the mean of Kendall's τ over all pairs of seeds, by target; NaN for one seed."""
    pairs = list(combinations(records, 2))
    return {
        target: float(np.mean([agreement(*pair, target) for pair in pairs])) if pairs else np.nan
        for target in records[0].metrics["affinity"]
    }


def label_agreement(runs: dict[int, list[Record]]) -> dict[str, float]:
    """Return the mean over seeds of τ between the fewest and the most labels, by target."""
    few, many = (runs[count] for count in (min(runs), max(runs)))
    by_seed = {record.seed: record for record in many}
    pairs = [(record, by_seed[record.seed]) for record in few if record.seed in by_seed]
    return {
        target: float(np.mean([agreement(*pair, target) for pair in pairs]))
        for target in few[0].metrics["affinity"]
    }


def overlap(one: Sequence[str], other: Sequence[str]) -> float:
    """Return the number of common names over the number of all names; 1 for two empty sets."""
    union = {*one, *other}
    return len({*one} & {*other}) / len(union) if union else 1.0
