"""Read photographs of any format, mode and size as square 8-bit RGB pictures."""

from __future__ import annotations

from os import PathLike

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from encoders.errors import InvalidDataError
from taskgraph.arrays import Array

DEEP = 257
"""Steps of a 16-bit number in one step of an 8-bit number."""
BYTE = 255


def open_photo(path: str | PathLike[str]) -> Image.Image:
    """Read a picture file of any format as 8-bit RGB.

    The picture is turned upright as its EXIF data say, transparent parts become white, and 16-bit
    numbers are divided by 257. Floating-point numbers are refused.

    Raises
    ------
    InvalidDataError
        If the file is missing, truncated, not a picture, or has floating-point numbers.
    """
    try:
        with Image.open(path) as opened:
            picture = ImageOps.exif_transpose(opened)
            picture.load()
    except UnidentifiedImageError:
        raise InvalidDataError(
            f"{path} is not a picture that Pillow can read; give a PNG, JPEG, or the like"
        ) from None
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidDataError(f"{path} cannot be read as a picture: {reason}") from None
    if picture.mode == "F":
        raise InvalidDataError(
            f"{path} has floating-point numbers, whose scale is not known; convert it to 8 or 16 "
            "bits"
        )
    if picture.mode.startswith("I"):
        picture = Image.fromarray(_eight_bits(np.asarray(picture)))
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    layer = picture.convert("RGBA")
    white = Image.new("RGBA", layer.size, "white")
    return Image.alpha_composite(white, layer).convert("RGB")


def _eight_bits(values: Array) -> Array:
    """Return whole numbers as bytes: those of 16 bits divided by 257, those up to 255 as they are.

    Pillow's mode for 32 bits holds either.
    """
    scale = DEEP if values.dtype == np.uint16 or values.max(initial=0) > BYTE else 1
    return (values / scale).clip(0, BYTE).round().astype(np.uint8)


def center_crop(pixels: Array) -> Array:
    """Return the largest square in the middle of an (H, W) or (H, W, C) picture."""
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return pixels[top : top + side, left : left + side]
