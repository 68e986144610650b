"""The page of interval coverage, rendered from its records alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.intervals.cells import FEW, GRID, OTHER, Scenario
from benchmarks.intervals.seeds_page import seeds_section
from benchmarks.intervals.settings import COUNTS, SEEDS
from benchmarks.intervals.settings import GRID as MEASURED
from benchmarks.intervals.settings import TRIED as WERE_TRIED
from benchmarks.results import markdown
from benchmarks.results.frame import part
from benchmarks.results.markdown import commit_text, filled
from benchmarks.results.record import Record, read_records

HEADER = """# How often the intervals of affinities hold the truth

```sh
taskgraph bench intervals
taskgraph bench intervals --part tried
taskgraph bench intervals --part seeds
```

A simulated target has {candidates} candidates whose mean losses are equally spaced from 0 to 1,
with independent normal noise of the given standard deviation; with clusters, half of its
variance is common to the images of a cluster. The truth is the AHP affinity of the win rates on
infinitely many images, with the same treatment of ties and extremes. A cell's coverage is the
share of candidates whose 95 % interval (`low` to `high` of `tg.affinities(losses,
bootstrap={resamples})`) holds it, mean over its repetitions, ± its Monte-Carlo standard error
over them. *Above* is the share whose truth is above `high`, *below* that below `low`. *Width*
is the median of high − low in log-odds.

*Before* is the percentile interval of the clipped affinity over {resamples} resamples; *after*
is the method below. Both are of the same tables and resamples.

{provenance}

{verdict}

"""
METHOD = """
## The method, and why the affinity itself is unchanged

The percentile interval has no spread where a candidate won on all of n images: it wins on all of
them in every resample, and `clip` gives it odds of 999 whatever n is. The present interval is
made in four steps:

1. One **imaginary image** is added, on which every order of the candidates is equally likely: a
   win rate becomes (wins + 1/2) / (n + 1). With clusters n is the number of *effective* images:
   images over the design effect of the candidates' mean ranks, at least the number of clusters.
2. The **standard error of the log-odds** of the affinity of these win rates is that of the
   infinitesimal jackknife over images or clusters, times √(C / (C − 1)) for C of them: the
   limit of the bootstrap for many resamples, from the derivative of the Perron vector. The
   imaginary image adds the variance that its random order has.
3. **Student's t**, with C − 1 degrees of freedom where the images make up all of the variance,
   and more where the imaginary image does (Satterthwaite), around the log-odds of the affinity
   of step 1.
4. The interval is **widened to hold the affinity that is printed**, which clips win rates and
   is not smoothed. It lies outside of the interval of step 3 where a candidate won (nearly) all
   of few images: the printed value is then the end of the interval that the images support
   least.

The printed affinity keeps the clip of .001: it is what the published tables are made with, and
with the published win rates it reproduces every cell of the paper's Fig. 9 that we hold.
Smoothing depends on the number of images, which a table of win rates does not have.
`resamples`, and with them `taskgraph stability`, are drawn as before: affinities of resampled
images, clipped like the printed ones. The interval needs no resampling, so its ends do not
depend on the seed or on the number of resamples.
"""
TRIED = """
## What was tried

Coverage on validation seeds ({repetitions} repetitions a cell, seed {seed}; the published grid
has others): least, mean and most over the cells. A method that smooths by units counts a cluster
as one image. BCa's acceleration was not tried. Counting the imaginary image's distance from the
win rates as well as its spread gave 97.8 and 98.3 % at 20 and 100 images with noise 0.3 (200
repetitions, a script that was not kept), so only its spread counts.

