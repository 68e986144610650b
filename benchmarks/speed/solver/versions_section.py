"""The section of the page on whole calls of an earlier version and of this one."""

from __future__ import annotations

import pandas as pd

from benchmarks.results.frame import to_frame
from benchmarks.results.markdown import commit_text, number, table
from benchmarks.results.record import Record
from benchmarks.speed.solver.libraries_section import version_before

ABOUT = """## Whole calls before and now

`taskgraph bench solver --part versions --before FOLDER`, commit {commit}, and {before}
as the version before. Both make the same calls, one version right after the other, each
in a process of its own on one thread; their values agree to within 1e-6. Milliseconds of the
processor: the median of the calls and, in brackets, the largest; the ratio is that of the medians.
Reading the table is not counted. "solve, budget 5" gets a table that was not solved before; "solve
again" gets one that was. The drawn label costs are between 0.5 and 2 for six
tasks, the drawn budgets between 4 and 9. `shipped` is the table of results/transfers at commit
5a3dd88, in shipped_5a3dd88.csv.

"""


def versions_section(records: list[Record]) -> str:
    """Return the section: milliseconds of both versions, and their ratio."""
    frame = to_frame(records)
    rows = []
    for (call, instance), group in frame.groupby(["call", "instance"], sort=False):
        cells = group.drop_duplicates("method", keep="last").set_index("method")
        before = cells["median_s"].get("before", float("nan"))
        ratio = before / cells["median_s"].get("taskgraph", float("nan"))
        shown = [_cell(cells, name) for name in ("before", "taskgraph")]
        calls = str(cells["calls"].iloc[-1])
        rows.append([str(call), str(instance), calls, *shown, number(ratio, 1)])
    heads = ["call", "table", "calls:", "before:", "now:", "before / now:"]
    about = ABOUT.format(commit=commit_text(records[-1].commit), before=version_before(records))
    return about + table(heads, rows) + "\n"


def _cell(cells: pd.DataFrame, name: str) -> str:
    if name not in cells.index:
        return ""
    median, largest = (1000 * float(cells[key][name]) for key in ("median_s", "largest_s"))
    return f"{median:.1f} ({largest:.1f})"
