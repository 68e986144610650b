"""Sentences that say what the taxonomy of control is and how stable it is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from benchmarks.control.agreement import order_of, overlap, seed_agreement
from benchmarks.control.tables import FREE_WORDS, WORDS, mean_gain, source_names, taxonomy_of
from benchmarks.results.markdown import interval, number
from benchmarks.results.measures import t_interval
from benchmarks.results.record import Record
from taskgraph.tasks import AVERAGE


def reading(count: int, records: Sequence[Record]) -> str:
    """Return what the taxonomy says with a number of labels: the choices, and what they add."""
    sentences = []
    for budget in (1, 2):
        best, seeds = most_frequent(records, budget)
        sentences.append(
            f"With {count} labels and a budget of {budget}, the most frequent optimum labels "
            f"{listed(best)} ({seeds} of {len(records)} seeds)."
        )
    added = t_interval(
        [
            taxonomy_of(record, 2)["objective"] - taxonomy_of(record, 0)["objective"]
            for record in records
        ]
    )
    sentences.append(
        f"Over a budget of 0, two labeled tasks add {number(added.mean)} "
        f"{interval(added.low, added.high)} to the objective; the two tasks themselves, solved by "
        "their own encoders, are part of it."
    )
    own = [t for t in WORDS if mean_gain(records, t, t) >= _best_other(records, t)]
    sentences.append(
        f"The own encoder of a task has the largest gain of all single sources for {len(own)} "
        f"of {len(WORDS)} tasks{' (' + ', '.join(own) + ')' if own else ''}."
    )
    free = [target for target in WORDS if best_source(records, target) in FREE_WORDS]
    sentences.append(
        f"Besides the own encoder, the source with the largest mean affinity needs no labels "
        f"for {len(free)} of {len(WORDS)} tasks{' (' + ', '.join(free) + ')' if free else ''}."
    )
    weak = [
        f"`{target}` ({constant:.0%})"
        for target in WORDS
        if (constant := _mean_of(records, target, AVERAGE)) >= 0.5
    ]
    if weak:
        sentences.append(
            "The best constant answer beats `scratch` on at least half of the examples for "
            f"{' and '.join(weak)}, so gains there are over read-outs that are no better than a "
            "constant."
        )
    return " ".join(sentences)


def _mean_of(records: Sequence[Record], target: str, name: str) -> float:
    return float(np.mean([record.metrics["gain"][target][name] for record in records]))


def best_source(records: Sequence[Record], target: str) -> str:
    """Return the single source, besides the target's own encoder, of the largest mean affinity."""
    orders = [order_of(record, target) for record in records]
    return max(orders[0], key=lambda name: float(np.mean([order[name] for order in orders])))


def listed(tasks: Sequence[str]) -> str:
    """Return names joined by "and"; "no task" for none."""
    return " and ".join(tasks) or "no task"


def _best_other(records: Sequence[Record], target: str) -> float:
    """Return the largest mean gain of a source that is not the target's own encoder."""
    others = [name for name in source_names(records) if name != target]
    return max(mean_gain(records, target, name) for name in others)


def most_frequent(records: Sequence[Record], budget: int) -> tuple[tuple[str, ...], int]:
    """Return the set of labeled tasks that is optimal in most seeds, and in how many."""
    sets = [tuple(taxonomy_of(record, budget)["supervised"]) for record in records]
    best = max(sorted(set(sets)), key=sets.count)
    return best, sets.count(best)


def verdict(runs: dict[int, list[Record]]) -> str:
    """Return in a few sentences how stable orders and optima are."""
    sentences = []
    for count, records in runs.items():
        tau = float(np.mean(list(seed_agreement(records).values())))
        pairs = list(combinations(records, 2))
        if not pairs:
            continue
        shared = np.mean(
            [
                np.mean([overlap(*(taxonomy_of(r, b)["supervised"] for r in pair)) for b in (2, 3)])
                for pair in pairs
            ]
        )
        sentences.append(
            f"With {count} labels, the mean τ over the ten tasks is {tau:.2f} between seeds, and "
            f"of the tasks in either of two seeds' optima, {100 * shared:.0f} % are in both (mean "
            "over pairs of seeds and the budgets 2 and 3)."
        )
    return " ".join(sentences)
