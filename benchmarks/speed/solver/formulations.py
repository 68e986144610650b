"""The paper's formulation of the program, as a model for PuLP."""

from __future__ import annotations

import numpy as np
import pulp

from taskgraph.program import Program
from taskgraph.solver.model import Model


def paper_model(program: Program) -> Model:
    """Return the paper's model: one aggregated row an edge, every variable binary.

    Maximize p x subject to  |S_e| x_e <= sum_{j in S_e} y_j  for every edge e (constraint I),
    exactly one edge, or its own network, for every target (II), and the label costs within the
    budget (III): Zamir et al., CVPR 2018, eq. 3, with the budget on supervised tasks.
    """
    problem = pulp.LpProblem("paper", pulp.LpMaximize)
    supervised = [
        problem.add_variable(f"y{j}", cat=pulp.LpBinary) for j in range(len(program.sources))
    ]
    edges = [problem.add_variable(f"x{e}", cat=pulp.LpBinary) for e in range(len(program.order))]
    solved = np.flatnonzero(program.self_source >= 0).tolist()
    own = {target: supervised[program.self_source[target]] for target in solved}
    worth = dict(zip(edges, program.edge_value.tolist(), strict=True))
    worth |= {own[target]: float(program.self_value[target]) for target in solved}
    value = pulp.LpAffineExpression(worth)
    problem.setObjective(value)
    for edge, members in zip(edges, program.edge_sources.tolist(), strict=True):
        needed = [(supervised[j], -1.0) for j in members if j < len(supervised)]
        problem += pulp.LpAffineExpression([(edge, float(len(needed))), *needed]) <= 0
    groups = [[(own[t], 1.0)] if t in own else [] for t in range(len(program.targets))]
    for edge, target in zip(edges, program.edge_target.tolist(), strict=True):
        groups[target].append((edge, 1.0))
    for group in groups:
        problem += pulp.LpAffineExpression(group) == 1
    cost = pulp.LpAffineExpression(zip(supervised, program.label_cost.tolist(), strict=True))
    problem += cost <= program.budget
    return Model(problem, supervised, edges, value, cost)
