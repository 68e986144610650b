"""Why there is no taxonomy within the budget, and the least budget that would do."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Context, Decimal
from fractions import Fraction

import numpy as np
import pulp

from taskgraph.arrays import Booleans, Integers
from taskgraph.costs import exact_costs
from taskgraph.program import Program
from taskgraph.solver.backends import Backend
from taskgraph.solver.choice import Choice, choose
from taskgraph.solver.clock import Clock, OutOfTime
from taskgraph.solver.model import grouped_model, posing_seconds
from taskgraph.solver.presolve import presolve, undominated

MOST_SECONDS = 30.0
"""For the reasons alone; that there is no solution is proven before."""

SHOWN_DIGITS = 10


@dataclass(frozen=True)
class Reason:
    """A sentence for the user, and the least budget that solves every target (None: no budget).

    ``affordable`` is a solution within the budget, where there is one after all: a solver's
    "infeasible" is not believed against exact arithmetic.
    """

    text: str
    least_budget: float | None
    affordable: Choice | None = None


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
    clock = clock or Clock()
    left = math.inf if clock.left is None else clock.left
    clock = Clock(min(left, MOST_SECONDS), stop=clock.stop)
    cheapest, proven = _cheapest(program, backend, clock)
    affordable = None if cheapest is None else choose(program, cheapest.supervised)
    if affordable is not None:
        return Reason("", None, affordable)
    within = f"no taxonomy within budget {program.budget:g}: "
    if cheapest is None or not proven:
        passed = "the time limit passed before the least budget that solves every target was found"
        none = "the solver found no cover of all targets at any budget"
        return Reason(f"{within}{passed if clock.over else none}", None)
    least = cheapest.cost
    shown = _shown(program, least)
    advice = f"The least budget that solves every target is {shown} (try --budget {shown})"
    fixed = int(program.costs.label[program.required].sum())
    if fixed > program.costs.budget:
        fixed_cost = program.costs.amount(fixed)
        return Reason(f"{within}the required tasks alone cost {fixed_cost:g}. {advice}", least)
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


def _shown(program: Program, budget: float) -> str:
    """A number of few digits that, typed as a budget, affords what ``budget`` does."""
    exact = Decimal(repr(budget))
    ceiling = Context(prec=SHOWN_DIGITS, rounding=ROUND_CEILING)
    # The noise of a computed cost, such as 0.30000000000000004, is not rounded up.
    for number in (Context(prec=15).plus(exact), exact):
        text = f"{float(ceiling.plus(number)):.{SHOWN_DIGITS}g}"
        if _units(program, float(text)) >= _units(program, budget):
            return text
    return repr(budget)


def _units(program: Program, budget: float) -> Fraction:
    """A budget as exact comparisons see it."""
    costs = exact_costs(program.label_cost.tolist(), program.transfer_cost.tolist(), budget)
    return costs.budget * Fraction(10) ** costs.exponent


def least_budget(program: Program, backend: Backend, clock: Clock) -> float | None:
    """The least label and transfer cost at which every target is solved; None if none is."""
    choice, proven = _cheapest(program, backend, clock)
    return choice.cost if choice is not None and proven else None


def affordable_cover(program: Program, backend: Backend, clock: Clock) -> Booleans | None:
    """Sources that solve every target within the budget, if a short search finds any."""
    cheapest, _ = _cheapest(program, backend, clock)
    if cheapest is None or choose(program, cheapest.supervised) is None:
        return None
    return cheapest.supervised


def _cheapest(program: Program, backend: Backend, clock: Clock) -> tuple[Choice | None, bool]:
    """A cheap solution at any budget, and whether none is cheaper.

    Costs may differ by many orders of magnitude. So the search is first bounded by what surely
    suffices, then by the cost of what it found: the solver's tolerance is relative to that.
    """
    if clock.left is not None and clock.left < posing_seconds(program):
        return None, False
    free = _counting(replace(program, budget=math.inf))
    enough, best, proven = _enough(free), None, False
    for _ in range(2):
        reduced = presolve(replace(free, budget=enough), clock)
        if reduced is None:
            break
        try:
            model = grouped_model(reduced, clock)
        except OutOfTime:
            break
        model.problem.sense = pulp.LpMinimize
        model.problem.setObjective(model.cost)
        verdict = backend.run(model.problem, clock)
        if verdict.status not in ("optimal", "feasible"):
            break
        found = choose(free, model.solution())
        if found is None or (best is not None and found.cost >= best.cost):
            break
        best, enough, proven = found, found.cost, verdict.status == "optimal"
    return best, proven


def _enough(program: Program) -> float:
    """A budget that solves every target, at most S + T times what is needed.

    What is paid in any case, and S + T times the smallest cost such that what costs more than
    that is not needed.
    """
    costs, ownable = program.costs, program.solved_by_own(~program.banned)
    paid = int(costs.label[program.required].sum() + costs.transfer[~ownable].sum())
    label = np.where(program.required, 0, costs.label)
    transfer = np.where(ownable, costs.transfer, 0)
    ladder = sorted({0, *label[~program.banned].tolist(), *transfer.tolist()})
    low, high = 0, len(ladder) - 1
    while low < high:
        middle = (low + high) // 2
        if _solvable(program, label, transfer, ladder[middle]):
            high = middle
        else:
            low = middle + 1
    count = len(program.sources) + len(program.targets)
    return costs.amount(paid + count * ladder[low])


def _solvable(program: Program, label: Integers, transfer: Integers, most: int) -> bool:
    """Whether every target is solved where each single cost is at most so much."""
    allowed = ~program.banned & (label <= most)
    solved = program.solved_by_own(allowed)
    usable = np.append(allowed, True)[program.edge_sources].all(axis=1)
    usable &= (transfer <= most)[program.edge_target]
    solved[program.edge_target[usable]] = True
    return bool(solved.all())


def _unsolved(program: Program, backend: Backend, clock: Clock) -> list[str]:
    """Targets that stay unsolved where as many as possible are solved within the budget."""
    costs = program.costs
    left = costs.budget - int(costs.label[program.required].sum())
    dear = ~program.required & (costs.label > left)
    counting = replace(program, banned=program.banned | dear)
    lost = np.append(counting.banned, False)[counting.edge_sources].any(axis=1)
    counting = _counting(counting.keep(np.flatnonzero(~lost)))
    try:
        model = grouped_model(counting, clock, partial=True)
    except OutOfTime:
        return []
    if backend.run(model.problem, clock).status != "optimal":
        return []
    return _unreached(counting, model.solution())


def _counting(program: Program) -> Program:
    """The program whose value is the number of solved targets, so that few edges matter."""
    return undominated(
        replace(
            program,
            edge_value=np.ones_like(program.edge_value),
            self_value=np.ones_like(program.self_value),
        )
    )


def _unreached(program: Program, supervised: Booleans) -> list[str]:
    """Targets that a set of sources leaves without a transfer and without their own network."""
    usable = np.append(supervised, True)[program.edge_sources].all(axis=1)
    solved = program.solved_by_own(supervised)
    solved[program.edge_target[usable]] = True
    return [name for name, done in zip(program.targets, solved, strict=True) if not done]
