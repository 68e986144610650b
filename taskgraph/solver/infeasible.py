"""Why there is no taxonomy within the budget, and the least budget that would do."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pulp

from taskgraph.program import BoolArray, Program
from taskgraph.solver.backends import Backend
from taskgraph.solver.choice import Choice, choose
from taskgraph.solver.clock import Clock
from taskgraph.solver.model import grouped_model
from taskgraph.solver.presolve import presolve

MOST_SECONDS = 30.0
"""For the reasons alone; that there is no solution is proven before."""


@dataclass(frozen=True)
class Reason:
    """A sentence for the user, and the least budget that solves every target (None: no budget)."""

    text: str
    least_budget: float | None


def explain(program: Program, backend: Backend, clock: Clock | None = None) -> Reason:
    """Say which targets cannot be solved, and what would mend it."""
    hopeless = _unreached(program, ~program.banned)
    if hopeless:
        has = "have" if len(hopeless) > 1 else "has"
        return Reason(
            f"{_targets(hopeless)} cannot be supervised and {has} no transfer from the tasks and "
            f"orders that are allowed, whatever the budget; raise --max-order{_exclude(hopeless)}",
            None,
        )
    left = math.inf if clock is None or clock.left is None else clock.left
    clock = Clock(min(left, MOST_SECONDS))
    least = least_budget(program, backend, clock)
    within = f"no taxonomy within budget {program.budget:g}: "
    if least is None:
        passed = "the time limit passed before the least budget that solves every target was found"
        none = "the solver found no cover of all targets at any budget"
        return Reason(f"{within}{passed if clock.over else none}", None)
    shown = _rounded_up(least)
    advice = f"The least budget that solves every target is {shown} (try --budget {shown})"
    fixed = float(program.label_cost[program.required].sum())
    if fixed > program.budget + program.slack:
        return Reason(f"{within}the required tasks alone cost {fixed:g}. {advice}", least)
    unsolved = _unsolved(program, backend, clock)
    if not unsolved:
        return Reason(
            f"{within}the transfers to train leave too little for labels. {advice}", least
        )
    has = "have" if len(unsolved) > 1 else "has"
    return Reason(
        f"{within}{_targets(unsolved)} {has} no transfer from tasks that the budget can "
        f"supervise. {advice}{_exclude(unsolved)}",
        least,
    )


def _targets(names: list[str], most: int = 3) -> str:
    quoted = [f'"{name}"' for name in names[:most]]
    more = len(names) - len(quoted)
    text = ", ".join(quoted) + (f" and {more} more" if more else "")
    return f"target{'s' if len(names) > 1 else ''} {text}"


def _exclude(names: list[str], most: int = 3) -> str:
    if len(names) > most:
        return ""
    return f", or leave {'them' if len(names) > 1 else 'it'} out with --exclude {','.join(names)}"


def _rounded_up(value: float, digits: int = 6) -> str:
    """A number that is typed easily and, read back, is not below the value."""
    scale = 10**digits
    return f"{math.ceil(value * scale - 1e-3) / scale:.10g}"


def least_budget(program: Program, backend: Backend, clock: Clock) -> float | None:
    """The least label and transfer cost at which every target is solved; None if none is."""
    choice, proven = _cheapest(program, backend, clock.left)
    return choice.cost if choice is not None and proven else None


def affordable_cover(program: Program, backend: Backend, time_limit: float) -> BoolArray | None:
    """Sources that solve every target within the budget, if a short search finds any."""
    choice, _ = _cheapest(program, backend, time_limit)
    fits = choice is not None and choice.cost <= program.budget + program.slack
    return choice.supervised if choice is not None and fits else None


def _cheapest(
    program: Program, backend: Backend, time_limit: float | None
) -> tuple[Choice | None, bool]:
    """A cheap solution at any budget, and whether none is cheaper."""
    free = _counting(replace(program, budget=_everything(program)))
    model = grouped_model(free)
    model.problem.sense = pulp.LpMinimize
    model.problem.setObjective(model.cost)
    verdict = backend.run(model.problem, time_limit=time_limit)
    if verdict.status not in ("optimal", "feasible"):
        return None, False
    return choose(free, model.solution()), verdict.status == "optimal"


def _unsolved(program: Program, backend: Backend, clock: Clock) -> list[str]:
    """Targets that stay unsolved where as many as possible are solved within the budget."""
    counting = _counting(program)
    model = grouped_model(counting, partial=True)
    if backend.run(model.problem, time_limit=clock.left).status != "optimal":
        return []
    return _unreached(counting, model.solution())


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


def _unreached(program: Program, supervised: BoolArray) -> list[str]:
    """Targets that a set of sources leaves without a transfer and without their own network."""
    usable = np.append(supervised, True)[program.edge_sources].all(axis=1)
    solved = program.solved_by_own(supervised)
    solved[program.edge_target[usable]] = True
    return [name for name, done in zip(program.targets, solved, strict=True) if not done]
