"""Sheets of restored pictures beside the baselines, and the contact sheet of the inversions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.prior.fit_settings import TASKS
from benchmarks.prior.kept import PICTURES
from benchmarks.results.figures import write_jpeg
from encoders.draw.tiles import as_tile, write_centered

TILE, HEAD, GAP = 144, 34, 4
"""Sides of a tile and of the line above it, and the space between tiles, in pixels."""
COLUMNS = {
    "denoise": ("observed", "median", "TV", "NLM", "BM3D", "prior", "truth"),
    "inpaint": ("observed", "median", "cubic", "biharmonic", "prior", "truth"),
    "superresolve": ("observed", "bicubic", "Lanczos", "prior", "truth"),
    "dejpeg": ("observed", "median", "TV", "NLM", "BM3D", "prior", "truth"),
}
"""The pictures of a row, by task."""
PHOTOS = 3
"""Photographs on a sheet, each with an enlarged part below."""
INVERSION = "inversion"

SheetCell = tuple[str, Image.Image]
"""The line above a tile, and the picture."""


def sheet_name(task: str) -> str:
    """Return the file of a task's sheet."""
    return f"{task}.jpg"


def draw_sheets(folder: Path, photos: Sequence[str], captions: dict[str, str]) -> None:
    """Write the sheet of every task, and that of the inversions, if their pictures are there.

    Parameters
    ----------
    photos : sequence of str
        Photographs in the order of the rows; the first `PHOTOS` of those at hand are drawn.
    captions : dict of str
        What to write beside the name of a picture, by the stem of its file: its PSNR.
    """
    for task in TASKS:
        rows = [row for photo in photos for row in _rows(folder, task, photo, captions)]
        if rows:
            write_jpeg(page_of(rows[: 2 * PHOTOS]), folder / sheet_name(task))
    cells = _inversions(folder / PICTURES, captions)
    if cells:
        rows = [cells[start : start + 7] for start in range(0, len(cells), 7)]
        write_jpeg(page_of(rows), folder / sheet_name(INVERSION))


def _rows(folder: Path, task: str, photo: str, captions: dict[str, str]) -> list[list[SheetCell]]:
    """Return a row of whole pictures and a row of their middle; none if a picture is missing."""
    stems = [f"{task}-{photo}-{name}" for name in COLUMNS[task]]
    paths = [folder / PICTURES / f"{stem}.png" for stem in stems]
    if not all(path.exists() for path in paths):
        return []
    pictures = [Image.open(path).convert("RGB") for path in paths]
    side = pictures[0].width
    box = (side // 4, side // 8, side // 4 + side * 3 // 8, side // 8 + side * 3 // 8)
    names = [
        f"{name} {captions.get(stem, '')}" for name, stem in zip(COLUMNS[task], stems, strict=True)
    ]
    whole = list(zip(names, pictures, strict=True))
    return [whole, [("", picture.crop(box)) for picture in pictures]]


def _inversions(folder: Path, captions: dict[str, str]) -> list[SheetCell]:
    """Return the photograph and the picture of each encoder, in alphabetical order."""
    cells = [("photograph", folder / f"{INVERSION}.png")]
    for path in sorted(folder.glob(f"{INVERSION}-*.png")):
        task = path.stem.removeprefix(f"{INVERSION}-")
        cells.append((f"{task} {captions.get(path.stem, '')}", path))
    if len(cells) == 1:
        return []
    return [(name, Image.open(path).convert("RGB")) for name, path in cells]


def page_of(rows: Sequence[Sequence[SheetCell]]) -> Image.Image:
    """Return a page of tiles with a line of text above each; rows without text have no line."""
    heads = [HEAD if any(name for name, _ in row) else 0 for row in rows]
    width = max(map(len, rows)) * (TILE + GAP) + GAP
    page = Image.new("RGB", (width, sum(heads) + len(rows) * (TILE + GAP) + GAP), "white")
    top = GAP
    for row, head in zip(rows, heads, strict=True):
        for column, (name, picture) in enumerate(row):
            left = GAP + column * (TILE + GAP)
            if head:
                write_centered(page, name, (left, top), TILE, head, size=13)
            page.paste(as_tile(np.asarray(picture), TILE), (left, top + head))
        top += head + TILE + GAP
    return page
