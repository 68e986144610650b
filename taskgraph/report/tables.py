"""Tables of a table of transfers and a problem that every page holds."""

from __future__ import annotations

from typing import Any

from taskgraph.frames.direction import direction_in
from taskgraph.problem import OBJECTIVES, Problem
from taskgraph.problem.file import problem_to_dict
from taskgraph.report.measured import COLUMNS, MeasuredRows, tasks_content
from taskgraph.report.pictures import content_or_reason, heatmap_content, tree_content
from taskgraph.transfers import Transfers


def table_content(transfers: Transfers, problem: Problem) -> dict[str, Any]:
    """Return what every page holds of a table and a problem: tasks, rows, heat map and tree."""
    rows = MeasuredRows(transfers.tasks)
    rows.add_best(transfers)
    return {
        "format": 1,
        "table": repr(transfers),
        "tasks": tasks_content(transfers, problem),
        "rows": rows.rows,
        "columns": [name for name in COLUMNS if name in transfers.frame],
        "objectives": [
            name for name, each in OBJECTIVES.items() if each.column in transfers.frame.columns
        ],
        "problem": problem_to_dict(problem),
        "most_order": int(transfers.order.max(initial=1)),
        "heatmap": content_or_reason(heatmap_content, transfers),
        "tree": content_or_reason(tree_content, transfers),
    }


def settings_line(transfers: Transfers, problem: Problem) -> str:
    """Return one line with the table, the budget and the other settings."""
    left_out = f", without {', '.join(problem.exclude)}" if problem.exclude else ""
    direction = direction_in(transfers.frame)
    scores = f" The affinities were made from scores: {direction}." if direction else ""
    return (
        f"{transfers!r}.{scores} Budget {problem.budget:g}, maximum order {problem.max_order}, "
        f"{problem.objective} objective{left_out}."
    )
