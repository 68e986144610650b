"""Sentences of the page on trainings that diverged or broke down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from benchmarks.adaptation import collect
from benchmarks.adaptation.collect import SOURCE_ONLY, TARGET_SUPERVISED
from benchmarks.adaptation.selection import SOURCE
from benchmarks.results.record import Record

BROKEN = 0.5
"""Share of source-only's accuracy on the source below which a training has broken down."""


def diverged_line(records: Sequence[Record], group: str) -> str:
    """Return which trainings diverged, so that no table has them; "" if none did."""
    own = collect.newest(records, collect.TRAINING, group)
    asked = [(each.settings, each.seed) for each in own if "diverged" in each.metrics]
    if not asked:
        return ""
    names = [f"{s['method']} on {s['source']} → {s['target']}, seed {seed}" for s, seed in asked]
    return f"Trainings that diverged, which the tables leave out: {'; '.join(names)}.\n\n"


def broken_line(records: Sequence[Record], group: str) -> str:
    """Return how many trainings of each method broke down; "" if none did.

    After the last step they are right on less than `BROKEN` times as many of the source's
    validation images as source-only with the same pair and seed.
    """
    last = {
        (_cell(each), each.settings["method"]): collect.checkpoints_of(each)[-1].values[SOURCE]
        for each in collect.newest(records, collect.TRAINING, group)
        if each.metrics["checkpoints"]
    }
    counts, broken = Counter[str](), Counter[str]()
    for (cell, method), value in last.items():
        known = last.get((cell, SOURCE_ONLY))
        if known is not None and method not in (SOURCE_ONLY, TARGET_SUPERVISED):
            counts[method] += 1
            broken[method] += value < BROKEN * known
    found = [f"{name} {n} of {counts[name]}" for name, n in broken.items() if n]
    if not found:
        return ""
    return (
        "Trainings that broke down, since they end with less than half of source-only's accuracy "
        f"on the source's validation images: {', '.join(found)}. The tables hold them.\n\n"
    )


def _cell(record: Record) -> tuple[str, str, int | None]:
    return record.settings["source"], record.settings["target"], record.seed
