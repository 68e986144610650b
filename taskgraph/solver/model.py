"""The grouped formulation in PuLP: binaries on supervised tasks alone, strong linking rows.

For supervised sources y and edges x of a target t,

    maximize    sum_e v_e x_e + sum_t s_t z_t
    subject to  sum_{e -> t} x_e + z_t = 1                     for every target t
                sum_{e -> t, j in S_e} x_e <= y_j              for every target t and source j
                sum_j c_j y_j + sum_t k_t (1 - z_t) <= budget

where z_t = y_t is the target's own network (z_t <= y_t where a supervised target may keep a
transfer, and no z_t where supervision does not solve it). At most one edge of a target is
chosen, so one row a (target, source) implies both the paper's aggregated rows and the edge-wise
ones (Zamir et al., CVPR 2018, eq. 3). For binary y an optimal x is an extreme point that picks
the best usable edge, so x stays continuous; z needs to be binary only where its cost competes
with others for the budget.

Costs are shares of what is left of the budget (`scale`), and the budget row is `MARGIN` wide: a
solver's tolerances cut off no set that is exactly affordable. It may admit a set that is not, so
every set that comes back is evaluated exactly, and cut off if it is worth less than it seemed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pulp

from taskgraph.arrays import Booleans
from taskgraph.program import Program
from taskgraph.solver.clock import Clock, OutOfTime
from taskgraph.solver.scale import with_costs_as_shares

MARGIN = 1e-6
"""What the budget row allows above the budget, as a share of what is left of it."""

POSING = 1e-4
"""Seconds that it takes to pose one edge through PuLP."""

Variable: TypeAlias = Any  # pulp.LpVariable, which is untyped


@dataclass(frozen=True, eq=False)
class Model:
    """A PuLP problem and its variables; `value` is the program's objective as an expression."""

    problem: pulp.LpProblem
    supervised: list[Variable]
    edges: list[Variable]
    value: pulp.LpAffineExpression
    cost: pulp.LpAffineExpression

    def solution(self) -> Booleans:
        """(S,) array: which sources the solver's values supervise."""
        return np.array([(y.varValue or 0.0) > 0.5 for y in self.supervised], dtype=bool)

    def forbid(self, supervised: Booleans) -> None:
        """Cut exactly this set of supervised sources off."""
        signs = np.where(supervised, -1.0, 1.0)
        terms = zip(self.supervised, signs.tolist(), strict=True)
        _add(self.problem, terms, pulp.LpConstraintGE, 1.0 - supervised.sum())

    def forbid_supersets(self, supervised: Booleans) -> None:
        """Cut off every set that holds all of these sources."""
        terms = [(y, 1.0) for y, inside in zip(self.supervised, supervised, strict=True) if inside]
        if not terms:
            terms = [(self.supervised[0], 0.0)]
        _add(self.problem, terms, pulp.LpConstraintLE, len(terms) - 1.0)

    def count(self) -> pulp.LpAffineExpression:
        """Number of supervised sources."""
        return pulp.LpAffineExpression([(y, 1.0) for y in self.supervised])

    def require_count(self, most: float) -> None:
        """Cut off every solution that supervises more sources."""
        _add(self.problem, self.count().items(), pulp.LpConstraintLE, most)

    def require_value(self, least: float) -> None:
        """Cut off every solution that is worth less."""
        constraint = pulp.LpConstraint(self.value.copy(), pulp.LpConstraintGE, rhs=least)
        self.problem.addConstraint(constraint)


