"""One self-contained HTML page about a table and a budget: nothing is fetched, scripts included."""

from __future__ import annotations

import html
import re
import zlib
from collections.abc import Callable
from dataclasses import replace
from string import Template
from typing import TYPE_CHECKING, Unpack

import pandas as pd

from taskgraph.baselines import Evaluation, evaluate
from taskgraph.direction import direction_in
from taskgraph.frontiers import Progress, frontier
from taskgraph.ladder import budget_ladder
from taskgraph.plot import (
    PlotError,
    draw_frontier,
    draw_taxonomy,
    gain_quality_grid,
    heatmap,
    rendered,
    tree,
)
from taskgraph.problem import Problem, Settings, make_problem
from taskgraph.random_sets import random_band
from taskgraph.selection import Stability
from taskgraph.shortlist import alternatives
from taskgraph.solver import solve
from taskgraph.taxonomy import Taxonomy
from taskgraph.transfers import Transfers

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAGE = Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>$title</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem;
       color: #222; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
table { border-collapse: collapse; font-size: .85rem; } th, td { padding: .15rem .7rem; }
td { border-top: 1px solid #ddd; text-align: right; } th { text-align: right; }
td:first-child, th:first-child { text-align: left; }
figure { margin: 1rem 0; overflow-x: auto; } svg { max-width: 100%; height: auto; }
.note { color: #666; font-size: .9rem; } form label { margin-right: 1rem; }
</style></head><body>
$body
</body></html>
""")


def report(
    transfers: Transfers,
    problem: Problem | None = None,
    *,
    draws: int = 200,
    seed: int = 0,
    solver: str = "highs",
    title: str = "Task taxonomy",
    stable: Stability | None = None,
    progress: Progress = iter,
    **settings: Unpack[Settings],
) -> str:
    """Everything this library says about a table at one budget, as a page of HTML.

    Holds the optimum and its picture, the five best different supervised sets, gain and quality
    beside greedy, best single sources and ``draws`` random sets, the frontier over the
    budgets of `budget_ladder`, and the table itself as a heatmap and a tree. An infeasible program
    gives a page that says why. How stable the set is, from `taskgraph.stability` of the losses
    behind the table, is told where ``stable`` is given.
    """
    problem = make_problem(problem, settings, transfers)
    taxonomy = solve(transfers, problem, solver=solver)
    parts = [f"<h1>{html.escape(title)}</h1>", settings_line(transfers, problem)]
    if not taxonomy.solved:
        parts.append(f"<p><b>{html.escape(taxonomy.headline())}</b></p>")
    else:
        parts += [taxonomy_section(taxonomy), stability_section(taxonomy, stable)]
        parts += _comparisons(transfers, problem, draws, seed, solver, progress)
    parts.append(_table_section(transfers))
    return page(title, "\n".join(parts))


def page(title: str, body: str) -> str:
    """Wrap a body in the page's head and style."""
    return PAGE.substitute(title=html.escape(title), body=body)


def settings_line(transfers: Transfers, problem: Problem) -> str:
    """What the page is about, in a line."""
    left_out = f", without {', '.join(problem.exclude)}" if problem.exclude else ""
    direction = direction_in(transfers.frame)
    scores = f" The affinities were made from scores: {direction}." if direction else ""
    text = (
        f"{transfers!r}.{scores} Budget {problem.budget:g}, maximum order {problem.max_order}, "
        f"{problem.objective} objective{left_out}."
    )
    return f'<p class="note">{html.escape(text)}</p>'


def taxonomy_section(taxonomy: Taxonomy) -> str:
    """The optimum: its headline, picture and table."""
    frame = taxonomy.to_frame().round(4)
    return (
        f"<h2>Taxonomy</h2><p>{html.escape(taxonomy.headline())}.<br>Supervise: "
        f"<b>{html.escape(', '.join(taxonomy.supervised))}</b></p>"
        f"{_figure(lambda: draw_taxonomy(taxonomy))}{_table(frame)}"
    )


def stability_section(taxonomy: Taxonomy, stable: Stability | None) -> str:
    """How often the set, and each of its members, is chosen when the images are drawn again."""
    if stable is None:
        return (
            '<p class="note">What is proven is the optimum of this table. How stable the set is '
            "when the test images are drawn again was not measured: give the losses behind the "
            "table with --losses.</p>"
        )
    text = (
        f"What is proven is the optimum of this table. {stable.same:.0%} of {stable.resamples} "
        "resamples of the test images supervise exactly the same set; share is how many "
        "supervise a task."
    )
    if stable.taxonomy.supervised != taxonomy.supervised:
        text += (
            " The losses that were given have another optimum than the table: "
            f"{', '.join(stable.taxonomy.supervised)}."
        )
    frame = stable.to_frame()
    frame = frame[frame["supervised"] | (frame["share"] > 0)].round(3)
    return f"<h2>How stable it is</h2><p>{html.escape(text)}</p>{_table(frame)}"


def _comparisons(
    transfers: Transfers, problem: Problem, draws: int, seed: int, solver: str, progress: Progress
) -> list[str]:
    best = alternatives(transfers, problem, k=5, solver=solver)
    rows = [{"supervised": ", ".join(t.supervised), "objective": t.objective} for t in best]
    evaluation = evaluate(transfers, problem, draws=draws, seed=seed, solver=solver)
    orders = range(1, min(4, problem.max_order, int(transfers.order.max())) + 1)
    wide = replace(problem, max_order=max(orders))
    budgets = budget_ladder(transfers, wide, solver=solver)
    curves = frontier(
        transfers, problem, budgets=budgets, max_orders=orders, solver=solver, progress=progress
    )
    band = random_band(
        transfers,
        problem,
        budgets=budgets,
        max_order=max(orders),
        draws=draws,
        seed=seed,
        progress=progress,
    )
    frame = curves.to_frame().merge(band, on="budget", how="left")
    solved = [t for t in curves if t.solved and t.max_order == max(orders)]
    shown = solved[:: max(1, len(solved) // 8)]
    return [
        f"<h2>Next best sets</h2>{_table(pd.DataFrame(rows).round(5))}",
        f"<h2>Beside other choices</h2>{_table(evaluation.to_frame().round(3))}",
        _notes(evaluation, seed),
        f"<h2>What budget buys</h2>{_figure(lambda: draw_frontier(frame))}",
        _figure(lambda: gain_quality_grid(shown)),
    ]


def _notes(evaluation: Evaluation, seed: int) -> str:
    notes = "; ".join(evaluation.notes)
    return (
        f'<p class="note">{html.escape(notes)}{"; " if notes else ""}seed {seed}. In every row a '
        "supervised target is solved by its own network. Gain and quality are win rates against "
        "training from scratch and against full supervision; larger is better.</p>"
    )


def _table_section(transfers: Transfers) -> str:
    return (
        f"<h2>The measurements</h2>{_figure(lambda: heatmap(transfers))}"
        f"{_figure(lambda: tree(transfers))}"
    )


def _table(frame: pd.DataFrame) -> str:
    return str(frame.to_html(index=False, border=0, na_rep="", escape=True))


def _figure(draw: Callable[[], Figure]) -> str:
    """An inline SVG; a picture that this table cannot give says why in its place."""
    try:
        figure = draw()
    except PlotError as error:
        return f'<p class="note">{html.escape(str(error))}</p>'
    svg = rendered(figure, "svg").decode()
    # Ids must differ between the figures of one page, or later ones borrow earlier shapes.
    mark = f"f{zlib.crc32(svg.encode()):08x}-"
    svg = re.sub(r'(id="|href="#|url\(#)', rf"\g<1>{mark}", svg[svg.index("<svg") :])
    return f"<figure>{svg}</figure>"
