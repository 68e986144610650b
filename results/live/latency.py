"""How long each kind of change of the live page takes on the server, for published tables.

python results/live/latency.py [FOLDER of the published pickles]

Each change is one `POST /api/solve`, one after the other: a budget, a maximum order, an objective,
or a cost, importance or role of a task. The first request of a table is not counted.
The scheduler of Linux says how long the server's threads ran, and how long they waited for a
processor that was busy with other work; the time on the clock holds both.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import numpy as np

BUDGETS = (2, 5, 8, 11, 15)
"""Budgets at which each kind of change is made."""

TASK, TARGET, OTHER = "rgb2sfnorm", "rgb2depth", "edge2d"
"""Tasks whose settings change; all are in every table."""

CHANGES: dict[str, list[dict[str, Any]]] = {
    "budget": [{}],
    "maximum order": [{"max_order": order} for order in (1, 2, 3, 5)],
    "objective": [{"objective": name} for name in ("linear", "log", "gain", "quality")],
    "label cost": [{"tasks": {TASK: {"label_cost": cost}}} for cost in (0, 0.5, 2, 3)],
    "transfer cost": [{"tasks": {TARGET: {"transfer_cost": cost}}} for cost in (0.1, 1)],
    "importance": [{"tasks": {TARGET: {"importance": weight}}} for weight in (0, 2, 10)],
    "required": [{"tasks": {OTHER: {"required": True}}}],
    "excluded": [{"tasks": {TASK: {"role": "unused"}}}],
    "source only": [{"tasks": {OTHER: {"role": "source-only"}}}],
    "target only": [{"tasks": {TARGET: {"role": "target-only"}}}],
    "may keep a transfer": [{"supervised_may_transfer": True}],
}
"""Changes by kind, each of the problem with one of the budgets and a maximum order of 4."""


def problems(kind: str, excluded: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the problem of each change of a kind."""
    for budget in BUDGETS:
        for change in CHANGES[kind]:
            yield {"budget": budget, "max_order": 4, "exclude": excluded} | change


def scheduled(pid: int) -> tuple[float, float]:
    """Return for how many seconds the threads of a process ran, and waited for a processor."""
    times = [path.read_text().split()[:2] for path in Path(f"/proc/{pid}/task").glob("*/schedstat")]
    ran, waited = np.array(times, dtype=float).sum(axis=0) / 1e9
    return float(ran), float(waited)


def measured(http: httpx2.Client, table: str, pid: int) -> dict[str, Any]:
    """Return the times of the changes of each kind on a table, in milliseconds."""
    excluded = ["class_selected"] if table != "0" else []
    first = {"table": table, "problem": {"budget": 3, "exclude": excluded}}
    http.post("api/solve", json=first).raise_for_status()
    return {
        kind: summary(np.array([one(http, table, each, pid) for each in problems(kind, excluded)]))
        for kind in CHANGES
    }


def one(http: httpx2.Client, table: str, problem: dict[str, Any], pid: int) -> list[float]:
    """Return how long one change took on the clock, ran, and waited, in milliseconds."""
    begin, (ran, waited) = time.perf_counter(), scheduled(pid)
    answer = http.post("api/solve", json={"table": table, "problem": problem})
    clock, (ran_after, waited_after) = time.perf_counter() - begin, scheduled(pid)
    assert answer.json()["taxonomy"]["status"] in ("optimal", "infeasible")
    return [1000 * clock, 1000 * (ran_after - ran), 1000 * (waited_after - waited)]


def summary(times: np.ndarray[Any, Any]) -> dict[str, float]:
    """Return number, medians and largest values of the changes of a kind."""
    found: dict[str, float] = {"changes": len(times)}
    for name, values in zip(("clock", "processor", "waited"), times.T, strict=True):
        found[f"{name}_ms_median"] = round(float(np.median(values)))
        found[f"{name}_ms_max"] = round(float(values.max()))
    return found


def main() -> None:
    """Start a server, measure each of its tables, and write latency.json beside this script."""
    command = [sys.executable, "-m", "taskgraph", "serve", "--port", "0"]
    command += ["--published", sys.argv[1]] if len(sys.argv) > 1 else []
    found: dict[str, Any] = {"cores": os.cpu_count(), "load_average": [os.getloadavg()[0]]}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        address = re.match(r"(http://\S+) ", server.stderr.readline())
        assert address is not None
        with httpx2.Client(base_url=address[1], timeout=120) as http:
            for table in http.get("api/tables").json()["tables"]:
                found[table["title"]] = measured(http, table["name"], server.pid)
        server.terminate()
    found["load_average"] = [
        round(each, 1) for each in (*found["load_average"], os.getloadavg()[0])
    ]
    text = json.dumps(found, indent=1)
    Path(__file__).with_name("latency.json").write_text(f"{text}\n")
    print(text)


if __name__ == "__main__":
    main()
