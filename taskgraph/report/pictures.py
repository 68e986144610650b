"""The data of the page's pictures: heat map, tree, frontier, stability."""

from __future__ import annotations

from typing import Any

import pandas as pd
from scipy.cluster.hierarchy import dendrogram

from taskgraph.plot import PlotError, first_order, task_linkage, transfer_distance
from taskgraph.plot.affinities import BETA
from taskgraph.plot.heatmap import heatmap_order, measured_before
from taskgraph.report.measured import matrix_content, short, task_groups
from taskgraph.selection import Stability
from taskgraph.tasks import SELF
from taskgraph.transfers import Transfers


def heatmap_content(transfers: Transfers) -> dict[str, Any]:
    """Return first-order transfers before and after AHP, sources by targets.

    ``after`` is exp(-β P), smaller is better, as in the paper's Fig. 7; ``affinity, low, high``
    are for the reader who points at a cell. ``before`` is the measurement that was made, or None.

    Raises
    ------
    PlotError
        If the table has no first-order transfer.
    """
    after = transfer_distance(transfers)
    sources, targets = heatmap_order(transfers, after)
    sources = [*sources, *after.index.intersection([SELF])]
    column = measured_before(transfers, None)
    content: dict[str, Any] = {"sources": sources, "targets": targets, "beta": BETA}
    content["before"] = column
    for name in ("affinity", "low", "high", column):
        if name is None or name not in transfers.frame:
            continue
        values = first_order(transfers, column=name).reindex(index=sources, columns=targets)
        content["values" if name == column else name] = matrix_content(values)
    content["after"] = matrix_content(after.reindex(index=sources, columns=targets))
    return content


def tree_content(transfers: Transfers) -> dict[str, Any]:
    """Return the tree of sources: its leaves from top to bottom, and one bracket a join.

    A bracket is ``[[distance, place], …]`` of its four corners; leaf n has the place n. Distances
    are those of Ward's linkage of the rows of exp(-β P).

    Raises
    ------
    PlotError
        If the table has fewer than two sources with a first-order transfer.
    """
    names, links = task_linkage(transfers)
    layout = dendrogram(links, no_plot=True)
    corners = zip(layout["dcoord"], layout["icoord"], strict=True)
    brackets = [
        [[short(d), (i - 5) / 10] for d, i in zip(distance, place, strict=True)]
        for distance, place in corners
    ]
    group = task_groups(transfers)
    leaves = [names[leaf] for leaf in layout["leaves"]]
    return {"leaves": leaves, "groups": [group[name] for name in leaves], "brackets": brackets}


def frontier_content(curves: pd.DataFrame, band: pd.DataFrame) -> dict[str, Any]:
    """Return mean gain and quality over the budgets of each order, and those of random sets."""
    points = curves[["max_order", "budget", "objective", "gain", "quality"]]
    limits = [name for name in band if name != "random"]
    return {
        "points": _records(points),
        "random": _records(band[limits]),
        "draws": int(band["random"].max()) if len(band) else 0,
    }


def stability_content(stable: Stability) -> dict[str, Any]:
    """Return how often the resamples supervise each task."""
    frame = stable.selection
    return {
        "resamples": stable.resamples,
        "same": stable.same,
        "shares": dict(zip(frame["task"], map(float, frame["share"]), strict=True)),
    }


def content_or_reason(make: Any, transfers: Transfers) -> dict[str, Any]:
    """Return the data of a picture, or ``{"reason": …}`` if the table gives no such picture."""
    try:
        content: dict[str, Any] = make(transfers)
    except PlotError as error:
        return {"reason": str(error)}
    return content


def _records(frame: pd.DataFrame) -> list[dict[str, float | None]]:
    """Return the rows of a table of numbers; None for NaN."""
    return [
        {str(key): short(float(value)) for key, value in row.items()}
        for row in frame.to_dict(orient="records")
    ]
