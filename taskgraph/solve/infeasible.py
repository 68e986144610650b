"""Why there is no taxonomy within the budget, and the least budget that would do."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pulp

from taskgraph.program import Program
from taskgraph.solve.backends import Backend
from taskgraph.solve.choice import choose
from taskgraph.solve.model import grouped_model
from taskgraph.solve.presolve import presolve


@dataclass(frozen=True)
class Reason:
    """A sentence for the user, and the least budget that solves every target (None: no budget)."""

    text: str
    least_budget: float | None


def explain(program: Program, backend: Backend) -> Reason:
    """Say which targets cannot be solved, and what would mend it."""
    hopeless = _without_any(program)
    if hopeless:
        return Reason(
            f"target{_s(hopeless)} {_quoted(hopeless)} cannot be supervised and "
            f"{'have' if len(hopeless) > 1 else 'has'} no transfer at any budget from the tasks "
            f"and orders that are allowed; raise --max-order, or leave {_it(hopeless)} out with "
            f"--exclude {','.join(hopeless)}",
            None,
        )
    least = least_budget(program, backend)
    within = f"no taxonomy within budget {program.budget:g}: "
    if least is None:
        return Reason(within + "the solver found no cover of all targets at any budget", None)
    advice = f"The least budget that solves every target is {least:g} (try --budget {least:g})"
    fixed = float(program.label_cost[program.required].sum())
    if fixed > program.budget + program.slack:
        return Reason(f"{within}the required tasks alone cost {fixed:g}. {advice}", least)
    unsolved = _unsolved(program, backend)
    if not unsolved:
        return Reason(f"{within}the transfer costs leave too little for labels. {advice}", least)
    return Reason(
        f"{within}target{_s(unsolved)} {_quoted(unsolved)} would stay without a transfer from the "
        f"tasks that it pays to supervise. {advice}, or leave {_it(unsolved)} out with "
        f"--exclude {','.join(unsolved)}",
        least,
    )


def least_budget(program: Program, backend: Backend) -> float | None:
    """The least label and transfer cost at which every target is solved; None if none is."""
    free = _counting(replace(program, budget=_everything(program)))
    model = grouped_model(free)
    model.problem.sense = pulp.LpMinimize
    model.problem.setObjective(model.cost)
    if backend.run(model.problem).status != "optimal":
        return None
    choice = choose(free, model.solution())
    return None if choice is None else choice.cost


def _unsolved(program: Program, backend: Backend) -> list[str]:
    """Targets that stay unsolved where as many as possible are solved within the budget."""
    counting = _counting(program)
    model = grouped_model(counting, partial=True)
    if backend.run(model.problem).status != "optimal":
        return []
    supervised = np.append(model.solution(), True)
    solved = np.zeros(len(program.targets), dtype=bool)
    solved[counting.edge_target[supervised[counting.edge_sources].all(axis=1)]] = True
    own = program.self_source
    solved |= (own >= 0) & supervised[own]
    return [name for name, done in zip(program.targets, solved, strict=True) if not done]


def _counting(program: Program) -> Program:
    """The program whose value is the number of solved targets, so that few edges matter."""
    return presolve(
        replace(
            program,
            edge_value=np.ones_like(program.edge_value),
            self_value=np.ones_like(program.self_value),
        )
    )


def _everything(program: Program) -> float:
    return float(program.label_cost.sum() + program.transfer_cost.sum())


def _without_any(program: Program) -> list[str]:
    allowed = np.append(~program.banned, True)
    usable = allowed[program.edge_sources].all(axis=1)
    reached = set(program.edge_target[usable].tolist())
    own = program.self_source
    alone = (own >= 0) & allowed[own]
    return [
        name for t, name in enumerate(program.targets) if t not in reached and not bool(alone[t])
    ]


def _quoted(names: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _s(names: list[str]) -> str:
    return "s" if len(names) > 1 else ""


def _it(names: list[str]) -> str:
    return "them" if len(names) > 1 else "it"
