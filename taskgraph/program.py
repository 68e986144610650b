"""The boolean program as arrays: sources, targets, edges, their values and their costs."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from taskgraph.arrays import Booleans, Floats, Integers
from taskgraph.errors import InvalidProblemError, InvalidTableError
from taskgraph.nesting import Nesting
from taskgraph.problem import OBJECTIVES, Problem
from taskgraph.problem.costs import Costs, exact_costs
from taskgraph.tasks import some_names
from taskgraph.transfers import Transfers

TOLERANCE = 1e-9
"""Relative difference below which two objective values are equal."""

MOST_KEPT = 8
"""Most lists of edges, for different roles and orders, that are kept with a table."""


@dataclass(frozen=True, eq=False)
class Program:
    """Maximize the total value of the targets within a budget.

    Each target is solved by its own network or by one edge (a transfer). There are S sources, T
    targets and E edges of at most K sources. Edges are sorted by target, then order, then names;
    of equal edges, the first one is reported.

    Attributes
    ----------
    sources, targets : names, sorted
    label_cost : (S,) floats, at least 0
    transfer_cost : (T,) floats, at least 0
    budget : float
    required, banned : (S,) bools
        Sources that must, and that must not, be supervised.
    self_source : (T,) ints
        Index of the target among the sources; -1 where supervision does not solve it (for a
        target-only task, or if ``self`` was not measured).
    self_value : (T,) floats
        Value of the target's own network: importance times the transformed measurement. 0 where
        ``self_source`` is -1.
    edge_target : (E,) ints, ascending
    edge_sources : (E, K) ints
        Sources of an edge, padded with S.
    edge_value : (E,) floats
        Value of the edge: importance times the transformed measurement; larger is better.
    edge_row : (E,) ints
        Row of the edge in the table of transfers.
    may_transfer : bool
        Whether a supervised target may keep a transfer instead of its own network.
    conflicts : tuples of ints
        Sets of sources of which at most one may be supervised.
    nesting : Nesting or None
        Pairs of rows of the table of which the first has all sources of the second, if known.
    """

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    label_cost: Floats
    transfer_cost: Floats
    budget: float
    required: Booleans
    banned: Booleans
    self_source: Integers
    self_value: Floats
    edge_target: Integers
    edge_sources: Integers
    edge_value: Floats
    edge_row: Integers
    may_transfer: bool = False
    conflicts: tuple[tuple[int, ...], ...] = ()
    nesting: Nesting | None = None

    @property
    def order(self) -> Integers:
        """Return the number of sources of each edge, (E,)."""
        count: Integers = (self.edge_sources < len(self.sources)).sum(axis=1)
        return count

    @property
    def has_upgrades(self) -> bool:
        """Return whether a supervised target that keeps a transfer spends budget on it."""
        return self.may_transfer and bool((self.transfer_cost[self.self_source >= 0] > 0).any())

    @cached_property
    def costs(self) -> Costs:
        """Label costs, transfer costs and budget as whole numbers, for exact comparisons."""
        return exact_costs(self.label_cost.tolist(), self.transfer_cost.tolist(), self.budget)

    @cached_property
    def price(self) -> Integers:
        """Return the label cost minus the cost of the transfer that it saves, (S,) integers.

        In the unit of `costs`; may be negative. Exact if ``may_transfer`` is off.
        """
        price = self.costs.label.copy()
        owned = self.self_source >= 0
        price[self.self_source[owned]] -= self.costs.transfer[owned]
        return price

    @cached_property
    def room(self) -> int:
        """Return the largest sum of prices: the budget minus the transfer costs of all targets."""
        return self.costs.budget - int(self.costs.transfer.sum())

    def units_spent(self, supervised: Booleans, own: Booleans) -> int:
        """Return the cost of a choice: label costs, and transfers to targets not in ``own``."""
        return int(self.costs.label[supervised].sum() + self.costs.transfer[~own].sum())

    def fitting(self, supervised: Booleans) -> Booleans:
        """Return which single sources can be added to a set within the budget, (S,) bools.

        A source that saves more than it costs can always be added.
        """
        left = max(0, self.room - int(self.price[supervised].sum()))
        return ~supervised & ~self.banned & (self.price <= left)

    def solved_by_own(self, supervised: Booleans) -> Booleans:
        """Return which targets their own supervised network solves, (T,) bools."""
        solved: Booleans = np.append(supervised, False)[self.self_source]  # -1 is the last
        return solved

    def in_conflict(self, supervised: Booleans) -> bool:
        """Return whether a set holds two sources that exclude each other."""
        return any(supervised[list(sources)].sum() > 1 for sources in self.conflicts)

    def with_edges(self, edges: Booleans | Integers) -> Program:
        """Return the same program with only these edges, and no column of padding alone."""
        members = self.edge_sources[edges]
        width = max(1, int((members < len(self.sources)).any(axis=0).sum()))
        return replace(
            self,
            edge_target=self.edge_target[edges],
            edge_sources=members[:, :width],
            edge_value=self.edge_value[edges],
            edge_row=self.edge_row[edges],
        )


def compile_program(
    transfers: Transfers, problem: Problem, *, affinity: Floats | None = None
) -> Program:
    """Return a table and a problem as a program.

    What depends on the sets of sources alone is kept with the table, for further problems.

    Parameters
    ----------
    affinity : (rows,) floats, optional
        Affinities in place of those of the table, such as a resample.

    Raises
    ------
    InvalidTableError
        If ``transfers`` is no `Transfers`.
    UnknownTaskError
        If the problem names a task that the table does not have.
    InvalidProblemError
        If no target is left, or the objective needs a column that the table lacks.
    """
    if not isinstance(transfers, Transfers):
        kind = type(transfers).__name__
        raise InvalidTableError(
            f"the table is a {kind}, expected Transfers; read a file with "
            "`tg.read_transfers(path)`, or wrap a DataFrame as `tg.Transfers(frame)`"
        )
    problem.check_names(transfers)
    unused = {*problem.exclude, *problem.source_only}
    targets = tuple(t for t in transfers.targets if t not in unused)
    barred = {*problem.exclude, *problem.target_only}
    sources = tuple(t for t in transfers.tasks if t not in barred)
    if not targets:
        raise InvalidProblemError(
            "no target is left to solve; give fewer tasks the roles source-only and unused, with "
            "--source-only and --exclude or in the problem file"
        )
    value = transformed_measurements(transfers, problem, affinity)
    _check_measured(transfers, problem, targets, value)
    importance = np.array([problem.importance.get(t, 1.0) for t in targets])
    self_source, self_value = _own_networks(transfers, targets, sources, value, affinity)
    edges = _edges(transfers, problem.max_order, targets, sources)
    measured = ~np.isnan(value[edges[2]])
    if not measured.all():
        edges = (edges[0][measured], edges[1][measured], edges[2][measured])
    edge_value = value[edges[2]] * importance[edges[0]]
    label_cost = np.array([problem.label_cost_of(s) for s in sources])
    _check_sums(
        [*label_cost.tolist(), *problem.transfer_cost.values()], edge_value, self_value * importance
    )
    return Program(
        sources=sources,
        targets=targets,
        label_cost=label_cost,
        transfer_cost=np.array([problem.transfer_cost.get(t, 0.0) for t in targets]),
        budget=problem.budget,
        required=np.array([s in problem.require for s in sources], dtype=bool),
        banned=np.zeros(len(sources), dtype=bool),
        self_source=self_source,
        self_value=self_value * importance,
        edge_target=edges[0],
        edge_sources=edges[1],
        edge_value=edge_value,
        edge_row=edges[2],
        may_transfer=problem.supervised_may_transfer,
        nesting=transfers.nesting(problem.max_order),
    )


def _check_sums(costs: list[float], *values: Floats) -> None:
    """Raise if costs or values add up to more than a float can hold."""
    with np.errstate(over="ignore"):
        spent = float(np.sum(costs)) if costs else 0.0
        worth = float(np.abs(np.concatenate(values)).sum())
    for number, flags in ((spent, "--label-cost and --transfer-cost"), (worth, "--importance")):
        if not math.isfinite(number):
            raise InvalidProblemError(
                f"the numbers of {flags} add up to more than {sys.float_info.max:.2g}, the "
                "largest float; give them in a larger unit"
            )


def transformed_measurements(
    transfers: Transfers, problem: Problem, affinity: Floats | None = None
) -> Floats:
    """Return the transformed measurement of each row, (rows,); NaN where it was not measured.

    ``affinity`` replaces the affinities of the table.
    """
    objective = OBJECTIVES[problem.objective]
    if objective.column not in transfers.frame.columns:
        made = "; `taskgraph affinity` makes it of " + objective.needs if objective.needs else ""
        raise InvalidProblemError(
            f'the objective "{problem.objective}" needs the column "{objective.column}", which '
            f"the table does not have{made}; try --objective sqrt"
        )
    replaced = affinity is not None and objective.column == "affinity"
    column = affinity if replaced else transfers.frame[objective.column].to_numpy(dtype=float)
    assert column is not None
    return objective.transform(column)


def _check_measured(
    transfers: Transfers, problem: Problem, targets: tuple[str, ...], value: Floats
) -> None:
    """Raise if an objective that needs more than one row of a target has no value there."""
    objective = OBJECTIVES[problem.objective]
    if not objective.needs:
        return
    known = set(transfers.frame["target"][~np.isnan(value)])
    lacking = [name for name in targets if name not in known]
    if lacking:
        raise InvalidProblemError(
            f'the objective "{problem.objective}" needs {objective.needs}, which these targets '
            f"lack: {some_names(lacking)}; measure them, leave the targets out with --source-only, "
            "or try --objective sqrt"
        )


def _own_networks(
    transfers: Transfers,
    targets: tuple[str, ...],
    sources: tuple[str, ...],
    value: Floats,
    affinity: Floats | None,
) -> tuple[Integers, Floats]:
    """Return ``self_source`` and the values of `Program`, without importance."""
    if affinity is None:
        affinity = transfers.frame["affinity"].to_numpy(dtype=float)
    row = transfers.own_row[places_of(targets, transfers.tasks)]
    source = places_of(targets, sources)
    solved = (row >= 0) & ~np.isnan(affinity[row]) & ~np.isnan(value[row]) & (source >= 0)
    return np.where(solved, source, -1), np.where(solved, value[row], 0.0)


def _edges(
    transfers: Transfers, max_order: int, targets: tuple[str, ...], sources: tuple[str, ...]
) -> tuple[Integers, Integers, Integers]:
    """Return targets, padded sources and table rows of the edges, sorted as in `Program`.

    They are kept with the table, as they do not depend on its numbers.
    """
    key = (max_order, targets, sources)
    if key not in transfers.kept_edges:
        if len(transfers.kept_edges) >= MOST_KEPT:
            transfers.kept_edges.clear()
        transfers.kept_edges[key] = _sorted_edges(transfers, max_order, targets, sources)
    return transfers.kept_edges[key]


def _sorted_edges(
    transfers: Transfers, max_order: int, targets: tuple[str, ...], sources: tuple[str, ...]
) -> tuple[Integers, Integers, Integers]:
    """Return targets, padded sources and table rows of the edges; see `_edges`."""
    count = len(sources)
    rows = np.flatnonzero(transfers.is_edge & (transfers.order <= max_order))
    width = int(transfers.order[rows].max(initial=1))
    place = np.append(places_of(transfers.tasks, sources), [count, -1])  # padding; -1: no task
    padded = place[transfers.members[rows, :width]]
    target = places_of(transfers.tasks, targets)[transfers.target_place[rows]]
    known = (target >= 0) & (padded >= 0).all(axis=1)
    target, padded, rows = target[known], np.sort(padded[known], axis=1), rows[known]
    size = (padded < count).sum(axis=1)
    order = np.lexsort((*padded.T[::-1], size, target))
    return target[order], padded[order], rows[order]


def places_of(names: tuple[str, ...], among: tuple[str, ...]) -> Integers:
    """Return the place of each name among others, (names,); -1 for one that is not among them."""
    place = {name: number for number, name in enumerate(among)}
    return np.array([place.get(name, -1) for name in names], dtype=np.int64)
