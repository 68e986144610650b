"""The section of the page on candidates with several seeds of training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.intervals.seeds import SEED_GRID, SeedScenario
from benchmarks.results import markdown
from benchmarks.results.markdown import commit_text, filled
from benchmarks.results.record import Record

TEXT = (
    "A loss is the candidate's mean, plus a normal effect of the seed that all images share, plus "
    "noise of standard deviation 1 of each image; {candidates} candidates with means from 0 to 0.6,"
    " {images} images. The truth is the affinity of infinitely many seeds and images. Coverage of "
    "the 95 % interval in percent, mean over the candidates of {repetitions} simulated targets a "
    "cell, ± its Monte-Carlo standard error. With one seed an interval holds images alone, whatever"
    " seeds do. (`taskgraph bench intervals --part seeds`, commit {commit}, seed {seed}.)"
)


def coverage_of_seeds(records: Sequence[Record]) -> pd.DataFrame:
    """Return one row a scenario: its fields, ``held`` (a share), ``error`` and ``repetitions``."""
    shares: dict[SeedScenario, list[float]] = {}
    for record in records:
        cell = SeedScenario(**{one.name: record.settings[one.name] for one in fields(SeedScenario)})
        counts = next(iter(record.metrics.values()))
        shares.setdefault(cell, []).extend(np.array(counts["held"]) / cell.candidates)
    rows = [
        {
            **vars(cell),
            "held": float(np.mean(own)),
            "error": float(np.std(own, ddof=1) / np.sqrt(len(own))),
            "repetitions": len(own),
        }
        for cell, own in shares.items()
    ]
    return pd.DataFrame(rows)


def seeds_section(records: Sequence[Record]) -> str:
    """Return the section; empty without records of this part."""
    if not records:
        return ""
    frame = coverage_of_seeds(records)
    cell, last = SEED_GRID[0], records[-1]
    text = TEXT.format(
        candidates=cell.candidates,
        images=cell.images,
        repetitions=f"{frame['repetitions'].min():g}",
        commit=commit_text(last.commit),
        seed=last.seed,
    )
    counts = sorted(frame["seeds"].unique())
    by: dict[Any, Any] = frame.set_index(["between", "seeds"]).to_dict("index")
    rows = []
    for between in sorted(frame["between"].unique()):
        cells = [_percent(by[between, count]) if (between, count) in by else "" for count in counts]
        rows.append([f"{between:g}", *cells])
    heads = ["spread of seeds:", *(f"{n} seed{'s' if n > 1 else ''}:" for n in counts)]
    head = "\n## Candidates with several seeds of training\n\n"
    found = markdown.table(heads, rows)
    return f"{head}{filled(text)}\n\n{found}\n\n{filled(seeds_finding(frame))}\n"


def seeds_finding(frame: pd.DataFrame) -> str:
    """Return one sentence: the range of the coverage with several seeds, and that with one."""
    several, single = frame[frame["seeds"] > 1], frame[frame["seeds"] == 1]
    text = (
        f"With {several['seeds'].min():g} to {several['seeds'].max():g} seeds, 95 % intervals "
        f"contained the true affinity in {100 * several['held'].min():.0f} to "
        f"{100 * several['held'].max():.0f} % of cases"
    )
    if single.empty:
        return text + "."
    worst = single.sort_values("held", kind="stable").iloc[0]
    return (
        f"{text}. With one seed, they contained it in {100 * single['held'].max():.0f} % of cases "
        f"where seeds hardly differ, and in only {100 * worst['held']:.0f} % where seeds differ as "
        f"much as images do (spread {worst['between']:g})."
    )


def _percent(row: Mapping[str, float]) -> str:
    return f"{100 * row['held']:.1f} ± {100 * row['error']:.1f}"
