"""Summaries of records for pages and figures: accuracies by seed, intervals, rates tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.results.frame import part
from benchmarks.results.markdown import number
from benchmarks.results.measures import Estimate, paired_difference, t_interval
from benchmarks.results.record import Record

LEAST_SEEDS = 5
"""Cells with fewer seeds are left out of tables, unless no cell of the part has as many."""


def by_seed(
    records: Sequence[Record], metric: str = "accuracy", **settings: Any
) -> dict[int, float]:
    """Return a metric on the test split by seed, of the records with these settings.

    Of several records of a seed, such as those of two banks, the last one counts.
    """
    return {
        record.seed: float(record.metrics[metric])
        for record in part(records, **settings)
        if record.split == "test" and record.seed is not None
    }


def estimate(values: Mapping[int, float]) -> Estimate | None:
    """Return the mean over seeds with Student's interval; None without values."""
    return t_interval(list(values.values())) if values else None


def difference(first: Mapping[int, float], second: Mapping[int, float]) -> Estimate | None:
    """Return the mean paired difference over the seeds of both; None if they share fewer than 2."""
    shared = sorted({*first} & {*second})
    if len(shared) < 2:
        return None
    return paired_difference({s: first[s] for s in shared}, {s: second[s] for s in shared})


def percent(found: Estimate | None) -> str:
    """Return a mean in percent ± half of its interval; a dash for None."""
    if found is None:
        return number(None)
    half = 100 * (found.high - found.mean)
    return f"{100 * found.mean:.1f}" + ("" if half != half else f" ± {half:.1f}")


def points(found: Estimate | None) -> str:
    """Return a difference in percentage points ± half of its interval; bold if it excludes 0."""
    if found is None:
        return number(None)
    half = 100 * (found.high - found.mean)
    text = f"{100 * found.mean:+.1f} ± {half:.1f}"
    return f"**{text}**" if found.low > 0 or found.high < 0 else text


def values_of(records: Sequence[Record], name: str) -> list[Any]:
    """Return the different values of a setting, in the order of the records."""
    return list(dict.fromkeys(r.settings[name] for r in records if name in r.settings))


def seeds_sentence(records: Sequence[Record]) -> str:
    """Return the numbers of seeds, images and steps of a part's trainings."""
    settings = [record.settings for record in records if "steps" in record.settings]
    seeds = len({record.seed for record in records if record.split == "test"})
    text = f"{seeds} seeds; intervals are Student's 95 % intervals over seeds"
    if not settings:
        return f"{text}."
    last = settings[-1]
    most = "at most " if "evaluations" in last else ""
    return (
        f"{text}. AdamW, {most}{last['steps']} steps of {last['batch']} images, cosine schedule; "
        f"at most {last['tested']} test images; the training images are drawn from a pool of at "
        f"most {last['pool']}."
    )


def rates_sentence(records: Sequence[Record]) -> str:
    """Return how learning rates were chosen, at which seed, and how often each one was."""
    chosen = [r for r in records if r.settings.get("record") == "rates"]
    if not chosen:
        return ""
    tried = sorted({float(rate) for r in chosen for rate in r.metrics["tried"]})
    counts = {rate: sum(r.metrics["rate"] == rate for r in chosen) for rate in tried}
    listed = ", ".join(f"{rate:g} ({count} times)" for rate, count in counts.items())
    seed = chosen[-1].seed
    reported = seed in {r.seed for r in records if r.split == "test"}
    about = "one of the reported seeds" if reported else "which is not reported"
    return (
        f"Selection: validation accuracy at seed {seed}, {about}, chose the learning rate of every "
        "cell, which all seeds then use; tried, and how often each was chosen: "
        f"{listed}."
    )


def cells_sentence(records: Sequence[Record], names: Sequence[str]) -> str:
    """Return which cells have fewer seeds than `LEAST_SEEDS`, or an empty text."""
    counts: dict[tuple[Any, ...], set[int]] = {}
    for record in records:
        if record.split == "test" and record.seed is not None:
            key = tuple(record.settings.get(name) for name in names)
            counts.setdefault(key, set()).add(record.seed)
    few = [key for key, seeds in counts.items() if len(seeds) < LEAST_SEEDS]
    if not few or len(few) == len(counts):
        return ""
    listed = "; ".join(", ".join(map(str, key)) for key in few)
    return f"Cells with fewer than {LEAST_SEEDS} seeds: {listed}."
