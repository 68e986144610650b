"""The page of solver timings, rendered from the records alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.results.figures import write_picture
from benchmarks.results.frame import latest, part, to_frame
from benchmarks.results.markdown import commit_text, table
from benchmarks.results.record import Record, read_records
from benchmarks.speed.solver.sections import further_sections, growth_curves, proof_curves

METHODS = {
    "paper": "paper's form, PuLP + CBC",
    "grouped": "grouped model, PuLP + HiGHS",
    "taskgraph": "taskgraph",
}
TITLE = "# Time to a proven taxonomy"
HEADER = """

`taskgraph bench solver --part proofs`, limit {limit:g} s a cell, on {cores} cores
({platform}; Python {python}, PuLP {pulp}, HiGHS {highs}; commit {commit}); every
solver uses one thread. Timings include building the model, and leave out compiling the table and
writing the result (see whole calls below). Cells of less than 5 s in all are repeated up to
{repetitions} times, and the median is shown. All in one run, the methods of a cell right after one
another; the cores are shared with other machines' work, so expect ±30 %.

Selection: every cell that was run is below. Seeds of generated instances are in brackets. Settings
of the search were chosen on the seeds 0 to 4; none was chosen on instances that say "held out", nor
on seeds from 1000 on.

- **{paper}**: one aggregated row an edge, all variables binary, on all edges. Not
  tried on more than 50,000 edges.
- **{grouped}**: dominance, then one row a (target, source), nothing else.
- **{ours}**: `solve_program`, as `taskgraph solve` runs it.

