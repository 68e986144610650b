"""The program as a mixed-integer model in PuLP: binary variables for supervised sources only.

For supervised sources y and edges x of a target t,

    maximize    sum_e v_e x_e + sum_t s_t z_t
    subject to  sum_{e -> t} x_e + z_t = 1                     for every target t
                sum_{e -> t, j in S_e} x_e <= y_j              for every target t and source j
                sum_j c_j y_j + sum_t k_t (1 - z_t) <= budget
                sum_{j in C} y_j <= 1                          for every set C of conflicts

where z_t stands for the target's own network: z_t = y_t; or z_t <= y_t where a supervised target
may keep a transfer; and there is no z_t where supervision does not solve the target. At most one
edge of a target is chosen. So one row for each pair of a target and a source implies both the
paper's aggregated rows and the rows of single edges (Zamir et al., CVPR 2018, eq. 3). For binary
y, the best usable edge of each target is an optimal x, so x can stay continuous. z must be binary
only where its cost competes with others for the budget.

Costs are shares of the remaining budget (see `scale`). The budget row allows `MARGIN` more, so
that the tolerances of a solver cut off no set that is exactly affordable. So the model may admit
a set that is not affordable: every solution is evaluated exactly, and cut off if its exact value
is lower than the model's.
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
"""What the budget row allows beyond the budget, as a share of the remaining budget."""

SECONDS_PER_EDGE = 1e-4
"""Typical time to build one edge of a model in PuLP."""

Variable: TypeAlias = Any  # pulp.LpVariable, which is untyped


@dataclass(frozen=True, eq=False)
class Model:
    """A PuLP problem, its variables, and the program's objective value and cost as expressions."""

    lp: pulp.LpProblem
    supervised: list[Variable]
    edges: list[Variable]
    value: pulp.LpAffineExpression
    cost: pulp.LpAffineExpression

    def solution(self) -> Booleans:
        """Return which sources the solver's solution supervises, (S,) bools."""
        return np.array([(y.varValue or 0.0) > 0.5 for y in self.supervised], dtype=bool)

    def forbid(self, supervised: Booleans) -> None:
        """Cut off exactly this set of supervised sources."""
        signs = np.where(supervised, -1.0, 1.0)
        terms = zip(self.supervised, signs.tolist(), strict=True)
        _add(self.lp, terms, pulp.LpConstraintGE, 1.0 - supervised.sum())

    def forbid_supersets(self, supervised: Booleans) -> None:
        """Cut off every set that contains all of these sources."""
        terms = [(y, 1.0) for y, inside in zip(self.supervised, supervised, strict=True) if inside]
        if not terms:
            terms = [(self.supervised[0], 0.0)]
        _add(self.lp, terms, pulp.LpConstraintLE, len(terms) - 1.0)

    def count(self) -> pulp.LpAffineExpression:
        """Return the number of supervised sources as an expression."""
        return pulp.LpAffineExpression([(y, 1.0) for y in self.supervised])

    def limit_count(self, most: float) -> None:
        """Cut off every solution that supervises more than ``most`` sources."""
        _add(self.lp, self.count().items(), pulp.LpConstraintLE, most)

    def require_value(self, least: float) -> None:
        """Cut off every solution whose objective value is below ``least``."""
        constraint = pulp.LpConstraint(self.value.copy(), pulp.LpConstraintGE, rhs=least)
        self.lp.addConstraint(constraint)


@dataclass(frozen=True, eq=False)
class ModelBlock:
    """The variables of a program's edges in a model, its value and its cost as expressions."""

    edges: list[Variable]
    value: pulp.LpAffineExpression
    cost: pulp.LpAffineExpression


def grouped_model(program: Program, clock: Clock | None = None) -> Model:
    """Build the model of a program in PuLP; the module's docstring has the formulation.

    Raises
    ------
    OutOfTime
        If too little time is left to build the model.
    """
    clock = clock or Clock()
    if clock.left is not None and clock.left < building_seconds(program):
        raise OutOfTime
    lp = pulp.LpProblem("taxonomy", pulp.LpMaximize)
    supervised = source_variables(lp, program)
    block = add_block(lp, program, supervised, clock)
    lp.setObjective(block.value)
    return Model(lp, supervised, block.edges, block.value, block.cost)


def source_variables(lp: pulp.LpProblem, program: Program) -> list[Variable]:
    """Add a binary variable for each source, which says whether it is supervised."""
    return [
        lp.add_variable(f"y{j}", int(need), int(not banned), pulp.LpInteger)
        for j, (need, banned) in enumerate(zip(program.required, program.banned, strict=True))
    ]


