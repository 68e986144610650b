"""Small objects on furniture: bottles on counters, books on desks, vases on sideboards."""

from __future__ import annotations

import numpy as np

from encoders.scenes.furniture.piece import Piece, Top
from encoders.scenes.homes.arrangements.placing import BUILDERS
from encoders.scenes.homes.floor import Floor
from encoders.scenes.homes.footprints import rotate_z
from encoders.scenes.homes.furnishing import WeightedNames
from encoders.scenes.homes.placed_piece import boxes_around

BARE = ("bed", "crib", "couch", "armchair", "chair", "toilet", "rug", "tv", "monitor", "stool")
"""Classes without small objects on them."""

LOADED = {
    "dining_table": 2.2,
    "coffee_table": 2.5,
    "desk": 2.2,
    "cabinet": 1.7,
    "counter": 3.2,
    "nightstand": 1.0,
    "bookshelf": 0.5,
    "tv_stand": 1.2,
    "sink": 1.2,
    "bench": 0.3,
    "dresser": 1.5,
    "wall_shelf": 0.8,
    "refrigerator": 0.4,
}
"""Expected number of objects on one top, by class; `USUAL` for other classes."""

USUAL = 0.7
TRIES = 4
"""Number of places tried for an object before it is left out."""


def scatter(
    floor: Floor,
    small: WeightedNames,
    rng: np.random.Generator,
    clutter: float,
) -> None:
    """Put small objects on every top of a furnished room.

    The number of objects on a top with expected number e is drawn from a Poisson distribution of
    mean ``clutter * e``; objects that do not fit are left out. Small objects carry no others.
    """
    names = [name for name, _ in small]
    weights = np.array([weight for name, weight in small])
    if not names:
        return
    hosts = [i for i, placed in enumerate(floor.placed) if placed.piece.kind not in BARE]
    for number in hosts:
        host = floor.placed[number]
        for top in host.piece.tops:
            area = (top.high[0] - top.low[0]) * (top.high[1] - top.low[1])
            mean = LOADED.get(host.piece.kind, USUAL) * float(np.clip(area / 0.5, 0.3, 1.6))
            for _ in range(int(rng.poisson(clutter * mean))):
                kind = names[int(rng.choice(len(names), p=weights / weights.sum()))]
                _put_down(floor, number, top, BUILDERS[kind](rng), rng)


def _put_down(floor: Floor, number: int, top: Top, piece: Piece, rng: np.random.Generator) -> None:
    """Put a piece at a random place on a top, if it fits."""
    host = floor.placed[number]
    turn = float(rng.normal(0, 0.25))
    if piece.size[0] < 0.22 and piece.kind != "book":
        turn = float(rng.uniform(-0.8, 0.8))
    c, s = abs(np.cos(turn)), abs(np.sin(turn))
    w, d, h = piece.size
    half = np.array([c * w + s * d, s * w + c * d]) / 2
    low, high = np.array(top.low) + half, np.array(top.high) - half
    if (low > high).any() or h > min(top.headroom - 0.01, 0.75):
        return
    # Toward the back: the front edge, where people sit or stand, stays free.
    share = np.column_stack([rng.random(TRIES), rng.beta(2.2, 1.4, TRIES)])
    local = np.column_stack([low + (high - low) * share, np.full(TRIES, top.height)])
    places = host.position + rotate_z(host.turn, local)
    boxes = boxes_around(piece, places, np.full(TRIES, host.turn + turn))
    good = floor.free(boxes, margin=0.012, ignore=(number,), strict=False, windows=False)
    good &= floor.clear_of_windows(boxes)
    if good.any():
        spot = int(np.argmax(good))
        floor.put(piece, places[spot], host.turn + turn, host=number)
