"""Measure adaptation on groups of pairs, one training after another."""

from __future__ import annotations

import itertools
import math
import time
from dataclasses import asdict
from pathlib import Path

from benchmarks.adaptation.collect import SHALLOW
from benchmarks.adaptation.dense.measurement import check_dense, log_dense
from benchmarks.adaptation.feature_network import start_of
from benchmarks.adaptation.measurement import log_training
from benchmarks.adaptation.methods.registry import METHODS, SOURCE_ONLY
from benchmarks.adaptation.office_caltech import office_caltech_table
from benchmarks.adaptation.own_predictions import log_own_pair
from benchmarks.adaptation.pair_groups import (
    DIGIT_PAIRS,
    SCENE_PAIRS,
    PairGroup,
    chosen_pairs,
    digit_group,
    frozen_sets,
    scene_group,
    scene_sets,
)
from benchmarks.adaptation.settings import (
    DENSE,
    DIGITS,
    FROZEN,
    LIBRARIES,
    OFFICE,
    PARTS,
    SCENES,
    SUITE,
    Settings,
)
from benchmarks.adaptation.shallow import most_dimensions, shallow_estimators, shallow_measures
from benchmarks.adaptation.training import asked_for, pair_of
from benchmarks.adaptation.versus_libraries import compare_with_library, library_python
from benchmarks.data.source import MissingDataError, data_root
from benchmarks.results.apart import check_apart
from benchmarks.results.log import Log, open_log
from taskgraph.cli.output import note
from taskgraph.errors import InvalidTableError

PAIRS = {DIGITS: DIGIT_PAIRS, SCENES: SCENE_PAIRS}
PACKAGES = ("numpy", "scipy", "scikit-learn", "torch")


def run(settings: Settings, out: Path) -> None:
    """Measure what the records in ``out`` lack."""
    check(settings)
    if settings.source or settings.target:
        check_apart([each for each in (settings.source, settings.target) if each], out)
        log_own_pair(settings, lambda: open_log(out, SUITE.name, *PACKAGES))
        return
    log = open_log(out, SUITE.name, *PACKAGES)
    groups = {DIGITS: digit_group, SCENES: scene_group}
    for part in settings.parts:
        if part in groups and chosen_pairs(PAIRS[part], settings):
            log_group(groups[part](settings), settings, log)
    if FROZEN in settings.parts:
        log_frozen(settings, log)
    if OFFICE in settings.parts:
        log_office(settings, log)
    if DENSE in settings.parts:
        log_dense(settings, log)
    for part in settings.parts:
        if part in LIBRARIES:
            compare_with_library(part, settings, log)


def check(settings: Settings) -> None:
    """Raise a TaskgraphError if settings are impossible, or a network or a Python is missing."""
    for flag, names, known in (
        ("--parts", settings.parts, (*PARTS, *LIBRARIES)),
        ("--methods", settings.methods, tuple(METHODS)),
    ):
        if not names:
            raise InvalidTableError(f"{flag} is empty, expected some of {', '.join(known)}")
        for name in names:
            if name not in known:
                raise InvalidTableError(f'{flag} has "{name}", expected some of {", ".join(known)}')
    _check_libraries(settings)
    _check_pairs(settings)
    if SOURCE_ONLY not in settings.methods:
        raise InvalidTableError(
            f"--methods lacks {SOURCE_ONLY}, with which every method is compared; add it"
        )
    least = {"steps": 1, "batch": 2, "train": 4, "val": 3, "test": 2, "seeds": 1}
    for name, bound in least.items():
        if getattr(settings, name) < bound:
            raise InvalidTableError(
                f"--{name} is {getattr(settings, name)}, expected at least {bound}"
            )
    if not settings.rates or not all(0 < rate < math.inf for rate in settings.rates):
        text = ",".join(map(str, settings.rates)) or "empty"
        raise InvalidTableError(f"--rates is {text}, expected finite numbers above 0")
    data_root(Path(settings.data_root) if settings.data_root else None)
    _check_networks(settings)


