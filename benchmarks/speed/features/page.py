"""The page of the speed of features, rendered from its records alone."""

from __future__ import annotations

from pathlib import Path

from benchmarks.results.frame import latest, not_finished
from benchmarks.results.markdown import commit_text, number, table
from benchmarks.results.record import Record, read_records
from benchmarks.speed.features.run import ITERATIVE, LOOP, MOMENTS
from encoders.features.settings import PENALTIES

SIZE = ("examples", "sources", "width", "targets", "max_order", "fits", "iterative_examples")

PAGE = """# Transfers from frozen features, beside a loop over scikit-learn

```sh
taskgraph bench features
```

{examples:,} made examples, {sources} sources of {width} features, {targets} targets that are
numbers; 65 % of the examples train, 15 % choose the penalty ({penalties}), 20 % test. The rule
`best5` up to order {max_order} makes {transfers} transfers. Both have one worker and one thread.

{table}

- **Shared moments**: the whole command `taskgraph transfer --features`, from reading the files to
  writing `losses.parquet` and `transfers.csv`: start of Python and of its worker, hashes, the copy
  of the features and the affinities included. Wall time {wall} s: other processes shared the
  machine, so processor time is compared.
- **Loop**: for each transfer it joins the standardized features, fits
  `Ridge(alpha)` once for each of the {count} penalties, and predicts; in single precision, which is
  the faster one. It holds all features in memory. {fits} fits were timed, of each order in
  proportion to its number of transfers, and the time was scaled to all transfers. Reading,
  standardizing and writing are not counted.
- **Same results**: on the sample both choose the same penalty for {same} of the transfers, and
  their mean test losses differ by at most {difference:.1e} of their size.

Iterative read-outs share nothing between sets, so that they are stated apart: three classes, one
target, {iterative:,} examples, sources of {width} features alone and in pairs, all penalties and
epochs included.

{iterative_table}

{cores} cores, {platform}; scikit-learn {sklearn}, NumPy {numpy}; commit {commit}; the data's seed
is 0.
"""


def render(folder: Path) -> str:
    """Return the whole page, from the records of a folder."""
    records = by_method(folder)
    moments, loop = records[MOMENTS], records[LOOP]
    settings, versions = moments.settings, moments.versions or {}
    ours = moments.metrics["processor_seconds"]
    theirs = loop.metrics["loop_processor_seconds"]
    rows = [
        [
            MOMENTS,
            number(ours, 1),
            number(moments.metrics["peak_mib"], 0),
            number(theirs / ours, 1),
        ],
        [LOOP, number(theirs, 1), number(loop.metrics["peak_mib"], 0), "1"],
    ]
    iterative = [
        [
            method,
            str(records[method].metrics["transfers"]),
            number(records[method].metrics["seconds_of_a_transfer"], 2),
            number(records[method].metrics["processor_seconds"], 1),
        ]
        for method in ITERATIVE
    ]
    return PAGE.format(
        **{name: settings[name] for name in ("examples", "sources", "width", "targets")},
        max_order=settings["max_order"],
        penalties=", ".join(f"{penalty:g}" for penalty in PENALTIES["ridge"]),
        count=len(PENALTIES["ridge"]),
        transfers=moments.metrics["transfers"],
        wall=number(moments.metrics["wall_seconds"], 1),
        fits=loop.metrics["timed_fits"],
        same=f"{loop.metrics['same_penalties']:.0%}",
        difference=loop.metrics["largest_difference"],
        iterative=settings["iterative_examples"],
        table=table(["", "processor seconds:", "peak MiB of a process:", "times faster:"], rows),
        iterative_table=table(
            ["", "transfers:", "wall seconds of a transfer:", "processor seconds of the command:"],
            iterative,
        ),
        cores=versions["cores"],
        platform=versions["platform"],
        sklearn=versions["scikit-learn"],
        numpy=versions["numpy"],
        commit=commit_text(moments.commit),
    )


def finding(folder: Path) -> str:
    """Return one sentence: how many times faster shared moments are."""
    records = by_method(folder)
    ours = records[MOMENTS].metrics["processor_seconds"]
    theirs = records[LOOP].metrics["loop_processor_seconds"]
    return (
        f"{records[MOMENTS].metrics['transfers']} transfers of "
        f"{records[MOMENTS].settings['examples']:,} examples take {ours:.0f} s of one core, "
        f"{theirs / ours:.0f} times less than a loop over scikit-learn."
    )


def by_method(folder: Path) -> dict[str, Record]:
    """Return the newest record of each method.

    Raises
    ------
    InvalidTableError
        If one is missing.
    """
    newest = latest(read_records(folder), *SIZE)
    records = {record.settings["method"]: record for record in newest}
    if not {MOMENTS, LOOP, *ITERATIVE} <= records.keys():
        raise not_finished(folder, "features")
    return records
