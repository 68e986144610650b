"""Whether a bank's encoders were trained on the buildings that they are to be judged on."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from encoders.dataset.buildings import building_hashes
from encoders.dataset.index import Index
from encoders.dataset.manifest import read_manifest
from encoders.errors import InvalidDataError
from encoders.scenes.making.room_hashes import planned_rooms

BUILDINGS, TRAINED_ON = "buildings", "trained_on"
"""Keys of a task's record and of a bank's manifest; see `Trained`."""

HELD_OUT = {"valid": "validation", "test": "test"}
"""Parts of the data that no encoder may have been trained on, and their words in a message."""

NAMED = 20
"""Most buildings that a message names."""

LOOKED_AT = 12
"""Buildings of another seed of which none may be known before that seed is recommended."""

UNTRAINED = "random"
"""The encoder of a bank that was never trained."""


@dataclass(frozen=True)
class Trained:
    """The buildings that some networks of a bank were trained on.

    A task's record, ``NAME.json``, holds them under `BUILDINGS`: hashes by building. The bank's
    manifest holds them once for all tasks that have the same ones, as a list under `TRAINED_ON` of
    ``{"tasks": [...], "buildings": {...}}``.

    Attributes
    ----------
    hashes : set of str
        Of `encoders.dataset.buildings.building_hashes`.
    unknown : tuple of str
        Networks of which the bank does not say it.
    """

    hashes: frozenset[str]
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Overlap:
    """Which buildings of some data a bank's encoders were trained on.

    Attributes
    ----------
    parts : mapping
        By part of the data: names, sorted.
    sizes : mapping of int
        How many buildings each part has.
    unknown : tuple of str
        Networks of which the bank does not say what they were trained on.
    """

    parts: Mapping[str, tuple[str, ...]]
    sizes: Mapping[str, int]
    unknown: tuple[str, ...] = ()

    @property
    def held_out(self) -> tuple[str, ...]:
        """Those that would make the encoders look better than they are, sorted."""
        return tuple(sorted({name for part in HELD_OUT for name in self.parts.get(part, ())}))

    def record(self) -> dict[str, Any]:
        """What is written beside the numbers."""
        return {part: list(names) for part, names in self.parts.items()}


def trained_on(bank: str | PathLike[str], tasks: Sequence[str]) -> Trained:
    """The buildings that the networks of some tasks were trained on."""
    told = _manifest(Path(bank))
    hashes: set[str] = set()
    unknown = []
    for task in dict.fromkeys(tasks):
        buildings = buildings_of(Path(bank), task, told)
        if buildings is not None:
            hashes.update(itertools.chain.from_iterable(buildings.values()))
        elif task != UNTRAINED:
            unknown.append(task)
    return Trained(frozenset(hashes), tuple(unknown))


def buildings_of(
    bank: Path, task: str, told: Sequence[Mapping[str, Any]] | None = None
) -> dict[str, list[str]] | None:
    """Hashes of each building that a task's network was trained on; None where nothing is said.

    ``told`` is what the manifest says, if it was read before.
    """
    record = _read(bank / f"{task}.json")
    if BUILDINGS in record:
        return dict(record[BUILDINGS])
    groups = _manifest(bank) if told is None else told
    return next((dict(each[BUILDINGS]) for each in groups if task in each["tasks"]), None)


def grouped(found: Mapping[str, Mapping[str, Sequence[str]]]) -> list[dict[str, Any]]:
    """What a manifest holds under `TRAINED_ON`, from the buildings of each task."""
    groups: list[dict[str, Any]] = []
    for task, buildings in sorted(found.items()):
        same = next((each for each in groups if each[BUILDINGS] == buildings), None)
        if same is None:
            groups.append({"tasks": [task], BUILDINGS: buildings})
        else:
            same["tasks"].append(task)
    return groups


def find_overlap(trained: Trained, index: Index, parts: Mapping[str, Sequence[str]]) -> Overlap:
    """Look for the buildings of each part among those that networks were trained on."""
    names = sorted({name for part in parts.values() for name in part})
    hashes = building_hashes(index, names)
    known = {name for name in names if trained.hashes & set(hashes[name])}
    return Overlap(
        {part: tuple(sorted(known & set(each))) for part, each in parts.items()},
        {part: len(each) for part, each in parts.items()},
        trained.unknown,
    )


def refuse_overlap(
    found: Overlap, trained: Trained, bank: str | PathLike[str], index: Index
) -> None:
    """Refuse data whose validation or test buildings the networks were trained on.

    Raises
    ------
    InvalidDataError
        With the buildings' names, and how to get others.
    """
    if not found.held_out:
        return
    counts = [
        f"{len(found.parts[part])} of {found.sizes[part]} {word} buildings"
        for part, word in HELD_OUT.items()
        if found.parts.get(part)
    ]
    names = list(found.held_out[:NAMED])
    more = len(found.held_out) - len(names)
    raise InvalidDataError(
        f"{index.root}: encoders of {fspath(bank)} were trained on {' and '.join(counts)} "
        f"({', '.join(names)}{f' and {more} more' if more else ''}), where their losses are too "
        f"small; {_remedy(index, trained)}, or go on with --allow-overlap"
    )


def told_unknown(found: Overlap, bank: str | PathLike[str]) -> str:
    """The warning where a bank does not say what it was trained on; empty where it does."""
    if not found.unknown:
        return ""
    names = ", ".join(found.unknown[:NAMED])
    return (
        f"warning: {fspath(bank)} has no hashes of the buildings that {names} saw in training, so "
        "it is not known whether the test buildings are new; `taskgraph train --resume`, on the "
        "same data, adds them"
    )


def _remedy(index: Index, trained: Trained) -> str:
    """Where other buildings come from."""
    settings = (read_manifest(index.root) or {}).get("settings")
    if not settings:
        return "name other buildings, in a file for --splits or in another folder for --data"
    seed = next(each for each in _seeds(settings) if not _knows(trained, each))
    flags = " ".join(f"--{name} {value}" for name, value in (settings | {"seed": seed}).items())
    return f"make another world, such as with `taskgraph scenes DIR {flags}`"


def _seeds(settings: Mapping[str, Any]) -> Iterator[int]:
    """Seeds other than the data's own."""
    return (seed for seed in itertools.count() if seed != settings.get("seed"))


def _knows(trained: Trained, seed: int) -> bool:
    """Whether one of the first buildings of a seed is among those that were trained on."""
    return any(trained.hashes & set(planned_rooms(seed, k)) for k in range(LOOKED_AT))


def _manifest(bank: Path) -> list[dict[str, Any]]:
    return list(_read(bank / "manifest.json").get(TRAINED_ON) or [])


def _read(path: Path) -> dict[str, Any]:
    """A JSON object; empty where there is none."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
