"""Train the networks that the records lack, part by part."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.multitask.affinity_pairs import AffinityPair, all_pairs, draw_pairs, read_affinities
from benchmarks.multitask.aggregators import AGGREGATORS, make_aggregator
from benchmarks.multitask.groups import budget_of, record_groups, write_groups
from benchmarks.multitask.joint_data import JointSource
from benchmarks.multitask.labeled_sets import LENET, open_labeled
from benchmarks.multitask.plan import EQUAL, RUN, SPLIT, TUNING_SEED, PairsPlan, SetPlan
from benchmarks.multitask.scalarizations import SCALARIZATIONS
from benchmarks.multitask.scenes import open_scenes
from benchmarks.multitask.settings import (
    METHODS,
    PAIRS,
    PARTS,
    REGULARIZATION,
    SCENES,
    SUITE,
    Settings,
)
from benchmarks.multitask.training import SharedTraining, train_shared
from benchmarks.results.hashes import value_hash
from benchmarks.results.log import Log, open_log
from encoders.errors import InvalidDataError
from encoders.tasks import tasks_named
from taskgraph.errors import InvalidTableError
from taskgraph.progress import Progress, progress_bar

WHERE = ("data", "data_root", "splits", "table")
"""Settings that say where files are."""


def run(settings: Settings, out: Path) -> None:
    """Train what the records in ``out`` lack; a run that was stopped continues.

    Raises
    ------
    InvalidTableError, InvalidDataError, UnknownNameError, MissingDataError, MissingPackageError
        If a setting is impossible, or a set or a package is missing; before anything is trained.
    """
    check(settings)
    drawn = drawn_pairs(settings) if PAIRS in settings.parts else []
    sources = [open_source(name, settings) for name in _sets(settings)]
    paired = open_pairs(drawn, settings) if drawn else None
    log = open_log(out, SUITE.name, "torch", "torchjd", "numpy", "scikit-learn")
    out.mkdir(parents=True, exist_ok=True)
    begin = time.perf_counter()
    facts: dict[str, Any] = {"sets": [], "pairs": None, "group": None}
    for source in sources:
        plan = tuned_plan(source, settings, log)
        facts["sets"].append(plan.record())
        trainings = [
            *(plan.regularization() if REGULARIZATION in settings.parts else ()),
            *(plan.comparison() if source.name in _method_sets(settings) else ()),
        ]
        train_missing(trainings, source, log, f"{source.name}: train")
    if paired is not None:
        pairs = pairs_plan(drawn, paired, settings)
        facts["pairs"] = pairs.record()
        train_missing(list(pairs.trainings()), paired, log, "pairs: train")
        facts["group"] = choose_groups(pairs, paired, settings, log)
    asked = run_settings(settings, facts)
    if not log.has(asked):
        log.add(asked, {"facts": facts}, seconds=round(time.perf_counter() - begin, 1))


def _method_sets(settings: Settings) -> Sequence[str]:
    """Return the sets on which methods are compared."""
    return (settings.method_sets or _sets(settings)) if METHODS in settings.parts else ()


def run_settings(settings: Settings, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of the record of a finished run; no folder is named.

    They hold a hash of the plans, which have the hashes of the sets and what tuning chose.
    """
    placed: dict[str, Any] = {
        name: name.upper() for name in WHERE if getattr(settings, name) is not None
    }
    asked = dataclasses.asdict(replace(settings, **placed))
    command = SUITE.command(replace(settings, **placed))
    return {"part": RUN, "command": command, **asked, "facts_sha256": value_hash(facts)}


def check(settings: Settings) -> None:
    """Raise an error that names the flag if a setting is impossible."""
    for part in settings.parts:
        if part not in PARTS:
            raise InvalidTableError(f'--part has no "{part}"; there are {", ".join(PARTS)}')
    _check_method_sets(settings)
    least = {
        "images": 2,
        "valid_images": 1,
        "test_images": 1,
        "steps": 1,
        "batch": 1,
        "tuning_seeds": 1,
        "seeds": 1,
        "pair_images": 2,
        "pair_steps": 1,
        "pair_valid_images": 1,
        "pair_test_images": 1,
        "threads": 1,
    }
    for name, bound in least.items():
        if getattr(settings, name) < bound:
            flag = name.replace("_", "-")
            raise InvalidTableError(
                f"--{flag} is {getattr(settings, name)}, expected at least {bound}"
            )
    _check_numbers(settings)
    for name in settings.methods:
        if name in AGGREGATORS:
            make_aggregator(name)
        elif name not in SCALARIZATIONS:
            known = ", ".join([*SCALARIZATIONS, *AGGREGATORS])
            raise InvalidTableError(f'there is no method "{name}"; there are {known}')
    if (SCENES in _sets(settings) or PAIRS in settings.parts) and settings.data is None:
        raise InvalidDataError(
            "scenes need a folder: give --data FOLDER (`taskgraph scenes` makes one), or leave "
            "them out with --sets mnist-5k,orl-faces --part regularization,methods"
        )


