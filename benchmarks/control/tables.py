"""The tables of control's page, and the records that they are of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.control.agreement import label_agreement, order_of, seed_agreement
from benchmarks.control.settings import RECORDED
from benchmarks.results.frame import latest, not_finished
from benchmarks.results.markdown import interval, number, table
from benchmarks.results.measures import t_interval
from benchmarks.results.record import Record, read_records
from taskgraph.tasks import AVERAGE

WORDS = {
    "torque": "torque of the back thigh's motor in the coming step",
    "inverse": "torque of the front thigh's motor in the last step (inverse dynamics)",
    "contact": "which feet touch the ground (tags)",
    "com_height": "height of the center of mass",
    "com_speed": "forward velocity of the center of mass",
    "next_pitch": "angular velocity of the pitch in the next state",
    "reward": "reward of the coming step",
    "distance": "distance of the torso from the goal",
    "gait": "which of four gaits drives the motors",
    "terrain": "whether the ground falls, is flat or rises",
}


FREE_WORDS = {
    "state": "the newest state alone (19 numbers)",
    "pca": "the window's {features} leading principal components",
    "random_net": "an encoder as below, with random weights",
    "camera": "{features} principal components of the last two pictures, 32 x 32 gray pixels each; "
    "they show neither goal nor slope",
}


def runs_of(folder: Path) -> dict[int, list[Record]]:
    """Return the newest run's records by the number of labels, one a seed.

    Raises
    ------
    InvalidTableError
        If there is none.
    """
    runs: dict[int, dict[int | None, Record]] = {}
    for record in latest(read_records(folder), *RECORDED):
        runs.setdefault(record.settings["train_examples"], {})[record.seed] = record
    if not runs:
        raise not_finished(folder, "control")
    return {
        count: [found[seed] for seed in sorted(found, key=str)]
        for count, found in sorted(runs.items())
    }


def source_names(records: Sequence[Record]) -> list[str]:
    """Return the single sources in the order of the page: the free ones, then the encoders."""
    known = {name for each in records[0].metrics["affinity"].values() for name in each}
    return [name for name in [*FREE_WORDS, *WORDS] if name in known]


def sources_table(records: Sequence[Record]) -> str:
    """Return the table of sources with what they cost."""
    settings, names = records[0].settings, source_names(records)
    rows = [
        [f"`{name}`", words.format(**settings), "nothing"]
        for name, words in FREE_WORDS.items()
        if name in names
    ]
    rows.append([f"the name of a task ({len(WORDS)})", "the encoder trained on that task", "1"])
    return table(["source", "what", "costs"], rows)


def gain_of(record: Record, target: str, name: str) -> float:
    """Return a gain; the target's own encoder is ``self``."""
    gains = record.metrics["gain"][target]
    return float(gains["self" if name == target else name])


def mean_gain(records: Sequence[Record], target: str, name: str) -> float:
    """Return the mean gain over seeds."""
    return float(np.mean([gain_of(record, target, name) for record in records]))


def gains_table(records: Sequence[Record]) -> str:
    """Return the table of gains: one row a target, one column a source, with half intervals."""
    names = [*source_names(records), AVERAGE]
    rows = []
    for target, words in WORDS.items():
        cells = []
        for name in names:
            found = t_interval([gain_of(record, target, name) for record in records])
            half = found.high - found.mean
            shown = number(found.mean, 2) + ("" if np.isnan(half) else f" ± {half:.2f}")
            cells.append(f"*{shown}*" if name == target else shown)
        rows.append([f"`{target}`: {words}", *cells])
    return table(["task", *(f"`{name}`:" for name in names)], rows)


def budgets_table(runs: dict[int, list[Record]]) -> str:
    """Return the table of optima: one row for each number of labels and budget."""
    rows = []
    for count, records in runs.items():
        for budget in budgets_of(records):
            same = [taxonomy_of(record, budget) for record in records]
            values = t_interval([each["objective"] for each in same])
            rows.append(
                [
                    str(count),
                    str(budget),
                    _counted(each["supervised"] for each in same),
                    _counted(each["free"] for each in same),
                    f"{number(values.mean)} {interval(values.low, values.high)}",
                    number(float(np.mean([each["best_listed"] for each in same]))),
                    number(float(np.mean([each["random_mean"] for each in same]))),
                    number(float(np.mean([each["gain"] for each in same])), 2),
                ]
            )
    heads = ["labels:", "budget:", "chosen", "free", "objective", "best listed:", "random:"]
    return table([*heads, "mean gain:"], rows)


def _counted(lists: Iterable[Sequence[str]]) -> str:
    """Return names with the number of lists that hold them, the most frequent first."""
    counts = Counter(name for names in lists for name in names)
    ordered = sorted(counts, key=lambda name: (-counts[name], name))
    return ", ".join(f"{name} {counts[name]}" for name in ordered) or "-"


def budgets_of(records: Sequence[Record]) -> list[int]:
    """Return the budgets that were solved."""
    return [row["budget"] for row in records[0].metrics["taxonomies"]]


def taxonomy_of(record: Record, budget: int) -> dict[str, Any]:
    """Return the optimum of one record at a budget."""
    rows: list[dict[str, Any]] = record.metrics["taxonomies"]
    return next(row for row in rows if row["budget"] == budget)


def stability_table(runs: dict[int, list[Record]]) -> str:
    """Return how well the order of single sources agrees, one row a target."""
    between = {count: seed_agreement(records) for count, records in runs.items()}
    labels = label_agreement(runs)
    rows = []
    for target in WORDS:
        cells = [f"`{target}`"]
        for count, records in runs.items():
            orders = [order_of(record, target) for record in records]
            best = [max(order, key=order.__getitem__) for order in orders]
            top = max(sorted(set(best)), key=best.count)
            cells += [number(between[count][target], 2), f"{top}, {best.count(top)} of {len(best)}"]
        rows.append([*cells, number(labels[target], 2)] if len(runs) > 1 else cells)
    heads = ["task"]
    for count in runs:
        heads += [f"τ between seeds, {count} labels:", "best single source, seeds"]
    return table([*heads, "τ between numbers of labels:"] if len(runs) > 1 else heads, rows)
