"""The page of interval coverage, made of its records alone."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd


class Described(Protocol):
    """What the page needs of a cell."""

    @property
    def name(self) -> str:
        """As in the records."""

    @property
    def label(self) -> str:
        """For a reader."""


HEADER = """# How often the intervals of affinities hold the truth

```sh
python -m benchmarks.intervals --out results/intervals
python -m benchmarks.intervals --out results/intervals --tried
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
## The method, and why the affinity itself stays as it was

The old interval resampled what no image shows: a candidate that won on all of n images wins on
all of them in every resample, and `clip` gives it odds of 999 whatever n is. Now:

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


def render(
    frames: Mapping[str, pd.DataFrame],
    made: Mapping[str, Any],
    seeds: Mapping[str, int],
    tables: Mapping[str, Sequence[Described]],
    resamples: int,
) -> str:
    """The whole page."""
    records = frames["records"]
    shown = summary(records)
    grid = [cell.name for cell in tables["grid"]]
    parts = [
        HEADER.format(
            candidates=8,
            resamples=resamples,
            provenance=_provenance(made["records"], seeds["records"], records),
            verdict=_verdict(shown, grid),
        ),
        _table(shown, tables["grid"]),
        METHOD,
        "\n## Fewer images or clusters\n\n"
        "`taskgraph affinity` and `tg.affinities` warn where a target has fewer than 5 images or "
        "clusters.\n\n" + _few(shown, tables["few"]),
        _table(shown, tables["few"]),
        "\n## Other tournaments\n\n",
        _filled(
            "No choice was made on these cells: other numbers of candidates, sharper ones, other "
            "shares of the clusters in the variance, other clips, and ties of losses that are "
            "rounded to halves."
        ),
        _few(shown, tables["other"]),
        _table(shown, tables["other"]),
    ]
    if "tried" in frames:
        tried = frames["tried"]
        repetitions = tried["repetition"].nunique()
        parts += [TRIED.format(repetitions=repetitions, seed=seeds["tried"]), _tried(tried)]
    parts.append(
        "\n## Files\n\n| file | what |\n|--|--|\n"
        "| `records.csv` | one line a simulated table and method: candidates held, above, below, "
        "width |\n| `tried.csv` | the same of the methods that were tried |\n"
        "| `config.json` | commits, versions, machine |\n"
    )
    return "".join(parts)


def summary(records: pd.DataFrame) -> pd.DataFrame:
    """Coverage of each (cell, method) with its Monte-Carlo standard error, and where it misses."""
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


def _provenance(made: Mapping[str, Any], seed: int, records: pd.DataFrame) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in made["versions"].items())
    most = records.groupby("cell")["repetition"].nunique()
    return _filled(
        f"Commit `{str(made['commit'])[:7]}`, {versions}, {made['platform']}; seed {seed}; "
        f"{most.max()} repetitions a cell of the first table, {most.min()} of the others. No cell "
        "was left out, and none was run again with another seed."
    ).rstrip()


def _verdict(shown: pd.DataFrame, grid: Sequence[str]) -> str:
    held = {m: shown.xs(m, level="method")["held"].reindex(list(grid)) for m in ("before", "after")}
    inside = {m: int(values.between(0.92, 0.98).sum()) for m, values in held.items()}
    return _filled(
        f"**Before, {inside['before']} of {len(grid)} cells are within 92 to 98 % "
        f"({_percent(held['before'].min())} to {_percent(held['before'].max())} %); after, "
        f"{inside['after']} of {len(grid)} ({_percent(held['after'].min())} to "
        f"{_percent(held['after'].max())} %).**"
    ).rstrip()


def _table(shown: pd.DataFrame, cells: Sequence[Described]) -> str:
    lines = [
        "| cell | before | above | width | after | above | below | width |",
        "|--|--:|--:|--:|--:|--:|--:|--:|",
    ]
    rows: dict[Any, Any] = shown.to_dict("index")
    for cell in cells:
        before, after = (rows[cell.name, method] for method in ("before", "after"))
        lines.append(
            f"| {cell.label} | {_coverage(before)} | {_percent(before['above'])} | "
            f"{before['width']:.2f} | {_coverage(after)} | {_percent(after['above'])} | "
            f"{_percent(after['below'])} | {after['width']:.2f} |"
        )
    return "\n".join(lines) + "\n"


def _few(shown: pd.DataFrame, cells: Sequence[Described]) -> str:
    after = shown.xs("after", level="method")["held"]
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
    lines = [
        "| method | images alone: least | mean | most | clusters: least | mean | most |",
        "|--|--:|--:|--:|--:|--:|--:|",
    ]
    for method in order:
        cells = []
        for part in (shown.loc[~clustered, method], shown.loc[clustered, method]):
            known = part.dropna()
            values = (known.min(), known.mean(), known.max()) if len(known) else ()
            cells += [_percent(value) for value in values] or ["", "", ""]
        lines.append(f"| {method} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _coverage(row: Mapping[str, float]) -> str:
    return f"{_percent(row['held'])} ± {100 * row['error']:.1f}"


def _filled(text: str) -> str:
    """A paragraph, and the empty line after it."""
    return textwrap.fill(text, 96, break_long_words=False, break_on_hyphens=False) + "\n\n"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"
