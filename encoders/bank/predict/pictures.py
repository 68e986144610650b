"""Predictions on photographs, which have no labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from encoders.bank.predict.networks import Predictor, explained, open_bank
from encoders.dataset.resize import resized
from encoders.draw import draw, draw_input, has_own_input, lines
from encoders.errors import InvalidDataError
from encoders.scenes.contact_sheets.panels import enlarged
from encoders.tasks.names import ALL
from encoders.training.checkpoint import FilePath
from taskgraph.arrays import Pixels

TILE = 192
"""Pixels along a tile."""


def open_photo(path: FilePath) -> Image.Image:
    """A picture file of any kind, upright, in 8-bit RGB; what is transparent is white.

    Raises
    ------
    InvalidDataError
        If the file is missing, cut off, or no picture.
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
    if picture.mode.startswith("I"):  # 16 bits
        picture = Image.fromarray((np.asarray(picture) / 257).clip(0, 255).astype(np.uint8))
    clear = picture.convert("RGBA")
    paper = Image.new("RGBA", clear.size, "white")
    return Image.alpha_composite(paper, clear).convert("RGB")


def square(picture: Image.Image, size: int) -> Pixels:
    """The largest square in the middle, averaged to (size, size, 3) as the data set's are."""
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    middle = picture.crop((left, top, left + side, top + side))
    found: Pixels = resized("rgb", np.asarray(middle), size)
    return found


def photos(
    bank: FilePath, images: Sequence[FilePath], tasks: Sequence[str] = (ALL,)
) -> Image.Image:
    """Predictions on photographs: a line of tiles each; then tasks that look at all of them.

    Parameters
    ----------
    images : sequence of paths
        Each is cut to the square in its middle, and resized to what the networks take.
    tasks : sequence of str
        Names or `ALIASES`; with `ALL`, those that the number of pictures suits.

    Raises
    ------
    InvalidDataError
        If a file is no picture, the bank lacks a task, or a task looks at another number of
        pictures.
    """
    opened = [open_photo(path) for path in images]
    if not opened:
        raise InvalidDataError("there is no picture to look at; name at least one file")
    chosen = open_bank(bank, tasks)
    fit = [one for one in chosen if one.photographs in (1, len(opened))]
    if ALL not in tasks and len(fit) < len(chosen):
        _refuse(next(one for one in chosen if one not in fit), len(opened))
    if not fit:
        raise InvalidDataError(f"{bank} has no task that looks at {len(opened)} picture(s)")
    rows = []
    for path, picture in zip(images, opened, strict=True):
        shown = enlarged(np.asarray(square(picture, TILE)), TILE)
        rows.append(
            [(Path(path).name, shown), *_tiles([f for f in fit if f.photographs == 1], [picture])]
        )
    together = list(_tiles([one for one in fit if one.photographs > 1], opened))
    page = lines([*rows, together] if together else rows)
    return explained(page, fit)


def _refuse(predictor: Predictor, count: int) -> None:
    wanted = predictor.photographs
    raise InvalidDataError(
        f"task {predictor.task.name} looks at {wanted} pictures, and {count} "
        f"{'was' if count == 1 else 'were'} given; name {wanted} files"
    )


def _tiles(
    predictors: Sequence[Predictor], pictures: Sequence[Image.Image]
) -> Iterator[tuple[str, Image.Image]]:
    """Titles and tiles; before an answer to several pictures, or pieces, what was given."""
    for one in predictors:
        given = one.prepared([square(picture, one.size) for picture in pictures])
        canvas = one.canvas(given, TILE)
        if has_own_input(one.task):
            yield f"{one.task.display} (input)", draw_input(canvas)
        yield one.task.display, draw(canvas, one.answers(given[None])[0])