Seconds {clock} to the proof. A cell in brackets is not proven: `(60.0, 1.20%)` was
stopped with that gap between its solution and its own bound, `(60.0, no bound)` with a solution and
no bound, and `(60.0, none)` without a solution. The last two columns are the seconds of the others
over ours; with `>` the other was stopped, with `<` ours was, and `-` where neither was proven.
"""


def render(folder: Path) -> str:
    """Return the whole page, from the records of a folder."""
    records = read_records(folder)
    proofs = latest([*part(records, part="frontier"), *part(records, part="proof")], "time_limit")
    calls = latest(part(records, part="whole call"), "turns")
    page = proofs_section(proofs) if proofs else f"{TITLE}\n"
    sections = [page, whole_calls(calls) if calls else "", *further_sections(records)]
    return "\n".join(section for section in sections if section)


def draw(folder: Path) -> None:
    """Draw the growth of the time, and the proofs over time, from the records of a folder."""
    records = read_records(folder)
    if growth := part(records, part="growth"):
        write_picture(growth_curves(growth), folder, "growth")
    if followed := part(records, part="anytime"):
        write_picture(proof_curves(followed), folder, "anytime")


def finding(folder: Path) -> str:
    """Return one sentence: the time of a whole call, and the share of programs that are proven."""
    records = read_records(folder)
    calls = to_frame(latest(part(records, part="whole call"), "turns"))
    timed = latest(part(records, part="proof"), "time_limit")
    if not timed:
        return "No proof is timed yet."
    proofs = to_frame(timed)
    ours = proofs[proofs["method"] == "taskgraph"]
    proven = int(ours["status"].isin(["optimal", "infeasible"]).sum())
    text = f"{proven} of {len(ours)} programs are proven within {proofs['time_limit'].iloc[0]:g} s"
    if calls.empty:
        return text + "."
    ratio = calls["cpu_ratio"]
    return (
        f"A whole call on a published table takes {1000 * calls['taskgraph_cpu_s'].min():.0f} to "
        f"{1000 * calls['taskgraph_cpu_s'].max():.0f} ms of a processor, {ratio.min():.0f} to "
        f"{ratio.max():.0f} times less than the paper's form; {text}."
    )


def whole_calls(records: list[Record]) -> str:
    """Return the section on whole calls of ``tg.solve``."""
    about = records[-1]
    versions = about.versions or {}
    lines = [
        "## Whole calls",
        "",
        f"`taskgraph bench solver --part calls`, commit {commit_text(about.commit)}, Python "
        f"{versions['python']}, PuLP {versions['pulp']}, HiGHS {versions['highspy']}, "
        f"{versions['cores']} cores ({versions['platform']}) that other work shares. Nothing is "
        "drawn at random.",
        "",
        "What a user waits for: `tg.solve(table, ...)` with compiling, proof and writing the "
        "taxonomy, and",
        "the paper's formulation on the same table with compiling, posing and reading back. Both "
        "take turns.",
        "Seconds are medians over the turns, of the processor (CBC's included) and, in brackets, "
        "of the clock;",
        "the ratio is the median of the turns' ratios.",
        "",
    ]
    heads = [
        "instance",
        "budget:",
        "turns:",
        "taskgraph:",
        "paper's form, PuLP + CBC:",
        "paper / ours:",
    ]
    rows = [
        [
            str(row.instance),
            f"{row.budget:g}",
            str(row.turns),
            f"{row.taskgraph_cpu_s:.3f} ({row.taskgraph_clock_s:.2f})",
            f"{row.paper_cpu_s:.2f} ({row.paper_clock_s:.2f})",
            f"{row.cpu_ratio:.0f} ({row.clock_ratio:.0f})",
        ]
        for row in to_frame(records).itertuples()
    ]
    return "\n".join([*lines, table(heads, rows)]) + "\n"


def proofs_section(records: list[Record]) -> str:
    """Return the section on proofs, the first of the page."""
    about = records[-1]
    versions = about.versions or {}
    header = HEADER.format(
        limit=about.settings["time_limit"],
        cores=versions["cores"],
        platform=versions["platform"],
        python=versions["python"],
        pulp=versions["pulp"],
        highs=versions["highspy"],
        commit=commit_text(about.commit),
        repetitions=about.settings["most_repetitions"],
        paper=METHODS["paper"],
        grouped=METHODS["grouped"],
        ours=METHODS["taskgraph"],
        clock="of the processor" if "processor_seconds" in about.metrics else "on the clock",
    )
    cells = to_frame(part(records, part="proof"))
    if "processor_seconds" in cells:
        cells["median_seconds"] = cells["processor_seconds"].fillna(cells["median_seconds"])
    heads = [
        "instance",
        "transfers:",
        "budget:",
        *(f"{name}:" for name in METHODS.values()),
        "our value:",
        "paper / ours:",
        "grouped / ours:",
    ]
    rows = [
        _row(group.set_index("method"))
        for _, group in cells.groupby(["instance", "budget"], sort=False)
    ]
    frontiers = [_frontier(each) for each in part(records, part="frontier")]
    lines = [TITLE + header, table(heads, rows), "", *frontiers, *_different(cells)]
    return "\n".join(lines) + "\n"


def _row(group: pd.DataFrame) -> list[str]:
    cells = {str(row["method"]): _cell(row) for _, row in group.reset_index().iterrows()}
    shown = [cells.get(method, "") for method in METHODS]
    first = group.iloc[0]
    value = group["objective"].get("taskgraph")
    shown.append("none" if value is None or pd.isna(value) else f"{value:.6f}")
    shown += [_ratio(group, "paper"), _ratio(group, "grouped")]
    return [str(first["instance"]), str(first["transfers"]), f"{first['budget']:g}", *shown]


def _cell(row: pd.Series[Any]) -> str:
    taken = float(row["median_seconds"])
    seconds = f"{taken:.3f}" if taken < 1 else f"{taken:.1f}"
    if row["status"] == "optimal":
        return seconds
    if row["status"] == "infeasible":
        return f"{seconds} (infeasible)"
    if pd.isna(row["objective"]):
        return f"({seconds}, none)"
    return f"({seconds}, {'no bound' if pd.isna(row['gap']) else format(row['gap'], '.2%')})"


def _ratio(group: pd.DataFrame, other: str) -> str:
    if other not in group.index or "taskgraph" not in group.index:
        return ""
    proven = group["status"].isin(["optimal", "infeasible"])
    if not proven[other] and not proven["taskgraph"]:
        return "-"
    sign = "" if proven[other] and proven["taskgraph"] else (">" if proven["taskgraph"] else "<")
    ratio = group["median_seconds"][other] / group["median_seconds"]["taskgraph"]
    return f"{sign} {ratio:.1f}".strip()


def _frontier(record: Record) -> str:
    return (
        f"{record.settings['instance']} programs (26 budgets, orders 1 to 4): "
        f"{record.metrics['median_seconds']:.1f} s, all {record.metrics['status']}.\n"
    )


def _different(cells: pd.DataFrame) -> list[str]:
    """Return a line for each value that a method called optimal and another method exceeds."""
    optimal = cells[cells["status"] == "optimal"]
    best = cells.groupby(["instance", "budget"])["objective"].transform("max").loc[optimal.index]
    wrong = optimal[optimal["objective"] < best - 1e-6 * best.abs()]
    if wrong.empty:
        return ["All that were called optimal agree on the value to within 1e-6 of it."]
    return [
        f"Called optimal, and not: {row.method} on {row.instance} at budget {row.budget:g} "
        f"({row.objective:.6f})."
        for row in wrong.itertuples()
    ]
