"""Pages of tiles: lines of tiles with titles, or a table with rows for each task."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from PIL import Image

from encoders.draw.tiles import write_centered
from encoders.errors import InvalidDataError
from encoders.scenes.making.folder import write_whole

GAP, HEAD, MARGIN, CAPTION = 6, 36, 96, 74
"""Pixels between tiles, above them for titles, left of them for tasks, and for rows' captions."""

PageTile = tuple[str, Image.Image]
"""A title and a picture."""


@dataclass(frozen=True, eq=False)
class TaskRows:
    """The rows of a task in a table: captions (such as "label"), and one tile for each column."""

    title: str
    rows: Sequence[tuple[str, Sequence[Image.Image]]]


def lines(rows: Sequence[Sequence[PageTile]], *, across: int = 7) -> Image.Image:
    """Draw tiles under their titles, at most ``across`` in a line; each row begins a new line.

    Raises
    ------
    InvalidDataError
        If there are no tiles.
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
            write_centered(page, title, corner, tile, HEAD)
            page.paste(picture, (corner[0], corner[1] + HEAD))
    return page


def draw_table(
    heads: Sequence[PageTile], tasks: Sequence[TaskRows], *, blocks: int = 1
) -> Image.Image:
    """Draw a table with a column for each view and rows for each task.

    The tasks are split into ``blocks`` tables side by side, each with the same heads.
    """
    parts = _split(tasks, blocks)
    tile = heads[0][1].width
    drawn = [_block(heads, part, tile) for part in parts]
    width = sum(block.width for block in drawn) + 3 * GAP * (len(drawn) - 1)
    page = Image.new("RGB", (width, max(block.height for block in drawn)), "white")
    x = 0
    for block in drawn:
        page.paste(block, (x, 0))
        x += block.width + 3 * GAP
    return page


def save_page(page: Image.Image, path: str | PathLike[str]) -> None:
    """Write a page as a PNG file, which appears whole or not at all.

    Raises
    ------
    InvalidDataError
        If the file cannot be written.
    """
    content = io.BytesIO()
    page.save(content, format="PNG", optimize=True)
    try:
        write_whole(Path(path), content.getvalue())
    except OSError as error:
        raise InvalidDataError(f"{path} cannot be written: {error.strerror}") from None


def _split(tasks: Sequence[TaskRows], blocks: int) -> list[list[TaskRows]]:
    """Split the tasks, in order, into blocks of about equally many rows."""
    total = sum(len(task.rows) for task in tasks)
    parts: list[list[TaskRows]] = [[] for _ in range(max(1, min(blocks, len(tasks))))]
    before = 0
    for task in tasks:
        middle = before + len(task.rows) / 2
        parts[min(len(parts) - 1, int(middle * len(parts) / total))].append(task)
        before += len(task.rows)
    return [part for part in parts if part]


def _block(heads: Sequence[PageTile], tasks: Sequence[TaskRows], tile: int) -> Image.Image:
    left, rows = MARGIN + CAPTION, sum(len(task.rows) for task in tasks)
    height = HEAD + tile + GAP + rows * (tile + 2) + len(tasks) * GAP
    block = Image.new("RGB", (left + len(heads) * (tile + GAP), height), "white")
    for column, (title, picture) in enumerate(heads):
        x = left + column * (tile + GAP)
        write_centered(block, title, (x, 0), tile, HEAD)
        block.paste(picture, (x, HEAD))
    y = HEAD + tile + GAP
    for task in tasks:
        height = len(task.rows) * (tile + 2)
        write_centered(block, task.title, (2, y), MARGIN - 4, height)
        for caption, tiles in task.rows:
            write_centered(block, caption, (MARGIN, y), CAPTION - 4, tile)
            for column, picture in enumerate(tiles):
                block.paste(picture, (left + column * (tile + GAP), y))
            y += tile + 2
        y += GAP
    return block
