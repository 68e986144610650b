"""Facts of a run that the page states beside the tables, stored as one record a part.

A run appends the records of all parts; `SWEEP` is the first. The page shows the last run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.results.record import Record, append, last_run
from benchmarks.transfers.settings import SUITE
from taskgraph.errors import InvalidTableError

SWEEP, CHOICES, TRUST, FIGURES, MISSING = "sweep", "choices", "trust", "figures", "missing"
TIMED = ("scores", "ridge", "closed_form")
"""Parts whose facts are numbers, which are the metrics of their records."""

OF_SWEEP = (
    "targets",
    "sources",
    "transfers",
    "max_order",
    "test_images",
    "test_buildings",
    "losses_bytes",
    "bank",
)

Facts = dict[str, Any]


def records_of(facts: Facts) -> list[Record]:
    """Return the facts of a run as records; `facts_of` is the inverse."""
    settings = dict(facts["settings"])
    seed = settings.pop("seed")
    asked = {"part": SWEEP, **settings, **({"swept": facts["sweep"]} if "sweep" in facts else {})}
    known = {name: facts[name] for name in OF_SWEEP if name in facts}
    run = (facts["commit"], facts["versions"])
    found = [Record(SUITE.name, asked, seed, "test", known, *run)]
    for name in TIMED:
        if name in facts:
            metrics = {f"{name}_{key}": value for key, value in facts[name].items()}
            found.append(Record(SUITE.name, {"part": name}, seed, None, metrics, *run))
    if CHOICES in facts:
        again = (facts[CHOICES]["commit"], facts[CHOICES]["versions"])
        found.append(Record(SUITE.name, {"part": CHOICES}, seed, "test", {}, *again))
    if TRUST in facts:
        made = facts[TRUST]["commit"]
        found.append(Record(SUITE.name, {"part": TRUST}, seed, "test", {}, made))
    for name in (FIGURES, MISSING):
        found.append(Record(SUITE.name, {"part": name}, seed, None, {"texts": facts[name]}, *run))
    return found


def facts_of(records: list[Record]) -> Facts:
    """Return the facts that the records of one run hold."""
    first = records[0]
    settings = {name: v for name, v in first.settings.items() if name not in ("part", "swept")}
    facts: Facts = {
        "settings": {**settings, "seed": first.seed},
        "commit": first.commit,
        "versions": first.versions,
        **first.metrics,
    }
    if "swept" in first.settings:
        facts["sweep"] = first.settings["swept"]
    for record in records[1:]:
        part = record.settings["part"]
        if part in TIMED:
            facts[part] = {
                name.removeprefix(f"{part}_"): value for name, value in record.metrics.items()
            }
        elif part == CHOICES:
            facts[part] = {"commit": record.commit, "versions": record.versions}
        elif part == TRUST:
            facts[part] = {"commit": record.commit}
        else:
            facts[part] = record.metrics["texts"]
    return facts


def write_facts(facts: Facts, folder: Path) -> None:
    """Append the facts of a run to the records of a folder."""
    for record in records_of(facts):
        append(folder, record)


def read_facts(folder: Path) -> Facts:
    """Return the facts of the last run of a folder.

    Raises
    ------
    InvalidTableError
        If the folder has no records of a run.
    """
    records = last_run(folder, SWEEP)
    if not records:
        raise InvalidTableError(
            f"{folder} has no records; run `taskgraph bench transfers --sweep SWEEP` first"
        )
    return facts_of(records)
