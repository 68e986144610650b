"""Run one sweep in every way, each in an empty folder, and compare the losses bit for bit."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.results.log import open_log
from benchmarks.results.sweep_inputs import sweep_inputs
from benchmarks.speed.engines.settings import SUITE, Settings
from encoders.bank.pretrained import default_bank
from encoders.engines import Engine, LocalEngine, RayEngine
from encoders.pipeline.presets import CPU
from encoders.training.config import FitConfig
from encoders.transfer.data import TransferDataConfig
from encoders.transfer.gather import gather
from encoders.transfer.settings import SweepConfig, TransferConfig
from encoders.transfer.sweep import sweep
from taskgraph.progress import progress_bar

ALONE = "one local process"
KILLED = "two Ray workers, one killed midway"
FIT = FitConfig(epochs=2, batch=8, learning_rate=3e-3)
"""Training of the read-outs: short, because all ways are compared with each other alone."""

POLL = 0.2
"""Seconds between two checks for a worker to kill."""

WAYS: dict[str, Callable[[], Engine]] = {
    ALONE: lambda: LocalEngine(1, threads=1),
    "two local processes": lambda: LocalEngine(2, threads=1),
    "two Ray workers": lambda: RayEngine("local", jobs=2),
    KILLED: lambda: RayEngine("local", jobs=2),
}


def run(settings: Settings, out: Path) -> None:
    """Run the sweep in the ways that are asked for, except for those that the records have.

    The first way is always among them, since the others are compared with its losses.
    """
    chosen = [
        way
        for number, way in enumerate(WAYS, 1)
        if not settings.ways or number == 1 or str(number) in settings.ways
    ]
    bank = settings.bank or default_bank()
    config = config_of(
        str(Path(settings.data).resolve()),
        str(Path(bank).resolve()),
        settings.targets,
        settings.sources,
        settings.images,
    )
    measure_ways(config, out, chosen)


def measure_ways(config: SweepConfig, out: Path, ways: list[str]) -> None:
    """Run the sweep in each of these ways that the records lack, and add a record of each."""
    packages = ["torch", *(["ray"] if any("Ray" in way for way in ways) else [])]
    log = open_log(out, SUITE.name, *packages)
    inputs, seed = sweep_inputs(config), config.transfer.fit.seed
    known = log.find(settings_of(config, ways[0], inputs), seed=seed, split="test")
    first = known.metrics["losses_sha256"] if known else None
    for way in ways:
        asked = settings_of(config, way, inputs)
        if log.has(asked, seed=seed, split="test"):
            continue
        with tempfile.TemporaryDirectory() as folder:
            seconds, losses, killed = measured(way, config, Path(folder))
        found = losses_hash(losses)
        first = first or found
        metrics = {
            "transfers": len(losses[["target", "sources"]].drop_duplicates()),
            "killed": killed,
            "same": found == first,
            "losses_sha256": found,
        }
        log.add(asked, metrics, seed=seed, split="test", seconds=seconds)
        print(f"{way}: {seconds:.0f} s", flush=True)


def settings_of(config: SweepConfig, way: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of one record; the data's folder is named without its path.

    ``inputs`` are the hashes of `sweep_inputs`.
    """
    pool, fit = config.transfer.pool, asdict(config.transfer.fit)
    del fit["seed"]
    return {
        "way": way,
        "data": Path(pool.data).name,
        "targets": config.targets,
        "sources": config.sources,
        "images": [pool.train, pool.valid, pool.test],
        "fit": fit,
        **inputs,
    }


def losses_hash(losses: pd.DataFrame) -> str:
    """Return the SHA-256 of a table of losses: of its columns, its rows and every bit of them."""
    rows = pd.util.hash_pandas_object(losses, index=True).to_numpy()  # 64 bits a row
    return hashlib.sha256(" ".join(map(str, losses.columns)).encode() + rows.tobytes()).hexdigest()


def config_of(
    data: str,
    bank: str,
    targets: tuple[str, ...],
    sources: tuple[str, ...],
    images: int | None = None,
) -> SweepConfig:
    """Return a sweep with the settings of the size `cpu`, and with pairs at most."""
    train, valid, test = CPU.images if images is None else (images, images, images)
    pool = TransferDataConfig(data, train=train, valid=valid, test=test)
    return SweepConfig(TransferConfig(bank, pool, FIT), targets, sources, max_order=2)


def measured(way: str, config: SweepConfig, out: Path) -> tuple[float, pd.DataFrame, int]:
    """Run the sweep; return its seconds, its table of losses, and the number of killed processes.

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
    """Return half the number of transfers of single sources, rounded down."""
    return len(config.targets) * len(config.sources) // 2


@contextlib.contextmanager
def one_killed(out: Path, after: int) -> Iterator[list[int]]:
    """Kill a Ray worker while it measures, once ``after`` transfers are measured."""
    killed: list[int] = []
    over = threading.Event()
    thread = threading.Thread(target=_wait_and_kill, args=(out, after, over, killed))
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()


def _wait_and_kill(out: Path, after: int, over: threading.Event, killed: list[int]) -> None:
    """Kill one working process once ``after`` transfers are measured, and append its id.

    It returns after that, or when ``over`` is set.
    """
    while not over.wait(POLL) and not killed:
        working = busy_workers()
        if working and len(list(out.glob("measured/*/*.json"))) >= after:
            os.kill(working[0], signal.SIGKILL)
            killed.append(working[0])


def busy_workers() -> list[int]:
    """Return the ids of Ray's processes that run a job; such a process has the job's name."""
    command = ["ps", "-A", "-o", "pid=,args="]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    parts = (line.split(maxsplit=1) for line in listed.splitlines())
    return [int(pid) for pid, *name in parts if name and name[0].startswith("ray::perform")]
