"""Draw predictions for photographs, which have no labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np
from PIL import Image

from encoders.bank.predict.networks import Predictor, add_legend, open_bank
from encoders.codecs.photos import center_crop, open_photo
from encoders.dataset.resize import resized
from encoders.draw import as_tile, draw_answer, draw_input, has_own_input, lines
from encoders.errors import InvalidDataError
from encoders.tasks import Task
from encoders.tasks.names import ALL_TASKS
from taskgraph.arrays import Pixels
from taskgraph.tables.formats import FilePath

TILE = 192
"""Side of a drawn picture, in pixels."""


def center_square(picture: Image.Image, size: int) -> Pixels:
    """Return the largest square in the middle, resized to (size, size, 3) like our pictures."""
    pixels: Pixels = resized("rgb", center_crop(np.asarray(picture)), size)
    return pixels


def photos(
    bank: FilePath, images: Sequence[FilePath], tasks: Sequence[str | Task] = (ALL_TASKS,)
) -> Image.Image:
    """Draw predictions for photographs: one row each, and one for tasks of several photographs.

    Parameters
    ----------
    images : sequence of paths
        Each photograph is cropped to the square in its middle and resized for the networks.
    tasks : sequence of str
        Names or aliases of tasks; `ALL_TASKS` stands for all tasks that take one photograph, or
        as many as there are.

    Raises
    ------
    InvalidDataError
        If there is no file, a file is not a picture, the bank lacks a task, or a task takes
        another number of pictures.
    """
    pictures = [open_photo(path) for path in images]
    if not pictures:
        raise InvalidDataError("there is no picture to look at; name at least one file")
    predictors = open_bank(bank, tasks)
    suited = [p for p in predictors if p.photo_count in (1, len(pictures))]
    if ALL_TASKS not in tasks and len(suited) < len(predictors):
        _refuse(next(p for p in predictors if p not in suited), len(pictures))
    if not suited:
        raise InvalidDataError(f"{bank} has no task that takes {len(pictures)} picture(s)")
    single = [p for p in suited if p.photo_count == 1]
    rows = []
    for path, picture in zip(images, pictures, strict=True):
        shown = as_tile(np.asarray(center_square(picture, TILE)), TILE)
        rows.append([(Path(path).name, shown), *_tiles(single, [picture])])
    last_row = list(_tiles([p for p in suited if p.photo_count > 1], pictures))
    page = lines([*rows, last_row] if last_row else rows)
    return add_legend(page, suited)


def _refuse(predictor: Predictor, count: int) -> NoReturn:
    """Raise the error that the task takes another number of pictures."""
    expected = predictor.photo_count
    raise InvalidDataError(
        f"task {predictor.task.name} takes {expected} pictures, and {count} "
        f"{'was' if count == 1 else 'were'} given; name {expected} files"
    )


def _tiles(
    predictors: Sequence[Predictor], pictures: Sequence[Image.Image]
) -> Iterator[tuple[str, Image.Image]]:
    """Yield titles and predictions of some tasks, after an input that is not the picture."""
    for predictor in predictors:
        squares = [center_square(picture, predictor.size) for picture in pictures]
        inputs = predictor.prepare_input(squares)
        canvas = predictor.canvas(inputs, TILE)
        if has_own_input(predictor.task):
            yield f"{predictor.task.name} (input)", draw_input(canvas)
        yield predictor.task.name, draw_answer(canvas, predictor.predict(inputs[None])[0])
