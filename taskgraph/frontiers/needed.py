"""The frontier read sideways: what must be spent on labels to reach a given mean quality."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np
import pandas as pd

from taskgraph.errors import InvalidProblemError
from taskgraph.frontiers.frontier import Frontier, frontier
from taskgraph.problem import Problem, ProblemFields, make_problem
from taskgraph.problem.costs import exact_costs
from taskgraph.progress import Progress, no_progress
from taskgraph.tasks import SELF
from taskgraph.taxonomy import Taxonomy
from taskgraph.transfers import Transfers

LEVEL_MEASURES = ("quality", "gain")


@dataclass(frozen=True, eq=False)
class LabelsNeeded:
    """The least budget of a frontier at which the mean quality or gain reaches each level.

    Attributes
    ----------
    table : DataFrame, one row a maximum order and level
        ``max_order``; the level, named by the measure; ``budget, spent, labels``, the least budget
        of the frontier whose optimum reaches the level, its cost, and its number of supervised
        tasks (NaN if none reaches it); ``reached``, the mean that this optimum has; ``saved``,
        1 − spent / ``full_cost``.
    steps : DataFrame, one row a maximum order and step of the curve
        ``max_order, reached, budget, spent, labels``: each budget whose optimum has a larger mean
        than those of all smaller budgets.
    measure : str
        ``quality`` or ``gain``.
    targets : int
        Number of targets.
    full_cost, full_labels, full_mean : float, int, float
        What supervising every target costs, how many labels that is, and the mean that it has;
        targets that supervision cannot solve are left out, and NaN is a mean that is not known.
    """

    table: pd.DataFrame
    steps: pd.DataFrame
    measure: str
    targets: int
    full_cost: float
    full_labels: int
    full_mean: float

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of ``table``."""
        return self.table.copy()

    def to_dict(self) -> dict[str, Any]:
        """Return the content of the JSON: the table as a list of objects, and full supervision."""
        rows = self.table.astype(object).where(self.table.notna(), None)
        return {
            "measure": self.measure,
            "targets": self.targets,
            "full_cost": self.full_cost,
            "full_labels": self.full_labels,
            "full_mean": None if np.isnan(self.full_mean) else self.full_mean,
            "needed": rows.to_dict(orient="records"),
        }

    def to_json(self, *, indent: int | None = 1) -> str:
        """Return the JSON of ``taskgraph frontier --quality … --json``."""
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False)

    def sentence(self) -> str:
        """Return what supervising every target costs, and the mean that it has."""
        mean = "" if np.isnan(self.full_mean) else f", with a mean {self.measure} of "
        mean += "" if np.isnan(self.full_mean) else f"{self.full_mean:.3f}"
        return (
            f"supervising all {self.full_labels} of {self.targets} targets costs "
            f"{self.full_cost:g}{mean}"
        )

    def __repr__(self) -> str:
        return f"{self.table.round(4).to_string(index=False, na_rep='')}\n({self.sentence()})"


