"""Train a bank of networks: one job for each task, several at once."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from encoders.bank.commit import commit
from encoders.bank.config import RECORD_SUFFIX, RUNS, BankConfig
from encoders.bank.identity import bank_hash, network_hashes
from encoders.bank.pretrained import random_encoder
from encoders.bank.record import DEFINITION, add_buildings, definition_of
from encoders.bank.training import train_task
from encoders.dataset import contents_of
from encoders.dataset.listing import INDEX, index_of_run, keep_index
from encoders.dataset.overlap import BUILDINGS, TRAINED_ON, group_by_buildings, recorded_buildings
from encoders.engines import Engine, Job, LocalEngine, as_completed
from encoders.errors import TrainingError
from encoders.errors.storage import FREE, read_json, storing, trouble
from encoders.networks import PRESETS
from encoders.tasks import Task
from encoders.training.checkpoint import halved, write_weights
from encoders.training.run_state import LOG, differing
from taskgraph.progress import Progress, no_progress
from taskgraph.tables import write_text

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class BankResult:
    """The outcome of each task of `train_bank`.

    Attributes
    ----------
    records : dict
        By task that was trained now: its record (`encoders.bank.record.record_of`).
    failures : dict of str
        By task that has no record: the reason. `MANIFEST` is a key if it could not be written.
    """

    records: dict[str, dict[str, Any]]
    failures: dict[str, str]


@storing
def train_bank(
    names: Sequence[str | Task],
    out: Path,
    config: BankConfig,
    *,
    jobs: int = 1,
    command: str = "",
    progress: Progress = no_progress,
    engine: Engine | None = None,
) -> BankResult:
    """Train each task as a separate job; a task that fails does not stop the others.

    A task that has a record of the same configuration is not trained again. A task whose training
    was interrupted, or whose process was killed, resumes. If ``out`` can no longer be written (for
    example because the disk is full), no further task is started. `MANIFEST` gathers the records
    of the whole folder.

    Parameters
    ----------
    names : sequence of str or Task
        Names of tasks of the dictionary or of ``config.own``, and tasks of one's own.
    jobs : int
        Number of tasks that are trained at once, each with ``config.fit.threads`` threads.
    command : str
        The command line, which is recorded in the manifest.
    progress : Progress
        Receives the finished and all epochs about once a second; the label has the newest
        validation loss and the speed.
    engine : Engine, optional
        Where tasks are trained; by default ``jobs`` processes of this machine.

    Raises
    ------
    StorageError
        If ``out`` cannot be made or read.
    TrainingError
        If ``out`` holds a task that was trained with another configuration, or on other data.
    """
    out.mkdir(parents=True, exist_ok=True)
    names, config = config.with_tasks(names)
    for name in names:
        if (path := out / (name + RECORD_SUFFIX)).exists():
            read_json(path)  # a damaged record is reported before the data set is listed
    if config.listing is None:
        index = index_of_run(config.data, [config.task(name) for name in names])
        config = dataclasses.replace(config, listing=keep_index(index, out / INDEX))
    unfinished = [name for name in names if not _is_finished(out, name, config)]
    for name in names:
        if name not in unfinished:
            add_buildings(name, out, config)
    calls = [Job(name, train_task, (name, out, config)) for name in unfinished]
    epochs = config.epochs(names)
    result = BankResult({}, {})
    stop_reason: str | None = None
    completed = as_completed(
        calls,
        engine or LocalEngine(jobs, config.fit.threads),
        progress=lambda done, total, label="": report_epochs(out, epochs, progress),
    )
    with contextlib.closing(completed):
        for outcome in completed:
            if outcome.reason is None:
                result.records[outcome.job.key] = outcome.value
            else:
                result.failures[outcome.job.key] = outcome.reason
            stop_reason = outcome.reason if outcome.stops else stop_reason
            _write_manifest_if_possible(out, config, command)
    result.failures.update(_write_manifest_if_possible(out, config, command))
    if stop_reason:
        why = "as the disk is full" if FREE in stop_reason else "for the same reason"
        left = [name for name in unfinished if name not in {*result.records, *result.failures}]
        result.failures.update(dict.fromkeys(left, f"was not started, {why}"))
    return result


def _write_manifest_if_possible(out: Path, config: BankConfig, command: str) -> dict[str, str]:
    """Write the manifest; the reason by `MANIFEST` if the folder cannot be written, else empty."""
    try:
        write_bank_manifest(out, config, command)
    except Exception as error:
        reason = trouble(error, out)
        if reason is None:
            raise
        return {MANIFEST: reason}
    return {}


def write_bank_manifest(out: Path, config: BankConfig, command: str) -> None:
    """Write `MANIFEST` from the folder's records, and the untrained random encoder.

    Its ``hash`` is that of all networks (`encoders.bank.identity.bank_hash`). The hashes of the
    training buildings are written once for all tasks that have the same ones.
    """
    path = out / "random.safetensors"
    if not path.exists():
        weights = halved(random_encoder(config.preset, seed=config.fit.seed))
        write_weights(path, weights, {"task": "random", "preset": config.preset})
    paths = [path for path in sorted(out.glob("*" + RECORD_SUFFIX)) if path.name != MANIFEST]
    records = [read_json(path) for path in paths]
    buildings = {record["task"]: recorded_buildings(out, record["task"]) for record in records}
    manifest = {
        "command": command,
        "commit": commit(),
        "preset": config.preset,
        "hash": bank_hash(network_hashes(out)),
        "tasks": [
            {key: value for key, value in record.items() if key != BUILDINGS} for record in records
        ],
        TRAINED_ON: group_by_buildings(
            {name: hashes for name, hashes in buildings.items() if hashes is not None}
        ),
    }
    write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n", out / MANIFEST)


def report_epochs(out: Path, total: int, progress: Progress) -> None:
    """Report how many epochs the logs of all runs hold, and what the newest log says last.

    The count includes runs of tasks that are not trained now; it is cut off at ``total``.
    """
    logs = list((out / RUNS).glob(f"*/{LOG}"))
    epochs = sum(max(0, log.read_text().count("\n") - 1) for log in logs)
    label = ""
    if logs:
        newest = max(logs, key=lambda log: log.stat().st_mtime)
        head, *_, last = newest.read_text().splitlines()
        row = dict(zip(head.split(","), last.split(","), strict=True))
        loss, speed = (float(row[name]) for name in ("valid_loss", "images_per_second"))
        label = f"{newest.parent.name} loss {loss:.4f}, {speed:.0f} images/s"
    progress(min(epochs, total), total, label)


def _is_finished(out: Path, name: str, config: BankConfig) -> bool:
    """Return whether a record of this configuration exists and has all losses that it asks for."""
    path = out / (name + RECORD_SUFFIX)
    if not path.exists():
        return False
    record = read_json(path)
    wanted = {
        "preset": config.preset,
        "fit": dataclasses.asdict(config.fit_of(name)),
        "adversarial": config.adversarial and dataclasses.asdict(config.adversarial),
        DEFINITION: definition_of(config.task(name)).get(DEFINITION),
    }
    if not (record.get("data") or {}).get("content"):  # else `_check_data` compares the splits
        wanted["splits"] = config.splits
    if changed := differing({key: record.get(key) for key in wanted}, wanted):
        raise TrainingError(
            f"{path} was trained with other settings (its {', '.join(changed)} differs); give the "
            "same settings, or train into another folder with --out"
        )
    _check_data(path, name, record, config)
    return set(config.sources_of(name)) <= set(record.get("test_loss", ()))


def _check_data(path: Path, name: str, record: Mapping[str, Any], config: BankConfig) -> None:
    """Raise if the files that a network was trained on have changed since.

    Records of earlier versions do not hold a hash of the files; they are not checked.
    """
    before = (record.get("data") or {}).get("content")
    size = PRESETS[config.preset].size
    task = config.task(name)
    if before and before != contents_of(
        config.data, [task], size, config.splits, listing=config.listing
    ).get(name):
        raise TrainingError(
            f"{path} is of other data: files of {config.data} that {name} is trained on have been "
            "added, removed, rewritten, or are in another split; train into another folder, or "
            "delete this one"
        )
