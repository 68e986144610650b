"""What the examples of a task are made from, put together from pictures, files and partners."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from encoders.dataset.index import Index
from encoders.dataset.pairs import NONE, Pairs
from encoders.dataset.partners import read_partners
from encoders.dataset.reader import FileReader, Reader
from encoders.dataset.resize import is_valid
from encoders.tasks import Sample, Task
from taskgraph.arrays import Array, Booleans, Integers


class Samples:
    """Gathers, for rows of an index, all that a task needs.

    Parameters
    ----------
    files : FileReader
        Knows the index, the size and the mask.
    reader : Reader
        What is read from: the files, or a cache of them.
    seed : int
    folder : Path or None
        Where chosen partners are kept.
    """

    def __init__(self, files: FileReader, reader: Reader, seed: int, folder: Path | None) -> None:
        self.files = files
        self.reader = reader
        self.seed = seed
        self.folder = folder
        self._pairs: dict[tuple[str, int], Pairs] = {}

    @property
    def index(self) -> Index:
        """The views."""
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
        """The `Sample` of some rows.

        ``seed`` stands in for the own one. Without ``label``, only what the input needs is read.
        """
        source = task.label if label else None
        seed = _drawn(self.seed if seed is None else seed, epoch)
        pairs = self.partners(task, seed)
        pictures = self.pictures(task, rows, seed)
        count, each = pictures.shape
        rgb = self.reader.read("rgb", pictures.reshape(-1))
        infos: tuple[tuple[Any, ...], ...] = ((),) * count
        paths: tuple[tuple[str, ...], ...] = ((),) * count
        if source is not None and source.infos:
            flat = self.reader.infos(pictures.reshape(-1))
            infos = tuple(tuple(flat[each * i : each * (i + 1)]) for i in range(count))
            place = self.files.path
            paths = tuple(tuple(str(place("point_info", r)) for r in row) for row in pictures)
        return Sample(
            size=self.files.size,
            pictures=rgb.reshape(count, each, *rgb.shape[1:]),
            raw={name: self.reader.read(name, rows) for name in (source.domains if source else ())},
            valid=self._valid(rows, read=source is not None and source.valid),
            infos=infos,
            paths=paths,
            found=np.ones(count, dtype=bool) if pairs is None else pairs.found[rows],
            same=np.ones(count, dtype=bool) if pairs is None else pairs.same[rows],
            seeds=tuple(self._key(task, int(row), epoch) for row in rows),
            constants=constants,
            file=lambda domain, number: str(self.files.path(domain, int(rows[number]))),
        )

    def pictures(self, task: Task, rows: Integers, seed: int | None = None) -> Integers:
        """(B, n) rows of the pictures that a task looks at: each view's own, then its partners'."""
        pairs, own = self.partners(task, seed), rows[:, None]
        if pairs is None:
            return own
        # A view without partners stands in for them; its mask is False.
        others = np.where(pairs.rows[rows] == NONE, own, pairs.rows[rows])
        return np.concatenate([own, others], axis=1)

    def for_fit(self, task: Task, rows: Integers) -> Sample:
        """Not standardized; partners are those of seed 0, so that all seeds have one scale."""
        return self.of(task, rows, {}, seed=0)

    def partners(self, task: Task, seed: int | None = None) -> Pairs | None:
        """Those of a task, chosen when they are first asked for; None where it has none."""
        if not task.partners:
            return None
        key = task.partners, self.seed if seed is None else seed
        if key not in self._pairs:
            self._pairs[key] = read_partners(*key, self.files, self.reader, self.folder)
        return self._pairs[key]

    def _valid(self, rows: Integers, *, read: bool) -> Booleans:
        """(B, S, S); true throughout where nothing says otherwise, or nobody asks."""
        size, mask = self.files.size, self.files.mask
        if not read or mask is None:
            return np.ones((len(rows), size, size), dtype=bool)
        return is_valid(mask, self.reader.read(mask, rows))

    def _key(self, task: Task, row: int, epoch: int) -> tuple[int, ...]:
        view, kind = zlib.crc32(self.index.name(row).encode()), zlib.crc32(task.name.encode())
        return self.seed, view, kind, epoch


def _drawn(seed: int, epoch: int) -> int:
    """The seed of an epoch's partners."""
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0]) if epoch else seed


class Memory:
    """Targets and masks of a task whose label never changes, made when they are asked for."""

    def __init__(self) -> None:
        self._tables: dict[str, tuple[Booleans, Array, Booleans]] = {}

    def made(
        self, task: Task, rows: Integers, samples: Samples, constants: Mapping[str, Any]
    ) -> tuple[Array, Booleans]:
        """As ``task.label.make`` gives them."""
        assert task.label is not None
        known = self._tables[task.name][0][rows] if task.name in self._tables else None
        new = np.unique(rows if known is None else rows[~known])
        if len(new):
            target, mask = task.label.make(samples.of(task, new, constants))
            if known is None:
                count = len(samples.index)
                self._tables[task.name] = (
                    np.zeros(count, dtype=bool),
                    np.zeros((count, *target.shape[1:]), dtype=target.dtype),
                    np.zeros((count, *mask.shape[1:]), dtype=bool),
                )
            whether, targets, masks = self._tables[task.name]
            whether[new], targets[new], masks[new] = True, target, mask
        _, targets, masks = self._tables[task.name]
        return targets[rows], masks[rows]
