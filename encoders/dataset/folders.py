"""Find the files of a domain in the layouts in which Taskonomy has been distributed.

In this table ``rgb`` stands for any domain and ``NAME`` for ``point_X_view_Y_domain_rgb.png``.

=========================================== =======================================
layout                                      origin
=========================================== =======================================
``ROOT/rgb/<building>/NAME``                ours
``ROOT/rgb/<component>/<building>/NAME``    Omnidata; the component may be ``taskonomy``
``ROOT/<building>/rgb/NAME``                one folder a building
``ROOT/<building>_rgb/rgb/NAME``            one archive a building and domain, unpacked
``ROOT/rgb/NAME``                           one building, such as the sample model
=========================================== =======================================
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path

from encoders.dataset.content import Stamp
from encoders.errors import InvalidDataError

OLDER_NAMES: dict[str, tuple[str, ...]] = {
    "depth_zbuffer": ("depth",),
    "depth_euclidean": ("mist",),
    "normal": ("normals",),
    "principal_curvature": ("curvature",),
    "edge_occlusion": ("edge",),
    "edge_texture": ("edge2d",),
    "keypoints2d": ("keypoint2d",),
    "keypoints3d": ("keypoint3d", "keypoint"),
    "reshading": ("reshade",),
    "segment_unsup2d": ("segment2d",),
    "segment_unsup25d": ("segment25d",),
    "segment_semantic": ("segmentsemantic", "segmentsemantic_rb"),
    "class_object": ("class_1000", "softmax1000", "softmax_1000"),
    "class_scene": ("class_places", "places"),
    "point_info": ("points", "fixatedpose"),
}
"""Other names of a domain, in the names of folders and of files."""

_NAME = re.compile(r"point_(\d+)_view_(\d+)(?:_domain_(\w+))?\.(png|npy|json|jpe?g)", re.IGNORECASE)
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".heic")
"""Endings of picture files, including formats that cannot be read here."""


def names_of(domain: str) -> tuple[str, ...]:
    """Return all names of a domain in folders and files, the present one first."""
    return (domain, *OLDER_NAMES.get(domain, ()))


def find_folders(root: Path, domain: str) -> dict[str, Path]:
    """Return the folder of each building that holds files of a domain, sorted by building.

    The result is empty if there is none. Hidden folders are ignored.

    Raises
    ------
    InvalidDataError
        If two folders hold the same building.
    """
    for name in names_of(domain):
        pairs = list(_by_domain(root, name)) or list(_by_building(root, name))
        if not pairs:
            continue
        folders: dict[str, Path] = {}
        for building, folder in sorted(pairs):
            if building in folders:
                raise InvalidDataError(
                    f"{folders[building]} and {folder} both hold a building {building}; "
                    "move one of them away"
                )
            folders[building] = folder
        return folders
    return {}


def looked_for(root: Path, domain: str) -> str:
    """Return the places that `find_folders` searches, as the end of an error message."""
    file = f"point_*_view_*_domain_{domain}.*"
    places = [
        f"{domain}/<building>/{file}",
        f"{domain}/<component>/<building>/{file}",
        f"<building>/{domain}/{file}",
        f"<building>_{domain}/{domain}/{file}",
        f"{domain}/{file}",
    ]
    older = OLDER_NAMES.get(domain, ())
    also = f" (or {' or '.join(older)} for {domain})" if older else ""
    return f"looked in {root} for {', '.join(places)}{also}"


def list_files(folder: Path, domain: str) -> dict[tuple[int, int], tuple[str, Stamp]]:
    """List the files of a domain in one folder: name and stamp by (point, view).

    Files of other domains and broken links are ignored. Pictures (``rgb``) may be PNG or JPEG.

    Raises
    ------
    InvalidDataError
        If a label is a JPEG picture, or a view has two pictures.
    """
    allowed = (None, *names_of(domain))
    files: dict[tuple[int, int], tuple[str, Stamp]] = {}
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            match = _NAME.fullmatch(entry.name)
            if match and match[3] in allowed:
                key = int(match[1]), int(match[2])
                _check_format(folder, entry.name, domain, files.get(key))
                with contextlib.suppress(FileNotFoundError):
                    files[key] = entry.name, Stamp.of(entry.stat())
    return files


def _check_format(folder: Path, name: str, domain: str, other: tuple[str, Stamp] | None) -> None:
    """Raise if a label is a JPEG file, or if the view has another picture already."""
    if domain != "rgb" and name.lower().endswith(("jpg", "jpeg")):
        raise InvalidDataError(
            f"{folder / name} is a JPEG picture, whose compression changes the numbers of a label; "
            f"store {domain} in PNG files (only the pictures in rgb may be JPEG)"
        )
    if domain == "rgb" and other is not None:
        raise InvalidDataError(
            f"{folder / other[0]} and {folder / name} are pictures of one view; move one away"
        )


def foreign_pictures(root: Path, most: int = 10_000) -> str:
    """Return a hint for an error message: the first picture in a folder, how to rename it.

    It is empty if there is no picture among the first ``most`` files.
    """
    for path in itertools.islice(root.rglob("*"), most):
        if path.suffix.lower() in PICTURES:
            return (
                f" (there is {path.relative_to(root).as_posix()}: rename such pictures to "
                "rgb/<building>/point_0_view_0_domain_rgb.png, .jpg or .jpeg, with other numbers "
                "for each)"
            )
    return ""


def _by_domain(root: Path, name: str) -> Iterator[tuple[str, Path]]:
    """Yield pairs of a building and its folder, for layouts with a folder ``root/name``."""
    top = root / name
    if not top.is_dir():
        return
    if _holds_files(top):
        yield root.resolve().name, top
        return
    for folder in _subfolders(top):
        if _holds_files(folder):
            yield folder.name, folder
            continue
        for inner in _subfolders(folder):
            if _holds_files(inner):
                yield inner.name, inner


def _by_building(root: Path, name: str) -> Iterator[tuple[str, Path]]:
    """Yield pairs of a building and its folder, for folders ``root/<building>/name``.

    The folder of the building may be called ``<building>_<name>``.
    """
    for folder in _subfolders(root):
        inner = folder / name
        if inner.is_dir() and _holds_files(inner):
            yield folder.name.removesuffix(f"_{name}"), inner


def _subfolders(folder: Path) -> list[Path]:
    """Return the folders within a folder, sorted, without hidden ones."""
    with os.scandir(folder) as entries:
        names = [e.name for e in entries if e.is_dir() and not e.name.startswith(".")]
    return [folder / name for name in sorted(names)]


def _holds_files(folder: Path) -> bool:
    with os.scandir(folder) as entries:
        return any(_NAME.fullmatch(entry.name) for entry in entries)
