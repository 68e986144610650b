"""Readers of files: IDX, the pickles of CIFAR, SVHN's MATLAB files, STL-10's bytes, and pictures.

None of them needs torchvision, and none runs what a file asks for.
"""

from __future__ import annotations

import gzip
import io
import os
import pickle
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.io import loadmat

from encoders.codecs.photos import open_photo
from taskgraph.arrays import Array, Integers, Pixels
from taskgraph.errors import InvalidTableError

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".pgm", ".ppm", ".tif", ".tiff", ".webp")
"""Endings of the files in a folder that are read as pictures."""
SAFE = {
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),
}
"""The only names that a pickle may import; those of CIFAR need no other."""


def read_idx(path: Path) -> Pixels:
    """Return the array of bytes in a file of MNIST's format, compressed or not.

    Raises
    ------
    InvalidTableError
        If the file is of another format, or is cut off.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rb") as file:
        content = file.read()
    if content[:3] != b"\x00\x00\x08" or len(content) < 4:
        raise InvalidTableError(f"{path}: expected a file in MNIST's format (IDX) of bytes")
    dimensions = content[3]
    head = 4 + 4 * dimensions
    shape = struct.unpack(f">{dimensions}I", content[4:head])
    expected = int(np.prod(shape))
    if len(content) - head != expected:
        raise InvalidTableError(
            f"{path} has {len(content) - head} bytes after its head, expected {expected}: it is "
            "cut off; get it again"
        )
    return np.frombuffer(content, np.uint8, offset=head).reshape(shape)


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in SAFE:
            raise InvalidTableError(
                f'this pickle asks for "{module}.{name}", expected arrays and names alone; it was '
                "not read"
            )
        return super().find_class(module, name)


def read_pickle(path: Path) -> dict[str, Any]:
    """Return the dictionary in a file of CIFAR, with its keys as text.

    Raises
    ------
    InvalidTableError
        If the pickle asks for anything but arrays and names, or is damaged.
    """
    try:
        found = _Unpickler(io.BytesIO(path.read_bytes()), encoding="bytes").load()
    except (pickle.UnpicklingError, EOFError, ValueError, TypeError) as error:
        raise InvalidTableError(f"{path}: {error}") from None
    if not isinstance(found, dict):
        raise InvalidTableError(f"{path}: expected a dictionary, as CIFAR's files have it")
    return {_text(name): value for name, value in found.items()}


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)


def read_cifar(paths: Iterable[Path], label: str) -> tuple[Pixels, Integers]:
    """Return the (N, 32, 32, 3) images and the labels in files of CIFAR.

    Parameters
    ----------
    label : str
        The key of the labels, ``labels`` or ``fine_labels``.
    """
    images, labels = [], []
    for path in paths:
        found = read_pickle(path)
        if "data" not in found or label not in found:
            raise InvalidTableError(f'{path} has no "data" or no "{label}", as files of CIFAR have')
        images.append(np.asarray(found["data"], np.uint8).reshape(-1, 3, 32, 32))
        labels.append(np.asarray(found[label], np.int64))
    return np.concatenate(images).transpose(0, 2, 3, 1).copy(), np.concatenate(labels)


def read_names(path: Path, key: str) -> tuple[str, ...]:
    """Return the names of the classes in a meta file of CIFAR."""
    return tuple(_text(name) for name in read_pickle(path)[key])


def read_svhn(path: Path) -> tuple[Pixels, Integers]:
    """Return the (N, 32, 32, 3) images and the digits in a file of SVHN, which stores 0 as 10."""
    found: dict[str, Array] = loadmat(path, variable_names=("X", "y"))
    if "X" not in found or "y" not in found:
        raise InvalidTableError(f"{path} has no X or no y, as files of SVHN have")
    images = np.ascontiguousarray(found["X"].transpose(3, 0, 1, 2))
    return images, found["y"].reshape(-1).astype(np.int64) % 10


def read_stl(images: Path, labels: Path) -> tuple[Pixels, Integers]:
    """Return the (N, 96, 96, 3) images and the labels, from 0, in files of STL-10.

    Images are stored column by column, one color after the other.
    """
    content = np.fromfile(images, np.uint8)
    if len(content) % (3 * 96 * 96):
        raise InvalidTableError(
            f"{images} has {len(content)} bytes, expected a multiple of 27,648: it is cut off; get "
            "it again"
        )
    found = content.reshape(-1, 3, 96, 96).transpose(0, 3, 2, 1)
    return np.ascontiguousarray(found), np.fromfile(labels, np.uint8).astype(np.int64) - 1


def read_picture(path: Path, size: int | None = None) -> Pixels:
    """Return an (H, W, 3) picture, or its middle square at ``size`` pixels; see `open_photo`.

    Raises
    ------
    InvalidDataError
        If the file is no picture.
    """
    picture = open_photo(path)
    if size is not None:
        side = min(picture.size)
        left, top = (picture.width - side) // 2, (picture.height - side) // 2
        square = picture.crop((left, top, left + side, top + side))
        picture = square.resize((size, size), Image.Resampling.BOX if side >= size else None)
    return np.array(picture)


def list_pictures(folder: Path) -> list[Path]:
    """Return the pictures of a folder, sorted by name.

    Raises
    ------
    InvalidTableError
        If a name is no text: records and tables could not hold it.
    """
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURES)
    for path in found:
        check_name(path)
    return found


def class_folders(folder: Path) -> list[Path]:
    """Return the subfolders that are classes, sorted by name; hidden ones are none.

    Raises
    ------
    InvalidTableError
        If a name is no text.
    """
    found = sorted(
        path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")
    )
    for path in found:
        check_name(path)
    return found


def check_name(path: Path) -> None:
    """Raise InvalidTableError if the name of a file or folder is not UTF-8."""
    try:
        path.name.encode()
    except UnicodeEncodeError:
        shown = os.fsencode(path).decode(errors="backslashreplace")
        raise InvalidTableError(f"{shown}: the name is not UTF-8; rename it") from None