def _check_networks(settings: Settings) -> None:
    """Raise an error if a network that the parts use does not exist."""
    own = settings.source or settings.target
    if settings.start:
        start_of(settings.start, settings.bank)
    adapted = own or SCENES in settings.parts
    if (FROZEN in settings.parts and not own) or (adapted and not settings.start):
        start_of(settings.features, settings.bank)
    if DENSE in settings.parts and not own:
        check_dense(settings)


def _check_libraries(settings: Settings) -> None:
    """Raise InvalidTableError or WorkerError if a comparison has no Python of its own."""
    asked = [each for each in settings.parts if each in LIBRARIES]
    if len(asked) > 1:
        raise InvalidTableError(
            f"--parts has {' and '.join(asked)}, whose environments differ; run them one after "
            "another, each with its own --python"
        )
    for name in asked:
        library_python(name, settings)


def _check_pairs(settings: Settings) -> None:
    """Raise InvalidTableError if ``--pairs`` names a pair that is not measured."""
    measured = {DIGITS if part in LIBRARIES else part for part in settings.parts}
    known = [":".join(each) for part, own in PAIRS.items() if part in measured for each in own]
    for name in settings.pairs if known else ():  # other parts have no pairs of their own
        if name not in known:
            raise InvalidTableError(
                f'--pairs has "{name}", expected some of {", ".join(known)} with '
                f"--parts {','.join(settings.parts)}"
            )


def log_group(group: PairGroup, settings: Settings, log: Log) -> None:
    """Record every method on every pair of a group, with every seed."""
    for seed, domains, name in itertools.product(
        range(settings.seeds), group.pairs, settings.methods
    ):
        log_training(METHODS[name], domains, group, settings, log, seed=seed)


def log_frozen(settings: Settings, log: Log) -> None:
    """Record shallow methods on the frozen features of all pairs of scene domains."""
    sets = frozen_sets(scene_sets(settings), settings)
    pairs = tuple(itertools.permutations(sets, 2))
    group = PairGroup(SCENES, sets, pairs, pairs[0], None)
    shared = asked_for(group, settings)
    for name in ("steps", "batch", "rates"):  # nothing is trained by steps
        del shared[name]
    for seed, domains in itertools.product(range(settings.seeds), pairs):
        both = {"source": domains[0], "target": domains[1]}
        asked = {
            name: {"part": SHALLOW, **shared, "method": name, **both}
            for name in shallow_estimators(seed)
        }
        missing = [name for name in asked if not log.has(asked[name], seed=seed, split="test")]
        if not missing:
            continue
        pair = pair_of(group, settings, domains, seed)
        estimators = shallow_estimators(seed, most=most_dimensions(pair))
        for name in missing:
            begin = time.perf_counter()
            measures = shallow_measures(pair, estimators[name])
            seconds = round(time.perf_counter() - begin, 3)
            log.add(asked[name], measures, seed=seed, split="test", seconds=seconds)


def log_office(settings: Settings, log: Log) -> None:
    """Record the twelve pairs of Office+Caltech-10, where the user has it.

    Raises
    ------
    MissingDataError
        If the user has it not, and asks for no other part.
    """
    if any(each.settings.get("part") == OFFICE for each in log.known.values()):
        return
    try:
        rows = office_caltech_table(Path(settings.data_root) if settings.data_root else None)
    except MissingDataError as error:
        if settings.parts == (OFFICE,):
            raise
        note(f"the part {OFFICE} is left out: {error}")
        return
    for row in rows:
        values = asdict(row)
        metrics = {"accuracy": values.pop("accuracy")}
        seconds, state = values.pop("seconds"), values.pop("state")
        asked = {"part": OFFICE, **values}
        log.add(asked, metrics, seed=state, split="test", seconds=seconds)
