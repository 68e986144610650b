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
    bank = [r for r in records if "source" in r.settings]
    others = [r for r in records if "source" not in r.settings]
    forgot = [r for r in others if not str(r.settings["start"]).startswith("bank:")]
    far = [r for r in others if str(r.settings["start"]).startswith("bank:")]
    parts = ["## Limits"]
    if far:
        parts += _far(far)
    if forgot:
        parts += _forgetting(forgot)
    if bank:
        parts += _bank_forgetting(bank)
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
        f"After so few steps, fine-tuned networks are above networks from scratch on "
        f"{_listed(helped)} and below them on {_listed(hurt)} (interval of the paired difference "
        "excludes 0). On the other targets that interval includes 0.",
        f"{rates_sentence(records)} {cells_sentence(records, ('target', 'method'))}".strip(),
    ]


def _listed(targets: Sequence[str]) -> str:
    return " and ".join(targets) or "no target"


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


def _bank_forgetting(records: Sequence[Record]) -> list[str]:
    """Return the table of the bank's tasks, with their own decoders, and what it says."""
    rows, worse, useless, risen = [], [], [], []
    for source in values_of(records, "source"):
        for target in values_of(records, "target"):
            own = part(records, source=source, target=target)
            if not by_seed(own):
                continue
            before, after, constant = (
                by_seed(own, name)
                for name in ("source_loss_before", "source_loss_after", "constant_loss")
            )
            found = difference(after, before)
            lost, answer = estimate(after), estimate(constant)
            rows.append(
                [
                    f"`{source}`",
                    target,
                    percent(estimate(by_seed(own))),
                    _loss(estimate(before)),
                    _loss(lost),
                    _change(found),
                    _loss(answer),
                ]
            )
            risen += [after[seed] > before[seed] for seed in after]
            name = f"{source} on {target}"
            worse += [name] if found is not None and found.low > 0 else []
            if lost is not None and answer is not None and lost.low > answer.mean:
                useless.append(name)
    heads = [
        "source task",
        "new target",
        "its accuracy, %:",
        "source loss before:",
        "after:",
        "difference:",
        "constant answer:",
    ]
    last = next(r for r in reversed(records) if r.split == "test")
    return [
        "### What the bank's own decoders lose",
        "Each source is an encoder of the bank with the decoder that it was trained with. All of "
        f"the encoder is fine-tuned on the new target, at {last.settings['pixels']} pixels, its "
        "own size. Then the source task is tested again: the unchanged decoder on the changed "
        f"encoder, on {last.metrics['views']} views of scenes' held-out buildings, which neither "
        "the encoders nor the fine-tuning have seen. Losses are the task's own (smaller is better; "
        "L1 for normals and keypoints, nats for scene classes). *Before* has no spread, since the "
        "encoder and the views are the same for all seeds. *Constant "
        "answer* is the loss of the best constant on the test views of the bank. Differences are "
        f"paired, and bold if their interval excludes 0. {seeds_sentence(records)}",
        markdown.table(heads, rows),
        f"The source's loss rises in {len(worse)} of {len(rows)} cells (interval above 0), and in "
        f"{sum(risen)} of the {len(risen)} single trainings. It is "
        f"larger than that of a constant answer (interval above it) in {len(useless)}: "
        f"{'; '.join(useless) or 'none'}.",
        f"{rates_sentence(records)} {cells_sentence(records, ('source', 'target'))}".strip(),
    ]


def _loss(found: Estimate | None) -> str:
    """Return a mean loss ± half of its interval, which is left out if there is no spread."""
    if found is None:
        return markdown.NOTHING
    half = found.high - found.mean
    return f"{found.mean:.3f}" + (f" ± {half:.3f}" if half > 1e-9 else "")


def _change(found: Estimate | None) -> str:
    """Return a difference of losses ± half of its interval; bold if it excludes 0."""
    if found is None:
        return markdown.NOTHING
    text = f"{found.mean:+.3f} ± {found.high - found.mean:.3f}"
    return f"**{text}**" if found.low > 0 or found.high < 0 else text


def _nats(found: Estimate | None) -> str:
    if found is None:
        return markdown.NOTHING
    return f"{found.mean:.2f} ± {found.high - found.mean:.2f}"
