"""The manifest of a data set: settings, classes, rooms, counts, and a hash of its files."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

from encoders.codecs.encodings import ENCODINGS, read_value
from encoders.errors import InvalidDataError, InvalidSceneError
from encoders.scenes.furniture import OBJECTS, SEMANTIC
from encoders.scenes.homes.rooms import SCENES
from encoders.scenes.making.folder import world_files, write_whole
from encoders.scenes.making.room_hashes import planned_rooms
from encoders.scenes.making.settings import WorldSettings
from taskgraph import __version__

FORMAT = 1
"""Version of the files; it changes whenever equal settings give other files."""

MANIFEST = "manifest.json"


def check_same_data(out: Path, settings: WorldSettings) -> None:
    """Refuse a folder that holds other data than ``settings`` would make.

    More buildings than it holds are allowed: existing ones are kept.

    Raises
    ------
    InvalidDataError
        If it is a file, or holds a data set that `taskgraph scenes` did not make.
    InvalidSceneError
        If it was made with other settings; the message says which, and how to go on.
    """
    if out.exists() and not out.is_dir():
        raise InvalidDataError(f"{out} is a file, expected a folder to make the data set in")
    if (out / MANIFEST).exists():
        _check_same(out, read_manifest(out), settings)
    elif any((out / domain).exists() for domain in ENCODINGS):
        raise InvalidDataError(
            f"{out} holds a data set without {MANIFEST}, so nothing is written into it; name "
            "another folder"
        )


def read_manifest(out: Path) -> dict[str, Any]:
    """Return the manifest of a data set.

    Raises
    ------
    InvalidDataError
        If it is missing or broken.
    """
    path = out / MANIFEST
    try:
        content = dict(json.loads(path.read_bytes()))
        WorldSettings(**content["settings"])
        missing = {"format", "taskgraph", "complete"} - set(content)
        if missing:
            raise KeyError(min(missing))
    except FileNotFoundError:
        raise InvalidDataError(
            f"{path} is missing: {out} holds no data set that `taskgraph scenes` made"
        ) from None
    except OSError as error:
        raise InvalidDataError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidDataError(
            f"{path} is broken ({type(error).__name__}: {error}); name another folder, or delete "
            "this one"
        ) from None
    return content


def write_manifest(out: Path, settings: WorldSettings, *, complete: bool) -> None:
    """Write the manifest; that of a complete data set has rooms, counts and a hash."""
    content: dict[str, Any] = {
        "format": FORMAT,
        "taskgraph": __version__,
        "complete": complete,
        "settings": dataclasses.asdict(settings),
        "domains": list(ENCODINGS),
        "buildings": list(settings.names),
        "classes": class_names(),
    }
    if complete:
        content["rooms"] = room_hashes(settings)
        content["counts"] = count_contents(out, settings)
        content["sha256"] = content_hash(out, settings)
    write_whole(out / MANIFEST, (json.dumps(content, indent=2) + "\n").encode())


def room_hashes(settings: WorldSettings) -> dict[str, list[str]]:
    """Return the hashes of all rooms of each building, by which data sets are compared."""
    return {
        settings.name(index): list(planned_rooms(settings.seed, index))
        for index in range(settings.buildings)
    }


def class_names() -> dict[str, list[str]]:
    """Return the names of the classes of each domain, in the order of their numbers."""
    return {
        "class_object": list(OBJECTS),
        "class_scene": list(SCENES),
        "segment_semantic": ["uncertain", "background", *SEMANTIC],
    }


def count_contents(out: Path, settings: WorldSettings) -> dict[str, Any]:
    """Count files and views, and the views of each building, object class and scene class."""
    views = Counter(path.parent.name for path in world_files(out, settings, "point_info"))
    return {
        "views": views.total(),
        "files": sum(1 for _ in world_files(out, settings)),
        "views_by_building": {building: views[building] for building in settings.names},
        "views_by_object": count_classes(out, settings, "class_object"),
        "views_by_scene": count_classes(out, settings, "class_scene"),
    }


def count_classes(out: Path, settings: WorldSettings, domain: str) -> dict[str, int]:
    """Count the views of each class of a domain; ``none`` counts views without a label."""
    names, tally = class_names()[domain], Counter[str]()
    for path in world_files(out, settings, domain):
        chances = read_value(path, domain)
        tally[names[int(chances.argmax())] if chances.any() else "none"] += 1
    return {name: tally[name] for name in (*names, "none")}


def content_hash(out: Path, settings: WorldSettings) -> str:
    """Return the SHA-256 of the relative path, length and content of every file, sorted."""
    digest = hashlib.sha256()
    for name in sorted(path.relative_to(out).as_posix() for path in world_files(out, settings)):
        content = (out / name).read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _check_same(out: Path, manifest: dict[str, Any], settings: WorldSettings) -> None:
    ours = {"format": FORMAT, "taskgraph": __version__, **dataclasses.asdict(settings)}
    theirs = {name: manifest[name] for name in ("format", "taskgraph")} | manifest["settings"]
    theirs["buildings"] = max(theirs["buildings"], settings.buildings)
    flags = {field.name for field in dataclasses.fields(WorldSettings)}
    for name, value in ours.items():
        if theirs[name] == value:
            continue
        if name not in flags:
            advice = "files of both would not fit together: name another folder"
        elif name == "views":
            advice = (
                f"the views of a building are chosen together: keep --views {theirs[name]} and "
                "raise --buildings, or name another folder"
            )
        else:
            advice = f"go on with --{name} {theirs[name]}, or name another folder"
        title = f"--{name}" if name in flags else f"{name} version"
        raise InvalidSceneError(
            f"{out} was made with {title} {theirs[name]}, not {value}; {advice}"
        )
