"""Measure transfers from frozen features to labels: read, check, fit, and write the tables."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from encoders.engines import Engine, Job, LocalEngine, run_jobs
from encoders.errors import InvalidDataError, TrainingError, UnknownNameError
from encoders.errors.storage import read_json, storing
from encoders.features.checks import check_labels, check_moments
from encoders.features.inline import InlineEngine
from encoders.features.jobs import MOMENTS, NamedSources, candidate, moments_jobs, set_jobs
from encoders.features.label_table import TargetTable, read_label_table
from encoders.features.matching import match_examples
from encoders.features.moments import check_width
from encoders.features.parts import draw_parts
from encoders.features.prepared import PREPARED, PreparedExamples, load_prepared, store_of
from encoders.features.readers import FeatureReader, open_features
from encoders.features.settings import FeatureConfig
from encoders.features.store import FEATURES, write_features
from encoders.features.tables import valid_losses
from encoders.transfer.candidates import CANDIDATES, first_order_sources, rank_sources
from taskgraph.progress import ProgressFactory, no_progress_bar
from taskgraph.tables import write_text
from taskgraph.tasks import AVERAGE, SCRATCH, SELF, some_names

CONFIG = "config.json"

SMALL = 1_000_000
"""Number of features, over all examples, below which ridge and logistic read-outs take seconds."""

UNCOMPARED = ("threads",)
"""Settings that may differ when a measurement is resumed."""

logger = logging.getLogger(__name__)


@dataclass
class FeatureOutcome:
    """The transfers that a measurement did not finish.

    Attributes
    ----------
    failures : dict
        The reason why a job failed, by the name of the job.
    stopped : str or None
        Why the measurement stopped before all jobs were begun; None if it did not.
    """

    failures: dict[str, str] = field(default_factory=dict)
    stopped: str | None = None


@storing
def measure_features(
    features: str | Path | Mapping[str, Any],
    labels: str | Path | pd.DataFrame,
    out: Path,
    config: FeatureConfig | None = None,
    engine: Engine | None = None,
    *,
    progress: ProgressFactory = no_progress_bar,
) -> FeatureOutcome:
    """Measure the transfers from frozen features of n examples to labels.

    For each target the references, all single sources and the sets that a rule proposes are
    measured: a read-out is fit on training examples, its penalty is chosen on validation examples,
    and its losses on test examples are kept. Sets are chosen by validation losses. Each job writes
    its own file atomically; if the measurement is killed, the same call measures what is missing.
    Messages to the user are logged, at level INFO. `write_feature_tables` then writes the tables.

    Parameters
    ----------
    features : path, or mapping of sources to (n, d) arrays
        As `encoders.features.readers.open_features` reads them. A source with the name of a target
        is the target's own encoder: it is measured as ``self`` and is no source of that target. The
        source ``config.scratch`` is the raw input.
    labels : path or DataFrame
        As `encoders.features.label_table.read_label_table` reads them. Rows are matched to the
        features by the names of the examples, or else by their order.
    out : path
        Folder that gets all files.
    config : FeatureConfig, optional
    engine : Engine, optional
        Where jobs run; by default this process for small data, and two processes of this machine
        for more than `SMALL` features over all examples and for perceptrons.

    Raises
    ------
    InvalidDataError, InvalidTableError
        If features or labels are not as they should be; the message names the place.
    UnknownNameError
        If a name of the configuration does not exist.
    TrainingError
        If ``out`` holds a measurement of other data or with another configuration.
    """
    config, out = config or FeatureConfig(), Path(out)
    reader = open_features(features)
    table = read_label_table(
        labels, targets=config.targets, kinds=config.kinds, columns=config.columns
    )
    sources = _chosen_sources(reader, config)
    out.mkdir(parents=True, exist_ok=True)
    stages = _FeatureStages(config, out, engine or _default_engine(config, reader), progress)
    with _removed_on_bad_input(out):
        _write_or_check_config(config, out, features, labels)
        for target in table.targets:
            logger.info("%s: %s", target.name, target.summary)
        _prepare(reader, table, sources, out, config)
        stages.run("moments", moments_jobs(config, out))
        if not stages.finished:
            return stages.outcome
        prepared = load_prepared(out)
        check_moments(prepared, out)
    _log_own_encoders(table, sources)
    jobs = [(t.name, _first_candidates(t.name, prepared, config)) for t in prepared.targets]
    stages.run(
        "order 1", [job for name, found in jobs for job in set_jobs(config, out, name, found, "1")]
    )
    if config.max_order > 1 and stages.finished:
        stages.run(f"orders 2 to {config.max_order}", _larger_sets(prepared, config, out))
    return stages.outcome


@contextlib.contextmanager
def _removed_on_bad_input(out: Path) -> Iterator[None]:
    """Remove what was prepared in an empty folder if the input is refused.

    The corrected command can then write to the same folder.
    """
    was_empty = not any(out.iterdir())
    try:
        yield
    except InvalidDataError:
        if was_empty:
            for name in (FEATURES, MOMENTS):
                shutil.rmtree(out / name, ignore_errors=True)
            for name in (CONFIG, PREPARED):
                (out / name).unlink(missing_ok=True)
        raise


def _log_own_encoders(table: TargetTable, sources: Sequence[str]) -> None:
    """Log which sources have the name of a target."""
    for target in table.targets:
        if target.name in sources:
            logger.info(
                'source "%s" is the own encoder of the target of that name: measured as self there',
                target.name,
            )


def _default_engine(config: FeatureConfig, reader: FeatureReader) -> Engine:
    """Return this process for jobs that take less time than the start of a process."""
    if config.readout != "mlp" and reader.count * sum(reader.widths.values()) < SMALL:
        return InlineEngine(config.threads)
    return LocalEngine(threads=config.threads)


def _chosen_sources(reader: FeatureReader, config: FeatureConfig) -> list[str]:
    """Return the sources to measure, and the raw input last, if there is one."""
    known = list(reader.widths)
    for name in config.sources:
        if name not in known:
            raise UnknownNameError(
                f'--sources: {reader.shown} has no source "{name}"; it has {some_names(known)}'
            )
    if config.scratch != SCRATCH and config.scratch not in known:
        raise UnknownNameError(
            f'--scratch: {reader.shown} has no source "{config.scratch}"; it has '
            f"{some_names(known)}"
        )
    for name in known:
        if "+" in name or '"' in name:
            raise InvalidDataError(
                f"{reader.shown}: a source is called {name}, and + and quotes are kept for sets of "
                "sources; rename it"
            )
    chosen = [
        n for n in known if n != config.scratch and (not config.sources or n in config.sources)
    ]
    if not chosen:
        raise InvalidDataError(f"{reader.shown} has no source besides the raw input; add one")
    return [*chosen, config.scratch] if config.scratch in known else chosen


def _prepare(
    reader: FeatureReader,
    table: TargetTable,
    sources: list[str],
    out: Path,
    config: FeatureConfig,
) -> None:
    """Write the labels, the parts, and the features in the order of the labels."""
    check_width({source: reader.widths[source] for source in sources})
    matched = match_examples(table, reader)
    prepared = PreparedExamples(
        table.targets,
        tuple(draw_parts(table, config)),
        np.array(matched.names),
        table.group,
        tuple(sources),
    )
    check_labels(prepared)
    prepared.save(out)
    names = None if reader.examples is None else np.array(reader.examples)
    for source in sources:
        write_features(reader, source, store_of(out), matched.places, names)
    parts = prepared.parts[0]
    logger.info(
        "%d examples: %d to train on, %d for validation, %d for test",
        len(table),
        len(parts.train),
        len(parts.valid),
        len(parts.test),
    )


def _first_candidates(
    target: str, prepared: PreparedExamples, config: FeatureConfig
) -> list[NamedSources]:
    """Return the references that can be measured, and all single sources."""
    candidates: list[NamedSources] = [(AVERAGE, ())]
    if config.scratch in prepared.sources:
        candidates.append((SCRATCH, (config.scratch,)))
    if target in prepared.sources:
        candidates.append((SELF, (target,)))
    singles = [name for name in prepared.sources if name not in (config.scratch, target)]
    if not singles:
        raise InvalidDataError(
            f"{target} has no source besides itself and the raw input; add one, or leave the "
            "target out with --targets"
        )
    return candidates + [candidate(sources) for sources in first_order_sources(target, singles)]


def _larger_sets(prepared: PreparedExamples, config: FeatureConfig, out: Path) -> list[Job]:
    """Return the jobs of the sets of sources that the rule proposes."""
    rule, jobs = CANDIDATES[config.candidates], []
    for target in prepared.targets:
        losses = valid_losses(out, target.name, config.repeats)
        sets = rule(target.name, rank_sources(target.name, losses), config.max_order)
        found = [candidate(sources) for sources in sets]
        jobs += set_jobs(config, out, target.name, found, f"2-{config.max_order}")
    return jobs


@dataclass
class _FeatureStages:
    """The stages of a measurement that is running."""

    config: FeatureConfig
    out: Path
    engine: Engine
    progress: ProgressFactory
    outcome: FeatureOutcome = field(default_factory=FeatureOutcome)

    @property
    def finished(self) -> bool:
        """Return whether all jobs so far have finished."""
        return not (self.outcome.failures or self.outcome.stopped)

    def run(self, title: str, jobs: Iterable[Job]) -> None:
        """Run the jobs of one stage."""
        with self.progress(title) as progress:
            done = run_jobs(jobs, self.engine, progress=progress)
        self.outcome.failures |= done.failures
        self.outcome.stopped = self.outcome.stopped or done.stopped


def _write_or_check_config(
    config: FeatureConfig,
    out: Path,
    features: str | Path | Mapping[str, Any],
    labels: str | Path | pd.DataFrame,
) -> None:
    """Write the configuration of a new measurement, or check it against the one in ``out``."""
    record = {**config.record(), "features": _content(features), "labels": _content(labels)}
    wanted, path = json.loads(json.dumps(record)), out / CONFIG
    if path.exists():
        written = read_json(path)
        changed = [
            key
            for key in sorted({*wanted, *written})
            if key not in UNCOMPARED and written.get(key) != wanted.get(key)
        ]
        if changed:
            raise TrainingError(
                f"{path} is of a measurement with other {', '.join(changed)}; write to another "
                "folder, or delete this one"
            )
    write_text(json.dumps(wanted, indent=1, sort_keys=True) + "\n", path)


def _content(data: str | Path | Mapping[str, Any] | pd.DataFrame) -> str:
    """Return the SHA-256 of a file, of arrays, or of a table in memory."""
    if isinstance(data, (str, Path)):
        try:
            with open(data, "rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise InvalidDataError(f"{data} cannot be read: {error.strerror}") from None
    found = hashlib.sha256()
    if isinstance(data, pd.DataFrame):
        found.update(data.to_csv(index=False).encode())
        return found.hexdigest()
    for name, array in data.items():
        values = np.ascontiguousarray(array)
        found.update(f"{name} {values.dtype} {values.shape}".encode())
        found.update(values.tobytes())
    return found.hexdigest()
