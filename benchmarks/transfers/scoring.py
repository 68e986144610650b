"""Training-free scores of every source for every target, from the representations of a sweep."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from encoders.tasks import Task
from encoders.transfer.data import (
    TransferData,
    TransferDataConfig,
    Views,
    evenly,
    open_transfer_data,
)
from encoders.transfer.families import Family, batches, families, features, represented
from encoders.transfer.ridge import Statistics
from encoders.transfer.ridge.regressands import raw
from encoders.transfer.scores import diagram, discretize, logme, shrunk_h_score
from encoders.transfer.store import Store
from taskgraph.arrays import Floats, Floats32, Integers
from taskgraph.errors import ConvergenceError

PLACES = 4
"""Places of each picture at which maps are scored."""

ALIKE = 400
"""Pictures of a duality diagram, whose matrix has the square of that many entries."""

FEWEST_ALIKE = 4

LEAST = 50
"""Fewest examples for H-score and LogME."""


@dataclass
class Scores:
    """Scores of all transfers, and the seconds of their computation.

    Attributes
    ----------
    rows : list of dict
        ``target, sources, h_score, logme, dds``; larger is better; NaN where there is none: too
        few examples, no encoder of the target's own, or a LogME that does not converge.
    seconds : dict
        ``features`` (made once for H-score and LogME), ``h_score``, ``logme``, ``dds``: over all
        sources and targets.
    examples : dict
        By target: rows of features that H-score and LogME were computed from.
    """

    rows: list[dict[str, object]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    examples: dict[str, int] = field(default_factory=dict)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a transfer."""
        return pd.DataFrame(self.rows, columns=["target", "sources", "h_score", "logme", "dds"])

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Add the duration of the block to ``seconds[name]``."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begin


@dataclass(frozen=True, eq=False)
class TargetRows:
    """A target's regressands and classes at the chosen rows of the features.

    Attributes
    ----------
    rows : (n,) integer array
        Rows of the features of all chosen places (or of all images).
    numbers : (n, q) array
        Regressands of a linear read-out, with mean 0, without constant ones.
    labels : (n,) integer array
        Classes for the H-score.
    """

    rows: Integers
    numbers: Floats
    labels: Integers


def scored(
    config: TransferDataConfig,
    store: Store,
    *,
    sources: Sequence[str],
    targets: Sequence[str],
    places: int = PLACES,
    alike: int = ALIKE,
    seed: int = 0,
) -> Scores:
    """Compute the scores of every single source for every other target, on the training images.

    H-score (shrunk) and LogME are computed from the features that the ridge screen has for the
    target's family: 3 x 3 neighborhoods of ``places`` places a picture for maps, averages
    over 3 x 3 places for answers to single pictures, and differences of averages for several
    pictures. Their outputs are the screen's too: patches of maps, and numbers and classes of
    images; places of which less than half counts are left out. DDS compares the whole
    representation with that of the target's own encoder on ``alike`` pictures.

    Raises
    ------
    InvalidDataError
        If the data or the representations are not there.
    """
    scores = Scores()
    for family in families(targets):
        pools = {name: open_transfer_data(config, name) for name in family.targets}
        for names in _alike_pools(pools):
            _score_family(
                scores, family, {n: pools[n] for n in names}, store, sources, places, alike, seed
            )
    return scores


def _alike_pools(pools: dict[str, TransferData]) -> list[list[str]]:
    """Return groups of targets with the same training images, and so the same rows of features."""
    found: dict[tuple[str, ...], list[str]] = {}
    for name, pool in pools.items():
        found.setdefault(tuple(pool.train.images()), []).append(name)
    return list(found.values())


