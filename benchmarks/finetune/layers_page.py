"""The section and the figure of the part ``layers``, from its records."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from benchmarks.finetune import lite0_page
from benchmarks.finetune.layer_curves import draw_curve, kept_layers, legend_below
from benchmarks.finetune.layers import BASELINE, CURVES, RESNET8
from benchmarks.finetune.lite0 import LITE0
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
from benchmarks.results.figures import INK, MUTED, new_figure, styled, write_picture
from benchmarks.results.frame import part
from benchmarks.results.record import Record
from taskgraph.plot.figures import Picture

FIGURE = "layers"
STYLES = {
    "BnB": ("#2563eb", "o", "-"),
    "BnB+": ("#2563eb", "s", "--"),
    "AnB": ("#d97706", "o", "-"),
    "AnB+": ("#d97706", "s", "--"),
}
MEANINGS = (
    "- **AnB**: the first K layers are copied from a network trained on A, and frozen.\n"
    "- **AnB+**: the same, but fine-tuned.\n"
    "- **BnB**: the first K layers are copied from another network trained on B, and frozen.\n"
    "- **BnB+**: the same, but fine-tuned."
)


def section(records: Sequence[Record]) -> str:
    """Return the section: a table a case, what the curves say, and the table of Lite0."""
    resnet, lite0 = part(records, network=RESNET8), part(records, network=LITE0)
    parts = [
        "## Which layers to keep (Yosinski's four curves)",
        "A network for B has K layers from elsewhere; the layers above are new and trained on B. "
        "K = 4 is all of ResNet-8 but the head. *Halves* divides the classes of one data set into "
        "A and B, anew for each seed. The baseline is a network for B with new weights "
        "throughout. The networks that layers are copied from were trained before, for twice the "
        "steps; BnB+ therefore shows what longer training alone gives. Differences are paired, and "
        f"bold if their interval excludes 0. {seeds_sentence(resnet)}",
        MEANINGS,
    ]
    for case in values_of(resnet, "case"):
        parts.append(_case(part(resnet, case=case), case))
    parts.append(
        f"{rates_sentence(resnet)} {cells_sentence(resnet, ('case', 'method', 'kept'))}".strip()
    )
    if lite0:
        parts += lite0_page.sections(lite0)
    parts.append(f"![accuracy over the number of layers kept]({FIGURE}.svg)")
    return "\n\n".join(parts)


def _case(records: Sequence[Record], case: str) -> str:
    """Return the title, the table and the sentences of one case."""
    baseline = by_seed(records, method=BASELINE)
    kept = kept_layers(records)
    rows = []
    for curve in CURVES:
        cells = [by_seed(records, method=curve, kept=k) for k in kept]
        rows.append([curve, *(percent(estimate(each)) for each in cells)])
        rows.append(
            ["*minus the baseline*", *(points(difference(each, baseline)) for each in cells)]
        )
    table = markdown.table(["curve", *(f"K = {k}:" for k in kept)], rows)
    images = values_of(records, "images")[-1]
    title = f"### {case}: at most {images} images of A and of B"
    text = f"Baseline, B from scratch: {percent(estimate(baseline))} % of the test images of B."
    return "\n\n".join([title, text, table, _said(records, baseline, kept)])


def _said(records: Sequence[Record], baseline: dict[int, float], kept: Sequence[int]) -> str:
    """Return in words which curves differ from the baseline, and at which K."""
    sentences = []
    for curve in CURVES:
        higher, lower = [], []
        for k in kept:
            found = difference(by_seed(records, method=curve, kept=k), baseline)
            if found is not None and found.low > 0:
                higher.append(str(k))
            elif found is not None and found.high < 0:
                lower.append(str(k))
        said = [f"above the baseline at K = {', '.join(higher)}"] if higher else []
        said += [f"below it at K = {', '.join(lower)}"] if lower else []
        sentences.append(f"{curve} is {' and '.join(said) or 'nowhere apart from the baseline'}")
    return "; ".join(sentences) + " (intervals of paired differences that exclude 0)."


def finding(records: Sequence[Record]) -> str:
    """Return how all copied layers of A change accuracy, frozen and fine-tuned; first case."""
    resnet = part(records, network=RESNET8)
    case = values_of(resnet, "case")[0]
    own = part(resnet, case=case)
    baseline, last = by_seed(own, method=BASELINE), kept_layers(own)[-1]
    said = []
    for curve, how in (("AnB", "frozen"), ("AnB+", "fine-tuned")):
        text = points(difference(by_seed(own, method=curve, kept=last), baseline))
        clear = "" if text.startswith("**") else " (the interval includes 0)"
        said.append(f"{text.strip('*')} points if they are {how}{clear}")
    return (
        f"copying all layers of a network for other classes ({case}) changes test accuracy by "
        f"{' and '.join(said)}"
    )


def draw(records: Sequence[Record], folder: Path) -> None:
    """Write the figure."""
    write_picture(figure(records), folder, FIGURE)


@styled
def figure(records: Sequence[Record]) -> Picture:
    """Return the figure: a panel a case of ResNet-8, and up to two for Lite0."""
    resnet, lite0 = part(records, network=RESNET8), part(records, network=LITE0)
    cases = values_of(resnet, "case")
    drawn = lite0_page.panels(lite0)
    panels = len(cases) + len(drawn)
    made = new_figure(width=2.5 * panels + 0.4, height=3.3)
    axes = made.subplots(1, panels, squeeze=False)[0]
    for axis, case in zip(axes, cases, strict=False):
        _panel(axis, part(resnet, case=case), case)
    axes[0].set_ylabel("test accuracy, % (larger is better)")
    for axis, draw_panel in zip(axes[len(cases) :], drawn, strict=True):
        draw_panel(axis)
    return made


def _panel(axis: Axes, records: Sequence[Record], case: str) -> None:
    """Draw the four curves and the baseline of one case."""
    baseline = estimate(by_seed(records, method=BASELINE))
    kept = kept_layers(records)
    if baseline is not None:
        axis.axhline(100 * baseline.mean, color=INK, lw=1, ls=":", label="B from scratch")
        axis.axhspan(100 * baseline.low, 100 * baseline.high, color=MUTED, alpha=0.15, lw=0)
    for number, (curve, style) in enumerate(STYLES.items()):
        found = {k: estimate(by_seed(records, method=curve, kept=k)) for k in kept}
        draw_curve(axis, found, curve, style, shift=0.06 * (number - 1.5))
    axis.set_xticks(kept)
    axis.set_xlabel("layers kept, K")
    axis.set_title(case)
    legend_below(axis)
