"""Taskonomy's folders, real or ours, as examples of tasks."""

from __future__ import annotations

import copy
import functools
import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor
from torch.utils.data import Dataset

from encoders.dataset.cache import CacheReader
from encoders.dataset.constants import read_or_fit
from encoders.dataset.index import Index, read_index
from encoders.dataset.reader import FileReader, Reader
from encoders.dataset.samples import Memory, Samples
from encoders.dataset.selection import (
    cached_domains,
    chosen_rows,
    domains_of,
    picture_side,
    rows_with_files,
    split_rows,
)
from encoders.dataset.splits import ALL, SplitRule, split_buildings
from encoders.errors import InvalidDataError, UnknownNameError
from encoders.tasks import Task, tasks_named
from taskgraph.arrays import Array, Integers

Example = tuple[Tensor, Tensor, Tensor]
"""Input, target, mask."""


class TaskonomyDataset(Dataset[dict[str, Any]]):
    """Examples of some tasks for every view of a split.

    Parameters
    ----------
    root : path
        A folder in one of the layouts of `encoders.dataset.folders`.
    tasks : sequence of str or Task
        Names of `encoders.tasks.TASKS`, or tasks of your own. Only the folders that they need
        are looked at.
    split : str
        ``train``, ``val``, ``test``, or ``all`` for every building.
    size : int, optional
        S, the side of the pictures; by default that of the files.
    buildings : sequence of str, optional
        Leaves out all others.
    splits
        How buildings are divided (`encoders.dataset.splits.split_buildings`).
    cache : path or False, optional
        The folder of the arrays that the files are read into once; ``ROOT/.cache-S`` by default.
        False: open the files each time (the examples are the same).
    seed : int
        Of partners, noise, and permutations, which depend on it and the view alone.
    skip_incomplete : bool
        Leave out views that lack a file, instead of raising.
    constants : mapping, optional
        What targets are standardized with, by task, as another dataset's ``constants``; by
        default they are fitted on the train split (`encoders.dataset.constants`).
    progress : bool
        Whether to show a bar, on a terminal, while files are read into the cache.

    Attributes
    ----------
    tasks : dict of Task
        By name; the number of classes is filled in.
    rows : (N,) integer array
        Of ``index``: the views of this split.
    index : Index
    constants : dict

    Raises
    ------
    InvalidDataError
        If the folder, a domain or a file is missing or broken; the message names it and says
        how to mend it.
    UnknownNameError
        If there is no such task, split or building.
    """

    def __init__(
        self,
        root: str | PathLike[str],
        tasks: Sequence[str | Task],
        split: str = "train",
        *,
        size: int | None = None,
        buildings: Sequence[str] | None = None,
        splits: SplitRule = None,
        cache: str | PathLike[str] | bool | None = None,
        seed: int = 0,
        skip_incomplete: bool = False,
        constants: Mapping[str, Any] | None = None,
        progress: bool = True,
    ) -> None:
        self.index = read_index(Path(root))
        chosen = tasks_named(tasks)
        self.split, self.seed = split, seed
        self.size = size or picture_side(self.index)
        self.cache = None if cache is False else _folder(cache, self.index, self.size)
        self._files = files = FileReader(self.index, self.size, self.cache)
        self._domains = domains = domains_of(chosen, files)
        self._splits = splits
        self._rows_of = functools.partial(
            chosen_rows, self.index, domains, splits, buildings, skip=skip_incomplete
        )
        self.rows = self._rows_of(split)
        reader: Reader = files
        if self.cache is not None:
            reader = CacheReader(files, self.cache)
            reader.build(cached_domains(domains, chosen), progress=progress)
        self._samples = Samples(files, reader, seed, self.cache)
        self._memory = Memory()
        self.constants: dict[str, Any] = dict(constants or {})
        if constants is None:
            train = split_rows(self.index, "train" if split != ALL else ALL, splits)
            train = rows_with_files(self.index, train, domains)
            origin = "".join(map(files.digest, domains)) if self.cache else ""
            self.constants = read_or_fit(
                chosen, self._samples.for_fit, train, origin=origin, folder=self.cache
            )
        self.tasks = {task.name: self._resolved(task) for task in chosen}

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, number: int) -> dict[str, Any]:
        """``image``, the view's name, and for each task its ``input``, ``target`` and ``mask``."""
        example: dict[str, Any] = {"image": self.image(number)}
        for name in self.tasks:
            parts = self.batch(name, [number])
            keys = ("input", "target", "mask")
            example[name] = {key: part[0] for key, part in zip(keys, parts, strict=True)}
        return example

    @property
    def content(self) -> str:
        """A hash of all files that the tasks need, and of the division into splits.

        It changes when a file is added, removed or rewritten, and not when the folder is copied.
        """
        return _content(self._files, self._domains, self._splits)

    def of_split(self, split: str) -> TaskonomyDataset:
        """The same tasks on another split.

        The folders are not listed again, nor is anything read or fitted again: both have one
        ``index``, one cache, and the ``constants`` of this one. So they agree with one another
        even while the data set grows.

        Raises
        ------
        InvalidDataError
            If the split has no views, or some of them lack a file.
        UnknownNameError
            If there is no such split.
        """
        other = copy.copy(self)
        other.split, other.rows = split, self._rows_of(split)
        return other

    def image(self, number: int) -> str:
        """The view's name, such as ``building_0003/point_1_view_0``."""
        return self.index.name(int(self.rows[number]))

    def batch(self, task: str, numbers: ArrayLike, *, epoch: int = 0) -> Example:
        """Examples of one task.

        Parameters
        ----------
        task : str
        numbers : (B,) integers
            Below ``len(self)``.
        epoch : int
            Noise, permutations, crops and partners are drawn anew for each; at 0 always the same.

        Returns
        -------
        input : (B, C, S, S) or (B, n, C, S, S) float32 tensor
            In [-1, 1]; n where the task looks at several pictures.
        target : (B, ...) tensor
            Of the form that `encoders.tasks.Output` says.
        mask : (B, H, W) or (B,) bool tensor
            Where the target counts.
        """
        chosen = self._task(task)
        numbers = np.asarray(numbers, dtype=np.int64)
        rows = self.rows[numbers]
        partners = bool(chosen.partners) and epoch > 0
        fixed = chosen.label is not None and chosen.label.fixed and not partners
        constants = self.constants.get(task, {})
        sample = self._samples.of(chosen, rows, constants, epoch=epoch, label=not fixed)
        given = torch.from_numpy(chosen.prepare(sample))
        given = given[:, 0] if chosen.inputs == 1 else given
        if chosen.label is None:
            return given, torch.zeros(len(rows), 0), torch.zeros(len(rows), dtype=torch.bool)
        if fixed:
            target, mask = self._memory.made(chosen, rows, self._samples, constants)
        else:
            target, mask = chosen.label.make(sample)
        return given, _target(chosen, target), torch.from_numpy(np.ascontiguousarray(mask))

    def pictures(self, task: str, numbers: ArrayLike) -> Integers:
        """(B, n) rows of ``index``: each view's own, then those of the partners it is given."""
        rows = self.rows[np.asarray(numbers, dtype=np.int64)]
        return self._samples.pictures(self._task(task), rows)

    def examples(self, task: str) -> TaskExamples:
        """The examples of one task alone, to train on."""
        return TaskExamples(self, self._task(task).name)

    def _task(self, name: str) -> Task:
        if name not in self.tasks:
            raise UnknownNameError(
                f'this dataset has no task "{name}"; it was made with {", ".join(self.tasks)}'
            )
        return self.tasks[name]

    def _resolved(self, task: Task) -> Task:
        """The task with its number of classes, which the first view's target has."""
        self._samples.partners(task)  # now, not in each worker process
        if task.output is None or task.label is None or task.output.channels is not None:
            return task
        target, _ = task.label.make(self._samples.of(task, self.rows[:1], {}))
        if target.ndim < 2:
            raise InvalidDataError(
                f"task {task.name}: one class number a view does not say how many there are; "
                "give its output the number of channels"
            )
        return replace(task, output=replace(task.output, channels=target.shape[1]))


