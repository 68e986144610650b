"""The section of the part ``throughput``, from its records."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from benchmarks.results import markdown
from benchmarks.results.record import Record

LEAST_RATIO = 0.95


def section(records: Sequence[Record]) -> str:
    """Return the section: images per second of both loops, the last record of each network."""
    newest = {record.settings["start"]: record for record in records}
    rows = []
    for start, record in newest.items():
        metrics, settings = record.metrics, record.settings
        cells = [
            f"{statistics.median(runs):.0f} ({min(runs):.0f}–{max(runs):.0f})"
            for runs in (metrics["ours"], metrics["plain"])
        ]
        rows.append(
            [
                start,
                f"{settings['steps']} of {settings['batch']}",
                *cells,
                f"{metrics['ratio']:.3f}",
            ]
        )
    runs = next(iter(newest.values())).settings["runs"]
    below = [start for start, r in newest.items() if r.metrics["ratio"] < LEAST_RATIO]
    verdict = (
        f"The ratio is below {LEAST_RATIO} for {', '.join(below)}."
        if below
        else f"Each ratio is at least {LEAST_RATIO}."
    )
    runs_of = [r.metrics[name] for r in newest.values() for name in ("ours", "plain")]
    if all(min(each) < LEAST_RATIO * max(each) for each in runs_of):
        verdict += " The runs of each loop differ among themselves by more than the two loops do."
    return "\n\n".join(
        [
            "## Throughput of the training loop",
            "Images per second of our loop and of a plain loop of PyTorch with the same "
            f"precision, memory layout, optimizer and batches: medians over {runs} alternating "
            "runs, with the range over runs in parentheses; float32, one core of a busy machine. "
            "Larger is faster.",
            markdown.table(["network", "steps:", "ours:", "plain:", "ratio of medians:"], rows),
            verdict,
        ]
    )
