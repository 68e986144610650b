"""How every label is stored in a file: Taskonomy's PNG, NumPy and JSON encodings, both ways.

A *domain* is a folder of the data set, such as ``depth_zbuffer``. Its values are arrays in
physical units (meters, 1/m, unit vectors, probabilities); its *raw* values are the whole numbers
of the picture that stores them. ``decode(domain, encode(domain, value))`` gives the value back to
within half a step of its encoding.
"""

from __future__ import annotations

import io
import json
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from encoders.codecs import pixels
from encoders.errors import InvalidDataError, UnknownNameError
from taskgraph.arrays import Array

PNG_LEVEL = 3
"""Compression of the pictures; fixed, so that equal arrays are equal bytes."""

COLORED = ("normal", "principal_curvature")
"""Domains whose channels hold different measures, so that one gray channel says nothing."""

DEEPEST = 65535
"""The largest number of a 16-bit pixel."""

_NAME = re.compile(r"point_(\d+)_view_(\d+)_domain_\w+\.(?:png|npy|json)")
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    zlib.error,
    Image.DecompressionBombError,
)


@dataclass(frozen=True)
class Encoding:
    """How one domain is stored.

    Attributes
    ----------
    suffix : str
        ``png``, ``npy`` or ``json``.
    store, restore : functions
        From physical values to raw ones, and back.
    channels, bits : int
        Of the picture; 0 where the file is none.
    """

    suffix: str
    store: Callable[[Any], Any]
    restore: Callable[[Any], Any]
    channels: int = 0
    bits: int = 0


def encode(domain: str, value: Any) -> bytes:
    """The content of the file that stores ``value``; equal values give equal bytes.

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
            _check_shape(raw, encoding.channels)
    except (TypeError, ValueError) as error:
        raise InvalidDataError(f"this cannot be stored as {domain}: {error}") from None
    content = io.BytesIO()
    if encoding.suffix == "npy":
        np.save(content, raw, allow_pickle=False)
    else:
        Image.fromarray(raw).save(content, format="PNG", compress_level=PNG_LEVEL)
    return content.getvalue()


def decode(domain: str, content: bytes) -> Any:
    """The value that a file's content stores; float32 where it is an array of measures.

    Raises
    ------
    UnknownNameError
        If there is no such domain.
    InvalidDataError
        If the content is cut off, or is not what the domain stores.
    """
    return to_value(domain, _raw(domain, content))


def read(path: str | PathLike[str], domain: str) -> Any:
    """The value that a file stores; errors name the file and say how to mend it.

    Raises
    ------
    InvalidDataError
        If the file is missing, cut off, or is not what the domain stores.
    """
    return to_value(domain, read_raw(path, domain))


def read_raw(path: str | PathLike[str], domain: str) -> Any:
    """The whole numbers of a picture, (H, W) or (H, W, 3); or the array; or the JSON object.

    `to_value` turns them into physical values; errors are those of `read`.
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
        return _raw(domain, content)
    except InvalidDataError as error:
        raise InvalidDataError(f"{fspath(path)} {error}; delete it and {again}") from None


def to_value(domain: str, raw: Any) -> Any:
    """Physical values from raw ones.

    ==================================== =========================================================
    rgb, segments, semantic              the numbers themselves, uint8
    depth_zbuffer, depth_euclidean       meters; NaN where nothing is seen
    normal                               unit vectors; x right, y up, z toward the camera
    principal_curvature                  (H, W, 2), 1/m
    edges, keypoints                     0 to 1
    reshading                            0 to 1
    mask_valid                           bool
    class_object, class_scene            probabilities
    point_info                           the JSON object
    ==================================== =========================================================
    """
    return encoding_of(domain).restore(raw)


def encoding_of(domain: str) -> Encoding:
    """The encoding of a domain.

    Raises
    ------
    UnknownNameError
        If there is no such domain; it lists those that there are.
    """
    if domain not in ENCODINGS:
        raise UnknownNameError(f'no domain "{domain}"; there are {", ".join(ENCODINGS)}')
    return ENCODINGS[domain]


