"""The tree of tasks that transfer out alike (the paper's task similarity tree)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from scipy.cluster.hierarchy import dendrogram, linkage

from taskgraph.arrays import Floats, Integers
from taskgraph.plot.affinities import BETA, transfer_distance, without
from taskgraph.plot.figures import (
    FONT_SIZE,
    PlotError,
    Size,
    font_size,
    muted,
    new_figure,
    styled,
    text_width,
)
from taskgraph.plot.fonts import legible
from taskgraph.plot.names import display_names, plain
from taskgraph.tasks import SELF
from taskgraph.transfers import Transfers

ROW = 0.19
TRUNK = 3.4


def task_linkage(transfers: Transfers, *, beta: float = BETA) -> tuple[tuple[str, ...], Floats]:
    """Cluster sources by where they transfer to: Ward's linkage of the rows of exp(-β P).

    A cell that was not measured (such as a task to itself) takes the mean of its target, so that
    it pulls no two sources together.

    Returns
    -------
    names, (S,)
        Sources, in the order that the linkage counts them.
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
    measured = distance.dropna(axis="columns", how="all")  # some targets have larger sets alone
    filled = measured.fillna(measured.mean())
    return tuple(filled.index), linkage(filled.to_numpy(), "ward", optimal_ordering=True)


@styled
def tree(
    transfers: Transfers,
    *,
    clusters: int = 4,
    names: Mapping[str, str] | None = None,
    beta: float = BETA,
    exclude: Iterable[str] = (),
    ax: Axes | None = None,
    size: Size | None = None,
) -> Any:
    """Draw tasks as a tree in which those that transfer out alike are near.

    Parameters
    ----------
    clusters : int
        How many branches to tell apart by color; fewer if there are fewer tasks.
    names : mapping, optional
        Labels of tasks; Taskonomy's tasks have theirs already.
    beta : float
        Steepness of exp(-β P); see `transfer_distance`.
    exclude : names
        Tasks to leave out altogether.
    ax : Axes, optional
        Where to draw; by default a new figure is made.
    size : (width, height), optional
        Of the new figure, in inches.

    Returns
    -------
    Figure or Axes
        ``ax`` where it was given.

    Raises
    ------
    UnknownTaskError
        If the table has no such task as one of ``exclude``.
    PlotError
        If there are fewer than two sources, or ``clusters`` is below 1.
    """
    if clusters < 1:
        raise PlotError(f"clusters is {clusters}, expected at least 1")
    tasks, links = task_linkage(without(transfers, exclude), beta=beta)
    label = legible(display_names(tasks, names=names))
    axes, made = ax, None
    if axes is None:
        widest = max(text_width(text) for text in label.values())
        scale = font_size() / FONT_SIZE
        width, height = scale * (TRUNK + 0.3) + widest, scale * (ROW * len(tasks) + 0.8)
        made = new_figure(width=width, height=height, size=size)
        axes = made.add_subplot()
    leaves = _draw_branches(axes, links, clusters)
    axes.yaxis.tick_right()
    ticks = 10.0 * np.arange(len(leaves)) + 5
    axes.set_yticks(ticks, [plain(label[tasks[leaf]]) for leaf in leaves])
    axes.set_ylim(ticks[-1] + 6, ticks[0] - 6)
    axes.tick_params(axis="y", length=0, pad=2)
    axes.set_xlabel(f"distance of transfer patterns (Ward, exp(−{beta:g} P))")
    axes.grid(visible=False)
    sns.despine(ax=axes, left=True)
    return made or ax


def _draw_branches(axes: Axes, links: Floats, clusters: int) -> list[int]:
    """Draw the brackets; return the leaves from top to bottom."""
    member = _clusters(links, min(clusters, len(links) + 1))
    palette = _palette(clusters)
    shade = [palette[group] if group >= 0 else muted() for group in member]
    layout: dict[str, Any] = dendrogram(
        links, no_plot=True, link_color_func=lambda node: shade[node], color_threshold=0
    )
    brackets = [
        list(zip(reach, place, strict=True))
        for reach, place in zip(layout["dcoord"], layout["icoord"], strict=True)
    ]
    lines = LineCollection(brackets, colors=layout["color_list"], linewidths=1.3)
    lines.set(capstyle="round", joinstyle="round")
    axes.add_collection(lines)
    axes.set_xlim(float(links[:, 2].max()) * 1.03 or 1.0, 0)
    return list(layout["leaves"])


def _clusters(links: Floats, clusters: int) -> Integers:
    """(2 S - 1,) array: cluster of each node of the tree, -1 where it joins several.

    The last ``clusters - 1`` joins are undone; clusters count from the top of the picture.
    """
    count = len(links) + 1
    member = np.full(2 * count - 1, -1, dtype=np.int64)
    order = dendrogram(links, no_plot=True)["leaves"]
    rank = {leaf: place for place, leaf in enumerate(order)}
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
    found, waiting = [], [node]
    while waiting:
        found.append(waiting.pop())
        waiting.extend(children.get(found[-1], ()))
    return found


def _palette(count: int) -> list[str]:
    """Color-blind safe colors that are told apart on white, repeated where they run out."""
    colors = sns.color_palette("colorblind").as_hex()
    dark = [colors[i] for i in (0, 3, 2, 4, 5, 7)]
    return [dark[i % len(dark)] for i in range(count)]