def grouped_model(program: Program, clock: Clock | None = None, *, partial: bool = False) -> Model:
    """Pose a program through PuLP; see the module's text for the formulation.

    With ``partial`` a target may stay unsolved, worth 0.

    Raises
    ------
    OutOfTime
        If the clock leaves too little time to pose the model.
    """
    clock = clock or Clock()
    if clock.left is not None and clock.left < posing_seconds(program):
        raise OutOfTime
    problem = pulp.LpProblem("taxonomy", pulp.LpMaximize)
    supervised = [
        problem.add_variable(f"y{j}", int(need), int(not banned), pulp.LpInteger)
        for j, (need, banned) in enumerate(zip(program.required, program.banned, strict=True))
    ]
    edges = [problem.add_variable(f"x{e}", 0, 1) for e in range(len(program.edge_value))]
    own = _own_variables(problem, program, supervised)
    worth: dict[Variable, float] = dict(zip(edges, program.edge_value.tolist(), strict=True))
    for target, variable in own.items():
        worth[variable] = worth.get(variable, 0.0) + float(program.self_value[target])
    value = pulp.LpAffineExpression(worth)
    problem.setObjective(value)
    _add_targets(problem, program, edges, own, partial)
    _add_links(problem, program, edges, supervised, clock)
    shares = with_costs_as_shares(program)
    cost = _cost(shares, supervised, own)
    _add(problem, cost.items(), pulp.LpConstraintLE, shares.budget + MARGIN - cost.constant)
    return Model(problem, supervised, edges, value, cost)


def posing_seconds(program: Program) -> float:
    """About how long it takes to pose a program through PuLP."""
    return POSING * len(program.edge_value)


def _add(
    problem: pulp.LpProblem, terms: Iterable[tuple[Variable, float]], sense: int, rhs: float
) -> None:
    expression = pulp.LpAffineExpression(list(terms))
    problem.addConstraint(pulp.LpConstraint(expression, sense, rhs=float(rhs)))


def _own_variables(
    problem: pulp.LpProblem, program: Program, supervised: list[Variable]
) -> dict[int, Variable]:
    """z_t by target: y_t itself, or a variable below it where a transfer may be kept."""
    solved = np.flatnonzero(program.self_source >= 0).tolist()
    own = {target: supervised[program.self_source[target]] for target in solved}
    if not program.may_transfer:
        return own
    kept = {}
    for target, variable in own.items():
        category = pulp.LpInteger if program.transfer_cost[target] > 0 else pulp.LpContinuous
        kept[target] = problem.add_variable(f"z{target}", 0, 1, category)
        _add(problem, [(kept[target], 1.0), (variable, -1.0)], pulp.LpConstraintLE, 0.0)
    return kept


def _add_targets(
    problem: pulp.LpProblem,
    program: Program,
    edges: list[Variable],
    own: dict[int, Variable],
    partial: bool,
) -> None:
    """Each target is solved exactly once, by its own network or by one transfer."""
    groups: list[list[tuple[Variable, float]]] = [
        [(own[target], 1.0)] if target in own else [] for target in range(len(program.targets))
    ]
    for variable, target in zip(edges, program.edge_target.tolist(), strict=True):
        groups[target].append((variable, 1.0))
    sense = pulp.LpConstraintLE if partial else pulp.LpConstraintEQ
    for group in groups:
        _add(problem, group, sense, 1.0)


def _add_links(
    problem: pulp.LpProblem,
    program: Program,
    edges: list[Variable],
    supervised: list[Variable],
    clock: Clock,
) -> None:
    """The transfers to one target that use a source need that source supervised."""
    links: dict[tuple[int, int], list[tuple[Variable, float]]] = {}
    edge, place = np.nonzero(program.edge_sources < len(program.sources))
    target, source = program.edge_target[edge], program.edge_sources[edge, place]
    for e, t, j in zip(edge.tolist(), target.tolist(), source.tolist(), strict=True):
        links.setdefault((t, j), []).append((edges[e], 1.0))
    for (_, j), group in links.items():
        clock.check()
        _add(problem, [*group, (supervised[j], -1.0)], pulp.LpConstraintLE, 0.0)


def _cost(
    program: Program, supervised: list[Variable], own: dict[int, Variable]
) -> pulp.LpAffineExpression:
    """Label costs, and the transfer cost of every target that its own network does not solve."""
    cost = dict(zip(supervised, program.label_cost.tolist(), strict=True))
    for target, variable in own.items():
        cost[variable] = cost.get(variable, 0.0) - float(program.transfer_cost[target])
    return pulp.LpAffineExpression(cost, constant=float(program.transfer_cost.sum()))
