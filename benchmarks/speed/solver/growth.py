"""How the time of a proof grows with targets, transfers, order and budget, one at a time."""

from __future__ import annotations

import math
import time

import numpy as np
import pandas as pd

from benchmarks.results.log import Log
from benchmarks.speed.solver.instances import FAMILIES
from benchmarks.speed.solver.processor_clock import ProcessorClock, highs
from benchmarks.speed.solver.settings import Settings
from benchmarks.speed.solver.tables import FIRST_SEED
from taskgraph.problem import make_problem
from taskgraph.program import compile_program
from taskgraph.solver import solve_program

BASE = {"targets": 40, "transfers": 40, "order": 4, "budget": 6}
SIZES = {
    "targets": (20, 40, 80),
    "transfers": (10, 20, 40),
    "order": (1, 2, 3, 4),
    "budget": (3, 6, 12),
}
SMALLER = {name: sizes[:2] for name, sizes in SIZES.items()}
"""With ``--small``."""


def time_growth(settings: Settings, log: Log) -> None:
    """Time the sizes that the records lack."""
    for varied, sizes in (SMALLER if settings.small else SIZES).items():
        for size in sizes:
            for seed in range(FIRST_SEED, FIRST_SEED + settings.seeds):
                case = {**BASE, varied: size}
                asked = {"part": "growth", "varied": varied, **case, "limit": settings.time_limit}
                if not log.has(asked, seed=seed):
                    log.add(asked, timed(case, seed, settings.time_limit), seed=seed)
            print(f"growth: {varied} {size}: timed", flush=True)


def timed(case: dict[str, int], seed: int, limit: float) -> dict[str, object]:
    """Return the processor seconds of one proof, and its status."""
    table = FAMILIES["latent"](case["targets"], case["transfers"], seed)
    problem = make_problem(
        None, {"budget": case["budget"], "max_order": case["order"], "objective": "linear"}
    )
    program = compile_program(table, problem)
    start = time.process_time()
    found = solve_program(program, highs(), ProcessorClock(limit))
    return {"processor_seconds": round(time.process_time() - start, 5), "status": found.status}


def feasible(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of programs that are not infeasible, whose times are compared."""
    return frame[frame["status"] != "infeasible"]


def exponent(frame: pd.DataFrame, varied: str) -> float:
    """Return the slope of the logarithm of the seconds over that of the size (least squares).

    It is NaN with fewer than two sizes.
    """
    if frame[varied].nunique() < 2:
        return math.nan
    size, seconds = frame[varied].to_numpy(float), frame["processor_seconds"].to_numpy(float)
    return float(np.polyfit(np.log(size), np.log(np.maximum(seconds, 1e-5)), 1)[0])
