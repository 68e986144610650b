"""The section of the page on avalanche-lib, from the records of ``--part avalanche``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.lifelong.collect import SHARED
from benchmarks.results import markdown
from benchmarks.results.frame import latest
from benchmarks.results.measures import paired_difference, t_interval
from benchmarks.results.record import Record

PART, OURS, LIBRARY = "avalanche", "ours", "avalanche-lib"

DEVIATIONS = (
    "the network has an output for every class from the first step on, and classes that have not "
    "arrived have the target 0",
    "K / t is rounded up, so that the memory may hold more than K images",
    "exemplars are chosen by the walk of the authors' code, not by the greedy rule",
    "the mean of a class also averages the flipped exemplars, even of digits",
    "the old network is run in training mode on each batch, so that normalization uses the batch",
    "classes that have not arrived have the mean 0 and can be predicted",
)
"""How avalanche-lib 0.6's iCaRL differs from the paper, read in its source."""

TEXT = """## Beside avalanche-lib 0.6

iCaRL by both, with the same images, class orders, weights of LeNet, memory, epochs, batch size,
learning rates and weight decay ({settings}), in processes of their own with one thread, in turn.
avalanche-lib's differs from the paper:

{deviations}

{table}

"""


def split_parts(records: Sequence[Record]) -> tuple[list[Record], list[Record]]:
    """Return the records of streams, and those of the comparison with avalanche-lib."""
    beside = [each for each in records if each.settings.get("part") == PART]
    return [each for each in records if each.settings.get("part") != PART], beside


def beside_section(records: Sequence[Record]) -> str:
    """Return the section, from the newest settings of the comparison; empty without records.

    Average incremental accuracy is the mean over steps. Processor seconds are those of all
    training steps of an order; the ratio is the geometric mean over orders.
    """
    newest = latest(records, *SHARED) if records else []
    rows = []
    for name in dict.fromkeys(each.settings["data"] for each in newest):
        own = latest([each for each in newest if each.settings["data"] == name], "memory")
        rows += _row(name, own)
    if not rows:
        return ""
    heads = ["data", "memory:", "ours:", "avalanche-lib:", "ours minus avalanche-lib:", "95 %:"]
    heads += ["its seconds / ours:", "most images stored, ours:", "its:", "orders:"]
    last = newest[-1].settings
    settings = ", ".join(f"{name.replace('_', ' ')} {last[name]}" for name in SHARED)
    deviations = "\n".join(f"- {each};" for each in DEVIATIONS).removesuffix(";") + "."
    table = markdown.table(heads, rows)
    return TEXT.format(settings=settings, deviations=deviations, table=table)


def _row(name: str, records: Sequence[Record]) -> list[list[str]]:
    """Return the row of one stream, or none if no order has both."""
    by_method: dict[str, dict[int, Record]] = {OURS: {}, LIBRARY: {}}
    for each in records:
        by_method[each.settings["method"]][int(each.seed or 0)] = each
    orders = sorted(by_method[OURS].keys() & by_method[LIBRARY].keys())
    if not orders:
        return []
    values = {
        method: {k: 100 * float(np.mean(found[k].metrics["accuracy"])) for k in orders}
        for method, found in by_method.items()
    }
    seconds = {
        method: np.array([found[k].metrics["processor_seconds"] for k in orders])
        for method, found in by_method.items()
    }
    ratio = float(np.exp(np.mean(np.log(seconds[LIBRARY] / seconds[OURS]))))
    difference = paired_difference(values[OURS], values[LIBRARY])
    means = [t_interval(np.array(list(values[method].values()))).mean for method in values]
    stored = [
        str(max(max(found[k].metrics["stored"]) for k in orders)) for found in by_method.values()
    ]
    return [
        [
            name,
            str(records[-1].settings["memory"]),
            *(markdown.number(each, 1) for each in means),
            markdown.number(difference.mean, 1),
            markdown.interval(difference.low, difference.high, 1),
            markdown.number(ratio, 2),
            *stored,
            str(len(orders)),
        ]
    ]
