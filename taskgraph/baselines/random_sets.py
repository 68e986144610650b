"""Random supervised sets within a budget, with their best transfers and with random transfers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from taskgraph.arrays import Booleans, Floats, Integers
from taskgraph.problem import Problem, make_problem
from taskgraph.program import Program, compile_program
from taskgraph.progress import Progress, no_progress, with_progress
from taskgraph.solver.choice import SUPERVISED, UNCOVERED, Choice, choose_transfers
from taskgraph.tasks import SELF
from taskgraph.transfers import Transfers

BAND = (5.0, 95.0)
"""Percentiles of random sets that are reported."""
MEASURES = ("gain", "quality", "gain_transferred", "quality_transferred")
COLUMNS = ("objective", "spent", *MEASURES)
TRIES = 20
"""Most sets that are drawn for each set that is wanted, as some leave a target unsolved."""


@dataclass(frozen=True, eq=False)
class RandomSets:
    """Random supervised sets that solve every target within the budget.

    Attributes
    ----------
    best, random : DataFrame
        One row for each set, the same sets in both, with the columns `COLUMNS`. ``best`` has the
        best transfers that the set allows, ``random`` has transfers drawn from them with equal
        probability. In both, a supervised target is solved by its own network.
    tried : int
        Number of sets that were drawn, including those that leave a target unsolved.
    """

    best: pd.DataFrame
    random: pd.DataFrame
    tried: int


def draw_random_sets(
    transfers: Transfers, program: Program, *, draws: int, seed: int
) -> RandomSets:
    """Draw supervised sets until ``draws`` of them solve every target, or `TRIES` times as many.

    Sources are taken in a random order, each if it fits the rest of the budget. Each other target
    is solved twice: by a transfer drawn with equal probability from those that the set allows (the
    significance test of Zamir et al., CVPR 2018, Fig. 11), and by the best one.
    """
    rng = np.random.default_rng(seed)
    measured = _measured(transfers, program)
    best_rows: list[dict[str, float]] = []
    random_rows: list[dict[str, float]] = []
    tried = 0
    while len(best_rows) < draws and tried < TRIES * draws:
        tried += 1
        supervised = random_set(program, rng)
        edges = _random_edges(program, supervised, rng)
        best = choose_transfers(program, supervised)
        random = choose_among(program, supervised, edges)
        if best is not None and random is not None:
            best_rows.append(_means(best, measured))
            random_rows.append(_means(random, measured))
    best_frame, random_frame = (
        pd.DataFrame(rows, columns=list(COLUMNS), dtype=float) for rows in (best_rows, random_rows)
    )
    return RandomSets(best_frame, random_frame, tried)


def random_set(program: Program, rng: np.random.Generator) -> Booleans:
    """Return which sources are drawn, (S,) bools.

    Sources are tried in a random order; each is taken if it fits the rest of the budget.

    A source that saves a transfer more expensive than its labels is always taken.
    """
    price = program.price
    supervised = program.required | ((price < 0) & ~program.banned)
    room = program.room - int(price[supervised].sum())
    for source in rng.permutation(np.flatnonzero(~supervised & ~program.banned)):
        if price[source] <= room:
            supervised[source] = True
            room -= price[source]
    return supervised


def choose_among(program: Program, supervised: Booleans, edges: Integers) -> Choice | None:
    """Solve the program for a fixed supervised set and at most one edge for each target.

    A supervised target is solved by its own network. With ``may_transfer`` it keeps its edge
    instead if that is better and the budget allows it.

    Parameters
    ----------
    edges : (T,) ints
        One usable edge for each target; negative for none.

    Returns
    -------
    Choice or None
        None if a target is unsolved, or the budget is exceeded.
    """
    allowed = edges[edges >= 0]
    choice = choose_transfers(program.with_edges(allowed), supervised)
    if choice is None:
        return None
    moved = choice.edges >= 0
    chosen = choice.edges.copy()
    chosen[moved] = allowed[choice.edges[moved]]
    return replace(choice, edges=chosen)


def _random_edges(program: Program, supervised: Booleans, rng: np.random.Generator) -> Integers:
    """Return a random edge to each target among those that the set allows, (T,); -2 for none."""
    usable = np.flatnonzero(np.append(supervised, True)[program.edge_sources].all(axis=1))
    shuffled = usable[rng.permutation(len(usable))]
    edges = np.full(len(program.targets), UNCOVERED, dtype=np.int64)
    edges[program.edge_target[shuffled]] = shuffled  # the last of the shuffled edges
    return edges


def _measured(transfers: Transfers, program: Program) -> tuple[Floats, Floats]:
    """Return gain and quality (2, E) of each edge, and (2, T) of each target's own network."""
    columns = transfers.frame.reindex(columns=["gain", "quality"]).to_numpy(dtype=float).T
    own = np.full((2, len(program.targets)), np.nan)
    frame = transfers.frame
    rows = np.flatnonzero(frame["sources"] == SELF)
    place = dict(zip(frame["target"].iloc[rows], rows.tolist(), strict=True))
    for index, target in enumerate(program.targets):
        if target in place:
            own[:, index] = columns[:, place[target]]
    return columns[:, program.edge_row], own


def _means(choice: Choice, measured: tuple[Floats, Floats]) -> dict[str, float]:
    """Return the row of `COLUMNS` of a choice."""
    moved = choice.edges != SUPERVISED
    by_edge, own = measured
    values = own.copy()  # (2, T)
    values[:, moved] = by_edge[:, choice.edges[moved]]
    return {
        "objective": choice.value,
        "spent": choice.cost,
        "gain": _mean(values[0]),
        "quality": _mean(values[1]),
        "gain_transferred": _mean(values[0, moved]),
        "quality_transferred": _mean(values[1, moved]),
    }


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def percentiles(drawn: pd.DataFrame) -> tuple[pd.Series[float], pd.Series[float]]:
    """Return the 5th and the 95th percentile of each column; NaN without rows."""
    low, high = (drawn.quantile(level / 100) for level in BAND)
    return low, high


def random_band(
    transfers: Transfers,
    problem: Problem | None = None,
    *,
    budgets: Iterable[float],
    max_order: int,
    draws: int = 500,
    seed: int = 0,
    progress: Progress = no_progress,
    **fields: Any,
) -> pd.DataFrame:
    """Return the gain and quality of random supervised sets at each budget of a frontier.

    Returns
    -------
    DataFrame
        ``budget``; the number ``random`` of sets; and the mean and the 5th and 95th percentiles of
        their gain and quality (means over all targets). ``*_random, *_low, *_high`` are those with
        random transfers, ``*_random_best, *_best_low, *_best_high`` those of the same sets with
        their best transfers. NaN if there is no set.
    """
    fields["max_order"] = max_order
    problem = make_problem(problem, fields, transfers)  # type: ignore[arg-type]
    program = compile_program(transfers, problem)
    rows = []
    for budget in with_progress(sorted(set(budgets)), progress):
        sets = draw_random_sets(transfers, replace(program, budget=budget), draws=draws, seed=seed)
        row: dict[str, float] = {"budget": budget, "random": len(sets.random)}
        for name, drawn in (("", sets.random), ("_best", sets.best)):
            low, high = percentiles(drawn)
            for measure in ("gain", "quality"):
                row |= {
                    f"{measure}_random{name}": drawn[measure].mean(),
                    f"{measure}{name}_low": low[measure],
                    f"{measure}{name}_high": high[measure],
                }
        rows.append(row)
    return pd.DataFrame(rows)
