"""A whole bank: its tasks one after the other or several at once, none ending another."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from encoders.bank.pretrained import random_encoder
from encoders.bank.training import RECORD, RUNS, BankConfig, add_buildings, sources_of, train_task
from encoders.dataset import contents_of
from encoders.dataset.overlap import BUILDINGS, TRAINED_ON, buildings_of, grouped
from encoders.engines import Engine, Job, LocalEngine, as_done
from encoders.errors import TrainingError
from encoders.errors.storage import FREE, read_json, storing, trouble
from encoders.networks import PRESETS
from encoders.training.checkpoint import halved, write_weights
from encoders.training.progress import LOG, differing
from taskgraph.tables import write_text

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Standing:
    """How far a bank is: finished epochs over all networks, and the newest line of a log."""

    epochs: int
    newest: Mapping[str, str]


@dataclass(frozen=True)
class Done:
    """What became of each task: its record, or why it has none."""

    records: dict[str, dict[str, Any]]
    failures: dict[str, str]


@storing
def train_bank(
    names: list[str],
    out: Path,
    config: BankConfig,
    *,
    jobs: int = 1,
    command: str = "",
    watch: Callable[[Standing], None] = lambda _: None,
    engine: Engine | None = None,
) -> Done:
    """Train every task by itself; a task that fails is told at the end, and the others go on.

    A task whose record of the same configuration is there is not trained again, and one that was
    interrupted resumes, as does one whose process was killed. When ``out`` can no longer be
    written (the disk is full), the tasks that are being trained are the last. `MANIFEST` gathers
    the records of the whole folder.

    Parameters
    ----------
    jobs : int
        Tasks that are trained at once; each has ``config.fit.threads`` threads.
    watch : function
        Called about once a second with the `Standing`.
    engine : Engine, optional
        Where tasks are trained; by default ``jobs`` processes of this machine.

    Raises
    ------
    StorageError
        If ``out`` cannot be made or read.
    TrainingError
        If ``out`` holds a task of another configuration, or of other data.
    """
    out.mkdir(parents=True, exist_ok=True)
    todo = [name for name in names if not _finished(out, name, config)]
    for name in names:
        if name not in todo:
            add_buildings(name, out, config)
    calls = [Job(name, train_task, (name, out, config)) for name in todo]
    records: dict[str, dict[str, Any]] = {}
    failures: dict[str, str] = {}
    stopped: str | None = None
    local = LocalEngine(jobs, config.fit.threads)
    ending = as_done(calls, engine or local, watch=lambda _: watch(standing(out)))
    with contextlib.closing(ending):
        for ended in ending:
            if ended.reason is None:
                records[ended.job.key] = ended.value
            else:
                failures[ended.job.key] = ended.reason
            stopped = ended.reason if ended.stops else stopped
            _gathered(out, config, command)
    failures |= _gathered(out, config, command)
    if stopped:
        why = "as the disk is full" if FREE in stopped else "for the same reason"
        left = [name for name in todo if name not in {*records, *failures}]
        failures |= dict.fromkeys(left, f"was not begun, {why}")
    return Done(records, failures)


def _gathered(out: Path, config: BankConfig, command: str) -> dict[str, str]:
    """Write the manifest; where the folder cannot be written, say so instead."""
    try:
        write_manifest(out, config, command)
    except Exception as error:
        reason = trouble(error, out)
        if reason is None:
            raise
        return {MANIFEST: reason}
    return {}


def write_manifest(out: Path, config: BankConfig, command: str) -> None:
    """Gather the records, and write the random encoder, which is not trained."""
    path = out / "random.safetensors"
    if not path.exists():
        weights = halved(random_encoder(config.preset, seed=config.fit.seed))
        write_weights(path, weights, {"task": "random", "preset": config.preset})
    paths = [path for path in sorted(out.glob("*" + RECORD)) if path.name != MANIFEST]
    records = [read_json(path) for path in paths]
    found = {record["task"]: buildings_of(out, record["task"]) for record in records}
    whole = {
        "command": command,
        "commit": commit(),
        "preset": config.preset,
        "tasks": [{k: v for k, v in each.items() if k != BUILDINGS} for each in records],
        TRAINED_ON: grouped({name: each for name, each in found.items() if each is not None}),
    }
    write_text(json.dumps(whole, indent=1, sort_keys=True) + "\n", out / MANIFEST)


def commit() -> str | None:
    """The commit of the checkout that this code runs from, or None."""
    asked = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=Path(__file__).parent, capture_output=True, text=True
    )
    return asked.stdout.strip() or None


def standing(out: Path) -> Standing:
    """Count the finished epochs of all runs, from their logs."""
    logs = list((out / RUNS).glob(f"*/{LOG}"))
    epochs = sum(max(0, log.read_text().count("\n") - 1) for log in logs)
    if not logs:
        return Standing(epochs, {})
    newest = max(logs, key=lambda log: log.stat().st_mtime)
    head, *_, last = newest.read_text().splitlines()
    row = dict(zip(head.split(","), last.split(","), strict=True))
    return Standing(epochs, {"run": newest.parent.name, **row})


def _finished(out: Path, name: str, config: BankConfig) -> bool:
    """Whether a record of this configuration is there, with all that is to be measured."""
    path = out / (name + RECORD)
    if not path.exists():
        return False
    record = read_json(path)
    wanted = {
        "preset": config.preset,
        "fit": dataclasses.asdict(config.fit_of(name)),
        "adversarial": config.adversarial and dataclasses.asdict(config.adversarial),
        "splits": config.splits,
    }
    if differing({key: record.get(key) for key in wanted}, wanted):
        raise TrainingError(
            f"{path} is of another configuration; train into another folder, or delete this one"
        )
    _check_data(path, name, record, config)
    return set(sources_of(name, config)) <= set(record.get("test_loss", ()))


def _check_data(path: Path, name: str, record: Mapping[str, Any], config: BankConfig) -> None:
    """Raise if the files that a network was trained on have changed; old records do not say."""
    before = (record.get("data") or {}).get("content")
    size = PRESETS[config.preset].size
    if before and before != contents_of(config.data, [name], size, config.splits)[name]:
        raise TrainingError(
            f"{path} is of other data: files of {config.data} that {name} is trained on have been "
            "added, removed, rewritten, or are in another split; train into another folder, or "
            "delete this one"
        )
