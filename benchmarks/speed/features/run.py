"""Time the command on made data, then the loop on a sample of the same transfers."""

from __future__ import annotations

import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.results.log import open_log
from benchmarks.results.machine import ROOT
from benchmarks.speed.features.made import FEATURES, LABELS, write_files
from benchmarks.speed.features.settings import SUITE, Settings
from encoders.engines.threads import THREAD_VARIABLES
from encoders.features.settings import PENALTIES

MOMENTS, LOOP = "ridge by shared moments", "loop over scikit-learn's Ridge"
ITERATIVE = {"logistic regression": "logistic", "perceptron": "mlp"}

OUT = "out"

COMMAND = """
import json, resource, sys
from taskgraph.cli import run
code = run(sys.argv[1:])
used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(json.dumps([max(each.ru_maxrss for each in used), code]))
"""
"""Runs the command line, and prints the peak memory in KiB of it and of its largest worker."""


def run(settings: Settings, out: Path) -> None:
    """Measure the methods that the records in ``out`` lack."""
    log = open_log(out, SUITE.name, "numpy", "scipy", "scikit-learn", "pandas")
    size = asdict(settings)
    if not all(log.has({**size, "method": method}) for method in (MOMENTS, LOOP)):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_files(
                folder,
                examples=settings.examples,
                sources=settings.sources,
                width=settings.width,
                targets=settings.targets,
            )
            metrics = timed_command(folder, settings.max_order, "ridge")
            log.add({**size, "method": MOMENTS}, metrics, seconds=metrics["wall_seconds"])
            metrics = timed_sample(folder, settings.fits)
            log.add({**size, "method": LOOP}, metrics, seconds=metrics["sample_seconds"])
    for method, readout in ITERATIVE.items():
        if log.has({**size, "method": method}):
            continue
        with tempfile.TemporaryDirectory() as name:
            # One target and its single sources: what one fit takes is what is asked.
            rows, few = settings.iterative_examples, min(3, settings.sources)
            write_files(
                Path(name), examples=rows, sources=few, width=settings.width, targets=1, classes=3
            )
            metrics = timed_command(Path(name), 2, readout)
        log.add({**size, "method": method}, metrics, seconds=metrics["wall_seconds"])


def timed_command(folder: Path, max_order: int, readout: str) -> dict[str, Any]:
    """Run ``taskgraph transfer --features`` with one worker and one thread.

    Returns
    -------
    dict
        ``transfers``; ``wall_seconds`` and ``processor_seconds`` of the whole command, from reading
        the files to writing the tables; ``peak_mib`` of its largest process.
    """
    words = [
        "transfer",
        f"--features={folder / FEATURES}",
        f"--labels={folder / LABELS}",
        f"--out={folder / OUT}",
        f"--max-order={max_order}",
        f"--readout={readout}",
        "--jobs=1",
    ]
    before, begin = _children_seconds(), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *words],
        env=_one_thread(),
        capture_output=True,
        text=True,
        check=True,
    )
    wall = time.perf_counter() - begin
    peak, code = json.loads(done.stdout.splitlines()[-1])
    if code:
        raise RuntimeError(done.stderr)
    records = pd.read_csv(folder / OUT / "records.csv")
    kinds = records[records["order"] > 0]
    return {
        "transfers": len(kinds),
        "wall_seconds": round(wall, 2),
        "processor_seconds": round(_children_seconds() - before, 2),
        "peak_mib": round(peak / 1024),
        "seconds_of_a_transfer": round(float(kinds["seconds"].mean()), 4),
    }


def timed_sample(folder: Path, fits: int) -> dict[str, Any]:
    """Time the loop on transfers of each order in proportion to their number, and extrapolate.

    Returns
    -------
    dict
        ``timed_fits``, their number; ``peak_mib`` of the process; ``loop_processor_seconds`` of
        all transfers; ``same_penalties``, the share of the sample for which both choose the same
        penalty; ``largest_difference`` of their mean test losses, as a share.
    """
    records = pd.read_csv(folder / OUT / "records.csv")
    records = records[records["order"] > 0]
    wanted = math.ceil(fits / len(PENALTIES["ridge"]))
    sample = pd.concat(
        [
            part.sample(max(1, round(wanted * len(part) / len(records))), random_state=0)
            for _, part in records.groupby("order")
        ]
    )
    chosen = list(zip(sample["target"], sample["sources"], strict=True))
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.speed.features.loop", str(folder), json.dumps(chosen)],
        env=_one_thread(),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    found = json.loads(done.stdout)
    rows = pd.DataFrame(found["transfers"])
    mean = rows.groupby("order")["seconds"].mean()
    counts = records["order"].value_counts()
    ours, theirs = sample["test_loss"].to_numpy(), rows["test_loss"].to_numpy()
    return {
        "timed_fits": len(rows) * len(PENALTIES["ridge"]),
        "peak_mib": round(found["peak_kib"] / 1024),
        "sample_seconds": round(time.perf_counter() - begin, 2),
        "loop_processor_seconds": round(float((mean * counts).sum()), 1),
        "same_penalties": float((rows["penalty"].to_numpy() == sample["penalty"]).mean()),
        "largest_difference": float(abs(ours / theirs - 1).max()),
    }


def _one_thread() -> dict[str, str]:
    """Return the environment in which numerical libraries have one thread."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return {**os.environ, **dict.fromkeys(THREAD_VARIABLES, "1"), "PYTHONPATH": path}


def _children_seconds() -> float:
    """Return the processor time of all child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
