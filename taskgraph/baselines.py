"""How good is a taxonomy? Beside greedy, best single sources and random sets, at equal costs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Unpack

import numpy as np
import pandas as pd

from taskgraph.errors import InfeasibleError
from taskgraph.problem import Problem, Settings, make_problem
from taskgraph.program import Program, compile_program
from taskgraph.random_sets import COLUMNS, RandomSets, draw_random_sets, percentiles
from taskgraph.solver import find_solver, solve_program, taxonomy_from_solution
from taskgraph.solver.backends import Backend
from taskgraph.solver.choice import SUPERVISED, UNCOVERED, Choice, best_edges, choose
from taskgraph.solver.local import greedy_choice
from taskgraph.solver.search import Solution
from taskgraph.taxonomy import Taxonomy
from taskgraph.transfers import Transfers

SOLVED, GREEDY, SINGLE = "taxonomy", "greedy", "best single source"
RANDOM_BEST, RANDOM = "random set, best transfers", "random set, random transfers"
GREEDY_FAILED = "greedy additions leave a target unsolved within the budget"
ENDS = ("mean", "5th percentile", "95th percentile")


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Mean gain and quality of a taxonomy, and of what it must beat at an equal cost.

    In every one of them a supervised target is solved by its own network, and its transfer is not
    paid for; with ``supervised_may_transfer`` it keeps a transfer that is better.

    Parameters
    ----------
    taxonomy : Taxonomy
        The optimum.
    greedy : Taxonomy
        Sources added one by one, each the one that helps most, then the best transfers.
    best_single : Taxonomy
        Every target names its best single source, and all of these are supervised, whatever that
        costs (its ``spent`` says).
    random_best, random : DataFrame
        One row a random supervised set within the budget, the same sets in both, with the best
        transfers that it allows and with random ones: ``objective, spent`` and the measures of
        `to_frame`.
    draws : int
        How many sets were drawn to find those, as some leave a target without a transfer.
    at_cost : mapping of methods to Taxonomies
        The optimum within what a method spends (random sets: on average). The ``taxonomy`` itself
        where that is the optimum at this cost too.
    """

    taxonomy: Taxonomy
    greedy: Taxonomy
    best_single: Taxonomy
    random_best: pd.DataFrame
    random: pd.DataFrame
    draws: int
    at_cost: Mapping[str, Taxonomy]

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
        over those that a transfer solves; all are win rates in [0, 1], larger is better. The rows
        of random sets are their mean and the 5th and 95th percentiles of each column. A method
        that spends another amount than the taxonomy has the optimum at its cost in the next row.
        NaN: no such taxonomy was found, or no target has a value; `notes` says why.
        """
        rows = {name: summary(taxonomy) for name, taxonomy in self._named()}
        for name, drawn in ((RANDOM_BEST, self.random_best), (RANDOM, self.random)):
            if self.draws:
                columns = (drawn.mean(), *percentiles(drawn))
                rows |= {f"{name}, {end}": dict(of) for end, of in zip(ENDS, columns, strict=True)}
                rows |= {label: summary(best) for label, best in self._other_optimum(name)}
        return pd.DataFrame(rows).T.rename_axis("method").reset_index()

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on what the rows of `to_frame` do not say."""
        said = [
            f"{name}: none, as {taxonomy.reason}"
            for name, taxonomy in self._named()
            if not taxonomy.solved
        ]
        if self.best_single.solved and self.best_single.spent > self.taxonomy.budget:
            said.append(
                f"{SINGLE} spends {self.best_single.spent:g}, more than the budget of "
                f'{self.taxonomy.budget:g}; compare it with "{_at(SINGLE)}"'
            )
        if self.draws and len(self.random):
            said.append(
                f"{len(self.random)} random sets that solve every target, of {self.draws} drawn"
            )
        elif self.draws:
            said.append(f"none of {self.draws} random sets solves every target within the budget")
        return tuple(said)

    def to_dict(self, *, per_target: bool = False, seed: int | None = None) -> dict[str, Any]:
        """The content of the JSON; what was not measured or not found is None.

        ``methods`` are the rows of `to_frame`, or with ``per_target`` in their place ``targets``,
        each with its gain and quality under every method. ``taxonomy`` is that of `solve`.
        """
        if per_target:
            frame = self.per_target
            methods = frame.columns.get_level_values(0).unique()
            parts = {name: frame[name].to_dict(orient="index") for name in methods}
            rows = [
                {"target": target, **{name: _known(parts[name][target]) for name in methods}}
                for target in frame.index
            ]
        else:
            rows = [_known(row) for row in self.to_frame().to_dict(orient="records")]
        return {
            "draws": self.draws,
            "random_sets": len(self.random),
            "seed": seed,
            "notes": list(self.notes),
            "targets" if per_target else "methods": rows,
            "taxonomy": self.taxonomy.to_dict(),
        }

    def to_json(
        self, *, per_target: bool = False, seed: int | None = None, indent: int | None = 1
    ) -> str:
        """As ``taskgraph evaluate --json`` prints it."""
        content = self.to_dict(per_target=per_target, seed=seed)
        return json.dumps(content, indent=indent, allow_nan=False)

    def _named(self) -> list[tuple[str, Taxonomy]]:
        return [
            (SOLVED, self.taxonomy),
            (GREEDY, self.greedy),
            *self._other_optimum(GREEDY),
            (SINGLE, self.best_single),
            *self._other_optimum(SINGLE),
        ]

    def _other_optimum(self, method: str) -> Iterator[tuple[str, Taxonomy]]:
        """The optimum at a method's cost, unless that is the taxonomy."""
        found = self.at_cost.get(method, self.taxonomy)
        if found is not self.taxonomy:
            yield _at(method), found

    def __repr__(self) -> str:
        notes = "".join(f"\n({note})" for note in self.notes)
        return f"{self.to_frame().round(3).to_string(index=False)}{notes}"

    def _repr_html_(self) -> str:
        return str(self.to_frame().round(3).to_html(index=False))


