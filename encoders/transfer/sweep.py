"""Measure the transfers from all single sources, and from sets of the best sources."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from encoders.bank.identity import bank_hash, network_hashes
from encoders.bank.pretrained import SUFFIX, load
from encoders.dataset import TaskonomyDataset, contents_of
from encoders.dataset.index import read_index
from encoders.dataset.overlap import (
    Overlap,
    find_overlap,
    refuse_overlap,
    trained_on,
    unknown_warning,
)
from encoders.dataset.splits import ALL
from encoders.engines import Engine, Job, Outcome, run, with_threads
from encoders.errors import InvalidDataError, TrainingError
from encoders.errors.storage import read_json, storing
from encoders.tasks import TASKS
from encoders.tasks.names import known_name
from encoders.training.run_state import differing
from encoders.transfer.candidates import (
    CANDIDATES,
    Candidates,
    Sources,
    first_order,
    rank_sources,
)
from encoders.transfer.closed import measure_by_ridge, proposals, screen
from encoders.transfer.data import buildings_of, open_transfer_data
from encoders.transfer.measure import (
    REFERENCES,
    TransferConfig,
    forget_unconverted,
    measure,
    place_of,
)
from encoders.transfer.readouts import READOUTS
from encoders.transfer.screened import Screened
from encoders.transfer.settings import SweepConfig
from encoders.transfer.store import (
    PLAIN,
    REPRESENTATIONS,
    Store,
    encode,
    kind_of,
    views_of,
    write_views,
)
from taskgraph.progress import ProgressFactory, no_progress_bar
from taskgraph.tables import write_text
from taskgraph.tasks import join_sources

CONFIG = "config.json"
UNCOMPARED = ("allow_overlap", "overlap", "bank_hash")
"""Keys of `CONFIG` that resuming does not compare: no measurement depends on them, or another key,
``bank``, says the same in full."""

PLAIN_TASK = "autoencoder"
"""A task whose input is the unchanged picture."""

RULED = 10
"""Largest number of sets of one order that a rule proposes without the ridge screen."""

logger = logging.getLogger(__name__)


@dataclass
class SweepOutcome:
    """Results of a sweep.

    Attributes
    ----------
    records : dict
        The record of each measured transfer, as `measure` returns it, by (target, sources).
    failures : dict
        The reason why a job failed, by the name of the job.
    stopped : str or None
        Why the sweep stopped before all jobs were begun, and how to continue; None if it did not.
    """

    records: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    stopped: str | None = None

    def add(self, stage: Outcome) -> None:
        """Add the failures of one stage."""
        self.failures |= stage.failures
        self.stopped = self.stopped or stage.stopped


@storing
@with_threads
def sweep(
    config: SweepConfig,
    out: Path,
    engine: Engine,
    *,
    rule: Candidates | None = None,
    progress: ProgressFactory = no_progress_bar,
) -> SweepOutcome:
    """Measure the references, all single sources, and the sets of sources that a rule proposes.

    Each encoding and each transfer is a job that writes its own files atomically. If the sweep is
    killed, the same call measures only what is missing. Sets are chosen by the validation losses
    of single sources, never by test losses. Messages to the user are logged, at level INFO.

    Parameters
    ----------
    out : path
        Gets ``config.json``, ``representations/`` and ``measured/TARGET/SOURCES.{json,parquet}``.
    rule : Candidates, optional
        Proposes the sets, instead of the rule named by ``config.candidates``.
    progress : ProgressFactory
        Called with the title of each stage; receives the ended and all jobs of the stage.

    Raises
    ------
    TrainingError
        If ``out`` holds a sweep of another configuration, or of other data.
    InvalidDataError
        If the bank lacks a network, its networks differ in their size, or they were trained on
        validation or test buildings and ``config`` does not allow that.
    StorageError
        If ``out`` cannot be written; results are kept, and the same call continues.
    """
    config.transfer.check(used_networks(config))
    overlap = checked_overlap(config)
    write_or_check_config(config, out, overlap)
    removed = [name for name in config.targets if forget_unconverted(config.transfer, out, name)]
    if removed:
        logger.info(
            "self of %s is measured again: it was in the units of other data", ", ".join(removed)
        )
    stages = _Stages(config, out, engine, progress)
    stages.run("encode", encodings(config, out))
    READOUTS[config.readout].measure(stages, rule or CANDIDATES[config.candidates])
    stages.outcome.records = records(out)
    if warning := unknown_warning(overlap, config.transfer.bank):
        logger.info(warning)
    return stages.outcome


@dataclass
class _Stages:
    """The stages of a sweep that is running (`encoders.transfer.readouts.SweepStages`)."""

    config: SweepConfig
    out: Path
    engine: Engine
    progress: ProgressFactory
    outcome: SweepOutcome = field(default_factory=SweepOutcome)

    def run(self, title: str, jobs: Iterable[Job]) -> None:
        """Run the jobs of one stage, unless an earlier stage was stopped."""
        if self.outcome.stopped:
            return
        with self.progress(title) as progress:
            self.outcome.add(run(jobs, self.engine, progress=progress))

    def train_references(self, *, single_sources: bool) -> None:
        """Measure the references, and with ``single_sources`` also the transfers of order 1."""
        title = "references, order 1" if single_sources else "references"
        self._measure(title, first_transfers(self.config, single_sources=single_sources))

    def train_sets(self, rule: Candidates) -> None:
        """Train read-outs on the sets of sources that the rule and the ridge screen propose."""
        config = self.config
        if config.max_order == 1 or self.outcome.stopped:
            return
        if config.screen:
            # The screen proposes more sets than are added, as the rule proposes some of them too.
            count = config.screen + RULED
            result = screen(config, self.out)
            best_sets = proposals(result, config.targets, config.max_order, count)
            rule = Screened(rule, best_sets, config.screen)
        self._measure(f"orders 2 to {config.max_order}", set_transfers(config, self.out, rule))

    def solve_by_ridge(self, rule: Candidates) -> None:
        """Measure ridge read-outs from all single sources and the sets that the rule proposes."""
        if not self.outcome.stopped:
            measure_by_ridge(self.config, self.out, rule)

    def _measure(self, title: str, transfers: Iterable[tuple[str, Sources]]) -> None:
        self.run(title, [_job(self.config, self.out, *transfer) for transfer in transfers])


def resolve_tasks(
    bank: str, targets: tuple[str, ...] = (), sources: tuple[str, ...] = ()
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the dictionary's names of targets and sources; by default all tasks of the bank.

    Raises
    ------
    UnknownNameError
        If a name is not that of a task.
    InvalidDataError
        If a target can only be a source.
    """
    of_bank = [name for name in TASKS if (Path(bank) / (name + SUFFIX)).is_file()]
    target_names = [known_name(name) for name in targets] or [
        name for name in of_bank if not TASKS[name].source_only
    ]
    for name in target_names:
        if TASKS[name].source_only:
            raise InvalidDataError(f"{name} can only be a source, not a target; leave it out")
    source_names = [known_name(name) for name in sources] or of_bank
    return tuple(dict.fromkeys(target_names)), tuple(dict.fromkeys(source_names))


