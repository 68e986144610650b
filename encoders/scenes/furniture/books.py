"""Books: in a pile, in a row, or open."""

from __future__ import annotations

import numpy as np

from encoders.scenes.furniture.piece import Part, Piece, chance, make_piece, pick
from encoders.scenes.solids.shapes import Shape, axis_rotation, box, boxes, join, tapered_box


def book(rng: np.random.Generator) -> Piece:
    """Build a pile of one to five books, a few standing, or one lying open."""
    return pick(rng, _pile, _pile, _standing, _open_book)(rng)


def _volume(wide: float, tall: float, thick: float) -> tuple[Shape, Shape]:
    """Build the covers and pages of a book that lies with its spine at -x."""
    x, y, board = wide / 2, tall / 2, 0.0025
    covers = boxes(
        [(-x, -y, 0), (-x, -y, thick - board), (-x, -y, board)],
        [(x, y, board), (x, y, thick), (board - x, y, thick - board)],
    )
    pages = box((0.002 - x, 0.005 - y, board), (x - 0.005, y - 0.005, thick - board))
    return covers, pages


def _pile(rng: np.random.Generator) -> Piece:
    """Build books on top of each other, none exactly above the other."""
    parts, z, paper = [], 0.0, []
    wide, tall = rng.uniform(0.15, 0.22), rng.uniform(0.21, 0.29)
    for number in range(int(rng.integers(1, 6))):
        thick = rng.uniform(0.015, 0.045)
        turn = axis_rotation(2, rng.normal(0.0, 0.12))
        covers, pages = _volume(wide, tall, thick)
        parts.append(Part(covers.rotated(turn).moved((0, 0, z)), "book", number))
        paper.append(pages.rotated(turn).moved((0, 0, z)))
        z += thick
        wide, tall = wide * rng.uniform(0.85, 1.0), tall * rng.uniform(0.85, 1.0)
    return make_piece("book", [*parts, Part(join(paper), "paper")])


def _standing(rng: np.random.Generator) -> Piece:
    """Build a short row of books with their spines at -y."""
    parts, x, paper = [], 0.0, []
    upright = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])  # (x, y, z): (y, z, x)
    for number in range(int(rng.integers(3, 8))):
        wide, tall, thick = (
            rng.uniform(0.13, 0.18),
            rng.uniform(0.18, 0.26),
            rng.uniform(0.015, 0.045),
        )
        covers, pages = _volume(wide, tall, thick)
        place = (x, wide / 2, tall / 2)
        parts.append(Part(covers.rotated(upright).moved(place), "book", number))
        paper.append(pages.rotated(upright).moved(place))
        x += thick + 0.0005
    return make_piece("book", [*parts, Part(join(paper), "paper")])


def _open_book(rng: np.random.Generator) -> Piece:
    """Build a book lying open, lines of text on both pages, perhaps with a ribbon."""
    wide, tall, thick = rng.uniform(0.13, 0.18), rng.uniform(0.2, 0.27), rng.uniform(0.012, 0.025)
    y, at = tall / 2, np.linspace(-0.4, 0.38, 10) * tall
    leaves, text = [], []
    for turn in (0.0, np.pi):
        top = 0.003 + thick * rng.uniform(0.6, 1.0)
        page = tapered_box(
            [(0, 0.004 - y), (wide, y - 0.004)],
            [(0, 0.004 - y), (wide - 0.008, y - 0.004)],
            0.003,
            top,
        )
        low = np.stack([np.full(10, 0.15 * wide), at, np.full(10, 0.003)], axis=1)
        far = np.stack([wide * rng.uniform(0.7, 0.85, 10), at + 0.006, np.full(10, top + 5e-4)], 1)
        leaves.append(page.rotated(axis_rotation(2, turn)))
        text.append(boxes(low, far).rotated(axis_rotation(2, turn)))
    cover = box((-wide - 0.004, -y, 0), (wide + 0.004, y, 0.0031))
    parts = [Part(cover, "book"), Part(join(leaves), "paper"), Part(join(text), "plastic_dark")]
    if chance(rng, 0.5):
        ribbon = box((-0.004, -y - 0.03, 0.0005), (0.004, y, 0.004 + thick))
        parts.append(Part(ribbon, "cushion"))
    return make_piece("book", parts)
