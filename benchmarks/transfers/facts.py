"""Facts that the page states beside the tables, read from the records: one record a part.

The setting ``run`` of a record holds the settings that all parts share. The page shows the newest
record of each part of the newest run. Flags such as ``--choices-only`` add records of a run with
the setting ``again``; these are newer than the run's own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.results.frame import latest, not_finished
from benchmarks.results.record import Record, read_records
from benchmarks.transfers.settings import SUITE, TRUST_ONLY

SWEEP, CHOICES, TRUST, FIGURES = "sweep", "choices", "trust", "figures"
STRUCTURE, SCORES, RIDGE, CLOSED = "structure", "scores", "ridge", "closed_form"
COMPARED, BEFORE, SENSITIVITY = "compared", "before", "sensitivity"
PARTS = (
    SWEEP,
    CHOICES,
    TRUST,
    SENSITIVITY,
    BEFORE,
    COMPARED,
    FIGURES,
    STRUCTURE,
    SCORES,
    RIDGE,
    CLOSED,
)
"""Values of the setting ``part``, in the order in which a run computes them."""

TIMED = (SCORES, RIDGE, CLOSED)
"""Parts whose facts are numbers; the name of the part begins the names of their metrics."""

SHARED = ("draws", "permutations", "resamples", "shown", "seed")
"""Settings of the suite that are in the setting ``run``."""

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


def newest_run(folder: Path) -> list[Record]:
    """Return the newest record of each part of the newest run of a folder.

    Raises
    ------
    InvalidTableError
        If the record of the sweep or of the choices is missing; the page needs both.
    """
    of_runs = [each for each in read_records(folder) if "run" in each.settings]
    by_part = {each.settings["part"]: each for each in latest(of_runs, "run")}
    if not {SWEEP, CHOICES} <= by_part.keys():
        raise not_finished(folder, SUITE.name)
    return list(by_part.values())


def facts_of(records: list[Record]) -> Facts:
    """Return the facts that the records of one run hold, of which there is one a part.

    Returns
    -------
    dict
        ``settings``, ``commit`` and ``versions`` of the run; ``commits``, by part; the metrics
        `OF_SWEEP`; ``sweep``, the sweep's own configuration; for each of `TIMED` a dict;
        ``figures``, files by stem; ``missing``, by the name of what is left out the reason; and
        ``choices`` and ``trust``, the provenance of what was computed again, as is ``structure``;
        ``compared``, how the win rates against other choices were computed; ``before``, what the
        earlier table was of; ``sensitivity``, what was drawn of it; and ``seeds``, of what the
        losses have how many. What was not recorded is left out.
    """
    by_part = {each.settings["part"]: each for each in records}
    first = by_part[SWEEP]
    run = first.settings["run"]
    facts: Facts = {
        "settings": {name: run[name] for name in SHARED},
        "commit": first.commit,
        "versions": first.versions,
        **{name: first.metrics[name] for name in OF_SWEEP if name in first.metrics},
        "commits": {name: record.commit for name, record in by_part.items()},
        "figures": by_part[FIGURES].metrics.get("texts", {}) if FIGURES in by_part else {},
        "missing": {},
    }
    if run["swept"] is not None:
        facts["sweep"] = run["swept"]
    for name, record in by_part.items():
        facts["missing"] |= record.metrics.get("missing", {})
        if name in TIMED and (own := _without_prefix(record, f"{name}_")):
            facts[name] = own
    return facts | _again(by_part, facts["settings"])


def _without_prefix(record: Record, prefix: str) -> dict[str, Any]:
    """Return the metrics whose names begin with a prefix, without it."""
    return {
        name.removeprefix(prefix): value
        for name, value in record.metrics.items()
        if name.startswith(prefix)
    }


def _again(by_part: dict[str, Record], settings: dict[str, Any]) -> Facts:
    """Return the facts of the parts that were computed again, and the settings changed by that."""
    facts: Facts = {}
    choices = by_part[CHOICES]
    if again := choices.settings.get("again"):
        own = {name: again[name] for name in SHARED if name in again}
        facts["settings"] = {**settings, **own}
        facts[CHOICES] = {"commit": choices.commit, "versions": choices.versions}
    compared = by_part.get(COMPARED)
    if compared is not None and "full" in compared.metrics:
        facts[COMPARED] = {
            "commit": compared.commit,
            "again": "again" in compared.settings,
            **{name: compared.metrics[name] for name in ("full", "texts", "seeds")},
        }
        facts["seeds"] = compared.metrics["seeds"]
    structure = by_part.get(STRUCTURE)
    if structure is not None and "again" in structure.settings:
        facts[STRUCTURE] = {"commit": structure.commit}
    sensitivity = by_part.get(SENSITIVITY)
    if sensitivity is not None and "texts" in sensitivity.metrics:
        facts[SENSITIVITY] = sensitivity.metrics
    before = by_part.get(BEFORE)
    if before is not None and "of_commit" in before.metrics:
        facts[BEFORE] = before.metrics
    trust = by_part.get(TRUST)
    if trust is not None and trust.settings.get("again", {}).get("flag") == TRUST_ONLY:
        facts[TRUST] = {"commit": trust.commit}
    return facts


def read_facts(folder: Path) -> Facts:
    """Return the facts of the newest run of a folder.

    Raises
    ------
    InvalidTableError
        If the folder has no finished run.
    """
    return facts_of(newest_run(folder))
