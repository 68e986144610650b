"""The page and the figure of methods and objectives, rendered from their records alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchmarks.objectives.comparison import (
    budget_table,
    budgets_section,
    published_table,
    same_sets,
    summary_table,
    verdict,
)
from benchmarks.objectives.figure import figure
from benchmarks.objectives.frame import OURS, frame_of, last_records
from benchmarks.objectives.rules import DEFAULT
from benchmarks.results import markdown
from benchmarks.results.figures import write_picture
from benchmarks.results.frame import part
from benchmarks.results.markdown import commit_text, filled
from benchmarks.results.record import Record

FIGURE = "objectives"

HEADER = """# What should be maximized, and by which method

```sh
{command}
```

A rule turns losses into one number for each transfer, and the proven optimum maximizes its sum over
the targets. *Gain* and *quality* are win rates against `scratch` and `self`; *closed* is the share
of the mean loss between these two that a transfer closes, clipped to [0, 1]. The other rules are
functions of affinities, which a method makes of the pairwise win rates (`taskgraph affinity
--method`): AHP, the geometric mean of odds, Bradley-Terry, or the mean win rate. The square root of
AHP is the default, because with the published tables it reproduces the paper's figures.

{protocol}

{provenance}

{verdict}

"""
MEASURED = """## What was found

Means over {count} pairs of halves, all budgets from 1 to {largest} and all targets. After ± is the
standard deviation over the pairs, which share images and are no independent samples. These numbers
do not include what other seeds of training would change. *Better* is the number of pairs in which
the mean over budgets is better than that of `{default}`, by measure.

"""
MEASURED_ONCE = """## What was found

Means over all budgets from 1 to {largest} and all targets. The validation buildings choose once,
and no interval over test buildings or seeds of training was computed. *Better* says for each of the
four measures in turn whether the mean is better than that of `{default}` (1) or not (0).

"""
BY_BUDGET = "\n## By budget\n\n"
OVER_PAIRS = "Means over the pairs of halves.\n\n"
PUBLISHED = """
## The published tables

No losses were published, so only rules of the published affinities and win rates can be judged,
and on no images but those of the table: where the set is chosen on 16k, the same images judge it.
In the second table the set is chosen on the transfers from 1k images, and its transfers and worth
are those from 16k. Means over budgets 1 to {largest}, transfers of order at most 4.

"""
FILES = (
    "\n## Files\n\n| file | what |\n|--|--|\n"
    "| `records.jsonl` | one line a table and rule (and half, if buildings are halved): the "
    "supervised set and its worth at each budget |\n"
    f"| `{FIGURE}.svg` | the figure |\n"
)


def render(folder: Path) -> str:
    """Return the whole page, from the records of a folder."""
    records = last_records(folder)
    frame = frame_of(records)
    ours, others = frame[frame["table"] == OURS], frame[frame["table"] != OURS]
    header = HEADER.format(
        command=_command(records),
        protocol=filled(_protocol(records)),
        provenance=_provenance(records),
        verdict=filled(f"**{verdict(ours)}**"),
    )
    return header + _found(ours, folder) + _published(others, int(ours["budget"].max())) + FILES


def _found(ours: pd.DataFrame, folder: Path) -> str:
    """Return the sections on our losses: means, the figure, budgets, and sets of the halves."""
    pairs, largest = ours["half"].nunique(), int(ours["budget"].max())
    measured = MEASURED if pairs > 1 else MEASURED_ONCE
    return (
        measured.format(count=pairs, largest=largest, default=DEFAULT.name)
        + f"{summary_table(ours)}\n{_picture(folder, pairs)}{BY_BUDGET}"
        + (OVER_PAIRS if pairs > 1 else "")
        + f"{budget_table(ours)}\n\n{filled(budgets_section(ours))}\n"
        + (f"\n{filled(same)}\n" if (same := same_sets(ours)) else "")
    )


def _picture(folder: Path, pairs: int) -> str:
    """Return the figure with its caption; "" where it was not drawn."""
    names = (f"{FIGURE}.svg", f"{FIGURE}.png")
    name = next((each for each in names if (folder / each).exists()), None)
    if name is None:
        return ""
    caption = (
        f"Each line is a rule's mean minus that of `{DEFAULT.name}`, over the budgets; above 0 is "
        "better in the first three panels, below 0 in the last one."
    )
    if pairs > 1:
        caption += (
            " Thin gray lines are the pairs of halves of the rule `closed`, as an example of the "
            "spread."
        )
    return (
        f"\n![Difference of each rule to the default over the budgets]({name})\n\n"
        f"{filled(caption)}\n"
    )


def _published(others: pd.DataFrame, largest: int) -> str:
    """Return the section on the published tables."""
    if others.empty:
        return "\nThe published tables were not at hand when these records were made.\n"
    tables = [
        f"{name}:\n\n{published_table(rows)}\n"
        for name, rows in others.groupby("table", sort=False)
    ]
    return PUBLISHED.format(largest=largest) + "\n".join(tables)


def finding(folder: Path) -> str:
    """Return one sentence: what the rules gain and lose against the default."""
    frame = frame_of(last_records(folder))
    return verdict(frame[frame["table"] == OURS])


def draw(folder: Path) -> None:
    """Draw each rule's difference to the default over the budgets, one panel a measure."""
    frame = frame_of(last_records(folder))
    write_picture(figure(frame[frame["table"] == OURS]), folder, FIGURE)


def _command(records: Sequence[Record]) -> str:
    """Return the command; the validation losses are those beside the shipped losses."""
    validated = part(records, table=OURS)[-1].settings["validation_sha256"]
    flag = " --validation results/transfers/valid_losses.parquet" if validated else ""
    return f"taskgraph bench objectives{flag}"


def _protocol(records: Sequence[Record]) -> str:
    ours = part(records, table=OURS)
    if ours[-1].settings["validation_sha256"]:
        how = (
            "Taxonomies are chosen on the losses of validation buildings, whose images also chose "
            "the epoch of each read-out. They are judged on those of test buildings."
        )
    else:
        count = len({record.settings["half"] for record in ours})
        how = (
            f"The test buildings of the shipped losses are halved {count // 2} times (validation "
            "losses were not stored by that sweep); each half chooses once, and the other one "
            "judges, so that no image both chooses and judges. Each half has half of the "
            "buildings, so its choices are noisier than those of all of them."
        )
    return (
        f"{how} Every target is solved by its own network or by a transfer of order at most "
        f"{ours[-1].settings['max_order']}. There is no parameter to choose; all rules that were "
        "tried are in the table. The rule `closed` needs a target whose own network has a "
        "lower mean loss than scratch. Where that fails on the choosing images, the target counts "
        "with its quality instead. Where it fails on the judging images, the target is left out "
        "of the mean closed share."
    )


def _provenance(records: Sequence[Record]) -> str:
    record = records[-1]
    about = dict(record.versions or {})
    platform, _ = about.pop("platform"), about.pop("cores")
    versions = ", ".join(f"{name} {text}" for name, text in about.items())
    seconds = sum(each.seconds or 0.0 for each in records)
    return filled(
        f"Commit {commit_text(record.commit)}, {versions}, {platform}; seed {record.seed}; "
        f"{len(records)} records, {markdown.seconds(seconds)} of solving on a shared machine."
    )
