"""The page of training speed, rendered from its records alone."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.results.frame import latest, part
from benchmarks.results.markdown import NOT_RECORDED
from benchmarks.results.record import Record, read_records
from benchmarks.speed.training.steps_page import steps_section, steps_sentence

METHODS = ("encoders.fit", "plain PyTorch")
SAME = ("data", "task", "preset", "images", "batch", "epochs", "workers", "precision")
"""Settings that all records of one page share."""

PAGE = """# Throughput of training

```sh
taskgraph bench training --data {data} --repeats {repeats} --epochs {epochs}
```

`encoders.fit` beside a loop as a tutorial has it (`DataLoader` of single examples, AdamW, float32),
in turns, each in a fresh process: {preset} for {task}, {images:,} images, batches of {batch},
epochs counted after one that warms up: {epochs}. Precision `{precision}`; torch {torch}, {device};
commit {commit}; seed {seed}.

{table}"""

NOT_MEASURED = "# Throughput of training\n\nThe throughput of whole epochs is not yet measured.\n"


def render(folder: Path) -> str:
    """Return the whole page, from the records of a folder."""
    records = read_records(folder)
    epochs, steps = epochs_of(records), steps_section(records)
    throughput = epochs_section(epochs) if epochs else NOT_MEASURED
    return throughput + (f"\n{steps}" if steps else "")


def epochs_of(records: Sequence[Record]) -> list[Record]:
    """Return the records of whole epochs with the settings of the last one."""
    return latest([each for each in records if "part" not in each.settings], *SAME)


def epochs_section(records: Sequence[Record]) -> str:
    """Return the title and the section on the throughput of whole epochs."""
    about, numbers = records[-1], summary(records)
    versions = about.versions or {}
    gpu = about.metrics["gpu"]
    return PAGE.format(
        **{name: about.settings[name] for name in SAME},
        commit=about.commit or NOT_RECORDED,
        seed=NOT_RECORDED if about.seed is None else about.seed,
        device=gpu or f"{versions['cores']} cores, {versions['platform']}",
        torch=versions["torch"],
        table=comparison(numbers),
        repeats=numbers["ratio"]["repeats"],
    )


def finding(folder: Path) -> str:
    """Return how many times as fast as the plain loop `encoders.fit` is."""
    records = read_records(folder)
    epochs = epochs_of(records)
    return comparison(summary(epochs)).splitlines()[-1] if epochs else steps_sentence(records)


def summary(records: Sequence[Record]) -> dict[str, Any]:
    """Return medians of each method, and the ratio of speeds within each repeat."""
    found: dict[str, Any] = {}
    for method in METHODS:
        own = part(records, method=method)
        found[method] = {
            name: statistics.median(row.metrics[name] for row in own)
            for name in ("images_per_second", "waiting", "memory")
        }
        speeds = [row.metrics["images_per_second"] for row in own]
        gpu = max((row.metrics["gpu_memory"] or 0.0 for row in own), default=0.0) or None
        found[method] |= {"least": min(speeds), "largest": max(speeds), "gpu_memory": gpu}
    speed = {
        (row.settings["method"], row.settings["repeat"]): row.metrics["images_per_second"]
        for row in records
    }
    first, second = METHODS
    ratios = [speed[first, n] / speed[second, n] for n in sorted({repeat for _, repeat in speed})]
    found["ratio"] = {
        "median": statistics.median(ratios),
        "least": min(ratios),
        "largest": max(ratios),
        "repeats": len(ratios),
    }
    return found


def comparison(found: dict[str, Any]) -> str:
    """Return `summary` as a table of Markdown, and the ratio in a sentence."""
    lines = [
        "| | images/s (median; range) | waiting for data | peak memory, MiB | of the GPU |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for method in METHODS:
        row = found[method]
        gpu = "–" if row["gpu_memory"] is None else f"{row['gpu_memory']:.0f}"
        speed = f"{row['images_per_second']:.0f} ({row['least']:.0f}–{row['largest']:.0f})"
        lines.append(f"| {method} | {speed} | {row['waiting']:.1%} | {row['memory']:.0f} | {gpu} |")
    ratio, ends = found["ratio"], "{least:.2f}–{largest:.2f} in {repeats} repeats"
    faster = f"{ratio['median']:.2f} times as many images per second as the plain PyTorch loop"
    return (
        "\n".join([*lines, "", f"`encoders.fit` trains {faster} ({ends.format(**ratio)})."]) + "\n"
    )
