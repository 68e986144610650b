"""Statistics of a data set beside those of the real data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from encoders.codecs.encodings import read_value
from encoders.errors import InvalidDataError
from encoders.scenes.making.folder import count_whole, world_files
from encoders.scenes.making.manifest import count_classes, read_manifest
from encoders.scenes.making.settings import WorldSettings

DIGITS = 2


@dataclass(frozen=True)
class Property:
    """A row of the table: the measured property, its unit, and Taskonomy's own figure."""

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
    """Return the figures of Taskonomy's data page for a data set of `taskgraph scenes`.

    Pitch is positive above the horizon. The distance and the obliqueness (the angle between the
    surface's normal and the direction to the camera) are those of the point that a picture is
    centered on. A camera is a place: all pictures from one place belong to one camera, and
    "points per camera" counts the points that are photographed from it.

    Returns
    -------
    DataFrame
        Columns ``property, unit, taskonomy, mean, median, sd, p5, p95, n``.

    Raises
    ------
    InvalidDataError
        If the folder holds no data set of `taskgraph scenes`, or a file of it is broken.
    """
    out, settings = _open(out)
    infos = [
        (path.parent.name, read_value(path, "point_info"))
        for path in world_files(out, settings, "point_info")
    ]
    columns: dict[Property, Sequence[float]] = {
        PITCH: _angles(infos, "camera_pitch"),
        ROLL: _angles(infos, "camera_roll"),
        FOV: _angles(infos, "field_of_view_rads"),
        DISTANCE: [info["camera_distance"] for _, info in infos],
        PIXELS: _mean_depths(world_files(out, settings, "depth_euclidean")),
        OBLIQUE: _angles(infos, "obliqueness_angle"),
        IN_VIEW: [len(info["nonfixated_points_in_view"]) for _, info in infos],
        CAMERAS: _partners(infos, of="point_uuid", count="camera_uuid"),
        POINTS: _partners(infos, of="camera_uuid", count="point_uuid"),
    }
    return pd.DataFrame([_row(name, values) for name, values in columns.items()])


def class_shares(out: str | Path) -> pd.DataFrame:
    """Return how many views have each class as their label.

    Returns
    -------
    DataFrame
        Columns ``task, name, views, share``; ``none`` counts views without a label.

    Raises
    ------
    InvalidDataError
        See `statistics`.
    """
    out, settings = _open(out)
    rows = []
    for task in ("class_scene", "class_object"):
        counts = count_classes(out, settings, task)
        total = sum(counts.values())
        rows += [
            {"task": task, "name": name, "views": views, "share": views / total}
            for name, views in counts.items()
        ]
    return pd.DataFrame(rows)


def statistics_markdown(table: pd.DataFrame) -> str:
    """Format a table as Markdown; numbers have two decimals, whole numbers none."""
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


def _open(out: str | Path) -> tuple[Path, WorldSettings]:
    out = Path(out)
    settings = WorldSettings(**read_manifest(out)["settings"])
    if not count_whole(out, settings):
        raise InvalidDataError(f"{out} holds no view yet; make it with `taskgraph scenes {out}`")
    return out, settings


def _angles(infos: Sequence[tuple[str, Any]], key: str) -> list[float]:
    return [float(np.degrees(info[key])) for _, info in infos]


def _mean_depths(paths: Iterable[Path]) -> list[float]:
    """Return the mean distance over the pixels with a surface, of each picture that has some."""
    depths = (read_value(path, "depth_euclidean") for path in paths)
    return [float(np.nanmean(depth)) for depth in depths if np.isfinite(depth).any()]


def _partners(infos: Sequence[tuple[str, Any]], *, of: str, count: str) -> list[int]:
    """Count the different values of ``count`` for each value of ``of``, building by building."""
    partners: dict[tuple[str, Any], set[Any]] = defaultdict(set)
    for building, info in infos:
        partners[building, info[of]].add(info[count])
    return [len(values) for values in partners.values()]


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
