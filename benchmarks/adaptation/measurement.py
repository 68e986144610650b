"""Run and record the trainings: first those that choose rates and strengths, then the pairs."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from benchmarks.adaptation.collect import CHOICE, DECISIONS, EMBEDDING, TRAINING
from benchmarks.adaptation.decisions import decisions, write_sheet
from benchmarks.adaptation.domain_pair import DomainPair, PairSizes, make_pair
from benchmarks.adaptation.embedding import embedded
from benchmarks.adaptation.feature_network import make_model
from benchmarks.adaptation.methods.method import Adaptation, AdaptationMethod
from benchmarks.adaptation.methods.registry import DANN, METHODS, SOURCE_ONLY
from benchmarks.adaptation.pair_groups import PairGroup
from benchmarks.adaptation.selection import ORACLE, SOURCE, AdaptationCheckpoint, Evaluator
from benchmarks.adaptation.settings import SCENES, Settings
from benchmarks.learning.classifier import Classifier
from benchmarks.learning.config import LoopConfig
from benchmarks.results.log import Log

EVALUATIONS = 10
"""Evaluations of a training, among which a rule chooses."""
APART = 10
"""Least steps between evaluations, if the training has as many."""
STRENGTH = 1.0
"""Strength of methods where no pair is there to choose it on."""
TRIED_SEEDS = (0, 1)
"""Seeds of the trainings that choose rates and strengths."""
EMBEDDED = (SOURCE_ONLY, DANN)
"""Methods whose features and decisions are shown: before and after adaptation."""


@dataclass(frozen=True, eq=False)
class AdaptationResult:
    """The result of one training.

    Attributes
    ----------
    checkpoints : list of `AdaptationCheckpoint`
    model : Classifier
        With the weights that validation on the source chose.
    config : LoopConfig
    """

    checkpoints: list[AdaptationCheckpoint]
    model: Classifier
    config: LoopConfig


def asked_for(group: PairGroup, settings: Settings) -> dict[str, Any]:
    """Return the settings that all records of a group share."""
    asked: dict[str, Any] = {
        "group": group.name,
        "network": group.start or settings.features,
        "steps": settings.steps,
        "batch": settings.batch,
        "train": settings.train,
        "val": settings.val,
        "test": settings.test,
        "rates": list(settings.rates),
    }
    if group.name == SCENES:
        asked |= {"buildings": settings.buildings, "views": settings.views}
    if group.tuning is None:  # the user's pictures, which may change between runs
        digest = hashlib.sha256()
        for data in group.sets.values():
            digest.update(np.ascontiguousarray(data.inputs).tobytes())
            digest.update(repr((data.classes, data.labels is None)).encode())
            digest.update(b"" if data.labels is None else data.labels.tobytes())
        asked["pictures"] = digest.hexdigest()[:16]
    return asked


def pair_of(
    group: PairGroup, settings: Settings, domains: tuple[str, str], seed: int
) -> DomainPair:
    """Return a pair of a group with the settings' sizes."""
    sizes = PairSizes(settings.train, settings.val, settings.test)
    return make_pair(group.sets[domains[0]], group.sets[domains[1]], sizes, seed)