def file_name(point: int, view: int, domain: str) -> str:
    """``point_3_view_0_domain_rgb.png``; it lies in ``domain/building/``."""
    return f"point_{point}_view_{view}_domain_{domain}.{encoding_of(domain).suffix}"


def parse_file_name(name: str) -> tuple[int, int] | None:
    """Point and view of a file, or None where it is not a file of a data set.

    The domain is the folder's: the real data name some files by another word (``fixatedpose``
    in ``point_info``, ``segmentsemantic`` in ``segment_semantic``).
    """
    found = _NAME.fullmatch(name)
    return (int(found[1]), int(found[2])) if found else None


def _raw(domain: str, content: bytes) -> Any:
    encoding = encoding_of(domain)
    try:
        if encoding.suffix == "json":
            found = json.loads(content)
            if not isinstance(found, dict):
                raise InvalidDataError("holds no JSON object")
            return found
        if encoding.suffix == "npy":
            return np.load(io.BytesIO(content), allow_pickle=False)
        with Image.open(io.BytesIO(content)) as picture:
            if picture.format == "JPEG" and domain != "rgb":
                raise InvalidDataError(
                    "holds a JPEG picture, whose compression changes the numbers of a label; "
                    "expected a PNG one"
                )
            picture.verify()  # the checksums, which loading alone does not look at
        with Image.open(io.BytesIO(content)) as picture:
            if domain in COLORED and len(picture.getbands()) < 3 and picture.mode != "P":
                raise InvalidDataError("holds a gray picture, expected red, green and blue")
            return _unpacked(picture, encoding)
    except InvalidDataError:
        raise
    except UnidentifiedImageError:
        raise InvalidDataError("is broken or cut off (no picture that can be read)") from None
    except _BROKEN as error:
        reason = str(error).partition("\n")[0].rstrip(".") or type(error).__name__
        raise InvalidDataError(f"is broken or cut off ({reason})") from None


def _unpacked(picture: Image.Image, encoding: Encoding) -> Array:
    """Pixels in the domain's own bits and channels, whichever kind of PNG holds them."""
    if picture.mode == "F":
        raise InvalidDataError(
            f"holds floating-point pixels, expected {encoding.bits}-bit whole numbers"
        )
    deep = picture.mode.startswith("I")
    if deep != (encoding.bits == 16):
        raise InvalidDataError(
            f"holds {16 if deep else 8}-bit pixels, expected {encoding.bits}-bit ones"
        )
    if encoding.channels == 3:
        return np.array(ImageOps.exif_transpose(picture).convert("RGB"))
    raw: Array = np.asarray(picture)
    if raw.dtype == bool:
        raw = np.where(raw, 255, 0)
    if raw.ndim == 3:
        if len(picture.getbands()) > 2 and (raw[..., :3] != raw[..., :1]).any():
            raise InvalidDataError(
                "holds colors, expected one number a pixel: a gray or palette picture"
            )
        raw = raw[..., 0]
    if deep and raw.size and not (0 <= int(raw.min()) <= int(raw.max()) <= DEEPEST):
        raise InvalidDataError(
            f"holds pixels from {raw.min()} to {raw.max()}, expected 0 to {DEEPEST}"
        )
    return raw.astype(np.uint16 if deep else np.uint8)


def _check_shape(raw: Array, channels: int) -> None:
    shape = raw.shape[2:] if channels == 1 else raw.shape[2:3]
    if raw.ndim != (2 if channels == 1 else 3) or (channels == 3 and shape != (3,)):
        expected = "(H, W)" if channels == 1 else "(H, W, 3)"
        raise ValueError(f"its shape is {raw.shape}, expected {expected}")


_DEPTH = Encoding("png", pixels.store_depth, pixels.restore_depth, channels=1, bits=16)
_MAP = Encoding("png", pixels.store_map, pixels.restore_map, channels=1, bits=16)
_NUMBERS = Encoding("png", pixels.store_numbers, np.asarray, channels=1, bits=8)
_CHANCES = Encoding("npy", pixels.store_chances, pixels.restore_chances)

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
    "class_object": _CHANCES,
    "class_scene": _CHANCES,
    "point_info": Encoding("json", dict, dict),
}
"""Every domain, in the order in which a view's files are written; ``point_info`` is the last."""
