"""The page that lists all suites: question, finding, and command."""

from __future__ import annotations

from pathlib import Path

from benchmarks.cli.registry import suites
from benchmarks.results import markdown
from benchmarks.results.frame import UnfinishedError
from benchmarks.results.record import FILE
from benchmarks.results.suite import Suite

HEADER = """# Results

Each folder holds what one suite measured: `records.jsonl`, one line an evaluation; tables and
figures; and a page that is rendered from these alone. `taskgraph bench` lists the suites,
`taskgraph bench NAME --help` explains one, and `taskgraph bench NAME --render` renders its page
again.

"""

FOOTER = """

A line of `records.jsonl` has the keys `suite`, `settings` (what was asked for), `seed`, `split`,
`metrics` (what came out), `commit`, `versions` and `seconds`; null where it was not recorded.
`benchmarks.results.frame.read(folder)` returns the records as a table. `taskgraph bench all
--render` renders all pages and this one.
"""


def render(results: Path) -> str:
    """Return the page that lists the suites that have records in a folder of results."""
    rows = [
        [
            f"[{suite.name}]({suite.name}/README.md)",
            suite.question,
            _finding(suite, results / suite.name),
            f"`taskgraph bench {suite.name}`",
        ]
        for suite in suites()
        if (results / suite.name / FILE).exists()
    ]
    return HEADER + markdown.table(["suite", "asks", "found", "command"], rows) + FOOTER


def _finding(suite: Suite, folder: Path) -> str:
    """Return the main result in one sentence, or that its records do not suffice yet."""
    try:
        return suite.finding(folder)
    except UnfinishedError:
        return "not finished: the records lack some that the page needs"
