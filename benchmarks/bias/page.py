"""The page of dataset bias, rendered from its records alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.bias import collect, sections
from benchmarks.bias.figures import heatmaps, naming_curves
from benchmarks.bias.settings import CROSS, NAME
from benchmarks.results import markdown
from benchmarks.results.figures import write_picture
from benchmarks.results.markdown import commit_text, number
from benchmarks.results.measures import t_interval
from benchmarks.results.record import Record, read_records
from taskgraph.arrays import Floats

HEADER = """# How far does a classifier hold outside of its own data set?

```sh
taskgraph bench bias
taskgraph bench bias --data FOLDER_A,FOLDER_B --out runs/bias/own
taskgraph bench bias --matrix FILE.csv
```

Rows of a matrix are trained on, columns are tested on. *Self* is a set tested on itself, *Mean
others* the mean of its row without Self, and *Percent drop* 100 (Self − Mean others) / Self. The
last row has the means of the columns without Self, then the mean of Self, the mean of Mean others,
and the drop of these two means, as Torralba and Efros define them ("Unbiased look at dataset
bias", CVPR 2011, Table 1).

{provenance}

{verdict}

"""

FILES = """## Files

| file | what |
|--|--|
| `records.jsonl` | one line a training set (or a pair, or a naming), features, size and seed |
| `cross_*.svg`, `confusion_*.svg`, `naming_*.svg` | figures of a group of data sets |
| `quiz_*.jpg` | the pictures of a quiz |
"""


def render(folder: Path) -> str:
    """Return the whole page, from the records of a folder."""
    records = read_records(folder)
    groups = {name: collect.of_group(records, name) for name in collect.group_names(records)}
    parts = [
        HEADER.format(provenance=_provenance(records), verdict=f"**{_verdict(groups)}**"),
        sections.published_tables(),
    ]
    parts += [sections.group_section(name, own, stem(name)) for name, own in groups.items()]
    return markdown.wrapped("".join(parts) + FILES).rstrip() + "\n"


def draw(folder: Path) -> None:
    """Draw the figures of every group from the records of a folder."""
    records = read_records(folder)
    for name in collect.group_names(records):
        own = collect.of_group(records, name)
        sets = own[-1].settings["sets"]
        labels = [sections.short(each) for each in sets]
        if crossed := collect.cases(own, CROSS):
            panels = {
                sections.label(case): collect.matrices(own, case, collect.PRECISION)[:, -1].mean(0)
                for case in crossed
            }
            figure = heatmaps(
                labels,
                panels,
                rows="trained on",
                columns="tested on",
                unit="average precision, %\n(larger is better)",
            )
            write_picture(figure, folder, f"cross_{stem(name)}")
        if named := collect.cases(own, NAME):
            shares = {case: collect.confusions(own, case) for case in named}
            curves = {
                sections.label(case): (collect.sizes_of(own, NAME, case), _curve(values))
                for case, values in shares.items()
            }
            figure = naming_curves(curves, 100 / len(sets))
            write_picture(figure, folder, f"naming_{stem(name)}")
            panels = {
                sections.label(case): 100 * values[:, -1].mean(0) for case, values in shares.items()
            }
            figure = heatmaps(
                labels,
                panels,
                rows="data set",
                columns="named",
                unit="share of a set's samples, %",
            )
            write_picture(figure, folder, f"confusion_{stem(name)}")


def finding(folder: Path) -> str:
    """Return one or two sentences: the drop of each group, and how often sets are named."""
    records = read_records(folder)
    return _verdict({n: collect.of_group(records, n) for n in collect.group_names(records)})


def stem(group: str) -> str:
    """Return a group's name in the form that file names use."""
    return re.sub(r"[^a-z0-9]+", "_", group.lower())


def _curve(shares: Floats) -> Floats:
    """Return mean, low and high of the accuracy in percent, an (S, 3) array."""
    accuracy = collect.accuracy_of(shares)
    estimates = [t_interval(column) for column in accuracy.T]
    ends = [(e.mean, *np.nan_to_num([e.low, e.high], nan=e.mean)) for e in estimates]
    return np.clip(np.array(ends), 0, 100)


def _verdict(groups: dict[str, list[Record]]) -> str:
    """Return what is found in each group, a sentence each."""
    return " ".join(sections.group_verdict(name, own) for name, own in groups.items())


def _provenance(records: Sequence[Record]) -> str:
    last = records[-1]
    about = dict(last.versions or {})
    platform, _ = about.pop("platform"), about.pop("cores")
    versions = ", ".join(f"{name} {value}" for name, value in about.items())
    commits = list(dict.fromkeys(commit_text(each.commit) for each in records))
    seeds = {r.seed for r in records if r.split == "test"}
    minutes = sum(each.seconds or 0.0 for each in records) / 60
    return (
        f"Commit {', '.join(commits)}; {versions}; {platform}; {len(seeds)} seeds. "
        f"{number(minutes, 1)} minutes for what the records measured, on a core with much other "
        "work; features and scenes are not included. Intervals are Student's 95 % intervals over "
        "seeds. Each seed draws training and test samples anew; strengths of regularization are "
        "chosen on a part of its training samples."
    )
