"""The measured networks as tables for ``taskgraph group``, and what it chooses from them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.multitask.plan import PairsPlan
from benchmarks.results.console import record_output
from benchmarks.results.hashes import file_hash
from benchmarks.results.log import Log
from taskgraph.arrays import Floats
from taskgraph.tables import write_frame

GROUPS, GROUPS_TEST = "groups.csv", "groups_test.csv"
"""Validation losses, by which networks are chosen, and test losses, on which they are scored."""

RESAMPLES = 200

GroupMetrics = Mapping[str, Any]


def groups_table(
    plan: PairsPlan,
    metrics: Mapping[tuple[tuple[str, ...], int], GroupMetrics],
    images: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]],
    split: str,
) -> pd.DataFrame:
    """Return ``network, task, image, loss, cost, cluster``, one row an image with a label.

    Losses of different tasks have different units and are added by ``taskgraph group``. So each
    loss, averaged over seeds, is divided by the mean of the task's own network on the same split:
    the network of a task alone has a mean loss of 1. The cost of a network is the number of
    pictures that its encoder sees for one example: 1 if all tasks take the plain picture.

    Parameters
    ----------
    metrics : mapping
        By group and seed: what `train_shared` returned, with the losses of single images.
    images : mapping
        By split: names and clusters of the images.
    split : str
        ``valid`` or ``test``.
    """
    names, clusters = images[split]
    scale: dict[str, float] = {}
    parts = []
    for tasks in plan.groups:  # tasks alone come first
        of_seeds = [metrics[tasks, seed] for seed in range(plan.seeds)]
        for task in tasks:
            losses = mean_losses([each[f"{split}_images"][task] for each in of_seeds])
            if len(tasks) == 1:
                scale[task] = float(np.nanmean(losses))
            rows = {
                "network": "+".join(tasks),
                "task": task,
                "image": names,
                "loss": losses / scale[task],
                "cost": float(of_seeds[0]["passes"]),
                "cluster": clusters,
            }
            parts.append(pd.DataFrame(rows))
    table = pd.concat(parts, ignore_index=True).dropna(subset="loss")
    return table.assign(loss=table["loss"].map(lambda loss: float(f"{loss:.4g}")))


def mean_losses(of_seeds: list[list[float | None]]) -> Floats:
    """Return the (N,) mean losses over seeds; NaN for images without a label, which have None."""
    mean: Floats = np.array(of_seeds, dtype=np.float64).mean(axis=0)
    return mean


def write_groups(
    plan: PairsPlan,
    metrics: Mapping[tuple[tuple[str, ...], int], GroupMetrics],
    images: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]],
    out: Path,
) -> None:
    """Write both tables."""
    for split, name in (("valid", GROUPS), ("test", GROUPS_TEST)):
        write_frame(groups_table(plan, metrics, images, split), out / name)


def budget_of(plan: PairsPlan, costs: Mapping[tuple[str, ...], float], asked: float) -> float:
    """Return the budget: the one asked for, or for 0 half of what all tasks alone cost."""
    alone = sum(cost for tasks, cost in costs.items() if len(tasks) == 1)
    return asked or max(alone / 2, _least(plan, costs))


def _least(plan: PairsPlan, costs: Mapping[tuple[str, ...], float]) -> float:
    """Return a budget for which there is a choice: pairs as they come, then tasks alone."""
    covered: set[str] = set()
    spent = 0.0
    for tasks in reversed(plan.groups):
        if not covered & {*tasks}:
            covered |= {*tasks}
            spent += costs[tasks]
    return spent


def group_command(budget: float) -> str:
    """Return the command that chooses networks on validation images and scores them on others."""
    return (
        f"taskgraph group {GROUPS} --budget {budget:g} --score-on {GROUPS_TEST} "
        f"--bootstrap {RESAMPLES}"
    )


def record_groups(log: Log, budget: float) -> dict[str, Any]:
    """Record what ``taskgraph group`` prints for the tables; return the record's settings."""
    command = group_command(budget)
    settings = {
        "part": "group",
        "command": command,
        "groups_sha256": file_hash(log.folder / GROUPS),
        "groups_test_sha256": file_hash(log.folder / GROUPS_TEST),
    }
    record_output(log, command, log.folder, settings)
    return settings
