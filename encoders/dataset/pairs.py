"""Which other pictures belong to a view, for the tasks that look at two or three.

The choice depends on (seed, view) alone, never on the epoch or on which process makes it, and
partners come from the view's own building, so that they are in its own split.

=============== ==========================================================================
``fixated``     another view of the same point, by another camera
``triplet``     two such views
``nonfixated``  a view of another point, by another camera, that sees a point in common
``match``       half of the time (exactly, over a building) another view of the same point,
                else a view that does not see the point
=============== ==========================================================================
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator

from encoders.dataset.index import Index
from encoders.errors import InvalidDataError, UnknownNameError
from taskgraph.arrays import Booleans, Integers

Info = Mapping[str, Any]

PARTNERS = {"fixated": 1, "triplet": 2, "nonfixated": 1, "match": 1}
"""How many other pictures each rule chooses."""

NONE = -1


@dataclass(frozen=True, eq=False)
class Pairs:
    """The partners of each view of an index.

    Attributes
    ----------
    rows : (N, k) integer array
        Rows of the index; `NONE` throughout where a view has no partners.
    same : (N,) bool array
        Whether the partners look at the same point.
    """

    rows: Integers
    same: Booleans

    @property
    def found(self) -> Booleans:
        """(N,) whether the view has partners."""
        return np.asarray((self.rows != NONE).all(axis=1))


@dataclass(frozen=True, eq=False)
class _Place:
    """What matters of one building: for each of its views, in order."""

    point: list[int]
    camera: list[object]
    seen: list[frozenset[int]]
    views_of: Mapping[int, list[int]]
    """The views that look at a point."""
    views_seeing: Mapping[int, list[int]]
    """The views that have a point anywhere in their picture."""


def choose_partners(
    rule: str,
    index: Index,
    infos: Callable[[Integers], Sequence[Info]],
    seed: int,
    *,
    usable: Booleans | None = None,
) -> Pairs:
    """Choose the partners of every view of a data set.

    Parameters
    ----------
    rule : str
        A key of `PARTNERS`.
    infos : function
        From rows of the index to their ``point_info``; called once a building.
    usable : (N,) bool array, optional
        Views to choose for and from; by default all.

    Raises
    ------
    UnknownNameError
        If there is no such rule.
    InvalidDataError
        If a ``point_info`` lacks the points in view.
    """
    if rule not in PARTNERS:
        raise UnknownNameError(f'no rule "{rule}"; there are {", ".join(PARTNERS)}')
    rows = np.full((len(index), PARTNERS[rule]), NONE, dtype=np.int64)
    same = np.ones(len(index), dtype=bool)
    for name in index.buildings:
        own = index.rows_of([name])
        own = own if usable is None else own[usable[own]]
        place = _place(index, own, infos(own))
        numbers = [zlib.crc32(index.name(int(row)).encode()) for row in own]
        rngs = [np.random.default_rng(np.random.SeedSequence([seed, n])) for n in numbers]
        if rule == "match":
            order = np.random.default_rng(np.random.SeedSequence([seed, zlib.crc32(name.encode())]))
            found, same[own] = _match(place, rngs, order)
        else:
            find = _look_at if rule == "nonfixated" else _same_point
            found = [find(place, number, rng, PARTNERS[rule]) for number, rng in enumerate(rngs)]
            same[own] = rule != "nonfixated"
        for row, chosen in zip(own, found, strict=True):
            if len(chosen) == PARTNERS[rule]:
                rows[row] = own[chosen]
    return Pairs(rows, same)


def points_in_view(info: Info) -> frozenset[int]:
    """Numbers of the points that a view sees, of a ``point_info`` file.

    Raises
    ------
    InvalidDataError
        If it has no ``nonfixated_points_in_view``, or not a list of whole numbers.
    """
    points = info.get("nonfixated_points_in_view")
    if not isinstance(points, list) or not all(isinstance(point, int) for point in points):
        raise InvalidDataError(
            f"`nonfixated_points_in_view` is {str(points)[:60]}, expected a list of numbers of "
            "points; tasks of several pictures need it"
        )
    return frozenset(points)


def _place(index: Index, rows: Integers, infos: Sequence[Info]) -> _Place:
    views_of: dict[int, list[int]] = defaultdict(list)
    views_seeing: dict[int, list[int]] = defaultdict(list)
    seen, camera = [], []
    for number, (row, info) in enumerate(zip(rows, infos, strict=True)):
        try:
            own = points_in_view(info)
        except InvalidDataError as error:
            path = index.root / index.files("point_info").paths[int(row)]
            raise InvalidDataError(f"{path}: {error}") from None
        point = int(index.point[row])
        seen.append(own | {point})
        # Older files may lack the camera's name; its place serves as well.
        camera.append(info.get("camera_uuid") or str(info.get("camera_location")))
        views_of[point].append(number)
        for other in sorted(seen[-1]):
            views_seeing[other].append(number)
    points = index.point[rows].tolist()
    return _Place(points, camera, seen, dict(views_of), dict(views_seeing))


def _same_point(place: _Place, number: int, rng: Generator, count: int) -> list[int]:
    """Views of the same point, each by another camera."""
    chosen: list[int] = []
    cameras = {place.camera[number]}
    for other in rng.permutation(place.views_of[place.point[number]]).tolist():
        if len(chosen) < count and place.camera[other] not in cameras:
            chosen.append(other)
            cameras.add(place.camera[other])
    return chosen


def _look_at(place: _Place, number: int, rng: Generator, count: int) -> list[int]:
    """A view of another point that sees a point which this view sees as well."""
    own, camera = place.point[number], place.camera[number]
    for shared in rng.permutation(sorted(place.seen[number])).tolist():
        others = [
            other
            for other in place.views_seeing[shared]
            if place.point[other] != own and place.camera[other] != camera
        ]
        if others:
            return [int(rng.choice(others))]
    return []


def _unseeing(place: _Place, number: int, rng: Generator) -> list[int]:
    """A view of the building from which the point cannot be seen."""
    own, count = place.point[number], len(place.seen)
    # Most views of a large building are blind to most points: try a few before listing all.
    for other in rng.integers(count, size=16).tolist():
        if own not in place.seen[other]:
            return [other]
    blind = [other for other, seen in enumerate(place.seen) if own not in seen]
    return [int(rng.choice(blind))] if blind else []


def _match(
    place: _Place, rngs: Sequence[Generator], order: Generator
) -> tuple[list[list[int]], Booleans]:
    """Partners, and whether they match, as often yes as no among the views that could be either."""
    alike = [_same_point(place, number, rng, 1) for number, rng in enumerate(rngs)]
    unlike = [_unseeing(place, number, rng) for number, rng in enumerate(rngs)]
    either = [number for number in range(len(rngs)) if alike[number] and unlike[number]]
    same = np.ones(len(rngs), dtype=bool)
    same[order.permutation(either).astype(int)[::2]] = False
    found: list[list[int]] = [[] for _ in rngs]
    for number in either:
        found[number] = alike[number] if same[number] else unlike[number]
    return found, same
