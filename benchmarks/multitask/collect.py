"""The records of the newest run, as measures by training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.multitask.measures import delta_m, over_seeds, task_gain
from benchmarks.multitask.plan import ALONE, RUN, SPLIT, PairsPlan, SetPlan
from benchmarks.multitask.settings import METHODS, PAIRS, REGULARIZATION, SUITE
from benchmarks.multitask.training import SharedTraining
from benchmarks.results.frame import not_finished
from benchmarks.results.measures import Estimate
from benchmarks.results.record import Record, RecordKey, key_of, read_records
from taskgraph.arrays import Floats


@dataclass(frozen=True, eq=False)
class MultitaskResults:
    """The newest finished run and the records of its trainings.

    Attributes
    ----------
    run : Record
        The record of the run.
    sets : tuple of SetPlan
    pairs : PairsPlan or None
    known : dict of Record
        All records of the folder by their keys.
    """

    run: Record
    sets: tuple[SetPlan, ...]
    pairs: PairsPlan | None
    known: dict[RecordKey, Record]

    @property
    def parts(self) -> tuple[str, ...]:
        """Return the parts that were run."""
        return tuple(self.run.settings["parts"])

    @property
    def compared(self) -> tuple[SetPlan, ...]:
        """Return the plans of the sets on which methods were compared."""
        if METHODS not in self.parts:
            return ()
        names = self.run.settings.get("method_sets")
        return tuple(plan for plan in self.sets if not names or plan.base.data in names)

    def record(self, training: SharedTraining) -> Record:
        """Return the record of a training."""
        return self.known[key_of(training.record_settings(), training.seed, SPLIT)]

    def measure(self, training: SharedTraining, task: str, name: str = "test") -> float:
        """Return a measure of one task of a training, such as ``test`` or ``train_loss``."""
        return float(self.record(training).metrics["results"][task][name])

    def trainings(self) -> list[SharedTraining]:
        """Return all reported trainings, each once."""
        found: list[SharedTraining] = []
        for plan in self.sets:
            found += plan.regularization() if REGULARIZATION in self.parts else ()
            found += plan.comparison() if plan in self.compared else ()
        found += self.pairs.trainings() if self.pairs is not None else ()
        return list(dict.fromkeys(found))


def read_results(folder: Path) -> MultitaskResults:
    """Return the newest finished run of a folder.

    Raises
    ------
    InvalidTableError
        If no run is finished, or the records of its trainings are not all there.
    """
    records = read_records(folder)
    runs = [each for each in records if each.settings.get("part") == RUN]
    if not runs:
        raise not_finished(folder, SUITE.name)
    facts = runs[-1].metrics["facts"]
    results = MultitaskResults(
        runs[-1],
        tuple(SetPlan.from_record(each) for each in facts["sets"]),
        PairsPlan.from_record(facts["pairs"]) if facts["pairs"] else None,
        {each.key: each for each in records},
    )
    keys = (key_of(t.record_settings(), t.seed, SPLIT) for t in results.trainings())
    if any(key not in results.known for key in keys):
        raise not_finished(folder, SUITE.name)
    return results


def by_seed(
    results: MultitaskResults,
    trainings: Callable[[int], SharedTraining],
    seeds: int,
    task: str,
    name: str = "test",
) -> dict[int, float]:
    """Return a measure of a task by seed."""
    return {seed: results.measure(trainings(seed), task, name) for seed in range(seeds)}


def condition_measures(
    results: MultitaskResults, plan: SetPlan, condition: str, images: int
) -> tuple[dict[int, float], dict[int, float]]:
    """Return the test measure of the main task by seed, and its excess over that on training."""
    test, train = (
        by_seed(results, lambda s: plan.condition(condition, images, s), plan.seeds, plan.main, n)
        for n in ("test", "train")
    )
    return test, {seed: test[seed] - train[seed] for seed in test}


def condition_gain(
    results: MultitaskResults, plan: SetPlan, condition: str, images: int
) -> Estimate:
    """Return the gain of the main task over training alone, in percent, with its interval."""
    alone, _ = condition_measures(results, plan, ALONE, images)
    other, _ = condition_measures(results, plan, condition, images)
    return over_seeds(task_gain(alone, other))


def method_gains(
    results: MultitaskResults, plan: SetPlan, method: str
) -> tuple[list[Estimate], Estimate]:
    """Return the gain of each task by a method over the task alone, and Delta_m, in percent."""
    gains = []
    for task in plan.base.tasks:
        alone = by_seed(results, lambda s, t=task: plan.single(t, s), plan.seeds, task)  # type: ignore[misc]
        joint = by_seed(results, lambda s: plan.joint(method, s), plan.seeds, task)
        gains.append(task_gain(alone, joint))
    return [over_seeds(each) for each in gains], over_seeds(delta_m(gains))


def method_cosines(
    results: MultitaskResults, trainings: Sequence[SharedTraining], first: int, second: int
) -> Estimate:
    """Return the cosine between the gradients of two tasks over trainings, with its interval."""
    values = {}
    for training in trainings:
        value = results.record(training).metrics["cosines"][first][second]
        values[training.seed] = float("nan") if value is None else float(value)
    return over_seeds(values)


@dataclass(frozen=True, eq=False)
class PairResults:
    """Measurements of the pairs, in both directions.

    Attributes
    ----------
    gains : list of two Estimates a pair
        Gain of the first and of the second task by joint training, in percent.
    cosines : list of Estimate
        Between the gradients of both tasks.
    shares : (2 P,) array
        Rank share of the transfer first -> second of each pair, then of second -> first.
    target_gains, source_gains : (2 P,) arrays
        Mean gain of the transfer's target, and of its source.
    clusters : list of int
        The pair of each of the 2 P directions.
    """

    gains: list[tuple[Estimate, Estimate]]
    cosines: list[Estimate]
    shares: Floats
    target_gains: Floats
    source_gains: Floats
    clusters: list[int]


def pair_results(results: MultitaskResults) -> PairResults:
    """Return the measures of the pairs of a run that has that part."""
    plan = results.pairs
    assert plan is not None
    gains, cosines = [], []
    for pair in plan.pairs:
        both = [_pair_gain(results, plan, pair.tasks, task) for task in pair.tasks]
        gains.append((both[0], both[1]))
        trainings = [plan.training(pair.tasks, seed) for seed in range(plan.seeds)]
        cosines.append(method_cosines(results, trainings, 0, 1))
    first, second = (np.array([each[k].mean for each in gains]) for k in (0, 1))
    return PairResults(
        gains,
        cosines,
        np.array([*(p.forward for p in plan.pairs), *(p.backward for p in plan.pairs)]),
        np.concatenate([second, first]),
        np.concatenate([first, second]),
        [*range(len(plan.pairs))] * 2,
    )


def _pair_gain(
    results: MultitaskResults, plan: PairsPlan, tasks: tuple[str, str], task: str
) -> Estimate:
    alone = by_seed(results, lambda s: plan.training((task,), s), plan.seeds, task)
    joint = by_seed(results, lambda s: plan.training(tasks, s), plan.seeds, task)
    return over_seeds(task_gain(alone, joint))


def has_pairs(results: MultitaskResults) -> bool:
    """Return whether the run has the part of the pairs."""
    return PAIRS in results.parts and results.pairs is not None


def printed_groups(results: MultitaskResults) -> tuple[str, Any]:
    """Return the command of ``taskgraph group`` and what it printed."""
    settings = results.run.metrics["facts"]["group"]
    record = results.known[key_of(settings, None, None)]
    return settings["command"], record.metrics["printed"]
