"""The section of the page on skada's DANN and pytorch-adapt's ADDA, from their records."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.adaptation.collect import CONTENDERS, OURS, newest
from benchmarks.adaptation.settings import DIGITS, PYTORCH_ADAPT, SKADA
from benchmarks.results.markdown import interval, number, table
from benchmarks.results.measures import Estimate, paired_difference, t_interval
from benchmarks.results.record import Record

MARGIN = -2.0
"""We are at least as good if the interval of the difference lies above it, in points."""
BROKEN = 0.15
"""Accuracy on ten classes below which a training has broken down."""
TITLES = {SKADA: "DANN beside skada's", PYTORCH_ADAPT: "ADDA beside pytorch-adapt's"}
ABOUT = {
    SKADA: "`skada` is its DANN as it comes: its domain classifier ends with a softmax over one "
    "output, which is always 1, so that no gradient reaches the features. `skada-head` is its "
    "DANN with a domain classifier of our form and weights, and weight .5, with which its loss is "
    "ours. Unlike ours, it has no schedule of λ. The strength of ours is 1; the first rate of "
    "all is the paper's .01.",
    PYTORCH_ADAPT: "Stage 1, the training on the source, is ours and the same for both; compared "
    "is stage 2. Both have Adam with the authors' decay rates, .5 and .999. pytorch-adapt changes "
    "the target encoder only in steps in which the discriminator is right on more than 60 % of "
    "the batch, which the paper does not.",
}

TEXT = """## {title}

The same digits, LeNet and its first weights, {steps} steps of {batch} images of each domain, the
same optimizer and rates, in processes of their own with one thread, in turn. Both end with the
weights of the last step: no evaluation chooses. {about}

{table}

{verdict}

"""


def beside_section(records: Sequence[Record], library: str) -> str:
    """Return the section of one library; empty without a pair that ours and the library have.

    Processor seconds are those of the training; the ratio is the geometric mean over seeds.
    """
    own = newest(records, library, DIGITS)
    rows: list[list[str]] = []
    differences: dict[str, list[Estimate]] = {}
    for source, target in dict.fromkeys(_pair(each) for each in own):
        by = _by_method([each for each in own if _pair(each) == (source, target)])
        for name in CONTENDERS[library][1:]:
            if seeds := sorted(by.get(OURS, {}).keys() & by.get(name, {}).keys()):
                cells, difference = _row(by, name, seeds)
                rows.append([f"{source} → {target}", name, *cells])
                differences.setdefault(name, []).append(difference)
    if not rows:
        return ""
    heads = ["pair", "library", "ours, %:", "the library's, %:", "ours minus it, points:"]
    heads += ["95 %:", "its seconds / ours:", "seeds:"]
    last = own[-1].settings
    versions = {each.metrics["library"] for each in own} - {OURS}
    return TEXT.format(
        title=f"{TITLES[library]} ({', '.join(sorted(versions))})",
        steps=last["steps"],
        batch=last["batch"],
        about=ABOUT[library],
        table=table(heads, rows),
        verdict=" ".join(_verdict(name, found) for name, found in differences.items())
        + _broken(own, library),
    )


def _pair(record: Record) -> tuple[str, str]:
    """Return source and target."""
    return str(record.settings["source"]), str(record.settings["target"])


def _by_method(records: Sequence[Record]) -> dict[str, dict[int, Record]]:
    """Return the records by method and seed."""
    found: dict[str, dict[int, Record]] = {}
    for each in records:
        found.setdefault(str(each.settings["method"]), {})[int(each.seed or 0)] = each
    return found


def _row(
    by: dict[str, dict[int, Record]], name: str, seeds: Sequence[int]
) -> tuple[list[str], Estimate]:
    """Return the cells of one library's row, and the difference of accuracy in points."""
    values = {
        method: {k: 100 * float(by[method][k].metrics["accuracy"]) for k in seeds}
        for method in (OURS, name)
    }
    seconds = {
        method: np.array([by[method][k].metrics["processor_seconds"] for k in seeds])
        for method in (OURS, name)
    }
    ratio = float(np.exp(np.mean(np.log(seconds[name] / seconds[OURS]))))
    difference = paired_difference(values[OURS], values[name])
    means = [t_interval(list(each.values())).mean for each in values.values()]
    cells = [number(each, 1) for each in (*means, difference.mean)]
    ends = interval(difference.low, difference.high, 1)
    return [*cells, ends, number(ratio, 2), str(len(seeds))], difference


def _broken(records: Sequence[Record], library: str) -> str:
    """Return how many trainings broke down, as adversarial ones do; "" if none did."""
    accuracies = {
        name: [each.metrics["accuracy"] for each in records if each.settings["method"] == name]
        for name in CONTENDERS[library]
    }
    counts = {name: sum(value < BROKEN for value in values) for name, values in accuracies.items()}
    if not any(counts.values()):
        return ""
    shown = ", ".join(f"{name} {n} of {len(accuracies[name])}" for name, n in counts.items())
    return f" Trainings that broke down, with an accuracy below {100 * BROKEN:.0f} %: {shown}."


def _verdict(name: str, found: Sequence[Estimate]) -> str:
    """Return whether ours is at least as good as a library on all pairs."""
    good = sum(each.low > MARGIN for each in found)
    return (
        f"Ours is at least as good as {name} (the interval lies above {number(MARGIN, 0)} points) "
        f"on {good} of {len(found)} pair{'s' if len(found) > 1 else ''}."
    )
