"""Draw how often each task is supervised when settings change, and what each set loses then."""

from __future__ import annotations

import textwrap
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize

from taskgraph.plot.colors import color_map, text_color, win_rate_colors
from taskgraph.plot.errors import PlotError
from taskgraph.plot.figures import Picture, Size, is_stacked, new_figure
from taskgraph.plot.matrix import draw_bar, draw_matrix
from taskgraph.plot.names import display_names, escape_dollars
from taskgraph.plot.paper import least_points, paper_of
from taskgraph.plot.style import smaller, styled, text_scale, text_width
from taskgraph.sensitivity.cases import SOURCE
from taskgraph.sensitivity.result import Sensitivity

CELL_WIDTH, CELL_HEIGHT, LEAST_WIDTH = 0.52, 0.23, 0.36
"""Size of a cell, and its width on paper, in inches at the style's text size."""
BELOW = 1.5
"""Height of what stands below a panel, in inches at the style's text size."""
MOST_SETS = 9
"""Most sets in the matrix of regrets."""
WORST = 10
"""Regret in percent from which on a cell has the darkest color."""
DROPPED = "source: worst"


@styled
def draw_sensitivity(result: Sensitivity, *, size: Size | str | None = None) -> Any:
    """Draw the share of cases that supervise each task, and the regret of each set in each case.

    The left panel has a row for each task that some case supervises, with those of the robust core
    marked by an asterisk, and a column for each group of cases. The right panel has a column for
    each set: the optimum (A), then the other sets by their largest regret; and a row for each
    changed setting, the worst dropped source, and mean and maximum over resamples. Darker regrets
    are larger; from 10 % on they look the same.

    Parameters
    ----------
    result : Sensitivity
    size : (width, height) or str, optional
        Size of the figure, in inches, or ``"column"``, ``"page"`` or ``"poster"``. Panels that do
        not fit beside each other then stand one below the other.

    Raises
    ------
    PlotError
        If no case beside the baseline was solved, or the picture does not fit.
    """
    shares = shares_of(result)
    if shares.empty:
        raise PlotError("there is nothing to draw: only the baseline was solved")
    regrets = regrets_of(result)
    if paper_of(size) is not None:
        shares.index = pd.Index(_shortened([str(name) for name in shares.index], size))
    figure, first, second = _panels(shares, regrets, size)
    _draw_shares(first, shares)
    _draw_regrets(second, regrets)
    letters = int(figure.get_figwidth() / text_width("n"))
    key = _key([str(name) for name in regrets.columns], letters)
    figure.supxlabel(key, fontsize="medium", ha="left", x=0.01)
    return figure


def _panels(
    shares: pd.DataFrame, regrets: pd.DataFrame, size: Size | str | None
) -> tuple[Picture, Axes, Axes]:
    """Return a figure and the axes of both panels, beside or below each other."""
    scale = text_scale()
    cell = scale * (CELL_WIDTH if paper_of(size) is None else LEAST_WIDTH)
    widths = [
        max(text_width(str(text)) for text in each.index) + cell * max(3, each.shape[1])
        for each in (shares, regrets)
    ]
    whole = sum(widths) + 0.7 * scale
    if not is_stacked(size, whole):
        height = scale * (CELL_HEIGHT * max(len(shares), len(regrets)) + BELOW + 0.4)
        figure = new_figure(width=whole, height=height, size=size)
        return figure, *figure.subplots(1, 2, width_ratios=widths)
    heights = [CELL_HEIGHT * len(each) + BELOW for each in (shares, regrets)]
    key = 0.15 * 2 * regrets.shape[1]  # about two lines a set
    figure = new_figure(
        width=max(widths) + 0.3 * scale, height=scale * (sum(heights) + key), size=size
    )
    return figure, *figure.subplots(2, 1, height_ratios=heights)


def _shortened(marked: list[str], size: Size | str | None) -> list[str]:
    """Return names of tasks as short as on paper; asterisks of the robust core stay."""
    label = display_names([name.removesuffix(" *") for name in marked], size=size)
    return [
        label[name.removesuffix(" *")] + (" *" if name.endswith(" *") else "") for name in marked
    ]


