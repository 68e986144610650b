"""Sheets of pictures: some items of each class of a data set, and numbered ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.data.data import Data
from taskgraph.arrays import Integers, Pixels

CELL, MARGIN, ROWS, COLUMNS = 64, 4, 10, 8
TEXT = 120
"""Width in pixels of the column with the names of classes."""
ACROSS, SIDE, GAP, TITLE = 6, 96, 6, 16
"""Numbered pictures of a row, their side and distance, and the height of a number, in pixels."""


def contact_sheet(data: Data, *, rows: int = ROWS, columns: int = COLUMNS) -> Image.Image:
    """Draw the first items of each class, one row a class; without classes, the first items.

    Classes beyond ``rows`` are left out; they are evenly spread over all.
    """
    if not data.images:
        raise ValueError(f"{data.name} has features and no images")
    shown = _shown(data, rows, columns)
    left = TEXT if data.classes else 0
    step = CELL + MARGIN
    page = Image.new("RGB", (left + columns * step + MARGIN, len(shown) * step + MARGIN), "white")
    pencil, font = ImageDraw.Draw(page), ImageFont.load_default(size=12)
    for place, (name, items) in enumerate(shown):
        top = MARGIN + place * step
        pencil.text((MARGIN, top + CELL // 2 - 8), name[:18], "black", font)
        for column, item in enumerate(items):
            picture = _picture(data.inputs[item])
            page.paste(picture, (left + MARGIN + column * step, top))
    return page


def _shown(data: Data, rows: int, columns: int) -> list[tuple[str, Integers]]:
    """Return the name and the items of each row."""
    every = np.arange(len(data.inputs))
    if data.labels is None:
        chunks = [
            every[k : k + columns] for k in range(0, min(len(every), rows * columns), columns)
        ]
        return [("", chunk) for chunk in chunks]
    count = len(data.classes)
    places = np.unique(np.linspace(0, count - 1, min(rows, count)).round().astype(np.int64))
    return [(data.classes[k], every[data.labels == k][:columns]) for k in places]


def _picture(pixels: Pixels) -> Image.Image:
    """Return an item scaled to `CELL` pixels; enlarged items keep sharp pixels."""
    content = pixels[..., 0] if pixels.shape[-1] == 1 else pixels
    picture = Image.fromarray(np.ascontiguousarray(content))
    ratio = CELL / max(picture.size)
    size = (max(1, round(picture.width * ratio)), max(1, round(picture.height * ratio)))
    how = Image.Resampling.NEAREST if ratio >= 1 else Image.Resampling.BOX
    return picture.resize(size, how).convert("RGB")


def numbered_sheet(pictures: Sequence[Pixels]) -> Image.Image:
    """Return the pictures side by side at one size, with a number above each, from 1."""
    rows = -(-len(pictures) // ACROSS)
    step, high = SIDE + GAP, SIDE + TITLE + GAP
    page = Image.new("RGB", (ACROSS * step + GAP, rows * high + GAP), "white")
    pencil, font = ImageDraw.Draw(page), ImageFont.load_default(size=12)
    for place, pixels in enumerate(pictures):
        left, top = GAP + place % ACROSS * step, GAP + place // ACROSS * high
        pencil.text((left, top), str(place + 1), "black", font)
        content = pixels[..., 0] if pixels.shape[-1] == 1 else pixels
        picture = Image.fromarray(np.ascontiguousarray(content)).convert("RGB")
        page.paste(picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC), (left, top + TITLE))
    return page
