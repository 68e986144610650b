"""Find the buildings of a data set that the encoders of a bank were trained on."""

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
from encoders.dataset.manifest import find_manifest
from encoders.errors import InvalidDataError
from encoders.scenes.making.room_hashes import planned_rooms

BUILDINGS, TRAINED_ON = "buildings", "trained_on"
"""Keys of a task's record and of a bank's manifest; see `TrainedBuildings`."""

HELD_OUT = {"valid": "validation", "test": "test"}
"""Parts of the data that no encoder may have been trained on, and their names in messages."""

NAMED = 20
"""Largest number of buildings that a message names."""

CHECKED_BUILDINGS = 12
"""A seed is recommended if none of so many of its buildings was trained on."""

UNTRAINED = "random"
"""Name of the untrained encoder of a bank."""


@dataclass(frozen=True)
class TrainedBuildings:
    """The buildings that some networks of a bank were trained on.

    A task's record, ``NAME.json``, has the hashes of each building under `BUILDINGS`. The bank's
    manifest has them under `TRAINED_ON`, once for all tasks with the same buildings: a list of
    ``{"tasks": [...], "buildings": {...}}``.

    Attributes
    ----------
    hashes : set of str
        Hashes of all buildings (`encoders.dataset.buildings.building_hashes`).
    unknown : tuple of str
        Networks for which the bank has no hashes.
    """

    hashes: frozenset[str]
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Overlap:
    """The buildings of a data set that a bank's encoders were trained on.

    Attributes
    ----------
    parts : mapping
        By part of the data (``train``, ``valid``, ``test``): sorted names of the buildings.
    sizes : mapping of int
        By part: the number of all its buildings.
    unknown : tuple of str
        Networks for which the bank does not record the training buildings.
    """

    parts: Mapping[str, tuple[str, ...]]
    sizes: Mapping[str, int]
    unknown: tuple[str, ...] = ()

    @property
    def held_out(self) -> tuple[str, ...]:
        """Return the buildings among them that are for validation or test, sorted.

        Losses on these buildings are too small.
        """
        return tuple(sorted({name for part in HELD_OUT for name in self.parts.get(part, ())}))

    def record(self) -> dict[str, Any]:
        """Return the overlap as JSON values, to be written beside the losses."""
        return {part: list(names) for part, names in self.parts.items()}


def trained_on(bank: str | PathLike[str], tasks: Sequence[str]) -> TrainedBuildings:
    """Read from a bank which buildings the networks of some tasks were trained on."""
    groups = _manifest(Path(bank))
    hashes: set[str] = set()
    unknown = []
    for task in dict.fromkeys(tasks):
        buildings = recorded_buildings(Path(bank), task, groups)
        if buildings is not None:
            hashes.update(itertools.chain.from_iterable(buildings.values()))
        elif task != UNTRAINED:
            unknown.append(task)
    return TrainedBuildings(frozenset(hashes), tuple(unknown))


def recorded_buildings(
    bank: Path, task: str, groups: Sequence[Mapping[str, Any]] | None = None
) -> dict[str, list[str]] | None:
    """Return hashes of each building that a network was trained on; None if unrecorded.

    ``groups`` is the list under `TRAINED_ON` of the manifest, if it has been read already.
    """
    record = _read(bank / f"{task}.json")
    if BUILDINGS in record:
        return dict(record[BUILDINGS])
    groups = _manifest(bank) if groups is None else groups
    return next((dict(each[BUILDINGS]) for each in groups if task in each["tasks"]), None)


def group_by_buildings(
    buildings_of_task: Mapping[str, Mapping[str, Sequence[str]]],
) -> list[dict[str, Any]]:
    """Return a manifest's list under `TRAINED_ON`, from hashes of each task's buildings."""
    groups: list[dict[str, Any]] = []
    for task, buildings in sorted(buildings_of_task.items()):
        same = next((each for each in groups if each[BUILDINGS] == buildings), None)
        if same is None:
            groups.append({"tasks": [task], BUILDINGS: buildings})
        else:
            same["tasks"].append(task)
    return groups


def find_overlap(
    trained: TrainedBuildings, index: Index, parts: Mapping[str, Sequence[str]]
) -> Overlap:
    """Find the buildings of each part that networks were trained on."""
    names = sorted({name for part in parts.values() for name in part})
    hashes = building_hashes(index, names)
    known = {name for name in names if trained.hashes & set(hashes[name])}
    return Overlap(
        {part: tuple(sorted(known & set(each))) for part, each in parts.items()},
        {part: len(each) for part, each in parts.items()},
        trained.unknown,
    )


def refuse_overlap(
    overlap: Overlap, trained: TrainedBuildings, bank: str | PathLike[str], index: Index
) -> None:
    """Raise if networks were trained on validation or test buildings.

    Raises
    ------
    InvalidDataError
        The message names the buildings, and says how to get others.
    """
    if not overlap.held_out:
        return
    counts = [
        f"{len(overlap.parts[part])} of {overlap.sizes[part]} {word} buildings"
        for part, word in HELD_OUT.items()
        if overlap.parts.get(part)
    ]
    names = list(overlap.held_out[:NAMED])
    more = len(overlap.held_out) - len(names)
    raise InvalidDataError(
        f"{index.root}: encoders of {fspath(bank)} were trained on {' and '.join(counts)} "
        f"({', '.join(names)}{f' and {more} more' if more else ''}), where their losses are too "
        f"small; {_remedy(index, trained)}, or allow it with --allow-overlap"
    )


def unknown_warning(overlap: Overlap, bank: str | PathLike[str]) -> str:
    """Return a warning if a bank does not record its training buildings; empty if it does."""
    if not overlap.unknown:
        return ""
    names = ", ".join(overlap.unknown[:NAMED])
    return (
        f"warning: {fspath(bank)} has no hashes of the buildings that {names} saw in training, so "
        "it is not known whether the test buildings are new; `taskgraph train --resume`, on the "
        "same data, adds them"
    )


def _remedy(index: Index, trained: TrainedBuildings) -> str:
    """Return advice on getting other buildings, as part of an error message."""
    settings = (find_manifest(index.root) or {}).get("settings")
    if not settings:
        return "name other buildings, in a file for --splits or in another folder for --data"
    seed = next(each for each in _seeds(settings) if not _was_trained_on(trained, each))
    flags = " ".join(f"--{name} {value}" for name, value in (settings | {"seed": seed}).items())
    return f"make another world, such as with `taskgraph scenes DIR {flags}`"


def _seeds(settings: Mapping[str, Any]) -> Iterator[int]:
    """Return all seeds but the one of the data set."""
    return (seed for seed in itertools.count() if seed != settings.get("seed"))


def _was_trained_on(trained: TrainedBuildings, seed: int) -> bool:
    """Return whether networks were trained on one of the first buildings of a seed."""
    return any(trained.hashes & set(planned_rooms(seed, k)) for k in range(CHECKED_BUILDINGS))


def _manifest(bank: Path) -> list[dict[str, Any]]:
    """Return the list under `TRAINED_ON` of a bank's manifest; empty if there is none."""
    return list(_read(bank / "manifest.json").get(TRAINED_ON) or [])


def _read(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file; empty if there is none."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
