"""The section and the figure of the part ``depth``, from its records."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from benchmarks.finetune.summary import (
    by_seed,
    cells_sentence,
    difference,
    estimate,
    points,
    values_of,
)
from benchmarks.results import markdown
from benchmarks.results.figures import new_figure, styled, write_picture
from benchmarks.results.frame import latest, part
from benchmarks.results.measures import Estimate
from benchmarks.results.record import Record
from taskgraph.plot.figures import Picture

FIGURE = "depth"
PROTOCOL = ("target", "pixels", "steps", "batch", "pool", "tested")
STYLES = (
    ("#2563eb", "o", "-"),
    ("#d97706", "s", "--"),
    ("#059669", "D", "-."),
    ("#7c3aed", "^", ":"),
)
"""Color, marker and line of each network, which differ in gray print, too."""
NOT_RUN = """## Residual networks from scratch

Not run yet: `taskgraph bench finetune --parts depth`."""


def section(records: Sequence[Record]) -> str:
    """Return the section: error over depth, and error over the number of training images."""
    own = latest(records, *PROTOCOL)
    last, most = own[-1].settings, max(values_of(own, "n"))
    seeds = len({record.seed for record in own if record.split == "test"})
    return "\n\n".join(
        [
            "## Residual networks from scratch",
            f"ResNet-20 to ResNet-56 of He et al. (option A) on {last['target']}, whose images are "
            f"resized to {last['pixels']} pixels and cropped after padding: SGD with rate "
            f"{last['rates'][0]:g}, divided by 10 after a half and three quarters of "
            f"{last['steps']:,} steps of {last['batch']} images, momentum .9, weight decay .0001; "
            f"nothing was tuned. {seeds} seeds, which draw weights, subsets and batches; at most "
            f"{last['tested']:,} test images; intervals are Student's 95 % intervals over seeds.",
            f"### Test error over depth, {most:,} training images",
            _depths(own, most),
            "### Test error over the number of training images",
            _sizes(own),
            cells_sentence(own, ("method", "n")),
            _said(own, most),
            f"![test error over depth and over training images]({FIGURE}.svg)",
        ]
    ).replace("\n\n\n\n", "\n\n")


def error(found: Estimate | None) -> str:
    """Return a mean error in percent ± half of its interval, of the estimate of an accuracy."""
    if found is None:
        return markdown.NOTHING
    half = 100 * (found.high - found.mean)
    return f"{100 * (1 - found.mean):.2f}" + ("" if half != half else f" ± {half:.2f}")


def _depths(records: Sequence[Record], most: int) -> str:
    """Return the table of errors by depth, with differences from the least depth."""
    depths, rows = sorted(values_of(records, "depth")), []
    first = by_seed(records, depth=depths[0], n=most)
    for depth in depths:
        found = by_seed(records, depth=depth, n=most)
        minus = markdown.NOTHING if depth == depths[0] else points(difference(first, found))
        parameters = next(
            (
                r.metrics["parameters"]
                for r in part(records, depth=depth)
                if "parameters" in r.metrics
            ),
            None,
        )
        count = f"{parameters:,}" if parameters else markdown.NOTHING
        rows.append([f"ResNet-{depth}", count, error(estimate(found)), _range(found), minus])
    heads = [
        "network",
        "parameters:",
        "test error, %:",
        "best to worst seed:",
        f"minus ResNet-{depths[0]}:",
    ]
    return markdown.table(heads, rows)


def _range(found: dict[int, float]) -> str:
    """Return the least and the largest error over seeds, in percent, of accuracies by seed."""
    if not found:
        return markdown.NOTHING
    errors = [100 * (1 - each) for each in found.values()]
    return f"{min(errors):.2f} to {max(errors):.2f}"


def _sizes(records: Sequence[Record]) -> str:
    """Return the table of errors by number of training images, of the depths that have several."""
    sizes = sorted(values_of(records, "n"))
    rows = [
        [
            f"ResNet-{depth}",
            *(error(estimate(by_seed(records, depth=depth, n=n))) for n in sizes),
        ]
        for depth in _depths_with_sizes(records)
    ]
    return markdown.table(["network", *(f"n = {n:,}:" for n in sizes)], rows)


def _depths_with_sizes(records: Sequence[Record]) -> list[int]:
    """Return the depths that were trained on several numbers of images."""
    depths = sorted(values_of(records, "depth"))
    return [d for d in depths if len(values_of(part(records, depth=d), "n")) > 1] or depths


def _said(records: Sequence[Record], most: int) -> str:
    """Return what the differences between the depths say."""
    depths = sorted(values_of(records, "depth"))
    first = by_seed(records, depth=depths[0], n=most)
    better, worse = [], []
    for depth in depths[1:]:
        found = difference(first, by_seed(records, depth=depth, n=most))
        if found is not None and found.high < 0:
            better.append(f"ResNet-{depth}")
        if found is not None and found.low > 0:
            worse.append(f"ResNet-{depth}")
    base = f"ResNet-{depths[0]}"
    return (
        f"Lower error than {base} (interval below 0): {', '.join(better) or 'none'}. Higher: "
        f"{', '.join(worse) or 'none'}."
    )


def draw(records: Sequence[Record], folder: Path) -> None:
    """Write the figure."""
    write_picture(figure(latest(records, *PROTOCOL)), folder, FIGURE)


@styled
def figure(records: Sequence[Record]) -> Picture:
    """Return the figure: error over depth, and error over training images."""
    made = new_figure(width=6.6, height=2.8)
    left, right = made.subplots(1, 2)
    depths, sizes = sorted(values_of(records, "depth")), sorted(values_of(records, "n"))
    found = {depth: estimate(by_seed(records, depth=depth, n=sizes[-1])) for depth in depths}
    _curve(left, {depth: each for depth, each in found.items() if each is not None}, "")
    left.set_xticks(depths)
    left.set_xlabel("layers")
    left.set_ylabel("test error, % (smaller is better)")
    for place, depth in enumerate(_depths_with_sizes(records)):
        by_size = {n: estimate(by_seed(records, depth=depth, n=n)) for n in sizes}
        whole = {n: each for n, each in by_size.items() if each is not None}
        _curve(right, whole, f"ResNet-{depth}", STYLES[place % len(STYLES)])
    right.set_xscale("log")
    right.set_xticks(sizes, [f"{n:,}" for n in sizes])
    right.minorticks_off()
    right.set_xlabel("training images, n")
    right.legend()
    return made


def _curve(
    axis: Axes, found: dict[int, Estimate], label: str, style: tuple[str, str, str] = STYLES[0]
) -> None:
    """Draw errors with intervals; ``style`` is color, marker and line."""
    middle = [100 * (1 - each.mean) for each in found.values()]
    color, marker, dashes = style
    (line,) = axis.plot(
        list(found), middle, color=color, marker=marker, ls=dashes, ms=3.5, lw=1.1, label=label
    )
    low = [100 * (1 - each.high) for each in found.values()]
    high = [100 * (1 - each.low) for each in found.values()]
    axis.fill_between(list(found), low, high, color=line.get_color(), alpha=0.13, lw=0)
