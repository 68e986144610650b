"""Predictions beside labels, of views that no network was trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from encoders.bank.predict.networks import Predictor, explained, open_bank
from encoders.codecs.encodings import read
from encoders.dataset import TaskonomyDataset
from encoders.dataset.index import read_index
from encoders.dataset.overlap import (
    Overlap,
    find_overlap,
    refuse_overlap,
    told_unknown,
    trained_on,
)
from encoders.dataset.resize import resized
from encoders.dataset.selection import split_rows
from encoders.draw import FOV, Group, answer_of_label, draw, draw_input, has_own_input, table
from encoders.errors import InvalidDataError
from encoders.scenes.contact_sheets.panels import enlarged
from encoders.tasks.names import ALL
from encoders.training.checkpoint import FilePath

TILE = 96
"""Pixels along a tile."""

PARTS = {"val": "valid"}
"""Splits that have another name as parts of an overlap."""

GROUPS = 9
"""Tasks from which the page is laid out in one more block."""


def gallery(
    bank: FilePath,
    data: FilePath,
    *,
    tasks: Sequence[str] = (ALL,),
    views: int = 6,
    split: str = "test",
    splits: str | None = None,
    allow_overlap: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> Image.Image:
    """Predictions and labels of views that no network was trained on.

    A column a view, evenly spaced over the split, none picked; for each task what is given (where
    that is not the picture itself), the prediction and the label. ``splits`` is the CSV file that
    the bank was trained with, if there was one.

    Parameters
    ----------
    allow_overlap : bool
        Whether the views may be of buildings that a network was trained on; their heads say so.
    say : function
        Told, in a line, if the bank does not say which buildings it was trained on.

    Raises
    ------
    InvalidDataError
        If the bank or the data set lacks something, or networks were trained on validation or
        test buildings; the message names it.
    """
    chosen = open_bank(bank, tasks)
    overlap = _overlap(bank, data, chosen, split, splits, allow_overlap)
    sets = {
        size: _views_of(data, [one for one in chosen if one.size == size], split, splits)
        for size in sorted({one.size for one in chosen})
    }
    first = next(iter(sets.values()))
    count = min(views, len(first))
    numbers = [(2 * k + 1) * len(first) // (2 * count) for k in range(count)]
    lenses = [_fov(first, number) for number in numbers]
    groups = [_group(one, sets[one.size], numbers, lenses) for one in chosen]
    heads = [_head(first, number, overlap) for number in numbers]
    page = table(heads, groups, blocks=1 + len(groups) // GROUPS)
    if warning := told_unknown(overlap, bank):
        say(warning)
    return explained(page, chosen)


def _overlap(
    bank: FilePath,
    data: FilePath,
    chosen: Sequence[Predictor],
    split: str,
    splits: str | None,
    allow: bool,
) -> Overlap:
    """Which of the split's buildings the networks were trained on; refused if not allowed."""
    index = read_index(Path(data))
    trained = trained_on(bank, [one.task.name for one in chosen])
    rows = split_rows(index, split, splits)
    names = [index.buildings[number] for number in sorted(set(index.building[rows].tolist()))]
    found = find_overlap(trained, index, {PARTS.get(split, split): names})
    if not allow:
        refuse_overlap(found, trained, bank, index)
    return found


def _views_of(
    data: FilePath, chosen: Sequence[Predictor], split: str, splits: str | None
) -> TaskonomyDataset:
    """The views of a split, with the constants of the bank; only what is drawn is read."""
    tasks, constants = [one.task for one in chosen], {o.task.name: o.constants for o in chosen}
    return TaskonomyDataset(
        data,
        tasks,
        split,
        size=chosen[0].size,
        splits=splits,
        cache=False,
        constants=constants,
        progress=False,
    )


def _fov(data: TaskonomyDataset, number: int) -> float:
    """The field of view of a view, radians; `FOV` where its data set says nothing."""
    try:
        info = _file(data, number, "point_info")
    except InvalidDataError:
        return FOV
    return float(info.get("field_of_view_rads", FOV))


def _head(data: TaskonomyDataset, number: int, overlap: Overlap) -> tuple[str, Image.Image]:
    """A column's name, which says if a network was trained on its building, and its picture."""
    picture = resized("rgb", _file(data, number, "rgb"), data.size)
    building, view = data.image(number).split("/")
    known = any(building in names for names in overlap.parts.values())
    return f"{building} {view}{' (trained on)' if known else ''}", enlarged(picture, TILE)


def _file(data: TaskonomyDataset, number: int, domain: str) -> Any:
    return read(data.index.root / data.index.files(domain).paths[data.rows[number]], domain)


def _group(
    one: Predictor, data: TaskonomyDataset, numbers: Sequence[int], lenses: Sequence[float]
) -> Group:
    """The rows of a task."""
    given, target, mask = (part.numpy() for part in data.batch(one.task.name, numbers))
    given = given[:, None] if one.task.inputs == 1 else given
    canvases = [one.canvas(g, TILE, fov=lens) for g, lens in zip(given, lenses, strict=True)]
    shown = mask if one.task.partners else np.ones(len(mask), dtype=bool)  # else nothing to ask
    answers, labels = one.answers(given), [answer_of_label(one.task, t) for t in target]
    rows = [
        ("prediction", [draw(c, a, s) for c, a, s in zip(canvases, answers, shown, strict=True)]),
        ("label", [draw(c, a, m) for c, a, m in zip(canvases, labels, mask, strict=True)]),
    ]
    if has_own_input(one.task):
        rows.insert(0, ("input", [draw_input(canvas) for canvas in canvases]))
    return Group(one.task.display, rows)
