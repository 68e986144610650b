"""Run as a script: solve a program by the solver of one checkout of taskgraph.

``worker_solve.py CHECKOUT JOB RESULT``. The job has the fields of `taskgraph.program.Program` and
``limit``, in seconds of the processor. So an earlier version of the solver can be timed beside this
one.
"""

from __future__ import annotations

import importlib
import sys
import time
from typing import Any

import numpy as np

NUMBERS = ("label_cost", "transfer_cost", "self_source", "self_value")
EDGES = ("edge_target", "edge_sources", "edge_value", "edge_row")
ARRAYS = (*NUMBERS, "required", "banned", *EDGES)
"""Fields of a program that are arrays."""


def main(checkout: str, given: str, result: str) -> None:
    """Solve a job, and write the status, the set, the bound and the seconds."""
    sys.path.insert(1, checkout)
    clock = importlib.import_module("processor_clock").ProcessorClock
    solver = importlib.import_module("taskgraph.solver")
    made = importlib.import_module("taskgraph.program").Program
    with np.load(given) as arrays:
        job: dict[str, Any] = {name: arrays[name] for name in arrays.files}
    program = made(
        sources=tuple(job["sources"].tolist()),
        targets=tuple(job["targets"].tolist()),
        budget=float(job["budget"]),
        **{name: job[name] for name in ARRAYS},
    )
    backend = importlib.import_module("processor_clock").highs()
    start, wall = time.process_time(), time.perf_counter()
    found = solver.solve_program(program, backend, clock(float(job["limit"])))
    seconds, wall = time.process_time() - start, time.perf_counter() - wall
    chosen = None if found.choice is None else found.choice.supervised
    np.savez(
        result,
        status=found.status,
        supervised=np.zeros(0, dtype=bool) if chosen is None else chosen,
        bound=found.bound,
        seconds=seconds,
        wall=wall,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
