"""Views to look at, from a data set's folder or made on the spot, with their other views."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from encoders.codecs.encodings import ENCODINGS, file_name, read
from encoders.codecs.poses import point_info_camera
from encoders.errors import InvalidDataError
from encoders.scenes.camera import Camera
from encoders.scenes.making.folder import whole_views
from encoders.scenes.making.manifest import class_names, read_manifest
from encoders.scenes.making.one import Seconds, Site, labeled, photographed, visit
from encoders.scenes.making.point_info import point_info
from encoders.scenes.making.settings import Settings
from taskgraph.arrays import Floats, Pixels

Key = tuple[int, int]
"""Point and view."""


@dataclass(frozen=True, eq=False)
class Album:
    """The views of one building.

    Attributes
    ----------
    building : str
    infos : dict
        The ``point_info`` of each view by (point, view).
    picture, values : functions
        From (point, view): the picture, (H, W, 3) uint8; and every domain's value.
    classes : dict
        The names of the classes of ``class_object``, ``class_scene`` and ``segment_semantic``.
    """

    building: str
    infos: Mapping[Key, Mapping[str, Any]]
    picture: Callable[[Key], Pixels]
    values: Callable[[Key], Mapping[str, Any]]
    classes: Mapping[str, Sequence[str]]

    def camera(self, key: Key) -> Camera:
        """The camera of a view."""
        rotation, position, fov = point_info_camera(self.infos[key])
        return Camera(position, rotation, fov)

    def place(self, point: int, key: Key) -> Floats:
        """Where a point appears in a view, as shares (across, down) of the picture."""
        location = next(i["point_location"] for k, i in self.infos.items() if k[0] == point)
        found: Floats = self.camera(key).project([location])[0]
        return found

    def same_point(self, key: Key) -> list[Key]:
        """The other views of a view's point."""
        return [other for other in self.infos if other[0] == key[0] and other != key]

    def shared(self, key: Key) -> tuple[Key, int] | None:
        """A view of another point, from another place, and a point that both see; or None.

        Of all such views, one that shares a point that is in the middle of neither, if there is.
        """
        ours = self.infos[key]
        seen = set(ours["nonfixated_points_in_view"])
        found: list[tuple[bool, Key, int]] = []
        for other, info in self.infos.items():
            if other[0] != key[0] and info["camera_uuid"] != ours["camera_uuid"]:
                common = seen & set(info["nonfixated_points_in_view"])
                found += [(point in (key[0], other[0]), other, point) for point in sorted(common)]
        return min(found)[1:] if found else None


def folder_album(out: Path, building: str) -> Album:
    """The whole views of a building in a data set's folder."""
    keys = sorted(whole_views(out, building))

    def stored(key: Key, domain: str) -> Any:
        return read(out / domain / building / file_name(*key, domain), domain)

    return Album(
        building,
        {key: stored(key, "point_info") for key in keys},
        cache(lambda key: stored(key, "rgb")),
        lambda key: {domain: stored(key, domain) for domain in ENCODINGS},
        read_manifest(out)["classes"],
    )


def spread_views(out: Path, count: int) -> list[tuple[Album, Key]]:
    """Views of a data set, evenly spread over its buildings and their views.

    Raises
    ------
    InvalidDataError
        If the folder holds no data set of ours, or no view yet.
    """
    settings = Settings(**read_manifest(out)["settings"])
    keys = [(b, key) for b in settings.names for key in sorted(whole_views(out, b))]
    if not keys:
        raise InvalidDataError(f"{out} holds no view yet; make it with `taskgraph scenes {out}`")
    count = min(count, len(keys))
    chosen = [keys[(2 * k + 1) * len(keys) // (2 * count)] for k in range(count)]
    albums = {building: folder_album(out, building) for building, _ in chosen}
    return [(albums[building], key) for building, key in chosen]


def sample_view(settings: Settings) -> tuple[Album, Key]:
    """The fullest view of a building that is made on the spot, and written nowhere."""
    seconds: Seconds = {}
    site = visit(settings, 0, seconds)
    views = {(view.point, view.view): view for view in site.views}
    building = site.caster.building
    album = Album(
        building.name,
        {key: point_info(building, site.views, v, settings.size) for key, v in views.items()},
        cache(lambda key: photographed(site, views[key], seconds)),
        lambda key: labeled(site, views[key], seconds),
        class_names(),
    )
    return album, max(views, key=lambda key: _fullness(site, album, key))


def _fullness(site: Site, album: Album, key: Key) -> tuple[bool, int]:
    """Whether a view has all the other views that its tasks want, and how many things it shows.

    A thing is shown if it covers at least one percent of the picture.
    """
    partners = len(album.same_point(key)) >= 2 and album.shared(key) is not None
    seen = site.caster.view(album.camera(key), 32).instance
    return partners, int((np.bincount(seen + 1)[1:] >= 0.01 * len(seen)).sum())