"""


def render(folder: Path) -> str:
    """Return the whole page, from the records of a folder."""
    records = read_records(folder)
    measured, tried = part(records, part=MEASURED), part(records, part=WERE_TRIED)
    frame = repetitions_of(measured)
    shown = summary(frame)
    resamples = measured[0].settings["resamples"]
    parts = [
        HEADER.format(
            candidates=8,
            resamples=resamples,
            provenance=_provenance(measured[-1], frame),
            verdict=_verdict(shown),
        ),
        _table(shown, GRID),
        METHOD,
        "\n## Fewer images or clusters\n\n"
        "`taskgraph affinity` and `tg.affinities` warn where a target has fewer than 5 images or "
        "clusters.\n\n" + _few(shown, FEW),
        _table(shown, FEW),
        "\n## Other tournaments\n\n",
        _filled(
            "No choice was made on these cells: other numbers of candidates, sharper ones, other "
            "shares of the clusters in the variance, other clips, and ties of losses that are "
            "rounded to halves."
        ),
        _few(shown, OTHER),
        _table(shown, OTHER),
    ]
    if tried:
        each = repetitions_of(tried)
        count = each["repetition"].nunique()
        parts += [TRIED.format(repetitions=count, seed=tried[0].seed), _tried(each)]
    parts.append(seeds_section(part(records, part=SEEDS)))
    parts.append(
        "\n## Files\n\n| file | what |\n|--|--|\n"
        "| `records.jsonl` | one line a cell and block of simulated targets: candidates held, "
        "above, below, and width, a list of numbers each, by method; commit, versions, machine |\n"
    )
    return "".join(parts)


def finding(folder: Path) -> str:
    """Return one sentence: in how many scenarios the coverage is near 95 %, before and after."""
    shown = summary(repetitions_of(part(read_records(folder), part=MEASURED)))
    return _verdict(shown).replace("**", "").replace("\n", " ")


def repetitions_of(records: Sequence[Record]) -> pd.DataFrame:
    """Return one row a simulated target and method: ``cell, repetition, method`` and `COUNTS`."""
    columns: dict[str, list[Any]] = {name: [] for name in ("cell", "repetition", "method", *COUNTS)}
    for record in records:
        cell = Scenario(
            **{name: record.settings[name] for name in Scenario.__dataclass_fields__}
        ).name
        count = record.settings["repetitions"]
        first = record.settings["block"] * count
        for method, counts in record.metrics.items():
            columns["cell"] += [cell] * count
            columns["repetition"] += range(first, first + count)
            columns["method"] += [method] * count
            for name in COUNTS:
                columns[name] += counts[name]
    return pd.DataFrame(columns)


def summary(records: pd.DataFrame) -> pd.DataFrame:
    """Return one row a (cell, method): shares of truths held, above and below, and their error."""
    frame = records.copy()
    candidates = frame["held"] + frame["above"] + frame["below"]
    for name in ("held", "above", "below"):
        frame[name] = frame[name] / candidates
    groups = frame.groupby(["cell", "method"], sort=False)
    found = groups[["held", "above", "below"]].mean()
    found["error"] = groups["held"].std() / np.sqrt(groups["held"].size())
    found["width"] = groups["width"].median()
    found["repetitions"] = groups["held"].size()
    return found


def _provenance(record: Record, frame: pd.DataFrame) -> str:
    about = dict(record.versions or {})
    platform, _ = about.pop("platform"), about.pop("cores")
    versions = ", ".join(f"{name} {number}" for name, number in about.items())
    most = frame.groupby("cell")["repetition"].nunique()
    return _filled(
        f"Commit {commit_text(record.commit)}, {versions}, {platform}; seed {record.seed}; "
        f"{most.max()} repetitions a cell of the first table, {most.min()} of the others. No cell "
        "was left out, and none was run again with another seed."
    ).rstrip()


def _verdict(shown: pd.DataFrame) -> str:
    grid = [cell.name for cell in GRID]
    held = {
        m: shown.xs(m, level="method")["held"].reindex(grid).dropna() for m in ("before", "after")
    }
    inside = {m: int(values.between(0.92, 0.98).sum()) for m, values in held.items()}
    others = [cell.name for cell in (*FEW, *OTHER)]
    harder = shown.xs("after", level="method")["held"].reindex(others).dropna()
    beyond = (
        f" In the {len(harder)} cells of the two other tables, which have fewer images or clusters "
        f"or other tournaments, coverage of the present interval is {_percent(harder.min())} to "
        f"{_percent(harder.max())} %."
        if len(harder)
        else ""
    )
    return _filled(
        "**Coverage of 95 % intervals is within 92 to 98 % in "
        f"{inside['before']} of {len(held['before'])} cells of the first table for the percentile "
        f"interval ({_percent(held['before'].min())} to {_percent(held['before'].max())} %), and "
        f"in {inside['after']} of {len(held['after'])} for the present interval "
        f"({_percent(held['after'].min())} to {_percent(held['after'].max())} %).{beyond}**"
    ).rstrip()


def _table(shown: pd.DataFrame, cells: Sequence[Scenario]) -> str:
    heads = ["cell", "before:", "above:", "width:", "after:", "above:", "below:", "width:"]
    known: dict[Any, Any] = shown.to_dict("index")
    rows = []
    for cell in (each for each in cells if (each.name, "after") in known):
        before, after = (known[cell.name, method] for method in ("before", "after"))
        rows.append(
            [
                cell.label,
                _coverage(before),
                _percent(before["above"]),
                f"{before['width']:.2f}",
                _coverage(after),
                _percent(after["above"]),
                _percent(after["below"]),
                f"{after['width']:.2f}",
            ]
        )
    return markdown.table(heads, rows) + "\n"


def _few(shown: pd.DataFrame, cells: Sequence[Scenario]) -> str:
    after = shown.xs("after", level="method")["held"]
    cells = [cell for cell in cells if cell.name in after]
    low = [cell for cell in cells if after[cell.name] < 0.92]
    if not low:
        return "No cell is below 92 %.\n\n"
    worst = min(low, key=lambda cell: float(after[cell.name]))
    return _filled(
        f'{len(low)} of {len(cells)} cells are below 92 %; the lowest is "{worst.label}" with '
        f"{_percent(float(after[worst.name]))} %."
    )


def _tried(tried: pd.DataFrame) -> str:
    shown = summary(tried).reset_index().pivot_table("held", "cell", "method")
    order = list(dict.fromkeys(tried["method"]))
    clustered = np.array([name.split("/")[2] != "0" for name in shown.index])
    heads = [
        "method",
        "images alone: least:",
        "mean:",
        "most:",
        "clusters: least:",
        "mean:",
        "most:",
    ]
    rows = []
    for method in order:
        cells = []
        for kind in (~clustered, clustered):
            known = shown.loc[kind, method].dropna()
            values = (known.min(), known.mean(), known.max()) if len(known) else ()
            cells += [_percent(value) for value in values] or ["", "", ""]
        rows.append([method, *cells])
    return markdown.table(heads, rows) + "\n"


def _coverage(row: Mapping[str, float]) -> str:
    return f"{_percent(row['held'])} ± {100 * row['error']:.1f}"


def _filled(text: str) -> str:
    """Return a paragraph and the empty line that follows it."""
    return filled(text, width=96) + "\n\n"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"
