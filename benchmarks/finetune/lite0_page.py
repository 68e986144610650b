"""The section and the figure about EfficientNet-Lite0 in the part ``layers``."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

from matplotlib.axes import Axes

from benchmarks.finetune.layer_curves import draw_curve, kept_layers, legend_below
from benchmarks.finetune.lite0 import BASELINE, COPIED, COPIED_FROZEN, OWN, OWN_FROZEN, PIXELS
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
from benchmarks.results.figures import INK, MUTED
from benchmarks.results.frame import part
from benchmarks.results.measures import Estimate
from benchmarks.results.record import Record

CURVES = {
    "BnB, frozen": OWN_FROZEN,
    "BnB+, fine-tuned": OWN,
    "AnB, frozen": COPIED_FROZEN,
    "AnB+, fine-tuned": COPIED,
}
"""The four curves by the names of the page, and the methods of their records."""
STYLES = {
    OWN_FROZEN: ("#2563eb", "o", "-"),
    OWN: ("#2563eb", "s", "--"),
    COPIED_FROZEN: ("#d97706", "o", "-"),
    COPIED: ("#d97706", "s", "--"),
}
Panel = Callable[[Axes], None]


def sections(records: Sequence[Record]) -> list[str]:
    """Return the texts and tables of frozen features, and of the trained curves if there are."""
    probes, trained = _divided(records)
    parts = _probes(probes) if probes else []
    for case in values_of(trained, "case"):
        own = part(trained, case=case)
        parts += _curves([*part(probes, case=case), *own], own, case)
    return parts


def panels(records: Sequence[Record]) -> list[Panel]:
    """Return what draws each panel: probes of all data sets, and the curves of the first case."""
    probes, trained = _divided(records)
    found: list[Panel] = [functools.partial(_probe_panel, records=probes)] if probes else []
    for case in values_of(trained, "case")[:1]:
        own = [*part(probes, case=case), *part(trained, case=case)]
        found.append(functools.partial(_curve_panel, records=own, case=case))
    return found


def _divided(records: Sequence[Record]) -> tuple[list[Record], list[Record]]:
    """Return the records of probes of ImageNet's layers, and those of trained networks."""
    probes = [r for r in records if r.settings["method"] in (COPIED_FROZEN, PIXELS)]
    return probes, [r for r in records if r.settings["method"] not in (COPIED_FROZEN, PIXELS)]


def _probes(records: Sequence[Record]) -> list[str]:
    """Return the text and the table of frozen features."""
    kept = kept_layers(records)
    rows = []
    for case in values_of(records, "case"):
        own = part(records, case=case)
        pixels = percent(estimate(by_seed(own, method=PIXELS)))
        images = values_of(own, "images")[-1]
        cells = [percent(estimate(by_seed(own, kept=k))) for k in kept]
        rows.append([case, str(images), pixels, *cells])
    return [
        "### EfficientNet-Lite0 trained on ImageNet, frozen",
        "Linear probes on the output of the first K of 31 layers, averaged over places; the "
        "features are computed once and kept. The baseline is a linear probe on the pixels. "
        "Validation chose the ridge penalty.",
        markdown.table(["B", "images:", "pixels:", *(f"K = {k}:" for k in kept)], rows),
    ]


