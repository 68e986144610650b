"""The form of a decoder's output: a map, a vector, or logits of classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from encoders.errors import InvalidNetworkError

KINDS = ("pixels", "vector", "classes")
ACTIVATIONS = ("none", "tanh")
SCALES = (1.0, 0.25)


@dataclass(frozen=True)
class OutputSpec:
    """The form of a network's output: maps, vectors or classes, and their number.

    Attributes
    ----------
    kind : "pixels", "vector" or "classes"
        (B, size, H, W) maps, (B, size) numbers, or (B, size) logits of an image's class.
        Logits of each pixel's class are "pixels", with one channel for each class.
    size : int
        Number of channels, numbers or classes.
    scale : 1 or 1/4
        The side of the maps divided by the side of the picture; 1/4 for colorization.
    activation : "none" or "tanh"
        Of the last layer: "tanh" for maps in [-1, 1], "none" for logits, embeddings and vectors.
    layers : int
        Number of fully connected layers of a head for a vector or classes, including the last
        one; 2 or 3 in the paper.
    narrow : int
        Divisor of the preset's hidden width: in the paper, 2 for ego-motion (1024 of 2048) and 8
        for matching (256).
    compare : bool
        Whether a head also gets the absolute differences between successive pictures'
        representations. The paper's heads do not: they learn to compare from 120,000 pictures.
    """

    kind: Literal["pixels", "vector", "classes"]
    size: int
    scale: float = 1.0
    activation: Literal["none", "tanh"] = "none"
    layers: int = 2
    narrow: int = 1
    compare: bool = False

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("kind", self.kind, KINDS),
            ("activation", self.activation, ACTIVATIONS),
            ("scale", self.scale, SCALES),
        ):
            if value not in allowed:
                raise InvalidNetworkError(
                    f"an output's {name} is {value!r}; choose one of "
                    + ", ".join(map(repr, allowed))
                )
        for name in ("size", "layers", "narrow"):
            if getattr(self, name) < 1:
                raise InvalidNetworkError(
                    f"an output's {name} is {getattr(self, name)}, expected at least 1"
                )
        if self.kind != "pixels" and self.scale != 1:
            raise InvalidNetworkError(f"a {self.kind} output has no scale; leave it at 1")
