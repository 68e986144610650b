"""The page of the rendered data set, rendered from its records alone."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.results import markdown
from benchmarks.results.frame import latest, part, to_frame
from benchmarks.results.markdown import commit_text
from benchmarks.results.record import Record, read_records
from encoders.scenes.making.statistics import statistics_markdown as padded

TEMPLATE = Path(__file__).with_name("template.md")
NUMBERS = ("mean", "median", "sd", "p5", "p95")
WORDS = {1: "one", 2: "two", 3: "three", 4: "four"}


def render(folder: Path) -> str:
    """Return the whole page, from the records of a folder."""
    records = read_records(folder)
    timed = part(records, part="time")[-1]
    counted = latest(part(records, part="statistics"), "buildings", "views", "size")
    of = counted[-1].settings
    metrics = timed.metrics
    return TEMPLATE.read_text().format(
        commit=commit_text(timed.commit),
        views=of["buildings"] * of["views"],
        buildings=of["buildings"],
        statistics=_statistics(counted),
        made=metrics["made"],
        size=timed.settings["size"],
        cores=WORDS.get(metrics["cores"], metrics["cores"]),
        workers=WORDS.get(timed.settings["workers"], timed.settings["workers"]),
        seconds=timed.seconds,
        rate=metrics["rate"],
        with_start=metrics["with_start"],
        memory=metrics["memory"],
        files=metrics["files"],
        stages=_stages(timed),
        hashes=_hashes(latest(part(records, part="bytes"), "buildings", "views")),
    )


def finding(folder: Path) -> str:
    """Return one sentence: the speed of rendering, and whether all runs gave the same bytes."""
    records = read_records(folder)
    timed = part(records, part="time")[-1]
    made = latest(part(records, part="bytes"), "buildings", "views")
    hashes = {each.metrics["hash_begins"] for each in made}
    same = "the same bytes" if len(hashes) == 1 else f"{len(hashes)} different worlds"
    return (
        f"{timed.metrics['made']:,} labeled views in {timed.seconds:.0f} s; {len(made)} runs made "
        f"{same}."
    )


def _statistics(records: list[Record]) -> str:
    frame = to_frame(records)
    shown = frame[["property", "unit", "taskonomy", *NUMBERS, "n"]]
    return padded(shown.astype(dict.fromkeys(NUMBERS, float))).rstrip("\n")


def _stages(record: Record) -> str:
    stages: dict[str, tuple[float, float]] = record.metrics["stages"]
    frame = pd.DataFrame.from_dict(stages, orient="index", columns=["share", "ms"])
    rest = frame.index == "starting and waiting"
    ordered = pd.concat(
        [frame[~rest].sort_values("share", ascending=False, kind="stable"), frame[rest]]
    )
    rows = [
        [str(row.Index), f"{100 * float(str(row.share)):.1f} %", f"{float(str(row.ms)):.1f}"]
        for row in ordered.itertuples()
    ]
    heads = ["stage", "share:", "ms a view and worker:"]
    return markdown.table(heads, rows)


def _hashes(records: list[Record]) -> str:
    rows = [[each.settings["run"], each.metrics["hash_begins"]] for each in records]
    return markdown.table(["run", "hash begins"], rows)
