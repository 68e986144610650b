"""The sections of the page on the rules: their values, their differences, and who is better."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from benchmarks.payoff.choices import SINGLE
from benchmarks.payoff.choices_page import same_taxonomy
from benchmarks.payoff.figure import SHOWN, row_of
from benchmarks.payoff.measures import MEASURES, SMALLER_IS_BETTER
from benchmarks.payoff.tables import COMPARED
from benchmarks.results.markdown import filled


def values_section(frame: pd.DataFrame, summary: pd.DataFrame, rules: list[str]) -> list[str]:
    """Return the table of the rules' own values, one line a rule, as lines."""
    lines = [
        "| | n | labels spent | table said: quality, gain | " + " | ".join(SHOWN.values()) + " |",
        "|--|--:|--:|--:|--:|--:|--:|",
    ]
    for rule in rules:
        own = frame[frame["rule"] == rule]
        rows = [row_of(summary, rule, "", measure) for measure in MEASURES]
        cells = [_cell(row) for row in rows]
        promised = f"{own['table_quality'].mean():.3f}, {own['table_gain'].mean():.3f}"
        n = own["draw"].nunique()
        lines.append(
            f"| {rule} | {n} | {own['spent'].mean():g} | {promised} | {' | '.join(cells)} |"
        )
        if n > 1:
            cells = [_between(row, "draw") for row in rows]
            lines.append(f"| {rule}, single draws | | | | {' | '.join(cells)} |")
    return lines


def differences_section(
    frame: pd.DataFrame, summary: pd.DataFrame, targets: pd.DataFrame
) -> list[str]:
    """Return the table of differences between rules, as lines."""
    lines = [
        "Quality and gain: the first rule's value minus the second's; above 0 the first is\n"
        "better. Loss: the first rule's ratio divided by the second's; below 1 the first is\n"
        "better. *Better than*: over how many of the second rule's random draws the first is\n"
        "better, in quality, gain and loss.",
        "",
        "| compared | labels spent | quality | gain | loss ratio | better than |",
        "|--|--|--:|--:|--:|--:|",
    ]
    for rule, against in _compared(summary):
        rows = [row_of(summary, rule, against, measure) for measure in MEASURES]
        same = " (the same taxonomy)" if same_taxonomy(targets, rule, against) else ""
        beaten = ""
        if rows[0]["draws"] > 1:
            beaten = f"{', '.join(str(int(row['beaten'])) for row in rows)} of {rows[0]['draws']}"
        cells = " | ".join(_cell(row, signed=True) for row in rows)
        own, other = _spent(frame, rule), _spent(frame, against)
        cost = f"{own:g} each" if own == other else f"unequal cost: {own:g} against {other:g}"
        lines.append(f"| {rule} against {against}{same} | {cost} | {cells} | {beaten} |")
    return lines


def _compared(summary: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the pairs of rules whose difference is in the table."""
    known = set(zip(summary["rule"], summary["against"], strict=True))
    return [pair for pair in COMPARED if pair in known]


def _spent(frame: pd.DataFrame, rule: str) -> float:
    return round(float(frame.loc[frame["rule"] == rule, "spent"].mean()), 6)


def verdicts(frame: pd.DataFrame, summary: pd.DataFrame) -> list[str]:
    """Return what the comparisons with best single say, in words."""
    lines = []
    for rule, against in _compared(summary):
        if against != SINGLE:
            continue
        own, other = _spent(frame, rule), _spent(frame, against)
        found: dict[str, list[str]] = {}
        for measure, word in zip(MEASURES, ("quality", "gain", "loss"), strict=True):
            found.setdefault(_verdict(row_of(summary, rule, against, measure)), []).append(word)
        said = "; ".join(f"{verdict} in {_listed(words)}" for verdict, words in found.items())
        cost = (
            f"At equal cost, {own:g} label sets each"
            if own == other
            else f"At unequal cost, {own:g} label sets against {other:g}"
        )
        lines.append(f"- {cost}: {rule} is {said}.")
    if not lines:
        return []
    return [
        f"Against {SINGLE}, where an interval that includes no difference counts as no clear one:",
        "",
        *(filled(line, indent="  ") for line in lines),
    ]


def _verdict(row: pd.Series[Any]) -> str:
    """Return whether the first rule is better, by its interval."""
    low, high = float(row["low"]), float(row["high"])
    if low <= 0 <= high:
        return "not clearly different"
    return "better" if (high < 0) == (row["measure"] in SMALLER_IS_BETTER) else "worse"


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _cell(row: pd.Series[Any], *, signed: bool = False) -> str:
    """Return value, interval and range over seeds: ``0.412 [0.400, 0.424] (0.410 to 0.414)``."""
    value, low, high = (_written(row, name, signed=signed) for name in ("value", "low", "high"))
    return f"{value} [{low}, {high}] ({_between(row, 'seed', signed=signed)})"


def _between(row: pd.Series[Any], what: str, *, signed: bool = False) -> str:
    ends = (_written(row, f"{what}_{end}", signed=signed) for end in ("least", "most"))
    return " to ".join(ends)


def _written(row: pd.Series[Any], name: str, *, signed: bool) -> str:
    """Return a number with three decimals; for a logarithm, the ratio itself."""
    if row["measure"] in SMALLER_IS_BETTER:
        return f"{np.exp(row[name]):.3f}"
    return f"{row[name]:+.3f}" if signed else f"{row[name]:.3f}"
