"""How good is a taxonomy? Beside random ones at its budget, greedy, and best single sources."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Unpack

import numpy as np
import pandas as pd

from taskgraph.errors import InfeasibleError
from taskgraph.problem import Problem, Settings, make_problem
from taskgraph.program import BoolArray, FloatArray, Program, compile_program
from taskgraph.solver import find_solver, solve_program, taxonomy_from_solution
from taskgraph.solver.choice import SUPERVISED, UNCOVERED, Choice, best_edges, choose
from taskgraph.solver.local import greedy_choice
from taskgraph.solver.search import Solution
from taskgraph.tasks import SELF
from taskgraph.taxonomy import Taxonomy
from taskgraph.transfers import Transfers

BAND = (5.0, 95.0)
MEASURES = ("gain", "quality", "gain_transferred", "quality_transferred")


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Mean gain and quality of a taxonomy, and of what it must beat at the same budget.

    Parameters
    ----------
    taxonomy, greedy, best_single : Taxonomy
        The optimum; sources added one by one, each the one that helps most; and every target from
        its own best single source, whatever that costs (its ``spent`` says).
    random : DataFrame
        One row a random feasible taxonomy within the same budget: ``objective, spent`` and the
        measures below.
    draws : int
        How many were drawn to find those, as some sets leave a target without a transfer.
    """

    taxonomy: Taxonomy
    greedy: Taxonomy
    best_single: Taxonomy
    random: pd.DataFrame
    draws: int

    @cached_property
    def per_target(self) -> pd.DataFrame:
        """Gain and quality of each target under the taxonomy, greedy and best single source."""
        parts = {
            name: taxonomy.to_frame().set_index("target").reindex(columns=["gain", "quality"])
            for name, taxonomy in self._named()
        }
        return pd.concat(parts, axis=1)

    def to_frame(self) -> pd.DataFrame:
        """One row a method: ``objective, spent``, and mean gain and quality.

        ``gain, quality`` are means over all targets, ``gain_transferred, quality_transferred``
        over those that a transfer solves; all are win rates in [0, 1], larger is better. The
        rows of random taxonomies are their mean and the 5th and 95th percentiles of each column.
        """
        rows = {name: summary(taxonomy) for name, taxonomy in self._named()}
        if len(self.random):
            low, high = self.random.quantile(np.array(BAND) / 100).to_numpy()
            columns = self.random.columns
            rows |= {
                "random, mean": dict(self.random.mean()),
                "random, 5th percentile": dict(zip(columns, low, strict=True)),
                "random, 95th percentile": dict(zip(columns, high, strict=True)),
            }
        return pd.DataFrame(rows).T.rename_axis("method").reset_index()

    def _named(self) -> list[tuple[str, Taxonomy]]:
        return [
            ("taxonomy", self.taxonomy),
            ("greedy", self.greedy),
            ("best single source", self.best_single),
        ]

    def __repr__(self) -> str:
        found = f"{len(self.random)} random feasible taxonomies of {self.draws} drawn"
        return f"{self.to_frame().round(3).to_string(index=False)}\n({found})"

    def _repr_html_(self) -> str:
        return str(self.to_frame().round(3).to_html(index=False))


def evaluate(
    transfers: Transfers,
    problem: Problem | None = None,
    *,
    draws: int = 500,
    seed: int = 0,
    solver: str = "highs",
    **settings: Unpack[Settings],
) -> Evaluation:
    """Solve, and compare with greedy, best single sources and random feasible taxonomies.

    A random taxonomy supervises sources in a random order for as long as each fits the budget,
    and gives every other target a transfer drawn evenly from those that this allows; it is kept
    if every target has one (the significance test of Zamir et al., CVPR 2018, Fig. 11). Draws go
    on until ``draws`` are found, or 20 times as many were tried.

    Raises
    ------
    InfeasibleError
        If the program has no solution, so that there is nothing to evaluate.
    """
    problem = make_problem(problem, settings)
    backend = find_solver(solver)
    program = compile_program(transfers, problem)
    best = solve_program(program, backend)
    if best.choice is None:
        raise InfeasibleError(f"there is no taxonomy to evaluate: {best.reason}")
    random, tried = random_taxonomies(transfers, program, draws=draws, seed=seed)
    return Evaluation(
        taxonomy=taxonomy_from_solution(transfers, problem, best),
        greedy=_greedy(transfers, problem, program),
        best_single=_best_single(transfers, problem, program),
        random=random,
        draws=tried,
    )


