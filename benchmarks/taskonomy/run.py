"""Import the published tables, run commands on them, and record their output."""

from __future__ import annotations

import shlex
import shutil
import tempfile
from pathlib import Path

from benchmarks.results.console import printed, record_output
from benchmarks.results.log import open_log
from benchmarks.results.machine import TASKONOMY
from benchmarks.taskonomy.settings import SUITE, Settings

TABLES = {"taskonomy": "16k", "taskonomy_1k": "1k"}
COMMANDS = (
    "taskgraph frontier taskonomy.csv --exclude class_selected --budgets 2,4,5,6,8,12,15 "
    "--max-orders 1,4",
    "taskgraph solve taskonomy.csv --exclude class_selected --max-order 4 --budget 5",
    "taskgraph evaluate taskonomy.csv --exclude class_selected --max-order 4 --budget 8",
    "taskgraph solve taskonomy.csv --exclude class_selected --max-order 4 --budget 5 "
    "--alternatives 5",
    "taskgraph solve taskonomy_1k.csv --exclude class_selected --max-order 4 --budget 5 "
    "--alternatives 5",
    "taskgraph solve taskonomy.csv --exclude class_selected --max-order 4 --budget 7 "
    "--objective linear --alternatives 5",
    "taskgraph recommend taskonomy.csv --exclude class_selected --target class_places "
    "--budget 3 --most 5",
)
PICTURES = (
    "taskgraph plot taxonomy taskonomy.csv --exclude class_selected --max-order 4 --budget 8 "
    "-o taxonomy.svg",
    "taskgraph plot frontier taskonomy.csv --exclude class_selected -o frontier.svg",
)


def run(settings: Settings, out: Path) -> None:
    """Run every command that the records lack, and draw the pictures."""
    log = open_log(out, SUITE.name, "numpy", "scipy", "pandas", "highspy")
    published = Path(settings.taskonomy or TASKONOMY).resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for stem, size in TABLES.items():
            words = ["taskgraph", "import", "taskonomy", str(published), "--size", size]
            printed(shlex.join([*words, "-o", f"{stem}.csv"]), folder)
        for command in COMMANDS:
            record_output(log, command, folder, {"command": command})
        for command in PICTURES:
            printed(command, folder)
            picture = command.rpartition(" ")[2]
            shutil.copyfile(folder / picture, out / picture)
