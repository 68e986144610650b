"""The examples that a task's network is trained, selected and tested on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from encoders.bank.config import BankConfig
from encoders.dataset import TaskonomyDataset
from encoders.dataset.buildings import building_hashes
from encoders.dataset.manifest import origin_of
from encoders.networks import PRESETS
from encoders.tasks import Task
from taskgraph.tables.formats import FilePath


@dataclass(frozen=True)
class TaskSplits:
    """The train, validation and test examples of a task.

    Attributes
    ----------
    task : Task
        Its number of classes is filled in.
    train, valid, test : TaskonomyDataset
    """

    task: Task
    train: TaskonomyDataset
    valid: TaskonomyDataset
    test: TaskonomyDataset

    @classmethod
    def open(
        cls,
        root: FilePath,
        name: str | Task,
        size: int,
        splits: str | None = None,
        *,
        listing: str | None = None,
        skip_broken: bool = False,
    ) -> TaskSplits:
        """List the data set's files once, for all three splits.

        All three are standardized with constants fitted on the train split. ``listing`` and
        ``skip_broken`` are those of `TaskonomyDataset`.
        """
        train = TaskonomyDataset(
            root,
            [name],
            "train",
            size=size,
            splits=splits,
            progress=False,
            listing=listing,
            skip_broken=skip_broken,
        )
        [task] = train.tasks.values()
        return cls(task, train, train.of_split("val"), train.of_split("test"))

    @classmethod
    def of_bank(cls, config: BankConfig, name: str) -> TaskSplits:
        """Open the data that a bank's configuration names, at the size of its preset."""
        return cls.open(
            config.data,
            config.task(name),
            PRESETS[config.preset].size,
            config.splits,
            listing=config.listing,
            skip_broken=config.skip_broken,
        )

    @property
    def constants(self) -> Mapping[str, Any]:
        """Return the constants that standardize the task's targets; empty if it has none."""
        return self.train.constants.get(self.task.name) or {}

    def origin(self) -> dict[str, Any]:
        """Return the data set's content hash and, if we made it, its settings and its own hash."""
        known = origin_of(self.train.index.root) or {"views": len(self.train)}
        return {**known, "content": self.train.content}

    def trained_buildings(self) -> dict[str, list[str]]:
        """Return hashes of each building of the train split, by name.

        The hashes identify a building in other data sets (`encoders.dataset.buildings`).
        """
        index = self.train.index
        names = [index.buildings[number] for number in np.unique(index.building[self.train.rows])]
        return {name: list(hashes) for name, hashes in building_hashes(index, names).items()}
