"""The jobs of a measurement: moments of the features, and losses of sets of sources."""

from __future__ import annotations

import functools
import io
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from encoders.engines import Job, with_threads
from encoders.features.logistic import FeatureLogistic
from encoders.features.moments import FeatureMoments, column_runs, feature_moments
from encoders.features.perceptron import FeaturePerceptron
from encoders.features.prepared import load_prepared, store_of
from encoders.features.readout import FeatureReadout, TargetExamples, target_examples
from encoders.features.ridge import FeatureRidge
from encoders.features.settings import FeatureConfig
from encoders.features.store import file_name
from encoders.transfer.candidates import Sources
from taskgraph.arrays import Floats, Floats32, Integers
from taskgraph.tables import write_bytes
from taskgraph.tasks import join_sources

FEATURE_READOUTS: Mapping[str, FeatureReadout] = {
    "ridge": FeatureRidge(),
    "logistic": FeatureLogistic(),
    "mlp": FeaturePerceptron(),
}
"""The read-outs by their names on the command line."""

MOMENTS, MEASURED = "moments", "measured"

NamedSources = tuple[str, Sources]
"""The name of a candidate in the tables, and the sources whose features its read-out gets."""


@dataclass(frozen=True, eq=False)
class MeasuredSets:
    """The losses of some candidates for one target in one repeat.

    Attributes
    ----------
    names : S names
        Each candidate's sources, joined by ``+``, or ``average``, ``scratch`` or ``self``.
    valid : (S,) array
        Mean losses over the validation examples.
    rows : (n,) ints
        The test examples that have a label.
    test : (S, n) array
        Their losses; smaller is better.
    records : S mappings
        ``penalty``, ``seconds`` and what the read-out reports.
    """

    names: tuple[str, ...]
    valid: Floats
    rows: Integers
    test: Floats32
    records: tuple[Mapping[str, Any], ...]

    def save(self, path: Path) -> None:
        """Write to a file, completely or not at all."""
        content = io.BytesIO()
        np.savez(
            content,
            head=json.dumps({"names": self.names, "records": self.records}),
            valid=self.valid,
            rows=self.rows,
            test=self.test,
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(content.getvalue(), path)

    @classmethod
    def load(cls, path: Path) -> MeasuredSets:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as file:
            head = json.loads(str(file["head"]))
            return cls(
                tuple(head["names"]),
                file["valid"],
                file["rows"],
                file["test"],
                tuple(head["records"]),
            )


def moments_path(out: Path, repeat: int, group: int) -> Path:
    """Return the path of the moments of the targets of one group of labels."""
    return out / MOMENTS / f"{repeat}-{group}.npz"


def moments_jobs(config: FeatureConfig, out: Path) -> list[Job]:
    """Return one job for each repeat and group of targets that are labeled in the same rows."""
    prepared = load_prepared(out)
    return [
        Job(
            f"moments {repeat}-{group}",
            write_moments,
            (config, out, repeat, group),
            done=moments_path(out, repeat, group),
        )
        for repeat in range(len(prepared.parts))
        for group in range(len(prepared.label_groups(repeat)))
    ]


@with_threads
def write_moments(config: FeatureConfig, out: Path, repeat: int, group: int) -> str:
    """Compute the moments of a group of targets, and write them; returns the path of the file."""
    prepared = load_prepared(out)
    targets, train = prepared.label_groups(repeat)[group], prepared.parts[repeat].train
    rows = train[targets[0].labeled[train]]
    labels = np.concatenate([target.values[rows] for target in targets], axis=1)
    path = moments_path(out, repeat, group)
    feature_moments(store_of(out), prepared.sources, rows, labels).save(path)
    return str(path)


def set_jobs(
    config: FeatureConfig, out: Path, target: str, candidates: Sequence[NamedSources], name: str
) -> list[Job]:
    """Return the jobs that measure candidates for a target: one a repeat, or one a candidate too.

    In closed form, all candidates of a repeat are one job. With an iterative read-out each
    candidate is a job of its own, so that an interrupted run loses little.

    Parameters
    ----------
    name : str
        Name of the file of a repeat's candidates, if they are one job.
    """
    in_closed_form = config.readout == "ridge" or (
        config.readout == "logistic" and load_prepared(out).target(target).kind == "regression"
    )
    pieces = {name: list(candidates)} if in_closed_form else {c[0]: [c] for c in candidates}
    folder = out / MEASURED / file_name(target)
    return [
        Job(
            f"{piece} -> {target}, repeat {repeat}",
            measure_sets,
            (config, out, target, tuple(chosen), repeat, path),
            done=path,
            weight=float(sum(len(sources) for _, sources in chosen) + 1),
        )
        for repeat in range(config.repeats)
        for piece, chosen in pieces.items()
        for path in [folder / str(repeat) / f"{file_name(piece)}.npz"]
        if chosen
    ]


@with_threads
def measure_sets(
    config: FeatureConfig,
    out: Path,
    target: str,
    candidates: tuple[NamedSources, ...],
    repeat: int,
    path: Path,
) -> str:
    """Measure some candidates for a target in one repeat; returns the path of the file."""
    examples = examples_of(out, target, repeat)
    readout, seed = FEATURE_READOUTS[config.readout], config.seed + repeat
    fitted, records = [], []
    for _, sources in candidates:
        begin = time.perf_counter()
        found = readout.fit(examples, sources, seed)
        fitted.append(found)
        seconds = round(time.perf_counter() - begin, 4)
        records.append({"penalty": found.penalty, "seconds": seconds, **found.details})
    measured = MeasuredSets(
        tuple(name for name, _ in candidates),
        np.array([float(each.valid.mean()) for each in fitted]),
        examples.rows["test"],
        np.stack([each.test for each in fitted]).astype(np.float32),
        tuple(records),
    )
    measured.save(path)
    return str(path)


def examples_of(out: Path, target: str, repeat: int) -> TargetExamples:
    """Return the examples of a target in one repeat, with the moments of their features."""
    prepared = load_prepared(out)
    groups = prepared.label_groups(repeat)
    group = next(i for i, each in enumerate(groups) if target in [t.name for t in each])
    path = moments_path(out, repeat, group)
    moments = _moments(path, path.stat().st_mtime_ns)
    column = prepared.target(target)
    outputs = column_runs({each.name: each.values.shape[1] for each in groups[group]})[target]
    examples = target_examples(column, prepared.parts[repeat], store_of(out), moments)
    # Classes without a training example were left out.
    kept = np.isin(column.classes, examples.target.classes) if column.classes else np.array([True])
    columns = np.arange(outputs.start, outputs.stop)[kept]
    return replace(examples, moments=moments.of_outputs(columns))


@functools.lru_cache(maxsize=1)
def _moments(path: Path, _changed: int) -> FeatureMoments:
    return FeatureMoments.load(path)


def candidate(sources: Sources) -> NamedSources:
    """Return a set of sources as a candidate."""
    return join_sources(sources), sources
