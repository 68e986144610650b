"""Protocols for training a user's network: a short default, and ResNet's published ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from benchmarks.learning.augment import crop_and_flip
from benchmarks.learning.batches import BatchAugmentation


@dataclass(frozen=True)
class TrainingProtocol:
    """Settings of a training that belong together.

    Attributes
    ----------
    about : str
        What it is, in one line.
    config : mapping
        Fields of `LoopConfig`; ``steps``, ``batch`` and ``learning_rate`` among them.
    head_ratio : float
        The head's learning rate, as a multiple of the backbone's.
    evaluations : int or None
        Number of evaluations on validation data; None: one an epoch.
    size : int or None
        Pixels of the images; None: the start's own.
    augment : callable, optional
        Of a batch of byte images.
    crops : bool
        Whether pictures are read one by one, cropped at random (`random_crop`), and tested with
        `ten_crops`.
    """

    about: str
    config: Mapping[str, Any]
    head_ratio: float = 1.0
    evaluations: int | None = None
    size: int | None = None
    augment: BatchAugmentation | None = field(default=None)
    crops: bool = False


RESNET: Mapping[str, Any] = MappingProxyType(
    {
        "optimizer": "sgd",
        "learning_rate": 0.1,
        "momentum": 0.9,
        "weight_decay": 1e-4,
        "decay_vectors": True,
        "factor": 0.1,
        "keep_best": False,
    }
)
"""What both protocols of He et al. 2015 share."""

PROTOCOLS: Mapping[str, TrainingProtocol] = MappingProxyType(
    {
        "short": TrainingProtocol(
            "AdamW, warm-up and cosine, a few hundred steps; the head learns 10 times faster",
            {
                "optimizer": "adamw",
                "learning_rate": 0.003,
                "steps": 200,
                "batch": 32,
                "clip": 1.0,
                "warmup": 0.1,
                "schedule": "cosine",
                "keep_best": True,
            },
            head_ratio=10.0,
            evaluations=10,
        ),
        "cifar": TrainingProtocol(
            "He et al. 2015, section 4.2: 64,000 steps of 128 images of 32 pixels, crop and flip",
            {
                **RESNET,
                "steps": 64_000,
                "batch": 128,
                "schedule": "milestones",
                "milestones": (0.5, 0.75),  # steps 32,000 and 48,000
            },
            size=32,
            augment=crop_and_flip,
        ),
        "imagenet": TrainingProtocol(
            "He et al. 2015, section 3.4: 600,000 steps of 256 crops of 224 pixels, ten crops",
            {
                **RESNET,
                "steps": 600_000,
                "batch": 256,
                "schedule": "plateau",
                "patience": 3,
            },
            size=224,
            crops=True,
        ),
    }
)
"""Protocols by the name that ``--protocol`` takes."""

WARM_STEPS, WARM_FACTOR = 400, 0.1
"""Steps in which the rate of the deepest networks is .01 in place of .1 in the protocol ``cifar``.

He et al. train 110 layers so until the training error is below 80 %, after about 400 steps.
"""
WARM_DEPTHS = ("scratch:resnet110", "scratch:resnet1202")


def protocol_values(name: str, start: str, steps: int | None) -> dict[str, Any]:
    """Return the fields of `LoopConfig` of a protocol, with another number of steps if given."""
    values = dict(PROTOCOLS[name].config)
    if steps is not None:
        values["steps"] = steps
    if name == "cifar" and start in WARM_DEPTHS:
        values["warmup"] = min(0.5, WARM_STEPS / values["steps"])
        values["warmup_factor"] = WARM_FACTOR
    return values