def summary(taxonomy: Taxonomy) -> dict[str, float]:
    """Objective, spending, and mean gain and quality over all and over transferred targets."""
    frame = taxonomy.to_frame().reindex(columns=["order", "gain", "quality"])
    means = frame[["gain", "quality"]].mean()
    transferred = frame.loc[frame["order"] > 0, ["gain", "quality"]].mean()
    return {
        "objective": np.nan if taxonomy.objective is None else taxonomy.objective,
        "spent": taxonomy.spent,
        "gain": means["gain"],
        "quality": means["quality"],
        "gain_transferred": transferred["gain"],
        "quality_transferred": transferred["quality"],
    }


def random_taxonomies(
    transfers: Transfers, program: Program, *, draws: int, seed: int
) -> tuple[pd.DataFrame, int]:
    """Draw feasible taxonomies of a program; see `evaluate`.

    Returns
    -------
    DataFrame and int
        One row a taxonomy, with the columns of `summary`; and the number of sets tried.
    """
    rng = np.random.default_rng(seed)
    measured = _measured(transfers, program)
    rows: list[dict[str, float]] = []
    tried = 0
    while len(rows) < draws and tried < 20 * draws:
        tried += 1
        supervised = random_set(program, rng)
        choice = _random_choice(program, supervised, rng)
        if choice is not None:
            rows.append(_means(choice, measured))
    columns = ["objective", "spent", *MEASURES]
    return pd.DataFrame(rows, columns=columns, dtype=float), tried


def random_set(program: Program, rng: np.random.Generator) -> BoolArray:
    """(S,) bools: sources in a random order, each taken if it still fits the budget."""
    price, supervised = program.price, program.required.copy()
    room = program.room - float(price[supervised].sum())
    for source in rng.permutation(np.flatnonzero(~supervised & ~program.banned)):
        if price[source] <= room:
            supervised[source] = True
            room -= price[source]
    return supervised


def _random_choice(
    program: Program, supervised: BoolArray, rng: np.random.Generator
) -> Choice | None:
    """A transfer drawn evenly for each target that its own network does not solve."""
    usable = np.flatnonzero(np.append(supervised, True)[program.edge_sources].all(axis=1))
    shuffled = usable[rng.permutation(len(usable))]
    edges = np.full(len(program.targets), UNCOVERED)
    edges[program.edge_target[shuffled]] = shuffled  # the last write is a fair draw
    solved = program.solved_by_own(supervised)
    edges[solved] = SUPERVISED
    cost = program.label_cost[supervised].sum() + program.transfer_cost[~solved].sum()
    if (edges == UNCOVERED).any() or cost > program.budget + program.slack:
        return None
    value = np.where(solved, program.self_value, program.edge_value[edges])
    return Choice(supervised, edges, float(value.sum()), float(cost))


def _measured(transfers: Transfers, program: Program) -> tuple[FloatArray, FloatArray]:
    """Gain and quality (2, E) of each edge, and (2, T) of each target's own network."""
    columns = transfers.frame.reindex(columns=["gain", "quality"]).to_numpy(dtype=float).T
    own = np.full((2, len(program.targets)), np.nan)
    frame = transfers.frame
    rows = np.flatnonzero(frame["sources"] == SELF)
    place = dict(zip(frame["target"].iloc[rows], rows.tolist(), strict=True))
    for index, target in enumerate(program.targets):
        if target in place:
            own[:, index] = columns[:, place[target]]
    return columns[:, program.edge_row], own


