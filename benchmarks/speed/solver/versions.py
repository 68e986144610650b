"""Whole calls of the library by an earlier version and by this one, one right after the other.

The calls are those that users wait for: ``solve`` on a published table for the first time, again
with other budgets, and with label costs of their own; ``alternatives``, ``frontier`` and
``stability``. Each version runs each call in a process of its own, on one thread.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from benchmarks.results.log import Log
from benchmarks.results.machine import RESULTS
from benchmarks.results.worker import call_worker
from benchmarks.speed.solver.checkout import CheckoutError, version_of
from benchmarks.speed.solver.drawn_calls import draw
from benchmarks.speed.solver.instances import latent
from benchmarks.speed.solver.settings import Settings
from benchmarks.speed.solver.tables import ProgramInstance
from taskgraph.errors import SolverError
from taskgraph.tables import write_transfers
from taskgraph.tasks import SELF
from taskgraph.transfers import Transfers

HERE = Path(__file__).parent
SHIPPED = RESULTS / "solver" / "shipped_5a3dd88.csv"
"""The affinities that results/transfers had at commit 5a3dd88, kept as an instance."""
BEFORE, NOW = "before", "taskgraph"


class VersionCall(NamedTuple):
    """A call that both versions make: what the page calls it, its table, problem and turns."""

    name: str
    call: str
    instance: str
    write: Callable[[Path], object]
    problem: dict[str, Any]
    turns: int


def time_versions(published: list[ProgramInstance], settings: Settings, log: Log) -> None:
    """Time the calls that the records lack, by both versions in turns."""
    if settings.before is None:
        raise CheckoutError("--part versions needs --before, a checkout of an earlier version")
    keys = {BEFORE: {"method": BEFORE, "version": version_of(settings.before)}}
    keys |= {NOW: {"method": NOW}}
    checkouts = {BEFORE: Path(settings.before).resolve(), NOW: HERE.parents[2]}
    for one in version_calls(published, settings):
        asked: dict[str, Any] = {"part": "versions", "call": one.name, "instance": one.instance}
        asked |= {"turns": one.turns}
        wanted = [name for name, key in keys.items() if not log.has({**asked, **key})]
        with tempfile.TemporaryDirectory(prefix="taskgraph.") as folder:
            file = Path(folder) / "table.csv"
            if wanted:
                one.write(file)
            found = {name: _answer(checkouts[name], one, file) for name in wanted}
        for name, answer in found.items():
            if not np.allclose(answer["values"], next(iter(found.values()))["values"], rtol=1e-6):
                raise SolverError(f"the versions disagree at {one.name}, {one.instance}")
            seconds = answer["seconds"]
            metrics = {"calls": len(seconds), "median_s": round(float(np.median(seconds)), 5)}
            log.add({**asked, **keys[name]}, {**metrics, "largest_s": round(max(seconds), 5)})
            print(f"{one.name}, {one.instance}, {name}: {metrics['median_s']:g} s", flush=True)


def _answer(checkout: Path, one: VersionCall, file: Path) -> dict[str, Any]:
    job = {"call": one.call, "table": str(file), "turns": one.turns}
    job["problem"] = json.dumps(one.problem)
    command = [sys.executable, str(HERE / "worker_calls.py"), str(checkout)]
    return call_worker(command, job, needs="taskgraph")


def version_calls(published: list[ProgramInstance], settings: Settings) -> Iterator[VersionCall]:
    """Yield the calls, in the order of the table."""
    turns = settings.turns
    for one in published:
        table = one.make()
        write = _writer(table)
        unit = {**one.problem, "budget": 5}
        yield VersionCall("solve, budget 5", "first", one.name, write, unit, turns)
        yield VersionCall("solve again, budgets 2 to 13", "again", one.name, write, unit, turns)
        random = np.random.default_rng(0)
        draws = [draw(table, random) for _ in range(settings.draws)]
        costs = f"solve, six label costs, {settings.draws} draws"
        yield VersionCall(costs, "drawn", one.name, write, {**one.problem, "draws": draws}, 1)
        name = "frontier, 26 budgets, orders 1 to 4"
        rungs = {"budgets": list(range(1, 27)), "max_orders": [1, 2, 3, 4]}
        rungs |= {"exclude": one.problem["exclude"]}
        yield VersionCall(name, "frontier", one.name, write, rungs, 1)
    resampled = "stability, 100 resamples"
    drawn = "12 targets, 800 transfers"
    yield VersionCall(resampled, "stability", drawn, write_drawn_losses, {"budget": 4}, 1)
    kept = _writer(Transfers(pd.read_csv(SHIPPED)))
    asked = {"k": 5, "budget": 20}
    yield VersionCall("alternatives, k 5, budget 20", "alternatives", "shipped", kept, asked, turns)


def _writer(table: Transfers) -> Callable[[Path], object]:
    return lambda file: write_transfers(table, file)


def write_drawn_losses(file: Path) -> None:
    """Write losses of 40 images for 12 targets with 66 transfers each, and their own networks.

    A candidate's loss on an image is 1 / affinity (of a `latent` table, seed 1000), times a
    lognormal factor (sigma 0.5).
    """
    table, random = latent(12, 66, 1000).frame, np.random.default_rng(0)
    rows = table.loc[table.index.repeat(40), ["sources", "target", "affinity"]]
    rows["image"] = np.tile(np.arange(40), len(table))
    rows["loss"] = random.lognormal(0, 0.5, len(rows)) / rows["affinity"]
    assert (table["sources"] == SELF).sum() == 12
    rows[["sources", "target", "image", "loss"]].to_csv(file, index=False)
