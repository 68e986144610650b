"""Losses per test image: what every measured transfer is judged by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taskgraph.errors import InvalidTableError
from taskgraph.tasks import RESERVED, SCRATCH, SELF, parse_sources
from taskgraph.transfers import numbers, require_columns

REQUIRED = ("target", "sources", "image", "loss")

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TargetLosses:
    """The losses of every candidate transfer to one target, on the images it was tested on.

    Parameters
    ----------
    sources : E names
        Each candidate's sources, joined by ``+`` in sorted order; ``self`` and ``scratch`` are
        the target's own supervised network and one trained from scratch.
    images : B names
    values : (E, B) array
        Smaller is better; in any unit, as losses are compared within one image only. NaN where a
        candidate was not tested on an image.

    Raises
    ------
    InvalidTableError
        If the shape does not fit the names, a name is repeated, or a loss is infinite.
    """

    sources: tuple[str, ...]
    images: tuple[str, ...]
    values: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", np.asarray(self.values, dtype=np.float64))
        expected = (len(self.sources), len(self.images))
        if self.values.shape != expected:
            raise InvalidTableError(
                f"the losses have the shape {self.values.shape}, expected {expected}: "
                "one row a candidate and one column an image"
            )
        for word, names in (("candidate", self.sources), ("image", self.images)):
            if len(set(names)) < len(names):
                twice = next(name for name in names if names.count(name) > 1)
                raise InvalidTableError(f'the {word} "{twice}" is there twice; keep one of them')
        if np.isinf(self.values).any():
            row, column = np.argwhere(np.isinf(self.values))[0]
            raise InvalidTableError(
                f'the loss of "{self.sources[row]}" on image "{self.images[column]}" is '
                f"{self.values[row, column]}, expected a finite number or NaN for not measured"
            )

    @property
    def common(self) -> NDArray[np.bool_]:
        """(B,) array: whether every candidate was tested on the image."""
        return np.asarray(~np.isnan(self.values).any(axis=0))


@dataclass(frozen=True, eq=False)
class Losses:
    """Losses per test image of all measured transfers, target by target.

    Parameters
    ----------
    by_target : mapping of targets to `TargetLosses`
    clusters : mapping of images to names
        Images that were not drawn independently (one building, one training seed) share a
        cluster; a bootstrap then draws clusters. Empty: every image stands alone.

    Raises
    ------
    InvalidTableError
        If there is no target, or a target is among its own sources and is not such a reference
        as the published Taskonomy tables have (see `Transfers`).
    """

    by_target: Mapping[str, TargetLosses]
    clusters: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.by_target:
            raise InvalidTableError("the table of losses has no rows; expected one row an image")
        _check_own_sources(self.by_target)

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, *, higher_is_better: bool = False) -> Losses:
        """Read a long table with the columns ``target, sources, image, loss`` and ``cluster``.

        Rows may come in any order, and a transfer need not have every image. ``cluster`` is
        optional. With ``higher_is_better`` the values are scores, and are negated.

        Raises
        ------
        InvalidTableError
            If a column is missing, a field is empty, a loss is not finite, or two rows are the
            same transfer on the same image; rows are counted from 1.
        """
        require_columns(frame, REQUIRED, kind="losses")
        values = _finite(frame["loss"]) * (-1.0 if higher_is_better else 1.0)
        target, targets = _codes(frame["target"], _one_task)
        source, sources = _codes(frame["sources"], lambda text: "+".join(parse_sources(text)))
        image, images = _codes(frame["image"])
        by_target = {}
        for number, name in enumerate(targets):
            rows = np.flatnonzero(target == number)
            names, e = np.unique(source[rows], return_inverse=True)
            seen, b = np.unique(image[rows], return_inverse=True)
            cells = e * seen.size + b
            matrix = np.full((names.size, seen.size), np.nan)
            matrix.ravel()[cells] = values[rows]
            candidates = tuple(sources[k] for k in names)
            measured = TargetLosses(candidates, tuple(images[k] for k in seen), matrix)
            _check_once(cells, rows, name, measured)
            by_target[name] = measured
        return cls(by_target, _clusters(frame, image, images))

    def to_frame(self) -> pd.DataFrame:
        """The long table that `from_frame` reads, without the images that were not measured."""
        parts = []
        for target in self.targets:
            measured = self.by_target[target]
            source, image = np.nonzero(~np.isnan(measured.values))
            part = {
                "target": target,
                "sources": np.array(measured.sources, dtype=object)[source],
                "image": np.array(measured.images, dtype=object)[image],
                "loss": measured.values[source, image],
            }
            parts.append(pd.DataFrame(part))
        frame = pd.concat(parts, ignore_index=True)
        if self.clusters:
            frame["cluster"] = frame["image"].map(lambda image: self.clusters.get(image, image))
        return frame

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the targets, sorted."""
        return tuple(sorted(self.by_target))

    def __repr__(self) -> str:
        candidates = sum(len(measured.sources) for measured in self.by_target.values())
        count = sum(int((~np.isnan(m.values)).sum()) for m in self.by_target.values())
        return f"Losses({len(self.by_target)} targets, {candidates} transfers, {count} losses)"


