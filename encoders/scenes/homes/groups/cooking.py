"""A kitchen's rows of units: fridge, sink, oven and counters, and cupboards above them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from encoders.scenes.furniture.kitchen import counter, kitchen_sink, wall_cabinet
from encoders.scenes.furniture.piece import Piece
from encoders.scenes.homes.floor import TURNS, Floor
from encoders.scenes.homes.footprints import turned
from encoders.scenes.homes.groups.placing import BUILDERS, FRONT, stand_on
from encoders.scenes.homes.placed import before, box_of
from taskgraph.arrays import Floats

BEHIND = 0.017
"""Meters between units and the wall: only a skirting board fits in."""

PROBE = Piece("counter", (), (0.05, 0.66, 0.9))
"""A slice of a unit, to feel along the walls for a place to build in."""

ROOM_TO_PASS = 1.05  # meters between two rows that face each other
LONGEST = 4.4


@dataclass(frozen=True)
class Run:
    """A free stretch of a wall: from ``start`` to ``end``, meters from the middle of the wall."""

    wall: int
    start: float
    end: float

    @property
    def length(self) -> float:
        """Meters."""
        return self.end - self.start


def cook(floor: Floor, kind: str, rng: np.random.Generator) -> None:
    """A row with fridge, sink and oven on the longest free wall, often another around a corner."""
    style, suite = int(rng.integers(2**32)), floor.new_suite()
    runs = _free_runs(floor)
    if not runs:
        return
    main = max(runs, key=lambda run: min(run.length, LONGEST) + 0.8 * rng.random())
    if main.length > LONGEST:  # keep to one end
        main = (
            Run(main.wall, main.start, main.start + LONGEST)
            if rng.random() < 0.5
            else Run(main.wall, main.end - LONGEST, main.end)
        )
    row = _build_in(floor, main, _units(main.length, style, rng), style, suite)
    kinds = {floor.placed[i].piece.kind for i in row}
    if rng.random() < 0.6 or not {"oven", "refrigerator", "sink"} <= kinds:
        row += _second_row(floor, main, kinds, style, suite, rng)
    for number in row:
        _over(floor, number, style, suite, rng)
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
        floor.access.append(before(placed.piece, placed.position, placed.turn, FRONT["oven"]))


def _free_runs(floor: Floor) -> list[Run]:
    spots = floor.walls(PROBE, gap=BEHIND)
    good = floor.free(box_of(PROBE, spots.position, spots.turn))
    runs = []
    for wall in range(4):
        length = float(floor.size[wall % 2])
        here = spots.wall == wall
        u, free = (spots.along[here] - 0.5) * length, good[here]
        edges = np.flatnonzero(np.diff(np.concatenate([[False], free, [False]]).astype(int)))
        for first, last in zip(edges[::2], edges[1::2] - 1, strict=True):
            run = Run(wall, float(u[first]) - 0.025, float(u[last]) + 0.025)
            if run.length > 1.2:
                runs.append(run)
    return runs


def _units(length: float, style: int, rng: np.random.Generator) -> list[Piece]:
    """Units that fill a length, in order along the wall."""
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
    # A gap too narrow for a cupboard goes to the widest one.
    gaps[np.argmax(gaps)] += gaps[gaps < 0.3].sum() - (gaps.max() if gaps.max() < 0.3 else 0.0)
    gaps[gaps < 0.3] = 0.0
    row = list(ends)
    for unit, gap in zip((sink, stove, None), gaps, strict=True):
        row += _counters(float(gap), style)
        row += [unit] if unit else []
    return row if rng.random() < 0.5 else row[::-1]


def _same(style: int) -> np.random.Generator:
    """A source that makes every unit of a kitchen choose the same woods."""
    return np.random.default_rng(style)


def _counters(length: float, style: int) -> Iterator[Piece]:
    """Counters of one width that fill a length."""
    count = max(1, round(length / 0.75))
    if length >= 0.3:
        for _ in range(count):
            yield counter(_same(style), length / count - 0.003)


def _build_in(floor: Floor, run: Run, units: list[Piece], style: int, suite: int) -> list[int]:
    """Place units side by side from the start of a run; what would be in the way is left out."""
    row: list[int] = []
    turn = TURNS[run.wall]
    at = run.start + 0.005
    for unit in units:
        along = at + unit.size[0] / 2
        at += unit.size[0] + 0.003
        place = _against(floor, run.wall, unit, along)
        box = box_of(unit, place, turn)
        # Taps may stand before a window; a fridge or a cooker gives way to a counter there.
        before_it = unit.kind == "sink" or floor.clear_of_windows(box)[0]
        if not (before_it and floor.free(box, margin=0.0, windows=unit.size[2] > 1.4)[0]):
            unit = counter(_same(style), unit.size[0])
            place = _against(floor, run.wall, unit, along)
            if not floor.free(box_of(unit, place, turn), margin=0.0)[0]:
                continue
        shared = suite if unit.kind in ("counter", "sink") else -1
        row.append(floor.put(unit, place, turn, suite=shared))
    return row


def _against(floor: Floor, wall: int, unit: Piece, along: float) -> Floats:
    """Where a unit stands whose middle is ``along`` meters from the middle of a wall."""
    depth = float(floor.size[1 - wall % 2])
    local = (along, depth / 2 - unit.size[1] / 2 - BEHIND, 0.0)
    place: Floats = (floor.space.low + floor.space.high) / 2 + turned(TURNS[wall], local)
    place[2] = floor.space.low[2]
    return place


def _second_row(
    floor: Floor, main: Run, have: set[str], style: int, suite: int, rng: np.random.Generator
) -> list[int]:
    """Some counters along another wall, with what the first row had no place for."""
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


def _over(floor: Floor, number: int, style: int, suite: int, rng: np.random.Generator) -> None:
    """A cupboard over a counter or a sink, an extractor over the oven, where there is wall."""
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
    place = below.position + turned(below.turn, [0.0, back, height])
    if floor.free(box_of(piece, place, below.turn), margin=0.0, ignore=(number,), strict=False)[0]:
        floor.put(piece, place, below.turn, suite=suite if piece.kind == "wall_cabinet" else -1)
