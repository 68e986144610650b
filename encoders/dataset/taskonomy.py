"""A PyTorch dataset of Taskonomy's folders, the original ones or ours."""

from __future__ import annotations

import contextlib
import copy
import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch.utils.data import Dataset

from encoders.dataset.broken import check_table_files, without_broken
from encoders.dataset.cache import CacheReader
from encoders.dataset.constants import read_or_fit
from encoders.dataset.examples import Example, TaskExamples, target_tensor
from encoders.dataset.fingerprint import cache_folder, content_of
from encoders.dataset.listing import open_index
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
from encoders.dataset.splits import ALL, SplitRule
from encoders.dataset.table import splits_of, with_columns
from encoders.errors import InvalidDataError, UnknownNameError
from encoders.tasks import Task, tasks_named
from encoders.tasks.targets import make_target
from taskgraph.arrays import Integers, Pixels
from taskgraph.progress import no_progress, progress_bar


class TaskonomyDataset(Dataset[dict[str, Any]]):
    """Examples of one or more tasks, for every view of a split.

    Parameters
    ----------
    root : path
        A folder in one of the layouts of `encoders.dataset.folders`, or a folder of pictures with
        a table ``labels.csv`` (`encoders.dataset.table`). Then pictures are cropped to their
        middle square, the names of its columns are tasks too, and views without the label of a
        task that is a picture are left out.
    tasks : sequence of str or Task
        Names of `encoders.tasks.TASKS`, or tasks of your own. Only the folders that they need
        are read.
    split : str
        ``train``, ``val``, ``test``, or ``all`` for every building.
    size : int, optional
        S, the side of the pictures in pixels; by default the side of the files' pictures.
    buildings : sequence of str, optional
        Use only these buildings of the split; by default all.
    splits : int, path or mapping, optional
        How buildings are divided into splits (`encoders.dataset.splits.split_buildings`).
    cache : path or False, optional
        The folder for arrays into which all files are read once; ``ROOT/.cache-S`` by default.
        With False, files are opened for each example. The examples are the same.
    seed : int
        Seed of partners, noise and permutations, which depend only on it and on the view.
    skip_incomplete : bool
        Whether views that lack a file are left out. By default they raise an error.
    constants : mapping, optional
        By task: the constants that targets are standardized with, such as another dataset's
        ``constants``. By default they are fitted on the train split (`encoders.dataset.constants`).
    progress : bool
        Whether to show a progress bar, on a terminal, while files are read into the cache.
    listing : str, optional
        A folder in which `encoders.dataset.listing.keep_index` has written the list of the data
        set's files; by default the files are listed now.
    skip_broken : bool
        Whether views are left out of which a file cannot be read, or is missing. A message of the
        logger counts them.

    Attributes
    ----------
    tasks : dict of Task
        The tasks by name, with their numbers of classes filled in.
    index : Index
        All views of the data set, with their files.
    rows : (N,) integer array
        The rows of ``index`` that are the views of this split.
    constants : dict
        By task: the constants that its targets are standardized with.

    Raises
    ------
    InvalidDataError
        If the folder, a domain or a file is missing or broken; the message names it and says
        how to mend it.
    UnknownNameError
        If there is no task, split or building of a given name.
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
        listing: str | None = None,
        skip_broken: bool = False,
    ) -> None:
        self.index = open_index(root, listing)
        chosen = tasks_named(with_columns(tasks, self.index.table))
        self.split, self.seed = split, seed
        self.size = size or picture_side(self.index)
        self.cache = None if cache is False else cache_folder(cache, self.index, self.size)
        files = FileReader(self.index, self.size, self.cache)
        self._domains = domains = domains_of(chosen, files)
        if skip_broken:
            self.index = without_broken(self.index, files, domains)
            files = FileReader(self.index, self.size, self.cache)
        elif not skip_incomplete:
            check_table_files(self.index, domains)
        self._files = files
        self._splits = splits = splits_of(root, splits)
        # A table may lack the labels of some tasks.
        skip = skip_incomplete or skip_broken or self.index.table is not None
        self._rows_of = functools.partial(
            chosen_rows, self.index, domains, splits, buildings, skip=skip
        )
        self.rows = self._rows_of(split)
        reader: Reader = files
        if self.cache is not None:
            reader = CacheReader(files, self.cache)
            title = f"reading {self.index.root} once"
            with progress_bar(title) if progress else contextlib.nullcontext(no_progress) as bar:
                reader.build(cached_domains(domains, chosen), progress=bar)
        self._samples = Samples(files, reader, seed, self.cache)
        self._memory = Memory()
        self.constants: dict[str, Any] = dict(
            self._fitted_constants(chosen) if constants is None else constants
        )
        self.tasks = {task.name: self._resolved(task) for task in chosen}

    def _fitted_constants(self, tasks: Sequence[Task]) -> dict[str, Any]:
        """Return the constants of the tasks, fitted on the training images (cached)."""
        train = split_rows(self.index, "train" if self.split != ALL else ALL, self._splits)
        train = rows_with_files(self.index, train, self._domains)
        origin = "".join(map(self._files.digest, self._domains)) if self.cache else ""
        return read_or_fit(tasks, self._samples.for_fit, train, origin=origin, folder=self.cache)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, number: int) -> dict[str, Any]:
        """Return the view's name as ``image``, and each task's ``input``, ``target``, ``mask``."""
        example: dict[str, Any] = {"image": self.image(number)}
        for name in self.tasks:
            parts = self.batch(name, [number])
            keys = ("input", "target", "mask")
            example[name] = {key: part[0] for key, part in zip(keys, parts, strict=True)}
        return example

    @property
    def content(self) -> str:
        """Return a hash of all files that the tasks need, and of the division into splits.

        It changes if a file is added, removed or rewritten, but not if the folder is copied.
        """
        return content_of(self._files, self._domains, self._splits)

    def of_split(self, split: str) -> TaskonomyDataset:
        """Return the dataset of the same tasks on another split.

        Both datasets share the ``index``, the cache and the ``constants``; no file is listed or
        read again. So both splits agree even if the data set changes in the meantime.

        Raises
        ------
        InvalidDataError
            If the split has no views, or some of them lack a file.
        UnknownNameError
            If there is no split of that name.
        """
        other = copy.copy(self)
        other.split, other.rows = split, self._rows_of(split)
        return other

    def image(self, number: int) -> str:
        """Return the view's name, such as ``building_0003/point_1_view_0``."""
        return self.index.name(int(self.rows[number]))

    def picture(self, number: int) -> Pixels:
        """Return the view's picture, (S, S, 3), read from its file."""
        picture: Pixels = self._files.read("rgb", self.rows[[number]])[0]
        return picture

    def batch(self, task: str, numbers: ArrayLike, *, epoch: int = 0) -> Example:
        """Return examples of one task.

        Parameters
        ----------
        task : str
        numbers : (B,) integers
            Numbers of examples, below ``len(self)``.
        epoch : int
            Selects the random numbers of noise, permutations, crops and partners; 0 for testing.

        Returns
        -------
        input : (B, C, S, S) or (B, n, C, S, S) float32 tensor
            The pictures in [-1, 1]; n of them if the task takes several.
        target : (B, ...) tensor
            Has the form that `encoders.tasks.Output` describes.
        mask : (B, H, W) or (B,) bool tensor
            True where the target is valid.
        """
        chosen = self._task(task)
        numbers = np.asarray(numbers, dtype=np.int64)
        rows = self.rows[numbers]
        partners = bool(chosen.partners) and epoch > 0
        fixed = chosen.label is not None and chosen.label.fixed and not partners
        constants = self.constants.get(task, {})
        sample = self._samples.of(chosen, rows, constants, epoch=epoch, label=not fixed)
        inputs = torch.from_numpy(chosen.prepare(sample))
        inputs = inputs[:, 0] if chosen.inputs == 1 else inputs
        if chosen.label is None:
            return inputs, torch.zeros(len(rows), 0), torch.zeros(len(rows), dtype=torch.bool)
        if fixed:
            target, mask = self._memory.made(chosen, rows, self._samples, constants)
        else:
            target, mask = make_target(chosen, sample)
        return inputs, target_tensor(chosen, target), torch.from_numpy(np.ascontiguousarray(mask))

    def pictures(self, task: str, numbers: ArrayLike) -> Integers:
        """Return the rows in ``index`` of pictures, (B, n): the view's own, then partners'."""
        rows = self.rows[np.asarray(numbers, dtype=np.int64)]
        return self._samples.pictures(self._task(task), rows)

    def examples(self, task: str) -> TaskExamples:
        """Return the examples of one task, in the form that training reads."""
        return TaskExamples(self, self._task(task).name)

    def _task(self, name: str) -> Task:
        if name not in self.tasks:
            raise UnknownNameError(
                f'this dataset has no task "{name}"; it was made with {", ".join(self.tasks)}'
            )
        return self.tasks[name]

    def _resolved(self, task: Task) -> Task:
        """Return the task with its number of classes, read from the first view's target."""
        self._samples.partners(task)  # chosen here once, not in each worker process
        if task.output is None or task.label is None or task.output.channels is not None:
            return task
        target, _ = make_target(task, self._samples.of(task, self.rows[:1], {}))
        if target.ndim < 2:
            raise InvalidDataError(
                f"task {task.name}: one class number for each view does not tell how many classes "
                "there are; give its output the number of channels"
            )
        return replace(task, output=replace(task.output, channels=target.shape[1]))
