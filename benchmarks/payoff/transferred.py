"""The section of the page on the targets that two rules both solve by a transfer."""

from __future__ import annotations

import pandas as pd

from benchmarks.payoff.choices import RANDOM, RANDOM_SET, SINGLE, SOLVED, SOLVED_AT_SINGLE
from benchmarks.results.markdown import filled, table
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


def transferred_gaps(targets: pd.DataFrame, rule: str, against: str) -> pd.DataFrame:
    """Return how far a rule is ahead of another one over the targets that both transfer to.

    Returns
    -------
    DataFrame
        One row a draw of ``against``: ``targets``, their number; ``quality`` and ``gain``, the mean
        differences over them; ``supervised``, how many targets ``against`` solves by their own
        networks.
    """
    own = targets[targets["rule"] == rule].set_index("target")
    rows = []
    for _, draw in targets[targets["rule"] == against].groupby("draw"):
        other = draw.set_index("target").reindex(own.index)
        both = (own["sources"] != SELF) & (other["sources"] != SELF)
        gaps = (own[["quality", "gain"]] - other[["quality", "gain"]])[both].mean()
        count = int((other["sources"] == SELF).sum())
        rows.append({"targets": int(both.sum()), "supervised": count, **gaps.to_dict()})
    return pd.DataFrame(rows)


def _row(targets: pd.DataFrame, rule: str, against: str) -> list[str]:
    gaps = transferred_gaps(targets, rule, against)
    first = int((targets.loc[targets["rule"] == rule, "sources"] == SELF).sum())
    return [
        f"{rule} against {against}",
        f"{first}, {_whole(gaps['supervised'])}",
        _whole(gaps["targets"]),
        _spread(gaps["quality"]),
        _spread(gaps["gain"]),
    ]


def _whole(counts: pd.Series[int]) -> str:
    least, most = counts.min(), counts.max()
    return str(least) if least == most else f"{least} to {most}"


def _spread(values: pd.Series[float]) -> str:
    text = f"{values.mean():+.3f}"
    return text if len(values) < 2 else f"{text} ({values.min():+.3f} to {values.max():+.3f})"