def _finite(column: pd.Series) -> FloatArray:
    values: FloatArray
    if pd.api.types.is_float_dtype(column) or pd.api.types.is_integer_dtype(column):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        values = numbers(column).to_numpy()
    bad = ~np.isfinite(values)
    if bad.any():
        row = int(np.argmax(bad))
        raise InvalidTableError(
            f'row {row + 1}: loss is "{column.iloc[row]}", expected a finite number; '
            "mend it or leave the row out"
        )
    return values


def _codes(
    column: pd.Series, canonical: Callable[[str], str] = lambda text: text
) -> tuple[NDArray[np.int32], list[str]]:
    """Number the names of a column in sorted order, after writing each in its canonical form."""
    categories = column.astype("category").cat.remove_unused_categories().cat
    codes = categories.codes.to_numpy(dtype=np.int32)
    written = [str(name).strip() for name in categories.categories]
    for number in [-1, *(k for k, name in enumerate(written) if not name)]:
        if (codes == number).any():
            row = int(np.argmax(codes == number)) + 1
            raise InvalidTableError(f"row {row}: {column.name} is empty, expected a name")
    names = []
    for number, text in enumerate(written):
        try:
            names.append(canonical(text))
        except InvalidTableError as error:
            row = int(np.argmax(codes == number)) + 1
            raise InvalidTableError(f"row {row}: {error}") from None
    known = sorted(set(names))
    position = {name: k for k, name in enumerate(known)}
    return np.array([position[name] for name in names], dtype=np.int32)[codes], known


def _one_task(text: str) -> str:
    if text in RESERVED or "+" in text:
        raise InvalidTableError(
            f'the target is "{text}", expected the name of one task (not "{SELF}" or '
            f'"{SCRATCH}", which are sources)'
        )
    return text


def _check_once(
    cells: NDArray[np.int64], rows: NDArray[np.int64], target: str, measured: TargetLosses
) -> None:
    """Raise, naming both rows, if two rows fill the same cell of the (E, B) matrix."""
    last = np.full(measured.values.size, -1)
    last[cells] = np.arange(cells.size)
    overwritten = last[cells] != np.arange(cells.size)
    if overwritten.any():
        first = int(np.argmax(overwritten))
        cell = int(cells[first])
        second = int(np.flatnonzero(cells == cell)[1])
        e, b = divmod(cell, len(measured.images))
        raise InvalidTableError(
            f'rows {rows[first] + 1} and {rows[second] + 1} are the same (target "{target}", '
            f'sources "{measured.sources[e]}", image "{measured.images[b]}"); the order of '
            "sources carries no meaning: keep one, or tell them apart in the name of the image"
        )


def _clusters(frame: pd.DataFrame, image: NDArray[np.int32], images: list[str]) -> dict[str, str]:
    if "cluster" not in frame.columns:
        return {}
    cluster, names = _codes(frame["cluster"])
    of_image = np.zeros(len(images), dtype=np.int64)
    of_image[image] = cluster
    differs = of_image[image] != cluster
    if differs.any():
        row = int(np.argmax(differs))
        raise InvalidTableError(
            f'image "{images[image[row]]}" is in the cluster "{names[cluster[row]]}" (row '
            f'{row + 1}) and in "{names[of_image[image[row]]]}"; an image has one cluster'
        )
    return {name: names[k] for name, k in zip(images, of_image, strict=True)}


def _check_own_sources(by_target: Mapping[str, TargetLosses]) -> None:
    """Refuse a target among its own sources, unless every target has such a reference."""
    full = all({name, SELF} <= set(measured.sources) for name, measured in by_target.items())
    for name, measured in by_target.items():
        for text in measured.sources:
            if name in text.split("+") and not (full and text == name):
                raise InvalidTableError(
                    f'target "{name}" is a source of itself (sources "{text}"); write its own '
                    f'supervised network as the source "{SELF}", or leave those rows out'
                )
