"""Sizes that the whole pipeline comes in, as values: ``smoke``, ``cpu`` and ``full``."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from encoders.bank.training import BankConfig, trainable
from encoders.networks import PRESETS
from encoders.scenes.making.settings import Settings
from encoders.tasks import TASKS
from encoders.training.fit import FitConfig
from encoders.transfer.data import PoolConfig
from encoders.transfer.measure import TransferConfig
from encoders.transfer.settings import SweepConfig

RANDOM = "random"


@dataclass(frozen=True)
class Plan:
    """What to make, train, measure and solve.

    Attributes
    ----------
    name, purpose : str
    scenes : Settings
        Of the data set.
    preset : str
        Of the networks.
    train, transfer : FitConfig
        Of the encoders, and of the read-outs.
    images : (train, valid, test)
        Images of a transfer.
    budget : float
        Of the taxonomy that is solved at the end.
    tasks : tuple of str
        Those that are trained; all of the dictionary by default.
    max_order, candidates, screen
        Of `encoders.transfer.settings.SweepConfig`.
    epochs_of : mapping of int
        Epochs of the tasks that are trained longer or shorter than ``train`` says.
    references : bool
        Whether the bank's own references (average, random) are trained too.
    """

    name: str
    purpose: str
    scenes: Settings
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

    def seeded(self, seed: int) -> Plan:
        """The same with another seed, of the scenes, the weights and the order alike."""
        return dataclasses.replace(
            self,
            scenes=dataclasses.replace(self.scenes, seed=seed),
            train=dataclasses.replace(self.train, seed=seed),
            transfer=dataclasses.replace(self.transfer, seed=seed),
        )

    def threaded(self, threads: int) -> Plan:
        """The same with another number of threads a job."""
        return dataclasses.replace(
            self,
            train=dataclasses.replace(self.train, threads=threads),
            transfer=dataclasses.replace(self.transfer, threads=threads),
        )

    def bank(self, data: Path) -> tuple[list[str], BankConfig]:
        """The tasks to train, and how."""
        return trainable(self.tasks), BankConfig(
            str(data), self.preset, self.train, self.references, epochs_of=self.epochs_of
        )

    def sweep(self, data: Path, bank: Path) -> SweepConfig:
        """The transfers to measure."""
        trained = trainable(self.tasks)
        size = PRESETS[self.preset].size
        train, valid, test = self.images
        pool = PoolConfig(str(data), size, train, valid, test, seed=self.transfer.seed)
        return SweepConfig(
            TransferConfig(str(bank), pool, self.transfer, self.preset),
            targets=tuple(name for name in trained if not TASKS[name].source_only),
            sources=(*trained, RANDOM),
            max_order=self.max_order,
            candidates=self.candidates,
            screen=self.screen,
        )


SMOKE = Plan(
    "smoke",
    "six tasks on few images, in minutes: shows how everything works, and measures little",
    Settings(buildings=24, views=16, size=64, seed=0, domain="day"),
    preset="tiny",
    train=FitConfig(epochs=3, batch=16),
    transfer=FitConfig(epochs=2, batch=16),
    images=(64, 16, 64),
    budget=2,
    tasks=("autoencoder", "edge2d", "rgb2depth", "rgb2sfnorm", "reshade", "class_places"),
    max_order=2,
    references=False,
)

CPU = Plan(
    "cpu",
    "all 26 tasks at 64 pixels, in hours on two cores",
    Settings(buildings=200, views=100, size=64, seed=0, domain="day"),
    preset="tiny",
    train=FitConfig(epochs=3, batch=32),
    # Learned late: after 3 epochs they hardly beat a constant or a random encoder.
    epochs_of={
        "class_1000": 10,
        "class_places": 10,
        "fix_pose": 8,
        "keypoint3d": 8,
        "non_fixated_pose": 16,
    },
    # Many small steps: at one price, batches of 8 leave smaller losses than of 16 or 32.
    transfer=FitConfig(epochs=2, batch=8, learning_rate=3e-3),
    images=(1000, 200, 1000),
    screen=1,
)

FULL = Plan(
    "full",
    "all 26 tasks at 128 pixels and 16,000 images a transfer, for GPUs or a cluster",
    Settings(buildings=1200, views=100, size=128, seed=0, domain="day"),
    preset="base",
    train=FitConfig(epochs=20, batch=64, workers=4),
    transfer=FitConfig(epochs=20, batch=64, workers=2),
    images=(13000, 4000, 17000),
)

PLANS: dict[str, Plan] = {plan.name: plan for plan in (SMOKE, CPU, FULL)}