def used_networks(config: SweepConfig) -> list[str]:
    """Return the names of the bank's networks that a sweep uses: for sources and for ``self``."""
    return sorted({*config.sources, *config.targets})


def checked_overlap(config: SweepConfig) -> Overlap:
    """Return which buildings of a sweep its encoders were trained on.

    Raises
    ------
    InvalidDataError
        If some of these are for validation or test, and the sweep does not allow that.
    """
    pool, bank = config.transfer.pool, config.transfer.bank
    index = read_index(Path(pool.data))
    trained = trained_on(bank, used_networks(config))
    overlap = find_overlap(trained, index, buildings_of(pool, index.buildings))
    if not config.allow_overlap:
        refuse_overlap(overlap, trained, bank, index)
    return overlap


def write_or_check_config(config: SweepConfig, out: Path, overlap: Overlap | None = None) -> None:
    """Write the configuration of a new sweep, or check it against that of the sweep in ``out``.

    The configuration includes the hash of the bank, those of its networks, and those of the data
    set's files.
    ``overlap`` is written too, but not compared.

    Raises
    ------
    TrainingError
        If ``out`` holds a sweep of another configuration, or of other data.
    """
    config.transfer.check(used_networks(config))
    out.mkdir(parents=True, exist_ok=True)
    # The files may have changed since an earlier sweep of this process.
    open_transfer_data.cache_clear()
    pool = config.transfer.pool
    content = contents_of(pool.data, config.targets, pool.size, pool.splits)
    networks = fingerprints(config)
    hashes = {"bank": networks, "bank_hash": bank_hash(networks), "content": content}
    wanted = {**config.record(), **hashes}
    path, wanted = out / CONFIG, json.loads(json.dumps(wanted))
    written = read_json(path) if path.exists() else {}
    changed = differing(_compared(written), _compared(wanted)) if written else []
    rewritten = [name for name in changed if name.startswith("content.")]
    if rewritten and rewritten == changed:
        task = rewritten[0].removeprefix("content.")
        raise TrainingError(
            f"{path}: files of {pool.data} that {task} is measured on have changed since (added, "
            "removed, rewritten, or in another split); write to another folder, or delete this one"
        )
    if changed:
        raise TrainingError(
            f"{path} is of a sweep with another {', '.join(changed)}; write to another folder, or "
            "delete this one"
        )
    updated = written | wanted | ({"overlap": overlap.record()} if overlap else {})
    if updated != written:
        write_text(json.dumps(updated, indent=1, sort_keys=True) + "\n", path)


