"""The section of the part ``freezing``, from its records."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.finetune.freezing import ALL, METHODS, TIMM_TRAP
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
from benchmarks.results.frame import part
from benchmarks.results.record import Record


def section(records: Sequence[Record]) -> str:
    """Return the section: accuracies, the rates that the optimizer holds, and timm's trap."""
    trained = [record for record in records if record.settings["method"] != TIMM_TRAP]
    traps = part(records, method=TIMM_TRAP)
    parts = ["## Freeze or not, and at which rates"]
    if trained:
        n, start = values_of(trained, "n")[-1], values_of(trained, "start")[-1]
        parts += [
            f"Fine-tuning `{start}` (bank `{values_of(trained, 'bank')[-1]}`) on {n} images. "
            "Differences are paired, to one rate for all layers, and bold if their interval "
            f"excludes 0. {seeds_sentence(trained)}",
            _accuracies(trained),
            f"{rates_sentence(trained)} {cells_sentence(trained, ('target', 'method'))}".strip(),
            _rates(trained),
        ]
    if traps:
        parts.append(_trap(traps[-1]))
    return "\n\n".join(parts)


def _accuracies(records: Sequence[Record]) -> str:
    """Return the table of accuracies and differences, a row a method."""
    targets = values_of(records, "target")
    rows = []
    for method in METHODS:
        cells = []
        for target in targets:
            own = by_seed(records, target=target, method=method)
            base = by_seed(records, target=target, method=ALL)
            cells.append(percent(estimate(own)))
            cells.append("baseline" if method == ALL else points(difference(own, base)))
        rows.append([method, *cells])
    heads = [head for target in targets for head in (f"{target}, %:", "difference:")]
    return markdown.table(["method", *heads], rows)


def _rates(records: Sequence[Record]) -> str:
    """Return the table of the rates that the optimizer held before the first step, by method."""
    target = values_of(records, "target")[0]
    rows = []
    for method in METHODS:
        own = [
            record
            for record in part(records, target=target, method=method)
            if "rates_of" in record.metrics
        ]
        for group, count, rate, trained in own[0].metrics["rates_of"] if own else ():
            relative = rate / own[0].metrics["rate"]
            cells = [group.replace("_", r"\_"), f"{count:,}", f"{rate:.3g}", f"{relative:.3g}"]
            rows.append([method, *cells, "yes" if trained else "later"])
    heads = ["method", "group", "parameters:", "rate:", "times the chosen:", "from the first step"]
    return (
        f"The rates that the optimizer's groups held, read from the optimizer itself ({target}, "
        "seed 0); the schedule multiplies them all:\n\n" + markdown.table(heads, rows)
    )


def _trap(record: Record) -> str:
    """Return the explanation of timm's groups."""
    scales, held = record.metrics["scales"], record.metrics["held"]
    return (
        f"**A trap in timm.** `timm.optim.param_groups_layer_decay` of {record.settings['model']} "
        f"makes groups with {len(scales)} different factors, from {scales[0]:.3g} to "
        f"{scales[-1]:.3g}, under the key `lr_scale`. A plain `torch.optim.SGD` of these groups "
        f"holds {'one rate' if len(held) == 1 else f'{len(held)} rates'} "
        f"({', '.join(f'{rate:g}' for rate in held)}): only timm's own schedulers read `lr_scale`, "
        "so that layer-wise decay silently does nothing elsewhere. Our groups hold real rates."
    )
