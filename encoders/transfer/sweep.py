"""Measure the transfers from all single sources, and from sets of the best sources."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from encoders.dataset.index import Index
from encoders.dataset.listing import INDEX, index_of_run, keep_index
from encoders.dataset.overlap import Overlap, unknown_warning
from encoders.engines import Engine, Job, Outcome, run_jobs, with_threads
from encoders.errors.storage import storing
from encoders.transfer.alone import alone_in
from encoders.transfer.candidates import (
    CANDIDATES,
    CandidateRule,
    Sources,
)
from encoders.transfer.closed import measure_by_ridge, proposals, screen
from encoders.transfer.config_file import checked_overlap, used_networks, write_or_check_config
from encoders.transfer.jobs import (
    encodings,
    first_transfers,
    measurement,
    rung_training,
    set_transfers,
    transfer_key,
)
from encoders.transfer.measure import forget_unconverted
from encoders.transfer.pruning import Pruned
from encoders.transfer.readouts import READOUTS
from encoders.transfer.records import REFERENCES, place_of, records, repeated_records
from encoders.transfer.repeats import SeedPlan, forget_pruned, seed_counts
from encoders.transfer.rungs import SETS, SINGLES, decide, decision_file
from encoders.transfer.scratch_trials import chosen_scratch, run_trials
from encoders.transfer.screened import Screened
from encoders.transfer.settings import SweepConfig
from encoders.transfer.used_views import used_views
from taskgraph.progress import ProgressFactory, no_progress_bar
from taskgraph.tasks import join_sources

Candidate = tuple[str, Sources]
"""A target and the sources of one transfer to it."""

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
    repeated : int
        Number of measurements with further seeds that the sweep's folder holds.
    """

    records: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    stopped: str | None = None
    repeated: int = 0

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
    rule: CandidateRule | None = None,
    seeds: SeedPlan | None = None,
    progress: ProgressFactory = no_progress_bar,
) -> SweepOutcome:
    """Measure the references, all single sources, and the sets of sources that a rule proposes.

    Each encoding and each transfer is a job that writes its own files atomically. If the sweep is
    killed, the same call measures only what is missing. Sets are chosen by the validation losses
    of single sources, never by test losses. With ``config.pruning``, the trained read-outs of all
    targets reach a rung before it is decided, target by target, which of them stop there; the
    decisions are written to ``pruning/``. With ``config.scratch_grid``, one configuration of
    ``scratch`` for all targets is chosen first, by validation losses of trials in
    ``scratch_trials/``; ``config.json`` lists them. Messages to the user are logged, at level INFO.

    Parameters
    ----------
    out : path
        Gets ``config.json``, ``representations/``, ``measured/TARGET/SOURCES.{json,parquet}`` and
        ``validation/TARGET/SOURCES.parquet``; the last two also in ``seeds/SEED/``.
    rule : Candidates, optional
        Proposes the sets, instead of the rule named by ``config.candidates``.
    seeds : SeedPlan, optional
        Which transfers are measured with further seeds, after all others. A finished sweep is
        extended by them; it measures nothing again, except pruned read-outs that the plan names.
    progress : ProgressFactory
        Called with the title of each stage; receives the ended and all jobs of the stage.

    Raises
    ------
    TrainingError
        If ``out`` holds a sweep of another configuration, or of other data, or another process is
        writing into it.
    InvalidDataError
        If the bank lacks a network, its networks differ in their size, or they were trained on
        validation or test buildings and ``config`` does not allow that.
    StorageError
        If ``out`` cannot be written; results are kept, and the same call continues.
    """
    config.transfer.check(used_networks(config))
    pool, index = config.transfer.pool, None
    if pool.listing is None:
        index = index_of_run(pool.data, [pool.task(name) for name in config.targets])
    overlap = checked_overlap(config, index)
    rule = rule or CANDIDATES[config.candidates]
    stages = _Stages(config, out, engine, progress, rule, seeds or SeedPlan())
    with alone_in(out):  # after all that refuses a sweep, which then leaves no folder
        return _measured(stages, index, overlap)


