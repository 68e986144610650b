"""A long table of losses, one row an image, laid out as one matrix for each target."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taskgraph.arrays import Floats, Integers
from taskgraph.errors import InvalidTableError
from taskgraph.frames.columns import distinguishing_filter, is_empty, read_numbers
from taskgraph.frames.direction import COLUMN
from taskgraph.frames.names import NameColumn, read_labels
from taskgraph.frames.rows import row_name, row_names

REQUIRED = ("target", "sources", "image", "loss")


def read_finite(column: pd.Series) -> Floats:
    """Read the losses of a column; raise `InvalidTableError` if one is empty or not finite."""
    values: Floats
    if pd.api.types.is_float_dtype(column) or pd.api.types.is_integer_dtype(column):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        values = read_numbers(column).to_numpy()
    bad = ~np.isfinite(values)
    if bad.any():
        row = int(np.argmax(bad))
        shown = "empty" if is_empty(column.iloc[row : row + 1]).all() else f'"{column.iloc[row]}"'
        raise InvalidTableError(
            f"{row_name(row + 1)}: loss is {shown}, expected a finite number; mend it or leave the "
            "row out"
        )
    return values


def loss_matrices(
    losses: Floats,
    targets: NameColumn,
    sources: NameColumn,
    images: NameColumn,
    frame: pd.DataFrame,
) -> dict[str, tuple[tuple[str, ...], tuple[str, ...], Floats]]:
    """Lay the losses of a long table out as one matrix for each target.

    Parameters
    ----------
    losses : (rows,) floats
        Already negated where larger values are better.
    targets, sources, images : Names
        The columns of names, one entry a row.
    frame : DataFrame
        The whole table, for the message about two rows that are the same.

    Returns
    -------
    dict
        For each target its candidates (E names), its images (B names) and the (E, B) losses, NaN
        where a candidate was not tested on an image.

    Raises
    ------
    InvalidTableError
        If two rows are the same transfer on the same image.
    """
    by_target = {}
    for number, target in enumerate(targets.known):
        rows = np.flatnonzero(targets.codes == number)
        candidates, e = np.unique(sources.codes[rows], return_inverse=True)
        tested, b = np.unique(images.codes[rows], return_inverse=True)
        repeated = _repeated_rows(e * tested.size + b)
        if repeated is not None:
            first, second = (int(row) for row in rows[list(repeated)])
            source, image = (names.known[names.codes[first]] for names in (sources, images))
            raise _same_image_error(frame, first, second, (target, source, image))
        matrix = np.full((candidates.size, tested.size), np.nan)
        matrix[e, b] = losses[rows]
        by_target[target] = (
            tuple(sources.known[k] for k in candidates),
            tuple(images.known[k] for k in tested),
            matrix,
        )
    return by_target


def _repeated_rows(cells: Integers) -> tuple[int, int] | None:
    """Return the first two places that hold the same value; None if all values differ."""
    repeated = pd.Series(cells).duplicated(keep=False).to_numpy()
    if not repeated.any():
        return None
    first = int(np.argmax(repeated))
    return first, int(np.flatnonzero(cells == cells[first])[1])


def _same_image_error(
    frame: pd.DataFrame, first: int, second: int, names: tuple[str, str, str]
) -> InvalidTableError:
    target, sources, image = names
    return InvalidTableError(
        f'{row_names(first + 1, second + 1)} are the same (target "{target}", sources '
        f'"{sources}", image "{image}"); the order of sources carries no meaning: tell them apart '
        "in the name of the image, as with --column image=image+seed, or keep one"
        + distinguishing_filter(frame, first, second, [*REQUIRED, COLUMN])
    )


def image_clusters(frame: pd.DataFrame, images: NameColumn) -> dict[str, str]:
    """Return the cluster of each image; empty if the table has no column ``cluster``.

    Raises
    ------
    InvalidTableError
        If an image is in two clusters.
    """
    if "cluster" not in frame.columns:
        return {}
    clusters = read_labels(frame["cluster"])
    of_image = np.zeros(len(images.known), dtype=np.int64)
    of_image[images.codes] = clusters.codes
    differs = of_image[images.codes] != clusters.codes
    if differs.any():
        row = int(np.argmax(differs))
        one, other = clusters.codes[row], of_image[images.codes[row]]
        raise InvalidTableError(
            f'image "{images.known[images.codes[row]]}" is in the cluster "{clusters.known[one]}" '
            f'({row_name(row + 1)}) and in "{clusters.known[other]}"; an image has one cluster'
        )
    return {name: clusters.known[k] for name, k in zip(images.known, of_image, strict=True)}