def shares_of(result: Sensitivity) -> pd.DataFrame:
    """Return the shares of the tasks that some case supervises; rows are tasks, columns groups."""
    frame = result.tasks
    groups = [name for name in frame.columns if name not in ("task", "supervised", "core")]
    seen = frame["supervised"] | (frame[groups] > 0).any(axis=1)
    kept = frame[seen] if groups else frame[:0]
    label = display_names(kept["task"])
    marks = [
        f"{label[task]} *" if core else label[task]
        for task, core in zip(kept["task"], kept["core"], strict=True)
    ]
    return kept[groups].set_axis(marks, axis="index").astype(float)


def regrets_of(result: Sensitivity) -> pd.DataFrame:
    """Return the regrets of at most `MOST_SETS` sets; rows are cases, columns the sets."""
    frame = result.regrets
    dropped = [name for name in frame.columns if name.startswith(f"{SOURCE}: ")]
    table = frame.drop(columns=dropped)
    if dropped:
        resampled = [name for name in table if str(name).endswith((": mean", ": max"))]
        place = table.shape[1] - len(resampled)
        table.insert(place, DROPPED, frame[dropped].max(axis=1))
    others = frame.index[1:]
    order = table.loc[others].max(axis=1).sort_values(kind="stable").index
    kept: pd.DataFrame = table.loc[[frame.index[0], *order[: MOST_SETS - 1]]]
    return kept.T


def _key(sets: list[str], most: int) -> str:
    """Return lines that say which tasks the sets of the right panel supervise.

    Lines of more than ``most`` characters are broken.
    """
    own = set(sets[0].split(", "))
    lines = [f"A = {sets[0]}"]
    for place, text in enumerate(sets[1:], 1):
        names = set(text.split(", "))
        added = "".join(f" + {name}" for name in sorted(names - own))
        lost = "".join(f" − {name}" for name in sorted(own - names))
        lines.append(f"{_letter(place)} = A{added}{lost}")
    broken = [
        part for line in lines for part in textwrap.wrap(line, most, subsequent_indent="    ")
    ]
    return escape_dollars("\n".join(broken))


def _letter(place: int) -> str:
    return chr(ord("A") + place)


def _draw_shares(axes: Axes, shares: pd.DataFrame) -> None:
    gap = " " if least_points() == 0 else "\n"
    draw_matrix(
        axes,
        shares,
        colors=win_rate_colors(),
        norm=Normalize(0, 1),
        title=f"share of cases that{gap}supervise a task",
        columns=list(shares.columns),
        rows=[escape_dollars(str(name)) for name in shares.index],
        annot=True,
        fmt=".2f",
        annot_kws={"size": smaller(0.833)},
    )
    axes.tick_params(axis="x", labelrotation=90)
    draw_bar(axes, "share (* robust core)", aspect=30, shrink=0.8)


def _draw_regrets(axes: Axes, regrets: pd.DataFrame) -> None:
    colors = color_map("rocket_r")
    norm = Normalize(0, WORST)
    percent = 100 * regrets
    draw_matrix(
        axes,
        percent,
        colors=colors,
        norm=norm,
        title="regret, % of the optimum",
        columns=[_letter(place) for place in range(regrets.shape[1])],
        rows=[escape_dollars(str(name)) for name in regrets.index],
    )
    for row, (_, values) in enumerate(percent.iterrows()):
        for column, value in enumerate(values):
            if value == value:
                axes.text(
                    column + 0.5,
                    row + 0.5,
                    f"{value:.1f}",
                    ha="center",
                    va="center",
                    size=smaller(0.833),
                    color=text_color(colors(norm(value))),
                )
    axes.tick_params(axis="x", labelrotation=0)
    axes.set_xlabel("supervised set")
    draw_bar(axes, f"regret, % (the darkest from {WORST} % on)", aspect=30, shrink=0.8)
