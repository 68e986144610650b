"""What a data set says about itself: settings, classes, rooms, counts, a hash of its files."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

from encoders.codecs.encodings import ENCODINGS, read
from encoders.errors import InvalidDataError, InvalidSceneError
from encoders.scenes.furniture import OBJECTS, SEMANTIC
from encoders.scenes.homes.rooms import SCENES
from encoders.scenes.making.folder import files, write_whole
from encoders.scenes.making.rooms import planned_rooms
from encoders.scenes.making.settings import Settings
from taskgraph import __version__

FORMAT = 1
"""Changes whenever the same settings would give other files."""

MANIFEST = "manifest.json"


def check_folder(out: Path, settings: Settings) -> None:
    """Refuse a folder that holds other data than ``settings`` would make.

    More buildings than it holds are fine: those that are there stay as they are.

    Raises
    ------
    InvalidDataError
        If it is a file, or holds a data set that is not ours.
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
    """The manifest of a data set.

    Raises
    ------
    InvalidDataError
        If it is missing or broken.
    """
    path = out / MANIFEST
    try:
        content = dict(json.loads(path.read_bytes()))
        Settings(**content["settings"])
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


def write_manifest(out: Path, settings: Settings, *, complete: bool) -> None:
    """Write what the data set says about itself; counts and hash once it is complete."""
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
        content["counts"] = counts(out, settings)
        content["sha256"] = content_hash(out, settings)
    write_whole(out / MANIFEST, (json.dumps(content, indent=2) + "\n").encode())


def room_hashes(settings: Settings) -> dict[str, list[str]]:
    """Hashes of all rooms of each building, by which other data know that they show the same."""
    return {
        settings.name(index): list(planned_rooms(settings.seed, index))
        for index in range(settings.buildings)
    }


def class_names() -> dict[str, list[str]]:
    """The classes' names by domain, in the order of their numbers."""
    return {
        "class_object": list(OBJECTS),
        "class_scene": list(SCENES),
        "segment_semantic": ["uncertain", "background", *SEMANTIC],
    }


def counts(out: Path, settings: Settings) -> dict[str, Any]:
    """How many files and views there are, and views of each building, object and scene class."""
    views = Counter(path.parent.name for path in files(out, settings, "point_info"))
    return {
        "views": views.total(),
        "files": sum(1 for _ in files(out, settings)),
        "views_by_building": {building: views[building] for building in settings.names},
        "views_by_object": count_classes(out, settings, "class_object"),
        "views_by_scene": count_classes(out, settings, "class_scene"),
    }


def count_classes(out: Path, settings: Settings, domain: str) -> dict[str, int]:
    """Views of each class of ``class_object`` or ``class_scene``; ``none`` are without a label."""
    names, tally = class_names()[domain], Counter[str]()
    for path in files(out, settings, domain):
        chances = read(path, domain)
        tally[names[int(chances.argmax())] if chances.any() else "none"] += 1
    return {name: tally[name] for name in (*names, "none")}


def content_hash(out: Path, settings: Settings) -> str:
    """SHA-256 over the relative path, length and content of every file, in the paths' order."""
    whole = hashlib.sha256()
    for name in sorted(path.relative_to(out).as_posix() for path in files(out, settings)):
        content = (out / name).read_bytes()
        whole.update(f"{name}\0{len(content)}\0".encode())
        whole.update(content)
    return whole.hexdigest()


def _check_same(out: Path, found: dict[str, Any], settings: Settings) -> None:
    ours = {"format": FORMAT, "taskgraph": __version__, **dataclasses.asdict(settings)}
    theirs = {"format": found["format"], "taskgraph": found["taskgraph"], **found["settings"]}
    theirs["buildings"] = max(theirs["buildings"], settings.buildings)
    flags = {field.name for field in dataclasses.fields(Settings)}
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
