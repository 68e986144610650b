"""A sweep: measure the transfers from all single sources, and from sets of the best sources."""

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
    trained_on,
    unknown_warning,
)
from encoders.dataset.splits import ALL
from encoders.engines import Engine, Job, Outcome, run, with_threads
from encoders.engines.progress import Watch
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
from encoders.transfer.closed import Say, proposals, read_by_ridge, screen
from encoders.transfer.data import buildings_of, open_transfer_data
from encoders.transfer.measure import (
    REFERENCES,
    TransferConfig,
    forget_unconverted,
    measure,
    place_of,
)
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
from taskgraph.tables import write_text
from taskgraph.tasks import join_sources

CONFIG = "config.json"
UNCOMPARED = ("allow_overlap", "overlap")
"""Keys of `CONFIG` on which no measurement depends; resuming does not compare them."""

PLAIN_TASK = "autoencoder"
"""A task whose input is the unchanged picture."""

RULED = 10
"""Most sets of one order that a rule proposes without the ridge screen."""

Titled = Callable[[str], AbstractContextManager[Watch]]
"""From the title of a stage to a context manager that yields the ``watch`` of its jobs."""


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
        Why no further jobs were started, and how to continue; None if all were.
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
    titled: Titled,
    say: Say = lambda _: None,
) -> SweepOutcome:
    """Measure the references, all single sources, and the sets of sources that a rule proposes.

    Each encoding and each transfer is a job that writes its own files atomically. If the sweep is
    killed, the same call measures only what is missing. Sets are chosen by the validation losses
    of single sources, never by test losses.

    Parameters
    ----------
    out : path
        Gets ``config.json``, ``representations/`` and ``measured/TARGET/SOURCES.{json,parquet}``.
    rule : Candidates, optional
        Proposes the sets, instead of the rule named by ``config.candidates``.
    titled : function
        From the title of a stage to a context manager that yields the ``watch`` of its jobs.
    say : function
        Called with one line of text for each message to the user.

    Raises
    ------
    TrainingError
        If ``out`` holds a sweep of another configuration, or of other data.
    InvalidDataError
        If the bank lacks a network, its networks differ in their size, or they were trained on
        buildings of the validation or the test and ``config`` does not allow that.
    StorageError
        If ``out`` cannot be written; results are kept, and the same call continues.
    """
    config.transfer.check(named(config))
    overlap = checked_overlap(config)
    write_or_check_config(config, out, overlap)
    stale = [t for t in config.targets if forget_unconverted(config.transfer, out, t)]
    if stale:
        say(f"self of {', '.join(stale)} is measured again: it was in the units of other data")
    outcome = SweepOutcome()
    with titled("encode") as watch:
        outcome.add(run(encodings(config, out), engine, watch=watch))
    rule = rule or CANDIDATES[config.candidates]
    trained = config.readout == "trained"
    measured = functools.partial(_measured, outcome, config, out, engine, titled)
    measured("references, order 1" if trained else "references", single_source_transfers(config))
    if config.max_order > 1 and config.screen and trained and not outcome.stopped:
        rule = Screened(rule, _proposals(config, out, say), config.screen)
    if not trained and not outcome.stopped:
        read_by_ridge(config, out, rule, say=say)
    elif config.max_order > 1:
        measured(f"orders 2 to {config.max_order}", set_transfers(config, out, rule))
    outcome.records = records(out)
    if warning := unknown_warning(overlap, config.transfer.bank):
        say(warning)
    return outcome


def _measured(
    outcome: SweepOutcome,
    config: SweepConfig,
    out: Path,
    engine: Engine,
    titled: Titled,
    title: str,
    transfers: Iterable[tuple[str, Sources]],
) -> None:
    """Measure the transfers of one stage, unless an earlier stage was stopped."""
    if outcome.stopped:
        return
    jobs = [_job(config, out, *transfer) for transfer in transfers]
    with titled(title) as watch:
        outcome.add(run(jobs, engine, watch=watch))


def _proposals(config: SweepConfig, out: Path, say: Say) -> dict[str, list[tuple[Sources, float]]]:
    """Return the best sets by ridge regression: more than are added, as the rule has some too."""
    result = screen(config, out, say=say)
    return proposals(result, config.targets, config.max_order, config.screen + RULED)


def resolve_tasks(
    bank: str, targets: tuple[str, ...] = (), sources: tuple[str, ...] = ()
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of targets and sources: those given, or by default all of the bank.

    Raises
    ------
    UnknownNameError
        If no task has a given name.
    InvalidDataError
        If a given target can only be a source.
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
    """Return the bank's networks that a sweep uses: its sources, and its targets for ``self``."""
    return sorted({*config.sources, *config.targets})


def checked_overlap(config: SweepConfig) -> Overlap:
    """Return which buildings of a sweep its encoders were trained on.

    Raises
    ------
    InvalidDataError
        If some of these are for validation or test, unless the sweep allows it.
    """
    pool, bank = config.transfer.pool, config.transfer.bank
    index = read_index(Path(pool.data))
    trained = trained_on(bank, named(config))
    found = find_overlap(trained, index, buildings_of(pool, index.buildings))
    if not config.allow_overlap:
        refuse_overlap(found, trained, bank, index)
    return found


def write_or_check_config(config: SweepConfig, out: Path, overlap: Overlap | None = None) -> None:
    """Write the configuration of a new sweep, or check it against that of the sweep in ``out``.

    The configuration includes hashes of the bank's networks and of the data set's files.
    ``overlap`` is written too, but not compared.

    Raises
    ------
    TrainingError
        If ``out`` holds a sweep of another configuration, or of other data.
    """
    config.transfer.check(named(config))
    out.mkdir(parents=True, exist_ok=True)
    # The files may have changed since an earlier sweep of this process.
    open_transfer_data.cache_clear()
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
    """Return the settings on which measurements depend."""
    return {key: value for key, value in config.items() if key not in UNCOMPARED}


def fingerprints(config: SweepConfig) -> dict[str, str]:
    """Return the SHA-256 of each file of the bank that the sweep uses, by the network's name.

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
    """Write one source's representations of a task's input; returns the path of the file."""
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


def single_source_transfers(config: SweepConfig) -> list[tuple[str, Sources]]:
    """Return (target, sources) of the references and, for trained read-outs, the single sources."""
    references: list[Sources] = [(name,) for name in REFERENCES]
    single = config.readout == "trained"  # ridge read-outs are measured otherwise
    return [
        (target, sources)
        for target in config.targets
        for sources in [*references, *(first_order(target, config.sources) if single else [])]
    ]


def set_transfers(config: SweepConfig, out: Path, rule: Candidates) -> list[tuple[str, Sources]]:
    """Return (target, sources) of the sets of sources that the rule proposes, target by target."""
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
    """Return the records of all measured transfers, by (target, sources)."""
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
