"""The section and the figure of the part ``sizes``, from its records."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from benchmarks.finetune.multiplier import LabelMultiplier, multiplier_interval
from benchmarks.finetune.sizes import PROBED, SCRATCH, TUNED
from benchmarks.finetune.summary import (
    by_seed,
    cells_sentence,
    difference,
    estimate,
    percent,
    points,
    rates_sentence,
    seeds_sentence,
    values_of,
)
from benchmarks.results import markdown
from benchmarks.results.figures import new_figure, styled, write_picture
from benchmarks.results.frame import part
from benchmarks.results.record import Record
from taskgraph.plot.figures import Picture

FIGURE = "sizes"
DRAWS = 500
COLORS = ("#6b7280", "#2563eb", "#d97706", "#059669", "#7c3aed", "#dc2626")
CurveKey = tuple[str, str]
"""A start and a method."""


def section(records: Sequence[Record]) -> str:
    """Return the section: a table a target, and how many times the labels pretraining is worth."""
    parts = [
        "## How much data",
        "Subsets of one seed are nested and have the classes' shares. *From scratch* trains the "
        "network of the start with new weights, *fine-tuned* trains all of its layers at one rate, "
        "*linear probe* leaves it frozen and fits ridge regression to its features (validation "
        f"chooses the penalty). {seeds_sentence(records)} Bank `{_bank(records)}`.",
    ]
    for target in values_of(records, "target"):
        parts += _target(part(records, target=target), target)
    parts.append(
        f"{rates_sentence(records)} "
        f"{cells_sentence(records, ('target', 'start', 'method', 'n'))}".strip()
    )
    parts += _worth(records)
    parts.append(f"![accuracy over the number of labels]({FIGURE}.svg)")
    return "\n\n".join(parts)


def _bank(records: Sequence[Record]) -> str:
    return str(values_of(records, "bank")[-1])


def curves_of(records: Sequence[Record]) -> list[CurveKey]:
    """Return the starts and methods of some records; those from scratch come first."""
    found = dict.fromkeys((r.settings["start"], r.settings["method"]) for r in records)
    order = [SCRATCH, TUNED, PROBED]
    return sorted(found, key=lambda curve: (order.index(curve[1]), curve[0]))


def accuracies(records: Sequence[Record], curve: CurveKey, n: int) -> dict[int, float]:
    """Return the accuracy of one start and method at n labels, by seed."""
    return by_seed(records, start=curve[0], method=curve[1], n=n)


def _target(records: Sequence[Record], target: str) -> list[str]:
    """Return the title and the table of one target."""
    sizes = sorted(values_of(records, "n"))
    rows = []
    for start, method in curves_of(records):
        cells = [accuracies(records, (start, method), n) for n in sizes]
        rows.append([method, start, *(percent(estimate(each)) for each in cells)])
        base = [accuracies(records, (start, SCRATCH), n) for n in sizes]
        if method != SCRATCH and any(base):
            minus = [points(difference(one, two)) for one, two in zip(cells, base, strict=True)]
            rows.append(["*minus from scratch*", "", *minus])
    heads = ["method", "start", *(f"n = {n}:" for n in sizes)]
    return [f"### {target}: test accuracy, %", markdown.table(heads, rows)]


def multiplier_of(records: Sequence[Record], curve: CurveKey, scratch: CurveKey) -> LabelMultiplier:
    """Return how many times the labels one curve is worth against training from scratch.

    It is computed at the sizes and seeds that both curves have.
    """
    sizes, first, second = [], [], []
    for n in sorted(values_of(records, "n")):
        one, two = accuracies(records, curve, n), accuracies(records, scratch, n)
        if one and one.keys() == two.keys():
            sizes.append(n)
            first.append([one[seed] for seed in sorted(one)])
            second.append([two[seed] for seed in sorted(two)])
    if len(sizes) < 2 or len({len(each) for each in first}) > 1:
        return LabelMultiplier(np.nan, np.nan, np.nan)
    return multiplier_interval(sizes, np.transpose(first), np.transpose(second), draws=DRAWS)


def _worth(records: Sequence[Record]) -> list[str]:
    """Return the table of label multipliers, and what it says."""
    rows, worse, better = [], [], []
    for target in values_of(records, "target"):
        own = part(records, target=target)
        scratch = next((curve for curve in curves_of(own) if curve[1] == SCRATCH), None)
        for curve in curves_of(own):
            if scratch is None or curve[1] == SCRATCH:
                continue
            found = multiplier_of(own, curve, scratch)
            cells = [markdown.number(found.value, 2), markdown.interval(found.low, found.high, 2)]
            rows.append([target, curve[1], curve[0], *cells])
            name = f"{curve[1]} from {curve[0]} on {target}"
            better += [name] if found.low > 1 else []
            worse += [name] if found.high < 1 else []
    if not rows:
        return []
    said = f"Worth more labels (interval above 1): {'; '.join(better) or 'none'}. "
    said += f"Worth fewer (interval below 1): {'; '.join(worse) or 'none'}. "
    said += _single_sizes(records)
    return [
        "With few steps and few validation images (28 faces), fine-tuning is in single cells worse "
        "than with fewer labels; these cells are kept as they are.",
        "### Pretraining is worth × times the labels",
        "The horizontal distance between a curve and that from scratch, over log n, averaged over "
        "the accuracies that both reach; a dash where there are none, since nothing is "
        f"extrapolated. The interval is the 2.5 to 97.5 % range of {DRAWS:,} resamples of the "
        "seeds, which is too narrow for five; a dash where more than 1 in 20 have no "
        f"value. Both curves are of {_steps(records)} steps, after which networks from scratch "
        "are far from their best (*The same, trained longer*), so a multiplier here holds for this "
        "length of training alone. Networks from scratch have the architecture of the "
        "bank's encoders; that of Lite0 is another one.",
        markdown.table(["target", "method", "start", "times:", "interval"], rows),
        said,
    ]


def _steps(records: Sequence[Record]) -> int:
    return int(values_of(records, "steps")[-1])


def _signs(records: Sequence[Record]) -> list[int]:
    """Return by size 1 where fine-tuning is above training from scratch, -1 below, 0 neither."""
    curves = {method: (start, method) for start, method in curves_of(records)}
    found = []
    for n in sorted(values_of(records, "n")) if TUNED in curves and SCRATCH in curves else []:
        one, two = (accuracies(records, curves[method], n) for method in (TUNED, SCRATCH))
        each = difference(one, two)
        found += [] if each is None else [int(each.low > 0) - int(each.high < 0)]
    return found


def _single_sizes(records: Sequence[Record]) -> str:
    """Return at how many single sizes fine-tuning and training from scratch differ."""
    said = []
    for target in values_of(records, "target"):
        if signs := _signs(part(records, target=target)):
            above, below = signs.count(1), signs.count(-1)
            said.append(f"{target} above at {above} and below at {below} of {len(signs)} sizes")
    return (
        "At single sizes, the interval of the paired difference of fine-tuning and training from "
        f"scratch excludes 0 as follows: {'; '.join(said)}."
        if said
        else ""
    )


def finding(records: Sequence[Record]) -> str:
    """Return how many times the labels fine-tuning is worth on each target, and how surely."""
    said = []
    for target in values_of(records, "target"):
        own = part(records, target=target)
        curves = {method: (start, method) for start, method in curves_of(own)}
        if TUNED in curves and SCRATCH in curves:
            worth = multiplier_of(own, (curves[SCRATCH][0], TUNED), curves[SCRATCH])
            bounds = markdown.interval(worth.low, worth.high, 2)
            bounds = "(no interval)" if bounds == markdown.NOTHING else bounds
            known = worth.value == worth.value
            value = f"{worth.value:.2f} {bounds}" if known else "cannot be computed"
            signs = _signs(own)
            said.append(
                f"{target} {value}, and at {len(signs)} single sizes accuracy is clearly higher "
                f"at {signs.count(1)} and clearly lower at {signs.count(-1)}"
            )
    if not said:
        return "no label multiplier"
    return (
        f"after {_steps(records)} steps, one label with fine-tuning is worth this many from "
        "scratch (in brackets the range over resampled seeds, which is too narrow for so few): "
        f"{'; '.join(said)}"
    )


def draw(records: Sequence[Record], folder: Path) -> None:
    """Write the figure."""
    write_picture(figure(records), folder, FIGURE)


@styled
def figure(records: Sequence[Record]) -> Picture:
    """Return the figure: a panel a target, a line a start and method."""
    targets, curves = values_of(records, "target"), curves_of(records)
    made = new_figure(width=2.4 * len(targets) + 0.4, height=2.9)
    axes = made.subplots(1, len(targets), squeeze=False)[0]
    for axis, target in zip(axes, targets, strict=True):
        _panel(axis, part(records, target=target), curves)
        axis.set_title(target)
    axes[0].set_ylabel("test accuracy, % (larger is better)")
    entries = [axis.get_legend_handles_labels() for axis in axes]
    handles, labels = max(entries, key=lambda each: len(each[1]))
    made.legend(handles, labels, loc="outside lower center", ncols=min(4, len(labels)))
    return made


def _panel(axis: Axes, records: Sequence[Record], curves: Sequence[CurveKey]) -> None:
    """Draw the curves of one target, with intervals over seeds."""
    sizes = sorted(values_of(records, "n"))
    for number, curve in enumerate(curves):
        found = {n: estimate(accuracies(records, curve, n)) for n in sizes}
        whole = {n: each for n, each in found.items() if each is not None}
        if not whole:
            continue
        color = COLORS[number % len(COLORS)]
        means = [100 * each.mean for each in whole.values()]
        axis.plot(
            list(whole),
            means,
            color=color,
            marker="osD^vP"[number % 6],
            ms=3.5,
            lw=1.1,
            label=f"{curve[1]}, {curve[0].removeprefix('bank:')}",
        )
        low = [100 * each.low for each in whole.values()]
        high = [100 * each.high for each in whole.values()]
        axis.fill_between(list(whole), low, high, color=color, alpha=0.13, lw=0)
    axis.set_xscale("log")
    axis.set_xticks(sizes, [str(n) for n in sizes])
    axis.minorticks_off()
    axis.set_xlabel("training labels, n")