def _check_method_sets(settings: Settings) -> None:
    """Raise InvalidTableError if methods are to be compared on a set that is not run."""
    for name in settings.method_sets:
        if name not in settings.sets:
            known = ", ".join(settings.sets)
            raise InvalidTableError(f'--method-sets has "{name}", which --sets has not: {known}')


def _check_numbers(settings: Settings) -> None:
    """Raise InvalidTableError if a list of numbers is empty or out of range."""
    ranges: dict[str, tuple[str, Callable[[float], bool]]] = {
        "shares": ("more than 0 and at most 1", lambda value: 0 < value <= 1),
        "learning_rates": ("more than 0", lambda value: value > 0),
        "weight_decays": ("at least 0", lambda value: value >= 0),
        "dropouts": ("at least 0 and less than 1", lambda value: 0 <= value < 1),
    }
    for name, (expected, allowed) in ranges.items():
        flag = name.replace("_", "-")
        if not getattr(settings, name):
            raise InvalidTableError(f"--{flag} is empty, expected at least one number")
        for value in getattr(settings, name):
            if not allowed(value):
                raise InvalidTableError(f"--{flag} has {value:g}, expected numbers {expected}")
    if settings.budget < 0:
        raise InvalidTableError(f"--budget is {settings.budget:g}, expected at least 0")


def _sets(settings: Settings) -> tuple[str, ...]:
    """Return the sets of the first two parts; none if neither is run."""
    return settings.sets if {REGULARIZATION, METHODS} & {*settings.parts} else ()


def open_source(name: str, settings: Settings) -> JointSource:
    """Open a set by its name."""
    counts = (settings.images, settings.valid_images, settings.test_images)
    if name != SCENES:
        source: JointSource = open_labeled(name, settings.labels, counts, root=settings.data_root)
    else:
        assert settings.data is not None
        source = open_scenes(
            settings.data,
            settings.tasks,
            counts,
            network=settings.preset,
            splits=settings.splits,
        )
    if len(source.tasks) < 2:
        flag = "--tasks" if name == SCENES else "--labels"
        raise InvalidDataError(
            f"{flag} names one task, {source.tasks[0]}; name at least two, the main task first"
        )
    return source


def drawn_pairs(settings: Settings) -> list[AffinityPair]:
    """Return the pairs of tasks that are trained together."""
    tasks = [task.name for task in tasks_named(settings.pair_tasks)] if settings.pair_tasks else []
    return draw_pairs(all_pairs(read_affinities(settings.table), tasks), settings.pairs)


def open_pairs(drawn: Sequence[AffinityPair], settings: Settings) -> JointSource:
    """Open the scenes with all tasks of the pairs."""
    assert settings.data is not None
    return open_scenes(
        settings.data,
        sorted({task for pair in drawn for task in pair.tasks}),
        (settings.pair_images, settings.pair_valid_images, settings.pair_test_images),
        network=settings.preset,
        splits=settings.splits,
    )


def base_training(source: JointSource, settings: Settings) -> SharedTraining:
    """Return the joint training of all tasks of a set on all images with equal weights."""
    return SharedTraining(
        source.name,
        source.sha256,
        settings.preset if source.name == SCENES else LENET,
        source.tasks,
        EQUAL,
        source.train_images,
        (settings.images, settings.valid_images, settings.test_images),
        settings.steps,
        settings.batch,
        settings.learning_rates[0],
        threads=settings.threads,
    )


def tuned_plan(source: JointSource, settings: Settings, log: Log) -> SetPlan:
    """Choose learning rate, weight decay and dropout for the main task alone, and plan the rest.

    Each has the smallest mean validation measure over the tuning seeds, of equal ones the smallest
    validation loss, then the first. The learning rate is chosen on all images and serves all
    trainings; weight decay and dropout are chosen for each size.
    """
    base = base_training(source, settings)
    sizes = sorted({max(1, round(share * source.train_images)) for share in settings.shares})
    alone = replace(base, tasks=base.tasks[:1])
    tuning = _Tuning(source, settings.tuning_seeds, log, [])
    rates = [replace(alone, learning_rate=rate) for rate in settings.learning_rates]
    rate = tuning.best("learning_rate", rates).learning_rate
    decay, dropout = {}, {}
    for images in sizes if REGULARIZATION in settings.parts else ():
        here = replace(alone, learning_rate=rate, images=images)
        decays = [replace(here, weight_decay=value) for value in settings.weight_decays]
        decay[str(images)] = tuning.best("weight_decay", decays).weight_decay
        dropouts = [replace(here, dropout=value) for value in settings.dropouts]
        dropout[str(images)] = tuning.best("dropout", dropouts).dropout
    return SetPlan(
        replace(base, learning_rate=rate),
        tuple(sizes),
        settings.seeds,
        settings.methods,
        decay,
        dropout,
        tuple(tuning.tried),
    )


