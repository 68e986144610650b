"""Make one view of a building: its picture, its labels and its files."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from encoders.codecs.encodings import ENCODINGS, encode, file_name
from encoders.errors import InvalidSceneError
from encoders.scenes.appearance.domains import DOMAINS, Domain
from encoders.scenes.homes import world
from encoders.scenes.labels.classes import class_object, class_scene, segment_semantic
from encoders.scenes.labels.geometry import (
    depth_euclidean,
    depth_zbuffer,
    mask,
    normal,
    principal_curvature,
    reshading,
)
from encoders.scenes.labels.image import edge_texture, keypoints2d
from encoders.scenes.labels.narf import keypoints3d
from encoders.scenes.labels.occlusion import edge_occlusion
from encoders.scenes.labels.raycast_view import RaycastView
from encoders.scenes.labels.segments import segment_unsup2d, segment_unsup25d
from encoders.scenes.making.folder import write_whole
from encoders.scenes.making.point_info import point_info
from encoders.scenes.making.settings import WorldSettings
from encoders.scenes.pictures.render import image
from encoders.scenes.raycast import Raycaster
from encoders.scenes.views import View, plan_views
from taskgraph.arrays import Pixels

Seconds = dict[str, float]
"""Seconds spent on each stage, by the stage's name."""

LabelFunction = Callable[[RaycastView], Any]

PLAN, PICTURE = 1, 2
"""Numbers that tell the random streams of a building's views and of a picture's noise apart."""

LABELS_BY_STAGE: dict[str, dict[str, LabelFunction]] = {
    "labels: geometry": {
        "depth_zbuffer": depth_zbuffer,
        "depth_euclidean": depth_euclidean,
        "normal": normal,
        "principal_curvature": principal_curvature,
        "reshading": reshading,
        "mask_valid": mask,
    },
    "labels: edges": {
        "edge_texture": lambda raycast_view: edge_texture(raycast_view.rgb),
        "edge_occlusion": edge_occlusion,
    },
    "labels: keypoints": {
        "keypoints2d": lambda raycast_view: keypoints2d(raycast_view.rgb),
        "keypoints3d": keypoints3d,
    },
    "labels: segments": {
        "segment_unsup2d": lambda raycast_view: segment_unsup2d(raycast_view.rgb),
        "segment_unsup25d": segment_unsup25d,
    },
    "labels: classes": {
        "segment_semantic": segment_semantic,
        "class_object": class_object,
        "class_scene": class_scene,
    },
}
"""The function that computes each domain, by the stage that its time is counted in."""


@dataclass(frozen=True, eq=False)
class PlannedBuilding:
    """A building and its views before they are rendered.

    Attributes
    ----------
    index : int
        Number of the building in the data set.
    raycaster : Raycaster
        The building, and the function that intersects rays with it.
    views : tuple of View
        All views of the building, sorted by point, then view.
    settings : WorldSettings
    domain : Domain
        The look of the data set.
    """

    index: int
    raycaster: Raycaster
    views: tuple[View, ...]
    settings: WorldSettings
    domain: Domain


@contextlib.contextmanager
def timed(seconds: Seconds, name: str) -> Iterator[None]:
    """Add the time that the ``with`` block takes to the seconds of a stage."""
    start = time.perf_counter()
    try:
        yield
    finally:
        seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - start


def plan_building(settings: WorldSettings, index: int, seconds: Seconds) -> PlannedBuilding:
    """Build a building and choose its views.

    Raises
    ------
    InvalidSceneError
        If too few places in the building can be seen by two cameras.
    """
    domain = DOMAINS[settings.domain]
    with timed(seconds, "world"):
        raycaster = Raycaster(world.build_building(settings.seed, index, domain))
    seeds = np.random.SeedSequence([settings.seed, index, 0, 0, PLAN])
    with timed(seconds, "choice of views"):
        views = plan_views(raycaster, settings.views, seeds, domain)
    if raycaster.building.name != settings.name(index):
        raise InvalidSceneError(
            f'building {index} is called "{raycaster.building.name}", not "{settings.name(index)}"'
        )
    return PlannedBuilding(index, raycaster, views, settings, domain)


def render_picture(planned: PlannedBuilding, view: View, seconds: Seconds) -> Pixels:
    """Render the picture of a view, (size, size, 3) uint8.

    Its noise depends on the seed and the view only.
    """
    entropy = [planned.settings.seed, planned.index, view.point, view.view, PICTURE]
    rng = np.random.default_rng(np.random.SeedSequence(entropy))
    with timed(seconds, "picture"):
        return image(planned.raycaster, view.camera, planned.settings.size, planned.domain, rng)


def render_labels(planned: PlannedBuilding, view: View, seconds: Seconds) -> dict[str, Any]:
    """Compute every domain of a view in physical units (`encoders.codecs.encodings.to_value`)."""
    rgb, size = render_picture(planned, view, seconds), planned.settings.size
    with timed(seconds, "rays for labels"):
        raycast_view = RaycastView.of(planned.raycaster, view.camera, size, rgb)
    values: dict[str, Any] = {"rgb": rgb}
    for name, labels in LABELS_BY_STAGE.items():
        with timed(seconds, name):
            values |= {domain: label(raycast_view) for domain, label in labels.items()}
    values["point_info"] = point_info(planned.raycaster.building, planned.views, view, size)
    return values


def write_view(out: Path, planned: PlannedBuilding, view: View, values: Mapping[str, Any]) -> None:
    """Write every file of a view; ``point_info`` is the last, so a view that has it is whole."""
    building = planned.raycaster.building.name
    for domain in ENCODINGS:
        name = file_name(view.point, view.view, domain)
        write_whole(os.path.join(out, domain, building, name), encode(domain, values[domain]))
