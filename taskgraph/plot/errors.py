"""The error of figures."""

from __future__ import annotations

from taskgraph.errors import TaskgraphError


class PlotError(TaskgraphError, ValueError):
    """There is nothing to draw, or the figure cannot be written as asked."""
