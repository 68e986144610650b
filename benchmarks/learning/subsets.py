"""Subsets of a labeled data set that are nested and have the classes' shares."""

from __future__ import annotations

import numpy as np

from encoders.errors import InvalidDataError
from taskgraph.arrays import Integers


def nested_order(labels: Integers, seed: int) -> Integers:
    """Return all items in an order whose first n items are the subset of n items, for every n.

    Item i (from 0) of the shuffled m items of a class is placed at (i + 1/2) / m, so that the first
    n items of the order have about n/N of each class. The first item of each class comes
    first of all, so that a subset with at least as many items as classes has every class.

    Parameters
    ----------
    labels : (N,) array
    seed : int
        Seed of the shuffling, and of the order of classes at equal places.
    """
    labels = np.asarray(labels)
    generator = np.random.default_rng(seed)
    place = np.empty(len(labels))
    first = np.ones(len(labels), dtype=bool)
    for one in np.unique(labels):
        items = generator.permutation(np.flatnonzero(labels == one))
        place[items] = (np.arange(len(items)) + 0.5) / len(items)
        first[items] = np.arange(len(items)) > 0
    order: Integers = np.lexsort((generator.permutation(len(labels)), place, first))
    return order


def nested_subset(labels: Integers, n: int, seed: int) -> Integers:
    """Return n items that have the classes' shares; that of fewer items is inside that of more.

    Parameters
    ----------
    labels : (N,) array
    n : int
        Number of items, at most N.
    seed : int
        Subsets of one seed are nested.

    Returns
    -------
    (n,) array
        Rows of ``labels``, sorted. With classes of equal size, each class has n/C items within
        one.

    Raises
    ------
    InvalidDataError
        If ``n`` is not between 1 and N.
    """
    if not 1 <= n <= len(labels):
        raise InvalidDataError(f"a subset of {n} items of {len(labels)}, expected 1 to all of them")
    return np.sort(nested_order(labels, seed)[:n])
