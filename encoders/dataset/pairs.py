"""Choose the partners of a view: the further pictures of tasks that take two or three.

The choice depends only on the seed and the view, so that every process makes the same one. Partners
come from the view's own building, and so from its own split.

=============== ==========================================================================
rule            partners
=============== ==========================================================================
``fixated``     another view of the same point, by another camera
``triplet``     two such views
``nonfixated``  a view of another point, by another camera, with a visible point in common
``match``       for exactly half of a building's views, another view of the same point; for
                the others, a view that does not see the point
=============== ==========================================================================
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from encoders.dataset.index import Index
from encoders.errors import InvalidDataError, UnknownNameError
from encoders.tasks.sample import Info
from taskgraph.arrays import Booleans, Integers

PARTNERS = {"fixated": 1, "triplet": 2, "nonfixated": 1, "match": 1}
"""Number of partners that each rule chooses."""

NONE = -1
"""In place of a partner's row, for views that have no partners."""


@dataclass(frozen=True, eq=False)
class PartnerTable:
    """The partners of each view of an index.

    Attributes
    ----------
    rows : (N, k) integer array
        The partners' rows of the index; all `NONE` if a view has no partners.
    same_point : (N,) bool array
        Whether the partners look at the same point as the view.
    """

    rows: Integers
    same_point: Booleans

    @property
    def has_partners(self) -> Booleans:
        """Return whether each view has partners, (N,)."""
        return np.asarray((self.rows != NONE).all(axis=1))


@dataclass(frozen=True, eq=False)
class _Building:
    """The points and cameras of a building's views, numbered in order.

    Attributes
    ----------
    point : list of int
        By view: the point that it looks at.
    camera : list
        By view: what identifies its camera.
    seen : list of sets of int
        By view: all points that are visible in its picture.
    views_of, views_seeing : mapping
        By point: the views that look at it, and the views in which it is visible.
    """

    point: list[int]
    camera: list[object]
    seen: list[frozenset[int]]
    views_of: Mapping[int, list[int]]
    views_seeing: Mapping[int, list[int]]


def choose_partners(
    rule: str,
    index: Index,
    infos: Callable[[Integers], Sequence[Info]],
    seed: int,
    *,
    usable: Booleans | None = None,
) -> PartnerTable:
    """Choose the partners of every view of a data set.

    Parameters
    ----------
    rule : str
        A key of `PARTNERS`.
    infos : function
        From rows of the index to their ``point_info``; called once for each building.
    usable : (N,) bool array, optional
        Views that get partners and may be partners; by default all.

    Raises
    ------
    UnknownNameError
        If there is no rule of that name.
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
        building = _building(index, own, infos(own))
        numbers = [zlib.crc32(index.name(int(row)).encode()) for row in own]
        rngs = [np.random.default_rng(np.random.SeedSequence([seed, n])) for n in numbers]
        if rule == "match":
            order = np.random.default_rng(np.random.SeedSequence([seed, zlib.crc32(name.encode())]))
            partners, same[own] = _match(building, rngs, order)
        else:
            find = _sharing_a_point if rule == "nonfixated" else _same_point
            partners = [
                find(building, number, rng, PARTNERS[rule]) for number, rng in enumerate(rngs)
            ]
            same[own] = rule != "nonfixated"
        for row, chosen in zip(own, partners, strict=True):
            if len(chosen) == PARTNERS[rule]:
                rows[row] = own[chosen]
    return PartnerTable(rows, same)


def points_in_view(info: Info) -> frozenset[int]:
    """Return the numbers of the points that are visible in a view, from its ``point_info``.

    Raises
    ------
    InvalidDataError
        If ``nonfixated_points_in_view`` is missing or is not a list of integers.
    """
    points = info.get("nonfixated_points_in_view")
    if not isinstance(points, list) or not all(isinstance(point, int) for point in points):
        raise InvalidDataError(
            f"`nonfixated_points_in_view` is {str(points)[:60]}, expected a list of numbers of "
            "points; tasks of several pictures need it"
        )
    return frozenset(points)


def _building(index: Index, rows: Integers, infos: Sequence[Info]) -> _Building:
    """Collect the points and cameras of the views in some rows."""
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
        # Older files may lack the camera's name; its location identifies it as well.
        camera.append(info.get("camera_uuid") or str(info.get("camera_location")))
        views_of[point].append(number)
        for other in sorted(seen[-1]):
            views_seeing[other].append(number)
    points = index.point[rows].tolist()
    return _Building(points, camera, seen, dict(views_of), dict(views_seeing))


def _same_point(building: _Building, number: int, rng: Generator, count: int) -> list[int]:
    """Return at most ``count`` views of the same point, each by another camera."""
    chosen: list[int] = []
    cameras = {building.camera[number]}
    for other in rng.permutation(building.views_of[building.point[number]]).tolist():
        if len(chosen) < count and building.camera[other] not in cameras:
            chosen.append(other)
            cameras.add(building.camera[other])
    return chosen


def _sharing_a_point(building: _Building, number: int, rng: Generator, count: int) -> list[int]:
    """Return a view of another point, by another camera, that sees a common point; or none."""
    own, camera = building.point[number], building.camera[number]
    for shared in rng.permutation(sorted(building.seen[number])).tolist():
        others = [
            other
            for other in building.views_seeing[shared]
            if building.point[other] != own and building.camera[other] != camera
        ]
        if others:
            return [int(rng.choice(others))]
    return []


def _not_seeing(building: _Building, number: int, rng: Generator) -> list[int]:
    """Return a view of the building in which this view's point is not visible; or none."""
    own, count = building.point[number], len(building.seen)
    # In a large building most points are invisible in most views: try a few before listing all.
    for other in rng.integers(count, size=16).tolist():
        if own not in building.seen[other]:
            return [other]
    candidates = [other for other, seen in enumerate(building.seen) if own not in seen]
    return [int(rng.choice(candidates))] if candidates else []


def _match(
    building: _Building, rngs: Sequence[Generator], order: Generator
) -> tuple[list[list[int]], Booleans]:
    """Return the partners of each view, and whether they look at the same point.

    Among the views for which both kinds of partner exist, half get the one and half the other.
    """
    matching = [_same_point(building, number, rng, 1) for number, rng in enumerate(rngs)]
    other = [_not_seeing(building, number, rng) for number, rng in enumerate(rngs)]
    either = [number for number in range(len(rngs)) if matching[number] and other[number]]
    same = np.ones(len(rngs), dtype=bool)
    same[order.permutation(either).astype(int)[::2]] = False
    partners: list[list[int]] = [[] for _ in rngs]
    for number in either:
        partners[number] = matching[number] if same[number] else other[number]
    return partners, same
