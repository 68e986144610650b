"""One HTML page about a table and a budget, which loads nothing from elsewhere."""

from __future__ import annotations

import html
import re
import zlib
from collections.abc import Callable
from dataclasses import replace
from string import Template
from typing import TYPE_CHECKING, Unpack

import pandas as pd

from taskgraph.baselines.evaluation import Evaluation
from taskgraph.baselines.methods import evaluate
from taskgraph.baselines.random_sets import random_band
from taskgraph.frames.direction import direction_in
from taskgraph.frontiers.frontier import frontier
from taskgraph.frontiers.ladder import budget_ladder
from taskgraph.frontiers.shortlist import alternatives
from taskgraph.plot import (
    PlotError,
    draw_frontier,
    draw_sensitivity,
    draw_taxonomy,
    gain_quality_grid,
    heatmap,
    rendered,
    tree,
)
from taskgraph.problem import Problem, ProblemFields, make_problem
from taskgraph.progress import Progress, no_progress
from taskgraph.selection import Stability
from taskgraph.sensitivity.result import Sensitivity
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
    sensitive: Sensitivity | None = None,
    progress: Progress = no_progress,
    **fields: Unpack[ProblemFields],
) -> str:
    """Return an HTML page with the results of a table at one budget.

    It has the optimum and its picture; the five best different supervised sets; gain and quality
    beside greedy, best single sources and ``draws`` random sets; the frontier over the budgets of
    `budget_ladder`; and the table as a heat map and a tree. For an infeasible program it says why.

    Parameters
    ----------
    transfers, problem, **settings
        As for `taskgraph.solve`.
    draws : int
        Number of random sets.
    seed : int
        Seed of the random sets.
    solver : str
    title : str
        Title of the page.
    stable : Stability, optional
        `taskgraph.stability` of the losses that the table was made from; the page then says how
        stable the supervised set is.
    sensitive : Sensitivity, optional
        `taskgraph.analyze_sensitivity` of these losses or of the table; the page then has a section
        on methods, objectives, dropped sources and resamples.
    progress
        Receives the progress of the frontier and of the random sets.
    """
    problem = make_problem(problem, fields, transfers)
    taxonomy = solve(transfers, problem, solver=solver)
    parts = [f"<h1>{html.escape(title)}</h1>", settings_line(transfers, problem)]
    if not taxonomy.solved:
        parts.append(f"<p><b>{html.escape(taxonomy.headline())}</b></p>")
    else:
        parts += [taxonomy_section(taxonomy), stability_section(taxonomy, stable)]
        parts += [] if sensitive is None else [sensitivity_section(sensitive)]
        parts += _comparisons(transfers, problem, draws, seed, solver, progress)
    parts.append(_table_section(transfers))
    return html_page(title, "\n".join(parts))


def html_page(title: str, body: str) -> str:
    """Return a page with this title and body, in the style of the report."""
    return PAGE.substitute(title=html.escape(title), body=body)


def settings_line(transfers: Transfers, problem: Problem) -> str:
    """Return one line of HTML with the table, the budget and the other settings."""
    left_out = f", without {', '.join(problem.exclude)}" if problem.exclude else ""
    direction = direction_in(transfers.frame)
    scores = f" The affinities were made from scores: {direction}." if direction else ""
    text = (
        f"{transfers!r}.{scores} Budget {problem.budget:g}, maximum order {problem.max_order}, "
        f"{problem.objective} objective{left_out}."
    )
    return f'<p class="note">{html.escape(text)}</p>'


def taxonomy_section(taxonomy: Taxonomy) -> str:
    """Return the optimum as HTML: headline, picture and table."""
    frame = taxonomy.to_frame().round(4)
    return (
        f"<h2>Taxonomy</h2><p>{html.escape(taxonomy.headline())}.<br>Supervise: "
        f"<b>{html.escape(', '.join(taxonomy.supervised))}</b></p>"
        f"{_figure(lambda: draw_taxonomy(taxonomy))}{_table(frame)}"
    )


def stability_section(taxonomy: Taxonomy, stable: Stability | None) -> str:
    """Return as HTML how often resamples of the images supervise the set, and each task."""
    if stable is None:
        return (
            '<p class="note">What is proven is the optimum of this table. How stable the set is '
            "when the test images are resampled was not measured: pass the losses that the table "
            "was made from with --losses.</p>"
        )
    text = (
        f"What is proven is the optimum of this table. {stable.same:.0%} of {stable.resamples} "
        "resamples of the test images supervise exactly the same set. The column share is the "
        "fraction of resamples that supervise a task."
    )
    if stable.taxonomy.supervised != taxonomy.supervised:
        text += (
            " The losses have another optimum than the table: "
            f"{', '.join(stable.taxonomy.supervised)}."
        )
    frame = stable.to_frame()
    frame = frame[frame["supervised"] | (frame["share"] > 0)].round(3)
    return f"<h2>Stability</h2><p>{html.escape(text)}</p>{_table(frame)}"


def sensitivity_section(result: Sensitivity) -> str:
    """Return as HTML how far the optimum depends on settings and on the sample."""
    text = (
        "Solved again with one respect changed at a time. The regret of a set is the share of the "
        "optimum that it loses in a case. "
    )
    lines = [f"{line[:1].upper()}{line[1:]}." for line in result.summary()]
    lines += [f"Left out: {note}." for note in result.notes]
    listed = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    sets = f"<h3>Confidence set of taxonomies</h3>{_table(result.sets.round(4))}"
    return (
        f"<h2>Sensitivity</h2><p>{html.escape(text)}</p><ul>{listed}</ul>"
        f"{_figure(lambda: draw_sensitivity(result))}{sets if len(result.sets) else ''}"
    )


def _comparisons(
    transfers: Transfers, problem: Problem, draws: int, seed: int, solver: str, progress: Progress
) -> list[str]:
    best = alternatives(transfers, problem, k=5, solver=solver)
    rows = [{"supervised": ", ".join(t.supervised), "objective": t.objective_value} for t in best]
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
        f"<h2>Best sets</h2>{_table(pd.DataFrame(rows).round(5))}",
        f"<h2>Comparison with other choices</h2>{_table(evaluation.to_frame().round(3))}",
        _notes(evaluation, seed),
        f"<h2>Gain and quality over budgets</h2>{_figure(lambda: draw_frontier(frame))}",
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
        f"<h2>Measured transfers</h2>{_figure(lambda: heatmap(transfers))}"
        f"{_figure(lambda: tree(transfers))}"
    )


def _table(frame: pd.DataFrame) -> str:
    return str(frame.to_html(index=False, border=0, na_rep="", escape=True))


def _figure(draw: Callable[[], Figure]) -> str:
    """Return an inline SVG, or the reason why the table gives no such picture."""
    try:
        figure = draw()
    except PlotError as error:
        return f'<p class="note">{html.escape(str(error))}</p>'
    svg = rendered(figure, "svg").decode()
    # Without different ids in each figure, a browser draws shapes of earlier figures.
    mark = f"f{zlib.crc32(svg.encode()):08x}-"
    svg = re.sub(r'(id="|href="#|url\(#)', rf"\g<1>{mark}", svg[svg.index("<svg") :])
    return f"<figure>{svg}</figure>"
