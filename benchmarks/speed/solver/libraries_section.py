"""The section of the page on libraries, and on the solver before and after its last changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from benchmarks.results.frame import to_frame
from benchmarks.results.markdown import commit_text, table
from benchmarks.results.record import Record
from benchmarks.speed.solver.over_seeds import by_kind, over_seeds

NAMES = {
    "paper": "paper's form, CBC",
    "grouped": "HiGHS",
    "highspy": "HiGHS, start",
    "cbc": "CBC, start",
    "scip": "SCIP, start",
    "cp-sat": "CP-SAT, hints",
    "before": "taskgraph before",
    "taskgraph": "taskgraph",
}
ABOUT = """## Libraries, and the solver before

`taskgraph bench solver --part libraries --time-limit SECONDS --seeds {seeds} --python PYTHON
--before FOLDER`, commit {commit}; PySCIPOpt 6.3.0 and OR-Tools 9.15.6755 in an environment of their
own{before}. Every method runs once, on one thread,
within the row's limit in seconds of the processor, the methods of a row right after one another
(where there are several commits, some cells were added later). The seeds after the first two have
our time alone. A library that looks at its limit seldom can exceed it. Where the version before
took the whole limit and is called optimal, it had its proof earlier and then looked for the first
of equally good sets.
All but the paper's form get the grouped model after our dominance; where the head says so, also the
set that our local search finds. The time of both is not counted. The paper's form, CBC and HiGHS
without a start run through PuLP, the others through their own interfaces. CP-SAT has worths that
are rounded to 1e-9 of the largest one. Every set is evaluated by taskgraph.

Seconds of the processor and, behind the stroke, of the clock on a machine that did much other work.
Transfers are before and, in brackets, after dominance. A cell in brackets is not proven: then the
gap between the method's own bound and its set follows, or "no bound", or "none" where it has no
set.

"""
PROVEN = ("optimal", "infeasible")


def libraries_section(records: list[Record]) -> str:
    """Return the section: seconds of each method, and their ratios to ours."""
    frame = by_kind(to_frame(records))
    names = [name for name in NAMES if name in set(frame["method"])]
    rows, ratios, ours = [], [], []
    for first, cells in _rows(frame):
        ours.append(cells[cells.index == "taskgraph"].assign(budget=first[1]))
        limit = cells["processor_limit"].iloc[0]
        edges = f"{cells['transfers'].iloc[0]} ({cells['undominated'].iloc[0]})"
        rows.append([*first, edges, f"{limit:g}", *(_cell(cells, name) for name in names)])
        if len(cells) > 1:
            ratios.append([*first, *(_ratio(cells, name) for name in names if name != "taskgraph")])
    commits = ", ".join(dict.fromkeys(commit_text(each.commit) for each in records))
    before = version_before(records)
    also = f", and {before} as the version before" if before else ""
    seeds = frame["seed"].nunique()
    text = ABOUT.format(commit=commits, before=also, seeds=seeds)
    heads = ["instance", "budget:", "transfers:", "limit:", *(f"{NAMES[name]}:" for name in names)]
    text += table(heads, rows) + "\n\n" + over_seeds(pd.concat(ours))
    text += (
        "The same as ratios: seconds of the processor of the others over ours; with `>` the "
        "other one was\nstopped by the limit, with `<` ours was, and `-` where both were.\n\n"
    )
    heads = ["instance", "budget:", *(f"{NAMES[n]}:" for n in names if n != "taskgraph")]
    return text + table(heads, ratios) + "\n\n" + _agreement(frame) + "\n"


def _rows(frame: pd.DataFrame) -> Iterator[tuple[list[str], pd.DataFrame]]:
    """Yield instance and budget, and the newest cell of each method at the row's newest limit."""
    for (instance, budget), group in frame.groupby(["instance", "budget"], sort=False):
        newest = group[group["processor_limit"] == group["processor_limit"].iloc[-1]]
        cells = newest.drop_duplicates("method", keep="last").set_index("method")
        yield [str(instance), str(budget)], cells


def proven_rows(records: list[Record]) -> dict[str, str]:
    """Return by method in how many of its rows it proved the optimum, or that there is none."""
    frame = pd.concat([cells.reset_index() for _, cells in _rows(to_frame(records))])
    return {
        str(name): f"{group['status'].isin(PROVEN).sum()} of {len(group)}"
        for name, group in frame.groupby("method")
    }


def proven_beside(records: list[Record], name: str) -> tuple[int, int, int]:
    """Return how many rows a method proved, how many of these rows ours, and their number."""
    theirs = ours = count = 0
    for _, cells in _rows(to_frame(records)):
        if name in cells.index and "taskgraph" in cells.index:
            ended = cells["status"].isin(PROVEN)
            theirs, ours, count = theirs + ended[name], ours + ended["taskgraph"], count + 1
    return int(theirs), int(ours), count


def version_before(records: list[Record]) -> str:
    """Return the commits of the earlier version in words; nothing if it was not timed."""
    named = [
        each.settings.get("version") for each in records if each.settings["method"] == "before"
    ]
    return " and ".join(f"commit `{name}`" for name in dict.fromkeys(named) if name)


def _cell(cells: pd.DataFrame, name: str) -> str:
    if name not in cells.index:
        return ""
    row: Any = cells.loc[name]
    taken = f"{_short(row['processor_seconds'])} / {_short(row['wall_seconds'])}"
    if row["status"] == "optimal":
        return taken
    if row["status"] == "infeasible":
        return f"{taken} infeasible"
    if pd.isna(row["objective"]):
        return f"({taken}, none)"
    gap = "no bound" if pd.isna(row["gap"]) else f"{row['gap']:.2%}"
    return f"({taken}, {gap})"


def _short(seconds: float) -> str:
    return f"{seconds:.3f}" if seconds < 1 else f"{seconds:.1f}"


def _ratio(cells: pd.DataFrame, name: str) -> str:
    if name not in cells.index or "taskgraph" not in cells.index:
        return ""
    ended = cells["status"].isin(PROVEN)
    if not ended[name] and not ended["taskgraph"]:
        return "-"
    sign = "" if ended[name] and ended["taskgraph"] else (">" if ended["taskgraph"] else "<")
    seconds = cells["processor_seconds"]
    return f"{sign} {seconds[name] / max(seconds['taskgraph'], 1e-4):.1f}".strip()


def _agreement(frame: pd.DataFrame) -> str:
    """Return a sentence on the values that methods called optimal."""
    proven = frame[frame["status"] == "optimal"]
    best = frame.groupby(["instance", "budget"])["objective"].transform("max").loc[proven.index]
    wrong = proven[proven["objective"].isna() | (proven["objective"] < best - 1e-6 * best.abs())]
    if wrong.empty:
        return "All that were called optimal agree on the value to within 1e-6 of it."
    cells = ", ".join(f"{r.method} on {r.instance} at {r.budget}" for r in wrong.itertuples())
    return f"Called optimal, and not: {cells}."
