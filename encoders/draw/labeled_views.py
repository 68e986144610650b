"""Views of a building with their labels, read from a data set's folder or rendered in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from encoders.codecs.encodings import encoding_of, file_name, read_raw
from encoders.codecs.point_info import point_info_camera
from encoders.errors import InvalidDataError
from encoders.scenes.camera import Camera
from encoders.scenes.making.folder import whole_views
from encoders.scenes.making.labeled_view import (
    PlannedBuilding,
    Seconds,
    plan_building,
    render_labels,
    render_picture,
)
from encoders.scenes.making.manifest import class_names, read_manifest
from encoders.scenes.making.point_info import point_info
from encoders.scenes.making.settings import WorldSettings
from taskgraph.arrays import Array

Key = tuple[int, int]
"""Number of a point, and number of the view among the point's views."""

PROBE = 32
"""Pixels along a side of the quick picture in which the objects of a view are counted."""


@dataclass(frozen=True, eq=False)
class LabeledViews:
    """The views of one building.

    Attributes
    ----------
    building : str
    infos : dict
        The ``point_info`` of each view.
    stored : function
        From a view and a domain to the numbers that the domain's file stores
        (`encoders.codecs.encodings.read_raw`).
    classes : dict
        Names of the classes of ``class_object``, ``class_scene`` and ``segment_semantic``.
    """

    building: str
    infos: Mapping[Key, Mapping[str, Any]]
    stored: Callable[[Key, str], Array]
    classes: Mapping[str, Sequence[str]]

    def partners(self, rule: str, key: Key) -> list[Key] | None:
        """Return the other views that a task looks at; None if the building has none.

        ``rule`` is a task's ``partners``. Of a matching pair, both views show the same point.
        """
        if not rule:
            return []
        if rule == "nonfixated":
            other = self.sharing(key)
            return None if other is None else [other]
        count = 2 if rule == "triplet" else 1
        others = self.same_point(key)[:count]
        return others if len(others) == count else None

    def same_point(self, key: Key) -> list[Key]:
        """Return the other views of a view's point."""
        return [other for other in self.infos if other[0] == key[0] and other != key]

    def sharing(self, key: Key) -> Key | None:
        """Return a view of another point from another place that sees a point in common.

        Views that share a point which is in the middle of neither picture come first. None if
        there is no such view.
        """
        info = self.infos[key]
        seen = set(info["nonfixated_points_in_view"])
        candidates: list[tuple[bool, Key]] = []
        for other, other_info in self.infos.items():
            if other[0] != key[0] and other_info["camera_uuid"] != info["camera_uuid"]:
                common = seen & set(other_info["nonfixated_points_in_view"])
                candidates += [(point in (key[0], other[0]), other) for point in common]
        return min(candidates)[1] if candidates else None


def views_in_folder(out: Path, building: str) -> LabeledViews:
    """Return the whole views of a building in a data set's folder."""

    def stored(key: Key, domain: str) -> Any:
        """Read the file of a view."""
        return read_raw(out / domain / building / file_name(*key, domain), domain)

    keys = sorted(whole_views(out, building))
    infos = {key: stored(key, "point_info") for key in keys}
    return LabeledViews(building, infos, stored, read_manifest(out)["classes"])


def spread_views(out: Path, count: int) -> list[tuple[LabeledViews, Key]]:
    """Return ``count`` views of a data set, evenly spread over its buildings and their views.

    Raises
    ------
    InvalidDataError
        If the folder holds no data set of `taskgraph scenes`, or no view yet.
    """
    settings = WorldSettings(**read_manifest(out)["settings"])
    keys = [(b, key) for b in settings.names for key in sorted(whole_views(out, b))]
    if not keys:
        raise InvalidDataError(f"{out} holds no view yet; make it with `taskgraph scenes {out}`")
    count = min(count, len(keys))
    chosen = [keys[(2 * k + 1) * len(keys) // (2 * count)] for k in range(count)]
    views = {building: views_in_folder(out, building) for building, _ in chosen}
    return [(views[building], key) for building, key in chosen]


def sample_view(settings: WorldSettings) -> tuple[LabeledViews, Key]:
    """Render a building's most crowded view in memory; no file is written."""
    seconds: Seconds = {}
    planned = plan_building(settings, 0, seconds)
    plans = {(view.point, view.view): view for view in planned.views}
    building = planned.raycaster.building

    @cache
    def rendered(key: Key) -> Mapping[str, Any]:
        """Render a view's labels (cached)."""
        return render_labels(planned, plans[key], seconds)

    def stored(key: Key, domain: str) -> Any:
        """Return what the file of a view would hold."""
        if domain == "rgb":  # partners need no labels
            return render_picture(planned, plans[key], seconds)
        return encoding_of(domain).store(rendered(key)[domain])

    views = LabeledViews(
        building.name,
        {key: point_info(building, planned.views, v, settings.size) for key, v in plans.items()},
        stored,
        class_names(),
    )
    return views, max(plans, key=lambda key: _crowdedness(planned, views, key))


def _crowdedness(planned: PlannedBuilding, views: LabeledViews, key: Key) -> tuple[bool, int]:
    """Return whether a view has all partners that tasks need, and how many objects it shows.

    An object counts if it covers at least one percent of the picture.
    """
    rotation, position, fov = point_info_camera(views.infos[key])
    has_partners = all(views.partners(rule, key) for rule in ("triplet", "nonfixated"))
    seen = planned.raycaster.view(Camera(position, rotation, fov), PROBE).instance
    return has_partners, int((np.bincount(seen + 1)[1:] >= 0.01 * len(seen)).sum())
