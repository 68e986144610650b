"""Shelves with books: bookshelves, and boards on a wall."""

from __future__ import annotations

import itertools

import numpy as np

from encoders.scenes.furniture.fittings import (
    book_parts,
    books_on_shelf,
)
from encoders.scenes.furniture.piece import Part, Piece, Top, chance, make_piece, pick
from encoders.scenes.solids.shapes import Shape, boxes
from encoders.scenes.solids.turned import rods
from taskgraph.arrays import Floats

CASE_WOODS = ("wood", "wood_dark", "wood_painted", "wood")


def open_case(x: float, y: tuple[float, float], z: tuple[float, float], board: float) -> Shape:
    """Build an open-fronted case: sides, top, bottom and back, as boards."""
    return boxes(
        [
            (-x, y[0], z[0]),
            (x - board, y[0], z[0]),
            (board - x, y[0], z[0]),
            (board - x, y[0], z[1] - board),
            (board - x, y[1] - 0.008, z[0] + board),
        ],
        [
            (board - x, y[1], z[1]),
            (x, y[1], z[1]),
            (x - board, y[1], z[0] + board),
            (x - board, y[1], z[1]),
            (x - board, y[1], z[1] - board),
        ],
    )


def bookshelf(rng: np.random.Generator) -> Piece:
    """Build shelves of books of many sizes and covers; some shelves are half empty."""
    columns = pick(rng, 1, 1, 1, 2)
    x = rng.uniform(0.35, 0.5) if columns == 1 else rng.uniform(0.65, 0.95)
    deep, high = rng.uniform(0.26, 0.34), pick(rng, rng.uniform(0.8, 1.2), rng.uniform(1.7, 2.15))
    count = max(2, round(high / rng.uniform(0.32, 0.4)))
    board, y, plinth = 0.022, (-deep / 2, deep / 2), rng.uniform(0.0, 0.08)
    levels = np.linspace(plinth, high - board, count + 1)
    wood = pick(rng, *CASE_WOODS)
    edges = np.linspace(board / 2 - x, x - board / 2, columns + 1)
    shelves = [
        ((board - x, y[0] + 0.004, z), (x - board, y[1] - 0.008, z + board)) for z in levels[1:-1]
    ]
    walls = [
        (
            (at - board / 2, y[0] + 0.004, plinth + board),
            (at + board / 2, y[1] - 0.008, high - board),
        )
        for at in edges[1:-1]
    ]
    if plinth > 0.02:
        walls.append(((0.01 - x, y[0] + 0.02, 0.0), (x - 0.01, y[1], plinth)))
    else:
        levels[0], plinth = 0.0, 0.0
    parts = [
        Part(open_case(x, y, (plinth, high), board), wood),
        Part(boxes([low for low, _ in shelves + walls], [top for _, top in shelves + walls]), wood),
    ]
    rows, free = _books_in_places(rng, edges, levels, y, board)
    low, top = (np.concatenate(corners) for corners in zip(*rows, strict=True))
    tops = [Top((0.01 - x, y[0] + 0.01), (x - 0.01, y[1] - 0.01), high), *free]
    return make_piece("bookshelf", parts + book_parts(rng, low, top, 7), tops)


def _books_in_places(
    rng: np.random.Generator, edges: Floats, levels: Floats, y: tuple[float, float], board: float
) -> tuple[list[tuple[Floats, Floats]], list[Top]]:
    """Put books into the places between boards; return their corners, and the free surfaces.

    At least one place has books; if all others have none, no surface is free.
    """
    full, rows, tops = rng.uniform(0.4, 0.9), [], []
    depth = (y[0] + 0.004, y[1] - 0.01)
    for low, above in itertools.pairwise(levels):
        for a, b in itertools.pairwise(edges):
            loads, free = books_on_shelf(
                rng, (a + board / 2, b - board / 2), depth, (low + board, above), full
            )
            rows += loads
            tops += free
    if rows:
        return rows, tops
    first = (edges[0] + board / 2, edges[1] - board / 2), depth, (levels[0] + board, levels[1])
    return [books_on_shelf(rng, *first, 1.0)[0][0]], []


def wall_shelf(rng: np.random.Generator) -> Piece:
    """Build one or two boards on brackets, with books on part of them; hangs on a wall."""
    x, deep, wood = rng.uniform(0.3, 0.55), rng.uniform(0.18, 0.24), pick(rng, *CASE_WOODS)
    levels = [0.13] if chance(rng, 0.5) else [0.13, 0.47]
    boards = boxes([(-x, -deep, z) for z in levels], [(x, 0, z + 0.022) for z in levels])
    at = [(side * 0.75 * x, 0.0, z) for z in levels for side in (-1, 1)]
    brackets = rods(
        [(a, -0.008, z - 0.12) for a, _, z in at],
        [(a, 0.03 - deep, z + 0.002) for a, _, z in at],
        0.007,
        sides=6,
    )
    plates = boxes(
        [(a - 0.012, -0.006, z - 0.13) for a, _, z in at],
        [(a + 0.012, 0, z + 0.001) for a, _, z in at],
    )
    parts = [Part(boards, wood), Part(brackets, "metal"), Part(plates, "metal")]
    rows, tops = [], []
    for number, z in enumerate(levels):
        room = 0.3 if number + 1 == len(levels) else levels[number + 1] - z - 0.16
        loads, free = books_on_shelf(
            rng, (-0.95 * x, 0.95 * x), (0.01 - deep, -0.005), (z + 0.022, z + 0.022 + room), 0.2
        )
        rows += loads
        tops += free
    if rows:
        low, top = (np.concatenate(corners) for corners in zip(*rows, strict=True))
        parts += book_parts(rng, low, top, 5)
    return make_piece("wall_shelf", parts, tops)
