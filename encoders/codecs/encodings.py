"""Storage of every domain in files: Taskonomy's PNG, NumPy and JSON encodings, both ways.

A *domain* is a folder of the data set, such as ``depth_zbuffer``. Its values are arrays in
physical units (meters, 1/m, unit vectors, probabilities). Its *raw* values are the whole numbers
of the picture that stores them. ``decode(domain, encode(domain, value))`` returns the value to
within half a step of its encoding.
"""

from __future__ import annotations

import io
import json
import re
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from encoders.codecs import pixels
from encoders.codecs.file_content import Encoding, check_shape, raw_values
from encoders.errors import InvalidDataError, UnknownNameError

PNG_LEVEL = 3
"""Compression level of PNG files; it is fixed, so that equal arrays give equal bytes."""


_NAME = re.compile(r"point_(\d+)_view_(\d+)_domain_\w+\.(?:png|npy|json)")


def encode(domain: str, value: Any) -> bytes:
    """Return the content of the file that stores ``value``; equal values give equal bytes.

    Raises
    ------
    UnknownNameError
        If there is no such domain.
    InvalidDataError
        If the value has a shape or holds numbers that the domain cannot store.
    """
    encoding = encoding_of(domain)
    try:
        raw = encoding.store(value)
        if encoding.suffix == "json":
            return (json.dumps(raw, sort_keys=True, allow_nan=False) + "\n").encode()
        if encoding.suffix == "png":
            check_shape(raw, encoding.channels)
    except (TypeError, ValueError) as error:
        raise InvalidDataError(f"this cannot be stored as {domain}: {error}") from None
    content = io.BytesIO()
    if encoding.suffix == "npy":
        np.save(content, raw, allow_pickle=False)
    else:
        Image.fromarray(raw).save(content, format="PNG", compress_level=PNG_LEVEL)
    return content.getvalue()


def decode(domain: str, content: bytes) -> Any:
    """Return the value that a file's content stores; measures are float32.

    Raises
    ------
    UnknownNameError
        If there is no such domain.
    InvalidDataError
        If the content is cut off, or is not what the domain stores.
    """
    return to_value(domain, raw_values(domain, encoding_of(domain), content))


def read_value(path: str | PathLike[str], domain: str) -> Any:
    """Return the value that a file stores; errors name the file and its remedy.

    Raises
    ------
    InvalidDataError
        If the file is missing, cut off, or is not what the domain stores.
    """
    return to_value(domain, read_raw(path, domain))


def read_raw(path: str | PathLike[str], domain: str) -> Any:
    """Return a picture's whole numbers, (H, W) or (H, W, 3), an array, or a JSON object.

    `to_value` converts them to physical values; errors are those of `read_value`.
    """
    again = (
        "run `taskgraph scenes OUT` again with the same settings to make it anew, "
        "or download it again"
    )
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise InvalidDataError(f"{fspath(path)} is missing; {again}") from None
    except OSError as error:
        raise InvalidDataError(f"{fspath(path)} cannot be read: {error.strerror}") from None
    try:
        return raw_values(domain, encoding_of(domain), content)
    except InvalidDataError as error:
        raise InvalidDataError(f"{fspath(path)} {error}; delete it and {again}") from None


def to_value(domain: str, raw: Any) -> Any:
    """Convert raw values to physical ones.

    ==================================== =========================================================
    rgb, segments, semantic              the numbers themselves, uint8
    depth_zbuffer, depth_euclidean       meters; NaN without a surface
    normal                               unit vectors; x right, y up, z toward the camera
    principal_curvature                  (H, W, 2), 1/m
    edges, keypoints                     0 to 1
    reshading                            0 to 1
    mask_valid                           bool
    class_object, class_scene            probabilities
    point_info                           the JSON object
    folders of `label_folder`            as its kind says
    ==================================== =========================================================
    """
    return encoding_of(domain).restore(raw)


def encoding_of(domain: str) -> Encoding:
    """Return the encoding of a domain.

    Raises
    ------
    UnknownNameError
        If there is no such domain; the message lists all domains.
    """
    known = ENCODINGS.get(domain) or OWN_FOLDERS.get(domain)
    if known is None:
        listed = ", ".join([*ENCODINGS, *OWN_FOLDERS])
        raise UnknownNameError(
            f'no domain "{domain}"; there are {listed}; `encoders.label_folder` adds one of your '
            "own"
        )
    return known


def file_name(point: int, view: int, domain: str) -> str:
    """Return the name of a file in ``domain/building/``, as ``point_3_view_0_domain_rgb.png``."""
    return f"point_{point}_view_{view}_domain_{domain}.{encoding_of(domain).suffix}"


