"""The training of `FineTuned`: on images, on crops of them, or on features of frozen layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.finetune.crops import TESTED as TESTED_SIDE
from benchmarks.finetune.crops import CropBatches, middle_squares, scaled
from benchmarks.finetune.inputs import Images, chosen_images
from benchmarks.finetune.protocols import TrainingProtocol
from benchmarks.finetune.views import middle_scores
from benchmarks.learning.accuracy import top1
from benchmarks.learning.batches import BatchSource, TensorBatches
from benchmarks.learning.classifier import Classifier, image_tensor
from benchmarks.learning.config import LoopConfig
from benchmarks.learning.features import cached_features
from benchmarks.learning.history import History
from benchmarks.learning.loop import train_networks
from benchmarks.learning.prediction import outputs
from benchmarks.learning.rates import RateGroup
from benchmarks.learning.subsets import nested_order
from taskgraph.arrays import Array, Integers, Pixels

LabeledInputs = tuple[Images, Integers]
"""Images, and the places of their labels among the classes."""


@dataclass(frozen=True)
class ImageFit:
    """A training of a classifier, in place.

    Attributes
    ----------
    model : Classifier
    config : LoopConfig
    protocol : TrainingProtocol
    groups : callable
        From the module that is trained, the model or its head, to its groups of learning rates.
    head_only : bool
        Whether all layers below the head are frozen. Without augmentation their features are then
        computed once.
    features : Path or None
        Folder in which such features are kept between runs.
    """

    model: Classifier
    config: LoopConfig
    protocol: TrainingProtocol
    groups: Callable[[nn.Module], Sequence[RateGroup]]
    head_only: bool
    features: Path | None

    def train(self, train: LabeledInputs, val: LabeledInputs) -> History:
        """Train on labeled images; the validation images may be none."""
        labels = torch.from_numpy(np.asarray(train[1], np.int64))
        if self.protocol.crops:
            return self._train_on_crops(train[0], labels, val)
        trained: nn.Module = self.model
        size = image_side(self.model)
        inputs = [
            image_tensor(fitting_squares(each, size, self.protocol)) for each in (train[0], val[0])
        ]
        if self.head_only and self.protocol.augment is None:
            trained, inputs = self.model.head, [self._featured(each) for each in inputs]
        batches = TensorBatches(
            (inputs[0], labels), self.config.batch, self.config.seed, self.protocol.augment
        )
        history = self._run(
            trained, batches, lambda: outputs(trained, inputs[1], self.config), val[1]
        )
        self.model.eval()
        return history

    def _train_on_crops(self, images: Images, labels: Tensor, val: LabeledInputs) -> History:
        """Train on random crops; validate on middle squares."""
        size = image_side(self.model)
        batches = CropBatches(images, labels, size, self.config.batch, self.config.seed)
        shorter = scaled(TESTED_SIDE, size)
        return self._run(
            self.model,
            batches,
            lambda: middle_scores(self.model, val[0], size, shorter, self.config),
            val[1],
        )

    def _featured(self, images: Tensor) -> Tensor:
        """Return what the frozen layers give for images; no images stay none."""
        if not len(images):
            return images
        return torch.from_numpy(
            cached_features(self.model.backbone, images, self.config, self.features)
        )

    def _run(
        self,
        trained: nn.Module,
        batches: BatchSource,
        score: Callable[[], Array],
        labels: Integers,
    ) -> History:
        """Run the training loop on the network or on its head alone."""

        def loss(batch: tuple[Tensor, Tensor], _progress: float) -> Tensor:
            """Return the mean cross-entropy."""
            return F.cross_entropy(trained(batch[0]), batch[1])

        validate = (lambda: top1(score(), labels)) if len(labels) else None
        groups = self.groups(trained)
        return train_networks(trained, loss, batches, self.config, groups=groups, validate=validate)


def image_side(model: Classifier) -> int:
    """Return the side of the images that the network gets, in pixels."""
    size = model.backbone.preparation.size
    assert size is not None
    return size


def fitting_squares(images: Images, size: int, protocol: TrainingProtocol) -> Pixels:
    """Return images as one array; those of other sizes than augmentation needs are resized."""
    fits = protocol.augment is None or np.shape(images[0])[:2] == (size, size)
    if isinstance(images, np.ndarray) and fits:
        return images
    return middle_squares(images, size)


def divided(
    images: Images, labels: Integers, share: float, seed: int
) -> tuple[LabeledInputs, LabeledInputs]:
    """Return images to train on, of all classes, and a share of the images to validate on."""
    order = nested_order(labels, seed)
    spare = len(labels) - len(np.unique(labels))
    count = min(round(share * len(labels)), spare)
    rows = np.sort(order[: len(order) - count]), np.sort(order[len(order) - count :])
    first, second = ((chosen_images(images, part), labels[part]) for part in rows)
    return first, second