def add_block(
    lp: pulp.LpProblem,
    program: Program,
    supervised: list[Variable],
    clock: Clock,
    *,
    prefix: str = "",
) -> ModelBlock:
    """Add the transfers of a program and its rows, the budget's among them, to a model.

    ``prefix`` keeps the names of several programs with the same ``supervised`` variables apart.

    Raises
    ------
    OutOfTime
        If the clock is over.
    """
    count = len(program.edge_value)
    edges = [lp.add_variable(f"{prefix}x{e}", 0, 1) for e in range(count)]
    own = _own_variables(lp, program, supervised, prefix)
    coefficients: dict[Variable, float] = dict(zip(edges, program.edge_value.tolist(), strict=True))
    for target, variable in own.items():
        coefficients[variable] = coefficients.get(variable, 0.0) + float(program.self_value[target])
    value = pulp.LpAffineExpression(coefficients)
    _add_targets(lp, program, edges, own)
    _add_links(lp, program, edges, supervised, clock)
    shares = with_costs_as_shares(program)
    for conflict in program.conflicts:
        _add(lp, [(supervised[j], 1.0) for j in conflict], pulp.LpConstraintLE, 1.0)
    cost = _cost(shares, supervised, own)
    _add(lp, cost.items(), pulp.LpConstraintLE, shares.budget + MARGIN - cost.constant)
    return ModelBlock(edges, value, cost)


def building_seconds(program: Program) -> float:
    """Estimate the seconds that it takes to build the model of a program."""
    return SECONDS_PER_EDGE * len(program.edge_value)


def _add(
    lp: pulp.LpProblem, terms: Iterable[tuple[Variable, float]], sense: int, rhs: float
) -> None:
    expression = pulp.LpAffineExpression(list(terms))
    lp.addConstraint(pulp.LpConstraint(expression, sense, rhs=float(rhs)))


def _own_variables(
    lp: pulp.LpProblem, program: Program, supervised: list[Variable], prefix: str
) -> dict[int, Variable]:
    """Return z_t by target: y_t itself, or a variable below it where a transfer may be kept."""
    solved = np.flatnonzero(program.self_source >= 0).tolist()
    own = {target: supervised[program.self_source[target]] for target in solved}
    if not program.may_transfer:
        return own
    kept = {}
    for target, variable in own.items():
        category = pulp.LpInteger if program.transfer_cost[target] > 0 else pulp.LpContinuous
        kept[target] = lp.add_variable(f"{prefix}z{target}", 0, 1, category)
        _add(lp, [(kept[target], 1.0), (variable, -1.0)], pulp.LpConstraintLE, 0.0)
    return kept


def _add_targets(
    lp: pulp.LpProblem,
    program: Program,
    edges: list[Variable],
    own: dict[int, Variable],
) -> None:
    """Add a row for each target: it is solved once, by its own network or by one transfer."""
    groups: list[list[tuple[Variable, float]]] = [
        [(own[target], 1.0)] if target in own else [] for target in range(len(program.targets))
    ]
    for variable, target in zip(edges, program.edge_target.tolist(), strict=True):
        groups[target].append((variable, 1.0))
    for group in groups:
        _add(lp, group, pulp.LpConstraintEQ, 1.0)


def _add_links(
    lp: pulp.LpProblem,
    program: Program,
    edges: list[Variable],
    supervised: list[Variable],
    clock: Clock,
) -> None:
    """Add a row for each target and source: transfers that use the source need its supervision."""
    links: dict[tuple[int, int], list[tuple[Variable, float]]] = {}
    edge, place = np.nonzero(program.edge_sources < len(program.sources))
    target, source = program.edge_target[edge], program.edge_sources[edge, place]
    for e, t, j in zip(edge.tolist(), target.tolist(), source.tolist(), strict=True):
        links.setdefault((t, j), []).append((edges[e], 1.0))
    for (_, j), group in links.items():
        clock.check()
        _add(lp, [*group, (supervised[j], -1.0)], pulp.LpConstraintLE, 0.0)


def _cost(
    program: Program, supervised: list[Variable], own: dict[int, Variable]
) -> pulp.LpAffineExpression:
    """Label costs, and the transfer costs of targets that their own network does not solve."""
    cost = dict(zip(supervised, program.label_cost.tolist(), strict=True))
    for target, variable in own.items():
        cost[variable] = cost.get(variable, 0.0) - float(program.transfer_cost[target])
    return pulp.LpAffineExpression(cost, constant=float(program.transfer_cost.sum()))
