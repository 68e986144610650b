"""What tells that two data sets show the same building: hashes of its rooms, or of its pictures.

Two buildings are the same if they share a hash. A building's name says nothing: `building_0003`
is another one in every world, and users rename folders.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from encoders.codecs.encodings import read_raw
from encoders.codecs.poses import point_info_room
from encoders.dataset.index import Index
from encoders.dataset.manifest import read_manifest
from encoders.errors import InvalidDataError
from encoders.scenes.making.rooms import LENGTH, planned_rooms, room_hash
from taskgraph.arrays import Integers

ROOMS = "rooms"
"""Key of a manifest under which the hashes of each building's rooms stand."""

LOOKED_AT = 50
"""Most views of a building whose rooms are read, evenly spaced."""

CHECKED = 3
"""Views whose rooms must be among those that the manifest, or its seed, says."""

PICTURES = 8
"""Pictures that stand for a building of which no room is known."""

_NUMBER = re.compile(r"building_(\d{4,})")


def building_hashes(index: Index, buildings: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Sorted hashes of each of the buildings; a hash that two of them share is left out.

    For a world of ours: of every room, as its manifest has them, or as its seed gives them if an
    older version made it; both are checked against what the files say. Elsewhere: of the rooms
    that ``point_info`` says its cameras stand in. Where there are none: of the bytes of a few
    pictures, chosen by the views' numbers.
    """
    manifest = read_manifest(index.root) or {}
    rooms = _own({name: _rooms(index, manifest, name) for name in buildings})
    unknown = [name for name in buildings if not rooms[name]]
    return rooms | _own({name: _pictures(index, index.rows_of([name])) for name in unknown})


def _own(found: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Each building's hashes without those that another one has too, such as of a blank picture."""
    counts = Counter(each for hashes in found.values() for each in set(hashes))
    return {
        name: tuple(sorted({each for each in hashes if counts[each] == 1}))
        for name, hashes in found.items()
    }


def _rooms(index: Index, manifest: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The rooms that the manifest tells, unless the files say otherwise; else those seen."""
    rows, told = index.rows_of([name]), _told(manifest, name)
    agrees = set(_seen(index, rows, CHECKED)) <= set(told)
    return told if agrees else _seen(index, rows)


def _told(manifest: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """All rooms of a building, from the manifest or its seed; empty if neither tells."""
    rooms, settings = manifest.get(ROOMS) or {}, manifest.get("settings") or {}
    number = _NUMBER.fullmatch(name)
    if name in rooms:
        return tuple(rooms[name])
    seed = settings.get("seed")
    if number and isinstance(seed, int) and seed >= 0:
        return planned_rooms(seed, int(number[1]))
    return ()


def _seen(index: Index, rows: Integers, most: int = LOOKED_AT) -> tuple[str, ...]:
    """The rooms that the cameras of some views stand in, as far as the files say."""
    try:
        files = index.files("point_info")
    except InvalidDataError:
        return ()
    there = rows[~files.missing[rows]]
    hashes = []
    for row in there[np.linspace(0, len(there) - 1, min(most, len(there))).round().astype(int)]:
        with contextlib.suppress(InvalidDataError):
            info = read_raw(index.root / files.paths[row], "point_info")
            hashes.append(room_hash(*point_info_room(info)))
    return tuple(hashes)


def _pictures(index: Index, rows: Integers) -> tuple[str, ...]:
    """The bytes of a few pictures; which ones depends on the views' numbers alone."""

    def draw(row: int) -> str:
        return _hash(f"point_{index.point[row]}_view_{index.view[row]}".encode())

    chosen = sorted(rows.tolist(), key=draw)[:PICTURES]
    paths = index.files("rgb").paths
    return tuple(_hash((index.root / paths[row]).read_bytes()) for row in chosen)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:LENGTH]