def _curves(records: Sequence[Record], trained: Sequence[Record], case: str) -> list[str]:
    """Return the text and the table of the four curves on one data set."""
    kept, settings = kept_layers(trained), trained[-1].settings
    baseline = by_seed(records, method=BASELINE)
    rows, verdicts = [], []
    for name, method in CURVES.items():
        cells = [by_seed(records, method=method, kept=k) for k in kept]
        found = [difference(each, baseline) for each in cells]
        rows.append([name, *(percent(estimate(each)) for each in cells)])
        rows.append(["*minus the baseline*", *map(points, found)])
        verdicts.append(f"{name.partition(',')[0]} {_verdict(found, kept)}")
    tuned = [
        difference(
            by_seed(records, method=COPIED, kept=k), by_seed(records, method=COPIED_FROZEN, kept=k)
        )
        for k in kept
    ]
    rows.append(["*AnB+ minus AnB*", *map(points, tuned)])
    return [
        f"### EfficientNet-Lite0, the four curves on {case}",
        f"The first K layers come from ImageNet (A), or from a Lite0 that was trained on {case} "
        "from scratch (B). All curves have a linear head on the output of layer K, averaged over "
        "places, so that frozen and fine-tuned networks have the same layers. Frozen ones are "
        "linear probes, AnB those of the table above. The baseline has the first "
        f"{settings['depth']} layers with new weights. The networks of BnB were trained as long as "
        "the baseline, at its rate, with other seeds; BnB+ is therefore trained twice as long. "
        "The statistics of batch normalization follow the batches with momentum "
        f"{settings['momentum']:g}: with Lite0's own .01 they are still those of the start after "
        "so few steps, and the network from scratch is at chance. This momentum was chosen by "
        "hand after trials at .01 and .1 in which networks from scratch stayed at chance; the "
        "records of those trials were not kept. "
        f"{settings['images']} training images. {seeds_sentence(trained)}",
        f"Baseline, B from scratch: {percent(estimate(baseline))} %.",
        markdown.table(["curve", *(f"K = {k}:" for k in kept)], rows),
        f"Against the baseline, {'; '.join(verdicts)} (intervals of paired differences that "
        "exclude 0)." + _too_short(tuned, kept),
        f"{rates_sentence(trained)} {cells_sentence(trained, ('method', 'kept'))}".strip(),
    ]


def _verdict(found: Sequence[Estimate | None], kept: Sequence[int]) -> str:
    """Return at which K a curve is above or below the baseline."""
    above = [str(k) for k, one in zip(kept, found, strict=True) if one and one.low > 0]
    below = [str(k) for k, one in zip(kept, found, strict=True) if one and one.high < 0]
    said = [f"is above at K = {', '.join(above)}"] if above else []
    said += [f"is below at K = {', '.join(below)}"] if below else []
    return " and ".join(said) or "is not apart from it"


def _too_short(tuned: Sequence[Estimate | None], kept: Sequence[int]) -> str:
    """Return what it means that fine-tuning is below the probe of the same layers."""
    below = [str(k) for k, one in zip(kept, tuned, strict=True) if one and one.high < 0]
    if not below:
        return ""
    return (
        f" At K = {', '.join(below)}, fine-tuned layers are below the frozen ones with a linear "
        "probe. A probe is fitted in closed form; so few steps from a new head, at the rates that "
        "were tried, do not fit as well. These cells say that the training is too short there, and "
        "nothing about the layers."
    )


def _probe_panel(axis: Axes, records: Sequence[Record]) -> None:
    """Draw the accuracy of linear probes over the layers; K = 0 are the pixels."""
    kept = [0, *kept_layers(records)]
    for number, case in enumerate(values_of(records, "case")):
        found = {k: estimate(by_seed(records, case=case, kept=k)) for k in kept}
        color = ("#2563eb", "#d97706", "#059669", "#7c3aed")[number % 4]
        draw_curve(axis, found, case, (color, "osD^"[number % 4], "-"))
    axis.set_xlabel("layers kept, K (0: pixels)")
    axis.set_title("Lite0, frozen, probed")
    legend_below(axis)


def _curve_panel(axis: Axes, records: Sequence[Record], case: str) -> None:
    """Draw the four curves and the baseline of one data set."""
    baseline = estimate(by_seed(records, method=BASELINE))
    if baseline is not None:
        axis.axhline(100 * baseline.mean, color=INK, lw=1, ls=":", label="B from scratch")
        axis.axhspan(100 * baseline.low, 100 * baseline.high, color=MUTED, alpha=0.15, lw=0)
    for name, method in CURVES.items():
        own = part(records, method=method)
        found = {k: estimate(by_seed(own, kept=k)) for k in kept_layers(own)}
        draw_curve(axis, found, name, STYLES[method])
    axis.set_xlabel("layers kept, K")
    axis.set_title(f"Lite0 on {case}")
    legend_below(axis)
