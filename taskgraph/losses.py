"""Losses per test image: what every measured transfer is judged by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from taskgraph.arrays import Booleans, Floats, Integers
from taskgraph.direction import COLUMN, Direction, signs
from taskgraph.errors import InvalidTableError
from taskgraph.names import Names, check_names, read_labels, read_sets, read_targets
from taskgraph.places import row_name, row_names
from taskgraph.tasks import SELF, quoted, split_sources
from taskgraph.transfers import condition_between, is_empty, numbers, require_columns

REQUIRED = ("target", "sources", "image", "loss")


@dataclass(frozen=True, eq=False)
class TargetLosses:
    """The losses of every candidate transfer to one target, on the images it was tested on.

    Parameters
    ----------
    sources : E names
        Each candidate's sources, joined by ``+`` in sorted order; ``self``, ``scratch``
        and ``average`` are the target's own supervised network, one trained from scratch, and the
        best constant answer.
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
    values: Floats

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
    def common(self) -> Booleans:
        """(B,) array: whether every candidate was tested on the image."""
        return np.asarray(~np.isnan(self.values).any(axis=0))


@dataclass(frozen=True, eq=False)
class Losses:
    """Losses per test image of all measured transfers, target by target.

    Parameters
    ----------
    by_target : mapping of targets to `TargetLosses`
        A DataFrame is read as `from_frame` reads it.
    clusters : mapping of images to names
        Images that were not drawn independently (one building, one training seed) share a
        cluster; a bootstrap then draws clusters. Empty: every image stands alone.
    higher_is_better : names
        Targets whose losses are negated scores.

    Raises
    ------
    InvalidTableError
        If there is no table or target, or a target is among its own sources and is not such a
        reference as the published Taskonomy tables have (see `Transfers`).
    """

    by_target: Mapping[str, TargetLosses]
    clusters: Mapping[str, str] = field(default_factory=dict)
    higher_is_better: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.by_target, Mapping):
            # Anything else is a table, or `from_frame` says that it is none.
            read = Losses.from_frame(self.by_target)
            for name in ("by_target", "clusters", "higher_is_better"):
                object.__setattr__(self, name, getattr(read, name))
        if not self.by_target:
            raise InvalidTableError("the table of losses has no rows; expected one row an image")
        _check_own_sources(self.by_target)

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        *,
        higher_is_better: bool | None = None,
        higher_is_better_for: Iterable[str] = (),
        exact_names: bool = False,
        header: str | None = None,
    ) -> Losses:
        """Read a long table with the columns ``target, sources, image, loss`` and ``cluster``.

        Rows may come in any order, and a transfer need not have every image. ``cluster`` is
        optional, and so is ``higher_is_better`` (true or false, the same within a target). Values
        of which larger is better are scores, and are negated.

        Parameters
        ----------
        frame : DataFrame
        higher_is_better : bool, optional
            The values are scores (True) or losses (False) throughout; by default they are losses
            where the table does not say otherwise.
        higher_is_better_for : names
            Targets whose values are scores, while the others' are losses.
        exact_names : bool
            As for `Transfers`.
        header : str, optional
            What the values are called, if that is the name of a score: then nothing is guessed.

        Raises
        ------
        InvalidTableError
            If a column is missing, a field is empty, a loss is not finite, two rows are the same
            transfer on the same image, or the direction is contradicted or must be said; rows are
            counted from 1.
        """
        require_columns(frame, REQUIRED, kind="losses")
        if frame.empty:
            raise InvalidTableError("the table of losses has no rows; expected one row an image")
        direction = Direction.said(higher_is_better, higher_is_better_for)
        values = _finite(frame["loss"])
        read = read_targets(frame["target"]), read_sets(frame["sources"])
        check_names(*read, exact_names=exact_names)
        images = read_labels(frame["image"])
        higher = direction.by_target(read[0], frame.get(COLUMN), header=header)
        if any(higher.values()):
            values = values * -signs(higher, read[0])
        return cls(
            _matrices(values, *read, images, frame),
            _clusters(frame, images),
            tuple(name for name, is_higher in higher.items() if is_higher),
        )

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


def _finite(column: pd.Series) -> Floats:
    values: Floats
    if pd.api.types.is_float_dtype(column) or pd.api.types.is_integer_dtype(column):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        values = numbers(column).to_numpy()
    bad = ~np.isfinite(values)
    if bad.any():
        row = int(np.argmax(bad))
        shown = "empty" if is_empty(column.iloc[row : row + 1]).all() else f'"{column.iloc[row]}"'
        raise InvalidTableError(
            f"{row_name(row + 1)}: loss is {shown}, expected a finite number; mend it or leave the "
            "row out"
        )
    return values


def _matrices(
    values: Floats, target: Names, source: Names, image: Names, frame: pd.DataFrame
) -> dict[str, TargetLosses]:
    """One (E, B) matrix a target, of (rows,) values."""
    by_target = {}
    for number, name in enumerate(target.known):
        rows = np.flatnonzero(target.codes == number)
        names, e = np.unique(source.codes[rows], return_inverse=True)
        seen, b = np.unique(image.codes[rows], return_inverse=True)
        cells = e * seen.size + b
        matrix = np.full((names.size, seen.size), np.nan)
        matrix.ravel()[cells] = values[rows]
        candidates = tuple(source.known[k] for k in names)
        measured = TargetLosses(candidates, tuple(image.known[k] for k in seen), matrix)
        _check_once(cells, rows, name, measured, frame)
        by_target[name] = measured
    return by_target


def _check_once(
    cells: Integers,
    rows: Integers,
    target: str,
    measured: TargetLosses,
    frame: pd.DataFrame,
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
        one, other = int(rows[first]), int(rows[second])
        raise InvalidTableError(
            f'{row_names(one + 1, other + 1)} are the same (target "{target}", '
            f'sources "{measured.sources[e]}", image "{measured.images[b]}"); the order of '
            "sources carries no meaning: tell them apart in the name of the image, as with "
            "--column image=image+seed, or keep one"
            + condition_between(frame, one, other, [*REQUIRED, COLUMN])
        )


def _clusters(frame: pd.DataFrame, image: Names) -> dict[str, str]:
    if "cluster" not in frame.columns:
        return {}
    cluster = read_labels(frame["cluster"])
    names, codes = cluster.known, cluster.codes
    of_image = np.zeros(len(image.known), dtype=np.int64)
    of_image[image.codes] = codes
    differs = of_image[image.codes] != codes
    if differs.any():
        row = int(np.argmax(differs))
        raise InvalidTableError(
            f'image "{image.known[image.codes[row]]}" is in the cluster "{names[codes[row]]}" '
            f'({row_name(row + 1)}) and in "{names[of_image[image.codes[row]]]}"; an image has '
            "one cluster"
        )
    return {name: names[k] for name, k in zip(image.known, of_image, strict=True)}


def _check_own_sources(by_target: Mapping[str, TargetLosses]) -> None:
    """Refuse a target among its own sources, unless every target has such a reference."""
    full = all(
        {quoted(name), SELF} <= set(measured.sources) for name, measured in by_target.items()
    )
    for name, measured in by_target.items():
        for text in measured.sources:
            if name in split_sources(text) and not (full and text == quoted(name)):
                raise InvalidTableError(
                    f'target "{name}" is a source of itself (sources "{text}"); write its own '
                    f'supervised network as the source "{SELF}", or leave those rows out'
                )
