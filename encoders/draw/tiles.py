"""Square tiles: pictures enlarged, pictures side by side, and text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from taskgraph.arrays import Pixels

UNSEEN = (70, 70, 78)
"""Color of pixels without a label, such as those that see no surface."""

SMALLEST = 8
"""Height of the smallest text in pixels."""


def as_tile(pixels: Pixels, tile: int, *, exact: bool = False) -> Image.Image:
    """Resize (H, H, 3) pixels to a tile of ``tile`` x ``tile`` pixels.

    Larger pictures are averaged, smaller ones repeat pixels. With ``exact`` no pixels are
    averaged, so that colors that stand for numbers stay as they are.
    """
    repeat = exact or pixels.shape[0] <= tile
    method = Image.Resampling.NEAREST if repeat else Image.Resampling.BOX
    return Image.fromarray(np.asarray(pixels, dtype=np.uint8)).resize((tile, tile), method)


def text_tile(text: str, tile: int) -> Image.Image:
    """Return a white tile with centered text."""
    picture = Image.new("RGB", (tile, tile), "white")
    write_centered(picture, text, (0, 0), tile, tile, size=max(11, tile // 10), margin=4)
    return picture


def write_centered(
    picture: Image.Image,
    text: str,
    corner: tuple[int, int],
    width: int,
    height: int,
    *,
    size: int = 14,
    margin: int = 0,
) -> None:
    """Write text into the middle of a box, wrapped to its width; underscores become spaces.

    The text is smaller than ``size``, down to `SMALLEST`, where a word is wider than the box.
    """
    text, inner = text.replace("_", " "), width - 2 * margin
    font: Any = ImageFont.load_default(size=size)
    while size > SMALLEST and any(font.getlength(word) > inner for word in text.split()):
        size -= 1
        font = ImageFont.load_default(size=size)
    middle = (corner[0] + width / 2, corner[1] + height / 2)
    lines = "\n".join(wrap_text(text, font, inner))
    ImageDraw.Draw(picture).multiline_text(middle, lines, "black", font, "mm", align="center")


def wrap_text(text: str, font: Any, width: float) -> list[str]:
    """Split text into lines of at most ``width`` pixels; a longer word gets its own line."""
    lines: list[str] = []
    for word in text.split():
        if lines and font.getlength(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def montage(
    pictures: Sequence[Pixels], tile: int, frames: Sequence[tuple[int, int, int]] = ()
) -> Image.Image:
    """Arrange pictures in the smallest square grid, each with a frame of its color if given."""
    columns = int(np.ceil(np.sqrt(len(pictures))))
    rows = -(-len(pictures) // columns)
    cell, page = tile // columns, Image.new("RGB", (tile, tile), "white")
    line = max(2, tile // 48) if frames else 0
    top = (tile - rows * cell) // 2
    for k, pixels in enumerate(pictures):
        corner = (k % columns * cell, top + k // columns * cell)
        if frames:
            page.paste(frames[k], (*corner, corner[0] + cell - 1, corner[1] + cell - 1))
        inner = as_tile(pixels, cell - 1 - 2 * line)
        page.paste(inner, (corner[0] + line, corner[1] + line))
    return page
