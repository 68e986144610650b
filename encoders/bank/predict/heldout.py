"""Draw predictions beside labels, for views that no network was trained on."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from encoders.bank.predict.networks import Predictor, add_legend, open_bank
from encoders.codecs.encodings import read_value
from encoders.dataset import TaskonomyDataset
from encoders.dataset.index import read_index
from encoders.dataset.overlap import (
    Overlap,
    find_overlap,
    refuse_overlap,
    trained_on,
    unknown_warning,
)
from encoders.dataset.selection import split_rows
from encoders.dataset.table import splits_of
from encoders.draw import (
    FOV,
    TaskRows,
    answer_of_label,
    as_tile,
    draw_answer,
    draw_input,
    draw_table,
    has_own_input,
)
from encoders.errors import InvalidDataError
from encoders.tasks import Task
from encoders.tasks.names import ALL_TASKS
from taskgraph.tables.formats import FilePath

TILE = 96
"""Side of a drawn picture, in pixels."""

PARTS = {"val": "valid"}
"""Names of splits in an `Overlap`, where they differ from the data set's."""

GROUPS = 9
"""The page gets one more block for every so many tasks."""

logger = logging.getLogger(__name__)


def gallery(
    bank: FilePath,
    data: FilePath,
    *,
    tasks: Sequence[str | Task] = (ALL_TASKS,),
    views: int = 6,
    split: str = "test",
    splits: str | None = None,
    allow_overlap: bool = False,
) -> Image.Image:
    """Draw predictions and labels of views that no network was trained on.

    The page has a column for each view; the views are evenly spaced over the split. Each task has
    a row for its prediction, one for its label, and one for its input if that is not the picture.
    A warning is logged if the bank does not record which buildings it was trained on.

    Parameters
    ----------
    views : int
        Number of views.
    splits : str, optional
        The CSV file of splits that the bank was trained with, if there was one.
    allow_overlap : bool
        Whether views of buildings that a network was trained on are allowed. The heads of their
        columns say so.

    Raises
    ------
    InvalidDataError
        If the bank or the data set lacks something, or a network was trained on buildings of the
        split and ``allow_overlap`` is False; the message names them.
    """
    predictors = open_bank(bank, tasks)
    overlap = _overlap(bank, data, predictors, split, splits, allow_overlap)
    datasets = {
        size: _open_views(data, [p for p in predictors if p.size == size], split, splits)
        for size in sorted({predictor.size for predictor in predictors})
    }
    first = next(iter(datasets.values()))
    count = min(views, len(first))
    numbers = [(2 * k + 1) * len(first) // (2 * count) for k in range(count)]
    fields_of_view = [_field_of_view(first, number) for number in numbers]
    groups = [_group(p, datasets[p.size], numbers, fields_of_view) for p in predictors]
    heads = [_head(first, number, overlap) for number in numbers]
    page = draw_table(heads, groups, blocks=1 + len(groups) // GROUPS)
    if warning := unknown_warning(overlap, bank):
        logger.warning("%s", warning)
    return add_legend(page, predictors)


def _overlap(
    bank: FilePath,
    data: FilePath,
    predictors: Sequence[Predictor],
    split: str,
    splits: str | None,
    allow: bool,
) -> Overlap:
    """Return the split's buildings that a network was trained on; raise if none may be."""
    index = read_index(Path(data))
    trained = trained_on(bank, [predictor.task.name for predictor in predictors])
    rows = split_rows(index, split, splits_of(data, splits))
    names = [index.buildings[number] for number in sorted(set(index.building[rows].tolist()))]
    overlap = find_overlap(trained, index, {PARTS.get(split, split): names})
    if not allow:
        refuse_overlap(overlap, trained, bank, index)
    return overlap


def _open_views(
    data: FilePath, predictors: Sequence[Predictor], split: str, splits: str | None
) -> TaskonomyDataset:
    """Return the views of a split, standardized with the bank's constants.

    Files are read on demand.
    """
    return TaskonomyDataset(
        data,
        [predictor.task for predictor in predictors],
        split,
        size=predictors[0].size,
        splits=splits,
        cache=False,
        constants={predictor.task.name: predictor.constants for predictor in predictors},
        progress=False,
    )


def _field_of_view(data: TaskonomyDataset, number: int) -> float:
    """Return the camera's field of view in radians; `FOV` if the data set does not record it."""
    try:
        info = _file(data, number, "point_info")
    except InvalidDataError:
        return FOV
    return float(info.get("field_of_view_rads", FOV))


def _head(data: TaskonomyDataset, number: int, overlap: Overlap) -> tuple[str, Image.Image]:
    """Return the title and the picture of a column.

    The title marks a building that was trained on.
    """
    picture = data.picture(number)
    building, _, view = data.image(number).partition("/")
    trained_on = any(building in names for names in overlap.parts.values())
    return f"{building} {view}{' (trained on)' if trained_on else ''}", as_tile(picture, TILE)


def _file(data: TaskonomyDataset, number: int, domain: str) -> Any:
    """Return the content of a view's file of one domain, in physical units."""
    return read_value(data.index.root / data.index.files(domain).paths[data.rows[number]], domain)


def _group(
    predictor: Predictor,
    data: TaskonomyDataset,
    numbers: Sequence[int],
    fields_of_view: Sequence[float],
) -> TaskRows:
    """Return the rows of one task: predictions, labels, and inputs that are not the pictures."""
    task = predictor.task
    inputs, target, mask = (part.numpy() for part in data.batch(task.name, numbers))
    inputs = inputs[:, None] if task.inputs == 1 else inputs
    canvases = [
        predictor.canvas(each, TILE, fov=fov)
        for each, fov in zip(inputs, fields_of_view, strict=True)
    ]
    # A view without partners has no input, so that its prediction is left out as its label is.
    shown = mask if task.partners else np.ones(len(mask), dtype=bool)
    outputs, labels = predictor.predict(inputs), [answer_of_label(task, t) for t in target]
    rows = [
        (
            "prediction",
            [draw_answer(c, o, s) for c, o, s in zip(canvases, outputs, shown, strict=True)],
        ),
        ("label", [draw_answer(c, o, m) for c, o, m in zip(canvases, labels, mask, strict=True)]),
    ]
    if has_own_input(task):
        rows.insert(0, ("input", [draw_input(canvas) for canvas in canvases]))
    return TaskRows(task.name, rows)
