"""The best value and the bound of long proofs over time."""

from __future__ import annotations

import math
import time

from benchmarks.results.log import Log
from benchmarks.speed.solver.instances import FAMILIES
from benchmarks.speed.solver.processor_clock import ProcessorClock, highs
from benchmarks.speed.solver.settings import Settings
from benchmarks.speed.solver.tables import FIRST_SEED
from taskgraph.problem import make_problem
from taskgraph.program import compile_program
from taskgraph.solver import solve_program

CASES = (("latent", 100, 50, 20), ("gains", 27, 1400, 10))
"""Family, tasks, transfers a target, budget."""
SMALLER = (("latent", 30, 30, 8),)
"""With ``--small``."""


def follow_proofs(settings: Settings, log: Log) -> None:
    """Follow the proofs that the records lack."""
    for family, tasks, transfers, budget in SMALLER if settings.small else CASES:
        name = f"{family} {tasks} x {transfers}, budget {budget}"
        asked = {"part": "anytime", "instance": name, "limit": settings.time_limit}
        if log.has(asked, seed=FIRST_SEED):
            continue
        table = FAMILIES[family](tasks, transfers, FIRST_SEED)
        found = follow(table, budget, 26 if family == "gains" else 4, settings.time_limit)
        log.add(asked, found, seed=FIRST_SEED)
        print(f"{name}: followed", flush=True)


def follow(table: object, budget: float, order: int, limit: float) -> dict[str, object]:
    """Return processor seconds, best values and bounds during a proof, and its status."""
    problem = make_problem(None, {"budget": budget, "max_order": order, "objective": "linear"})
    program = compile_program(table, problem)  # type: ignore[arg-type]
    told: list[tuple[float, float, float]] = []
    start = time.process_time()

    def tell(value: float, bound: float, nodes: int) -> None:
        """Keep the time, the best value and the bound."""
        told.append((round(time.process_time() - start, 4), value, bound))

    found = solve_program(program, highs(), ProcessorClock(limit, tell))
    value = None if found.choice is None else found.choice.value
    end = round(time.process_time() - start, 4)
    known = [each for each in told if math.isfinite(each[1]) and math.isfinite(each[2])]
    step = max(1, len(known) // 100)
    return {
        "seconds_told": [*(each[0] for each in known[::step]), end],
        "values": [*(each[1] for each in known[::step]), value],
        "bounds": [*(each[2] for each in known[::step]), found.bound],
        "status": found.status,
    }
