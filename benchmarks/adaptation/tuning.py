"""Choose the learning rate and the strength of each method on the pair that is not reported."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.adaptation.collect import CHOICE, Trial, best_trial
from benchmarks.adaptation.methods.method import AdaptationMethod
from benchmarks.adaptation.methods.registry import METHODS, SOURCE_ONLY
from benchmarks.adaptation.pair_groups import PairGroup
from benchmarks.adaptation.selection import ORACLE, SOURCE
from benchmarks.adaptation.settings import Settings
from benchmarks.adaptation.training import asked_for, pair_of, train_once
from benchmarks.results.log import Log
from encoders.errors import TrainingError

STRENGTH = 1.0
"""Strength of methods where no pair is there to choose it on."""
TRIED_SEEDS = (0, 1)
"""Seeds of the trainings that choose rates and strengths."""
BEYOND = 3.0
"""Where the best rate is the least or the largest one tried, one this many times beyond follows."""
MOST_BEYOND = 2
"""Most rates that are tried beyond those that were asked for."""

RULE = "rate and strength together"
"""Name of the rule of `chosen_trial`, in the settings of records."""


def chosen_trial(method: AdaptationMethod, group: PairGroup, settings: Settings, log: Log) -> Trial:
    """Return the learning rate and the strength of a method.

    A method that tunes its rate (`AdaptationMethod.tunes_rate`) has the rate and the strength that
    are best together on the pair that is not reported, by accuracy on that pair's target
    validation images. The others, and all methods where there is no such pair, have the rate with
    which source-only is best on the source's validation images; no label of a target is used for
    that. Of the others, ADDA's strength is then chosen on the pair that is not reported. With one
    rate and one strength nothing is trained.

    Raises
    ------
    TrainingError
        If every training of the method diverges.
    """
    if method.name == SOURCE_ONLY:
        return _best(method, settings.rates, (STRENGTH,), group, settings, log)
    if group.tuning is not None and method.tunes_rate:
        return _best(method, settings.rates, method.strengths, group, settings, log)
    rate, _ = chosen_trial(METHODS[SOURCE_ONLY], group, settings, log)
    strengths = (STRENGTH,) if group.tuning is None else method.strengths
    return _best(method, (rate,), strengths, group, settings, log)


def rule_of(method: AdaptationMethod) -> dict[str, Any]:
    """Return the settings of a record that tell a method and how its trial was chosen."""
    return {"method": method.name, "tuned": RULE, "strengths": list(method.strengths)}


def _best(
    method: AdaptationMethod,
    rates: Sequence[float],
    strengths: Sequence[float],
    group: PairGroup,
    settings: Settings,
    log: Log,
) -> Trial:
    """Return the best of all rates with all strengths, and of rates beyond; the first of equal."""
    rates = sorted(rates)
    if len(rates) == len(strengths) == 1:
        return rates[0], strengths[0]
    widen, tried = len(rates) > 1, dict[Trial, float]()
    for _ in range(MOST_BEYOND + 1):
        for trial in itertools.product(rates, strengths):
            if trial not in tried:
                tried[trial] = _accuracy(method, trial, group, settings, log)
        best = best_trial(tried)
        if tried[best] == -math.inf:
            raise TrainingError(
                f"every training of {method.name} diverged at the rates "
                f"{', '.join(f'{rate:g}' for rate in rates)}; try smaller ones (--rates)"
            )
        if not widen or best[0] not in (rates[0], rates[-1]):
            break
        further = rates[0] / BEYOND if best[0] == rates[0] else rates[-1] * BEYOND
        rates = sorted([*rates, float(f"{further:.6g}")])
    return best


def _accuracy(
    method: AdaptationMethod, trial: Trial, group: PairGroup, settings: Settings, log: Log
) -> float:
    """Return the mean accuracy of a trial over `TRIED_SEEDS`, and record each; −∞ if one diverges.

    It is the accuracy after the last step, so that a training which breaks down late is not
    chosen: on the target's validation images, and of source-only on the source's.
    """
    domains = group.tuning or group.pairs[0]
    asked: dict[str, Any] = {"part": CHOICE, **asked_for(group, settings), **rule_of(method)}
    asked |= {"rate": trial[0], "strength": trial[1], "source": domains[0], "target": domains[1]}
    rule = SOURCE if method.name == SOURCE_ONLY else ORACLE
    found = []
    for seed in TRIED_SEEDS:
        known = log.find(asked, seed=seed, split="val")
        if known is None:
            begin = time.perf_counter()
            metrics = _tried(method, trial, domains, group, settings, seed, rule)
            seconds = round(time.perf_counter() - begin, 3)
            known = log.add(asked, metrics, seed=seed, split="val", seconds=seconds)
        if known.metrics["accuracy"] is None:
            return -math.inf
        found.append(known.metrics["accuracy"])
    return float(np.mean(found))


def _tried(
    method: AdaptationMethod,
    trial: Trial,
    domains: tuple[str, str],
    group: PairGroup,
    settings: Settings,
    seed: int,
    rule: str,
) -> Mapping[str, float | None]:
    """Return the accuracy of one training after its last step; None if it diverges."""
    pair = pair_of(group, settings, domains, seed)
    rate, strength = trial
    try:
        result = train_once(method, pair, group, settings, rate=rate, strength=strength, seed=seed)
    except TrainingError:
        return {"accuracy": None}
    return {"accuracy": result.checkpoints[-1].values[rule]}
