"""Single pieces: along walls, in halls, and in corners."""

from __future__ import annotations

import numpy as np

from encoders.scenes.homes.arrangements.lounge import television
from encoders.scenes.homes.arrangements.placing import (
    BUILDERS,
    FRONT,
    best_spot,
    draw_fitting,
    random_scores,
    stand_on,
)
from encoders.scenes.homes.floor import GAP, Floor


def wall(floor: Floor, kind: str, rng: np.random.Generator) -> None:
    """Add a piece with its back to a wall, beside another one of its class if possible.

    Shelves, wardrobes and washing machines side by side have the same style.
    """
    alike = [p for p in floor.placed if p.piece.kind == kind and p.host < 0]
    tall = float(floor.size[2]) - 0.12
    together = bool(alike) and rng.random() < 0.8
    piece = None
    if together:
        low, high = alike[-1].piece.size[2] - 0.12, min(alike[-1].piece.size[2] + 0.12, tall)
        piece = draw_fitting(BUILDERS[kind], rng, lambda p: low < p.size[2] < high, 5)
    if piece is None:
        piece = draw_fitting(BUILDERS[kind], rng, lambda p: p.size[2] < tall, 3)
    if piece is None:
        return
    spots = floor.walls(piece)
    score = random_scores(spots, rng, 1.0) + 0.8 * np.abs(spots.along - 0.5)
    if together:
        step = spots.position[:, None] - np.array([p.position for p in alike])[None]
        score = score - 1.2 * np.sqrt((step**2).sum(-1)).min(1)
    front = FRONT.get(kind, 0.15)
    spot = best_spot(floor, piece, spots, score, front=front)
    if spot is None:
        return
    suite = alike[-1].suite if together else floor.new_suite()
    number = floor.put(piece, spots.position[spot], spots.turn[spot], front=front, suite=suite)
    if kind == "tv_stand":
        stand_on(floor, number, television(piece, rng), (0.5, 0.6))


def strewn(floor: Floor, kind: str, rng: np.random.Generator) -> None:
    """Add a toy or a box anywhere on the free floor."""
    piece = BUILDERS[kind](rng)
    spots = floor.inside(piece, tuple(rng.uniform(-np.pi, np.pi, 2)), step=0.25)
    spot = best_spot(floor, piece, spots, rng.random(len(spots)))
    if spot is not None:
        floor.put(piece, spots.position[spot], spots.turn[spot])


def slim(floor: Floor, kind: str, rng: np.random.Generator) -> None:
    """Add a shallow piece along a wall, with space to walk past it."""
    deep = float(floor.size[:2].min()) - 0.85
    piece = draw_fitting(BUILDERS[kind], rng, lambda p: p.size[1] < min(deep, 0.5), 8)
    if piece is None:
        return
    spots = floor.walls(piece)
    spot = best_spot(floor, piece, spots, random_scores(spots, rng, 1.0), front=0.75)
    if spot is not None:
        floor.put(piece, spots.position[spot], spots.turn[spot], front=0.75)


def corner(floor: Floor, kind: str, rng: np.random.Generator) -> None:
    """Add a piece in a corner, or as near to one as possible."""
    piece = BUILDERS[kind](rng)
    spots = floor.walls(piece, gap=GAP + 0.03)
    score = 3 * np.abs(spots.along - 0.5) + random_scores(spots, rng, 0.8)
    spot = best_spot(floor, piece, spots, score)
    if spot is not None:
        floor.put(piece, spots.position[spot], spots.turn[spot])
