"""Learn every stream with every strategy, one step after the other, and record each step."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.data.data import TRAIN, Data
from benchmarks.data.folders import DOMAINS
from benchmarks.data.sheet import contact_sheet
from benchmarks.learning.config import LoopConfig
from benchmarks.learning.starts import Start, find_start
from benchmarks.lifelong.checkpoint import restore_learner, save_learner
from benchmarks.lifelong.collect import SHARED, figure_stem, stream_name
from benchmarks.lifelong.evaluation import evaluate, untrained_accuracies
from benchmarks.lifelong.learner import AUGMENTATIONS, Learner, mean_of_images, new_learner
from benchmarks.lifelong.settings import (
    AVALANCHE,
    CLASSES,
    SCENE_DOMAINS,
    SETS,
    STREAMS,
    SUITE,
    Settings,
)
from benchmarks.lifelong.sources import load_sets, one_each, stream_hash, streams
from benchmarks.lifelong.strategies import STRATEGIES
from benchmarks.lifelong.strategies.strategy import Strategy
from benchmarks.lifelong.streams import LearningStream, stream_of_sets
from benchmarks.lifelong.variants import VARIANTS
from benchmarks.lifelong.versus_avalanche import avalanche_python, compare_with_avalanche
from benchmarks.results.figures import write_jpeg
from benchmarks.results.hashes import value_hash
from benchmarks.results.log import Log, open_log
from taskgraph.errors import InvalidTableError

MILESTONES, FACTOR = (0.7, 0.9), 0.2
"""The paper divides the learning rate by 5 after 49 and 63 of 70 epochs."""
SHEET_ORDER = 0
"""The order whose exemplars are drawn."""


@dataclass(frozen=True, eq=False)
class StrategyRun:
    """A run of a strategy on a stream with one network, in one order of classes.

    Attributes
    ----------
    stream : LearningStream
    strategy : Strategy
    start : Start
    memory : int
    order : int
    settings : Settings
    asked : dict
        The settings of its records, without method and step.
    """

    stream: LearningStream
    strategy: Strategy
    start: Start
    memory: int
    order: int
    settings: Settings
    asked: Mapping[str, Any]

    @property
    def steps(self) -> int:
        """Return the number of steps to learn."""
        count = len(self.stream.steps)
        return min(self.settings.max_steps or count, count)

    @property
    def state(self) -> Path:
        """Return the file of the state after the last finished step."""
        return Path(self.settings.work) / f"{value_hash([self.asked, self.order])[:20]}.safetensors"

    def record_settings(self, method: str, step: int) -> dict[str, Any]:
        """Return the settings of one record."""
        return {**self.asked, "method": method, "step": step}

    def recorded(self, log: Log, step: int) -> bool:
        """Return whether the log has the records of all methods for a step."""
        split = self.settings.split
        return all(
            log.has(self.record_settings(method, step), seed=self.order, split=split)
            for method in self.strategy.rules
        )


def run(settings: Settings, out: Path) -> None:
    """Learn what the records in ``out`` lack."""
    check(settings)
    sets = load_sets(settings)
    log = open_log(out, SUITE.name, "torch", "numpy", "scikit-learn")
    out.mkdir(parents=True, exist_ok=True)
    if STREAMS in settings.parts:
        learn_streams(sets, settings, log, out)
    if AVALANCHE in settings.parts:
        compare_with_avalanche(sets, settings, log)


def learn_streams(sets: list[Data], settings: Settings, log: Log, out: Path) -> None:
    """Learn every stream in every order with every strategy and network."""
    starts = {name: _start(name, settings) for name in networks(settings)}
    for order in range(settings.orders):
        for stream, memory in streams(sets, settings, order):
            for training in trainings(stream, memory, order, settings, starts):
                learn_stream(training, log, out)


def run_sets(sets: Iterable[tuple[str, Data]], settings: Settings, out: Path) -> None:
    """Learn a stream of one's own: any iterable of (name, data), whose sets arrive in this order.

    The records in ``out`` are those of ``--protocol sets``, and the page is rendered from them.

    Parameters
    ----------
    sets : iterable of (name, Data)
        As `benchmarks.lifelong.streams.stream_of_sets` takes.
    settings : Settings
        Its ``sets``, ``increment`` and ``base`` are not used.
    out : Path
        Folder of the records.
    """
    settings = replace(settings, protocol=SETS)
    check(settings)
    stream = stream_of_sets(sets, per_class=settings.per_class)
    starts = {name: _start(name, settings) for name in networks(settings)}
    log = open_log(out, SUITE.name, "torch", "numpy", "scikit-learn")
    out.mkdir(parents=True, exist_ok=True)
    for order in range(settings.orders):
        for training in trainings(stream, settings.memory[0], order, settings, starts):
            learn_stream(training, log, out)


def networks(settings: Settings) -> list[str]:
    """Return the names of the networks with which strategies begin."""
    frozen = [STRATEGIES[name].frozen_encoder for name in settings.strategies]
    trained = settings.networks if not all(frozen) else ()
    return [*trained, *([settings.encoder] if any(frozen) else [])]


def check(settings: Settings) -> None:
    """Raise InvalidTableError if settings are impossible."""
    for name in settings.strategies:
        if name not in STRATEGIES:
            raise InvalidTableError(
                f'there is no strategy "{name}"; expected {", ".join(STRATEGIES)}'
            )
    _check_parts(settings)
    least = {"orders": 1, "epochs": 1, "batch": 1, "base": 0, "per_class": 0, "max_steps": 0}
    least |= {"size": 0, "buildings": 3, "views": 1, "objects": 2}
    for name, bound in least.items():
        value = getattr(settings, name)
        if value < bound:
            flag = name.replace("_", "-")
            raise InvalidTableError(f"--{flag} is {value}, expected at least {bound}")
    for flag in ("networks", "memory", "increment", "strategies"):
        if not getattr(settings, flag):
            raise InvalidTableError(f"--{flag} is empty, expected at least one value")
    if settings.protocol == CLASSES:
        count = sum(len(DOMAINS) if name == SCENE_DOMAINS else 1 for name in settings.sets)
        one_each(settings.increment, count, "--increment")
        one_each(settings.memory, count, "--memory")
    if settings.protocol != CLASSES and len(settings.memory) > 1:
        raise InvalidTableError("--memory has several numbers, expected one: the sets are a stream")


def _check_parts(settings: Settings) -> None:
    """Raise InvalidTableError if a part is unknown or lacks what it needs."""
    for name in settings.parts:
        if name not in (STREAMS, AVALANCHE):
            raise InvalidTableError(f'--part has "{name}", expected {STREAMS} or {AVALANCHE}')
    if AVALANCHE not in settings.parts:
        return
    if settings.protocol != CLASSES or settings.augment != "none" or settings.size:
        raise InvalidTableError(
            "--part avalanche compares --protocol classes with --augment none and --size 0, which "
            "both libraries can do alike"
        )
    avalanche_python(settings)


def trainings(
    stream: LearningStream, memory: int, order: int, settings: Settings, starts: dict[str, Start]
) -> Iterator[StrategyRun]:
    """Give the trainings of a stream: each strategy with each network, the probe with one."""
    shared = {
        "data": stream.name,
        "data_sha256": stream_hash(stream),
        "classes_of_steps": [len(step.classes) for step in stream.steps],
        "memory": memory,
        **{name: getattr(settings, name) for name in SHARED},
    }
    for name in settings.strategies:
        strategy = STRATEGIES[name]
        for network in (settings.encoder,) if strategy.frozen_encoder else settings.networks:
            asked = {**shared, "network": network, "strategy": name}
            yield StrategyRun(stream, strategy, starts[network], memory, order, settings, asked)


def learn_stream(training: StrategyRun, log: Log, out: Path) -> None:
    """Learn the steps of a stream whose records are missing; resume after the last saved step.

    The state is saved after each step and before its records are written, and is deleted when all
    steps are recorded.
    """
    run_key = {**training.asked, "order": training.order}
    if not all(training.recorded(log, step) for step in range(training.steps)):
        learner = first_learner(training)
        untrained = untrained_accuracies(learner, training.stream, training.settings.split)
        if training.state.exists():
            restore_learner(learner, run_key, training.state)
            _record(training, learner, log, out, untrained)
        while learner.steps < training.steps:
            begin = time.perf_counter()
            training.strategy.learn(learner, training.stream)
            learner.seconds = round(time.perf_counter() - begin, 3)
            save_learner(learner, run_key, training.state)
            _record(training, learner, log, out, untrained)
    training.state.unlink(missing_ok=True)


def first_learner(training: StrategyRun) -> Learner:
    """Return the learner that has seen nothing."""
    settings, stream = training.settings, training.stream
    variant = VARIANTS[settings.variant]
    images = stream.until(len(stream.steps) - 1, TRAIN)[0]
    frozen = training.strategy.frozen_encoder
    mean = mean_of_images(images, training.start) if variant.pixel_mean and not frozen else None
    config = LoopConfig(
        epochs=settings.epochs,
        batch=settings.batch,
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        schedule="milestones",
        milestones=MILESTONES,
        factor=FACTOR,
        keep_best=False,
        seed=training.order,
    )
    return new_learner(
        training.start,
        variant,
        classes=len(stream.classes),
        memory=training.memory,
        config=config,
        channels=images.shape[1],
        augment=AUGMENTATIONS[settings.augment],
        mean_image=mean,
    )


def _record(
    training: StrategyRun,
    learner: Learner,
    log: Log,
    out: Path,
    untrained: list[float],
) -> None:
    """Measure a learner after its last step, and record each method that the log lacks."""
    step, split = learner.steps - 1, training.settings.split
    last = learner.steps == training.steps
    if last and training.order == SHEET_ORDER and training.strategy.name == "icarl":
        draw_exemplars(learner, training, out)
    everything = training.strategy.all_data
    stored = training.stream.until(step, TRAIN)[0] if everything else None
    for method, results in evaluate(
        learner, training.strategy.rules, training.stream, split, confusion=last
    ).items():
        asked = training.record_settings(method, step)
        if log.has(asked, seed=training.order, split=split):
            continue
        metrics = {
            **results,
            "untrained": untrained,
            "stored": learner.stored if stored is None else len(stored),
            "stored_bytes": learner.stored_bytes if stored is None else stored.numel(),
            "parameters": learner.parameters,
            "training_seconds": learner.seconds,
        }
        log.add(asked, metrics, seed=training.order, split=split, seconds=learner.seconds)


def draw_exemplars(learner: Learner, training: StrategyRun, out: Path) -> None:
    """Write a contact sheet of the exemplars, a row a class, in the order of their choice."""
    if not learner.stored:
        return
    sets = sorted((each for each in learner.exemplars if len(each)), key=lambda each: each.label)
    images = np.concatenate([each.images.permute(0, 2, 3, 1).numpy() for each in sets])
    labels = np.repeat([each.label for each in sets], [len(each) for each in sets])
    names = training.stream.classes[: learner.seen]
    shown = Data(training.stream.name, images, labels, names, {}, "", "")
    stem = figure_stem(stream_name(training.asked), training.asked["network"])
    write_jpeg(contact_sheet(shown), out / f"exemplars_{stem}.jpg")


def _start(name: str, settings: Settings) -> Start:
    """Return a start, at the size of the settings if they give one."""
    start = find_start(name)
    return start.at(settings.size) if settings.size else start
