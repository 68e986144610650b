"""Boolean maps as whole numbers, which are shifted and combined in one operation.

A map (H, W) with a margin of R pixels is stored as (H + 2 R) (W + 2 R) bits, row by row; bit k of
the number is place k. All bits in the margin are 0, so that a map can be shifted by up to R pixels
in each direction without moving bits into another row.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from taskgraph.arrays import Booleans


def pack(places: Booleans) -> int:
    """Return the number that represents a boolean map with its margin."""
    return int.from_bytes(np.packbits(places, bitorder="little").tobytes(), "little")


def unpack(maps: Sequence[int], count: int) -> Booleans:
    """Return the (M, count) booleans of M maps with ``count`` places."""
    size = -(-count // 8)
    content = b"".join([bits.to_bytes(size, "little") for bits in maps])
    rows = np.frombuffer(content, dtype=np.uint8).reshape(len(maps), size)
    return np.unpackbits(rows, axis=1, count=count, bitorder="little").view(bool)


def shift(bits: int, step: int) -> int:
    """Shift a map: each place gets the value ``step`` places further on."""
    return bits >> step if step >= 0 else bits << -step


def dilate(bits: int, steps: Sequence[int]) -> int:
    """Return a map that is true at the places of ``bits`` and ``steps`` places to either side."""
    result = bits
    for step in steps:
        result |= bits << step | bits >> step
    return result
