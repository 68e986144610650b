"""Tables of the page, from the results of a stream."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from benchmarks.data.data import VAL
from benchmarks.lifelong import measures, published
from benchmarks.lifelong.collect import PROBE, MethodResults, StreamResults
from benchmarks.lifelong.settings import SETS
from benchmarks.results import markdown
from benchmarks.results.measures import paired_difference, t_interval
from benchmarks.results.record import Record
from taskgraph.arrays import Floats

TRIED = ("memory", "epochs", "batch", "learning_rate", "weight_decay", "augment", "per_class")
"""Settings that may be chosen on validation images."""
HYBRIDS = ("hybrid1", "hybrid2", "hybrid3")
RANK = (("joint",), ("icarl",), HYBRIDS, ("lwf-mc",), ("finetuning",))
"""The order that Table 1 and Figure 2 of the paper found, best first."""


def summary_table(stream: StreamResults) -> str:
    """Return one row a network and method: all measures, with intervals over class orders."""
    forward = _forward_defined(stream)
    heads = [
        "network",
        "method",
        "average incremental accuracy:",
        "95 %:",
        "last accuracy:",
        "forgetting:",
        "backward transfer:",
        *(["forward transfer:"] if forward else []),
        "intransigence:",
        "stored images:",
        "orders:",
    ]
    rows = []
    for each in sorted(stream.methods, key=lambda m: (m.network, -_average(m).mean())):
        average = t_interval(100 * _average(each))
        rows.append(
            [
                each.network,
                each.method,
                markdown.number(average.mean, 1),
                markdown.interval(average.low, average.high, 1),
                _percent(np.array([measures.last_accuracy(c) for c in each.curves()])),
                _percent(_of_matrices(each, measures.forgetting)),
                _percent(_of_matrices(each, measures.backward_transfer)),
                *([_percent(_forward(each))] if forward else []),
                _percent(_intransigence(each, stream)),
                str(int(each.stored("stored")[:, -1].max())),
                str(len(each.orders)),
            ]
        )
    return markdown.table(heads, rows)


def paired_table(stream: StreamResults, network: str) -> str | None:
    """Return the differences of iCaRL and each other method; None without iCaRL."""
    own = stream.of(network)
    if "icarl" not in own:
        return None
    first = _by_order(own["icarl"])
    rows = []
    for name, results in own.items():
        second = _by_order(results)
        if name == "icarl" or first.keys() != second.keys():
            continue
        found = paired_difference(first, second)
        rows.append(
            [name, markdown.number(found.mean, 1), markdown.interval(found.low, found.high, 1)]
        )
    return markdown.table([f"iCaRL minus ({network})", "difference:", "95 %:"], rows)


def tried_table(records: Sequence[Record]) -> str | None:
    """Return one row a stream, network and setting that was tried on validation images, or None.

    The columns are the methods, with the mean over steps of finished class orders. Settings that
    all trials share are left out. ``reported`` marks settings of which there are test results.
    """
    tried = [each for each in records if each.split == VAL]
    tested = {_trial_key(each) for each in records if each.split != VAL}
    trials: dict[tuple[object, ...], list[Record]] = {}
    for each in tried:
        trials.setdefault(_trial_key(each), []).append(each)
    if not trials:
        return None
    shown = [k for k in range(2 + len(TRIED)) if k < 2 or len({key[k] for key in trials}) > 1]
    methods = list(dict.fromkeys(each.settings["method"] for each in tried))
    rows = [
        [
            *(str(key[k]) for k in shown),
            *(_trial(own, method) for method in methods),
            "yes" if key in tested else "",
        ]
        for key, own in sorted(trials.items(), key=lambda item: tuple(map(str, item[0])))
    ]
    heads = [("data", "network", *TRIED)[k].replace("_", " ") for k in shown]
    return markdown.table([*heads, *(f"{name}:" for name in methods), "reported"], rows)


def _trial_key(record: Record) -> tuple[object, ...]:
    """Return what tells trials apart: data, network and the settings of `TRIED`."""
    return tuple(record.settings[name] for name in ("data", "network", *TRIED))


def _trial(records: Sequence[Record], method: str) -> str:
    """Return the mean over steps of a method's accuracy in percent, or a dash without one."""
    values = [each.metrics["accuracy"] for each in records if each.settings["method"] == method]
    return markdown.number(100 * float(np.mean(values)), 1) if values else "–"


def published_table() -> str:
    """Return Table 1 of the paper."""
    heads = ["classes a step:", *(f"{name}:" for name in published.METHODS)]
    rows = [[str(k), *(f"{v:.1f}" for v in values)] for k, values in published.TABLE_1.items()]
    return markdown.table(heads, rows)


