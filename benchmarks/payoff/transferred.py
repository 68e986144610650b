"""The section of the page on the targets that two rules both solve by a transfer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.payoff.choices import RANDOM, RANDOM_SET, SINGLE, SOLVED, SOLVED_AT_SINGLE
from benchmarks.results.markdown import filled, table
from taskgraph.arrays import Floats
from taskgraph.tasks import SELF

PAIRS = ((SOLVED, SINGLE), (SOLVED_AT_SINGLE, SINGLE), (SOLVED, RANDOM_SET), (SOLVED, RANDOM))
"""Rules that are compared: the first less the second."""

ABOUT = (
    "The means above include the supervised targets, which their own networks solve. This table "
    "leaves out every target that at least one of the two rules supervises, so it compares "
    "transfers with transfers. *Supervised targets* counts the targets with a network of their "
    "own, by the first and by the second rule; a supervised task that is no target counts in "
    "neither. Differences are the first rule less the second: means over targets, seeds and draws, "
    "with the range over single draws in parentheses. They have no interval."
)


def transferred_section(targets: pd.DataFrame) -> list[str]:
    """Return the differences between rules over the targets that both transfer to, as lines."""
    known = set(targets["rule"])
    rows = [_row(targets, *pair) for pair in PAIRS if known.issuperset(pair)]
    if not rows:
        return []
    heads = ["compared", "supervised targets", "targets left:", "quality:", "gain:"]
    return [filled(ABOUT), "", table(heads, rows), ""]


def _row(targets: pd.DataFrame, rule: str, against: str) -> list[str]:
    """Return one line of the table; the first rule has a single draw."""
    own = targets[targets["rule"] == rule].set_index("target")
    found, supervised = [], []
    for _, other in targets[targets["rule"] == against].groupby("draw"):
        second = other.set_index("target").reindex(own.index)
        both = (own["sources"] != SELF) & (second["sources"] != SELF)
        found.append(
            [
                float(both.sum()),
                *((own[name] - second[name])[both].mean() for name in ("quality", "gain")),
            ]
        )
        supervised.append(int((second["sources"] == SELF).sum()))
    count, quality, gain = np.transpose(found)
    first = int((own["sources"] == SELF).sum())
    return [
        f"{rule} against {against}",
        f"{first}, {_whole(supervised)}",
        _whole(count.astype(int).tolist()),
        _spread(quality),
        _spread(gain),
    ]


def _whole(counts: list[int]) -> str:
    least, most = min(counts), max(counts)
    return str(least) if least == most else f"{least} to {most}"


def _spread(values: Floats) -> str:
    text = f"{values.mean():+.3f}"
    return text if len(values) < 2 else f"{text} ({values.min():+.3f} to {values.max():+.3f})"