def _known(row: Mapping[Any, Any]) -> dict[Any, Any]:
    return {key: None if pd.isna(value) else value for key, value in row.items()}


def _at(method: str) -> str:
    return f"{SOLVED} at the cost of {method}"


def evaluate(
    transfers: Transfers,
    problem: Problem | None = None,
    *,
    draws: int = 500,
    seed: int = 0,
    solver: str = "highs",
    **settings: Unpack[Settings],
) -> Evaluation:
    """Solve, and compare with greedy, best single sources and random supervised sets.

    A random set supervises sources in a random order, each if it still fits the budget; it is kept
    if every target has a transfer from it or its own network. It stands there twice: with the best
    transfers that it allows, and with transfers drawn evenly from those (the significance test of
    Zamir et al., CVPR 2018, Fig. 11). Draws go on until ``draws`` are found, or 20 times as many
    were tried.

    Raises
    ------
    InfeasibleError
        If the program has no solution, so that there is nothing to evaluate.
    """
    problem = make_problem(problem, settings, transfers)
    backend = find_solver(solver)
    program = compile_program(transfers, problem)
    best = solve_program(program, backend)
    if best.choice is None:
        raise InfeasibleError(f"there is no taxonomy to evaluate: {best.reason}")
    taxonomy = taxonomy_from_solution(transfers, problem, best)
    greedy = _greedy(transfers, problem, program)
    single = _best_single(transfers, problem, program)
    sets = draw_random_sets(transfers, program, draws=draws, seed=seed)
    costs = _costs(greedy, single, sets)
    # Methods often spend the same, which is solved for once.
    optima = {
        cost: optimum_at(cost, transfers, problem, program, taxonomy, backend)
        for cost in set(costs.values())
    }
    return Evaluation(
        taxonomy=taxonomy,
        greedy=greedy,
        best_single=single,
        random_best=sets.best,
        random=sets.random,
        draws=sets.tried,
        at_cost={method: optima[cost] for method, cost in costs.items()},
    )


def _costs(greedy: Taxonomy, single: Taxonomy, sets: RandomSets) -> dict[str, float]:
    """What each method spends, if it found anything."""
    costs = {
        name: taxonomy.spent
        for name, taxonomy in ((GREEDY, greedy), (SINGLE, single))
        if taxonomy.solved
    }
    for name, drawn in ((RANDOM_BEST, sets.best), (RANDOM, sets.random)):
        if len(drawn):
            costs[name] = float(drawn["spent"].mean())
    return costs


def optimum_at(
    cost: float,
    transfers: Transfers,
    problem: Problem,
    program: Program,
    taxonomy: Taxonomy,
    backend: Backend,
) -> Taxonomy:
    """The optimum within ``cost``: ``taxonomy`` itself if this is it, as its budget is no less."""
    if taxonomy.status == "optimal" and taxonomy.spent <= cost <= program.budget:
        return taxonomy
    found = solve_program(replace(program, budget=cost), backend)
    return taxonomy_from_solution(transfers, replace(problem, budget=cost), found)


def summary(taxonomy: Taxonomy) -> dict[str, float]:
    """Objective, spending, and mean gain and quality over all and over transferred targets."""
    if not taxonomy.solved:
        return dict.fromkeys(COLUMNS, np.nan)
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


def _greedy(transfers: Transfers, problem: Problem, program: Program) -> Taxonomy:
    choice = greedy_choice(program)
    if choice is None:
        failed = Solution("unknown", program, reason=GREEDY_FAILED)
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
        program.keep(singles),
        budget=float(program.label_cost.sum()),
        transfer_cost=np.zeros(len(program.targets)),
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
    spent = program.costs.amount(program.units_spent(supervised, ~moved))
    return replace(choice, edges=edges, cost=spent)
