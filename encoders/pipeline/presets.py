"""The presets of the whole pipeline: ``smoke``, ``cpu`` and ``full``."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from encoders.bank.config import BankConfig, trainable
from encoders.dataset.overlap import UNTRAINED
from encoders.networks import PRESETS
from encoders.scenes.making.settings import WorldSettings
from encoders.tasks import Task
from encoders.tasks.own import joined_own
from encoders.training.config import FitConfig
from encoders.transfer.data import TransferDataConfig
from encoders.transfer.pruning import Halving
from encoders.transfer.repeats import SeedPlan
from encoders.transfer.scratch import ScratchConfig, ScratchGrid
from encoders.transfer.settings import SweepConfig, TransferConfig


@dataclass(frozen=True)
class PipelineConfig:
    """The settings of every stage of the pipeline.

    Attributes
    ----------
    name : str
        Name of the preset.
    purpose : str
        One line about what the preset is for, shown in the report.
    scenes : WorldSettings
        Settings of the data set that is made.
    preset : str
        Size of the networks and pictures, a key of `encoders.networks.PRESETS`.
    train, transfer : FitConfig
        How the encoders and how the read-outs are trained.
    images : (int, int, int)
        Number of images that a transfer is trained, selected and tested on.
    budget : float
        Budget of the taxonomy that is solved at the end.
    tasks : tuple of str
        Tasks to train; all tasks of the dictionary by default.
    own : tuple of Task
        Tasks of one's own, which are trained too.
    max_order, candidates, screen, pruning, scratch_grid
        As in `encoders.transfer.settings.SweepConfig`.
    seeds : SeedPlan
        Which transfers are measured with further seeds.
    scratch : ScratchConfig, optional
        How ``scratch`` is trained, where not as the read-outs are.
    epochs_of : mapping of int
        Number of epochs, by task, for the tasks that need another number than ``train`` has.
    references : bool
        Whether the bank's references (average and random) are trained as well.
    """

    name: str
    purpose: str
    scenes: WorldSettings
    preset: str
    train: FitConfig
    transfer: FitConfig
    images: tuple[int, int, int]
    budget: float = 5
    tasks: tuple[str, ...] = ()
    max_order: int = 5
    epochs_of: Mapping[str, int] = field(default_factory=dict)
    references: bool = True
    candidates: str = "best5"
    screen: int = 0
    own: tuple[Task, ...] = ()
    pruning: Halving | None = None
    seeds: SeedPlan = field(default_factory=SeedPlan)
    scratch: ScratchConfig | None = None
    scratch_grid: ScratchGrid | None = None

    def with_tasks(self, own: Sequence[Task]) -> PipelineConfig:
        """Return the same settings with further tasks of one's own."""
        return dataclasses.replace(self, own=joined_own(self.own, own))

    def with_seed(self, seed: int) -> PipelineConfig:
        """Return the same settings with another seed of the scenes, the weights and the order."""
        return dataclasses.replace(
            self,
            scenes=dataclasses.replace(self.scenes, seed=seed),
            train=dataclasses.replace(self.train, seed=seed),
            transfer=dataclasses.replace(self.transfer, seed=seed),
        )

    def with_threads(self, threads: int) -> PipelineConfig:
        """Return the same settings with another number of threads for each job."""
        return dataclasses.replace(
            self,
            train=dataclasses.replace(self.train, threads=threads),
            transfer=dataclasses.replace(self.transfer, threads=threads),
        )

    def bank(self, data: Path) -> tuple[list[str], BankConfig]:
        """Return the tasks to train on the folder ``data``, and the configuration of the bank."""
        names = [*trainable(self.tasks), *(task.name for task in self.own)]
        return names, BankConfig(
            str(data),
            self.preset,
            self.train,
            self.references,
            epochs_of=self.epochs_of,
            own=self.own,
        )

    def sweep(self, data: Path, bank: Path) -> SweepConfig:
        """Return the configuration of the sweep from the folder ``bank`` on the folder ``data``."""
        trained = self.bank(data)[0]
        size = PRESETS[self.preset].size
        train, valid, test = self.images
        pool = TransferDataConfig(str(data), size, train, valid, test, seed=self.transfer.seed)
        pool = pool.with_own(self.own)
        return SweepConfig(
            TransferConfig(str(bank), pool, self.transfer, self.preset, self.scratch),
            targets=tuple(name for name in trained if not pool.task(name).source_only),
            sources=(*trained, UNTRAINED),
            max_order=self.max_order,
            candidates=self.candidates,
            screen=self.screen,
            pruning=self.pruning,
            scratch_grid=self.scratch_grid,
        )


SMOKE = PipelineConfig(
    "smoke",
    "six tasks on few images, in minutes: shows how the pipeline works; its numbers mean little",
    WorldSettings(buildings=24, views=16, size=64, seed=0, domain="day"),
    preset="tiny",
    train=FitConfig(epochs=3, batch=16),
    transfer=FitConfig(epochs=2, batch=16),
    images=(64, 16, 64),
    budget=2,
    tasks=("autoencoder", "edge2d", "rgb2depth", "rgb2sfnorm", "reshade", "class_places"),
    max_order=2,
    references=False,
)

CPU = PipelineConfig(
    "cpu",
    "all 26 tasks at 64 pixels, in hours on two cores",
    WorldSettings(buildings=200, views=100, size=64, seed=0, domain="day"),
    preset="tiny",
    # Each task stops when its validation loss no longer falls: none has epochs of its own.
    train=FitConfig(epochs=40, batch=32, patience=3),
    # Many small steps: at one price, batches of 8 leave smaller losses than of 16 or 32. Patience
    # and rates have the smallest validation losses of those that were tried on five targets.
    transfer=FitConfig(epochs=36, batch=8, learning_rate=6e-3, patience=3, min_delta=0.005),
    scratch=ScratchConfig(epochs=60, learning_rate=3e-3),
    images=(1000, 400, 1000),
)

FULL = PipelineConfig(
    "full",
    "all 26 tasks at 128 pixels and 16,000 images a transfer, for GPUs or a cluster",
    WorldSettings(buildings=1200, views=100, size=128, seed=0, domain="day"),
    preset="base",
    train=FitConfig(epochs=20, batch=64, workers=4),
    transfer=FitConfig(epochs=20, batch=64, workers=2),
    images=(13000, 4000, 17000),
)

PIPELINE_PRESETS = {config.name: config for config in (SMOKE, CPU, FULL)}
