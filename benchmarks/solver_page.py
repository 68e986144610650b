"""The page of solver timings, made of their table alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

WHOLE_CALLS = "whole_calls.csv"

METHODS = {
    "paper": "paper's form, PuLP + CBC",
    "grouped": "grouped model, PuLP + HiGHS",
    "taskgraph": "taskgraph",
}
HEADER = """# Time to a proven taxonomy

`python -m benchmarks.solver --out results/solver`, limit {limit:g} s a cell, on {cores} cores
({platform}; Python {python}, PuLP {pulp}, HiGHS {highs}; commit {commit}); every
solver uses one thread. Timings include building the model, and leave out compiling the table and
writing the result (see whole calls below). Cells of less than 5 s in all are repeated up to
{repetitions} times, and the median is shown. All in one run, the methods of a cell right after one
another; the cores are shared with other machines' work, so expect ±30 %.

Selection: every cell that was run is below. Seeds of generated instances are in brackets. Settings
of the search were chosen on these instances, with seeds for which a solution is within the budget,
but for those that say "held out": no setting was chosen on those seeds.

- **{paper}**: one aggregated row an edge, all variables binary, on all edges. Not
  tried on more than 50,000 edges.
- **{grouped}**: dominance, then one row a (target, source), nothing else.
- **{ours}**: `solve_program`, as `taskgraph solve` runs it.

Seconds to the proof. A cell in brackets is not proven: `(60.0, 1.20%)` was stopped with that gap
between its solution and its own bound, `(60.0, no bound)` with a solution and no bound, and
`(60.0, none)` without a solution. The last two columns are the seconds of the others over ours;
with `>` the other was stopped, with `<` ours was, and `-` where neither was proven.
"""


def render_folder(folder: Path) -> str:
    """The whole page, from the tables and configurations in a folder of results."""
    settings = json.loads((folder / "config.json").read_text())
    page = render(pd.read_csv(folder / "timings.csv"), settings)
    path = folder / WHOLE_CALLS
    if not path.exists():
        return page
    about = json.loads(path.with_suffix(".json").read_text())
    return page + "\n" + whole_calls(pd.read_csv(path), about)


def whole_calls(frame: pd.DataFrame, about: dict[str, Any]) -> str:
    """The section on whole calls of ``tg.solve``."""
    versions = about["versions"]
    lines = [
        "## Whole calls",
        "",
        "`python -m benchmarks.whole_calls --out results/solver`, commit "
        f"{_commit(about.get('commit'))}, Python {versions['python']}, PuLP {versions['pulp']}, "
        f"HiGHS {versions['highspy']}, {about['cores']} cores ({about['platform']}) that other "
        "work shares. Nothing is drawn at random.",
        "",
        "What a user waits for: `tg.solve(table, ...)` with compiling, proof and writing the "
        "taxonomy, and",
        "the paper's formulation on the same table with compiling, posing and reading back. Both "
        "take turns.",
        "Seconds are medians over the turns, of the processor (CBC's included) and, in brackets, "
        "of the clock;",
        "the ratio is the median of the turns' ratios.",
        "",
        "| instance | budget | turns | taskgraph | paper's form, PuLP + CBC | paper / ours |",
        "|--|--:|--:|--:|--:|--:|",
    ]
    for row in frame.itertuples():
        lines.append(
            f"| {row.instance} | {row.budget:g} | {row.turns} | "
            f"{row.taskgraph_cpu_s:.3f} ({row.taskgraph_clock_s:.2f}) | "
            f"{row.paper_cpu_s:.2f} ({row.paper_clock_s:.2f}) | "
            f"{row.cpu_ratio:.0f} ({row.clock_ratio:.0f}) |"
        )
    return "\n".join(lines) + "\n"


def _commit(known: Any) -> str:
    return f"`{str(known)[:7]}`" if known else "not recorded"


def render(frame: pd.DataFrame, settings: dict[str, Any]) -> str:
    """The page of `benchmarks.solver`, from its table and configuration."""
    versions = settings["versions"]
    header = HEADER.format(
        limit=settings["time_limit"],
        cores=settings["cores"],
        platform=settings["platform"],
        python=versions["python"],
        pulp=versions["pulp"],
        highs=versions["highspy"],
        commit=_commit(settings.get("commit")),
        repetitions=settings["repetitions"],
        paper=METHODS["paper"],
        grouped=METHODS["grouped"],
        ours=METHODS["taskgraph"],
    )
    cells = frame[frame["objective"].notna() | ~frame["instance"].str.contains("frontier")]
    lines = [
        "| instance | transfers | budget | " + " | ".join(METHODS.values()) + " | our value "
        "| paper / ours | grouped / ours |",
        "|--|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for _, group in cells.groupby(["instance", "budget"], sort=False):
        lines.append(_line(group.set_index("method")))
    return "\n".join([header, *lines, "", *_frontiers(frame), *_different(cells)]) + "\n"


def _line(group: pd.DataFrame) -> str:
    cells = {str(row["method"]): _cell(row) for _, row in group.reset_index().iterrows()}
    shown = [cells.get(method, "") for method in METHODS]
    first = group.iloc[0]
    head = f"| {first['instance']} | {first['transfers']} | {first['budget']:g} | "
    value = group["objective"].get("taskgraph")
    shown.append("none" if value is None or pd.isna(value) else f"{value:.6f}")
    shown += [_ratio(group, "paper"), _ratio(group, "grouped")]
    return head + " | ".join(shown) + " |"


def _cell(row: pd.Series[Any]) -> str:
    seconds = f"{row['seconds']:.3f}" if row["seconds"] < 1 else f"{row['seconds']:.1f}"
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
    ratio = group["seconds"][other] / group["seconds"]["taskgraph"]
    return f"{sign} {ratio:.1f}".strip()


def _frontiers(frame: pd.DataFrame) -> list[str]:
    rows = frame[frame["instance"].str.contains("frontier")]
    return [
        f"{row.instance} programs (26 budgets, orders 1 to 4): {row.seconds:.1f} s, "
        f"all {row.status}.\n"
        for row in rows.itertuples()
    ]


def _different(cells: pd.DataFrame) -> list[str]:
    """Where a value that was called optimal is not the best one known."""
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
