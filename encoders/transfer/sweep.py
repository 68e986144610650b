"""All transfers of a bank: encode, read out from single sources, then from sets of the best."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from encoders.bank.pretrained import SUFFIX, load, network_file
from encoders.dataset import TaskonomyDataset, contents_of
from encoders.dataset.index import read_index
from encoders.dataset.overlap import (
    Overlap,
    find_overlap,
    refuse_overlap,
    told_unknown,
    trained_on,
)
from encoders.dataset.splits import ALL
from encoders.engines import Engine, Job, Outcome, run, with_threads
from encoders.engines.progress import Watch
from encoders.errors import InvalidDataError, TrainingError
from encoders.errors.storage import read_json, storing
from encoders.tasks import TASKS
from encoders.tasks.names import known_name
from encoders.training.progress import differing
from encoders.transfer.candidates import (
    CANDIDATES,
    Candidates,
    Screened,
    Sources,
    first_order,
    rank_sources,
)
from encoders.transfer.closed import Say, proposals, read_by_ridge, screen
from encoders.transfer.data import buildings_of, open_pool
from encoders.transfer.measure import (
    REFERENCES,
    TransferConfig,
    forget_unconverted,
    measure,
    place_of,
)
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
from taskgraph.tables import write_text
from taskgraph.tasks import join_sources

CONFIG = "config.json"
UNCOMPARED = ("allow_overlap", "overlap")
"""Keys of `CONFIG` that no measurement depends on."""

PLAIN_TASK = "autoencoder"
"""A task whose input is the picture as it is."""

RULED = 10
"""At most so many sets of one order does a rule propose itself."""

Titled = Callable[[str], AbstractContextManager[Watch]]
"""Gives the ``watch`` of a stage, such as `encoders.engines.progress_bar`."""


@dataclass
class Swept:
    """What became of a sweep.

    Attributes
    ----------
    records : dict
        By (target, sources): what `measure` returns.
    failures : dict
        By job: why there is none.
    stopped : str or None
        Why no further jobs were begun, and what to do about it.
    """

    records: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    stopped: str | None = None

    def take(self, outcome: Outcome) -> None:
        """Take in the failures of a stage."""
        self.failures |= outcome.failures
        self.stopped = self.stopped or outcome.stopped


@storing
@with_threads
def sweep(
    config: SweepConfig,
    out: Path,
    engine: Engine,
    *,
    rule: Candidates | None = None,
    titled: Titled,
    say: Say = lambda _: None,
) -> Swept:
    """Measure every first-order transfer, the references, and the sets that a rule proposes.

    Each encoding and each transfer is a job that writes its own files whole: killed at any moment,
    the same call measures only what is not there yet. Sets are proposed by the validation losses
    of single sources, never by test losses.

    Parameters
    ----------
    out : path
        Gets ``config.json``, ``representations/`` and ``measured/TARGET/SOURCES.{json,parquet}``.
    rule : Candidates, optional
        In place of ``config.candidates``.

    Raises
    ------
    TrainingError
        If ``out`` holds a sweep of another configuration, or of other data.
    InvalidDataError
        If the bank lacks a network, its networks differ in their size, or they were trained on
        buildings of the validation or the test and ``config`` does not allow that.
    StorageError
        If ``out`` cannot be written; what is measured stays, and the same call goes on.
    """
    config.transfer.check(named(config))
    overlap = checked_overlap(config)
    settle(config, out, overlap)
    stale = [t for t in config.targets if forget_unconverted(config.transfer, out, t)]
    if stale:
        say(f"self of {', '.join(stale)} is measured again: it was in the units of other data")
    swept = Swept()
    with titled("encode") as watch:
        swept.take(run(encodings(config, out), engine, watch=watch))
    rule = rule or CANDIDATES[config.candidates]
    trained = config.readout == "trained"
    measured = functools.partial(_measured, swept, config, out, engine, titled)
    measured("references, order 1" if trained else "references", singles(config))
    if config.max_order > 1 and config.screen and trained and not swept.stopped:
        rule = Screened(rule, _proposals(config, out, say), config.screen)
    if not trained and not swept.stopped:
        read_by_ridge(config, out, rule, say=say)
    elif config.max_order > 1:
        measured(f"orders 2 to {config.max_order}", several(config, out, rule))
    swept.records = records(out)
    if warning := told_unknown(overlap, config.transfer.bank):
        say(warning)
    return swept


def _measured(
    swept: Swept,
    config: SweepConfig,
    out: Path,
    engine: Engine,
    titled: Titled,
    title: str,
    transfers: Iterable[tuple[str, Sources]],
) -> None:
    """A stage of transfers; none after one that was stopped."""
    if swept.stopped:
        return
    jobs = [_job(config, out, *transfer) for transfer in transfers]
    with titled(title) as watch:
        swept.take(run(jobs, engine, watch=watch))


def _proposals(config: SweepConfig, out: Path, say: Say) -> dict[str, list[tuple[Sources, float]]]:
    """The ridge screen's; it is asked for more than are added, as the rule has some of them."""
    result = screen(config, out, say=say)
    return proposals(result, config.targets, config.max_order, config.screen + RULED)


