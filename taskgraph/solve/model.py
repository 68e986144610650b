"""The grouped formulation in PuLP: binaries on supervised tasks alone, strong linking rows.

For supervised sources y and edges x of a target t,

    maximise    sum_e v_e x_e + sum_t s_t z_t
    subject to  sum_{e -> t} x_e + z_t = 1                     for every target t
                sum_{e -> t, j in S_e} x_e <= y_j              for every target t and source j
                sum_j c_j y_j + sum_t k_t (1 - z_t) <= budget

where z_t = y_t is the target's own network (z_t <= y_t where a supervised target may keep a
transfer, and no z_t where supervision does not solve it). At most one edge of a target is
chosen, so one row a (target, source) implies both the paper's aggregated rows and the edge-wise
ones (Zamir et al., CVPR 2018, eq. 3). For binary y an optimal x is an extreme point that picks
the best usable edge, so x stays continuous; z needs to be binary only where its cost competes
with others for the budget.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pulp

from taskgraph.program import BoolArray, Program


@dataclass(frozen=True, eq=False)
class Model:
    """A PuLP problem and its variables; `value` is the program's objective as an expression."""

    problem: pulp.LpProblem
    supervised: list[pulp.LpVariable]
    edges: list[pulp.LpVariable]
    value: pulp.LpAffineExpression

    def solution(self) -> BoolArray:
        """(S,) array: which sources the solver's values supervise."""
        return np.array([(y.varValue or 0.0) > 0.5 for y in self.supervised], dtype=bool)

    def forbid(self, supervised: BoolArray) -> None:
        """Cut exactly this set of supervised sources off."""
        signs = np.where(supervised, -1.0, 1.0)
        terms = zip(self.supervised, signs.tolist(), strict=True)
        self._add(terms, pulp.LpConstraintGE, 1.0 - supervised.sum())

    def require_value(self, least: float) -> None:
        """Cut off every solution that is worth less."""
        constraint = pulp.LpConstraint(self.value.copy(), pulp.LpConstraintGE, rhs=least)
        self.problem.addConstraint(constraint)

    def _add(self, terms, sense: int, rhs: float) -> None:  # type: ignore[no-untyped-def]
        expression = pulp.LpAffineExpression(list(terms))
        self.problem.addConstraint(pulp.LpConstraint(expression, sense, rhs=float(rhs)))


def grouped_model(program: Program) -> Model:
    """Pose a program through PuLP; see the module's text for the formulation."""
    problem = pulp.LpProblem("taxonomy", pulp.LpMaximize)
    count, targets = len(program.sources), len(program.targets)
    supervised = [
        problem.add_variable(f"y{j}", int(need), 1, pulp.LpBinary)
        for j, need in enumerate(program.required)
    ]
    for variable, need in zip(supervised, program.required, strict=True):
        variable.lowBound = int(need)
    edges = [problem.add_variable(f"x{e}", 0, 1) for e in range(len(program.edge_value))]
    own = _own_variables(problem, program, supervised)
    terms = list(zip(edges, program.edge_value.tolist(), strict=True))
    worth: dict[pulp.LpVariable, float] = {}
    for target, variable in own.items():
        worth[variable] = worth.get(variable, 0.0) + float(program.self_value[target])
    value = pulp.LpAffineExpression([*terms, *worth.items()])
    model = Model(problem, supervised, edges, value)
    problem.setObjective(value)

    groups: list[list[tuple[pulp.LpVariable, float]]] = [[] for _ in range(targets)]
    links: dict[tuple[int, int], list[tuple[pulp.LpVariable, float]]] = {}
    places = zip(edges, program.edge_target.tolist(), program.edge_sources.tolist(), strict=True)
    for variable, target, sources in places:
        groups[target].append((variable, 1.0))
        for source in sources:
            if source < count:
                links.setdefault((target, source), []).append((variable, 1.0))
    for target, group in enumerate(groups):
        extra = [(own[target], 1.0)] if target in own else []
        model._add([*group, *extra], pulp.LpConstraintEQ, 1.0)
    for (_, source), group in links.items():
        model._add([*group, (supervised[source], -1.0)], pulp.LpConstraintLE, 0.0)
    _add_budget(model, program, own)
    return model


def _own_variables(
    problem: pulp.LpProblem, program: Program, supervised: list[pulp.LpVariable]
) -> dict[int, pulp.LpVariable]:
    """z_t by target: y_t itself, or a variable below it where a transfer may be kept."""
    own = {int(t): supervised[program.self_source[t]] for t in np.flatnonzero(program.self_source >= 0)}
    if not program.may_transfer:
        return own
    kept = {}
    for target, variable in own.items():
        category = pulp.LpBinary if program.transfer_cost[target] > 0 else pulp.LpContinuous
        kept[target] = problem.add_variable(f"z{target}", 0, 1, category)
        below = pulp.LpAffineExpression([(kept[target], 1.0), (variable, -1.0)])
        problem.addConstraint(pulp.LpConstraint(below, pulp.LpConstraintLE, rhs=0.0))
    return kept


def _add_budget(model: Model, program: Program, own: dict[int, pulp.LpVariable]) -> None:
    cost: dict[pulp.LpVariable, float] = dict(
        zip(model.supervised, program.label_cost.tolist(), strict=True)
    )
    for target, variable in own.items():
        cost[variable] = cost.get(variable, 0.0) - float(program.transfer_cost[target])
    room = program.budget + program.slack - float(program.transfer_cost.sum())
    model._add(cost.items(), pulp.LpConstraintLE, room)
