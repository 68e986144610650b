"""Boxes around an opening: what doors and windows are both made of."""

from __future__ import annotations

from collections.abc import Sequence

from encoders.scenes.homes.spaces import Extent, Opening, cut_box
from encoders.scenes.solids.shapes import Shape, boxes

Block = tuple[Extent, Extent, Extent]
"""A box by its extents through, along and up a wall, meters."""


def blocks_shape(axis: int, blocks: Sequence[Block]) -> Shape:
    """Boxes in a wall across ``axis`` as one shape."""
    return boxes(*zip(*(cut_box(axis, *block) for block in blocks), strict=True))


def extents(opening: Opening) -> Block:
    """How far an opening reaches through, along and up its wall, meters."""
    along = 1 - opening.axis
    through = (float(opening.low[opening.axis]), float(opening.high[opening.axis]))
    return (
        through,
        (float(opening.low[along]), float(opening.high[along])),
        (float(opening.low[2]), float(opening.high[2])),
    )


def around(through: Extent, along: Extent, up: Extent, width: float) -> list[Block]:
    """Two uprights and a head ``width`` wide, inside the given extents."""
    return [
        (through, (along[0], along[0] + width), up),
        (through, (along[1] - width, along[1]), up),
        (through, along, (up[1] - width, up[1])),
    ]
