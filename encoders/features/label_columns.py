"""Read a target's labels from a column of a table: their kind, which is inferred, and numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from encoders.codecs.no_label import is_no_label
from encoders.errors import InvalidDataError
from taskgraph.arrays import Booleans, Floats
from taskgraph.frames.rows import row_name
from taskgraph.tasks import some_names

LabelKind = Literal["regression", "classes", "multilabel"]
KINDS: tuple[str, ...] = get_args(LabelKind)

SEPARATOR = "|"
"""Separates the tags of one example; an example that has this character alone has no tag."""

MOST_INTEGER_CLASSES = 20
"""Whole numbers with more distinct values than this are for regression, unless the user says so."""

MOST_TEXTS = 0.5
"""Share of the examples with a text of their own above which texts are no classes."""

TINY, HUGE = 1e-100, 1e100
"""Bounds of the variance of numbers: beyond them, products with features leave double precision."""


@dataclass(frozen=True, eq=False)
class TargetColumn:
    """The labels of one target.

    Attributes
    ----------
    name : str
    kind : "regression", "classes" or "multilabel"
    classes : tuple of str
        Names of the K classes or tags, sorted; empty for regression.
    values : (n, q) array
        For regression the label, q = 1. For classes and tags q = K, and an entry is 1 if the
        example has the class or tag, else 0. Rows of examples without a label are NaN.
    """

    name: str
    kind: LabelKind
    classes: tuple[str, ...]
    values: Floats

    @property
    def labeled(self) -> Booleans:
        """Return whether each example has a label, (n,)."""
        return np.asarray(~np.isnan(self.values[:, 0]))

    @property
    def summary(self) -> str:
        """Return the kind in words, such as ``3 classes (a, b, c), 7 examples without a label``."""
        words = "regression"
        if self.kind != "regression":
            noun = "classes" if self.kind == "classes" else "tags"
            words = f"{len(self.classes)} {noun} ({some_names(self.classes, 5)})"
        missing = int((~self.labeled).sum())
        return f"{words}, {missing} examples without a label" if missing else words


def label_column(name: str, column: pd.Series, kind: str | None = None) -> TargetColumn:
    """Read a column of labels; without ``kind``, infer the kind.

    Numbers are for regression, unless they are at most 20 different whole numbers, which are
    classes. Texts are classes, or tags if some field holds a ``|`` (or is a list). An empty field,
    ``NA``, ``nan``, ``null`` and ``-`` are no label.

    Raises
    ------
    InvalidDataError
        If the kind is unknown, a number is infinite or not a number, the texts differ in nearly
        every example, or all examples have one label; rows are counted from 1.
    """
    if kind is not None and kind not in KINDS:
        raise InvalidDataError(f'{name}: the kind is "{kind}", expected {", ".join(KINDS)}')
    numbers = _all_numbers(column) if kind in (None, "regression") else None
    if numbers is not None and (kind or not _are_few(numbers)):
        return _regression(name, numbers)
    fields = _fields(name, column)
    present = [field for field in fields if field is not None]
    if not present:
        raise InvalidDataError(f"{name} has no label in any row; leave it out with --targets")
    chosen = kind or _inferred_kind(name, fields)
    if chosen == "regression":
        return _numbers(name, fields)
    found = _tags(name, fields) if chosen == "multilabel" else _classes(name, fields)
    if chosen == "classes" and kind is None:
        _check_repeated(found, fields)
    return found


def _fields(name: str, column: pd.Series) -> list[str | list[str] | None]:
    """Return each field as text or as a list of tags, None for no label; raise for other types."""
    fields: list[str | list[str] | None] = []
    for row, value in enumerate(column.to_numpy(dtype=object), 1):
        several = isinstance(value, (list, tuple, np.ndarray))
        wrong = next((v for v in (value if several else [value]) if not _is_scalar(v)), None)
        if wrong is not None:
            raise InvalidDataError(
                f"{row_name(row)}: {name} holds a {type(wrong).__name__}"
                f"{' in a list' if several else ''}, expected a number, a text or a list of tags; "
                "write it as one of these, or leave the column out with --targets"
            )
        fields.append([str(tag) for tag in value] if several else _field(value))
    return fields


def _is_scalar(value: object) -> bool:
    """Return whether a value is a text, a number, or missing."""
    if isinstance(value, (str, bool, int, float, np.number, np.bool_, Decimal)):
        return True
    return value is None or value is pd.NA or value is pd.NaT


def _field(value: Any) -> str | None:
    """Return a text or number as text; None if it is no label."""
    if value is None or pd.isna(value):
        return None
    if isinstance(value, (bool, np.bool_)):
        return str(int(value))
    if isinstance(value, (float, np.floating)):
        return _as_written(float(value))
    text = str(value).strip()
    return None if is_no_label(text) else text


def _as_written(value: float) -> str:
    """Return a number as text; 1.0 becomes 1, as a column with gaps turns 1 into 1.0."""
    return str(int(value)) if np.isfinite(value) and value == int(value) else repr(value)


def _number(text: str | list[str]) -> float | None:
    try:
        return float(text)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


def _all_numbers(column: pd.Series) -> Floats | None:
    """Return a column as numbers, NaN where a field is empty; None if a field is anything else."""
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
    elif isinstance(column.dtype, pd.CategoricalDtype):
        texts = pd.Series(column.cat.categories)
        known = pd.to_numeric(texts, errors="coerce").to_numpy(dtype=np.float64)
        if np.isnan(known).any():
            return None
        numbers = np.append(known, np.nan)[column.cat.codes.to_numpy()]
    else:
        return None
    if np.isinf(numbers).any() or np.isnan(numbers).all():
        return None
    return np.asarray(numbers)


def _are_few(numbers: Floats) -> bool:
    """Return whether numbers are at most 20 different whole ones, so that they are classes."""
    values = np.unique(numbers[~np.isnan(numbers)])
    return len(values) <= MOST_INTEGER_CLASSES and bool((values == np.floor(values)).all())


def _inferred_kind(name: str, fields: Sequence[str | list[str] | None]) -> LabelKind:
    """Return the kind of a column; raise if it holds numbers and a few other texts."""
    present = [field for field in fields if field is not None]
    if any(isinstance(field, list) or SEPARATOR in field for field in present):
        return "multilabel"
    numbers = [_number(field) for field in present]
    count = sum(number is not None for number in numbers)
    if count == len(numbers):
        return "classes" if _are_few(np.array(numbers, dtype=float)) else "regression"
    if count >= len(numbers) / 2:
        row = next(r for r, f in enumerate(fields) if f is not None and _number(f) is None)
        raise InvalidDataError(
            f'{row_name(row + 1)}: {name} is "{fields[row]}", expected a number as in {count} of '
            f"{len(numbers)} rows; mend it, leave it empty for no label, or say --kind "
            f"{name}=classes"
        )
    return "classes"


def _numbers(name: str, fields: Sequence[str | list[str] | None]) -> TargetColumn:
    """Return labels for regression."""
    values = np.full(len(fields), np.nan)
    for row, field in enumerate(fields):
        if field is None:
            continue
        number = _number(field)
        if number is None or not np.isfinite(number):
            raise InvalidDataError(
                f'{row_name(row + 1)}: {name} is "{field}", expected a finite number; mend it, '
                f"leave it empty for no label, or say --kind {name}=classes"
            )
        values[row] = number
    return _regression(name, values)


def _regression(name: str, values: Floats) -> TargetColumn:
    """Return labels for regression; raise if all are equal."""
    if np.nanmin(values) == np.nanmax(values):
        raise InvalidDataError(
            f"{name} is {np.nanmin(values):g} in every row, so that there is nothing to predict; "
            "leave it out with --targets"
        )
    largest = float(np.nanmax(np.abs(values)))
    with np.errstate(over="ignore", under="ignore"):
        spread = np.nanvar(values)
    if not TINY < spread < HUGE:
        raise InvalidDataError(
            f"{name} has values of up to {largest:g} and a variance of {spread:g}, expected one "
            f"between {TINY:g} and {HUGE:g}; give it in other units"
        )
    return TargetColumn(name, "regression", (), values[:, None])


def _classes(name: str, fields: Sequence[str | list[str] | None]) -> TargetColumn:
    """Return labels of classes; classes that are all numbers are sorted as numbers."""
    texts = [SEPARATOR.join(f) if isinstance(f, list) else f for f in fields]
    known = _sorted({text for text in texts if text is not None})
    if len(known) < 2:
        raise InvalidDataError(
            f'{name} has one class only ("{known[0]}"), so that there is nothing to predict; '
            "leave it out with --targets"
        )
    place = {text: number for number, text in enumerate(known)}
    values = np.full((len(texts), len(known)), np.nan)
    for row, text in enumerate(texts):
        if text is not None:
            values[row] = 0.0
            values[row, place[text]] = 1.0
    return TargetColumn(name, "classes", tuple(known), values)


def _tags(name: str, fields: Sequence[str | list[str] | None]) -> TargetColumn:
    """Return labels of tags, of which an example may have none or several."""
    rows = [None if f is None else f if isinstance(f, list) else f.split(SEPARATOR) for f in fields]
    sets = [None if row is None else {tag.strip() for tag in row} - {""} for row in rows]
    known = _sorted(set().union(*(tags for tags in sets if tags is not None)))
    if not known:
        raise InvalidDataError(
            f"{name} has no tag in any row, so that there is nothing to predict; leave it out "
            "with --targets"
        )
    place = {tag: number for number, tag in enumerate(known)}
    values = np.full((len(sets), len(known)), np.nan)
    for row, tags in enumerate(sets):
        if tags is not None:
            values[row] = 0.0
            values[row, [place[tag] for tag in tags]] = 1.0
    return TargetColumn(name, "multilabel", tuple(known), values)


def _sorted(texts: set[str]) -> list[str]:
    """Return texts in order: as numbers if all are numbers, else by letters."""
    numbers = {text: _number(text) for text in texts}
    if all(number is not None for number in numbers.values()):
        return sorted(texts, key=lambda text: (numbers[text] or 0.0, text))
    return sorted(texts)


def _check_repeated(column: TargetColumn, fields: Sequence[str | list[str] | None]) -> None:
    """Raise if nearly every example has a different class, as a column of names has."""
    known = [(row, field) for row, field in enumerate(fields, 1) if field is not None]
    if len(known) < 10 or len(column.classes) <= MOST_TEXTS * len(known):
        return
    row, field = known[0]
    name = column.name
    remedy = (
        "write numbers as 1234.5"
        if re.match(r"\W*\d", str(field))
        else f"if they name the examples, say --column example={name}"
    )
    raise InvalidDataError(
        f'{name} has {len(column.classes)} different texts in {len(known)} rows, such as "{field}" '
        f"in {row_name(row)}, which look like names and not like classes; {remedy}; else leave it "
        f"out with --targets, or say --kind {name}=classes"
    )
