"""The contact sheet: the labels of all tasks in rows, views in columns."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from encoders.errors import InvalidDataError
from encoders.scenes.contact_sheets.legend import with_colors
from encoders.scenes.contact_sheets.overlays import layout, other_point, same_point, vanishing
from encoders.scenes.contact_sheets.panels import (
    SEMANTIC_COLORS,
    Panel,
    Subject,
    as_stored,
    class_name,
    curvature,
    depth,
    gray,
    holed,
    noised,
    plain,
    puzzle,
    recolored,
    said,
    segments,
    semantic,
    wrapped,
)
from encoders.scenes.making.folder import write_whole

if TYPE_CHECKING:
    from encoders.scenes.contact_sheets.album import Album, Key

LEAST_TILE, LEAST_SINGLE, LARGEST_TILE = 128, 192, 256
"""Pixels along a tile: at least, on a sheet of several views and of one; and at most."""

GAP, HEAD, MARGIN = 6, 40, 110
"""Pixels between tiles, above them for the names of views, and left of them for those of tasks."""

WORDS = 44
"""Pixels along a tile that holds words alone, in a table."""

WRAP = 8
"""Tiles in a line of a sheet that shows one view."""

NOTES = (
    "Depth and distance: dark is near, over the range of each picture. Normals: 127 + 127 (x, y, "
    "z). Curvature: gray is flat, red and green are the larger and the smaller one.",
    "Rings: the same point in two pictures. Red, green, blue strokes run to the three vanishing "
    "points. Semantic segmentation:",
)


@dataclass(frozen=True)
class Row:
    """A task on the sheet: its name, what draws its tiles, how many, whether they are words."""

    name: str
    panel: Panel
    tiles: int = 1
    words: bool = False

    def height(self, tile: int) -> int:
        """Pixels of one of its tiles in a table: words take less than a picture."""
        return min(tile, WORDS) if self.words else tile


ROWS = (
    Row("Autoencoding", plain),
    Row("Denoising (input)", noised),
    Row("In-painting (input)", holed),
    Row("Colorization", recolored),
    Row("Jigsaw (input)", puzzle),
    Row("Random Proj.", said("a random encoder: nothing is learned"), words=True),
    Row("2D Edges", gray("edge_texture", 0.08)),
    Row("2D Keypoints", gray("keypoints2d", 0.005)),
    Row("2D Segm.", segments("segment_unsup2d")),
    Row("Z-Depth", depth("depth_zbuffer")),
    Row("Distance", depth("depth_euclidean")),
    Row("Normals", as_stored("normal")),
    Row("Curvature", curvature),
    Row("Occlusion Edges", gray("edge_occlusion")),
    Row("3D Keypoints", gray("keypoints3d")),
    Row("2.5D Segm.", segments("segment_unsup25d")),
    Row("Reshading", as_stored("reshading")),
    Row("Semantic Segm.", semantic),
    Row("Object Class.", class_name("class_object"), words=True),
    Row("Scene Class.", class_name("class_scene"), words=True),
    Row("Vanishing Pts.", vanishing),
    Row("Layout", layout),
    Row("Matching", same_point(2), 2),
    Row("Cam. Pose (fix)", same_point(2), 2),
    Row("Cam. Pose (nonfix)", other_point, 2),
    Row("Egomotion", same_point(3), 3),
)
"""The 26 tasks, in the order of the sheet's rows."""


def draw_sheet(views: Sequence[tuple[Album, Key]]) -> Image.Image:
    """Draw the labels of all tasks of some views; of a single view, larger and in lines.

    Raises
    ------
    InvalidDataError
        If there is no view to draw.
    """
    if not views:
        raise InvalidDataError("there is no view to draw")
    size = len(views[0][0].picture(views[0][1]))
    least = LEAST_SINGLE if len(views) == 1 else LEAST_TILE
    tile = min(LARGEST_TILE, size * -(-least // size))
    subjects = [Subject(album, key, tile) for album, key in views]
    sheet = _single(subjects[0]) if len(views) == 1 else _table(subjects)
    return with_colors(sheet, views[0][0].classes["segment_semantic"], SEMANTIC_COLORS, notes=NOTES)


def save_sheet(sheet: Image.Image, path: str | Path) -> None:
    """Write a sheet as PNG, whole or not at all.

    Raises
    ------
    InvalidDataError
        If the file cannot be written.
    """
    content = io.BytesIO()
    sheet.save(content, format="PNG", optimize=True)
    try:
        write_whole(Path(path), content.getvalue())
    except OSError as error:
        raise InvalidDataError(f"{path} cannot be written: {error.strerror}") from None


def _table(subjects: Sequence[Subject]) -> Image.Image:
    """A row a task, a column a view: no wider than a page."""
    tile = subjects[0].tile
    starts, y = [], HEAD
    for row in ROWS:
        starts.append(y)
        y += row.tiles * (row.height(tile) + 2) + GAP
    sheet = Image.new("RGB", (MARGIN + len(subjects) * (tile + GAP), y), "white")
    for row, start in zip(ROWS, starts, strict=True):
        write(sheet, row.name, (4, start), MARGIN - 12, row.tiles * (row.height(tile) + 2))
    for column, subject in enumerate(subjects):
        x = MARGIN + column * (tile + GAP)
        write(sheet, _title(subject), (x, 0), tile, HEAD - 4)
        for row, start in zip(ROWS, starts, strict=True):
            above = (tile - row.height(tile)) // 2  # words stand in the middle of their tile
            for k, picture in enumerate(row.panel(subject)):
                part = picture.crop((0, above, tile, above + row.height(tile)))
                sheet.paste(part, (x, start + k * (tile + 2)))
    return sheet


def _single(subject: Subject) -> Image.Image:
    """One view: its tasks one after the other, in lines of `WRAP` tiles."""
    tile, places, line, used = subject.tile, [], 0, 0
    for row in ROWS:
        if used + row.tiles > WRAP:
            line, used = line + 1, 0
        places.append((GAP + used * (tile + GAP), HEAD + line * (tile + HEAD)))
        used += row.tiles
    size = (GAP + WRAP * (tile + GAP), HEAD + (line + 1) * (tile + HEAD) - HEAD + GAP)
    sheet = Image.new("RGB", size, "white")
    for row, (x, y) in zip(ROWS, places, strict=True):
        write(sheet, row.name, (x, y - HEAD), row.tiles * tile, HEAD - 4)
        _paste(sheet, row.panel(subject), x, y)
    return sheet


def _title(subject: Subject) -> str:
    point, view = subject.key
    return f"{subject.album.building} point {point} view {view}"


def _paste(sheet: Image.Image, tiles: Sequence[Image.Image], x: int, y: int) -> None:
    for k, picture in enumerate(tiles):
        sheet.paste(picture, (x + k * (picture.width + 2), y))


def write(sheet: Image.Image, text: str, corner: tuple[int, int], width: int, height: int) -> None:
    """Text in the middle of a box, in several lines where it is wide."""
    font = ImageFont.load_default(size=14)
    middle = (corner[0] + width / 2, corner[1] + height / 2)
    lines = "\n".join(wrapped(text.replace("_", " "), font, width))
    ImageDraw.Draw(sheet).multiline_text(middle, lines, "black", font, "mm", align="center")
