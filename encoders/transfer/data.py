"""The images on which transfers are trained, validated and tested; no encoder has seen them."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from torch import Tensor

from encoders.dataset import TaskonomyDataset
from encoders.dataset.splits import ALL, split_buildings
from encoders.dataset.table import splits_of
from encoders.errors import InvalidDataError
from encoders.tasks import Task
from encoders.tasks.definition import definition_hash
from encoders.tasks.own import find_task, joined_own
from taskgraph.arrays import Integers

SUBSAMPLES = (1, 4, 16)
"""Values of ``subsample``: every image, every 4th, or every 16th training image is used."""

SUBSAMPLE_KEY = "less"
"""Key of ``subsample`` in the records of a configuration; it is the name in version 0.1."""

HELD = 4
"""One in this many buildings of the ``val`` split is for validation."""


@dataclass(frozen=True)
class TransferDataConfig:
    """Which images transfers are trained, validated and tested on.

    The buildings of the data set's ``val`` split are shuffled with ``seed``; one in four is for
    validation, the others are for training. The ``test`` split is for testing. So read-outs are
    trained on buildings that no encoder was trained on, and tested on yet others (Zamir et al.,
    Sec. 3.2). Images are spread evenly over the buildings.

    Attributes
    ----------
    data : str
        The folder of the data set.
    size : int
        Side of its pictures in pixels.
    train, valid, test : int
        Number of images of each part; all images if the part has fewer.
    subsample : 1, 4 or 16
        Every ``subsample``-th of the training images is used.
    seed : int
        Seed of the shuffling of the buildings.
    splits : str, optional
        The CSV file of splits that the encoders were trained with; None for the default split.
    own : tuple of Task
        Tasks that are not of the dictionary, which are then known by their names.
    listing : str, optional
        The folder in which the list of the data set's files is kept
        (`encoders.dataset.listing.keep_index`); by default every process lists the files itself.
    skip_broken : bool
        Whether views are left out of which a file cannot be read.
    """

    data: str
    size: int = 64
    train: int = 1000
    valid: int = 400
    test: int = 1000
    subsample: int = 1
    seed: int = 0
    splits: str | None = None
    own: tuple[Task, ...] = ()
    listing: str | None = None
    skip_broken: bool = False

    def __post_init__(self) -> None:
        for name in ("train", "valid", "test"):
            if getattr(self, name) < 1:
                raise InvalidDataError(
                    f"{name} is {getattr(self, name)} images, expected 1 or more"
                )
        if self.subsample not in SUBSAMPLES:
            raise InvalidDataError(f"subsample is {self.subsample}, expected 1, 4 or 16")

    def task(self, name: str) -> Task:
        """Return the task of a name, one's own included."""
        return find_task(name, self.own)

    def with_own(self, tasks: Sequence[Task]) -> TransferDataConfig:
        """Return the configuration that knows further tasks of one's own."""
        return dataclasses.replace(self, own=joined_own(self.own, tasks))

    def record(self) -> dict[str, Any]:
        """Return the values that ``config.json`` holds, by their keys.

        Tasks of one's own are there by the hashes of their definitions.
        """
        record = dataclasses.asdict(dataclasses.replace(self, own=()))
        del record["listing"], record["own"]
        record[SUBSAMPLE_KEY] = record.pop("subsample")
        if not record["skip_broken"]:  # as in records of earlier versions
            del record["skip_broken"]
        if self.own:
            record["own"] = {task.name: definition_hash(task) for task in self.own}
        return record

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> TransferDataConfig:
        """Return the configuration of a record, without tasks of one's own."""
        record = {key: value for key, value in record.items() if key != "own"}
        return cls(**{"subsample" if key == SUBSAMPLE_KEY else key: record[key] for key in record})