def train_once(
    method: AdaptationMethod,
    pair: DomainPair,
    group: PairGroup,
    settings: Settings,
    *,
    rate: float,
    strength: float,
    seed: int,
    images: Tensor | None = None,
) -> AdaptationResult:
    """Train a new network on a pair by a method; see `Adaptation`."""
    config = LoopConfig(
        steps=settings.steps,
        batch=settings.batch,
        learning_rate=rate,
        schedule="annealed",
        precision="float32",
        evaluate_every=min(settings.steps, max(APART, settings.steps // EVALUATIONS)),
        seed=seed,
    )
    evaluator = Evaluator(pair, config, images)
    model = make_model(pair, group.start, seed)
    trained = method.train(Adaptation(pair, model, config, strength, evaluator))
    return AdaptationResult(list(evaluator.checkpoints), trained, config)


def chosen_rate(method: AdaptationMethod, group: PairGroup, settings: Settings, log: Log) -> float:
    """Return the learning rate of a method.

    A method that tunes its rate (`AdaptationMethod.tunes_rate`) has the one that is best at
    `STRENGTH` on the pair that is not reported, by accuracy on that pair's target validation
    images. The others, and all methods where there is no such pair, have the rate with which
    source-only is best on the source's validation images; no label of a target is used for that.
    """
    if len(settings.rates) == 1:
        return settings.rates[0]
    own = method.tunes_rate and group.tuning is not None
    tried = _tried_rates(method if own else METHODS[SOURCE_ONLY], group, settings, log)
    return float(max(settings.rates, key=lambda rate: tried[f"{rate:g}"]))


def chosen_strength(
    method: AdaptationMethod, rate: float, group: PairGroup, settings: Settings, log: Log
) -> float:
    """Return the strength that is best on the pair that is not reported, at a method's rate.

    The measure is accuracy on that pair's target validation images. Without such a pair it is
    `STRENGTH`.
    """
    if group.tuning is None or len(method.strengths) == 1:
        return STRENGTH
    known = {}
    if method.tunes_rate and len(settings.rates) > 1:
        known[f"{STRENGTH:g}"] = _tried_rates(method, group, settings, log)[f"{rate:g}"]
    trials = {f"{each:g}": (rate, each) for each in method.strengths}
    tried = _tried(group, settings, log, method, "strength", trials, known)
    return float(max(method.strengths, key=lambda each: tried[f"{each:g}"]))


def _tried_rates(
    method: AdaptationMethod, group: PairGroup, settings: Settings, log: Log
) -> dict[str, float]:
    trials = {f"{rate:g}": (rate, STRENGTH) for rate in settings.rates}
    return _tried(group, settings, log, method, "rate", trials, {})


def _tried(
    group: PairGroup,
    settings: Settings,
    log: Log,
    method: AdaptationMethod,
    what: str,
    trials: Mapping[str, tuple[float, float]],
    known: Mapping[str, float],
) -> dict[str, float]:
    """Return the measure of each trial, a rate and a strength, and record all of them.

    The measure is the accuracy after the last step, so that a training which breaks down late is
    not chosen, as the mean over `TRIED_SEEDS`: on the target's validation images, and of
    source-only on the source's. Those that are ``known`` are not measured again.
    """
    domains = group.tuning or group.pairs[0]
    asked = {"part": CHOICE, **asked_for(group, settings), "method": method.name, "of": what}
    asked |= {"source": domains[0], "target": domains[1], "values": list(trials)}
    asked["seeds"] = list(TRIED_SEEDS)
    recorded = log.find(asked, split="val")
    if recorded is not None:
        return dict(recorded.metrics["tried"])
    begin, tried = time.perf_counter(), dict(known)
    rule = SOURCE if method.name == SOURCE_ONLY else ORACLE
    for name, (rate, strength) in trials.items():
        if name in tried:
            continue
        found = [
            train_once(
                method,
                pair_of(group, settings, domains, seed),
                group,
                settings,
                rate=rate,
                strength=strength,
                seed=seed,
            )
            for seed in TRIED_SEEDS
        ]
        tried[name] = float(np.mean([each.checkpoints[-1].values[rule] for each in found]))
    tried = {name: tried[name] for name in trials}
    log.add(asked, {"tried": tried}, split="val", seconds=round(time.perf_counter() - begin, 3))
    return tried


def training_settings(
    method: AdaptationMethod, domains: tuple[str, str], group: PairGroup, settings: Settings
) -> dict[str, Any]:
    """Return the settings of a training's record."""
    asked = {"part": TRAINING, **asked_for(group, settings), "method": method.name}
    return {**asked, "source": domains[0], "target": domains[1]}


def log_training(
    method: AdaptationMethod,
    domains: tuple[str, str],
    group: PairGroup,
    settings: Settings,
    log: Log,
    *,
    seed: int,
    images: Tensor | None = None,
) -> list[AdaptationCheckpoint] | None:
    """Record one training of a method on a pair; None if it is recorded and has no images."""
    asked = training_settings(method, domains, group, settings)
    if images is None and log.has(asked, seed=seed, split="test"):
        return None
    rate = chosen_rate(method, group, settings, log)
    strength = chosen_strength(method, rate, group, settings, log)
    pair = pair_of(group, settings, domains, seed)
    begin = time.perf_counter()
    result = train_once(
        method, pair, group, settings, rate=rate, strength=strength, seed=seed, images=images
    )
    seconds = round(time.perf_counter() - begin, 3)
    if seed == 0 and domains == group.pairs[0] and method.name in EMBEDDED:
        places = embedded(result.model, pair, result.config)
        log.add({**asked, "part": EMBEDDING}, places, seed=seed, split="test")
        write_sheet(group, domains[1], settings.test, log.folder)
        found = decisions(result.model, pair, result.config)
        log.add({**asked, "part": DECISIONS}, found, seed=seed, split="test")
    metrics = {
        "rate": rate,
        "strength": strength,
        "checkpoints": [each.record() for each in result.checkpoints],
    }
    log.add(asked, metrics, seed=seed, split="test", seconds=seconds)
    return result.checkpoints
