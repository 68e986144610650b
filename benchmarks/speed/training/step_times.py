"""Milliseconds of a step of training: all methods take turns in one process, with one thread.

They are timed by the processor time of that thread, since other processes of the machine disturb
it less than the clock on the wall.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

from benchmarks.results.log import Log
from benchmarks.speed.training.settings import STEPS
from benchmarks.speed.training.steps import BOUND, CASES, TimedNetwork, methods, operations
from encoders.engines.threads import limited

TURN = 4
"""Timed steps of a method before it is the next one's turn."""

WARMUP = 3
"""Steps of each method that are not timed."""


def record_steps(rounds: int, log: Log) -> None:
    """Time the cases of which the log lacks a method, and add one record a method."""
    for name, case in CASES.items():
        known = {method: settings_of(name, method, rounds) for method in methods()}
        if all(map(log.has, known.values())):
            continue
        start = time.perf_counter()
        with limited(1):
            measured = measure(case, rounds=rounds)
        seconds = round(time.perf_counter() - start, 1)
        for method, metrics in measured.items():
            log.add(known[method], metrics, seconds=seconds)
        print(f"steps, {name}: {rounds} rounds in {seconds} s", flush=True)


def settings_of(case: str, method: str, rounds: int) -> dict[str, Any]:
    """Return the settings of one method's record."""
    return {"part": STEPS, "case": case, "method": method, "rounds": rounds}


def measure(case: TimedNetwork, *, rounds: int, warmup: int = WARMUP) -> dict[str, dict[str, Any]]:
    """Time the steps of all methods, in turns.

    Returns
    -------
    dict of dict
        By method: the operations of a step, ``gflop``; medians over rounds of the milliseconds a
        step, ``cpu_ms`` of the processor and ``wall_ms`` on the clock; ``images_per_second`` by
        processor time; and ``over_bound``, the quartiles of ``cpu_ms`` over that of the bound in
        the same round.
    """
    steps = {name: make(case) for name, make in methods().items()}
    for step in list(steps.values()) * warmup:
        step()
    cpu: dict[str, list[float]] = {name: [] for name in steps}
    wall: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            step()  # untimed: loads the weights into the caches
            start, busy = time.perf_counter(), time.thread_time()
            for _ in range(TURN):
                step()
            cpu[name].append(1e3 * (time.thread_time() - busy) / TURN)
            wall[name].append(1e3 * (time.perf_counter() - start) / TURN)
    gflop = operations(case) / 1e9
    found = {}
    for name in steps:
        over = [one / other for one, other in zip(cpu[name], cpu[BOUND], strict=True)]
        found[name] = {
            "gflop": gflop,
            "cpu_ms": statistics.median(cpu[name]),
            "wall_ms": statistics.median(wall[name]),
            "images_per_second": 1e3 * case.inputs[0] / statistics.median(cpu[name]),
            "over_bound": statistics.quantiles(over, n=4),
        }
    return found
