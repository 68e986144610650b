"""The same sweep on one process, on two, and on two Ray workers, one of them killed midway.

    python -m benchmarks.engines --data world --out results/engines

Every way begins in an empty folder, and ends with the same table, value for value, or is told of.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.machine import ROOT, commit, machine
from encoders.bank.pretrained import default_bank
from encoders.engines import Engine, LocalEngine, RayEngine
from encoders.pipeline.presets import CPU
from encoders.transfer.data import TransferDataConfig
from encoders.transfer.gather import gather
from encoders.transfer.measure import TransferConfig
from encoders.transfer.settings import SweepConfig
from encoders.transfer.sweep import sweep
from taskgraph.progress import progress_bar
from taskgraph.tables import write_text

ALONE = "one local process"
KILLED = "two Ray workers, one killed midway"
POLL = 0.2
"""Seconds between looks for something to kill."""

WAYS: dict[str, Callable[[], Engine]] = {
    ALONE: lambda: LocalEngine(1, threads=1),
    "two local processes": lambda: LocalEngine(2, threads=1),
    "two Ray workers": lambda: RayEngine("local", jobs=2),
    KILLED: lambda: RayEngine("local", jobs=2),
}


@dataclass(frozen=True)
class Row:
    """One way: wall seconds (a Ray's start counts), transfers, processes that were killed, and
    whether its losses are those of the first way."""

    way: str
    seconds: float
    transfers: int
    killed: int
    same: bool


def config_of(
    data: str, bank: str, targets: tuple[str, ...], sources: tuple[str, ...]
) -> SweepConfig:
    """As the plan `cpu` measures, in small: pairs at most."""
    train, valid, test = CPU.images
    pool = TransferDataConfig(data, train=train, valid=valid, test=test)
    return SweepConfig(TransferConfig(bank, pool, CPU.transfer), targets, sources, max_order=2)


def measured(way: str, config: SweepConfig, out: Path) -> tuple[float, pd.DataFrame, int]:
    """Seconds, the table of losses, and how many processes were killed.

    Raises
    ------
    RuntimeError
        If a transfer failed.
    """
    none: AbstractContextManager[list[int]] = contextlib.nullcontext([])
    begin = time.perf_counter()
    with one_killed(out, half_of(config)) if way == KILLED else none as killed:
        swept = sweep(config, out, WAYS[way](), progress=progress_bar)
        spent = time.perf_counter() - begin
    if swept.failures or swept.stopped:
        raise RuntimeError(f"{way}: {swept.failures or swept.stopped}")
    gather(swept.records, out, bootstrap=0)
    return spent, pd.read_parquet(out / "losses.parquet"), len(killed)


def half_of(config: SweepConfig) -> int:
    """Half of the transfers between single sources, roughly: by then, others are running."""
    return len(config.targets) * len(config.sources) // 2


@contextlib.contextmanager
def one_killed(out: Path, after: int) -> Iterator[list[int]]:
    """Once so many transfers are measured, kill a Ray worker that is measuring another."""
    killed: list[int] = []
    over = threading.Event()

    def wait_and_kill() -> None:
        while not over.wait(POLL) and not killed:
            working = busy_workers()
            if working and len(list(out.glob("measured/*/*.json"))) >= after:
                os.kill(working[0], signal.SIGKILL)
                killed.append(working[0])

    thread = threading.Thread(target=wait_and_kill)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()


def busy_workers() -> list[int]:
    """Processes of Ray that are doing a job: they are named after its function."""
    command = ["ps", "-A", "-o", "pid=,args="]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    parts = (line.split(maxsplit=1) for line in listed.splitlines())
    return [int(pid) for pid, *name in parts if name and name[0].startswith("ray::perform")]


def run(config: SweepConfig, out: Path) -> list[Row]:
    """Measure every way; write ``engines.json`` and the page."""
    rows: list[Row] = []
    first: pd.DataFrame | None = None
    for way in WAYS:
        with tempfile.TemporaryDirectory() as folder:
            seconds, losses, killed = measured(way, config, Path(folder))
        first = losses if first is None else first
        count = len(losses[["target", "sources"]].drop_duplicates())
        rows.append(Row(way, seconds, count, killed, losses.equals(first)))
        print(rows[-1], flush=True)
    whole = {"config": provenance(config), "rows": [asdict(row) for row in rows]}
    out.mkdir(parents=True, exist_ok=True)
    write_text(json.dumps(whole, indent=1) + "\n", out / "engines.json")
    write_text(page(whole), out / "README.md")
    return rows


def provenance(config: SweepConfig) -> dict[str, Any]:
    """All that a time depends on, and no place on a disk."""
    pool = config.transfer.pool
    return {
        "targets": config.targets,
        "sources": config.sources,
        "images": [pool.train, pool.valid, pool.test],
        "fit": asdict(config.transfer.fit),
        "data": Path(pool.data).name,
        "commit": commit(),
        **machine("torch", "ray"),
    }


def page(whole: dict[str, Any]) -> str:
    """README.md, from what ``engines.json`` holds."""
    how, rows = whole["config"], [Row(**row) for row in whole["rows"]]
    lines = [
        "| | seconds | speed-up | killed | the same losses |",
        "| --- | --: | --: | --: | --- |",
    ]
    lines += [
        f"| {row.way} | {row.seconds:.0f} | {rows[0].seconds / row.seconds:.2f} | {row.killed} | "
        f"{'yes' if row.same else '**no**'} |"
        for row in rows
    ]
    train, _, test = how["images"]
    return PAGE.format(
        data=how["data"],
        transfers=rows[0].transfers,
        targets=", ".join(how["targets"]),
        sources=", ".join(how["sources"]),
        train=train,
        test=test,
        cores=how["cores"],
        platform=how["platform"],
        torch=how["versions"]["torch"],
        ray=how["versions"]["ray"],
        commit=how["commit"] or "not recorded",
        seed=how["fit"]["seed"],
        table="\n".join(lines),
    )


PAGE = """# One sweep, on local processes and on Ray

```sh
python -m benchmarks.engines --data {data}
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


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "engines")
    parser.add_argument("--data", default="world", help="a data set of 64 pixels")
    parser.add_argument("--bank", default=None, help="by default, the shipped one")
    parser.add_argument("--targets", default="rgb2depth,edge2d")
    parser.add_argument("--sources", default="rgb2sfnorm,reshade,autoencoder,segment2d,random")
    given = parser.parse_args()
    names = (tuple(each.split(",")) for each in (given.targets, given.sources))
    data, bank = Path(given.data).resolve(), given.bank or default_bank()
    run(config_of(str(data), str(Path(bank).resolve()), *names), given.out)


if __name__ == "__main__":
    main()
