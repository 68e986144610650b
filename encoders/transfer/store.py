"""Representations, computed once a source and mapped from disk from then on."""

from __future__ import annotations

import functools
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from encoders.codecs import colors
from encoders.dataset import TaskonomyDataset
from encoders.dataset.content import Stamp
from encoders.errors import InvalidDataError
from encoders.tasks import Task
from encoders.tasks.sample import as_given
from encoders.transfer.data import PoolConfig, open_pool
from taskgraph.arrays import Array, Floats16, Integers
from taskgraph.tables import write_bytes

PLAIN = "rgb"
"""The kind of input of all tasks that look at the pictures as they are."""

REPRESENTATIONS = "representations"
"""Folder of the store, in that of a sweep."""

VIEWS, BATCH = "views.npy", 64


def kind_of(task: Task) -> str:
    """What a target's representations are computed from: `PLAIN`, or its own altered input.

    A denoiser must not see the clean picture, so its sources are shown the noisy one.
    """
    return PLAIN if task.prepare is as_given and task.channels == 3 else task.name


@dataclass(frozen=True)
class Store:
    """A folder with one array a source and kind of input, ``KIND/SOURCE.npy``.

    Each is (N, features, h, w) in half precision; ``VIEWS`` holds the N rows of the data set's
    index that they belong to.
    """

    folder: Path

    def path(self, source: str, kind: str = PLAIN) -> Path:
        """The file of a source's representations."""
        return self.folder / kind / f"{source}.npy"

    def of(self, source: str, kind: str, rows: Integers) -> Floats16:
        """Representations of some rows of the index, (..., features, h, w) for (...) rows.

        Raises
        ------
        InvalidDataError
            If the source has not been encoded, or a row is not among the views.
        """
        places = _places(*_stamped(self.folder / VIEWS))
        found = places[np.asarray(rows)]
        if (found < 0).any():
            row = int(np.asarray(rows)[found < 0].flat[0])
            raise InvalidDataError(
                f"{self.folder} has no representation of view {row} of the data set; it was made "
                "of other views: delete the folder, or name another one"
            )
        chosen: Floats16 = _mapped(*_stamped(self.path(source, kind)))[found]
        return chosen

    def shape(self, source: str) -> tuple[int, int, int]:
        """Features and grid of a source's representations."""
        features, height, width = _mapped(*_stamped(self.path(source))).shape[1:]
        return features, height, width


def _stamped(path: Path) -> tuple[str, object]:
    """A path and what changes when the file is replaced: the key of what is kept open."""
    return str(path), Stamp.of(path.stat()) if path.exists() else None


@functools.lru_cache(maxsize=4)
def _places(path: str, stamp: object) -> Integers:
    """From rows of the index to rows of the arrays; -1 for views that are not there."""
    rows = _mapped(path, stamp)
    places = np.full(int(rows.max()) + 2, -1, dtype=np.int64)  # the last one: any later view
    places[rows] = np.arange(len(rows))
    return places


@functools.lru_cache(maxsize=128)
def _mapped(path: str, _stamp: object) -> Array:
    try:
        return np.load(path, mmap_mode="r")  # type: ignore[no-any-return]
    except FileNotFoundError:
        raise InvalidDataError(f"{path} is not there: that source has not been encoded") from None
    except ValueError:
        raise InvalidDataError(f"{path} is no whole array; delete it and run again") from None


def views_of(config: PoolConfig, tasks: Sequence[str]) -> Integers:
    """Rows of the index of every picture that the tasks' pools look at, partners too."""
    rows: list[Integers] = []
    for name in tasks:
        pool = open_pool(config, name)
        for part in (pool.train, pool.valid, pool.test):
            rows.append(part.pictures(np.arange(len(part))).reshape(-1))
    return np.unique(np.concatenate(rows))


def write_views(store: Store, rows: Integers) -> None:
    """Fix which views a store is of.

    Raises
    ------
    InvalidDataError
        If it is of others.
    """
    path = store.folder / VIEWS
    if path.exists():
        if not np.array_equal(np.load(path), rows):
            raise InvalidDataError(
                f"{store.folder} is of other views; delete the folder, or name another one"
            )
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(rows, path)


def encode(
    encoder: nn.Module,
    dataset: TaskonomyDataset,
    task: str,
    store: Store,
    source: str,
    *,
    device: torch.device | str = "cpu",
) -> Path:
    """Write a source's representations of a store's views, shown as a task's input is.

    Parameters
    ----------
    encoder : module
        (B, C, S, S) pictures in [-1, 1] to (B, features, h, w).
    dataset : TaskonomyDataset
        Of all buildings.
    task : str
        Whose input is shown; one picture of each view.
    device : torch device
        Where the encoder computes; it stays there.
    """
    kind = kind_of(dataset.tasks[task])
    rows = np.load(store.folder / VIEWS)
    numbers = np.flatnonzero(np.isin(dataset.rows, rows))
    if len(numbers) < len(rows):
        raise InvalidDataError(
            f"{dataset.index.root}: some of the views of {store.folder} are gone"
        )
    encoder.to(device).eval()
    found = []
    with torch.no_grad():
        for start in range(0, len(numbers), BATCH):
            pictures = _alone(dataset.batch(task, numbers[start : start + BATCH])[0])
            seen = seen_by(encoder, pictures).to(device)
            found.append(encoder(seen).half().cpu().numpy())
    path = store.path(source, kind)
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(np.concatenate(found), path)
    return path


def seen_by(encoder: nn.Module, pictures: Tensor) -> Tensor:
    """The pictures as an encoder takes them: their lightness, if it has one channel (colorization).

    Wherever else a source's own input differs (a hole, a shuffled tile, noise), its encoder is
    shown the whole picture, as in the authors' code.
    """
    if getattr(encoder, "channels", 3) != 1 or pictures.shape[1] == 1:
        return pictures.contiguous(memory_format=torch.channels_last)
    rgb = ((pictures.permute(0, 2, 3, 1) + 1) * 127.5).round().clamp(0, 255).byte().numpy()
    return torch.from_numpy(colors.lightness(rgb)).permute(0, 3, 1, 2)


def _alone(pictures: Tensor) -> Tensor:
    """Each view's own picture, where a task looks at several."""
    return pictures[:, 0] if pictures.ndim == 5 else pictures


def _write(values: Array, path: Path) -> None:
    content = io.BytesIO()
    np.save(content, values)
    write_bytes(content.getvalue(), path)
