"""Why a program has no solution, and the least budget that has one."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Context, Decimal
from fractions import Fraction

import numpy as np
import pulp

from taskgraph.arrays import Booleans, Integers
from taskgraph.problem.costs import exact_costs
from taskgraph.program import Program
from taskgraph.solver.backends import Backend
from taskgraph.solver.choice import Choice, choose_transfers, without_redundant
from taskgraph.solver.clock import Clock, OutOfTime
from taskgraph.solver.local import Neighborhood, greedy_set, improve
from taskgraph.solver.model import building_seconds, grouped_model
from taskgraph.solver.presolve import presolve, with_counts_as_values
from taskgraph.solver.solvable import can_list_solvable, list_solvable
from taskgraph.tasks import shell_list

MOST_SECONDS = 30.0
"""Time limit of the search for the reason; that there is no solution is proven before."""
LISTING_SECONDS = 6.0
"""Time limit of the search for the least budget by listing sets; half of what is left a step."""

SHOWN_DIGITS = 10


@dataclass(frozen=True)
class Infeasibility:
    """Why a program has no solution.

    Attributes
    ----------
    text : str
        A sentence for the user.
    least_budget : float or None
        The least budget that solves every target; None if no budget does, or if it is unknown.
    enough_budget : float or None
        If the least budget is unknown: a budget that solves every target, where one was found.
    affordable : Choice or None
        A solution within the budget, if exact arithmetic finds one although the solver found none.
    """

    text: str
    least_budget: float | None
    affordable: Choice | None = None
    enough_budget: float | None = None


LISTED_EDGES = 1_000
"""Fewest transfers for which the least budget is found by listing sets."""
MOST_STEPS = 16
"""Most steps of that bisection."""


def explain_infeasibility(
    program: Program, backend: Backend, clock: Clock | None = None, *, proven: bool = False
) -> Infeasibility:
    """Return which targets cannot be solved, and which flags would mend it.

    ``proven``: it is certain that there is no solution; otherwise one is looked for.
    """
    hopeless = _unsolved_targets(program, ~program.banned)
    if hopeless:
        return Infeasibility(
            f"{_named_targets(hopeless)} cannot be supervised and {_has(hopeless)} no transfer "
            "from the tasks and orders that are allowed, whatever the budget; raise "
            f"--max-order{_exclude(hopeless)}",
            None,
        )
    clock = clock or Clock()
    left = math.inf if clock.left is None else clock.left
    clock = Clock(min(left, MOST_SECONDS), stop=clock.stop)
    cheapest, proven = _cheapest(program, backend, clock, beyond=proven)
    affordable = None if cheapest is None else choose_transfers(program, cheapest.supervised)
    if affordable is not None:
        return Infeasibility("", None, affordable)
    within = f"no taxonomy within budget {program.budget:g}: "
    if cheapest is None:
        late = "the time limit passed before a budget that solves every target was found"
        none = "the solver found no cover of all targets at any budget"
        return Infeasibility(f"{within}{late if clock.over else none}", None)
    shortage, remedy = _shortage(program, clock)
    shown = rounded_up(program, cheapest.cost)
    least = f"The least budget that solves every target is {shown} (try --budget {shown})"
    enough = f"Budget {shown} solves every target (try --budget {shown}); a smaller one may, too"
    advice = least if proven else enough
    return Infeasibility(
        f"{within}{shortage}. {advice}{remedy}",
        cheapest.cost if proven else None,
        enough_budget=None if proven else cheapest.cost,
    )


def _shortage(program: Program, clock: Clock) -> tuple[str, str]:
    """Return what the budget is too small for, and a remedy other than a larger budget."""
    fixed = int(program.costs.label[program.required].sum())
    if fixed > program.costs.budget:
        return f"the required tasks alone cost {program.costs.amount(fixed):g}", ""
    counting = _counting(program)
    neighborhood = Neighborhood(counting)
    found = improve(neighborhood, greedy_set(neighborhood, clock=clock), clock)
    unsolved = _unsolved_targets(counting, found)
    if not unsolved:
        return "the transfers to train leave too little for labels", ""
    remedy = _exclude(unsolved) if _solves_others(program, found, unsolved) else ""
    if unsolved == _unsolved_targets(counting, ~counting.banned):
        none = f"{_has(unsolved)} no transfer from tasks that the budget can supervise"
        return f"{_named_targets(unsolved)} {none}", remedy
    return f"the best set that was found leaves {_named_targets(unsolved)} unsolved", remedy


def _solves_others(program: Program, supervised: Booleans, unsolved: list[str]) -> bool:
    """Return whether a set of sources solves all but some targets within the budget.

    None of these targets may be among the sources.
    """
    paying = ~program.solved_by_own(supervised) & ~np.isin(program.targets, unsolved)
    label, transfer = program.costs.label[supervised], program.costs.transfer[paying]
    needed = np.isin(program.sources, unsolved) & supervised
    return not needed.any() and int(label.sum() + transfer.sum()) <= program.costs.budget


def _has(names: list[str]) -> str:
    return "have" if len(names) > 1 else "has"


def _named_targets(names: list[str], most: int = 3) -> str:
    """Return the first names for a sentence, such as ``targets "a", "b" and 3 more``."""
    quoted = [f'"{name}"' for name in names[:most]]
    more = len(names) - len(quoted)
    text = ", ".join(quoted) + (f" and {more} more" if more else "")
    return f"target{'s' if len(names) > 1 else ''} {text}"


def _exclude(names: list[str], most: int = 3) -> str:
    if len(names) > most:
        return ""
    return f", or leave {'them' if len(names) > 1 else 'it'} out with --exclude {shell_list(names)}"


def rounded_up(program: Program, budget: float) -> str:
    """Return ``budget`` as text of few digits, rounded so that it affords as much."""
    exact = Decimal(repr(budget))
    ceiling = Context(prec=SHOWN_DIGITS, rounding=ROUND_CEILING)
    # First try without the rounding error of a computed cost, such as 0.30000000000000004.
    for number in (Context(prec=15).plus(exact), exact):
        text = f"{float(ceiling.plus(number)):.{SHOWN_DIGITS}g}"
        if _units(program, float(text)) >= _units(program, budget):
            return text
    return repr(budget)


def _units(program: Program, budget: float) -> Fraction:
    """Return a budget as the exact number that costs are compared with."""
    costs = exact_costs(program.label_cost.tolist(), program.transfer_cost.tolist(), budget)
    return costs.budget * Fraction(10) ** costs.exponent


def _cheapest(
    program: Program, backend: Backend, clock: Clock, *, beyond: bool = False
) -> tuple[Choice | None, bool]:
    """Return a cheap solution, whatever the budget, and whether it is proven to be the cheapest.

    ``beyond``: it is proven that no solution is within the budget.
    """
    free = with_counts_as_values(replace(program, budget=math.inf))
    listed = _cheapest_by_listing(free, _floor(free, program.budget) if beyond else -1, clock)
    return _cheapest_by_model(free, backend, clock) if listed[0] is None else listed


def _floor(program: Program, budget: float) -> int:
    """Return the whole units of a budget."""
    return math.floor(Fraction(repr(budget)) / Fraction(10) ** program.costs.exponent)


def _cheapest_by_listing(free: Program, low: int, clock: Clock) -> tuple[Choice | None, bool]:
    """Return a cheap solution, by bisection of its cost, and whether it is the cheapest.

    ``low`` is a number of units that buy no solution. A step that takes too long counts as if it
    had found none. A model is quicker for small programs, and where costs have many digits, since
    each digit takes three more steps.
    """
    left = math.inf if clock.left is None else clock.left
    clock = Clock(min(LISTING_SECONDS, left), stop=clock.stop)
    transfers = int(free.costs.transfer.sum())
    high = int(free.costs.label.sum()) + transfers
    if len(free.edge_value) < LISTED_EDGES or (high - low).bit_length() > MOST_STEPS:
        return None, False
    if not can_list_solvable(free):
        return None, False
    best, too_little = None, low  # no solution is within ``too_little``; within ``low`` perhaps
    while (low + 1 < high or best is None) and not clock.over:
        middle = high if best is None else (low + high) // 2
        sets = list_solvable(free, clock.share(1 / 2), first=True, room=middle - transfers)
        if best is None and (sets is None or not len(sets)):
            break
        if sets is None or not len(sets):
            too_little = middle if sets is not None else too_little
            low = middle
            continue
        choice = choose_transfers(free, sets[0])
        assert choice is not None
        best = without_redundant(free, choice, clock)
        high = free.units_spent(best.supervised, free.solved_by_own(best.supervised))
    return best, too_little + 1 >= high


def _cheapest_by_model(free: Program, backend: Backend, clock: Clock) -> tuple[Choice | None, bool]:
    """Return a cheap solution, whatever the budget, and whether it is proven to be the cheapest.

    Costs may differ by orders of magnitude, and the solver's tolerance is relative to the budget.
    So the model is solved twice: within a budget that surely suffices, and within the cost of the
    first solution.
    """
    if clock.left is not None and clock.left < building_seconds(free):
        return None, False
    enough, best, proven = _sufficient_budget(free), None, False
    for _ in range(2):
        reduced = presolve(replace(free, budget=enough), clock)
        if reduced is None:
            break
        try:
            model = grouped_model(reduced, clock)
        except OutOfTime:
            break
        model.lp.sense = pulp.LpMinimize
        model.lp.setObjective(model.cost)
        result = backend.run(model.lp, clock)
        if result.status not in ("optimal", "feasible"):
            break
        choice = choose_transfers(free, model.solution())
        if choice is None or (best is not None and choice.cost >= best.cost):
            break
        best, enough, proven = choice, choice.cost, result.status == "optimal"
    return best, proven


def _sufficient_budget(program: Program) -> float:
    """Return a budget that solves every target, at most S + T times the least one.

    It is the cost that every solution pays, plus S + T times the smallest amount such that sources
    and transfers of at most this cost solve every target.
    """
    costs, ownable = program.costs, program.solved_by_own(~program.banned)
    if program.conflicts:  # cheap sources may exclude each other
        return costs.amount(int(costs.label.sum() + costs.transfer.sum()))
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
    """Return whether sources and transfers of at most this cost each solve every target."""
    allowed = ~program.banned & (label <= most)
    solved = program.solved_by_own(allowed)
    usable = np.append(allowed, True)[program.edge_sources].all(axis=1)
    usable &= (transfer <= most)[program.edge_target]
    solved[program.edge_target[usable]] = True
    return bool(solved.all())


def _counting(program: Program) -> Program:
    """Return the program that counts solved targets, of what is affordable; transfers are free."""
    costs = program.costs
    left = costs.budget - int(costs.label[program.required].sum())
    price = np.append(np.where(program.required, 0, costs.label), 0)
    banned = program.banned | (price[:-1] > left)
    lost = np.append(banned, False)[program.edge_sources].any(axis=1)
    lost |= price[program.edge_sources].sum(axis=1) > left
    free = np.zeros_like(program.transfer_cost)
    counting = replace(program.with_edges(~lost), banned=banned, transfer_cost=free)
    return with_counts_as_values(counting)


def _unsolved_targets(program: Program, supervised: Booleans) -> list[str]:
    """Return the targets that a set of supervised sources does not solve."""
    usable = np.append(supervised, True)[program.edge_sources].all(axis=1)
    solved = program.solved_by_own(supervised)
    solved[program.edge_target[usable]] = True
    return [name for name, done in zip(program.targets, solved, strict=True) if not done]
