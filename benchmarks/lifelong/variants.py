"""Variants of iCaRL, where the paper, its authors' code and today's practice differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

PAPER, OFFICIAL, MODERN = "paper", "official", "modern"


@dataclass(frozen=True)
class Variant:
    """A form of iCaRL. The defaults are the paper's (Rebuffi et al., CVPR 2017).

    Attributes
    ----------
    name : str
    loss : "sigmoid" or "softmax"
        Binary cross-entropy of sigmoid outputs; or cross-entropy of softmax outputs plus
        distillation with a temperature.
    temperature : float
        Of the distillation of softmax outputs.
    all_outputs : bool
        Whether the network has an output for every class of the stream from the first step on.
        Classes that have not arrived then have the target 0.
    decay_factor : float
        Factor of the weight decay. The authors' code penalizes wd |w|^2, whose gradient is 2 wd w.
    final_relu : bool
        Whether the last block of a residual network ends with a ReLU.
    herding : "greedy" or "walk"
        The paper's greedy rule, or the walk of the authors' code.
    round_up : bool
        Whether K / t is rounded up, so that the memory may exceed K.
    most_exemplars : int or None
        Most exemplars of a set.
    flipped_means : bool
        Whether the mean of a class also averages the horizontally flipped exemplars.
    augment : bool
        Whether images and exemplars are cropped and flipped anew in every epoch, whatever
        ``--augment`` says.
    pixel_mean : bool
        Whether the mean image of the training images is subtracted, without dividing by a
        deviation.
    distill_augmented : bool
        Whether the old network sees the augmented batch. Otherwise its outputs are computed once,
        for the images as they are.
    order_seed : int or None
        Seed of NumPy's legacy generator that draws all class orders one after the other.
    """

    name: str = PAPER
    loss: Literal["sigmoid", "softmax"] = "sigmoid"
    temperature: float = 1.0
    all_outputs: bool = False
    decay_factor: float = 1.0
    final_relu: bool = True
    herding: Literal["greedy", "walk"] = "greedy"
    round_up: bool = False
    most_exemplars: int | None = None
    flipped_means: bool = False
    augment: bool = False
    pixel_mean: bool = False
    distill_augmented: bool = False
    order_seed: int | None = None


VARIANTS: Mapping[str, Variant] = MappingProxyType(
    {
        PAPER: Variant(),
        OFFICIAL: Variant(
            OFFICIAL,
            all_outputs=True,
            decay_factor=2.0,
            final_relu=False,
            herding="walk",
            round_up=True,
            most_exemplars=500,
            flipped_means=True,
            augment=True,
            pixel_mean=True,
            distill_augmented=True,
            order_seed=1993,
        ),
        MODERN: Variant(MODERN, loss="softmax", temperature=2.0, distill_augmented=True),
    }
)
"""The variants by name. ``official`` is the Theano code that the authors published; ``modern`` is
the setting of PyCIL: softmax cross-entropy and distillation with temperature 2."""
