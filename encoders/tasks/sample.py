"""The raw data of some views, from which inputs and labels are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.random import Generator, SeedSequence

from encoders.codecs.encodings import to_value
from encoders.errors import InvalidDataError
from taskgraph.arrays import Array, Booleans, Floats32, Pixels

Info = Mapping[str, Any]
"""The content of a ``point_info`` file."""
TargetsAndMask = tuple[Array, Array]
"""Targets (B, ...), and where they count: (B, H, W) for maps, (B,) otherwise."""


def _unnamed(domain: str, number: int) -> str:
    return f"{domain} of view {number + 1}"


@dataclass(frozen=True, eq=False)
class Sample:
    """The raw data of B views for one task, with n pictures each.

    Attributes
    ----------
    size : int
        S, the side of the pictures, in pixels.
    pictures : (B, n, S, S, 3) uint8 array
        The picture of each view, followed by those of its partners.
    raw : dict of (B, ...) arrays
        By domain: the stored numbers of the view's own files (`encoders.codecs.encodings`).
    valid : (B, S, S) bool array
        The pixels at which the camera saw a surface.
    infos : tuple of B tuples of n ``point_info`` objects
        Empty tuples if the task does not need them.
    paths : tuple of B tuples of n str
        The files of ``infos``, for error messages.
    has_partners, same_point : (B,) bool arrays
        Whether the view has partners, and whether they look at the same point as it does.
    seeds : tuple of B tuples of int
        The dataset's seed, then numbers that stand for the view, the task and the epoch.
    constants : dict
        The constants that the task's `Label.fit` found on the train split.
    file : function
        From a domain and the number of a view to the file that was read, for error messages.
    names : tuple of B str
        The names of the views; empty if they have none.
    rows : tuple of B mappings
        The views' rows of the table of labels; empty if the data set has no table.
    """

    size: int
    pictures: Pixels
    raw: Mapping[str, Array]
    valid: Booleans
    infos: tuple[tuple[Info, ...], ...]
    paths: tuple[tuple[str, ...], ...]
    has_partners: Booleans
    same_point: Booleans
    seeds: tuple[tuple[int, ...], ...]
    constants: Mapping[str, Any]
    file: Callable[[str, int], str] = field(default=_unnamed, repr=False)
    names: tuple[str, ...] = ()
    rows: tuple[Mapping[str, str], ...] = ()

    def __len__(self) -> int:
        return len(self.pictures)

    @property
    def rgb(self) -> Pixels:
        """Return the views' own pictures, (B, S, S, 3)."""
        return self.pictures[:, 0]

    def rngs(self) -> list[Generator]:
        """Return a random generator for each view, which gives the same numbers after each call."""
        return [np.random.default_rng(SeedSequence(seed)) for seed in self.seeds]

    def everywhere(self, shrink: int = 1) -> Booleans:
        """Return a (B, H, W) mask that is True everywhere, with H = W = S / ``shrink``."""
        side = self.size // shrink
        return np.ones((len(self), side, side), dtype=bool)

    def views(self) -> Iterator[OneView]:
        """Iterate over the views; each gives its data in physical units."""
        for number in range(len(self)):
            yield OneView(
                self.rgb[number].astype(np.float32) / np.float32(255),
                {name: values[number] for name, values in self.raw.items()},
                self.valid[number],
                self.infos[number][0] if self.infos[number] else {},
                self.names[number] if self.names else f"view {number + 1}",
                self.file("rgb", number),
                self.rows[number] if self.rows else {},
            )


@dataclass(frozen=True, eq=False)
class OneView:
    """A view, the argument of the label function of a user's own task (`each_view`).

    ``view["normal"]`` returns a domain in physical units (`encoders.codecs.encodings.to_value`).

    Attributes
    ----------
    rgb : (S, S, 3) float32 array, 0 to 1
        The picture.
    raw : dict of arrays
        By domain: the stored numbers of the view's file.
    valid : (S, S) bool array
        The pixels at which the camera saw a surface.
    info : dict
        The view's ``point_info``; empty unless the label asks for it.
    name : str
        The name of the view in tables, such as ``building_0003/point_1_view_0``.
    path : str
        The file of the picture, so that labels can be looked up in files of your own.
    row : mapping of str
        The view's row of the table ``labels.csv`` by column, as text; empty without a table.
    """

    rgb: Floats32
    raw: Mapping[str, Array]
    valid: Booleans
    info: Info
    name: str = ""
    path: str = ""
    row: Mapping[str, str] = field(default_factory=dict)

    @property
    def building(self) -> str:
        """Return the building, or the group, of the view: the part of its name before the slash."""
        return self.name.partition("/")[0]

    def __getitem__(self, domain: str) -> Any:
        if domain not in self.raw:
            raise InvalidDataError(
                f"the label does not read the folder {domain}; name it, as in "
                f'each_view(…, ["{domain}"])'
            )
        return to_value(domain, self.raw[domain])


def scaled_pictures(sample: Sample) -> Floats32:
    """Return the pictures scaled to [-1, 1], (B, n, 3, S, S): the input of most tasks."""
    planes = sample.pictures.transpose(0, 1, 4, 2, 3)
    scaled: Floats32 = np.divide(planes, np.float32(127.5), dtype=np.float32, order="C")
    scaled -= 1
    return scaled
