"""The page of engines, rendered from its records alone."""

from __future__ import annotations

from pathlib import Path

from benchmarks.results.frame import latest, not_finished
from benchmarks.results.markdown import NOT_RECORDED
from benchmarks.results.record import Record, read_records

SAME = ("data", "targets", "sources", "images", "fit", "bank_hash", "data_sha256")
"""Settings that all records of one page share."""

PAGE = """# One sweep, on local processes and on Ray

```sh
taskgraph bench engines --data {data}
```

{transfers} runs (transfers to {targets}, of one and two of
{sources}, and the references), each read-out trained on
{train:,} images and tested on {test:,}, in four ways, one after the other. Every job has one
thread. Seconds are of the whole sweep, encoding and Ray's own start included. In the last way a
worker is killed (SIGKILL) in the middle of a read-out; its job is begun again by another.
{cores} cores, {platform}; torch {torch}, Ray {ray}; commit {commit}; seed {seed}.

{table}

"The same losses": every row of `losses.parquet`, image by image, is equal to the last bit.
"""


def render(folder: Path) -> str:
    """Return the whole page, from the records of a folder."""
    records = last_ways(folder)
    about, settings = records[-1], records[-1].settings
    versions = about.versions or {}
    first = records[0].seconds or 0.0
    lines = [
        "| | seconds | speed-up | killed | the same losses |",
        "| --- | --: | --: | --: | --- |",
    ]
    for record in records:
        taken = record.seconds or float("nan")
        lines.append(
            f"| {record.settings['way']} | {taken:.0f} | {first / taken:.2f} | "
            f"{record.metrics['killed']} | {'yes' if record.metrics['same'] else '**no**'} |"
        )
    train, _, test = settings["images"]
    return PAGE.format(
        data=settings["data"],
        transfers=records[0].metrics["transfers"],
        targets=", ".join(settings["targets"]),
        sources=", ".join(settings["sources"]),
        train=train,
        test=test,
        cores=versions["cores"],
        platform=versions["platform"],
        torch=versions["torch"],
        ray=versions.get("ray", "not used"),
        commit=about.commit or NOT_RECORDED,
        seed=about.seed,
        table="\n".join(lines),
    )


def finding(folder: Path) -> str:
    """Return one sentence: in how many ways the losses are equal, and the speed-ups."""
    records = last_ways(folder)
    first = records[0].seconds or float("nan")
    same = sum(record.metrics["same"] for record in records)
    ups = [
        f"{record.settings['way']} {first / (record.seconds or float('nan')):.2f}"
        for record in records[1:]
    ]
    return (
        f"The losses are equal to the last bit in {same} of {len(records)} ways; speed-up: "
        f"{', '.join(ups)}."
    )


def last_ways(folder: Path) -> list[Record]:
    """Return the record of each way, in the order in which the ways were run.

    Raises
    ------
    InvalidTableError
        If there are no records.
    """
    by_way = {record.settings["way"]: record for record in latest(read_records(folder), *SAME)}
    if not by_way:
        raise not_finished(folder, "engines")
    return list(by_way.values())
