"""Sections and figures on drawn calls, the growth of the time, and proofs over time."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from benchmarks.results.figures import INK, MUTED, new_figure, styled
from benchmarks.results.frame import to_frame
from benchmarks.results.markdown import NOTHING, commit_text, number, table
from benchmarks.results.record import Record
from benchmarks.speed.solver import growth

DRAWN_SECONDS = (
    "median_s",
    "p90_s",
    "largest_s",
    "unit_median_s",
    "unit_largest_s",
    "grouped_median_s",
)
"""Seconds of the table of drawn calls."""


def drawn_section(records: list[Record]) -> str:
    """Return the section on whole calls with drawn budgets and costs."""
    heads = ["instance", "draws:", "median:", "90 %:", "largest:", "unit costs, median:"]
    heads += ["unit costs, largest:", "grouped, median:", "ratio:"]
    rows = [
        [
            str(row["instance"]),
            str(row["draws"]),
            *(f"{1000 * row[name]:.1f}" for name in DRAWN_SECONDS),
            number(row["ratio"], 1),
        ]
        for row in to_frame(records).to_dict("records")
    ]
    about = records[-1]
    text = (
        "## Drawn budgets and costs\n\n"
        f"`taskgraph bench solver --part drawn --draws {about.settings['draws']}`, commit "
        f"{commit_text(about.commit)}, seed 0. Each call has a\nbudget between 4 and 9 and label "
        "costs between 0.5 and 2 for six tasks, drawn anew; the table is\nread once. Milliseconds "
        "of the processor of `tg.solve`, and of the grouped model compiled, posed\nby PuLP and "
        "solved by HiGHS on the same draws; the ratio is the median of grouped / taskgraph. Unit "
        "costs:\nthe same table at the budgets from 2 to 13, where every label costs 1.\n\n"
    )
    return text + table(heads, rows) + "\n"


def growth_section(records: list[Record]) -> str:
    """Return the section on the growth of the time, with the exponents."""
    frame = to_frame(records)
    rows = []
    for varied in growth.SIZES:
        mine = frame[frame["varied"] == varied]
        if mine.empty:
            continue
        feasible = growth.feasible(mine)
        median = feasible.groupby(varied)["processor_seconds"].median()
        shown = ", ".join(f"{size:g}: {seconds:.3f}" for size, seconds in median.items())
        counts = [str((mine["status"] == status).sum()) for status in ("optimal", "infeasible")]
        slope = growth.exponent(feasible, varied)
        rows.append([varied, shown or NOTHING, number(slope, 1), *counts, str(len(mine))])
    base = ", ".join(f"{name} {value}" for name, value in growth.BASE.items())
    seeds = frame["seed"].nunique()
    text = (
        "## Growth\n\n"
        "`taskgraph bench solver --part growth --time-limit "
        f"{records[-1].settings['limit']:g}`, commit {commit_text(records[-1].commit)}:\n"
        f"`latent` tables with one\nsize varied around {base}; median processor seconds of\n"
        f"`solve_program` over {seeds} seed{'s' if seeds > 1 else ''} from 1000 on, limit "
        f"{records[-1].settings['limit']:g} s of the processor.\nThe exponent is the slope of a "
        "line through the points in\nlogarithms. Medians and exponents leave infeasible programs "
        "out; where some are not proven, the\ntime and the exponent are too small. In the picture, "
        "dots are all programs, and the line joins\nthe medians."
        "\n\n"
    )
    heads = ["varied", "size: seconds", "exponent:", "optimal:", "infeasible:", "programs:"]
    return text + table(heads, rows) + "\n\n![growth of the time](growth.svg)\n"


def anytime_section(records: list[Record]) -> str:
    """Return the section on proofs over time."""
    ends = "; ".join(
        f"{each.settings['instance']}: {each.metrics['status']} after "
        f"{each.metrics['seconds_told'][-1]:.1f} s"
        for each in records
    )
    text = (
        "## Proofs over time\n\n"
        f"`taskgraph bench solver --part anytime`, commit {commit_text(records[-1].commit)}, seed "
        "1000. Best value and proven bound over\nthe seconds of the processor, in percent above "
        f"the final value.\n\n{ends}.\n\n"
    )
    return text + "![best value and bound over time](anytime.svg)\n"


@styled
def growth_curves(records: list[Record]) -> Figure:
    """Draw the processor seconds over each size, in logarithms."""
    frame = to_frame(records)
    figure = new_figure(width=7.0, height=2.2)
    axes = figure.subplots(1, len(growth.SIZES), sharey=True)
    for place, varied in zip(axes, growth.SIZES, strict=True):
        mine = frame[frame["varied"] == varied]
        median = growth.feasible(mine).groupby(varied)["processor_seconds"].median()
        place.loglog(mine[varied], mine["processor_seconds"], ".", color=MUTED)
        place.loglog(median.index, median, color=INK)
        sizes = sorted(mine[varied].unique())
        place.set_xticks(sizes, [f"{size:g}" for size in sizes])
        place.minorticks_off()
        place.set_xlabel(varied)
    axes[0].set_ylabel("processor seconds")
    return figure


@styled
def proof_curves(records: list[Record]) -> Figure:
    """Draw the best value and the bound over time, in percent above the final value."""
    figure = new_figure(width=7.0, height=2.6)
    axes = figure.subplots(1, len(records), squeeze=False)[0]
    for place, record in zip(axes, records, strict=True):
        found = record.metrics
        final = float(found["values"][-1])
        for name, color in (("values", INK), ("bounds", MUTED)):
            above = 100 * (np.array(found[name], dtype=float) / final - 1)
            place.step(found["seconds_told"], above, color=color, where="post", label=name)
        place.set_title(str(record.settings["instance"]))
        place.set_xlabel("processor seconds")
    axes[0].set_ylabel("% above the final value")
    axes[0].legend()
    return figure
