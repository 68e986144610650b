"""Measure the digits with ``examples/digits.py``, solve the table, and record the output."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.digits.settings import SUITE, Settings
from benchmarks.results.console import printed, record_output
from benchmarks.results.log import open_log
from benchmarks.results.machine import RESULTS, ROOT

LOSSES, TRANSFERS = "losses.parquet", "transfers.csv"
COMMANDS = ("taskgraph solve {table} --budget 3", "taskgraph evaluate {table} --budget 3")
"""Commands whose output is recorded; ``{table}`` is `SHOWN` on the page."""
SHOWN = "results/digits/transfers.csv"
PICTURES = (
    "taskgraph plot taxonomy transfers.csv --budget 3 -o taxonomy.svg",
    "taskgraph plot heatmap transfers.csv -o heatmap.svg",
    "taskgraph plot tree transfers.csv -o tree.svg",
    "taskgraph plot frontier transfers.csv --max-orders 1,2,3 -o frontier.svg",
)


def run(settings: Settings, out: Path) -> None:
    """Measure the losses if asked, make the table, run the commands and draw the figures."""
    log = open_log(out, SUITE.name, "numpy", "scipy", "pandas", "highspy")
    out.mkdir(parents=True, exist_ok=True)
    if settings.measure:
        script = ROOT / "examples" / "digits.py"
        subprocess.run([sys.executable, "-W", "ignore", str(script), str(out)], check=True)
    elif not (out / LOSSES).exists():
        shutil.copyfile(RESULTS / SUITE.name / LOSSES, out / LOSSES)
    printed(f"taskgraph affinity {LOSSES} -o {TRANSFERS} --bootstrap 200", out)
    for command in COMMANDS:
        run_as, shown = command.format(table=TRANSFERS), command.format(table=SHOWN)
        record_output(log, run_as, out, shown=shown, seed=0, split="test")
    for command in PICTURES:
        printed(command, out)
