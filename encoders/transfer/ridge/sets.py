"""The sets of sources, and the row of each set in the results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from math import comb

import numpy as np

from encoders.errors import InvalidDataError
from taskgraph.arrays import Integers

ORDERS = range(1, 6)
"""Numbers of sources of a set."""


def source_sets(count: int = 26, orders: Iterable[int] = ORDERS) -> dict[int, Integers]:
    """List all sets of 1 to 5 of ``count`` sources: 83,681 sets of 26 sources.

    Returns
    -------
    dict of (n, k) integer arrays, by order k
        n is the number of sets, count over k. Numbers rise within a row, and rows are in
        lexicographic order. `position` returns the row of a set.

    Raises
    ------
    InvalidDataError
        If an order is below 1 or above ``count``.
    """
    sets = {}
    for order in orders:
        if not 1 <= order <= count:
            raise InvalidDataError(
                f"sets of {order} of {count} sources; an order is at least 1 and at most {count}"
            )
        sets[order] = np.fromiter(combinations(range(count), order), dtype=(np.int64, order))
    return sets


def position(chosen: Sequence[int], count: int) -> int:
    """Return the row of a set of rising source numbers among all sets of its order.

    It is found from the number of later rows, which is sum_i (n - 1 - c_i over k + 1 - i) for a
    set (c_1, ..., c_k) of n sources.
    """
    order = len(chosen)
    later = sum(comb(count - 1 - c, order - place) for place, c in enumerate(chosen))
    return comb(count, order) - 1 - later


def first_position(prefix: Sequence[int], order: int, count: int) -> int:
    """Return the row of the first set of an order that begins with ``prefix``.

    These sets are consecutive. Enough sources must follow the prefix to complete a set.
    """
    rest = range(prefix[-1] + 1, prefix[-1] + 1 + order - len(prefix)) if prefix else range(order)
    return position([*prefix, *rest], count)
