"""Figures of transfers and taxonomies: each function returns a matplotlib `Figure` to `save`."""

from taskgraph.aliases import TASKONOMY_NAMES
from taskgraph.plot.affinities import first_order, transfer_distance
from taskgraph.plot.figures import FORMATS, PlotError, rendered, save
from taskgraph.plot.frontier import draw_frontier
from taskgraph.plot.grid import gain_quality_grid, grid_frame
from taskgraph.plot.heatmap import heatmap
from taskgraph.plot.names import display_names
from taskgraph.plot.taxonomy import draw_taxonomy
from taskgraph.plot.tree import task_linkage, tree

__all__ = [
    "FORMATS",
    "TASKONOMY_NAMES",
    "PlotError",
    "display_names",
    "draw_frontier",
    "draw_taxonomy",
    "first_order",
    "gain_quality_grid",
    "grid_frame",
    "heatmap",
    "rendered",
    "save",
    "task_linkage",
    "transfer_distance",
    "tree",
]
