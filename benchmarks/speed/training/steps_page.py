"""The section of the page on the milliseconds of a step."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.results.frame import latest, part
from benchmarks.results.markdown import commit_text, table
from benchmarks.results.record import Record
from benchmarks.speed.training.settings import STEPS

TITLES = {
    "read-out": "Read-out, two sources, batch 8",
    "encoder": "Encoder-decoder, batch 32",
}
"""The cases of `benchmarks.speed.training.steps`, in the order of the page."""

SECTION = """## Milliseconds of a step

```sh
taskgraph bench training --part steps --rounds {rounds}
```

One thread, preset `tiny`, depth; medians of the processor time of that thread over {rounds} rounds.
In a round each method takes its turn of a few steps, all in one process. The *bound* is the step's
floating point operations as float32 products of square matrices. *Plain* is a loop as a tutorial
has it, of PyTorch's own layers; with bfloat16 it has mixed precision and channels_last, too. *Fit*
is `encoders.fit`; `auto` is bfloat16. {cores} cores, {platform}, shared with other work; torch
{torch}; commit {commit}.
"""


def steps_section(records: Sequence[Record]) -> str:
    """Return the section, from the last records of steps; "" if there are none."""
    timed = latest_steps(records)
    if not timed:
        return ""
    about = timed[-1]
    versions = about.versions or {}
    head = SECTION.format(
        rounds=about.settings["rounds"],
        commit=commit_text(about.commit),
        **{name: versions[name] for name in ("cores", "platform", "torch")},
    )
    cases = [_case(title, part(timed, case=name)) for name, title in TITLES.items()]
    return "\n".join([head, *(text for text in cases if text)])


def steps_sentence(records: Sequence[Record]) -> str:
    """Return how a step of `encoders.fit` compares with the plain loop in float32."""
    ratios = []
    for name in TITLES:
        cpu = {
            each.settings["method"]: each.metrics["cpu_ms"]
            for each in part(latest_steps(records), case=name)
        }
        if cpu:
            ours = cpu.get("fit auto", cpu["fit 32-true"])
            ratios.append(f"{cpu['plain float32'] / ours:.2f} times as fast ({name})")
    return f"A step of `encoders.fit` is {' and '.join(ratios)} as one of a plain float32 loop."


def latest_steps(records: Sequence[Record]) -> list[Record]:
    """Return the records of steps with the number of rounds of the last one."""
    return latest(part(records, part=STEPS), "rounds")


def _case(title: str, records: Sequence[Record]) -> str:
    if not records:
        return ""
    rows = []
    for each in records:
        low, middle, high = each.metrics["over_bound"]
        rows.append(
            [
                each.settings["method"],
                f"{each.metrics['cpu_ms']:.1f}",
                f"{each.metrics['images_per_second']:.0f}",
                f"{middle:.2f} ({low:.2f}–{high:.2f})",
            ]
        )
    heads = ["method", "ms a step:", "images/s:", "over the bound (quartiles):"]
    gflop = records[0].metrics["gflop"]
    return f"### {title}\n\n{gflop:.2f} GFLOP a step.\n\n{table(heads, rows)}\n"