def _score_family(
    scores: Scores,
    family: Family,
    pools: dict[str, TransferData],
    store: Store,
    sources: Sequence[str],
    places: int,
    alike: int,
    seed: int,
) -> None:
    views = next(iter(pools.values())).train
    side = store.shape(sources[0])[1]
    chosen = chosen_places(len(views), side**2 if family.form == "local" else 1, places, seed)
    answers = {
        name: answers_of(pool.task, pool.train, side, chosen, seed) for name, pool in pools.items()
    }
    scores.examples |= {name: len(each.rows) for name, each in answers.items()}
    pictures = views.pictures(evenly(np.arange(len(views)), alike))[:, 0]

    diagrams: dict[str, Floats] = {}
    if len(pictures) >= FEWEST_ALIKE:
        with scores.timed("dds"):
            diagrams = {name: _diagram(store, name, family.kind, pictures) for name in sources}
    for source in sources:
        with scores.timed("features"):
            x = _features(family, store, views, source, chosen)
        for target, each in answers.items():
            if source == target:
                continue
            row: dict[str, object] = {"target": target, "sources": source}
            if len(each.rows) >= LEAST:
                with scores.timed("h_score"):
                    row["h_score"] = shrunk_h_score(x[each.rows], each.labels)
                with scores.timed("logme"), suppress(ConvergenceError):
                    row["logme"] = logme(x[each.rows], each.numbers, centered=True)
            if target in diagrams:  # the cosine of unit vectors, as `scores.dds` has it
                row["dds"] = float(np.clip(diagrams[source] @ diagrams[target], -1.0, 1.0))
            scores.rows.append(row)


def _diagram(store: Store, source: str, kind: str, pictures: Integers) -> Floats:
    found = store.of(source, kind, pictures)
    return diagram(found.reshape(len(found), -1))


def chosen_places(images: int, places: int, count: int, seed: int) -> Integers:
    """Return ``count`` rows of each image among (images x places), sorted."""
    rng = np.random.default_rng(seed)
    count = min(count, places)
    each = np.array([rng.choice(places, count, replace=False) for _ in range(images)])
    rows = np.sort(each, axis=1) + places * np.arange(images)[:, None]
    return rows.reshape(-1).astype(np.int64)


def _features(
    family: Family, store: Store, views: Views, source: str, chosen: Integers
) -> Floats32:
    """Return the (rows chosen, p) features of one source."""
    statistics = Statistics.observe(
        represented(family, store, views, part, [source]) for part in batches(views)
    )
    parts, before = [], 0
    for indices in batches(views):
        x = features(family, store, views, indices, [source], statistics)
        wanted = chosen[(chosen >= before) & (chosen < before + len(x))] - before
        parts.append(x[wanted])
        before += len(x)
    return np.concatenate(parts)


def answers_of(task: Task, views: Views, side: int, chosen: Integers, seed: int) -> TargetRows:
    """Return a target's regressands and classes at chosen rows that are at least half valid."""
    values, counts, before, patch = [], [], 0, 1
    for indices in batches(views):
        _, target, mask = views.batch(indices)
        each, there = raw(task, target, mask, side)
        there = np.broadcast_to(there, each.shape)
        wanted = chosen[(chosen >= before) & (chosen < before + len(each))] - before
        values.append(each[wanted].astype(np.float64))
        counts.append(there[wanted])
        before += len(each)
        patch = (target.shape[-1] // side) ** 2 if _pixels(task) else 1
    found, there = np.concatenate(values), np.concatenate(counts)
    rows = np.flatnonzero(there.mean(axis=1) >= 0.5)
    if not len(rows):
        return TargetRows(rows, found[rows], rows)
    found, there = found[rows], there[rows]
    mean = np.where(there, found, 0.0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
    centered = np.where(there, found - mean, 0.0)
    varies = np.ptp(centered, axis=0) > 1e-9 * np.abs(found).max(axis=0)
    labels = _labels(task, centered, centered + mean, patch, seed)
    return TargetRows(rows, centered[:, varies], labels)


def _labels(task: Task, centered: Floats, whole: Floats, patch: int, seed: int) -> Integers:
    """Return the most frequent class, or one of 16 clusters of a patch's means."""
    kind = task.output.kind if task.output else ""
    if kind in ("classes", "class_map"):
        most = whole.reshape(len(whole), -1, patch).mean(axis=2).argmax(axis=1)
        return np.asarray(most, dtype=np.int64)
    means = centered.reshape(len(centered), -1, patch).mean(axis=2)
    spread = means.std(axis=0)
    return discretize(means / np.where(spread > 0, spread, 1.0), seed=seed)


def _pixels(task: Task) -> bool:
    return task.output is not None and task.output.pixels
