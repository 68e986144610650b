"""Tiles on a page: in lines with a title each, or as a table with a row a task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from PIL import Image

from encoders.errors import InvalidDataError
from encoders.scenes.contact_sheets.legend import with_colors
from encoders.scenes.contact_sheets.panels import SEMANTIC_COLORS
from encoders.scenes.contact_sheets.sheet import save_sheet, write

GAP, HEAD, MARGIN, CAPTION = 6, 36, 96, 74
"""Pixels between tiles, above them for titles, left of them for tasks, and for what a row is."""

Tile = tuple[str, Image.Image]
"""A title and a picture."""


@dataclass(frozen=True, eq=False)
class Group:
    """The rows of a task in a table: what each is, and its tiles, one a column."""

    title: str
    rows: Sequence[tuple[str, Sequence[Image.Image]]]


def lines(rows: Sequence[Sequence[Tile]], *, across: int = 7) -> Image.Image:
    """Tiles under their titles; each row begins a new line, and so do more than ``across``.

    Raises
    ------
    InvalidDataError
        If there is nothing to show.
    """
    broken = [row[k : k + across] for row in rows for k in range(0, len(row), across)]
    if not broken:
        raise InvalidDataError("there is nothing to draw")
    tile = broken[0][0][1].width
    width = GAP + max(map(len, broken)) * (tile + GAP)
    page = Image.new("RGB", (width, len(broken) * (HEAD + tile + GAP)), "white")
    for y, line in enumerate(broken):
        for x, (title, picture) in enumerate(line):
            corner = (GAP + x * (tile + GAP), y * (HEAD + tile + GAP))
            write(page, title, corner, tile, HEAD)
            page.paste(picture, (corner[0], corner[1] + HEAD))
    return page


def table(heads: Sequence[Tile], groups: Sequence[Group], *, blocks: int = 1) -> Image.Image:
    """A column a view, a group of rows a task, in blocks side by side, each with the heads."""
    parts = _shares(groups, blocks)
    tile = heads[0][1].width
    drawn = [_block(heads, part, tile) for part in parts]
    width = sum(block.width for block in drawn) + 3 * GAP * (len(drawn) - 1)
    page = Image.new("RGB", (width, max(block.height for block in drawn)), "white")
    x = 0
    for block in drawn:
        page.paste(block, (x, 0))
        x += block.width + 3 * GAP
    return page


def with_legend(page: Image.Image, names: Sequence[str]) -> Image.Image:
    """Add below what the colors of semantic segmentation mean, from the background on."""
    return with_colors(page, names, SEMANTIC_COLORS[1:])


def save(page: Image.Image, path: str | PathLike[str]) -> None:
    """Write a page as PNG, whole or not at all.

    Raises
    ------
    InvalidDataError
        If the file cannot be written.
    """
    save_sheet(page, Path(path))


def _shares(groups: Sequence[Group], blocks: int) -> list[list[Group]]:
    """The groups in order, cut where the rows of each block are about equally many."""
    whole = sum(len(group.rows) for group in groups)
    parts: list[list[Group]] = [[] for _ in range(max(1, min(blocks, len(groups))))]
    before = 0
    for group in groups:
        middle = before + len(group.rows) / 2
        parts[min(len(parts) - 1, int(middle * len(parts) / whole))].append(group)
        before += len(group.rows)
    return [part for part in parts if part]


def _block(heads: Sequence[Tile], groups: Sequence[Group], tile: int) -> Image.Image:
    left, rows = MARGIN + CAPTION, sum(len(group.rows) for group in groups)
    height = HEAD + tile + GAP + rows * (tile + 2) + len(groups) * GAP
    block = Image.new("RGB", (left + len(heads) * (tile + GAP), height), "white")
    for column, (title, picture) in enumerate(heads):
        x = left + column * (tile + GAP)
        write(block, title, (x, 0), tile, HEAD)
        block.paste(picture, (x, HEAD))
    y = HEAD + tile + GAP
    for group in groups:
        tall = len(group.rows) * (tile + 2)
        write(block, group.title, (2, y), MARGIN - 4, tall)
        for caption, tiles in group.rows:
            write(block, caption, (MARGIN, y), CAPTION - 4, tile)
            for column, picture in enumerate(tiles):
                block.paste(picture, (left + column * (tile + GAP), y))
            y += tile + 2
        y += GAP
    return block