def sweepable(
    bank: str, targets: tuple[str, ...] = (), sources: tuple[str, ...] = ()
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Targets and sources by their names in the dictionary: those asked for, or all in the bank.

    Raises
    ------
    UnknownNameError
        If there is no such task.
    InvalidDataError
        If a target is one that the dictionary holds as a source alone.
    """
    there = [name for name in TASKS if (Path(bank) / (name + SUFFIX)).is_file()]
    goals = [known_name(name) for name in targets] or [
        name for name in there if not TASKS[name].source_only
    ]
    alone = [name for name in goals if TASKS[name].source_only]
    if alone:
        raise InvalidDataError(f"{alone[0]} is a source alone, and no target; leave it out")
    given = [known_name(name) for name in sources] or there
    return tuple(dict.fromkeys(goals)), tuple(dict.fromkeys(given))


def named(config: SweepConfig) -> list[str]:
    """The networks of the bank that a sweep uses: its sources, and its targets' own."""
    return sorted({*config.sources, *config.targets})


def checked_overlap(config: SweepConfig) -> Overlap:
    """Which of a sweep's buildings its encoders were trained on.

    Raises
    ------
    InvalidDataError
        If some are for validation or test, unless the sweep allows it.
    """
    pool, bank = config.transfer.pool, config.transfer.bank
    index = read_index(Path(pool.data))
    trained = trained_on(bank, named(config))
    found = find_overlap(trained, index, buildings_of(pool, index.buildings))
    if not config.allow_overlap:
        refuse_overlap(found, trained, bank, index)
    return found


def settle(config: SweepConfig, out: Path, overlap: Overlap | None = None) -> None:
    """Write down the configuration of a sweep, or check that it is the one that is there.

    It includes hashes of the bank's networks and of the data set's files. ``overlap`` is written
    beside it, and is no part of what is compared.
    """
    config.transfer.check(named(config))
    out.mkdir(parents=True, exist_ok=True)
    open_pool.cache_clear()  # the files may have changed since an earlier sweep of this process
    pool = config.transfer.pool
    content = contents_of(pool.data, config.targets, pool.size, pool.splits)
    wanted = {
        **dataclasses.asdict(config),
        "bank": fingerprints(config),
        "content": content,
    }
    path, wanted = out / CONFIG, json.loads(json.dumps(wanted))
    found = read_json(path) if path.exists() else {}
    changed = differing(_compared(found), _compared(wanted)) if found else []
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
    whole = found | wanted | ({"overlap": overlap.record()} if overlap else {})
    if whole != found:
        write_text(json.dumps(whole, indent=1, sort_keys=True) + "\n", path)


def _compared(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that the measurements depend on."""
    return {key: value for key, value in config.items() if key not in UNCOMPARED}


def fingerprints(config: SweepConfig) -> dict[str, str]:
    """SHA-256 of the files of the bank's networks.

    Raises
    ------
    InvalidDataError
        If the bank lacks a source, or a target's own network.
    """
    bank = config.transfer.bank
    return {
        name: hashlib.sha256(network_file(bank, name).read_bytes()).hexdigest()
        for name in named(config)
    }


def encodings(config: SweepConfig, out: Path) -> list[Job]:
    """One job a source and kind of input."""
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
    """The job: write one source's representations of a task's input; on a GPU if it has one."""
    network = load(source, config.bank)
    pool = config.pool
    if task in TASKS and kind_of(TASKS[task]) == PLAIN:
        dataset = TaskonomyDataset(
            pool.data, [task], ALL, size=pool.size, constants={}, progress=False
        )
    else:
        dataset = open_pool(pool, task).train.dataset
    store, device = Store(out / REPRESENTATIONS), config.fit.fabric().device
    return str(encode(network.encoder, dataset, task, store, source, device=device))


def singles(config: SweepConfig) -> list[tuple[str, Sources]]:
    """The references of every target and, where read-outs are trained, its single sources."""
    references: list[Sources] = [(name,) for name in REFERENCES]
    single = config.readout == "trained"  # ridge read-outs are measured otherwise
    return [
        (target, sources)
        for target in config.targets
        for sources in [*references, *(first_order(target, config.sources) if single else [])]
    ]


def several(config: SweepConfig, out: Path, rule: Candidates) -> list[tuple[str, Sources]]:
    """The sets of several sources that the rule proposes, target by target."""
    known = records(out)
    found: list[tuple[str, Sources]] = []
    for target in config.targets:
        losses = {
            sources: record["valid_loss"]
            for (name, sources), record in known.items()
            if name == target and record["order"] == 1 and sources in config.sources
        }
        if losses:
            ranked = rank_sources(target, losses)
            found += [(target, sources) for sources in rule(target, ranked, config.max_order)]
    return found


def records(out: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """What has been measured, by (target, sources)."""
    read = (read_json(path) for path in sorted((out / "measured").glob("*/*.json")))
    return {(record["target"], record["sources"]): record for record in read}


def _job(config: SweepConfig, out: Path, target: str, sources: Sources) -> Job:
    return Job(
        f"{join_sources(sources)} -> {target}",
        measure,
        (config.transfer, out, target, sources),
        done=place_of(out, target, sources),
        weight=TASKS[target].inputs * (1 + 0.1 * len(sources)),
    )
