"""The user's pictures and settings, checked before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.data.data import TRAIN, VAL
from benchmarks.finetune.crops import middle_squares
from benchmarks.finetune.estimator import FineTuned
from benchmarks.finetune.inputs import Images, chosen_images
from benchmarks.finetune.own_settings import OwnSettings
from benchmarks.finetune.pictures import SPLITS, PictureSet, find_pictures
from benchmarks.learning.subsets import nested_subset
from encoders.errors import InvalidDataError, TrainingError
from encoders.networks.zoo import import_timm, import_torchvision
from taskgraph.arrays import Integers
from taskgraph.cli.output import note

FEATURES = "features"


@dataclass(frozen=True, eq=False)
class OwnTask:
    """The user's pictures in memory or in files, and the settings of a run.

    Attributes
    ----------
    settings : OwnSettings
    pictures : PictureSet
    images : mapping from the name of a split to images
    estimator : FineTuned
        Not trained; its random state and learning rate are to be set.
    out : Path
    """

    settings: OwnSettings
    pictures: PictureSet
    images: Mapping[str, Images]
    estimator: FineTuned
    out: Path

    def labels(self, split: str) -> Integers:
        """Return the labels of a split as numbers."""
        return self.pictures.labels[self.pictures.splits[split]]

    def names(self, split: str) -> Any:
        """Return the labels of a split as names of classes."""
        return np.array(self.pictures.classes)[self.labels(split)]

    def train(self, count: int, seed: int, rate: float | None) -> FineTuned:
        """Return a classifier that was trained on these training pictures."""
        from sklearn.base import clone

        labels = self.labels(TRAIN)
        rows = nested_subset(labels, count, seed)
        estimator: FineTuned = clone(self.estimator)
        estimator.set_params(random_state=seed, learning_rate=rate)
        estimator.fit(
            chosen_images(self.images[TRAIN], rows),
            self.names(TRAIN)[rows],
            validation=(self.images[VAL], self.names(VAL)),
        )
        return estimator


def checked_task(settings: OwnSettings, place: Path, out: Path) -> OwnTask:
    """Check everything that the user gives, and decode the pictures.

    The settings come first, then the pictures' names and heads, then the network, and last the
    content of the pictures.
    """
    if settings.seeds < 1:
        raise TrainingError(f"--seeds is {settings.seeds}, expected at least 1")
    estimator = make_estimator(settings, out)
    estimator.loop_config().chosen_device()
    for rate in settings.rates:
        replace(
            estimator.loop_config(), learning_rate=rate
        )  # its check; a bad one is no divergence
    pictures = find_pictures(place)
    labeled = len(pictures.splits[TRAIN])
    wrong = [n for n in settings.sizes if not len(pictures.classes) <= n <= labeled]
    if wrong:
        raise InvalidDataError(
            f"--sizes has {wrong[0]}, expected {len(pictures.classes)} (one a class) to {labeled}, "
            "the number of training pictures"
        )
    if len(settings.rates) > 1 and not len(pictures.splits[VAL]):
        raise InvalidDataError(
            f"{place} has too few pictures for validation, which chooses between --rates; give one "
            "rate"
        )
    _announce_download(settings)
    network = estimator.build(len(pictures.classes))
    gray = network.backbone.preparation.channels == 1
    images: dict[str, Images] = {}
    for split in SPLITS:
        files = pictures.files(split, gray=gray)
        crops = estimator.training_protocol().crops
        images[split] = files if crops else middle_squares(files, estimator.side(network))
    note(_summary(place, pictures, estimator.side(network)))
    return OwnTask(settings, pictures, images, estimator, out)


def make_estimator(settings: OwnSettings, out: Path) -> FineTuned:
    """Return the classifier of the settings, not trained."""
    if settings.freeze and settings.freeze_first is not None:
        raise TrainingError("--freeze freezes all kept layers; leave out --freeze-first")
    return FineTuned(
        settings.start,
        keep=settings.keep,
        freeze=settings.freeze if settings.freeze_first is None else settings.freeze_first,
        weights=settings.weights,
        bank=settings.bank,
        channels=settings.channels,
        size=settings.size,
        hidden=settings.hidden,
        protocol=settings.protocol,
        steps=settings.steps,
        batch=settings.batch,
        learning_rate=settings.rates[0] if settings.rates else None,
        head_ratio=settings.head_ratio,
        layer_decay=settings.layer_decay,
        cache=str(out / FEATURES),
        device=settings.device,
        threads=settings.threads,
    )


def _announce_download(settings: OwnSettings) -> None:
    """Say that weights will be downloaded, which takes a while without a network.

    For a model that does not exist nothing is said, since making it raises the error.
    """
    if settings.weights is None and settings.bank is None and _is_published(settings.start):
        note(
            f"downloading the published weights of {settings.start} unless they are here; without "
            "a network give a file with --weights, or --weights random"
        )


def _is_published(start: str) -> bool:
    """Return whether a start is a model that timm or torchvision has."""
    package, _, model = start.partition(":")
    if package == "timm":
        return bool(import_timm().is_model(model.split(".")[0]))
    if package == "torchvision":
        models = import_torchvision().models
        return model in models.list_models(module=models)
    return False


def _summary(place: Path, pictures: PictureSet, size: int) -> str:
    """Return what was found, in one line."""
    counts = ", ".join(f"{len(pictures.splits[split])} {split}" for split in SPLITS)
    return f"{place}: {len(pictures.classes)} classes; {counts}; resized to {size} x {size}"
