"""The raw numbers in the content of a label's or picture's file, checked against its encoding."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from encoders.errors import InvalidDataError
from taskgraph.arrays import Array

COLORED = ("normal", "principal_curvature")
"""Domains whose channels have different meanings, so that a gray file is an error."""

DEEPEST = 65535
"""The largest number of a 16-bit pixel."""

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
    """The storage of one domain.

    Attributes
    ----------
    suffix : str
        ``png``, ``npy`` or ``json``.
    store, restore : functions
        From physical values to raw ones, and from raw to physical.
    channels, bits : int
        Channels and bits of the picture; 0 for other files.
    nearest : bool
        Whether the numbers name things, so that resizing takes the nearest one and no mean.
    """

    suffix: str
    store: Callable[[Any], Any]
    restore: Callable[[Any], Any]
    channels: int = 0
    bits: int = 0
    nearest: bool = False


def raw_values(domain: str, encoding: Encoding, content: bytes) -> Any:
    """Return the whole numbers of a picture, an array, or a JSON object.

    Raises
    ------
    InvalidDataError
        If the content is cut off, or is not what the domain stores.
    """
    try:
        if encoding.suffix == "json":
            value = json.loads(content)
            if not isinstance(value, dict):
                raise InvalidDataError("holds no JSON object")
            return value
        if encoding.suffix == "npy":
            return np.load(io.BytesIO(content), allow_pickle=False)
        with Image.open(io.BytesIO(content)) as picture:
            if picture.format == "JPEG" and domain != "rgb":
                raise InvalidDataError(
                    "holds a JPEG picture, whose compression changes the numbers of a label; "
                    "expected a PNG one"
                )
            picture.verify()  # checks the checksums, which loading does not
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
    """Return pixels with the domain's bits and channels, from any kind of PNG."""
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


def check_shape(raw: Array, channels: int) -> None:
    """Raise unless the numbers are a picture with 1 or 3 channels."""
    shape = raw.shape[2:] if channels == 1 else raw.shape[2:3]
    if raw.ndim != (2 if channels == 1 else 3) or (channels == 3 and shape != (3,)):
        expected = "(H, W)" if channels == 1 else "(H, W, 3)"
        raise ValueError(f"its shape is {raw.shape}, expected {expected}")