def contents_of(
    root: str | PathLike[str], tasks: Sequence[str], size: int, splits: SplitRule = None
) -> dict[str, str]:
    """`TaskonomyDataset.content` of each task alone; no file is decoded."""
    index = read_index(Path(root))
    files = FileReader(index, size, _folder(None, index, size))
    return {
        task.name: _content(files, domains_of([task], files), splits) for task in tasks_named(tasks)
    }


def _content(files: FileReader, domains: Sequence[str], splits: SplitRule) -> str:
    parts = [f"{domain} {files.content(domain)}" for domain in sorted(domains)]
    if splits is None or isinstance(splits, int):
        parts.append(f"seed {splits or 0}")
    else:
        parts.append(str(sorted(split_buildings(files.index.buildings, splits).items())))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class TaskExamples:
    """The examples of one task; what `encoders.training.loading` asks for."""

    dataset: TaskonomyDataset
    task: str
    epoch: int = 0

    def __len__(self) -> int:
        return len(self.dataset)

    def batch(self, indices: Sequence[int]) -> Example:
        """Inputs, targets and masks of some examples, stacked."""
        return self.dataset.batch(self.task, indices, epoch=self.epoch)

    def of_epoch(self, epoch: int) -> TaskExamples:
        """Those to train on in an epoch: with other partners, where the task allows it."""
        anew = "partners" in self.dataset.tasks[self.task].augment
        return replace(self, epoch=epoch) if anew else self


def _target(task: Task, target: Array) -> Tensor:
    """Whole numbers for classes and segments, float32 for all else."""
    kind = task.output.kind if task.output else "vector"
    if kind in ("class_map", "segments") and target.ndim == 4:
        target = target[:, 0]
    if kind == "classes" and task.loss == "xentropy":
        target = target.reshape(len(target))
    whole = kind in ("class_map", "segments") or (kind == "classes" and task.loss == "xentropy")
    return torch.from_numpy(np.ascontiguousarray(target, dtype=np.int64 if whole else np.float32))


def _folder(cache: str | PathLike[str] | bool | None, index: Index, size: int) -> Path:
    """Where the cache is; beside the data unless a folder is given."""
    if cache is None or isinstance(cache, bool):
        return index.root / f".cache-{size}"
    root = index.root.resolve()  # several data sets may share the folder
    return Path(cache) / f"{root.name}-{zlib.crc32(str(root).encode()):08x}-{size}"