def _means(choice: Choice, measured: tuple[FloatArray, FloatArray]) -> dict[str, float]:
    solved = choice.edges == SUPERVISED
    by_edge, own = measured
    both = np.where(solved, own, by_edge[:, np.where(solved, 0, choice.edges)])
    return {
        "objective": choice.value,
        "spent": choice.cost,
        "gain": _mean(both[0]),
        "quality": _mean(both[1]),
        "gain_transferred": _mean(both[0, ~solved]),
        "quality_transferred": _mean(both[1, ~solved]),
    }


def _mean(values: FloatArray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def _greedy(transfers: Transfers, problem: Problem, program: Program) -> Taxonomy:
    choice = greedy_choice(program)
    if choice is None:
        failed = Solution("unknown", program, reason="greedy additions leave a target unsolved")
        return taxonomy_from_solution(transfers, problem, failed)
    return taxonomy_from_solution(transfers, problem, Solution("feasible", program, choice))


def _best_single(transfers: Transfers, problem: Problem, program: Program) -> Taxonomy:
    choice = best_single_choice(program)
    if isinstance(choice, str):
        failed = Solution("unknown", program, reason=choice)
        return taxonomy_from_solution(transfers, problem, failed)
    return taxonomy_from_solution(transfers, problem, Solution("feasible", program, choice))


def best_single_choice(program: Program) -> Choice | str:
    """Supervise every target's best single source, whatever that costs, and all required tasks.

    A supervised target is then solved by its own network, as in every other choice, and no
    transfer is paid for it; with ``may_transfer`` it keeps its best single source where that is
    better. The other targets are solved by their best single source.

    Returns
    -------
    Choice or str
        Why there is none: some target has neither a first-order transfer nor its own network.
    """
    singles = np.flatnonzero(program.order == 1)
    # Without a limit each better transfer can be kept, so its cost decides nothing.
    unlimited = replace(
        program.keep(singles), budget=np.inf, transfer_cost=np.zeros(len(program.targets))
    )
    named, _ = best_edges(unlimited, ~program.banned)
    supervised = program.required.copy()
    supervised[unlimited.edge_sources[named[named != UNCOVERED], 0]] = True
    choice = choose(unlimited, supervised)
    if choice is None:
        unnamed = np.flatnonzero((named == UNCOVERED) & ~program.solved_by_own(supervised))
        return f'"{program.targets[unnamed[0]]}" has no transfer from a single source'
    moved = choice.edges != SUPERVISED
    edges = choice.edges.copy()
    edges[moved] = singles[choice.edges[moved]]
    cost = program.label_cost[supervised].sum() + program.transfer_cost[moved].sum()
    return replace(choice, edges=edges, cost=float(cost))


def random_band(
    transfers: Transfers,
    problem: Problem | None = None,
    *,
    budgets: Iterable[float],
    max_order: int,
    draws: int = 500,
    seed: int = 0,
    progress: Callable[[Sequence[float]], Iterable[float]] = iter,
    **settings: Any,
) -> pd.DataFrame:
    """Random feasible taxonomies at each budget: the band that a frontier must leave behind.

    Returns
    -------
    DataFrame
        ``budget``, the number ``random`` found there, and for ``gain`` and ``quality`` (means
        over all targets) the mean ``*_random`` and the 5th and 95th percentiles ``*_low, *_high``.
    """
    problem = make_problem(problem, {**settings, "max_order": max_order})  # type: ignore[typeddict-item]
    program = compile_program(transfers, problem)
    rows = []
    for budget in progress(sorted(set(budgets))):
        within = replace(program, budget=budget)
        drawn, _ = random_taxonomies(transfers, within, draws=draws, seed=seed)
        row: dict[str, float] = {"budget": budget, "random": len(drawn)}
        for measure in ("gain", "quality"):
            low, high = drawn[measure].quantile(np.array(BAND) / 100)
            row |= {f"{measure}_random": drawn[measure].mean(),
                    f"{measure}_low": low, f"{measure}_high": high}  # fmt: skip
        rows.append(row)
    return pd.DataFrame(rows)
