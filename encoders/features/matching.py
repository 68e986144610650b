"""Match the rows of the labels to the rows of the features."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np

from encoders.errors import InvalidDataError
from encoders.features.label_table import EXAMPLE, TargetTable
from encoders.features.readers import FeatureReader
from taskgraph.arrays import Integers

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class MatchedExamples:
    """The row of each labeled example in the features of every source.

    Attributes
    ----------
    names : tuple of str
        Names of the examples, in the order of the labels; without names, their row numbers.
    places : (rows of the features,) ints
        The row of the labels that each row of the features belongs to; -1 for rows without labels.
    """

    names: tuple[str, ...]
    places: Integers


def match_examples(table: TargetTable, reader: FeatureReader) -> MatchedExamples:
    """Match examples by their names, if labels and features have names, or else by their order.

    Features without labels are left out, and their number is logged.

    Raises
    ------
    InvalidDataError
        If a labeled example has no features, or rows are matched by order and differ in number.
    """
    if table.examples is not None and reader.examples is not None:
        return _by_name(table.examples, reader)
    if len(table) != reader.count:
        raise InvalidDataError(
            f"{reader.shown} has {reader.count} rows, and the labels have {len(table)}; give one "
            f'row of labels for each, or name the examples: "{EXAMPLE}" in both files'
        )
    names = table.examples or reader.examples or [str(row + 1) for row in range(len(table))]
    return MatchedExamples(tuple(names), np.arange(len(table)))


def _by_name(names: tuple[str, ...], reader: FeatureReader) -> MatchedExamples:
    """Match examples by name."""
    row_of = {name: row for row, name in enumerate(reader.examples or ())}
    missing = [(row, name) for row, name in enumerate(names, 1) if name not in row_of]
    if missing:
        row, name = missing[0]
        also = f" ({len(missing)} such examples)" if len(missing) > 1 else ""
        raise InvalidDataError(
            f'{reader.shown} has no features of example "{name}", row {row} of the labels{also}; '
            "add them, or leave the row out of the labels"
        )
    places = np.full(reader.count, -1, dtype=np.int64)
    places[[row_of[name] for name in names]] = np.arange(len(names))
    if left := int((places < 0).sum()):
        logger.info("%d examples of %s have no labels and are left out", left, reader.shown)
    return MatchedExamples(names, places)