def labels_needed(
    transfers: Transfers,
    problem: Problem | None = None,
    *,
    levels: Iterable[float],
    measure: str = "quality",
    solved: Frontier | None = None,
    budgets: Iterable[float] | None = None,
    max_orders: Iterable[int] = (1, 2, 3, 4),
    solver: str = "highs",
    time_limit: float | None = None,
    progress: Progress = no_progress,
    **fields: Unpack[ProblemFields],
) -> LabelsNeeded:
    """Return the least budget at which the optimum's mean over targets reaches each level.

    The optimum maximizes the problem's objective. With ``objective="quality"`` and equal
    importances no choice within a smaller budget of the grid has a mean quality of the level; with
    another objective, some choice may.

    Parameters
    ----------
    levels : numbers in [0, 1]
        Mean quality (or gain) to reach; without any, only ``steps`` has rows.
    measure : "quality" or "gain"
    solved : Frontier, optional
        A frontier of this table and problem; by default it is made with the next arguments, as by
        `taskgraph.frontier`.
    budgets, max_orders, solver, time_limit, progress
        As for `taskgraph.frontier`.

    Raises
    ------
    InvalidProblemError
        If a level or the measure is out of range, or the table lacks the measure.
    """
    problem = make_problem(problem, fields, transfers)
    wanted = _checked(levels, measure, transfers)
    curves = solved or frontier(
        transfers,
        problem,
        budgets=budgets,
        max_orders=max_orders,
        solver=solver,
        time_limit=time_limit,
        progress=progress,
    )
    frame = transfers.frame
    steps = _steps(curves, measure, {*frame["target"][frame[measure].notna()]})
    targets, full = _full_supervision(transfers, problem)
    costs = exact_costs([problem.label_cost_of(name) for name in full], [], 0.0)
    cost = costs.amount(int(costs.label.sum()))
    rows = []
    for order in dict.fromkeys(taxonomy.max_order for taxonomy in curves):
        mine = steps[steps["max_order"] == order]
        for level in wanted:
            enough = mine[mine["reached"] >= level - 1e-12]
            first = enough.iloc[0] if len(enough) else pd.Series(dtype=float)
            row = {name: first.get(name, np.nan) for name in ("budget", "spent", "labels")}
            rows.append(
                {"max_order": order, measure: level, **row, "reached": first.get("reached")}
            )
    columns = ["max_order", measure, "budget", "spent", "labels", "reached"]
    table = pd.DataFrame(rows, columns=columns).astype({"reached": float, "spent": float})
    table["saved"] = 1.0 - table["spent"] / cost if cost else np.nan
    return LabelsNeeded(
        table, steps, measure, targets, cost, len(full), _mean_of(transfers, full, measure)
    )


def _checked(levels: Iterable[float], measure: str, transfers: Transfers) -> list[float]:
    """Return the levels in ascending order, each once."""
    if measure not in LEVEL_MEASURES:
        raise InvalidProblemError(f'the measure is "{measure}", expected one of quality, gain')
    frame = transfers.frame
    if measure not in frame.columns or frame[measure].isna().all():
        raise InvalidProblemError(
            f'the table has no column "{measure}", so that no budget is known to reach a level; '
            "`taskgraph affinity` makes it of losses that hold "
            f'"{SELF if measure == "quality" else "scratch"}"'
        )
    wanted = sorted(set(levels))
    for level in wanted:
        if not 0 <= level <= 1:
            raise InvalidProblemError(
                f"the level is {level:g}, expected a mean {measure} between 0 and 1; full "
                "supervision has a quality of 0.5"
            )
    return wanted


def _steps(curves: Iterable[Taxonomy], measure: str, known: Collection[str]) -> pd.DataFrame:
    """Return the budgets at which the mean exceeds that of all smaller ones, by maximum order.

    The mean is over the ``known`` targets, some row of which has the measure. A taxonomy that
    solves one of them by a transfer without it has no mean.
    """
    rows = []
    best: dict[int, float] = {}
    for taxonomy in curves:  # sorted by order, then budget
        frame = taxonomy.to_frame()
        if not taxonomy.solved or measure not in frame:
            continue
        mean = float(frame.loc[frame["target"].isin(known), measure].mean(skipna=False))
        if mean > best.get(taxonomy.max_order, -np.inf):
            best[taxonomy.max_order] = mean
            labels = len(taxonomy.supervised)
            rows.append((taxonomy.max_order, mean, taxonomy.budget, taxonomy.spent, labels))
    return pd.DataFrame(rows, columns=["max_order", "reached", "budget", "spent", "labels"])


def _full_supervision(transfers: Transfers, problem: Problem) -> tuple[int, list[str]]:
    """Return the number of targets, and the targets that their own network can solve."""
    unused = {*problem.exclude, *problem.source_only}
    targets = [name for name in transfers.targets if name not in unused]
    barred = set(problem.target_only)
    own = [t for t in targets if t not in barred and transfers.row_of(t, SELF) is not None]
    return len(targets), own


def _mean_of(transfers: Transfers, full: Iterable[str], measure: str) -> float:
    """Return the mean quality or gain of the targets' own networks."""
    rows = [transfers.row_of(name, SELF) for name in full]
    values = pd.Series([np.nan if row is None else row[measure] for row in rows], dtype=float)
    return float(values.mean())
