"""Show a result in Jupyter: the page's picture, or SVG and a table where scripts cannot run."""

from __future__ import annotations

import contextlib
import html
from collections.abc import Callable, Sequence
from typing import Any

import taskgraph
from taskgraph.affinity import Affinities
from taskgraph.errors import TaskgraphError
from taskgraph.frontiers.frontier import Frontier
from taskgraph.plot import draw_frontier, draw_taxonomy, heatmap, rendered
from taskgraph.problem import Problem
from taskgraph.report.measured import COLUMNS, MeasuredRows, taxonomy_content
from taskgraph.report.page import page_html
from taskgraph.report.pictures import frontier_content, stability_content
from taskgraph.report.results import (
    frontier_section,
    optimum_frame,
    stability_section,
    table_sections,
    targets_section,
)
from taskgraph.report.section import Section
from taskgraph.report.tables import table_content
from taskgraph.selection import Stability
from taskgraph.tasks import SELF
from taskgraph.taxonomy import Taxonomy

FRAME = (
    '<iframe srcdoc="{page}" title="{title}" sandbox="allow-scripts allow-downloads" '
    'style="width: 100%; height: {height}px; border: 0"></iframe>'
    "<details><summary>As a table</summary>{table}</details>"
)
"""A notebook's output: the page in a frame of its own, and a table that needs no script."""


def notebook_bundle(value: Any) -> dict[str, str]:
    """Return what Jupyter shows of a result, by media type.

    ``text/html`` is the interactive picture, also in a saved notebook; where frames are removed,
    its table stays. ``image/svg+xml`` is a static picture for viewers that take no HTML.

    Parameters
    ----------
    value : Taxonomy, Frontier, Affinities or Stability
    """
    page, height, table, draw = _parts(value)
    frame = FRAME.format(
        page=html.escape(page), title=type(value).__name__, height=height, table=table
    )
    bundle = {"text/plain": repr(value), "text/html": frame}
    with contextlib.suppress(TaskgraphError):  # such as an infeasible problem, or no transfer
        bundle["image/svg+xml"] = rendered(draw(), "svg").decode()
    return bundle


def _parts(value: Any) -> tuple[str, int, str, Callable[[], Any]]:
    """Return the page, its height in pixels, a table, and how to draw a static picture."""
    if isinstance(value, Affinities):
        problem = Problem()
        content = table_content(value.transfers, problem)
        page = _page("Affinities", content, table_sections(), None)
        table = value.transfers.frame.head(10).to_html(index=False)
        return page, 900, table, lambda: heatmap(value.transfers)
    if isinstance(value, Frontier):
        frame = value.to_frame()
        content = optima_content(value.taxonomies)
        band = frame[["budget"]].drop_duplicates().assign(random=0)
        content["frontier"] = frontier_content(frame, band)
        sections = [targets_section(), frontier_section()]
        page = _page("Frontier", content, sections, value.taxonomies[-1])
        table = str(frame.round(4).to_html(index=False))
        return page, 820, table, lambda: draw_frontier(frame)
    if isinstance(value, Stability):
        content = optima_content([value.taxonomy])
        content["stability"] = stability_content(value)
        sections = [stability_section(value.taxonomy, value), targets_section()]
        page = _page("Stability", content, sections, value.taxonomy)
        table = str(value.to_frame().round(3).to_html(index=False))
        return page, 820, table, lambda: draw_taxonomy(value.taxonomy)
    page = _page("Taxonomy", optima_content([value]), [targets_section()], value)
    return page, 720, value._repr_html_(), lambda: draw_taxonomy(value)


def optima_content(taxonomies: Sequence[Taxonomy]) -> dict[str, Any]:
    """Return the data of a page that has taxonomies and not the table they come from."""
    transfers = [transfer for taxonomy in taxonomies for transfer in taxonomy.transfers]
    targets = {transfer.target for transfer in transfers}
    supervised = {name for taxonomy in taxonomies for name in taxonomy.supervised}
    sources = {name for transfer in transfers for name in transfer.sources} - {SELF}
    names = sorted(targets | supervised | sources)
    rows = MeasuredRows(names)
    first = taxonomies[-1]
    content: dict[str, Any] = {
        "format": 1,
        "table": "",
        "tasks": [_task(name, name in targets, first) for name in names],
        "columns": [c for c in COLUMNS if any(getattr(t, c) is not None for t in transfers)],
        "objectives": [first.objective_transform],
        "problem": {
            "budget": first.budget,
            "max_order": first.max_order,
            "objective": first.objective_transform,
        },
        "most_order": first.max_order,
        "optima": [taxonomy_content(taxonomy, rows) for taxonomy in taxonomies],
    }
    return content | {"rows": rows.rows}


def _task(name: str, target: bool, taxonomy: Taxonomy) -> dict[str, Any]:
    return {
        "name": name,
        "group": None,
        "target": target,
        "supervisable": True,
        "role": "target" if target else "source-only",
        "required": False,
        "importance": taxonomy.importance.get(name, 1.0),
        "label_cost": 1.0,
        "transfer_cost": 0.0,
    }


def _page(
    title: str, content: dict[str, Any], sections: Sequence[Section], taxonomy: Taxonomy | None
) -> str:
    solved = taxonomy is not None and taxonomy.solved
    return page_html(
        title=title,
        content=content,
        sections=sections,
        embedded=True,
        settings="",
        headline=taxonomy.headline() if taxonomy else "",
        supervised=taxonomy.supervised if taxonomy else (),
        optimum=optimum_frame(taxonomy) if taxonomy is not None and solved else None,
        command="",
        version=taskgraph.__version__,
        date="",
    )
