"""The configuration of a bank, and the networks that are trained for each task."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from encoders.tasks import TASKS, Task, tasks_named
from encoders.tasks.own import find_task, joined_own, split_own
from encoders.training.adversarial import AdversarialConfig
from encoders.training.config import FitConfig
from taskgraph.tasks import AVERAGE, SELF

RUNS = "runs"
"""Folder of a bank in which each training keeps its checkpoints and its log."""

RECORD_SUFFIX, LOSSES_SUFFIX = ".json", ".losses.parquet"
"""Endings of a task's files in a bank: its record, and its losses on the test images."""

VALID_LOSSES_SUFFIX = ".valid_losses.parquet"
"""Ending of the file of a task's losses on the validation images; earlier banks have none."""

RANDOM = "random"
"""Reference: a read-out trained on the representations of an untrained encoder."""


@dataclass(frozen=True)
class BankConfig:
    """The data and the settings that a bank is trained with.

    Attributes
    ----------
    data : str
        Folder of the data set.
    preset : str
        Size of the networks and of the pictures, a key of `encoders.networks.PRESETS`.
    fit : FitConfig
        Settings of every training; ``epochs_of`` replaces its epochs for some tasks.
    references : tuple of str or bool
        References of each task that are trained as well: `AVERAGE`, the best constant answer, and
        `RANDOM`, the read-out from the random encoder. True stands for both, False for none.
    adversarial : AdversarialConfig, optional
        Adds the paper's adversarial term to the loss of maps; the preset must have a
        discriminator.
    splits : str, optional
        A CSV file in Taskonomy's format that assigns buildings to train, validation and test
        (`encoders.dataset.split_buildings`). By default, 70, 15 and 15 % of them are drawn.
    epochs_of : mapping of int
        Number of epochs, by task, for the tasks (and their references) that need another number.
    tensorboard : bool
        Whether epochs are also logged for TensorBoard. Resuming with another value is allowed.
    own : tuple of Task
        Tasks that are not of the dictionary, which are then known by their names; `train_bank` adds
        those that it is given.
    listing : str, optional
        The folder in which the list of the data set's files is kept
        (`encoders.dataset.listing.keep_index`); by default every process lists the files itself.
    skip_broken : bool
        Whether views are left out of which a file cannot be read.
    """

    data: str
    preset: str = "tiny"
    fit: FitConfig = dataclasses.field(default_factory=FitConfig)
    references: tuple[str, ...] | bool = True
    adversarial: AdversarialConfig | None = None
    splits: str | None = None
    epochs_of: Mapping[str, int] = dataclasses.field(default_factory=dict)
    tensorboard: bool = False
    own: tuple[Task, ...] = ()
    listing: str | None = None
    skip_broken: bool = False

    def task(self, name: str) -> Task:
        """Return the task of a name, one's own included."""
        return find_task(name, self.own)

    def with_tasks(self, tasks: Sequence[str | Task]) -> tuple[list[str], BankConfig]:
        """Return the names of tasks, and the configuration that knows those of one's own."""
        names, own = split_own(tasks)
        return names, dataclasses.replace(self, own=joined_own(self.own, own))

    def fit_of(self, name: str) -> FitConfig:
        """Return ``fit`` with the task's own number of epochs."""
        return dataclasses.replace(self.fit, epochs=self.epochs_of.get(name, self.fit.epochs))

    def sources_of(self, name: str) -> tuple[str, ...]:
        """Return the networks to train and test for a task: its own, and its references.

        A source-only task has no read-out from the random encoder, as it is no target of
        transfers.
        """
        known = (AVERAGE,) if self.task(name).source_only else (AVERAGE, RANDOM)
        asked = self.references
        if isinstance(asked, bool):
            return (SELF, *known) if asked else (SELF,)
        return (SELF, *(one for one in known if one in asked))

    def epochs(self, names: Sequence[str]) -> int:
        """Return the number of epochs that these tasks and their references take in total."""
        return sum(len(self.sources_of(name)) * self.fit_of(name).epochs for name in names)


def trainable(names: Sequence[str] = ()) -> list[str]:
    """Return the named tasks, or all tasks, without the random projection, which is not trained."""
    tasks = tasks_named(list(names)) if names else list(TASKS.values())
    return [task.name for task in tasks if task.output is not None]
