"""Hashes by which a building is recognized in another data set.

Two buildings are the same if they share a hash of a room or of a picture. A building's name does
not identify it: every world has a `building_0003`, and users rename folders.
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
from encoders.codecs.point_info import point_info_room
from encoders.dataset.index import Index
from encoders.dataset.manifest import find_manifest
from encoders.errors import InvalidDataError
from encoders.scenes.making.room_hashes import LENGTH, planned_rooms, room_hash
from taskgraph.arrays import Integers

ROOMS = "rooms"
"""Key of a manifest: the hashes of each building's rooms."""

HASHED_VIEWS = 50
"""Largest number of views of a building, evenly spaced, whose rooms are read."""

CHECKED_VIEWS = 3
"""Number of views whose rooms are checked against the manifest or its seed."""

HASHED_PICTURES = 8
"""Number of pictures that are hashed for a building of which no room is known."""

_NUMBER = re.compile(r"building_(\d{4,})")


def building_hashes(index: Index, buildings: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Compute the sorted hashes of each building, without hashes that two buildings share.

    The hashes are, in this order of preference:

    1. of all rooms, from the manifest of a world of ours, or computed from its seed if an older
       version made it; a few files are checked to agree;
    2. of the rooms in which cameras stand according to ``point_info``;
    3. of the bytes of a few pictures, chosen by the numbers of their views.
    """
    manifest = find_manifest(index.root) or {}
    rooms = _without_shared({name: _rooms(index, manifest, name) for name in buildings})
    unknown = [name for name in buildings if not rooms[name]]
    return rooms | _without_shared(
        {name: _pictures(index, index.rows_of([name])) for name in unknown}
    )


def _without_shared(hashes_of: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Remove the hashes that several buildings have, for example that of a blank picture."""
    counts = Counter(each for hashes in hashes_of.values() for each in set(hashes))
    return {
        name: tuple(sorted({each for each in hashes if counts[each] == 1}))
        for name, hashes in hashes_of.items()
    }


def _rooms(index: Index, manifest: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return hashes of a building's rooms: the manifest's if the files agree, else the files'."""
    rows, recorded = index.rows_of([name]), _recorded(manifest, name)
    agrees = set(_rooms_of_cameras(index, rows, CHECKED_VIEWS)) <= set(recorded)
    return recorded if agrees else _rooms_of_cameras(index, rows)


def _recorded(manifest: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return hashes of all rooms of a building, from the manifest or its seed; else empty."""
    rooms, settings = manifest.get(ROOMS) or {}, manifest.get("settings") or {}
    number = _NUMBER.fullmatch(name)
    if name in rooms:
        return tuple(rooms[name])
    seed = settings.get("seed")
    if number and isinstance(seed, int) and seed >= 0:
        return planned_rooms(seed, int(number[1]))
    return ()


def _rooms_of_cameras(index: Index, rows: Integers, most: int = HASHED_VIEWS) -> tuple[str, ...]:
    """Return hashes of the rooms in which cameras stand, as far as ``point_info`` tells."""
    try:
        files = index.files("point_info")
    except InvalidDataError:
        return ()
    existing = rows[~files.missing[rows]]
    count = min(most, len(existing))
    hashes = []
    for row in existing[np.linspace(0, len(existing) - 1, count).round().astype(int)]:
        with contextlib.suppress(InvalidDataError):
            info = read_raw(index.root / files.paths[row], "point_info")
            hashes.append(room_hash(*point_info_room(info)))
    return tuple(hashes)


def _pictures(index: Index, rows: Integers) -> tuple[str, ...]:
    """Return hashes of a few pictures' bytes; the choice depends on the views' numbers alone."""

    def draw(row: int) -> str:
        """Return a hash of the view's numbers, by which views are sorted."""
        return _hash(f"point_{index.point[row]}_view_{index.view[row]}".encode())

    files = index.files("rgb")
    chosen = sorted(rows[~files.missing[rows]].tolist(), key=draw)[:HASHED_PICTURES]
    paths = files.paths
    return tuple(_hash((index.root / paths[row]).read_bytes()) for row in chosen)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:LENGTH]
