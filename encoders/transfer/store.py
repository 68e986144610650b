"""Representations on disk: written once for each source, then read by memory mapping."""

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
from encoders.tasks.sample import scaled_pictures
from encoders.transfer.data import TransferDataConfig, open_transfer_data
from taskgraph.arrays import Array, Floats16, Integers
from taskgraph.tables import write_bytes

PLAIN = "rgb"
"""The kind of input of every task whose input is the unchanged picture."""

REPRESENTATIONS = "representations"
"""Name of the store's folder within the folder of a sweep."""

VIEWS, BATCH = "views.npy", 64


def input_kind(task: Task) -> str:
    """Return the kind of input that the representations for a target are computed from.

    It is `PLAIN`, or the target's name if the target's own input is altered. For example, sources
    of denoising are shown the noisy picture, because a denoiser must not see the clean one.
    """
    return PLAIN if task.prepare is scaled_pictures and task.channels == 3 else task.name


@dataclass(frozen=True)
class Store:
    """A folder of representations; ``KIND/SOURCE.npy`` has those of one source and kind of input.

    Each array is (N, features, h, w), in half precision. `VIEWS` holds the N views that all arrays
    are of, as rows of the data set's index.
    """

    folder: Path

    def path(self, source: str, kind: str = PLAIN) -> Path:
        """Return the path of a source's representations."""
        return self.folder / kind / f"{source}.npy"

    def of(self, source: str, kind: str, rows: Integers) -> Floats16:
        """Return the representations of some views, (..., features, h, w) for (...) rows.

        Raises
        ------
        InvalidDataError
            If the source has not been encoded, or the store lacks one of the views.
        """
        places = _places(*_stamped(self.folder / VIEWS))
        positions = places[np.asarray(rows)]
        if (positions < 0).any():
            row = int(np.asarray(rows)[positions < 0].flat[0])
            raise InvalidDataError(
                f"{self.folder} has no representation of view {row} of the data set; it was made "
                "of other views: delete the folder, or name another one"
            )
        chosen: Floats16 = _mapped(*_stamped(self.path(source, kind)))[positions]
        return chosen

    def shape(self, source: str) -> tuple[int, int, int]:
        """Return (features, height, width) of one representation of a source."""
        features, height, width = _mapped(*_stamped(self.path(source))).shape[1:]
        return features, height, width


def _stamped(path: Path) -> tuple[str, object]:
    """Return a path and the stamp of its file, which changes when the file is replaced."""
    return str(path), Stamp.of(path.stat()) if path.exists() else None


@functools.lru_cache(maxsize=4)
def _places(path: str, stamp: object) -> Integers:
    """Return the position in the arrays of each row of the index; -1 for views not in the store."""
    rows = _mapped(path, stamp)
    places = np.full(int(rows.max()) + 2, -1, dtype=np.int64)  # one more, for later views
    places[rows] = np.arange(len(rows))
    return places


@functools.lru_cache(maxsize=128)
def _mapped(path: str, _stamp: object) -> Array:
    try:
        return np.load(path, mmap_mode="r")  # type: ignore[no-any-return]
    except FileNotFoundError:
        raise InvalidDataError(f"{path} does not exist: that source has not been encoded") from None
    except ValueError:
        raise InvalidDataError(f"{path} is incomplete; delete it and run again") from None


def views_of(config: TransferDataConfig, tasks: Sequence[str]) -> Integers:
    """Return the sorted rows of the index of all views that the tasks use, with their partners."""
    rows: list[Integers] = []
    for name in tasks:
        pool = open_transfer_data(config, name)
        for part in (pool.train, pool.valid, pool.test):
            rows.append(part.pictures(np.arange(len(part))).reshape(-1))
    return np.unique(np.concatenate(rows))


def write_views(store: Store, rows: Integers) -> None:
    """Write the list of views of a new store, or check that of an existing one.

    Raises
    ------
    InvalidDataError
        If the store holds other views.
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


def read_views(store: Store) -> Integers:
    """Return the views of a store, as sorted rows of the data set's index."""
    rows: Integers = np.load(store.folder / VIEWS)
    return rows


def write_representations(
    encoder: nn.Module,
    dataset: TaskonomyDataset,
    task: str,
    store: Store,
    source: str,
    *,
    device: torch.device | str = "cpu",
) -> Path:
    """Write a source's representations of a store's views; returns the path of the file.

    Parameters
    ----------
    encoder : module
        Maps (B, C, S, S) pictures in [-1, 1] to (B, features, h, w).
    dataset : TaskonomyDataset
        The data set, with all buildings.
    task : str
        The task whose input the encoder is shown. Partners of a view are left out.
    device : torch device
        The device that the encoder is moved to.

    Raises
    ------
    InvalidDataError
        If the data set lacks a view of the store.
    """
    kind = input_kind(dataset.tasks[task])
    rows = read_views(store)
    numbers = np.flatnonzero(np.isin(dataset.rows, rows))
    if len(numbers) < len(rows):
        raise InvalidDataError(
            f"{dataset.index.root} lacks some of the views of {store.folder}; restore them, or "
            "delete that folder"
        )
    encoder.to(device).eval()
    outputs = []
    with torch.no_grad():
        for start in range(0, len(numbers), BATCH):
            pictures = alone(dataset.batch(task, numbers[start : start + BATCH])[0])
            visible = seen_by(encoder, pictures).to(device)
            outputs.append(encoder(visible).half().cpu().numpy())
    path = store.path(source, kind)
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(np.concatenate(outputs), path)
    return path


def seen_by(encoder: nn.Module, pictures: Tensor) -> Tensor:
    """Return pictures in the channels that an encoder takes: colorization's takes the lightness.

    An encoder whose own task alters its input otherwise (by a hole, shuffled tiles or noise) is
    shown the unaltered picture, as in the authors' code.
    """
    if getattr(encoder, "channels", 3) != 1 or pictures.shape[1] == 1:
        return pictures.contiguous(memory_format=torch.channels_last)
    rgb = ((pictures.permute(0, 2, 3, 1) + 1) * 127.5).round().clamp(0, 255).byte().numpy()
    return torch.from_numpy(colors.lightness(rgb)).permute(0, 3, 1, 2)


def alone(pictures: Tensor) -> Tensor:
    """Return each view's own picture, without its partners."""
    return pictures[:, 0] if pictures.ndim == 5 else pictures


def _write(values: Array, path: Path) -> None:
    content = io.BytesIO()
    np.save(content, values)
    write_bytes(content.getvalue(), path)
