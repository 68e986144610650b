"""Run all suites one after the other, or render all of their pages."""

from __future__ import annotations

import shutil
import time
import traceback
from dataclasses import MISSING
from pathlib import Path
from typing import Any

from benchmarks.cli import index
from benchmarks.cli.command import only_run
from benchmarks.cli.registry import suites
from benchmarks.results.console import printed
from benchmarks.results.frame import UnfinishedError
from benchmarks.results.record import FILE
from benchmarks.results.suite import PAGE, Suite
from taskgraph.cli.output import note
from taskgraph.errors import TaskgraphError
from taskgraph.tables import write_text

MADE = "made"
"""Name of the folder with the data set, the bank and the sweep that the suites share."""
GROWN, ADDED = "grown", 4
"""Name of the folder of the same data set with more buildings, for `payoff`; and how many more."""


def render_all(results: Path) -> list[str]:
    """Render the pages of all suites that have records, and the page that lists them.

    A suite whose records do not suffice for its page yet is named in a message, and its folder is
    left as it is.

    Returns
    -------
    list of str
        The names of the suites whose pages were rendered.
    """
    rendered = []
    for suite in suites():
        folder = results / suite.name
        if not (folder / FILE).exists():
            continue
        try:
            suite.write_page(folder)
        except UnfinishedError as error:
            note(f"{suite.name} has no page yet: {error}")
        else:
            rendered.append(suite.name)
    write_text(index.render(results), results / PAGE)
    return rendered


def run_all(out: Path, preset: str, names: tuple[str, ...]) -> dict[str, str]:
    """Make the data that suites share, run each suite, and render its page.

    Parameters
    ----------
    out : Path
        Folder in which each suite gets a folder of its own.
    names : tuple of str
        Suites to run; all if empty.

    Returns
    -------
    dict of str
        By suite: the error that ended it, or "" if none did.
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
    """Run one suite and render its page; return the error that ended it, or ""."""
    folder = out / suite.name
    try:
        inputs = inputs_of(suite, out)
        if suite.name == "payoff":
            inputs |= {"data": str(out / GROWN), "old": grow(out)}
        given = {name: value for name, value in inputs.items() if value is not None}
        with only_run(suite, folder):
            suite.run(suite.with_preset(preset, given), folder)
        suite.write_page(folder)
    except (TaskgraphError, OSError) as error:
        return " ".join(str(error).split())
    except Exception as error:  # a fault of one suite must not stop the others
        traceback.print_exc()
        return f"{type(error).__name__}: {' '.join(str(error).split())}"
    return ""


def inputs_of(suite: Suite, out: Path) -> dict[str, Any]:
    """Return the shared files and folders that a suite reads, by the names of its settings."""
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
    """Copy the shared data set and add buildings; return the number of buildings before."""
    from encoders.scenes.making.manifest import read_manifest

    world = out / MADE / "world"
    before = int(read_manifest(world)["settings"]["buildings"])
    if not (out / GROWN).exists():
        shutil.copytree(world, out / GROWN)
    printed(f"taskgraph scenes {GROWN} --buildings {before + ADDED}", out)
    return before