def order_sentence(stream: StreamResults, network: str) -> str:
    """Return which parts of the order that the paper found hold, with intervals over orders.

    Each method is compared with each method of the next rank. A comparison holds where the
    interval of the paired difference lies above 0, and is reversed where it lies below 0.
    """
    own = stream.of(network)
    known = [found for rank in RANK if (found := [name for name in rank if name in own])]
    held: list[str] = []
    unclear: list[str] = []
    opposite: list[str] = []
    for better, worse in ((a, b) for up, down in pairwise(known) for a in up for b in down):
        first, second = _by_order(own[better]), _by_order(own[worse])
        if first.keys() != second.keys() or len(first) < 2:
            continue  # a single order has no interval
        gap = paired_difference(first, second)
        interval = markdown.interval(gap.low, gap.high, 1)
        text = f"{better} − {worse} {markdown.number(gap.mean, 1)} {interval}"
        place = held if gap.low > 0 else opposite if gap.high < 0 else unclear
        place.append(text)
    parts = [
        f"{len(held)} of {len(held) + len(unclear) + len(opposite)} comparisons hold",
        *([f"undecided (the interval contains 0): {', '.join(unclear)}"] if unclear else []),
        *([f"reversed: {', '.join(opposite)}"] if opposite else []),
    ]
    order = " above ".join(", ".join(rank) for rank in known)
    if not held + unclear + opposite:
        return f"{stream.name}, {network}: too few class orders to compare methods."
    return f"{stream.name}, {network}: of the paper's order ({order}), {'; '.join(parts)}."


COMPARED = ("finetuning", "lwf-mc", "random-replay", "joint", PROBE)
"""Methods with which the page's first sentence compares iCaRL."""


def verdict(results: Sequence[StreamResults]) -> str:
    """Return in how many pairs of a stream and a network iCaRL is clearly above or below others.

    Clearly: Student's 95 % interval of the paired difference over class orders excludes 0.
    """
    parts = []
    for name in COMPARED:
        gaps = [
            paired_difference(_by_order(own["icarl"]), _by_order(own[name]))
            for stream in results
            for network in stream.networks
            if {"icarl", name} <= (own := stream.of(network)).keys()
            and own["icarl"].orders == own[name].orders
            and len(own["icarl"].orders) > 1
        ]
        above, below = sum(gap.low > 0 for gap in gaps), sum(gap.high < 0 for gap in gaps)
        if gaps:
            parts.append(f"{name} in {above} of {len(gaps)} (below in {below})")
    if not parts:
        return "iCaRL was not compared with another method over the same class orders."
    return (
        "Average incremental accuracy over pairs of a stream and a network: an interval over class "
        f"orders puts iCaRL above {', '.join(parts)}. The intervals are not corrected for their "
        "number."
    )


def headline(stream: StreamResults) -> str:
    """Return one sentence with the average incremental accuracy of the main methods."""
    orders = max(len(each.orders) for each in stream.methods)
    parts = []
    for network in stream.networks:
        own = stream.of(network)
        shown = [n for n in ("icarl", "finetuning", "joint", PROBE) if n in own]
        values = ", ".join(f"{n} {100 * _average(own[n]).mean():.1f} %" for n in shown)
        parts.append(f"{network.removeprefix('scratch:')} {values}")
    return f"Average incremental accuracy over {orders} class orders: {'; '.join(parts)}."


LEARNED = 3.0
"""Times chance that joint training must reach for a stream to say much about forgetting."""


def caution(stream: StreamResults) -> str | None:
    """Return a sentence where even joint training learns little; None elsewhere."""
    classes = stream.sizes[0] if stream.settings["protocol"] == SETS else sum(stream.sizes)
    weak = [
        f"{network} {last:.1f} %"
        for network in stream.networks
        if "joint" in (own := stream.of(network))
        and (last := 100 * float(own["joint"].curves()[:, -1].mean())) < LEARNED * 100 / classes
    ]
    if not weak:
        return None
    return (
        f"Joint training ends at {', '.join(weak)} on {classes} classes (chance "
        f"{100 / classes:.1f} %): too little is learned here to compare how much is forgotten."
    )


def _average(results: MethodResults) -> Floats:
    """Return the average incremental accuracy of each order."""
    return np.array([measures.average_incremental_accuracy(each) for each in results.curves()])


def _by_order(results: MethodResults) -> dict[int, float]:
    """Return the average incremental accuracy in percent by class order."""
    return dict(zip(results.orders, 100 * _average(results), strict=True))


def _of_matrices(results: MethodResults, measure: Callable[[Floats], float]) -> Floats:
    """Return a measure of the accuracies of each order."""
    return np.array([measure(each) for each in results.matrices()])


def _forward(results: MethodResults) -> Floats:
    """Return the forward transfer of each order."""
    pairs = zip(results.matrices(), results.untrained(), strict=True)
    return np.array([measures.forward_transfer(matrix, start) for matrix, start in pairs])


def _intransigence(results: MethodResults, stream: StreamResults) -> Floats:
    """Return the intransigence of each order against joint training of the same network."""
    joint = stream.of(results.network).get("joint")
    if joint is None:
        return np.array([np.nan])
    return np.array(
        [
            measures.intransigence(own, bound)
            for order, own in zip(results.orders, results.matrices(), strict=True)
            for other, bound in zip(joint.orders, joint.matrices(), strict=True)
            if order == other
        ]
    )


def _forward_defined(stream: StreamResults) -> bool:
    """Return whether any method has a forward transfer."""
    return any(np.isfinite(_forward(each)).any() for each in stream.methods)


def _percent(values: Floats) -> str:
    """Return the mean in percent, ± the standard deviation over orders; a dash if undefined."""
    if not len(values) or np.isnan(values).any():
        return markdown.NOTHING
    spread = f" ± {100 * values.std(ddof=1):.1f}" if len(values) > 1 else ""
    return f"{100 * values.mean():.1f}{spread}"
