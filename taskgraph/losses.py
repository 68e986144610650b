"""Losses per test image of all measured transfers."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from taskgraph.arrays import Booleans, Floats
from taskgraph.errors import InvalidTableError
from taskgraph.frames.columns import require_columns
from taskgraph.frames.direction import COLUMN, Direction, signs
from taskgraph.frames.long_table import (
    REQUIRED,
    image_clusters,
    loss_matrices,
    pruned_transfers,
    read_finite,
)
from taskgraph.frames.names import check_names, read_labels, read_sets, read_targets
from taskgraph.tasks import SELF, quoted, split_sources


@dataclass(frozen=True, eq=False)
class TargetLosses:
    """The losses of all candidates for one target, image by image.

    Parameters
    ----------
    sources : E names
        Each candidate's sources, joined by ``+`` in sorted order. ``self``, ``scratch`` and
        ``average`` are the target's own supervised network, a network trained from scratch, and
        the best constant answer.
    images : B names
    values : (E, B) array
        Losses in any unit; smaller is better. They are compared within one image only. NaN where
        a candidate was not tested on an image. Of a candidate that was trained with several seeds,
        these are the losses of its first seed.
    seeds : mapping of candidates to mappings of seeds to (B,) arrays
        The losses of every seed, the first included, if some candidate has several seeds; else
        empty.

    Raises
    ------
    InvalidTableError
        If the shape does not fit the names, a name is repeated, or a loss is infinite.
    """

    sources: tuple[str, ...]
    images: tuple[str, ...]
    values: Floats
    seeds: Mapping[str, Mapping[str, Floats]] = field(default_factory=dict)

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
                repeated = next(name for name in names if names.count(name) > 1)
                raise InvalidTableError(f'the {word} "{repeated}" appears twice; keep one of them')
        if np.isinf(self.values).any():
            row, column = np.argwhere(np.isinf(self.values))[0]
            raise InvalidTableError(
                f'the loss of "{self.sources[row]}" on image "{self.images[column]}" is '
                f"{self.values[row, column]}, expected a finite number or NaN for not measured"
            )

    @property
    def common(self) -> Booleans:
        """Return whether every candidate was tested on each image with all seeds, (B,) bools."""
        return np.asarray(~self.missing.any(axis=0))

    @property
    def missing(self) -> Booleans:
        """Return whether each candidate lacks each image in at least one seed, (E, B) bools."""
        missing = np.isnan(self.values)
        for row, name in enumerate(self.sources):
            for losses in self.seeds.get(name, {}).values():
                missing[row] |= np.isnan(losses)
        return np.asarray(missing)

    def seed_count(self, name: str) -> int:
        """Return how many seeds a candidate, given by its joined sources, was trained with."""
        return len(self.seeds.get(name, {"": None}))

    def on_images(self, kept: Booleans) -> TargetLosses:
        """Return the losses of all seeds on some images, given by a (B,) array of bools."""
        seeds = {
            name: {seed: losses[kept] for seed, losses in each.items()}
            for name, each in self.seeds.items()
        }
        names = tuple(name for name, there in zip(self.images, kept, strict=True) if there)
        return TargetLosses(self.sources, names, self.values[:, kept], seeds)

    def of_sources(self, wanted: Callable[[str], bool]) -> TargetLosses:
        """Return the losses of all seeds of the candidates whose joined sources are wanted."""
        rows = [row for row, name in enumerate(self.sources) if wanted(name)]
        names = tuple(self.sources[row] for row in rows)
        seeds = {name: each for name, each in self.seeds.items() if name in names}
        return TargetLosses(names, self.images, self.values[rows], seeds)

    def to_frame(self, target: str) -> pd.DataFrame:
        """Return the losses of a target as rows of a long table, with all seeds."""
        runs = [
            (name, seed, losses)
            for name, row in zip(self.sources, self.values, strict=True)
            for seed, losses in self.seeds.get(name, {"": row}).items()
        ]
        run, image = np.nonzero(~np.isnan([losses for _, _, losses in runs]))
        names, seeds, values = zip(*runs, strict=True)
        columns = {
            "target": target,
            "sources": np.array(names, dtype=object)[run],
            "image": np.array(self.images, dtype=object)[image],
            "loss": np.stack(values)[run, image],
        }
        if self.seeds:
            columns["seed"] = np.array(seeds, dtype=object)[run]
        return pd.DataFrame(columns)


@dataclass(frozen=True, eq=False)
class Losses:
    """Losses per test image of all measured transfers, target by target.

    Parameters
    ----------
    by_target : mapping of targets to `TargetLosses`
        A DataFrame is read by `from_frame`.
    clusters : mapping of images to names
        Images that were not drawn independently (of one building, of one training seed) share a
        cluster; a bootstrap then draws clusters. Without clusters all images are independent.
    higher_is_better : names
        Targets whose losses are negated scores.
    pruned : set of (target, sources)
        Transfers whose losses are those of unfinished training runs.

    Raises
    ------
    InvalidTableError
        If there is no target, or if a target is among its own sources, except as a reference (see
        `Transfers`).
    """

    by_target: Mapping[str, TargetLosses]
    clusters: Mapping[str, str] = field(default_factory=dict)
    higher_is_better: tuple[str, ...] = ()
    pruned: frozenset[tuple[str, str]] = frozenset()

    def __post_init__(self) -> None:
        if not isinstance(self.by_target, Mapping):
            # `from_frame` raises an error if this is no table.
            read = Losses.from_frame(self.by_target)
            for name in ("by_target", "clusters", "higher_is_better", "pruned"):
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

        The order of the rows has no meaning, and a transfer may lack images. The columns
        ``cluster`` and ``higher_is_better`` (true or false, the same within a target) are
        optional. Values of which larger is better are scores, and are negated. Rows of one transfer
        and image that differ in the optional column ``seed`` are of several training runs; where no
        such rows differ in it, the column has no meaning. The optional column ``pruned`` (true or
        false) marks transfers whose training was stopped before its end.

        Parameters
        ----------
        frame : DataFrame
        higher_is_better : bool, optional
            Whether all values are scores (True) or losses (False). By default they are losses,
            unless the table says otherwise.
        higher_is_better_for : names
            Targets whose values are scores; the values of the others are losses.
        exact_names : bool
            As for `Transfers`.
        header : str, optional
            Name of the column of values, where it is the name of a score; then the direction must
            be given.

        Raises
        ------
        InvalidTableError
            If a column is missing, a field is empty, a loss is not finite, two rows are the same
            transfer on the same image, or the direction is contradicted or must be given; rows
            are counted from 1.
        """
        require_columns(frame, REQUIRED, kind="losses")
        if frame.empty:
            raise InvalidTableError("the table of losses has no rows; expected one row an image")
        direction = Direction.said(higher_is_better, higher_is_better_for)
        losses = read_finite(frame["loss"])
        read = read_targets(frame["target"]), read_sets(frame["sources"])
        check_names(*read, exact_names=exact_names)
        images = read_labels(frame["image"])
        higher = direction.by_target(read[0], frame.get(COLUMN), header=header)
        if any(higher.values()):
            losses = losses * -signs(higher, read[0])
        matrices = loss_matrices(losses, *read, images, frame)
        return cls(
            {target: TargetLosses(*matrix) for target, matrix in matrices.items()},
            image_clusters(frame, images),
            tuple(name for name, is_higher in higher.items() if is_higher),
            pruned_transfers(frame, *read),
        )

    def on_images(self, images: Container[str]) -> Losses:
        """Return the losses of all seeds on the images that a collection of names holds."""
        by_target = {
            target: each.on_images(np.array([name in images for name in each.images], dtype=bool))
            for target, each in self.by_target.items()
        }
        clusters = {name: group for name, group in self.clusters.items() if name in images}
        return replace(self, by_target=by_target, clusters=clusters)

    def of_sources(self, wanted: Callable[[str], bool]) -> Losses:
        """Return the losses of all seeds of the candidates whose joined sources are wanted."""
        by_target = {target: each.of_sources(wanted) for target, each in self.by_target.items()}
        return replace(self, by_target=by_target)

    def to_frame(self) -> pd.DataFrame:
        """Return the long table that `from_frame` reads, without images that were not measured."""
        parts = [self.by_target[target].to_frame(target) for target in self.targets]
        frame = pd.concat(parts, ignore_index=True)
        if self.pruned:
            pairs = zip(frame["target"], frame["sources"], strict=True)
            frame["pruned"] = [pair in self.pruned for pair in pairs]
        if self.clusters:
            frame["cluster"] = frame["image"].map(lambda image: self.clusters.get(image, image))
        return frame

    @property
    def targets(self) -> tuple[str, ...]:
        """Return the names of the targets, sorted."""
        return tuple(sorted(self.by_target))

    def __repr__(self) -> str:
        candidates = sum(len(measured.sources) for measured in self.by_target.values())
        count = sum(int((~np.isnan(m.values)).sum()) for m in self.by_target.values())
        return f"Losses({len(self.by_target)} targets, {candidates} transfers, {count} losses)"


def _check_own_sources(by_target: Mapping[str, TargetLosses]) -> None:
    """Raise if a target is among its own sources, unless every target has such a reference row."""
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
