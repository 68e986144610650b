"""The trainings of each part, as a function of the settings and of what tuning chose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from benchmarks.multitask.affinity_pairs import AffinityPair
from benchmarks.multitask.training import SharedTraining

RUN, SPLIT = "run", "test"
"""Part of the record of a finished run, and split of the records of trainings."""

EQUAL = "equal"
TUNING_SEED = 1000
"""First seed of the trainings by which settings are chosen; reported seeds count from 0."""

ALONE, DECAYED, DROPPED, TOGETHER, SHUFFLED = (
    "alone",
    "weight decay",
    "dropout",
    "together",
    "shuffled",
)
CONDITIONS = (ALONE, DECAYED, DROPPED, TOGETHER, SHUFFLED)
"""The conditions that the regularization by another task's loss is compared under."""


@dataclass(frozen=True)
class SetPlan:
    """The trainings on one set.

    Attributes
    ----------
    base : SharedTraining
        Joint training of all tasks on all images with equal weights, with the learning rate that
        was chosen; all other trainings change some of its values.
    sizes : tuple of int
        Numbers of training images, in increasing order.
    seeds : int
    methods : tuple of str
    weight_decay, dropout : dict
        By size, as text: what was chosen for the main task alone.
    tried : tuple of dict
        ``kind, value, images, valid``: the mean validation measure of each setting tried.
    """

    base: SharedTraining
    sizes: tuple[int, ...]
    seeds: int
    methods: tuple[str, ...]
    weight_decay: Mapping[str, float]
    dropout: Mapping[str, float]
    tried: tuple[Mapping[str, Any], ...] = ()

    @property
    def main(self) -> str:
        """Return the main task."""
        return self.base.tasks[0]

    def condition(self, name: str, images: int, seed: int) -> SharedTraining:
        """Return the training of the main task under one condition (`CONDITIONS`)."""
        together = replace(self.base, images=images, seed=seed)
        alone = replace(together, tasks=(self.main,))
        if name == DECAYED:
            return replace(alone, weight_decay=self.weight_decay[str(images)])
        if name == DROPPED:
            return replace(alone, dropout=self.dropout[str(images)])
        if name == SHUFFLED:
            return replace(together, shuffled=self.base.tasks[1:])
        return alone if name == ALONE else together

    def single(self, task: str, seed: int) -> SharedTraining:
        """Return the training of one task alone on all images."""
        return replace(self.base, tasks=(task,), seed=seed)

    def joint(self, method: str, seed: int) -> SharedTraining:
        """Return the training of all tasks on all images by one method."""
        return replace(self.base, method=method, seed=seed)

    def regularization(self) -> Iterator[SharedTraining]:
        """Give the trainings of the first part."""
        for images in self.sizes:
            for name in CONDITIONS:
                for seed in range(self.seeds):
                    yield self.condition(name, images, seed)

    def comparison(self) -> Iterator[SharedTraining]:
        """Give the trainings of the second part: each task alone, and all tasks by each method."""
        for seed in range(self.seeds):
            for task in self.base.tasks:
                yield self.single(task, seed)
            for method in self.methods:
                yield self.joint(method, seed)

    def record(self) -> dict[str, Any]:
        """Return the values of a record."""
        return asdict(self)

    @classmethod
    def from_record(cls, values: Mapping[str, Any]) -> SetPlan:
        """Return the plan of a record."""
        return cls(
            training_of(values["base"]),
            tuple(values["sizes"]),
            values["seeds"],
            tuple(values["methods"]),
            values["weight_decay"],
            values["dropout"],
            tuple(values["tried"]),
        )


@dataclass(frozen=True)
class PairsPlan:
    """The trainings of the pairs of tasks.

    Attributes
    ----------
    base : SharedTraining
        A training whose tasks and seed each training replaces.
    pairs : tuple of AffinityPair
    seeds : int
    """

    base: SharedTraining
    pairs: tuple[AffinityPair, ...]
    seeds: int

    @property
    def groups(self) -> list[tuple[str, ...]]:
        """Return the groups of tasks that are trained: each task alone, then each pair."""
        alone = sorted({task for pair in self.pairs for task in pair.tasks})
        return [*((task,) for task in alone), *(pair.tasks for pair in self.pairs)]

    def training(self, tasks: Sequence[str], seed: int) -> SharedTraining:
        """Return the training of a group."""
        return replace(self.base, tasks=tuple(tasks), seed=seed)

    def trainings(self) -> Iterator[SharedTraining]:
        """Give all trainings, those of one group one after the other."""
        for tasks in self.groups:
            for seed in range(self.seeds):
                yield self.training(tasks, seed)

    def record(self) -> dict[str, Any]:
        """Return the values of a record."""
        return asdict(self)

    @classmethod
    def from_record(cls, values: Mapping[str, Any]) -> PairsPlan:
        """Return the plan of a record."""
        pairs = tuple(AffinityPair(**each) for each in values["pairs"])
        return cls(training_of(values["base"]), pairs, values["seeds"])


def training_of(values: Mapping[str, Any]) -> SharedTraining:
    """Return a training from the values of a record, in which tuples are lists."""
    given: dict[str, Any] = {
        name: tuple(each) if isinstance(each, list) else each for name, each in values.items()
    }
    return SharedTraining(**given)