@dataclass(frozen=True, eq=False)
class Views:
    """The images of one target in one part; they are `encoders.training.loading.Examples`.

    Attributes
    ----------
    dataset : TaskonomyDataset
        The data set, with all buildings.
    task : str
        The target.
    numbers : (N,) integer array
        Numbers of this part's examples in ``dataset``.
    """

    dataset: TaskonomyDataset
    task: str
    numbers: Integers

    def __len__(self) -> int:
        return len(self.numbers)

    def batch(self, indices: Sequence[int] | Integers) -> tuple[Tensor, Tensor, Tensor]:
        """Return inputs, targets and masks of some images, as `TaskonomyDataset.batch` does."""
        return self.dataset.batch(self.task, self.numbers[np.asarray(indices, dtype=np.int64)])

    def pictures(self, indices: ArrayLike) -> Integers:
        """Return (B, n) rows of the data set's index: each view's own row, then its partners'."""
        numbers = self.numbers[np.asarray(indices, dtype=np.int64)]
        return self.dataset.pictures(self.task, numbers)

    def images(self) -> list[str]:
        """Return the names of the views, such as ``building_0003/point_1_view_0``."""
        return [self.dataset.image(int(number)) for number in self.numbers]


@dataclass(frozen=True, eq=False)
class TransferData:
    """The examples of one target for training, validation and test."""

    task: Task
    train: Views
    valid: Views
    test: Views

    @property
    def constants(self) -> Mapping[str, Any]:
        """Return the constants that standardize the targets, of the encoders' training split."""
        return self.train.dataset.constants.get(self.task.name) or {}


@functools.lru_cache(maxsize=32)
def open_transfer_data(config: TransferDataConfig, task: str) -> TransferData:
    """Return the images of one target, given by its name; cached.

    Raises
    ------
    InvalidDataError
        If a file is missing or broken, or the ``val`` split has fewer than two buildings.
    """
    fitted = TaskonomyDataset(
        config.data,
        [config.task(task)],
        "train",
        size=config.size,
        splits=config.splits,
        progress=False,
        listing=config.listing,
        skip_broken=config.skip_broken,
    )
    [task] = fitted.tasks
    dataset = fitted.of_split(ALL)
    train, valid, test = (
        Views(dataset, task, numbers) for numbers in parts(config, dataset.index.buildings, dataset)
    )
    return TransferData(dataset.tasks[task], train, valid, test)


def parts(
    config: TransferDataConfig, buildings: Sequence[str], dataset: TaskonomyDataset
) -> tuple[Integers, Integers, Integers]:
    """Return the numbers of the examples for training, validation and test."""
    names, rows = buildings_of(config, buildings), dataset.rows

    def of(part: str, count: int) -> Integers:
        """Return at most ``count`` numbers of a part's examples, evenly spread."""
        available = np.flatnonzero(np.isin(rows, dataset.index.rows_of(names[part])))
        return evenly(available, count)

    chosen = of("train", config.train)[:: config.subsample]
    return chosen, of("valid", config.valid), of("test", config.test)


def buildings_of(
    config: TransferDataConfig, buildings: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """Return the sorted buildings of each part: ``train``, ``valid`` and ``test``."""
    split = split_buildings(buildings, splits_of(Path(config.data), config.splits))
    train, valid = divided(split["val"], config.seed)
    return {"train": tuple(train), "valid": tuple(valid), "test": split["test"]}


def divided(buildings: Sequence[str], seed: int) -> tuple[list[str], list[str]]:
    """Divide buildings into those for training and those for validation; both sorted.

    Raises
    ------
    InvalidDataError
        If there are fewer than two.
    """
    if len(buildings) < 2:
        raise InvalidDataError(
            f"the val split has {len(buildings)} building(s), expected 2 or more: transfers are "
            "trained on some and selected on others; use a data set of at least 10 buildings"
        )
    order = np.random.default_rng(np.random.SeedSequence([seed])).permutation(len(buildings))
    held = max(1, len(buildings) // HELD)
    shuffled = [buildings[number] for number in order]
    return sorted(shuffled[held:]), sorted(shuffled[:held])


def evenly(numbers: Integers, count: int) -> Integers:
    """Return ``count`` of the numbers at even distances, or all if there are no more."""
    if count >= len(numbers):
        return numbers
    places = (np.arange(count) + 0.5) * len(numbers) / count
    return numbers[places.astype(np.int64)]
