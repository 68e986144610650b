"""Many clients at once on a server of this machine: latencies, and what was refused.

python results/live/load.py            # 200 clients for 30 s
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import httpx2
import numpy as np

CLIENTS, SECONDS = 200, 30.0


def problem(rng: random.Random) -> dict[str, object]:
    """Return a random problem on the table that comes with the library; few are the same."""
    tasks = {
        f"{name}": {"label_cost": rng.choice([0.5, 1.0, 1.5, 2.0, 3.0])}
        for name in rng.sample(["denoise", "edge2d", "rgb2sfnorm", "reshade", "jigsaw"], 3)
    }
    return {"budget": rng.randint(1, 24), "max_order": rng.randint(1, 5), "tasks": tasks}


async def client(
    http: httpx2.AsyncClient, number: int, seconds: list[float], statuses: Counter[str]
) -> None:
    """Send one request after the other until the end."""
    rng, end = random.Random(number), time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        start = time.perf_counter()
        try:
            answer = await http.post("api/solve", json={"problem": problem(rng)})
            statuses[str(answer.status_code)] += 1
            if answer.status_code == 200:
                assert answer.json()["taxonomy"]["status"] in ("optimal", "infeasible")
        except httpx2.HTTPError as error:
            statuses[type(error).__name__] += 1
        seconds.append(time.perf_counter() - start)


async def crowd(url: str) -> tuple[list[float], Counter[str], float]:
    """Run all clients; return the seconds of each request, the statuses, and the seconds of all."""
    seconds: list[float] = []
    statuses: Counter[str] = Counter()
    unlimited = httpx2.Limits(max_connections=None)
    async with httpx2.AsyncClient(base_url=url, timeout=120, limits=unlimited) as http:
        start = time.perf_counter()
        await asyncio.gather(*(client(http, n, seconds, statuses) for n in range(CLIENTS)))
        return seconds, statuses, time.perf_counter() - start


def main() -> None:
    """Start a server, load it, and write what was measured beside this script."""
    command = [sys.executable, "-m", "taskgraph", "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        found = re.match(r"(http://\S+) ", server.stderr.readline())
        assert found is not None
        seconds, statuses, total = asyncio.run(crowd(found[1]))
        server.terminate()
    levels = np.percentile(seconds, [50, 90, 95, 99, 100]).round(3).tolist()
    measured = {
        "clients": CLIENTS,
        "seconds": SECONDS,
        "requests": len(seconds),
        "per_second": round(len(seconds) / total, 1),
        "statuses": dict(statuses),
        "latency_seconds": dict(zip(["p50", "p90", "p95", "p99", "max"], levels, strict=True)),
        "cores": os.cpu_count(),
        "load_average_at_the_end": round(os.getloadavg()[0], 1),
    }
    text = json.dumps(measured, indent=1)
    Path(__file__).with_name("load.json").write_text(f"{text}\n")
    print(text)


if __name__ == "__main__":
    main()
