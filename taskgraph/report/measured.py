"""The parts of a table of transfers that the page needs: tasks, groups, and rows by number."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import pandas as pd
from scipy.cluster.hierarchy import fcluster, leaves_list

from taskgraph.plot import PlotError, task_linkage
from taskgraph.problem import Problem
from taskgraph.tasks import SELF, join_sources, split_sources
from taskgraph.taxonomy import Taxonomy, Transfer
from taskgraph.transfers import Transfers

COLUMNS = ("affinity", "gain", "quality", "low", "high")
"""Columns of a transfer that the page shows, in the order of `MeasuredRows`."""

GROUPS = 4
"""Most groups of tasks; each has a color and a shape of its own."""

BEST = 8
"""Number of the best transfers to each target, of each order, that the page holds."""

DIGITS = 6
"""Significant digits of measurements in the page."""


class MeasuredRows:
    """The rows of a table that the page holds, each once and called by its number.

    A row is ``[target, [sources], affinity, gain, quality, low, high]``. Tasks are numbers, -1 for
    the target's own network; a measurement is None if it is unknown.
    """

    def __init__(self, tasks: Iterable[str]) -> None:
        self._task = {name: number for number, name in enumerate(tasks)} | {SELF: -1}
        self._number: dict[tuple[str, str], int] = {}
        self.rows: list[list[Any]] = []

    def number(self, target: str, sources: tuple[str, ...], values: Iterable[float | None]) -> int:
        """Return the number of a row, which is added if it is new."""
        key = (target, join_sources(sources))
        if key not in self._number:
            self._number[key] = len(self.rows)
            members = [self._task[name] for name in sources]
            self.rows.append([self._task[target], members, *map(short, values)])
        return self._number[key]

    def transfer(self, transfer: Transfer) -> int:
        """Return the number of the row of a transfer of a taxonomy."""
        values = [getattr(transfer, name) for name in COLUMNS]
        return self.number(transfer.target, transfer.sources, values)

    def tasks(self, names: Iterable[str]) -> list[int]:
        """Return the numbers of tasks."""
        return [self._task[name] for name in names]

    def add_best(self, transfers: Transfers, most: int = BEST) -> None:
        """Add the best transfers to each target, of each order, by affinity."""
        frame = transfers.frame.assign(order=transfers.order)
        frame = frame[transfers.is_edge | (frame["sources"] == SELF).to_numpy()]
        frame = frame[frame["affinity"].notna()]
        frame = frame.sort_values("affinity", ascending=False, kind="stable")
        for row in frame.groupby(["target", "order"]).head(most).to_dict(orient="records"):
            values = [row.get(name) for name in COLUMNS]
            self.number(row["target"], split_sources(row["sources"]), values)


def short(value: float | None) -> float | None:
    """Return a measurement with `DIGITS` significant digits; None if it is unknown."""
    if value is None or math.isnan(value):
        return None
    return float(f"{value:.{DIGITS}g}")


def tasks_content(transfers: Transfers, problem: Problem) -> list[dict[str, Any]]:
    """Return each task of the table: its name, group and role, and its costs in the problem."""
    group = task_groups(transfers)
    targets, supervisable = set(transfers.targets), set(problem.supervisable(transfers))
    return [
        {
            "name": name,
            "group": group.get(name),
            "target": name in targets,
            "supervisable": name in supervisable,
            "role": role_of(name, problem, targets),
            "required": name in problem.require,
            "importance": problem.importance.get(name, 1.0),
            "label_cost": problem.label_cost_of(name),
            "transfer_cost": problem.transfer_cost.get(name, 0.0),
        }
        for name in transfers.tasks
    ]


def role_of(name: str, problem: Problem, targets: Iterable[str]) -> str:
    """Return the role of a task, a value of `taskgraph.tasks.ROLES`."""
    if name in problem.exclude:
        return "unused"
    if name in problem.target_only:
        return "target-only"
    return "source-only" if name in problem.source_only or name not in targets else "target"


def task_groups(transfers: Transfers, *, most: int = GROUPS) -> dict[str, int]:
    """Return the group of each source: a cluster of the tree, numbered from the top of the tree.

    Tasks that are no source of a first-order transfer have none.
    """
    try:
        names, links = task_linkage(transfers)
    except PlotError:
        return {}
    member = fcluster(links, most, "maxclust")
    order = list(dict.fromkeys(member[leaf] for leaf in leaves_list(links)))
    return {name: order.index(group) for name, group in zip(names, member, strict=True)}


def taxonomy_content(taxonomy: Taxonomy, rows: MeasuredRows) -> dict[str, Any]:
    """Return an optimum with its transfers as numbers of rows."""
    content = taxonomy.to_dict()
    content["supervised"] = rows.tasks(taxonomy.supervised)
    content["transfers"] = [rows.transfer(transfer) for transfer in taxonomy.transfers]
    return content


def matrix_content(frame: pd.DataFrame) -> list[list[float | None]]:
    """Return a matrix as lists of rows; None where nothing was measured."""
    return [[short(value) for value in row] for row in frame.to_numpy(dtype=float)]
