"""Gather the raw data of a task's examples: pictures, labels' files, and partners."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from encoders.dataset.index import Index
from encoders.dataset.pairs import NONE, PartnerTable
from encoders.dataset.partners import read_partners
from encoders.dataset.reader import FileReader, Reader
from encoders.dataset.resize import is_valid
from encoders.tasks import Sample, Task
from encoders.tasks.targets import make_target
from taskgraph.arrays import Array, Booleans, Integers


class Samples:
    """Makes the `Sample` of a task for rows of an index.

    Parameters
    ----------
    files : FileReader
        Has the index, the size of the pictures, and the mask.
    reader : Reader
        Reads the data, from the files or from a cache.
    seed : int
        Seed of partners, noise and permutations.
    folder : Path or None
        The folder in which chosen partners are stored.
    """

    def __init__(self, files: FileReader, reader: Reader, seed: int, folder: Path | None) -> None:
        self.files = files
        self.reader = reader
        self.seed = seed
        self.folder = folder
        self._pairs: dict[tuple[str, int], PartnerTable] = {}

    @property
    def index(self) -> Index:
        """Return all views of the data set."""
        return self.files.index

    def of(
        self,
        task: Task,
        rows: Integers,
        constants: Mapping[str, Any],
        *,
        epoch: int = 0,
        seed: int | None = None,
        label: bool = True,
    ) -> Sample:
        """Return the `Sample` of some rows.

        Parameters
        ----------
        epoch : int
            Selects the random numbers of inputs and partners.
        seed : int, optional
            Replaces the object's seed.
        label : bool
            Whether the data of the label are read as well as those of the input.
        """
        recipe = task.label if label else None
        seed = _epoch_seed(self.seed if seed is None else seed, epoch)
        pairs = self.partners(task, seed)
        pictures = self.pictures(task, rows, seed)
        count, each = pictures.shape
        rgb = self.reader.read("rgb", pictures.reshape(-1))
        infos: tuple[tuple[Any, ...], ...] = ((),) * count
        paths: tuple[tuple[str, ...], ...] = ((),) * count
        if recipe is not None and recipe.infos:
            flat = self.reader.infos(pictures.reshape(-1))
            infos = tuple(tuple(flat[each * i : each * (i + 1)]) for i in range(count))
            path = self.files.path
            paths = tuple(tuple(str(path("point_info", r)) for r in row) for row in pictures)
        return Sample(
            size=self.files.size,
            pictures=rgb.reshape(count, each, *rgb.shape[1:]),
            raw={name: self.reader.read(name, rows) for name in (recipe.domains if recipe else ())},
            valid=self._valid(rows, read=recipe is not None and recipe.valid),
            infos=infos,
            paths=paths,
            has_partners=np.ones(count, dtype=bool) if pairs is None else pairs.has_partners[rows],
            same_point=np.ones(count, dtype=bool) if pairs is None else pairs.same_point[rows],
            seeds=tuple(self._key(task, int(row), epoch) for row in rows),
            constants=constants,
            file=lambda domain, number: str(self.files.path(domain, int(rows[number]))),
            names=tuple(self.index.name(int(row)) for row in rows),
            rows=self.index.table_rows(rows),
        )

    def pictures(self, task: Task, rows: Integers, seed: int | None = None) -> Integers:
        """Return the rows of the pictures of a task, (B, n): the view's own, then its partners'."""
        pairs, own = self.partners(task, seed), rows[:, None]
        if pairs is None:
            return own
        # A view without partners is repeated in their place; its mask is False.
        others = np.where(pairs.rows[rows] == NONE, own, pairs.rows[rows])
        return np.concatenate([own, others], axis=1)

    def for_fit(self, task: Task, rows: Integers) -> Sample:
        """Return the sample that constants are fitted on.

        Its partners are those of seed 0, so that the constants are the same for all seeds.
        """
        return self.of(task, rows, {}, seed=0)

    def partners(self, task: Task, seed: int | None = None) -> PartnerTable | None:
        """Return the partners of all views for a task (cached); None if it takes none."""
        if not task.partners:
            return None
        key = task.partners, self.seed if seed is None else seed
        if key not in self._pairs:
            self._pairs[key] = read_partners(*key, self.files, self.reader, self.folder)
        return self._pairs[key]

    def _valid(self, rows: Integers, *, read: bool) -> Booleans:
        """Return the valid pixels, (B, S, S): all without a mask, or if ``read`` is False."""
        size, mask = self.files.size, self.files.mask
        if not read or mask is None:
            return np.ones((len(rows), size, size), dtype=bool)
        return is_valid(mask, self.reader.read(mask, rows))

    def _key(self, task: Task, row: int, epoch: int) -> tuple[int, ...]:
        """Return the numbers that seed the random generator of a view's example."""
        view, kind = zlib.crc32(self.index.name(row).encode()), zlib.crc32(task.name.encode())
        return self.seed, view, kind, epoch


def _epoch_seed(seed: int, epoch: int) -> int:
    """Return the seed of the partners in an epoch."""
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0]) if epoch else seed


class Memory:
    """Keeps the targets and masks of tasks whose labels never change (`Label.fixed`)."""

    def __init__(self) -> None:
        self._tables: dict[str, tuple[Booleans, Array, Booleans]] = {}

    def made(
        self, task: Task, rows: Integers, samples: Samples, constants: Mapping[str, Any]
    ) -> tuple[Array, Booleans]:
        """Return what ``task.label.make`` returns, made once for each row: targets and masks."""
        known = self._tables[task.name][0][rows] if task.name in self._tables else None
        new = np.unique(rows if known is None else rows[~known])
        if len(new):
            target, mask = make_target(task, samples.of(task, new, constants))
            if known is None:
                count = len(samples.index)
                self._tables[task.name] = (
                    np.zeros(count, dtype=bool),
                    np.zeros((count, *target.shape[1:]), dtype=target.dtype),
                    np.zeros((count, *mask.shape[1:]), dtype=bool),
                )
            is_made, targets, masks = self._tables[task.name]
            is_made[new], targets[new], masks[new] = True, target, mask
        _, targets, masks = self._tables[task.name]
        return targets[rows], masks[rows]
