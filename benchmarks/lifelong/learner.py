"""The state of one lifelong learner: its network, its exemplar sets, and what it has seen."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.learning.augment import crop, crop_and_flip
from benchmarks.learning.batches import BatchAugmentation
from benchmarks.learning.classifier import (
    Backbone,
    Classifier,
    Preparation,
    classifier,
    linear_head,
)
from benchmarks.learning.config import LoopConfig
from benchmarks.learning.prediction import outputs
from benchmarks.learning.resnet import resnet
from benchmarks.learning.starts import Start
from benchmarks.lifelong.variants import Variant
from encoders.engines import with_threads
from encoders.errors import InvalidDataError
from taskgraph.arrays import Floats32

AUGMENTATIONS: dict[str, BatchAugmentation | None] = {
    "none": None,
    "crop": crop,
    "crop-flip": crop_and_flip,
}


@dataclass(frozen=True, eq=False)
class ExemplarSet:
    """The stored images of one class, the best first.

    Attributes
    ----------
    label : int
    images : (m, C, H, W) tensor of bytes
    """

    label: int
    images: Tensor

    def __len__(self) -> int:
        return len(self.images)


@dataclass
class Learner:
    """The state of a strategy after some steps.

    Attributes
    ----------
    network : Classifier
        Its head has one output for each class seen, or for all classes of the stream.
    start : Start
        The network with which the stream begins.
    variant : Variant
    classes : int
        Number of classes of the whole stream.
    memory : int
        K, the most images in all exemplar sets together.
    config : LoopConfig
        Of the training of one step. Its seed is the learner's.
    augment : callable or None
    seen : int
        Number of classes seen; they are the first ones.
    steps : int
        Number of steps learned.
    seconds : float
        Duration of the training of the last step.
    exemplars : list of `ExemplarSet`
        One for each class; where a known class arrives again in another step, one for each arrival.
    """

    network: Classifier
    start: Start
    variant: Variant
    classes: int
    memory: int
    config: LoopConfig
    augment: BatchAugmentation | None = None
    seen: int = 0
    steps: int = 0
    seconds: float = 0.0
    exemplars: list[ExemplarSet] = field(default_factory=list)

    def features(self, images: Tensor) -> Floats32:
        """Return (N, D) features of images, not normalized."""
        return outputs(self.network.backbone, images, self.config)

    def scores(self, features: Floats32) -> Floats32:
        """Return the (N, seen) scores of features."""
        return _head_scores(self.network.head, features, self.config)[:, : self.seen]

    def step_config(self) -> LoopConfig:
        """Return the configuration of the training of the next step, with that step's seed."""
        seed = np.random.SeedSequence([self.config.seed, self.steps]).generate_state(1)[0]
        return replace(self.config, seed=int(seed >> 1))

    def grow(self, seen: int) -> None:
        """Add outputs for classes that arrive; the weights of the others stay."""
        head = self.network.head
        assert isinstance(head, nn.Linear)
        wanted = self.classes if self.variant.all_outputs else seen
        if wanted > head.out_features:
            larger = linear_head(head.in_features, wanted, seed=self.step_config().seed)
            larger.to(head.weight.device)
            with torch.no_grad():
                larger.weight[: head.out_features] = head.weight
                larger.bias[: head.out_features] = head.bias
            self.network.head = larger
        self.seen = seen

    @property
    def stored(self) -> int:
        """Return the number of images in all exemplar sets."""
        return sum(map(len, self.exemplars))

    @property
    def stored_bytes(self) -> int:
        """Return the bytes of the images in all exemplar sets."""
        return sum(each.images.numel() for each in self.exemplars)

    @property
    def parameters(self) -> int:
        """Return the number of parameters of the network."""
        return sum(value.numel() for value in self.network.parameters())


def new_learner(
    start: Start,
    variant: Variant,
    *,
    classes: int,
    memory: int,
    config: LoopConfig,
    channels: int,
    augment: BatchAugmentation | None = None,
    mean_image: Tensor | None = None,
) -> Learner:
    """Return a learner that has seen nothing.

    Parameters
    ----------
    start : Start
    variant : Variant
        Its weight decay and augmentation override those of the other arguments.
    classes : int
        Number of classes of the stream.
    memory : int
        K.
    config : LoopConfig
    channels : int
        Channels of the images.
    augment : callable, optional
        Augmentation of training images.
    mean_image : (C, H, W) tensor in [0, 255], optional
        Subtracted from images by the variant with ``pixel_mean``; see `mean_of_images`.

    Raises
    ------
    InvalidDataError
        If ``memory`` is negative.
    """
    if memory < 0:
        raise InvalidDataError(f"the memory K is {memory}, expected at least 0 (--memory)")
    config = replace(config, weight_decay=config.weight_decay * variant.decay_factor)
    backbone = build_backbone(start, variant, channels, config.seed)
    if variant.pixel_mean and mean_image is not None:
        backbone.preparation.mean = mean_image
        backbone.preparation.scale = torch.full((backbone.preparation.channels, 1, 1), 255.0)
    return Learner(
        classifier(backbone, classes if variant.all_outputs else 1, seed=config.seed),
        start,
        variant,
        classes,
        memory,
        config,
        crop_and_flip if variant.augment else augment,
    )


def build_backbone(start: Start, variant: Variant, channels: int, seed: int) -> Backbone:
    """Build a start for images of some channels, without the last ReLU where the variant says so.

    Only residual networks from scratch have such a ReLU to leave out.
    """
    wanted = channels if start.any_channels else None
    depth = re.fullmatch(r"scratch:resnet(\d+)", start.name)
    if variant.final_relu or depth is None:
        return start.build(seed=seed, channels=wanted)
    preparation = Preparation(start.size, start.mean, start.std, channels=channels, gray=start.gray)
    return Backbone(preparation, resnet(int(depth[1]), channels, final_relu=False, seed=seed))


def mean_of_images(images: Tensor, start: Start, *, batch: int = 1024) -> Tensor:
    """Return the mean of images, resized as the network's are, (C, H, W) in [0, 255]."""
    channels = images.shape[1] if start.any_channels else start.channels
    resized = Preparation(start.size, (0.0,) * 3, (1.0,) * 3, channels=channels)
    parts = [resized(part).double().sum(0) for part in torch.split(images, batch)]
    return (255 * torch.stack(parts).sum(0) / len(images)).float()


@with_threads
@torch.no_grad()
def _head_scores(head: nn.Module, features: Floats32, config: LoopConfig) -> Floats32:
    """Return the scores of a head for features."""
    training = head.training
    head.to(config.chosen_device()).eval()
    scores = head(torch.from_numpy(features).to(config.chosen_device())).float().cpu().numpy()
    head.train(training)
    values: Floats32 = scores
    return values