def _measured(stages: _Stages, index: Index | None, overlap: Overlap) -> SweepOutcome:
    """Measure what the folder lacks; see `sweep`."""
    out = stages.out
    config = stages.config if index is None else _listed(stages.config, out, index)
    choice = None
    if config.scratch_grid is not None:
        tried = run_trials(config, out, stages.engine, progress=stages.progress)
        if tried.failures or tried.stopped:
            return SweepOutcome(failures=tried.failures, stopped=tried.stopped)
        choice = chosen_scratch(config, out)
        config = replace(config, transfer=replace(config.transfer, scratch=choice.scratch))
        logger.info(
            "scratch: %d epochs, learning rate %g, chosen by validation losses",
            choice.scratch.epochs,
            choice.scratch.learning_rate,
        )
    # What had several seeds keeps as many, also where a larger cap sets their records aside.
    stages.seeds = stages.seeds.at_least(seed_counts(out, config.transfer.fit.seed))
    trials = None if choice is None else choice.record()
    write_or_check_config(config, out, overlap, trials=trials, may_raise=True)
    removed = [name for name in config.targets if forget_unconverted(config.transfer, out, name)]
    if removed:
        logger.info(
            "self of %s is measured again: it was in the units of other data", ", ".join(removed)
        )
    forget_pruned(stages.seeds, out, records(out))
    stages.config = config
    stages.run("encode", encodings(config, out))
    READOUTS[config.readout].measure(stages, stages.rule)
    stages.outcome.records = records(out)
    stages.repeat()
    if warning := unknown_warning(overlap, config.transfer.bank):
        logger.info(warning)
    return stages.outcome


def _listed(config: SweepConfig, out: Path, index: Index) -> SweepConfig:
    """Return the configuration with the list of the files that the jobs read."""
    pool = config.transfer.pool
    used = used_views(pool, config.targets, index)
    pool = replace(pool, listing=keep_index(used, out / INDEX))
    return replace(config, transfer=replace(config.transfer, pool=pool))


@dataclass
class _Stages:
    """The stages of a sweep that is running (`encoders.transfer.readouts.SweepStages`)."""

    config: SweepConfig
    out: Path
    engine: Engine
    progress: ProgressFactory
    rule: CandidateRule
    seeds: SeedPlan
    outcome: SweepOutcome = field(default_factory=SweepOutcome)

    def run(self, title: str, jobs: Iterable[Job]) -> None:
        """Run the jobs of one stage, unless an earlier stage was stopped."""
        if self.outcome.stopped:
            return
        with self.progress(title) as progress:
            self.outcome.add(run_jobs(jobs, self.engine, progress=progress))

    def train_references(self, *, single_sources: bool) -> None:
        """Measure the references, and with ``single_sources`` also the transfers of order 1."""
        title = "references, order 1" if single_sources else "references"
        transfers = first_transfers(self.config, single_sources=single_sources)
        self._measure(title, transfers, SINGLES)

    def train_sets(self, rule: CandidateRule) -> None:
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
        transfers = set_transfers(config, self.out, rule)
        self._measure(f"orders 2 to {config.max_order}", transfers, SETS)

    def solve_by_ridge(self, rule: CandidateRule) -> None:
        """Measure ridge read-outs from all single sources and the sets that the rule proposes."""
        if not self.outcome.stopped:
            measure_by_ridge(self.config, self.out, rule)

    def repeat(self) -> None:
        """Measure the transfers with further seeds that the plan asks for."""
        for target, sources in self.seeds.unknown(self.outcome.records):
            logger.info(
                "%s -> %s is not measured by this sweep, so it has no further seeds",
                sources,
                target,
            )
        further = self.seeds.further(self.outcome.records, self.config.transfer.fit.seed)
        self.run(
            "further seeds",
            [
                measurement(self.config, self.out, target, sources, seed=seed)
                for target, sources, seed in further
            ],
        )
        self.outcome.repeated = len(repeated_records(self.out))

    def _measure(self, title: str, transfers: list[Candidate], group: str) -> None:
        """Measure transfers; a group of candidates is pruned first if the sweep prunes."""
        pruned = self._prune(title, transfers, group) if self.config.pruning else {}
        jobs = [
            measurement(self.config, self.out, *one, pruned=pruned.get(one))
            for one in transfers
            if transfer_key(*one) not in self.outcome.failures
        ]
        self.run(title, jobs)

    def _prune(self, title: str, transfers: list[Candidate], group: str) -> dict[Candidate, Pruned]:
        """Train a group of candidates from rung to rung; returns where some were pruned.

        Those that have a record are measured, and those of several seeds are never pruned.
        """
        assert self.config.pruning is not None
        fit, pruned = self.config.transfer.fit, dict[Candidate, Pruned]()
        waiting = [one for one in transfers if one[1][0] not in REFERENCES]
        for epochs in self.config.pruning.rung_epochs(fit.epochs):
            waiting = [one for one in waiting if one not in pruned]
            undecided = [
                one
                for one in waiting
                if not decision_file(self.out, one[0], group, epochs).exists()
                and not place_of(self.out, *one).exists()
            ]
            jobs = [rung_training(self.config, self.out, *one, epochs) for one in undecided]
            self.run(f"{title}, to epoch {epochs}", jobs)
            if self.outcome.stopped:
                return pruned
            for target in self.config.targets:
                own = [sources for name, sources in waiting if name == target]
                decided = decide(self.config, self.out, target, group, epochs, own, self.rule)
                pruned |= {
                    (target, sources): where
                    for sources, where in decided.items()
                    if not self.seeds.exempts(target, join_sources(sources))
                }
        return pruned
