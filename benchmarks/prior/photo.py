"""A user's photograph: read in any common form, and written in the form it had."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from benchmarks.prior.observations import Photograph, from_image
from taskgraph.errors import TaskgraphError
from taskgraph.tables import write_bytes

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp")
"""Endings of the files that can be written."""

Read = TypeVar("Read")

WITHOUT_ALPHA = (".jpg", ".jpeg")


class PhotoError(TaskgraphError, ValueError):
    """Raised where a file is no photograph that can be restored."""


@dataclass(frozen=True, eq=False)
class Photo:
    """The values of a photograph, and what its file had besides.

    Attributes
    ----------
    values : (C, H, W) array in [0, 1]
        One channel if the photograph is gray, otherwise red, green and blue.
    alpha : (H, W) array of uint8, optional
        Opacity.
    deep : bool
        Whether the file is gray with 16 bits.
    notes : tuple of str
        What is lost, for the user.
    """

    values: Photograph
    alpha: np.ndarray | None = None
    deep: bool = False
    notes: tuple[str, ...] = ()


def read_photo(path: str, *, megapixels: float) -> Photo:
    """Read a photograph, upright as its EXIF data says.

    Raises
    ------
    PhotoError
        If the file is no image, is damaged, or has more than ``megapixels`` million pixels.
    """
    return _opened(path, megapixels, _photo)


def read_mask(path: str, size: tuple[int, int]) -> np.ndarray:
    """Read which pixels are known: those that are darker than middle gray in the mask.

    Parameters
    ----------
    size : tuple of int
        Height and width of the photograph.

    Raises
    ------
    PhotoError
        If the file is no image, has another size, or marks no pixel or every pixel as missing.
    """
    height, width = size
    missing = _opened(path, 2 * height * width / 1e6 + 1, _mask)
    if missing.shape != size:
        raise PhotoError(
            f"{path} has {missing.shape[1]} x {missing.shape[0]} pixels and the photograph has "
            f"{width} x {height}; the mask must have the size of the photograph"
        )
    if missing.all() or not missing.any():
        raise PhotoError(
            f"{path} is {'white' if missing.all() else 'black'} everywhere; paint the pixels to "
            "fill in white and all others black"
        )
    return ~missing


def _opened(path: str, megapixels: float, read: Callable[[Image.Image], Read]) -> Read:
    """Open an image, check its size before its pixels are decoded, and read it."""
    if Path(path).is_dir():
        raise PhotoError(f"{path} is a folder, expected an image")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the size is checked here
            with Image.open(path) as image:
                _check_size(image, path, megapixels)
                image.load()
                return read(image)
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        small = isinstance(error, UnidentifiedImageError)
        why = "no image that Pillow can read" if small else "an image with far too many pixels"
        raise PhotoError(f"{path} is {why}; give a PNG, JPEG, TIFF or WebP file") from None
    except FileNotFoundError:
        raise PhotoError(f"{path}: there is no such file") from None
    except (OSError, SyntaxError, ValueError) as error:
        if isinstance(error, PhotoError | PermissionError):
            raise
        raise PhotoError(f"{path} is a damaged image ({error}); save it again") from None


def _check_size(image: Image.Image, path: str, megapixels: float) -> None:
    pixels = image.width * image.height / 1e6
    if pixels > megapixels:
        raise PhotoError(
            f"{path} has {image.width} x {image.height} pixels, {pixels:.3g} megapixels, and at "
            f"most {megapixels:.3g} are allowed; make it smaller, or raise --megapixels (each "
            "megapixel takes hours)"
        )


def _mask(image: Image.Image) -> np.ndarray:
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith(("I", "F")):
        levels = np.asarray(image, dtype=np.float64)
        return np.asarray(levels > levels.max() / 2)
    return np.asarray(image.convert("L")) >= 128


def _photo(image: Image.Image) -> Photo:
    """Return the values, the alpha channel and the notes of an open image."""
    notes, frames = list[str](), getattr(image, "n_frames", 1)
    if frames > 1:
        notes.append(f"only the first of {frames} pictures of the file is restored")
    image = ImageOps.exif_transpose(image)
    mode = image.mode
    if mode.startswith("I"):  # gray, 16 bits
        levels = np.asarray(image, dtype=np.float32)
        return Photo((levels / 65535).clip(0, 1)[None], deep=True, notes=tuple(notes))
    if mode == "F":
        values = np.asarray(image, dtype=np.float32)
        if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
            raise PhotoError(
                f"its values are from {values.min():g} to {values.max():g}, not 0 to 1"
            )
        return Photo(values[None], deep=True, notes=tuple(notes))
    alpha = None
    if mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA" if mode not in ("LA", "La") else "LA")
        alpha = np.asarray(image.getchannel("A"))
    gray = mode in ("1", "L", "LA", "La")
    return Photo(from_image(image.convert("L" if gray else "RGB")), alpha, notes=tuple(notes))


def encoded(photo: Photo, values: Photograph, path: str) -> tuple[bytes, tuple[str, ...]]:
    """Return the content of a file with restored values, and notes on what it lacks.

    The alpha channel is kept, and resized if the values have another size, unless the format has
    none. Gray with 16 bits stays so in PNG and TIFF.
    """
    suffix, notes = Path(path).suffix.lower(), list[str]()
    if photo.deep and suffix in (".png", ".tif", ".tiff"):
        image = Image.fromarray(np.round(values[0] * 65535).astype(np.uint16))
    else:
        levels = np.round(values * 255).astype(np.uint8)
        image = Image.fromarray(levels[0] if len(levels) == 1 else levels.transpose(1, 2, 0))
        if photo.deep:
            notes.append(f"{suffix} has 8 bits a channel; write .png or .tif to keep 16")
    if photo.alpha is not None and suffix in WITHOUT_ALPHA:
        notes.append(f"{suffix} has no transparency, which is dropped; write .png to keep it")
    elif photo.alpha is not None:
        image.putalpha(Image.fromarray(photo.alpha).resize(image.size, Image.Resampling.BICUBIC))
    file = io.BytesIO()
    image.save(file, Image.registered_extensions()[suffix], **_OPTIONS.get(suffix, {}))
    return file.getvalue(), tuple(notes)


_OPTIONS: dict[str, dict[str, Any]] = {
    ".jpg": {"quality": 95},
    ".jpeg": {"quality": 95},
    ".webp": {"lossless": True},
}


def write_photo(photo: Photo, values: Photograph, path: str) -> tuple[str, ...]:
    """Write restored values completely or not at all; return the notes of `encoded`."""
    content, notes = encoded(photo, values, path)
    write_bytes(content, path)
    return notes
