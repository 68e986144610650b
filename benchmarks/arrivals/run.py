"""Let the tasks of a table arrive in random orders, and record what is solved after each."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import taskgraph as tg
from benchmarks.arrivals.settings import SUITE, Settings
from benchmarks.results.log import open_log
from benchmarks.results.machine import TASKONOMY
from taskgraph.program import compile_program
from taskgraph.solver.choice import choose_transfers

OURS, PUBLISHED = "ours", "published"
EXCLUDED = {OURS: (), PUBLISHED: ("class_selected",)}
"""Tasks that take no part; the paper does not use the published table's class_selected."""

DIGITS = 6
"""Decimals of the recorded objectives."""


def run(settings: Settings, out: Path) -> None:
    """Measure the orders that the records lack."""
    log = open_log(out, SUITE.name, "numpy", "pandas", "highspy")
    for name, table in tables(settings).items():
        for order in range(settings.orders):
            asked = settings_of(settings, name, order, table)
            if log.has(asked, seed=settings.seed):
                continue
            start = time.perf_counter()
            metrics = measure(table, settings, name, order)
            log.add(
                asked, metrics, seed=settings.seed, seconds=round(time.perf_counter() - start, 3)
            )
        print(f"{name}: {settings.orders} orders", flush=True)


def tables(settings: Settings) -> dict[str, tg.Transfers]:
    """Return the installed tables by name; print a line for each one that is missing."""
    found = {OURS: tg.default_transfers()}
    folder = Path(settings.taskonomy or TASKONOMY)
    if folder.is_dir():
        found[PUBLISHED] = tg.read_taskonomy(folder)
    else:
        print(f"the published table is left out: {folder.name} is not here (--taskonomy)")
    return found


def settings_of(settings: Settings, name: str, order: int, table: tg.Transfers) -> dict[str, Any]:
    """Return the settings of one record; that of our table, which may change, has its hash."""
    asked = {
        "table": name,
        "order": order,
        "every": settings.every,
        "arrivals": settings.arrivals,
        "max_order": tg.Problem.max_order,
        "objective": tg.Problem.objective,
    }
    return asked | ({"contents": table_hash(table)} if name == OURS else {})


def table_hash(table: tg.Transfers) -> str:
    """Return the first 16 digits of the SHA-256 of a table's rows."""
    return hashlib.sha256(table.frame.to_csv(index=False).encode()).hexdigest()[:16]


def drawn_order(table: tg.Transfers, settings: Settings, name: str, order: int) -> list[str]:
    """Return the tasks of a table in the order of one number."""
    tasks = [task for task in table.tasks if task not in EXCLUDED[name]]
    # The seed names the order, so that more orders do not change the first ones.
    places = np.random.default_rng([settings.seed, order]).permutation(len(tasks))
    return [tasks[place] for place in places][: settings.arrivals]


def measure(table: tg.Transfers, settings: Settings, name: str, order: int) -> dict[str, Any]:
    """Return what was solved after each arrival, as lists over the arrivals.

    Returns
    -------
    dict
        ``tasks``; ``budget``; ``extended``, ``optimum`` and ``random``, objectives (None while no
        target has arrived); ``labels`` and ``shared``, the numbers of labels of the extended
        taxonomy and of those that the optimum has, too; ``bought``, the labels of the extended
        taxonomy in the end, and ``best``, those of the optimum.
    """
    tasks = drawn_order(table, settings, name, order)
    budgets = tg.one_label_every(settings.every)
    found = tg.arrivals(table, tasks, budgets=budgets)
    frame = found.to_frame()
    last, best = found.online[-1], found.offline[-1]
    return {
        "tasks": tasks,
        "budget": frame["budget"].tolist(),
        "extended": frame["online"].round(DIGITS).tolist(),
        "optimum": frame["offline"].round(DIGITS).tolist(),
        "random": random_labels(table, tasks, frame["budget"].tolist(), settings.seed, order),
        "labels": frame["supervised"].tolist(),
        "shared": frame["shared"].tolist(),
        "bought": [] if last is None else list(last.supervised),
        "best": [] if best is None else list(best.supervised),
    }


def random_labels(
    table: tg.Transfers, tasks: list[str], budgets: list[float], seed: int, order: int
) -> list[float]:
    """Return the objective of random labels with their best transfers after each arrival.

    Whenever the budget allows one more label, it goes to a random task that has arrived and has
    none. NaN where a target cannot be solved from these.
    """
    rng = np.random.default_rng([seed, order, 1])
    labels: list[str] = []
    objectives = []
    for place, budget in enumerate(budgets):
        here = tasks[: place + 1]
        while len(labels) + 1 <= budget and len(labels) < len(here):
            labels.append(str(rng.choice([task for task in here if task not in labels])))
        objectives.append(_best_transfers(table, here, labels, budget))
    return objectives


def _best_transfers(
    table: tg.Transfers, here: list[str], labels: list[str], budget: float
) -> float:
    """Return the objective of the best transfers from these labels; NaN if there is none."""
    if not {*here} & {*table.targets}:
        return float("nan")
    absent = tuple(task for task in table.tasks if task not in here)
    program = compile_program(table, replace(tg.Problem(budget=budget), exclude=absent))
    choice = choose_transfers(program, np.isin(np.array(program.sources), labels))
    return float("nan") if choice is None else round(choice.value, DIGITS)
