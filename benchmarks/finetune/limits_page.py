"""The section of the part ``limits``, from its records."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.finetune.forgetting import WAYS
from benchmarks.finetune.sizes import SCRATCH, TUNED
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
from benchmarks.results.measures import Estimate
from benchmarks.results.record import Record

KINDS = {
    "digits": "8-pixel digits (UCI)",
    "textures": "gray crops of ten photographs; train and test crops share no pixel",
    "tones": "spectrograms of eight kinds of synthesized tones in noise",
    "depth": "one-channel depth pictures of rooms, by room type",
}


def section(records: Sequence[Record]) -> str:
    """Return the section: far targets, and the source's loss with its old head."""
    forgot = [r for r in records if not str(r.settings["start"]).startswith("bank:")]
    far = [r for r in records if str(r.settings["start"]).startswith("bank:")]
    parts = ["## Limits"]
    if far:
        parts += _far(far)
    if forgot:
        parts += _forgetting(forgot)
    return "\n\n".join(parts)


def _far(records: Sequence[Record]) -> list[str]:
    """Return the table of far targets and what it says."""
    rows, helped, hurt = [], [], []
    for target in values_of(records, "target"):
        tuned = by_seed(records, target=target, method=TUNED)
        scratch = by_seed(records, target=target, method=SCRATCH)
        found = difference(tuned, scratch)
        n = values_of(part(records, target=target), "n")[-1]
        cells = [percent(estimate(scratch)), percent(estimate(tuned)), points(found)]
        rows.append([target, KINDS.get(target, ""), str(n), *cells])
        helped += [target] if found is not None and found.low > 0 else []
        hurt += [target] if found is not None and found.high < 0 else []
    start = values_of(records, "start")[-1]
    return [
        f"Targets far from the source: `{start}` was trained on color pictures of rooms. Both "
        "columns train the same network on the same images, once with new weights and once with "
        f"the encoder's. {seeds_sentence(records)}",
        markdown.table(
            ["target", "images", "n:", "from scratch, %:", "fine-tuned, %:", "difference:"], rows
        ),
        f"Pretraining helps on {', '.join(helped) or 'none'} and hurts on "
        f"{', '.join(hurt) or 'none'} (interval of the paired difference excludes 0); elsewhere it "
        "is one initialization among others.",
        f"{rates_sentence(records)} {cells_sentence(records, ('target', 'method'))}".strip(),
    ]


def _forgetting(records: Sequence[Record]) -> list[str]:
    """Return the table of the source's loss and accuracy with its old head."""
    rows = []
    for target in values_of(records, "target"):
        for method in WAYS:
            own = part(records, target=target, method=method)
            if not by_seed(own):
                continue
            loss = [by_seed(own, f"source_loss_{when}") for when in ("before", "after")]
            accuracy = [by_seed(own, f"source_accuracy_{when}") for when in ("before", "after")]
            rows.append(
                [
                    target,
                    method,
                    percent(estimate(by_seed(own))),
                    *(_nats(estimate(each)) for each in loss),
                    *(percent(estimate(each)) for each in accuracy),
                    points(difference(accuracy[1], accuracy[0])),
                ]
            )
    start = values_of(records, "start")[-1]
    heads = [
        "new target",
        "method",
        "its accuracy, %:",
        "source loss before, nats:",
        "after:",
        "source accuracy before, %:",
        "after:",
        "difference:",
    ]
    return [
        "### What the source's own head forgets",
        f"The start is {start}. After fine-tuning on the new target, the source's test images go "
        "through the changed layers and the source's old, unchanged head. Frozen layers are the "
        f"control: nothing may change. {seeds_sentence(records)}",
        markdown.table(heads, rows),
        f"{rates_sentence(records)} {cells_sentence(records, ('target', 'method'))}".strip(),
    ]


def _nats(found: Estimate | None) -> str:
    if found is None:
        return markdown.NOTHING
    return f"{found.mean:.2f} ± {found.high - found.mean:.2f}"