@dataclass
class _Tuning:
    """Trains the main task with each setting, and remembers the validation measures."""

    source: JointSource
    seeds: int
    log: Log
    tried: list[dict[str, Any]]

    def best(self, kind: str, candidates: Sequence[SharedTraining]) -> SharedTraining:
        """Return the candidate with the smallest mean validation measure."""
        seeded = [
            [replace(each, seed=TUNING_SEED + k) for k in range(self.seeds)] for each in candidates
        ]
        title = f"{self.source.name}: choose {kind.replace('_', ' ')}"
        train_missing([one for each in seeded for one in each], self.source, self.log, title)
        scores = [self._score(each) for each in seeded]
        for candidate, score in zip(candidates, scores, strict=True):
            value = getattr(candidate, kind)
            row = {"kind": kind, "value": value, "images": candidate.images, "valid": score[0]}
            self.tried.append(row)
        return candidates[scores.index(min(scores))]

    def _score(self, trainings: Sequence[SharedTraining]) -> tuple[float, float]:
        found = [recorded(self.log, each)["results"][each.tasks[0]] for each in trainings]
        return (
            float(np.mean([each["valid"] for each in found])),
            float(np.mean([each["valid_loss"] for each in found])),
        )


def pairs_plan(drawn: Sequence[AffinityPair], source: JointSource, settings: Settings) -> PairsPlan:
    """Return the trainings of the pairs, with the first learning rate."""
    base = replace(
        base_training(source, settings),
        images=source.train_images,
        tested=(settings.pair_images, settings.pair_valid_images, settings.pair_test_images),
        steps=settings.pair_steps,
        image_losses=True,
    )
    return PairsPlan(base, tuple(drawn), settings.seeds)


def train_missing(
    trainings: Iterable[SharedTraining], source: JointSource, log: Log, title: str
) -> None:
    """Train and record what the log lacks; trainings of the same tasks come one after another."""
    unique = dict.fromkeys(trainings)
    missing = [each for each in unique if not is_recorded(log, each)]
    missing.sort(key=lambda each: each.tasks)  # so that the data of tasks are read once
    if not missing:
        return
    with progress_bar(title) as progress:
        _train(missing, source, log, progress)


def _train(
    missing: Sequence[SharedTraining], source: JointSource, log: Log, progress: Progress
) -> None:
    loaded, tasks = None, None
    for number, training in enumerate(missing):
        progress(number, len(missing))
        if loaded is None or training.tasks != tasks:
            loaded, tasks = source.load(training.tasks), training.tasks
        begin = time.perf_counter()
        metrics = train_shared(training, loaded)
        seconds = round(time.perf_counter() - begin, 2)
        settings = training.record_settings()
        log.add(settings, metrics, seed=training.seed, split=SPLIT, seconds=seconds)
    progress(len(missing), len(missing))


def is_recorded(log: Log, training: SharedTraining) -> bool:
    """Return whether the log has a training."""
    return log.has(training.record_settings(), seed=training.seed, split=SPLIT)


def recorded(log: Log, training: SharedTraining) -> dict[str, Any]:
    """Return the metrics of a training that the log has."""
    found = log.find(training.record_settings(), seed=training.seed, split=SPLIT)
    assert found is not None
    return found.metrics


def choose_groups(
    plan: PairsPlan, source: JointSource, settings: Settings, log: Log
) -> dict[str, Any]:
    """Write the tables of groups, and record what ``taskgraph group`` chooses from them."""
    metrics = {
        (each.tasks, each.seed): recorded(log, each) for each in dict.fromkeys(plan.trainings())
    }
    data = source.load(plan.groups[0])
    images = {
        name: (part.names, part.clusters)
        for name, part in (("valid", data.valid), ("test", data.test))
    }
    write_groups(plan, metrics, images, log.folder)
    costs = {tasks: metrics[tasks, 0]["passes"] for tasks in plan.groups}
    return record_groups(log, budget_of(plan, costs, settings.budget))