def _compared(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings on which measurements depend."""
    return {key: value for key, value in config.items() if key not in UNCOMPARED}


def fingerprints(config: SweepConfig) -> dict[str, str]:
    """Return the SHA-256 of each file of the bank that the sweep uses, by the network's name.

    Raises
    ------
    InvalidDataError
        If the bank lacks a source, or a target's own network.
    """
    return network_hashes(config.transfer.bank, used_networks(config))


def encodings(config: SweepConfig, out: Path) -> list[Job]:
    """Return one job for each source and kind of input, which stores its representations."""
    store = Store(out / REPRESENTATIONS)
    write_views(store, views_of(config.transfer.pool, config.targets))
    kinds = {kind_of(TASKS[name]): name for name in config.targets}
    kinds = {kind: PLAIN_TASK if kind == PLAIN else name for kind, name in kinds.items()}
    return [
        Job(
            f"encode {source} ({kind})",
            encode_source,
            (config.transfer, out, source, task),
            done=store.path(source, kind),
        )
        for kind, task in kinds.items()
        for source in config.sources
    ]


@with_threads
def encode_source(config: TransferConfig, out: Path, source: str, task: str) -> str:
    """Write one source's representations of a task's inputs; returns the path of the file."""
    network = load(source, config.bank)
    pool = config.pool
    if task in TASKS and kind_of(TASKS[task]) == PLAIN:
        dataset = TaskonomyDataset(
            pool.data, [task], ALL, size=pool.size, constants={}, progress=False
        )
    else:
        dataset = open_transfer_data(pool, task).train.dataset
    store, device = Store(out / REPRESENTATIONS), config.fit.fabric().device
    return str(encode(network.encoder, dataset, task, store, source, device=device))


def first_transfers(
    config: SweepConfig, *, single_sources: bool = True
) -> list[tuple[str, Sources]]:
    """Return (target, sources) of the references and, unless left out, of the single sources."""
    references: list[Sources] = [(name,) for name in REFERENCES]
    return [
        (target, sources)
        for target in config.targets
        for sources in [
            *references,
            *(first_order(target, config.sources) if single_sources else []),
        ]
    ]


def set_transfers(config: SweepConfig, out: Path, rule: Candidates) -> list[tuple[str, Sources]]:
    """Return (target, sources) of the sets of sources that the rule proposes, target by target."""
    measured = records(out)
    transfers: list[tuple[str, Sources]] = []
    for target in config.targets:
        losses = {
            sources: record["valid_loss"]
            for (name, sources), record in measured.items()
            if name == target and record["order"] == 1 and sources in config.sources
        }
        if losses:
            ranked = rank_sources(target, losses)
            transfers += [(target, sources) for sources in rule(target, ranked, config.max_order)]
    return transfers


def records(out: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the records of all measured transfers, by (target, sources)."""
    measured = [read_json(path) for path in sorted((out / "measured").glob("*/*.json"))]
    return {(record["target"], record["sources"]): record for record in measured}


def _job(config: SweepConfig, out: Path, target: str, sources: Sources) -> Job:
    return Job(
        f"{join_sources(sources)} -> {target}",
        measure,
        (config.transfer, out, target, sources),
        done=place_of(out, target, sources),
        weight=TASKS[target].inputs * (1 + 0.1 * len(sources)),
    )
