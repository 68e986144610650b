"""What a data set's pictures look like in numbers, beside those of the real data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from encoders.codecs.encodings import read
from encoders.errors import InvalidDataError
from encoders.scenes.making.folder import count_whole, files
from encoders.scenes.making.manifest import count_classes, read_manifest
from encoders.scenes.making.settings import Settings

DIGITS = 2


@dataclass(frozen=True)
class Property:
    """A row of the table: what is measured, in which unit, and Taskonomy's own figure."""

    name: str
    unit: str
    taskonomy: str


PITCH = Property("camera pitch", "degrees", "mean 0.24")
ROLL = Property("camera roll", "degrees", "mean 0.0")
FOV = Property("field of view", "degrees", "mean 61.2")
DISTANCE = Property("distance to the point in the middle", "m", "mean 5.3")
PIXELS = Property("distance over all pixels of a picture, mean", "m", "")
OBLIQUE = Property("obliqueness of the point in the middle", "degrees", "mean 52.9")
IN_VIEW = Property("points in view", "points a picture", "median 55")
CAMERAS = Property("cameras per point", "cameras a point", "median 5")
POINTS = Property("points per camera", "points a camera", "mean 20.8")


def statistics(out: str | Path) -> pd.DataFrame:
    """The figures that Taskonomy's page of its data gives, of a data set that we made.

    Pitch is positive above the horizon. The distance and the obliqueness (the angle between the
    surface's normal and the direction to the camera) are those of the point that a picture is
    centered on. A camera is a place: pictures taken from one place, each of another point, are one
    camera's, and "points per camera" counts the points that are photographed from it.

    Returns
    -------
    DataFrame
        Columns ``property, unit, taskonomy, mean, median, sd, p5, p95, n``.

    Raises
    ------
    InvalidDataError
        If the folder holds no data set of ours, or a file of it is broken.
    """
    out, settings = _open(out)
    infos = [
        (path.parent.name, read(path, "point_info")) for path in files(out, settings, "point_info")
    ]
    columns: dict[Property, Sequence[float]] = {
        PITCH: _angles(infos, "camera_pitch"),
        ROLL: _angles(infos, "camera_roll"),
        FOV: _angles(infos, "field_of_view_rads"),
        DISTANCE: [info["camera_distance"] for _, info in infos],
        PIXELS: _mean_depths(files(out, settings, "depth_euclidean")),
        OBLIQUE: _angles(infos, "obliqueness_angle"),
        IN_VIEW: [len(info["nonfixated_points_in_view"]) for _, info in infos],
        CAMERAS: _partners(infos, of="point_uuid", count="camera_uuid"),
        POINTS: _partners(infos, of="camera_uuid", count="point_uuid"),
    }
    return pd.DataFrame([_row(name, values) for name, values in columns.items()])


def shares(out: str | Path) -> pd.DataFrame:
    """How often each class is the label of a picture.

    Returns
    -------
    DataFrame
        Columns ``task, name, views, share``; every class in its order, then ``none``: no label.

    Raises
    ------
    InvalidDataError
        As for `statistics`.
    """
    out, settings = _open(out)
    rows = []
    for task in ("class_scene", "class_object"):
        found = count_classes(out, settings, task)
        total = sum(found.values())
        rows += [
            {"task": task, "name": name, "views": views, "share": views / total}
            for name, views in found.items()
        ]
    return pd.DataFrame(rows)


def markdown(table: pd.DataFrame) -> str:
    """A table as Markdown; numbers to two decimals, whole ones without."""
    rows = [list(table.columns), *table.to_numpy(dtype=object).tolist()]
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(row[k]) for row in cells) for k in range(len(cells[0]))]
    numeric = [pd.api.types.is_numeric_dtype(table[name]) for name in table.columns]
    lines = [
        " | ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        )
        for row in cells
    ]
    rule = " | ".join(
        "-" * (width - 1) + (":" if right else "-")
        for width, right in zip(widths, numeric, strict=True)
    )
    return "".join(f"| {line} |\n" for line in (lines[0], rule, *lines[1:]))


def _open(out: str | Path) -> tuple[Path, Settings]:
    out = Path(out)
    settings = Settings(**read_manifest(out)["settings"])
    if not count_whole(out, settings):
        raise InvalidDataError(f"{out} holds no view yet; make it with `taskgraph scenes {out}`")
    return out, settings


def _angles(infos: Sequence[tuple[str, Any]], key: str) -> list[float]:
    return [float(np.degrees(info[key])) for _, info in infos]


def _mean_depths(paths: Iterable[Path]) -> list[float]:
    """Mean distance of the pixels that see a surface, of each picture that has any."""
    depths = (read(path, "depth_euclidean") for path in paths)
    return [float(np.nanmean(depth)) for depth in depths if np.isfinite(depth).any()]


def _partners(infos: Sequence[tuple[str, Any]], *, of: str, count: str) -> list[int]:
    """How many different ``count`` go with each ``of``, building by building."""
    partners: dict[tuple[str, Any], set[Any]] = defaultdict(set)
    for building, info in infos:
        partners[building, info[of]].add(info[count])
    return [len(found) for found in partners.values()]


def _row(name: Property, values: Sequence[float]) -> dict[str, Any]:
    measured = np.asarray(values, dtype=float)
    low, high = np.percentile(measured, [5, 95])
    return {
        "property": name.name,
        "unit": name.unit,
        "taskonomy": name.taskonomy,
        "mean": measured.mean(),
        "median": float(np.median(measured)),
        "sd": measured.std(ddof=1) if len(measured) > 1 else 0.0,
        "p5": low,
        "p95": high,
        "n": len(measured),
    }


def _cell(value: Any) -> str:
    return f"{value:.{DIGITS}f}" if isinstance(value, float) else str(value)
