"""The contact sheet: inputs and labels of all tasks, for a few views."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from encoders.codecs.encodings import to_value
from encoders.draw.answers import answer_of_label
from encoders.draw.canvas import Canvas
from encoders.draw.labeled_views import Key, LabeledViews
from encoders.draw.legend import with_legend
from encoders.draw.maps import HALF_CURVATURE
from encoders.draw.pages import PageTile, TaskRows, draw_table, lines
from encoders.draw.painters import draw_answer, draw_input, has_own_input
from encoders.draw.tiles import as_tile, text_tile
from encoders.errors import InvalidDataError
from encoders.tasks import TASKS, Sample, Task
from encoders.tasks.names import DISPLAY_ORDER
from encoders.tasks.pictures import RESTORED
from taskgraph.arrays import Array

LEAST_TILE, LEAST_SINGLE, LARGEST_TILE = 128, 192, 256
"""Pixels along a tile: least for several views, least for one view, and most."""

COLUMNS = 8
"""Tiles in a line of a sheet that shows one view."""

SHEET_ORDER = (*DISPLAY_ORDER, "random")
"""Names of the 26 tasks, in the order of the sheet."""

CLASSES = {"class_1000": "class_object", "class_places": "class_scene"}
"""The domain whose classes a task names."""

NOTES = (
    "Normals: red, green, blue = 127 + 127 (x, y, z); x right, y up, z toward the camera. "
    "Curvature: red is the larger, green the smaller one; gray is flat, and "
    f"{HALF_CURVATURE:g}/m is halfway to the strongest color. Edges and keypoints: white is "
    "strong. Segments: colors only tell neighbors apart.",
    "Red, green and blue strokes run to the three vanishing points. Camera poses: a map from above "
    "with circles 1 m apart; the last picture's camera is in the middle and looks up.",
)


def draw_contact_sheet(views: Sequence[tuple[LabeledViews, Key]]) -> Image.Image:
    """Draw the labels of all tasks, and their inputs where these are not the picture itself.

    Several views become the columns of a table with rows for each task; a single view is drawn
    larger, its tasks one after the other. A legend explains the colors.

    Raises
    ------
    InvalidDataError
        If there is no view to draw.
    """
    if not views:
        raise InvalidDataError("there is no view to draw")
    pictures = [labeled.stored(key, "rgb") for labeled, key in views]
    size = len(pictures[0])
    least = LEAST_SINGLE if len(views) == 1 else LEAST_TILE
    tile = min(LARGEST_TILE, size * -(-least // size))
    heads = [(_title(*view), as_tile(p, tile)) for view, p in zip(views, pictures, strict=True)]
    tasks = [task_rows(TASKS[name], views, tile) for name in SHEET_ORDER]
    page = _one_view(heads[0], tasks) if len(views) == 1 else draw_table(heads, tasks)
    classes = views[0][0].classes["segment_semantic"][1:]  # without "uncertain"
    return with_legend(page, classes=classes, depth=True, notes=NOTES)


def task_rows(task: Task, views: Sequence[tuple[LabeledViews, Key]], tile: int) -> TaskRows:
    """Draw the inputs and labels of one task: a row each, with one tile a view."""
    if task.output is None or task.label is None:
        words = text_tile("a random encoder: nothing is learned", tile)
        return TaskRows(task.name, [("", [words] * len(views))])
    samples = [_sample(task, *view) for view in views]
    # A pixel's target may depend on constants of the data; on a sheet, the views are the data.
    fit = task.label.fit if task.output.kind == "map" else None
    constants = fit(samples) if fit else {}
    inputs, labels = [], []
    for (labeled, key), sample in zip(views, samples, strict=True):
        sample = dataclasses.replace(sample, constants=constants)
        canvas = _canvas(task, labeled, key, sample, tile)
        target, mask = task.label.make(sample)
        missing = text_tile("no other view", tile)
        inputs.append(draw_input(canvas) if sample.has_partners[0] else missing)
        labels.append(draw_answer(canvas, answer_of_label(canvas.task, target[0]), mask[0]))
    rows = [("input", inputs)] if has_own_input(task) else []
    if not rows or task.label is not RESTORED:  # the picture itself heads the column
        rows.append(("label", labels))
    return TaskRows(task.name, rows)


def _sample(task: Task, views: LabeledViews, key: Key) -> Sample:
    """Gather what the task's label of one view is computed from; B = 1."""
    assert task.label is not None
    partners = views.partners(task.partners, key)
    count = task.inputs if task.partners else 1
    keys = [key, *(partners or [])] if partners is not None else [key] * count
    pictures = np.stack([views.stored(each, "rgb") for each in keys])
    return Sample(
        size=pictures.shape[1],
        pictures=pictures[None],
        raw={domain: _raw(task, views, key, domain)[None] for domain in task.label.domains},
        valid=to_value("mask_valid", views.stored(key, "mask_valid"))[None],
        infos=(tuple(views.infos[each] for each in keys),),
        paths=(tuple(map(str, keys)),),
        has_partners=np.array([partners is not None]),
        same_point=np.ones(1, dtype=bool),
        seeds=((0, *key, 0),),
        constants={},
    )


def _raw(task: Task, views: LabeledViews, key: Key, domain: str) -> Array:
    """Return a domain's stored numbers, without channels that repeat others or hold nothing."""
    assert task.output is not None
    raw = views.stored(key, domain)
    return raw[..., : task.output.channels] if raw.ndim == 3 else raw


def _canvas(task: Task, views: LabeledViews, key: Key, sample: Sample, tile: int) -> Canvas:
    names: Sequence[str] = views.classes.get(CLASSES.get(task.name, ""), ())
    assert task.output is not None
    if task.output.channels is None:
        task = dataclasses.replace(
            task, output=dataclasses.replace(task.output, channels=len(names))
        )
    constants: Mapping[str, Any] = sample.constants
    fov = float(views.infos[key]["field_of_view_rads"])
    return Canvas(task, task.prepare(sample)[0], tile, constants, names, fov)


def _one_view(head: PageTile, tasks: Sequence[TaskRows]) -> Image.Image:
    """Draw the tasks of one view one after the other, `COLUMNS` tiles a line."""
    tiles = [head]
    for task in tasks:
        for caption, (tile,) in task.rows:
            tiles.append((f"{task.title} (input)" if caption == "input" else task.title, tile))
    return lines([tiles], across=COLUMNS)


def _title(views: LabeledViews, key: Key) -> str:
    point, view = key
    return f"{views.building} point {point} view {view}"
