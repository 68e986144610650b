"""How long one change of the live page takes on the server, for the tables that are published.

python results/live/latency.py [FOLDER of the published pickles]

Each change is one `POST /api/solve` of a single client: budgets 2 to 15, maximum order 4, and a
label cost that differs. Processor time is that of the server's process; it does not depend on how
busy the machine is, as the time on the clock does.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import numpy as np

BUDGETS = range(2, 16)


def processor_seconds(pid: int) -> float:
    """Return the processor time of a process and its threads so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def changes(http: httpx2.Client, table: str, pid: int) -> dict[str, float]:
    """Return the times of one solve for each budget; the first request is not counted."""
    clock, processor = [], []
    for budget in [BUDGETS[0], *BUDGETS]:
        tasks = {"rgb2sfnorm": {"label_cost": 1 + budget / 10}}
        exclude = ["class_selected"] if table != "0" else []
        problem = {"budget": budget, "max_order": 4, "tasks": tasks, "exclude": exclude}
        begin, used = time.perf_counter(), processor_seconds(pid)
        answer = http.post("api/solve", json={"table": table, "problem": problem})
        clock.append(time.perf_counter() - begin)
        processor.append(processor_seconds(pid) - used)
        assert answer.json()["taxonomy"]["status"] == "optimal"
    return {
        "changes": len(BUDGETS),
        "processor_ms_median": round(1000 * float(np.median(processor[1:]))),
        "processor_ms_max": round(1000 * max(processor[1:])),
        "clock_ms_median": round(1000 * float(np.median(clock[1:]))),
        "clock_ms_max": round(1000 * max(clock[1:])),
    }


def main() -> None:
    """Start a server, measure each of its tables, and write latency.json beside this script."""
    command = [sys.executable, "-m", "taskgraph", "serve", "--port", "0"]
    command += ["--published", sys.argv[1]] if len(sys.argv) > 1 else []
    measured: dict[str, object] = {}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        found = re.match(r"(http://\S+) ", server.stderr.readline())
        assert found is not None
        with httpx2.Client(base_url=found[1], timeout=120) as http:
            for table in http.get("api/tables").json()["tables"]:
                measured[table["title"]] = changes(http, table["name"], server.pid)
        server.terminate()
    measured |= {"cores": os.cpu_count(), "load_average": round(os.getloadavg()[0], 1)}
    text = json.dumps(measured, indent=1)
    Path(__file__).with_name("latency.json").write_text(f"{text}\n")
    print(text)


if __name__ == "__main__":
    main()
