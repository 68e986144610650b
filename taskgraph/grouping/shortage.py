"""Why no networks can be bought that solve every task, and what would mend it."""

from __future__ import annotations

import numpy as np

from taskgraph.grouping.networks import Networks
from taskgraph.grouping.settings import GroupingProblem
from taskgraph.program import Program
from taskgraph.solver.clock import Clock
from taskgraph.solver.infeasible import rounded_up
from taskgraph.solver.search import Solution
from taskgraph.tasks import shell_list


def why_infeasible(
    table: Networks, problem: GroupingProblem, program: Program, solution: Solution, clock: Clock
) -> str:
    """Return why there is no grouping, in a sentence without its full stop."""
    if solution.status == "unknown":
        if clock.stop.is_set():
            return "stopped before a choice of networks was found"
        return "the time limit passed before a choice of networks was found; raise --time-limit"
    orphans = _without_network(table, problem)
    if orphans:
        listed = ", ".join(f'"{task}"' for task in orphans[:3])
        more = f" and {len(orphans) - 3} more" if len(orphans) > 3 else ""
        return (
            f"no network that was trained on {listed}{more} is left, whatever the budget; exclude "
            f"fewer networks, or name the other tasks with --tasks {_others(problem, orphans)}"
        )
    within = f"no choice of networks within budget {problem.budget:g} solves every task"
    if solution.enough_budget is not None:
        shown = rounded_up(program, solution.enough_budget)
        return f"{within}; budget {shown} does (try --budget {shown}), and a smaller one may, too"
    if solution.least_budget is None:
        if problem.disjoint and not clock.over:
            return (
                "no choice of networks has every task in exactly one of them, whatever the budget; "
                "leave out --disjoint"
            )
        return f"{within}, and the time limit passed before the least budget was found"
    shown = rounded_up(program, solution.least_budget)
    fixed = int(program.costs.label[program.required].sum())
    if fixed > program.costs.budget:
        alone = program.costs.amount(fixed)
        within += f": the required networks alone cost {alone:g}"
    return f"{within}; the least budget that does is {shown} (try --budget {shown})"


def _without_network(table: Networks, problem: GroupingProblem) -> list[str]:
    """Return the tasks on which only excluded networks were trained."""
    kept = np.array([name not in problem.exclude for name in table.names], dtype=bool)
    trained = ~np.isnan(table.values[kept])
    return [t for t in sorted(problem.tasks) if not trained[:, table.tasks.index(t)].any()]


def _others(problem: GroupingProblem, orphans: list[str]) -> str:
    """Return the tasks that still have a network, as the argument of a flag."""
    return shell_list(task for task in sorted(problem.tasks) if task not in orphans)
