"""The page of domain adaptation, rendered from its records alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.adaptation import collect, sections
from benchmarks.adaptation.beside import beside_section
from benchmarks.adaptation.dense.section import (
    dense_curves,
    dense_records,
    dense_section,
    dense_verdict,
)
from benchmarks.adaptation.figures import embeddings, gap_bars, pair_matrices
from benchmarks.adaptation.settings import FROZEN, LIBRARIES, OWN, PARTS, SCENES
from benchmarks.results import markdown
from benchmarks.results.figures import write_picture
from benchmarks.results.markdown import commit_text, number
from benchmarks.results.record import Record, read_records
from taskgraph.arrays import Floats

HEADER = """# How much of the gap between two domains does adaptation cover?

```sh
taskgraph bench adapt
taskgraph bench adapt --parts skada --python skada/bin/python
taskgraph bench adapt --parts pytorch-adapt --python pytorch-adapt/bin/python
taskgraph bench adapt --source FOLDER --target FOLDER --out runs/adapt/own
```

A method is trained with labeled images of the source and images of the target without labels, and
tested on other images of the target. *Source-only* has no images of the target, and
*target-supervised* has their labels: it is a reference, not a method. The share of the gap covered
is 100 (A − S) / (T − S) for the accuracies of the method (A), of source-only (S, paired by seed)
and of the reference (T). A row whose reference is not clearly above source-only, by the interval of
their paired difference, is marked as not converged, and has no share. Intervals are Student's 95 %
intervals over seeds, those of accuracies cut at 0 and 100; those of the share take T − S as known.

{provenance}

**{verdict}**{missing}

"""

FILES = """## Files

| file | what |
|--|--|
| `records.jsonl` | one line a training or shallow fit, with all of its evaluations |
| `gap_*.svg`, `pairs.svg`, `tsne_*.svg`, `dense.svg` | figures |
| `decisions_*.jpg` | test images of a target |
| `predictions*.csv` | for your own target: the class of each picture, and its probability |
"""


def render(folder: Path) -> str:
    """Return the whole page, from the records of a folder."""
    records = read_records(folder)
    about = {"provenance": _provenance(records), "verdict": _verdict(records)}
    parts = [HEADER.format(**about, missing=_missing(records))]
    for name in collect.group_names(records, collect.TRAINING):
        parts.append(sections.group_section(records, name))
    if shallow := collect.newest(records, collect.SHALLOW, SCENES):
        parts.append(sections.frozen_section(shallow))
    if any(each.settings["part"] == sections.OFFICE for each in records):
        parts.append(sections.office_section(records))
    parts.append(dense_section(records))
    parts += [beside_section(records, library) for library in LIBRARIES]
    return markdown.wrapped("".join(parts) + FILES).rstrip() + "\n"


def draw(folder: Path) -> None:
    """Draw the figures from the records of a folder."""
    records = read_records(folder)
    for name in collect.group_names(records, collect.TRAINING):
        if bars := sections.adapted(sections.group_summaries(records, name)):
            write_picture(gap_bars(bars), folder, f"gap_{name}")
        placed = collect.newest(records, collect.EMBEDDING, name)
        if panels := {str(each.settings["method"]): each.metrics for each in placed}:
            write_picture(embeddings(panels), folder, f"tsne_{name}")
    if shallow := collect.newest(records, collect.SHALLOW, SCENES):
        frame = collect.shallow_accuracies(shallow)
        names = list(dict.fromkeys(frame["source"]))
        panels_of = {
            method: pair_matrix(frame[frame["method"] == method], names)
            for method in sections.MATRIX_METHODS
        }
        write_picture(pair_matrices(names, panels_of), folder, "pairs")

    if dense := dense_records(records):
        write_picture(dense_curves(dense), folder, "dense")


def pair_matrix(frame: pd.DataFrame, names: Sequence[str]) -> Floats:
    """Return the mean accuracy in percent of each source (row) and target (column); else NaN."""
    means = 100 * frame.groupby(["source", "target"])["accuracy"].mean()
    values: Floats = np.full((len(names), len(names)), np.nan)
    rows = means.reset_index()
    for source, target, value in zip(*(rows[name] for name in rows), strict=True):
        values[names.index(str(source)), names.index(str(target))] = value
    return values


def finding(folder: Path) -> str:
    """Return one or two sentences: the best method of each group."""
    return _verdict(read_records(folder))


def _verdict(records: Sequence[Record]) -> str:
    """Return what is found in each group, a sentence each."""
    groups = collect.group_names(records, collect.TRAINING)
    sentences = [sections.group_verdict(records, name) for name in groups]
    found = [each for each in (*sentences, dense_verdict(records)) if each]
    return " ".join(found) or "No pair was adapted."


def _missing(records: Sequence[Record]) -> str:
    """Return which parts have no record yet; "" for a run on the user's own pictures."""
    kinds = {(each.settings["part"], each.settings.get("group")) for each in records}
    if (collect.TRAINING, OWN) in kinds:
        return ""
    known = {str(group) for part, group in kinds if part == collect.TRAINING}
    known |= {str(part) for part, _ in kinds}
    known |= {FROZEN} if collect.SHALLOW in known else set()
    names = [name for name in (*PARTS, *LIBRARIES) if name not in known]
    return f" Not measured yet: {', '.join(names)}." if names else ""


def _provenance(records: Sequence[Record]) -> str:
    """Return commits, versions, seeds and duration."""
    about = dict(records[-1].versions or {})
    platform, _ = about.pop("platform"), about.pop("cores")
    versions = ", ".join(f"{name} {value}" for name, value in about.items())
    commits = list(dict.fromkeys(commit_text(each.commit) for each in records))
    trained = (collect.TRAINING, collect.DENSE)  # comparisons state their own seeds
    seeds = {each.seed for each in records if each.settings["part"] in trained}
    minutes = sum(each.seconds or 0.0 for each in records) / 60
    return (
        f"Commit {', '.join(commits)}; {versions}; {platform}; {len(seeds)} seeds; "
        f"{number(minutes, 1)} minutes for what the records measured."
    )
