"""The tree of tasks that transfer alike (the paper's task similarity tree)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from scipy.cluster.hierarchy import dendrogram, linkage
from scipy.spatial.distance import pdist

from taskgraph.arrays import Floats, Integers
from taskgraph.plot.affinities import BETA, transfer_distance, without_tasks
from taskgraph.plot.colors import muted
from taskgraph.plot.errors import PlotError
from taskgraph.plot.figures import Size, panels_for
from taskgraph.plot.fonts import legible
from taskgraph.plot.names import display_names, escape_dollars
from taskgraph.plot.paper import paper_of
from taskgraph.plot.style import styled, text_scale, text_width
from taskgraph.tasks import SELF
from taskgraph.transfers import Transfers

ROW = 0.19
TRUNK = 3.4
PAPER_TRUNK = 1.8
"""Least width of the tree itself on paper."""


def task_linkage(transfers: Transfers, *, beta: float = BETA) -> tuple[tuple[str, ...], Floats]:
    """Cluster sources by where they transfer to: Ward's linkage of the rows of exp(-β P).

    A cell that was not measured, such as a task to itself, is filled with the mean of its target,
    so that it makes no two sources alike.

    Returns
    -------
    names, (S,)
        Sources; the linkage refers to them by their position here.
    (S - 1, 4) array
        As `scipy.cluster.hierarchy.linkage` returns it, leaves in the optimal order.

    Raises
    ------
    PlotError
        If the table has fewer than two sources with a first-order transfer.
    """
    distance = transfer_distance(transfers, beta=beta).drop(index=SELF, errors="ignore")
    if len(distance) < 2:
        raise PlotError(
            f"a tree needs at least two sources with first-order transfers; the table has "
            f"{len(distance)}"
        )
    measured = distance.dropna(axis="columns", how="all")  # targets of larger sets only
    filled = measured.fillna(measured.mean())
    distances = pdist(filled.to_numpy())
    return tuple(filled.index), linkage(distances, "ward", optimal_ordering=True)


@styled
def tree(
    transfers: Transfers,
    *,
    clusters: int = 4,
    names: Mapping[str, str] | None = None,
    beta: float = BETA,
    exclude: Iterable[str] = (),
    ax: Axes | None = None,
    size: Size | str | None = None,
) -> Any:
    """Draw a tree of the sources, in which sources that transfer alike are near each other.

    Parameters
    ----------
    clusters : int
        Number of branches with a color of their own; fewer if there are fewer tasks.
    names : mapping, optional
        Labels of tasks, where these differ from the names in the table.
    beta : float
        Steepness of exp(-β P); see `transfer_distance`.
    exclude : names
        Tasks to leave out, as sources and as targets.
    ax : Axes, optional
        Axes to draw on; by default a new figure is made.
    size : (width, height) or str, optional
        Size of the new figure, in inches, or ``"column"``, ``"page"`` or ``"poster"``.

    Returns
    -------
    Figure or Axes
        The new figure, or ``ax``.

    Raises
    ------
    UnknownTaskError
        If ``exclude`` names a task that the table does not have.
    PlotError
        If there are fewer than two sources, or ``clusters`` is below 1.
    """
    if clusters < 1:
        raise PlotError(f"clusters is {clusters}, expected at least 1")
    tasks, links = task_linkage(without_tasks(transfers, exclude), beta=beta)
    label = legible(display_names(tasks, names=names, size=size))
    trunk = TRUNK if paper_of(size) is None else PAPER_TRUNK
    width = text_scale() * (trunk + 0.3) + max(text_width(text) for text in label.values())
    height = text_scale() * (ROW * len(tasks) + 0.8)
    figure, panels = panels_for(ax, ["tree"], "the panel", width=width, height=height, size=size)
    axes = panels["tree"]
    leaves = _draw_branches(axes, links, clusters)
    axes.yaxis.tick_right()
    ticks = 10.0 * np.arange(len(leaves)) + 5
    axes.set_yticks(ticks, [escape_dollars(label[tasks[leaf]]) for leaf in leaves])
    axes.set_ylim(ticks[-1] + 6, ticks[0] - 6)
    axes.tick_params(axis="y", length=0, pad=2)
    gap = "\n" if paper_of(size) else " "
    axes.set_xlabel(f"distance of transfer patterns{gap}(Ward, exp(−{beta:g} P))")
    axes.grid(visible=False)
    sns.despine(ax=axes, left=True)
    return figure or ax


def _draw_branches(axes: Axes, links: Floats, clusters: int) -> list[int]:
    """Draw the brackets of the tree; return the leaves from top to bottom."""
    member = _clusters(links, min(clusters, len(links) + 1))
    palette = _palette(clusters)
    shade = [palette[group] if group >= 0 else muted() for group in member]
    layout: dict[str, Any] = dendrogram(
        links, no_plot=True, link_color_func=lambda node: shade[node], color_threshold=0
    )
    brackets = [
        list(zip(distance, position, strict=True))
        for distance, position in zip(layout["dcoord"], layout["icoord"], strict=True)
    ]
    lines = LineCollection(brackets, colors=layout["color_list"], linewidths=1.3 * text_scale())
    lines.set(capstyle="round", joinstyle="round")
    axes.add_collection(lines)
    axes.set_xlim(float(links[:, 2].max()) * 1.03 or 1.0, 0)
    return list(layout["leaves"])


def _clusters(links: Floats, clusters: int) -> Integers:
    """Return the cluster of each node of the tree, a (2 S - 1,) array; -1 joins several clusters.

    The last ``clusters - 1`` joins are undone; clusters count from the top of the picture.
    """
    count = len(links) + 1
    member = np.full(2 * count - 1, -1, dtype=np.int64)
    order = dendrogram(links, no_plot=True)["leaves"]
    rank = {leaf: position for position, leaf in enumerate(order)}
    children = {count + i: (int(a), int(b)) for i, (a, b) in enumerate(links[:, :2])}
    kept = range(2 * count - clusters)
    inner = {child for node in kept for child in children.get(node, ())}
    tops = [node for node in kept if node not in inner]
    spans = {top: _below(top, children) for top in tops}
    first = {top: min(rank[n] for n in spans[top] if n < count) for top in tops}
    for group, top in enumerate(sorted(tops, key=first.__getitem__)):
        member[spans[top]] = group
    return member


def _below(node: int, children: Mapping[int, tuple[int, int]]) -> list[int]:
    """Return a node and all nodes below it."""
    nodes, waiting = [], [node]
    while waiting:
        nodes.append(waiting.pop())
        waiting.extend(children.get(nodes[-1], ()))
    return nodes


def _palette(count: int) -> list[str]:
    """Return ``count`` colors that are distinct on white and for the color-blind; six, repeated."""
    colors = sns.color_palette("colorblind").as_hex()
    dark = [colors[i] for i in (0, 3, 2, 4, 5, 7)]
    return [dark[i % len(dark)] for i in range(count)]
