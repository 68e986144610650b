"""What labels are made from: some views, their partners, and the numbers of their files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.random import Generator, SeedSequence

from encoders.codecs.encodings import to_value
from taskgraph.arrays import Array, Booleans, Floats32, Pixels

Info = Mapping[str, Any]
Made = tuple[Array, Array]
"""Targets (B, ...) and masks: (B, H, W) for pictures, (B,) for all else."""


def _unnamed(domain: str, number: int) -> str:
    return f"{domain} of view {number + 1}"


@dataclass(frozen=True, eq=False)
class Sample:
    """What the labels of B views are made from; n pictures a view.

    Attributes
    ----------
    size : int
        S, the side of the pictures.
    pictures : (B, n, S, S, 3) uint8 array
        Each view's own, then its partners'.
    raw : dict of arrays, (B, ...)
        By domain: what the files of the view itself hold (`encoders.codecs.encodings`).
    valid : (B, S, S) bool array
        Where the view saw anything.
    infos : tuple of B tuples of n ``point_info`` objects
        Empty tuples for tasks that do not ask for them.
    paths : as infos
        Where each of them was read.
    found, same : (B,) bool arrays
        Whether there are partners, and whether they look at the same point.
    seeds : tuple of B tuples of whole numbers
        The dataset's seed, the view, the task, the epoch.
    constants : dict
        What the task's `Label.fit` gave on the train split.
    file : function
        From a domain and the number of a view to the file that was read, for errors.
    """

    size: int
    pictures: Pixels
    raw: Mapping[str, Array]
    valid: Booleans
    infos: tuple[tuple[Info, ...], ...]
    paths: tuple[tuple[str, ...], ...]
    found: Booleans
    same: Booleans
    seeds: tuple[tuple[int, ...], ...]
    constants: Mapping[str, Any]
    file: Callable[[str, int], str] = field(default=_unnamed, repr=False)

    def __len__(self) -> int:
        return len(self.pictures)

    @property
    def rgb(self) -> Pixels:
        """(B, S, S, 3) the views' own pictures."""
        return self.pictures[:, 0]

    def rngs(self) -> list[Generator]:
        """A generator a view: the same numbers at each call."""
        return [np.random.default_rng(SeedSequence(seed)) for seed in self.seeds]

    def everywhere(self, shrink: int = 1) -> Booleans:
        """(B, H, W) mask that leaves nothing out."""
        side = self.size // shrink
        return np.ones((len(self), side, side), dtype=bool)

    def views(self) -> Iterator[OneView]:
        """The views one by one, in physical units."""
        for number in range(len(self)):
            yield OneView(
                self.rgb[number].astype(np.float32) / np.float32(255),
                {name: values[number] for name, values in self.raw.items()},
                self.valid[number],
                self.infos[number][0] if self.infos[number] else {},
            )


@dataclass(frozen=True, eq=False)
class OneView:
    """One view, as the label function of a user's own task sees it.

    ``view["normal"]`` gives a domain in physical units, as `codecs.encodings.to_value` does.

    Attributes
    ----------
    rgb : (S, S, 3) float32 array, 0 to 1
    raw : dict of arrays
        The whole numbers of the files.
    valid : (S, S) bool array
        Where the view saw anything.
    info : dict
        Its ``point_info``; empty unless the label asked for it.
    """

    rgb: Floats32
    raw: Mapping[str, Array]
    valid: Booleans
    info: Info

    def __getitem__(self, domain: str) -> Any:
        return to_value(domain, self.raw[domain])


def as_given(sample: Sample) -> Floats32:
    """The pictures scaled to [-1, 1], (B, n, 3, S, S)."""
    planes = sample.pictures.transpose(0, 1, 4, 2, 3)
    scaled: Floats32 = np.divide(planes, np.float32(127.5), dtype=np.float32, order="C")
    scaled -= 1
    return scaled
