"""The contact sheet: views in rows, the labels of all tasks in columns."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from encoders.errors import InvalidDataError
from encoders.scenes.album import Album, Key
from encoders.scenes.folder import write_whole
from encoders.scenes.overlays import layout, other_point, same_point, vanishing
from encoders.scenes.panels import (
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

LEAST_TILE, LEAST_SINGLE, LARGEST_TILE = 128, 192, 256
"""Pixels along a tile: at least, on a sheet of several views and of one; and at most."""

GAP, HEAD, MARGIN = 6, 40, 110
"""Pixels between tiles, above them for the names of tasks, and left of them for those of views."""

WRAP = 8
"""Tiles in a line of a sheet that shows one view."""

NOTES = (
    "Depth and distance: dark is near, over the range of each picture. Normals: 127 + 127 (x, y, "
    "z). Curvature: gray is flat, red and green are the larger and the smaller one.",
    "Rings: the same point in two pictures. Red, green, blue strokes run to the three vanishing "
    "points. Semantic segmentation:",
)


@dataclass(frozen=True)
class Column:
    """A task on the sheet: its name, what draws its tiles, and how many there are."""

    name: str
    panel: Panel
    tiles: int = 1


COLUMNS = (
    Column("Autoencoding", plain),
    Column("Denoising (input)", noised),
    Column("In-painting (input)", holed),
    Column("Colorization", recolored),
    Column("Jigsaw (input)", puzzle),
    Column("Random Proj.", said("a random encoder: nothing is learned")),
    Column("2D Edges", gray("edge_texture", 0.08)),
    Column("2D Keypoints", gray("keypoints2d", 0.005)),
    Column("2D Segm.", segments("segment_unsup2d")),
    Column("Z-Depth", depth("depth_zbuffer")),
    Column("Distance", depth("depth_euclidean")),
    Column("Normals", as_stored("normal")),
    Column("Curvature", curvature),
    Column("Occlusion Edges", gray("edge_occlusion")),
    Column("3D Keypoints", gray("keypoints3d")),
    Column("2.5D Segm.", segments("segment_unsup25d")),
    Column("Reshading", as_stored("reshading")),
    Column("Semantic Segm.", semantic),
    Column("Object Class.", class_name("class_object")),
    Column("Scene Class.", class_name("class_scene")),
    Column("Vanishing Pts.", vanishing),
    Column("Layout", layout),
    Column("Matching", same_point(2), 2),
    Column("Cam. Pose (fix)", same_point(2), 2),
    Column("Cam. Pose (nonfix)", other_point, 2),
    Column("Egomotion", same_point(3), 3),
)
"""The 26 tasks, in the order of the sheet's columns."""


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
    return _with_legend(sheet, views[0][0].classes["segment_semantic"])


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
    """A row a view, a column a task."""
    tile = subjects[0].tile
    starts, x = [], MARGIN
    for column in COLUMNS:
        starts.append(x)
        x += column.tiles * (tile + 2) + GAP
    sheet = Image.new("RGB", (x, HEAD + len(subjects) * (tile + GAP)), "white")
    for column, start in zip(COLUMNS, starts, strict=True):
        _write(sheet, column.name, (start, 0), column.tiles * (tile + 2) - 2, HEAD - 4)
    for row, subject in enumerate(subjects):
        y = HEAD + row * (tile + GAP)
        _write(sheet, _title(subject), (4, y), MARGIN - 12, tile)
        for column, start in zip(COLUMNS, starts, strict=True):
            _paste(sheet, column.panel(subject), start, y)
    return sheet


def _single(subject: Subject) -> Image.Image:
    """One view: its tasks one after the other, in lines of `WRAP` tiles."""
    tile, places, line, used = subject.tile, [], 0, 0
    for column in COLUMNS:
        if used + column.tiles > WRAP:
            line, used = line + 1, 0
        places.append((GAP + used * (tile + GAP), HEAD + line * (tile + HEAD)))
        used += column.tiles
    size = (GAP + WRAP * (tile + GAP), HEAD + (line + 1) * (tile + HEAD) - HEAD + GAP)
    sheet = Image.new("RGB", size, "white")
    for column, (x, y) in zip(COLUMNS, places, strict=True):
        _write(sheet, column.name, (x, y - HEAD), column.tiles * tile, HEAD - 4)
        _paste(sheet, column.panel(subject), x, y)
    return sheet


def _title(subject: Subject) -> str:
    point, view = subject.key
    return f"{subject.album.building} point {point} view {view}"


def _paste(sheet: Image.Image, tiles: Sequence[Image.Image], x: int, y: int) -> None:
    for k, picture in enumerate(tiles):
        sheet.paste(picture, (x + k * (picture.width + 2), y))


def _write(sheet: Image.Image, text: str, corner: tuple[int, int], width: int, height: int) -> None:
    """Text in the middle of a box, in several lines where it is wide."""
    font = ImageFont.load_default(size=14)
    middle = (corner[0] + width / 2, corner[1] + height / 2)
    lines = "\n".join(wrapped(text.replace("_", " "), font, width))
    ImageDraw.Draw(sheet).multiline_text(middle, lines, "black", font, "mm", align="center")


def _with_legend(sheet: Image.Image, classes: Sequence[str]) -> Image.Image:
    """Add what the colours mean, below."""
    font = ImageFont.load_default(size=14)
    entries = [(name.replace("_", " "), SEMANTIC_COLORS[k]) for k, name in enumerate(classes)]
    width = 40 + max(int(font.getlength(name)) for name, _ in entries)
    across = max(1, (sheet.width - 2 * GAP) // width)
    lines = -(-len(entries) // across)
    whole = Image.new("RGB", (sheet.width, sheet.height + 44 + 22 * lines), "white")
    whole.paste(sheet)
    pencil = ImageDraw.Draw(whole)
    for k, text in enumerate(NOTES):
        pencil.text((GAP, sheet.height + 4 + 18 * k), text, "black", font)
    for k, (name, color) in enumerate(entries):
        x, y = GAP + k % across * width, sheet.height + 46 + k // across * 22
        pencil.rectangle([x, y, x + 24, y + 14], fill=tuple(int(c) for c in color))
        pencil.text((x + 30, y - 1), name, "black", font)
    return whole
