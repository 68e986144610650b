"""A long table of losses, one row an image, laid out as one matrix for each target."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from taskgraph.arrays import Floats, Integers
from taskgraph.errors import InvalidTableError
from taskgraph.frames.columns import distinguishing_filter, has_lists, is_empty, read_numbers
from taskgraph.frames.direction import COLUMN
from taskgraph.frames.names import NameColumn, read_labels
from taskgraph.frames.rows import row_name, row_names

REQUIRED = ("target", "sources", "image", "loss")
SEED, PRUNED = "seed", "pruned"
"""Optional columns: the seed of a training run, and whether the run was stopped before its end."""

LossMatrix = tuple[tuple[str, ...], tuple[str, ...], Floats, dict[str, dict[str, Floats]]]
"""Candidates, images, (E, B) losses, and the (B,) losses of each seed by candidate."""


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
) -> dict[str, LossMatrix]:
    """Lay the losses of a long table out as one matrix for each target.

    Parameters
    ----------
    losses : (rows,) floats
        Already negated where larger values are better.
    targets, sources, images : Names
        The columns of names, one entry a row.
    frame : DataFrame
        The whole table, for its column of seeds and for the message about two rows that are the
        same.

    Returns
    -------
    dict
        For each target its candidates (E names), its images (B names), the (E, B) losses with the
        first seed of each candidate, NaN where it was not tested on an image, and the losses with
        each seed (empty where no candidate has several).

    Raises
    ------
    InvalidTableError
        If two rows are the same transfer on the same image with the same seed.
    """
    by_target = {}
    for number, target in enumerate(targets.known):
        rows = np.flatnonzero(targets.codes == number)
        candidates, e = np.unique(sources.codes[rows], return_inverse=True)
        tested, b = np.unique(images.codes[rows], return_inverse=True)
        repeated = _repeated_rows(e * tested.size + b)
        names = tuple(sources.known[k] for k in candidates)
        seeds: list[str] = [""]
        s = np.zeros(rows.size, dtype=np.int64)
        if repeated is not None and SEED in frame.columns:
            seeds, s = _seeds(frame[SEED], rows)
            repeated = _repeated_rows((e * len(seeds) + s) * tested.size + b)
        if repeated is not None:
            first, second = (int(row) for row in rows[list(repeated)])
            source, image = (one.known[one.codes[first]] for one in (sources, images))
            raise _same_image_error(frame, first, second, (target, source, image))
        runs, r = np.unique(e * len(seeds) + s, return_inverse=True)
        matrix = np.full((runs.size, tested.size), np.nan)
        matrix[r, b] = losses[rows]
        owner, first_run = np.unique(runs // len(seeds), return_index=True)
        by_seed: dict[str, dict[str, Floats]] = {}
        if runs.size > owner.size:
            for row, run in zip(matrix, runs.tolist(), strict=True):
                by_seed.setdefault(names[run // len(seeds)], {})[seeds[run % len(seeds)]] = row
        tests = tuple(images.known[k] for k in tested)
        by_target[target] = (names, tests, matrix[first_run], by_seed)
    return by_target


def _seeds(column: pd.Series, rows: Integers) -> tuple[list[str], Integers]:
    """Return the seeds of some rows, numbers in the order of their values, and each row's place."""
    empty = is_empty(column.iloc[rows]).to_numpy()
    if empty.any():
        raise InvalidTableError(
            f"{row_name(int(rows[np.argmax(empty)]) + 1)}: seed is empty, but its target has rows "
            "of several seeds; name the seed of each row"
        )
    if pd.api.types.is_object_dtype(column) and has_lists(column.iloc[rows]).any():
        read_labels(column)  # it raises, and names the row in the whole table
    labels = read_labels(column.iloc[rows])
    codes, found = labels.codes, labels.known
    order = sorted(set(codes.tolist()), key=lambda code: _seed_order(found[code]))
    place = np.zeros(len(found), dtype=np.int64)
    place[order] = np.arange(len(order))
    return [found[code] for code in order], np.asarray(place[codes])


def _seed_order(seed: str) -> tuple[float, str]:
    """Return the key by which seeds are sorted: numbers by value, then other names."""
    try:
        return float(seed), seed
    except ValueError:
        return math.inf, seed


def pruned_transfers(
    frame: pd.DataFrame, targets: NameColumn, sources: NameColumn
) -> frozenset[tuple[str, str]]:
    """Return (target, sources) of the rows whose column ``pruned`` is true; none without it.

    Raises
    ------
    InvalidTableError
        If a value of the column is neither true nor false; rows are counted from 1.
    """
    if PRUNED not in frame.columns:
        return frozenset()
    words = frame[PRUNED].astype(str).str.strip().str.lower()
    wrong = ~words.isin(["true", "false"]).to_numpy()
    if wrong.any():
        row = int(np.argmax(wrong))
        raise InvalidTableError(
            f'{row_name(row + 1)}: pruned is "{frame[PRUNED].iloc[row]}", expected true or false'
        )
    rows = np.flatnonzero(words == "true")
    return frozenset(
        (targets.known[t], sources.known[s])
        for t, s in zip(targets.codes[rows], sources.codes[rows], strict=True)
    )


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
    seed, advice = "", "keep one"
    if SEED in frame.columns:
        seed = f', seed "{frame[SEED].iloc[first]}"'
    else:
        advice = (
            "tell them apart in the name of the image, as with --column image=image+seed, or keep "
            "one"
        )
    return InvalidTableError(
        f'{row_names(first + 1, second + 1)} are the same (target "{target}", sources '
        f'"{sources}", image "{image}"{seed}); the order of sources carries no '
        f"meaning: {advice}" + distinguishing_filter(frame, first, second, [*REQUIRED, COLUMN])
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
