"""The sections of the page on what was chosen: supervised tasks, and sources by target."""

from __future__ import annotations

from typing import Any

import pandas as pd

from benchmarks.payoff.choices import GREEDY, RANDOM, SINGLE, SOLVED, SOLVED_AT_SINGLE
from taskgraph.tasks import parse_sources


def same_taxonomy(targets: pd.DataFrame, rule: str, against: str) -> bool:
    """Return whether two rules chose the same sources for every target."""
    one, other = (
        set(zip(own["target"], own["sources"], strict=True))
        for own in (targets[targets["rule"] == name] for name in (rule, against))
    )
    return one == other


def supervised_section(frame: pd.DataFrame) -> list[str]:
    """Return the tasks that each choice supervises, with its quality and gain, as lines."""
    lines = [
        "Supervised (seeds averaged):",
        "",
        "| | draw | tasks | quality | gain |",
        "|--|--:|--|--:|--:|",
    ]
    for (rule, draw), own in frame.groupby(["rule", "draw"], sort=False):
        if rule == RANDOM:  # the same sets as above
            continue
        names = ", ".join(parse_sources(str(own["supervised"].iloc[0])))
        means = own[["quality", "gain"]].mean()
        lines.append(
            f"| {rule} | {draw or ''} | {names} | {means['quality']:.3f} | {means['gain']:.3f} |"
        )
    return lines


def targets_section(targets: pd.DataFrame) -> list[str]:
    """Return each target's sources and loss by every rule without random draws, as lines."""
    by_rule = {rule: own.set_index("target") for rule, own in targets.groupby("rule", sort=False)}
    shown = [rule for rule in (SOLVED, GREEDY, SINGLE, SOLVED_AT_SINGLE) if rule in by_rule]
    if GREEDY in shown and same_taxonomy(targets, SOLVED, GREEDY):
        shown.remove(GREEDY)
    lines = [
        "Target by target, mean losses on the fresh images (each in its own unit):",
        "",
        f"| target | {' | '.join(f'{rule}: from | loss' for rule in shown)} | self | scratch |",
        f"|--|{'--|--:|' * len(shown)}--:|--:|",
    ]
    for target in map(str, by_rule[SOLVED].index):
        row = by_rule[SOLVED].loc[target]
        parts = [cell for rule in shown for cell in _from(by_rule[rule].loc[target])]
        cells = [target, *parts, f"{row['self']:.4g}", f"{row['scratch']:.4g}"]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return lines


def _from(row: Any) -> tuple[str, str]:
    return " + ".join(parse_sources(str(row["sources"]))), f"{row['loss']:.4g}"
