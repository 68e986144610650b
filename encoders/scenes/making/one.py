"""One view: its picture, its labels, its files."""

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
from encoders.scenes.labels.segments import segment_unsup2d, segment_unsup25d
from encoders.scenes.labels.sight import Sight
from encoders.scenes.making.folder import write_whole
from encoders.scenes.making.point_info import point_info
from encoders.scenes.making.settings import Settings
from encoders.scenes.pictures.render import image
from encoders.scenes.raycast import Caster
from encoders.scenes.views import View, plan_views
from taskgraph.arrays import Pixels

Seconds = dict[str, float]
"""Time spent on each stage, seconds."""

Label = Callable[[Sight], Any]

PLAN, PICTURE = 1, 2
"""Numbers of the independent random streams."""

LABELS: dict[str, dict[str, Label]] = {
    "labels: geometry": {
        "depth_zbuffer": depth_zbuffer,
        "depth_euclidean": depth_euclidean,
        "normal": normal,
        "principal_curvature": principal_curvature,
        "reshading": reshading,
        "mask_valid": mask,
    },
    "labels: edges": {
        "edge_texture": lambda sight: edge_texture(sight.rgb),
        "edge_occlusion": edge_occlusion,
    },
    "labels: keypoints": {
        "keypoints2d": lambda sight: keypoints2d(sight.rgb),
        "keypoints3d": keypoints3d,
    },
    "labels: segments": {
        "segment_unsup2d": lambda sight: segment_unsup2d(sight.rgb),
        "segment_unsup25d": segment_unsup25d,
    },
    "labels: classes": {
        "segment_semantic": segment_semantic,
        "class_object": class_object,
        "class_scene": class_scene,
    },
}
"""What computes each domain, by the stage that its time counts for."""


@dataclass(frozen=True, eq=False)
class Site:
    """A building with the views to take of it."""

    index: int
    caster: Caster
    views: tuple[View, ...]
    settings: Settings
    domain: Domain


@contextlib.contextmanager
def stage(seconds: Seconds, name: str) -> Iterator[None]:
    """Add the time that is spent inside to a stage."""
    start = time.perf_counter()
    try:
        yield
    finally:
        seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - start


def visit(settings: Settings, index: int, seconds: Seconds) -> Site:
    """Build a building and choose the views of it.

    Raises
    ------
    InvalidSceneError
        If hardly any place of the building can be photographed.
    """
    domain = DOMAINS[settings.domain]
    with stage(seconds, "world"):
        caster = Caster(world.build(settings.seed, index, domain))
    seeds = np.random.SeedSequence([settings.seed, index, 0, 0, PLAN])
    with stage(seconds, "choice of views"):
        views = plan_views(caster, settings.views, seeds, domain)
    if caster.building.name != settings.name(index):
        raise InvalidSceneError(
            f'building {index} is called "{caster.building.name}", not "{settings.name(index)}"'
        )
    return Site(index, caster, views, settings, domain)


def photographed(site: Site, view: View, seconds: Seconds) -> Pixels:
    """The picture of a view, (size, size, 3); its noise depends on the seed and the view alone."""
    entropy = [site.settings.seed, site.index, view.point, view.view, PICTURE]
    rng = np.random.default_rng(np.random.SeedSequence(entropy))
    with stage(seconds, "picture"):
        return image(site.caster, view.camera, site.settings.size, site.domain, rng)


def labeled(site: Site, view: View, seconds: Seconds) -> dict[str, Any]:
    """Every domain of a view, in physical units; see `encoders.codecs.encodings.to_value`."""
    rgb, size = photographed(site, view, seconds), site.settings.size
    with stage(seconds, "rays for labels"):
        sight = Sight.of(site.caster, view.camera, size, rgb)
    values: dict[str, Any] = {"rgb": rgb}
    for name, labels in LABELS.items():
        with stage(seconds, name):
            values |= {domain: label(sight) for domain, label in labels.items()}
    values["point_info"] = point_info(site.caster.building, site.views, view, size)
    return values


def write_view(out: Path, site: Site, view: View, values: Mapping[str, Any]) -> None:
    """Write every file of a view; its ``point_info``, the last, says that it is whole."""
    building = site.caster.building.name
    for domain in ENCODINGS:
        name = file_name(view.point, view.view, domain)
        write_whole(os.path.join(out, domain, building, name), encode(domain, values[domain]))