def parse_file_name(name: str) -> tuple[int, int] | None:
    """Return the point and view of a file, or None if it is not a file of a data set.

    The folder determines the domain: the real data name some files by another word (``fixatedpose``
    in ``point_info``, ``segmentsemantic`` in ``segment_semantic``).
    """
    match = _NAME.fullmatch(name)
    return (int(match[1]), int(match[2])) if match else None


_DEPTH = Encoding("png", pixels.store_depth, pixels.restore_depth, channels=1, bits=16)
_MAP = Encoding("png", pixels.store_map, pixels.restore_map, channels=1, bits=16)
_NUMBERS = Encoding("png", pixels.store_numbers, np.asarray, channels=1, bits=8, nearest=True)
_PROBABILITIES = Encoding("npy", pixels.store_probabilities, pixels.restore_probabilities)

ENCODINGS: dict[str, Encoding] = {
    "rgb": Encoding("png", pixels.store_numbers, np.asarray, channels=3, bits=8),
    "depth_zbuffer": _DEPTH,
    "depth_euclidean": _DEPTH,
    "normal": Encoding("png", pixels.store_normal, pixels.restore_normal, channels=3, bits=8),
    "principal_curvature": Encoding(
        "png", pixels.store_curvature, pixels.restore_curvature, channels=3, bits=8
    ),
    "edge_occlusion": _MAP,
    "edge_texture": _MAP,
    "keypoints2d": _MAP,
    "keypoints3d": _MAP,
    "reshading": Encoding("png", pixels.store_gray, pixels.restore_gray, channels=3, bits=8),
    "segment_unsup2d": _NUMBERS,
    "segment_unsup25d": _NUMBERS,
    "segment_semantic": _NUMBERS,
    "mask_valid": Encoding("png", pixels.store_mask, pixels.restore_mask, channels=1, bits=8),
    "class_object": _PROBABILITIES,
    "class_scene": _PROBABILITIES,
    "point_info": Encoding("json", dict, dict),
}
"""Every domain, in the order in which a view's files are written; ``point_info`` is the last."""

OWN_FOLDERS: dict[str, Encoding] = {}
"""Label folders of one's own, which `label_folder` makes known in this process."""

FOLDER_KINDS: dict[str, Encoding] = {
    "map": _MAP,
    "gray": Encoding("png", pixels.store_gray, pixels.restore_byte, channels=1, bits=8),
    "color": Encoding("png", pixels.store_numbers, pixels.restore_byte, channels=3, bits=8),
    "classes": _NUMBERS,
    "numbers": Encoding("npy", np.asarray, np.asarray),
    "json": ENCODINGS["point_info"],
}
"""The kinds of files that a label folder of one's own may hold; see `label_folder`."""


def label_folder(name: str, kind: str) -> str:
    """Make a folder of label files of your own known, and return its name.

    The files lie as those of other domains do (`encoders.dataset.folders`), such as
    ``ROOT/NAME/<building>/point_3_view_0_domain_NAME.png``. Call it in the file that holds the
    task, outside of functions, so that every process knows the folder.

    Parameters
    ----------
    name : str
        Name of the folder.
    kind : str
        What the files hold, and what ``view[name]`` returns:

        =========== ========================================= =====================================
        kind        file                                      ``view[name]``
        =========== ========================================= =====================================
        ``map``     PNG, one 16-bit number a pixel            (S, S) float32, 0 to 1
        ``gray``    PNG, one 8-bit number a pixel             (S, S) float32, 0 to 1
        ``color``   PNG, three 8-bit numbers a pixel          (S, S, 3) float32, 0 to 1
        ``classes`` PNG, 8-bit numbers of classes or segments (S, S) uint8, resized to the nearest
        ``numbers`` ``.npy``, numbers of any shape            (N,) float32
        ``json``    JSON object                               dict
        =========== ========================================= =====================================

    Raises
    ------
    UnknownNameError
        If there is no such kind.
    InvalidDataError
        If the name is that of another folder, or cannot be the name of one.
    """
    if kind not in FOLDER_KINDS:
        raise UnknownNameError(
            f'no kind "{kind}" of label files; there are {", ".join(FOLDER_KINDS)}'
        )
    if not re.fullmatch(r"[A-Za-z]\w*", name):
        raise InvalidDataError(
            f'"{name}" cannot be the name of a label folder; use letters, digits and underscores'
        )
    if name in ENCODINGS or OWN_FOLDERS.get(name, FOLDER_KINDS[kind]) != FOLDER_KINDS[kind]:
        known = "one of Taskonomy's folders" if name in ENCODINGS else "of another kind already"
        raise InvalidDataError(
            f"the label folder {name} is {known}; give yours another name than "
            f"{', '.join([*ENCODINGS, *OWN_FOLDERS])}"
        )
    OWN_FOLDERS[name] = FOLDER_KINDS[kind]
    return name
