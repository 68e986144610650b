"""Sets of sources, in the one order in which all results list them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from math import comb

import numpy as np

from encoders.errors import InvalidDataError
from taskgraph.arrays import Integers

ORDERS = range(1, 6)


def source_sets(count: int = 26, orders: Iterable[int] = ORDERS) -> dict[int, Integers]:
    """All sets of 1 to 5 of ``count`` sources: 83,681 of 26.

    Returns
    -------
    dict of (n, k) integer arrays, by order k
        n is the binomial coefficient (count, k); numbers rise within a row, and the rows are in
        lexicographic order. `position` finds a row.

    Raises
    ------
    InvalidDataError
        If an order is below 1 or above ``count``.
    """
    found = {}
    for order in orders:
        if not 1 <= order <= count:
            raise InvalidDataError(
                f"sets of {order} of {count} sources; an order is at least 1 and at most {count}"
            )
        rows = np.fromiter(combinations(range(count), order), dtype=(np.int64, order))
        found[order] = rows
    return found


def position(chosen: Sequence[int], count: int) -> int:
    """The row of a set, rising source numbers, among all sets of its order.

    Sets that come later are counted: a set (c_1, ..., c_k) of n has
    sum_i (n - 1 - c_i over k + 1 - i) after it.
    """
    order = len(chosen)
    later = sum(comb(count - 1 - c, order - place) for place, c in enumerate(chosen))
    return comb(count, order) - 1 - later


def first_position(prefix: Sequence[int], order: int, count: int) -> int:
    """The row of the first set of an order that begins with ``prefix``.

    The sets that do are consecutive. The prefix must leave enough sources to complete a set.
    """
    rest = range(prefix[-1] + 1, prefix[-1] + 1 + order - len(prefix)) if prefix else range(order)
    return position([*prefix, *rest], count)
