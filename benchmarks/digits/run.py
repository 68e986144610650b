"""Measure the digits with ``examples/digits.py``, solve the table, and record the output."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.digits.settings import SUITE, Settings
from benchmarks.results.console import printed, record_output
from benchmarks.results.hashes import file_hash
from benchmarks.results.log import Log, open_log
from benchmarks.results.machine import RESULTS, ROOT
from taskgraph.errors import InvalidTableError

LOSSES, TRANSFERS = "losses.parquet", "transfers.csv"
SCRIPT = "examples/digits.py"
SEED = 0
"""Seed of the networks; `SCRIPT` has no other."""

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
    """Measure the losses if asked, make the table, run the commands and draw the figures.

    What the records in ``out`` hold is not measured again: neither the networks nor the commands.
    """
    log = open_log(out, SUITE.name, "numpy", "scipy", "pandas", "highspy")
    out.mkdir(parents=True, exist_ok=True)
    if settings.measure:
        measure_losses(out, log)
    elif not (out / LOSSES).exists():
        shutil.copyfile(RESULTS / SUITE.name / LOSSES, out / LOSSES)
    printed(f"taskgraph affinity {LOSSES} -o {TRANSFERS} --bootstrap 200", out)
    losses = file_hash(out / LOSSES)
    for command in COMMANDS:
        asked = {"command": command.format(table=SHOWN), "losses_sha256": losses}
        record_output(log, command.format(table=TRANSFERS), out, asked, seed=SEED, split="test")
    for command in PICTURES:
        printed(command, out)


def measure_losses(out: Path, log: Log) -> None:
    """Train all networks, and record the hash of their losses; skip this if the log has it.

    Raises
    ------
    InvalidTableError
        If the log has the hash of other losses than those in ``out``.
    """
    asked = {"script": SCRIPT}
    known = log.find(asked, seed=SEED, split="test")
    if known is None:
        start = time.perf_counter()
        command = [sys.executable, "-W", "ignore", str(ROOT / SCRIPT), str(out)]
        subprocess.run(command, check=True)
        seconds = round(time.perf_counter() - start, 3)
        metrics = {"measured_sha256": file_hash(out / LOSSES)}
        log.add(asked, metrics, seed=SEED, split="test", seconds=seconds)
    elif known.metrics["measured_sha256"] != file_hash(out / LOSSES):
        raise InvalidTableError(
            f"{out / LOSSES} is missing, or is not the file that the records say was measured; "
            "restore it, or measure into another folder with --out"
        )
