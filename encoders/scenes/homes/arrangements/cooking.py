"""Rows of kitchen units: fridge, sink, oven and counters, with cupboards above."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from encoders.scenes.furniture.kitchen import counter, kitchen_sink, wall_cabinet
from encoders.scenes.furniture.piece import Piece
from encoders.scenes.homes.arrangements.placing import BUILDERS, FRONT, stand_on
from encoders.scenes.homes.floor import TURNS, Floor
from encoders.scenes.homes.footprints import rotate_z
from encoders.scenes.homes.placed_piece import boxes_around, floor_in_front
from taskgraph.arrays import Floats

BEHIND = 0.017
"""Distance of units from the wall, meters: the thickness of a skirting board."""

PROBE = Piece("counter", (), (0.05, 0.66, 0.9))
"""A narrow unit with which free stretches of walls are found."""

ROOM_TO_PASS = 1.05  # meters between two rows that face each other
LONGEST = 4.4


@dataclass(frozen=True)
class WallStretch:
    """A free stretch of a wall from ``start`` to ``end`` (meters from the wall's middle)."""

    wall: int
    start: float
    end: float

    @property
    def length(self) -> float:
        """Return the length, meters."""
        return self.end - self.start


def cook(floor: Floor, kind: str, rng: np.random.Generator) -> None:
    """Add a row with fridge, sink and oven on the longest free wall, and often a second row."""
    style, suite = int(rng.integers(2**32)), floor.new_suite()
    runs = _free_runs(floor)
    if not runs:
        return
    main = max(runs, key=lambda run: min(run.length, LONGEST) + 0.8 * rng.random())
    if main.length > LONGEST:  # keep to one end
        main = (
            WallStretch(main.wall, main.start, main.start + LONGEST)
            if rng.random() < 0.5
            else WallStretch(main.wall, main.end - LONGEST, main.end)
        )
    row = _build_in(floor, main, _units(main.length, style, rng), style, suite)
    kinds = {floor.placed[i].piece.kind for i in row}
    if rng.random() < 0.6 or not {"oven", "refrigerator", "sink"} <= kinds:
        row += _second_row(floor, main, kinds, style, suite, rng)
    for number in row:
        _add_above(floor, number, style, suite, rng)
    worktops = [i for i in row if floor.placed[i].piece.kind == "counter"]
    for what, chance in (("microwave", 0.85), ("toaster", 0.7)):
        if rng.random() < chance:
            piece, at = BUILDERS[what](rng), (rng.uniform(0.2, 0.8), 0.75)
            hosts = iter(rng.permutation(worktops).tolist())
            while (host := next(hosts, None)) is not None:
                if stand_on(floor, int(host), piece, at) is not None:
                    break
    for number in row:
        placed = floor.placed[number]
        floor.access.append(
            floor_in_front(placed.piece, placed.position, placed.turn, FRONT["oven"])
        )


def _free_runs(floor: Floor) -> list[WallStretch]:
    spots = floor.walls(PROBE, gap=BEHIND)
    good = floor.free(boxes_around(PROBE, spots.position, spots.turn))
    runs = []
    for wall in range(4):
        length = float(floor.size[wall % 2])
        here = spots.wall == wall
        u, free = (spots.along[here] - 0.5) * length, good[here]
        edges = np.flatnonzero(np.diff(np.concatenate([[False], free, [False]]).astype(int)))
        for first, last in zip(edges[::2], edges[1::2] - 1, strict=True):
            run = WallStretch(wall, float(u[first]) - 0.025, float(u[last]) + 0.025)
            if run.length > 1.2:
                runs.append(run)
    return runs


def _units(length: float, style: int, rng: np.random.Generator) -> list[Piece]:
    """Return units that fill a length, in order along the wall."""
    fridge, stove = BUILDERS["refrigerator"](rng), BUILDERS["oven"](rng)
    sink = kitchen_sink(_same(style), float(rng.choice([0.6, 0.8, 0.9])))
    ends: list[Piece] = []
    if length > fridge.size[0] + sink.size[0] + stove.size[0] + 0.5:
        ends = [fridge]
    elif length < sink.size[0] + stove.size[0]:
        return [*_counters(length - sink.size[0], style), sink]
    spare = length - sum(p.size[0] + 0.003 for p in (*ends, sink, stove)) - 0.02
    cuts = np.sort(rng.uniform(0.15, 0.85, 2)) * spare
    gaps = np.diff([0.0, *cuts, spare])
    # A rest too narrow for a unit is added to the widest one.
    gaps[np.argmax(gaps)] += gaps[gaps < 0.3].sum() - (gaps.max() if gaps.max() < 0.3 else 0.0)
    gaps[gaps < 0.3] = 0.0
    row = list(ends)
    for unit, gap in zip((sink, stove, None), gaps, strict=True):
        row += _counters(float(gap), style)
        row += [unit] if unit else []
    return row if rng.random() < 0.5 else row[::-1]


def _same(style: int) -> np.random.Generator:
    """Return a random generator that gives every unit of a kitchen the same style."""
    return np.random.default_rng(style)


def _counters(length: float, style: int) -> Iterator[Piece]:
    """Yield counters of one width that fill a length."""
    count = max(1, round(length / 0.75))
    if length >= 0.3:
        for _ in range(count):
            yield counter(_same(style), length / count - 0.003)


def _build_in(
    floor: Floor, run: WallStretch, units: list[Piece], style: int, suite: int
) -> list[int]:
    """Place units side by side from the start of a run; units without space are left out."""
    row: list[int] = []
    turn = TURNS[run.wall]
    at = run.start + 0.005
    for unit in units:
        along = at + unit.size[0] / 2
        at += unit.size[0] + 0.003
        place = _against(floor, run.wall, unit, along)
        box = boxes_around(unit, place, turn)
        # A tap may be before a window; a fridge or a cooker there becomes a counter.
        before_it = unit.kind == "sink" or floor.clear_of_windows(box)[0]
        if not (before_it and floor.free(box, margin=0.0, windows=unit.size[2] > 1.4)[0]):
            unit = counter(_same(style), unit.size[0])
            place = _against(floor, run.wall, unit, along)
            if not floor.free(boxes_around(unit, place, turn), margin=0.0)[0]:
                continue
        shared = suite if unit.kind in ("counter", "sink") else -1
        row.append(floor.put(unit, place, turn, suite=shared))
    return row


def _against(floor: Floor, wall: int, unit: Piece, along: float) -> Floats:
    """Return the position of a unit ``along`` meters from the middle of a wall."""
    depth = float(floor.size[1 - wall % 2])
    local = (along, depth / 2 - unit.size[1] / 2 - BEHIND, 0.0)
    place: Floats = (floor.space.low + floor.space.high) / 2 + rotate_z(TURNS[wall], local)
    place[2] = floor.space.low[2]
    return place


def _second_row(
    floor: Floor,
    main: WallStretch,
    have: set[str],
    style: int,
    suite: int,
    rng: np.random.Generator,
) -> list[int]:
    """Add counters along another wall, with the units that the first row had no space for."""
    across = float(floor.size[1 - main.wall % 2])
    runs = [
        run
        for run in _free_runs(floor)
        if run.wall != main.wall
        and (run.wall % 2 != main.wall % 2 or across > 2 * PROBE.size[1] + ROOM_TO_PASS)
    ]
    if not runs:
        return []
    run = max(runs, key=lambda run: min(run.length, 2.4) + 0.4 * rng.random())
    missing = [kind for kind in ("refrigerator", "oven") if kind not in have]
    units: list[Piece] = [BUILDERS[kind](rng) for kind in missing]
    if "sink" not in have:
        units.append(kitchen_sink(_same(style), 0.6))
    left = min(run.length, float(rng.uniform(1.4, 2.6))) - sum(u.size[0] + 0.003 for u in units)
    if left < 0:
        units, left = units[:1], run.length - units[0].size[0]
    return _build_in(floor, run, [*units, *_counters(left - 0.02, style)], style, suite)


def _add_above(floor: Floor, number: int, style: int, suite: int, rng: np.random.Generator) -> None:
    """Add a cupboard over a counter or sink, or an extractor over the oven, if it fits."""
    below = floor.placed[number]
    if below.piece.kind in ("counter", "sink"):
        piece, height = wall_cabinet(_same(style), below.piece.size[0]), 1.42
    elif below.piece.kind == "oven":
        piece, height = BUILDERS["range_hood"](rng), 1.5
        if height + piece.size[2] > floor.size[2] - 0.1:
            return
    else:
        return
    back = below.piece.size[1] / 2 + BEHIND - 0.002 - piece.size[1] / 2
    place = below.position + rotate_z(below.turn, [0.0, back, height])
    if floor.free(
        boxes_around(piece, place, below.turn), margin=0.0, ignore=(number,), strict=False
    )[0]:
        floor.put(piece, place, below.turn, suite=suite if piece.kind == "wall_cabinet" else -1)
