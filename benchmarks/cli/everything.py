"""``taskgraph bench all``: run every suite in small, or render every page."""

from __future__ import annotations

import shutil
import time
import traceback
from dataclasses import MISSING
from pathlib import Path
from typing import Any

from benchmarks.cli import index
from benchmarks.cli.registry import suites
from benchmarks.results.console import printed
from benchmarks.results.record import FILE
from benchmarks.results.suite import PAGE, Suite
from taskgraph.cli.output import note
from taskgraph.errors import TaskgraphError
from taskgraph.tables import write_text

MADE = "made"
"""Folder of the data set, the bank and the sweep that the suites share."""
GROWN, ADDED = "grown", 4
"""Folder of the same data set with so many buildings more, for `payoff`."""


def render_all(results: Path) -> list[str]:
    """Render the pages of all suites that have records, and the page of all suites.

    Returns
    -------
    list of str
        The names of the suites.
    """
    there = [suite for suite in suites() if (results / suite.name / FILE).exists()]
    for suite in there:
        suite.write_page(results / suite.name)
    write_text(index.render(results), results / PAGE)
    return [suite.name for suite in there]


def run_all(out: Path, preset: str, names: tuple[str, ...]) -> dict[str, str]:
    """Make what the suites share, run each, and render its page.

    Parameters
    ----------
    out : Path
        Each suite gets a folder in it.
    names : tuple of str
        Suites to run; all if empty.

    Returns
    -------
    dict of str
        By suite: what failed, or "" if nothing did.
    """
    out.mkdir(parents=True, exist_ok=True)
    chosen = [suite for suite in suites() if not names or suite.name in names]
    if any(inputs_of(suite, out) for suite in chosen):
        note("making a data set, a bank and a sweep that the suites share")
        printed(f"taskgraph run {MADE} --preset {'smoke' if preset == 'smoke' else 'cpu'}", out)
    found = {}
    for suite in chosen:
        start = time.perf_counter()
        found[suite.name] = _failure(suite, out, preset)
        told = f"failed: {found[suite.name]}" if found[suite.name] else "done"
        note(f"{suite.name}: {told} ({time.perf_counter() - start:.0f} s)")
    return found


def _failure(suite: Suite, out: Path, preset: str) -> str:
    """Run one suite; return the error that ended it, or ""."""
    folder = out / suite.name
    try:
        inputs = inputs_of(suite, out)
        if suite.name == "payoff":
            inputs |= {"data": str(out / GROWN), "old": grow(out)}
        given = {name: value for name, value in inputs.items() if value is not None}
        suite.run(suite.with_preset(preset, given), folder)
        suite.write_page(folder)
    except (TaskgraphError, OSError) as error:
        return " ".join(str(error).split())
    except Exception as error:  # a fault of one suite must not stop the others
        traceback.print_exc()
        return f"{type(error).__name__}: {' '.join(str(error).split())}"
    return ""


def inputs_of(suite: Suite, out: Path) -> dict[str, Any]:
    """Return the shared folders that a suite reads, by the names of its settings."""
    made = out / MADE
    shared = {
        "data": made / "world",
        "bank": made / "bank",
        "sweep": made / "transfers",
        "table": made / "transfers" / "transfers.csv",
        "splits": out / "fresh.csv",
        "work": out / "work" / suite.name,
    }
    names = [one.name for one in suite.fields if one.name in shared]
    required = [one.name for one in suite.fields if one.default is MISSING]
    assert set(required) <= set(names), f"{suite.name}: nothing made here is its {required}"
    return {name: str(shared[name]) for name in names}


def grow(out: Path) -> int:
    """Copy the shared data set and add buildings; return how many it had before."""
    from encoders.scenes.making.manifest import read_manifest

    world = out / MADE / "world"
    before = int(read_manifest(world)["settings"]["buildings"])
    if not (out / GROWN).exists():
        shutil.copytree(world, out / GROWN)
    printed(f"taskgraph scenes {GROWN} --buildings {before + ADDED}", out)
    return before
