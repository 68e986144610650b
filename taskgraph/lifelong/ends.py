"""The intervals of affinities as values of a program: what a transfer is worth at both ends."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from taskgraph.arrays import Booleans, Floats, Integers
from taskgraph.errors import InvalidProblemError, InvalidTableError
from taskgraph.problem import OBJECTIVES, Problem
from taskgraph.program import Program
from taskgraph.tasks import SELF, split_sources
from taskgraph.transfers import Transfers


def check_intervals(transfers: Transfers, problem: Problem) -> None:
    """Raise unless each affinity lies within its interval and the objective is made of affinities.

    Raises
    ------
    InvalidTableError
        If the table has no intervals, or an affinity lies outside of its own.
    InvalidProblemError
        If the objective is ``gain`` or ``quality``.
    """
    if OBJECTIVES[problem.objective].column != "affinity":
        raise InvalidProblemError(
            f'the objective "{problem.objective}" has no intervals; try sqrt, linear or log'
        )
    frame = transfers.frame
    if not {"low", "high"} <= {*frame}:
        raise InvalidTableError(
            "the table has no intervals (columns low and high); make them from losses with "
            "`taskgraph affinity losses.parquet -o transfers.csv --bootstrap 1`"
        )
    outside = (frame["low"] > frame["affinity"]) | (frame["high"] < frame["affinity"])
    if outside.any():
        row = int(np.flatnonzero(outside)[0])
        low, high, value = (frame[name].iloc[row] for name in ("low", "high", "affinity"))
        raise InvalidTableError(
            f"row {row + 1}: the affinity {value:g} is outside of its interval, low {low:g} to "
            f"high {high:g}"
        )


@dataclass(frozen=True, eq=False)
class IntervalEnds:
    """Values of edges and of own networks at both ends of their intervals, as in a `Program`.

    A transfer without an interval, or not in doubt, has its measured value at both ends.
    """

    edge_low: Floats  # (E,)
    edge_high: Floats  # (E,)
    self_low: Floats  # (T,)
    self_high: Floats  # (T,)
    self_row: Integers  # (T,) row in the table, -1 without an own network
    frame: pd.DataFrame
    count: int

    @classmethod
    def of(
        cls, transfers: Transfers, problem: Problem, program: Program, changed: Collection[str]
    ) -> IntervalEnds:
        """Return the ends of all transfers of a program."""
        frame, transform = transfers.frame, OBJECTIVES[problem.objective].transform
        point = frame["affinity"].to_numpy(dtype=float)
        measured = frame[["low", "high"]].notna().all(axis=1).to_numpy(dtype=bool)
        doubtful = measured & _concerns(frame, changed)
        ends = [
            transform(np.maximum(0.0, np.where(doubtful, frame[name].to_numpy(float), point)))
            for name in ("low", "high")
        ]
        weight = np.array([problem.importance.get(name, 1.0) for name in program.targets])
        rows = [transfers.row_of(name, SELF) for name in program.targets]
        own = program.self_source >= 0
        self_row = np.array([-1 if r is None else int(r.name) for r in rows])  # type: ignore[call-overload]
        self_row = np.where(own, self_row, -1)
        edge_weight = weight[program.edge_target]
        low, high = [e[program.edge_row] * edge_weight for e in ends]
        self_low, self_high = (np.where(own, e[self_row] * weight, 0.0) for e in ends)
        count = int(doubtful[program.edge_row].sum() + doubtful[self_row[own]].sum())
        return cls(low, high, self_low, self_high, self_row, frame, count)


def _concerns(frame: pd.DataFrame, changed: Collection[str]) -> Booleans:
    """(rows,) array: whether a row is a transfer from a changed task or its own network."""
    if not changed:
        return np.ones(len(frame), dtype=bool)
    names = set(changed)
    touched = {text: bool(names & {*split_sources(text)}) for text in frame["sources"].unique()}
    own = (frame["sources"] == SELF) & frame["target"].isin(names)
    return (frame["sources"].map(touched) | own).to_numpy(dtype=bool)
