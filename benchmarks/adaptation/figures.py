"""Figures of the page: gaps covered, matrices of pairs, and t-SNE before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.adaptation.collect import PairSummary, place_of_method
from benchmarks.results.figures import INK, MUTED, new_figure, styled
from taskgraph.arrays import Floats
from taskgraph.plot.figures import Picture

COLORS = ("#2563eb", "#d97706", "#059669", "#dc2626", "#7c3aed", "#0891b2", "#4b5563", "#be185d")


@styled
def gap_bars(rows: Sequence[PairSummary]) -> Picture:
    """Return bars of the share of the gap covered, a group a pair and a color a method.

    Whiskers are intervals over seeds. The dashed line is the target-supervised reference.
    """
    pairs = list(dict.fromkeys((each.source, each.target) for each in rows))
    methods = sorted(dict.fromkeys(each.method for each in rows), key=place_of_method)
    figure = new_figure(width=max(4.5, 1.5 * len(pairs) + 1), height=3.2)
    axes = figure.subplots()
    width = 0.8 / len(methods)
    for row in rows:
        assert row.gap is not None
        place = pairs.index((row.source, row.target))
        left = place - 0.4 + width * (methods.index(row.method) + 0.5)
        half = np.nan_to_num(row.gap.high - row.gap.mean)
        color = _color_of(row.method)
        axes.bar(left, row.gap.mean, width, yerr=half, color=color, ecolor=INK)
    for name in methods:
        axes.bar(0, 0, color=_color_of(name), label=name)
    axes.axhline(0, color=INK, lw=0.8)
    axes.axhline(100, color=MUTED, lw=0.8, ls="--")
    axes.set_xticks(range(len(pairs)), [f"{source} →\n{target}" for source, target in pairs])
    axes.set_ylabel("share of the gap covered, %")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=4)
    return figure


def _color_of(method: str) -> str:
    """Return a method's color, the same one in the figures of all groups."""
    return COLORS[(place_of_method(method) - 2) % len(COLORS)]  # the references have no bars


@styled
def pair_matrices(names: Sequence[str], panels: Mapping[str, Floats]) -> Picture:
    """Return one heatmap a panel of accuracies in percent: rows are sources, columns targets.

    Parameters
    ----------
    names : K names of domains
    panels : (K, K) arrays by title
        NaN where a pair is not measured, as on the diagonal.
    """
    side = 0.5 * len(names) + 0.9
    figure = new_figure(width=side * len(panels) + 1.4, height=side + 0.6)
    axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    every = np.concatenate([each[np.isfinite(each)] for each in panels.values()])
    low, high = float(every.min()), float(every.max())
    image = None
    for own, (title, values) in zip(axes, panels.items(), strict=True):
        image = own.imshow(values, cmap="Blues", vmin=low, vmax=high)
        for row, column in np.argwhere(np.isfinite(values)):
            value = values[row, column]
            color = "white" if value > low + 0.6 * (high - low) else INK
            own.text(column, row, f"{value:.0f}", ha="center", va="center", color=color)
        own.set_title(title)
        own.set_xticks(range(len(names)), names, rotation=45, ha="right")
        own.set_yticks(range(len(names)), names)
        own.set_xlabel("target")
    axes[0].set_ylabel("source")
    assert image is not None
    figure.colorbar(image, ax=list(axes), label="accuracy, %", shrink=0.8)
    return figure


@styled
def embeddings(panels: Mapping[str, Mapping[str, Any]]) -> Picture:
    """Return one scatter plot a panel: a color a class, circles for source, crosses for target.

    Parameters
    ----------
    panels : by title
        What `benchmarks.adaptation.embedding.embedded` returns.
    """
    figure = new_figure(width=3.2 * len(panels), height=3.2)
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for own, (title, panel) in zip(axes, panels.items(), strict=True):
        places = np.asarray(panel["places"], float)
        classes, source = np.asarray(panel["classes"]), np.asarray(panel["is_source"]) == 1
        for mask, marker, label in ((source, "o", "source"), (~source, "x", "target")):
            colors = [COLORS[k % len(COLORS)] if k >= 0 else MUTED for k in classes[mask]]
            own.scatter(*places[mask].T, s=9, c=colors, marker=marker, lw=0.7, label=label)
        own.set_title(title)
        own.set_xticks([])
        own.set_yticks([])
    axes[0].legend(loc="lower left")
    return figure
