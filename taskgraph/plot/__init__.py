"""Figures of transfers and taxonomies.

Each function returns a matplotlib figure, which `save` writes and a notebook shows; with ``ax=`` it
draws on these axes and returns them. ``taxonomy``, ``frontier`` and ``grid`` are also available as
``draw_taxonomy``, ``draw_frontier`` and ``gain_quality_grid``, their older names.

Figures call a task as the table does; ``names=`` gives other labels. `TASKONOMY_NAMES` holds those
of the Taskonomy paper's figures: ``heatmap(transfers, names=TASKONOMY_NAMES)``.
"""

from taskgraph.plot.affinities import first_order, transfer_distance
from taskgraph.plot.arrivals import draw_arrivals
from taskgraph.plot.errors import PlotError
from taskgraph.plot.figures import FORMATS, Picture, rendered, save
from taskgraph.plot.fonts import FontError, family_of
from taskgraph.plot.frontier import draw_frontier
from taskgraph.plot.frontier import draw_frontier as frontier
from taskgraph.plot.grid import gain_quality_grid, grid_frame
from taskgraph.plot.grid import gain_quality_grid as grid
from taskgraph.plot.grouping import draw_grouping, draw_grouping_frontier
from taskgraph.plot.heatmap import heatmap
from taskgraph.plot.names import display_names
from taskgraph.plot.needed import draw_labels_needed
from taskgraph.plot.sensitivity import draw_sensitivity
from taskgraph.plot.taxonomy import draw_taxonomy
from taskgraph.plot.taxonomy import draw_taxonomy as taxonomy
from taskgraph.plot.tree import task_linkage, tree
from taskgraph.tasks.aliases import TASKONOMY_NAMES

__all__ = [
    "FORMATS",
    "TASKONOMY_NAMES",
    "FontError",
    "Picture",
    "PlotError",
    "display_names",
    "draw_arrivals",
    "draw_frontier",
    "draw_grouping",
    "draw_grouping_frontier",
    "draw_labels_needed",
    "draw_sensitivity",
    "draw_taxonomy",
    "family_of",
    "first_order",
    "frontier",
    "gain_quality_grid",
    "grid",
    "grid_frame",
    "heatmap",
    "rendered",
    "save",
    "task_linkage",
    "taxonomy",
    "transfer_distance",
    "tree",
]
