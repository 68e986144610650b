"""Maps of truth values as whole numbers: moved and combined for all pixels in one operation.

A map (H, W) inside a margin of R pixels is a row of (H + 2 R) (W + 2 R) bits, row by row; bit k
of the number is place k of that row. All bits in the margin are 0, so that a map may be moved by
up to R pixels either way without any bit coming round to another row.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from taskgraph.arrays import Booleans


def packed(places: Booleans) -> int:
    """The number that stands for a map with its margin, of any shape."""
    return int.from_bytes(np.packbits(places, bitorder="little").tobytes(), "little")


def unpacked(maps: Sequence[int], count: int) -> Booleans:
    """(M, count) truth values of M maps of ``count`` places."""
    size = -(-count // 8)
    content = b"".join([bits.to_bytes(size, "little") for bits in maps])
    rows = np.frombuffer(content, dtype=np.uint8).reshape(len(maps), size)
    return np.unpackbits(rows, axis=1, count=count, bitorder="little").view(bool)


def ahead(bits: int, step: int) -> int:
    """The map that holds at each place what ``bits`` holds ``step`` places further on."""
    return bits >> step if step >= 0 else bits << -step


def widened(bits: int, steps: Sequence[int]) -> int:
    """The map that is true where ``bits`` is, and at any of these steps to either side of it."""
    result = bits
    for step in steps:
        result |= bits << step | bits >> step
    return result
