"""Tables in text files: CSV with commas, tabs or semicolons (and decimal commas), JSON lines."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from typing import Any

import pandas as pd

from taskgraph.errors import InvalidTableError

SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons"}

QUOTED = re.compile(r'"(?:[^"]|"")*"')
DECIMAL_COMMA = re.compile(r"\s*[+-]?\d*,\d+(?:[eE][+-]?\d+)?\s*")

LINES = 50
"""Number of lines to look at if the header does not tell the separator."""


def separator_of(lines: Sequence[str]) -> str:
    """Return the character that separates the columns.

    If the header holds several of `SEPARATORS` outside of double quotes, it is the one that splits
    the header and the lines below it into equally many fields.

    Raises
    ------
    InvalidTableError
        If the columns are separated by another character, or several characters fit.
    """
    header = lines[0]
    bare = QUOTED.sub("", header)
    present = [mark for mark in SEPARATORS if mark in bare]
    if not present and "|" in bare:
        raise InvalidTableError(
            f'the header is "{header}", expected columns separated by commas, tabs or semicolons'
        )
    if len(present) < 2:
        return present[0] if present else ","
    even = [mark for mark in present if _is_even(lines[:LINES], mark)]
    if len(even) != 1:
        words = " and ".join(SEPARATORS[mark] for mark in present)
        raise InvalidTableError(
            f'the header "{header}" holds {words}, and it is not clear which of them separate the '
            "columns; write names that hold one in double quotes"
        )
    return even[0]


def _is_even(lines: Sequence[str], mark: str) -> bool:
    """Return whether the character splits all lines into equally many fields."""
    filled = [line for line in lines if line.strip()]
    return len({len(row) for row in csv.reader(filled, delimiter=mark)}) == 1


def with_points(column: pd.Series, separator: str) -> pd.Series:
    """Replace the decimal commas of a column of text by decimal points.

    A comma is a decimal comma only if it does not separate the columns, and if no number of the
    column has a point.
    """
    if separator == "," or pd.api.types.is_numeric_dtype(column):
        return column
    text = column.astype("string")
    words = {
        word: word.replace(",", ".")
        for word in text.dropna().unique()
        if DECIMAL_COMMA.fullmatch(word)
    }
    if not words or text.str.contains(".", regex=False).any():
        return column
    return text.map(lambda word: words.get(word, word), na_action="ignore").astype("string")


def is_json(head: str) -> bool:
    """Return whether a text begins as JSON lines or a JSON list of objects do."""
    return re.match(r'\s*(?:\[\s*)?\{\s*["}]', head) is not None


def read_json_rows(text: str) -> pd.DataFrame:
    """Return a table with one row for each JSON object: one object a line, or a list of objects.

    The columns are the keys of all objects in the order of their first appearance. A missing key
    and ``null`` are empty fields.

    Raises
    ------
    InvalidTableError
        If a line is not a JSON object; the message has the row.
    """
    if text.lstrip().startswith("["):
        objects = _loaded(text, "this is not a JSON list")
    else:
        lines = [(k, line) for k, line in enumerate(text.splitlines(), 1) if line.strip()]
        objects = [_loaded(line, f"line {k} is not JSON") for k, line in lines]
    for row, content in enumerate(objects, 1):
        if not isinstance(content, dict):
            raise InvalidTableError(
                f"row {row}: this is a JSON {type(content).__name__}, expected an object such as "
                '{"target": "a", "sources": "b"}'
            )
    names = {name: None for content in objects for name in content}
    rows = [[content.get(name) for name in names] for content in objects]
    return pd.DataFrame(rows, columns=pd.Index(list(names), dtype=object))


def _loaded(text: str, problem: str) -> Any:
    """Return the value of a JSON text; ``problem`` begins the message if it is not JSON."""
    try:
        # NaN and Infinity are not JSON; as text they are refused wherever a number is expected.
        return json.loads(text, parse_constant=str)
    except json.JSONDecodeError as error:
        raise InvalidTableError(f"{problem}: {error.msg} (column {error.colno})") from None


def line_of(text: io.TextIOBase, separator: str, row: int) -> int | None:
    """Return the line of a CSV file, counted from 1, on which a row below its header begins."""
    previous_line, count = 0, -1
    reader = csv.reader(text, delimiter=separator)
    for fields in reader:
        count += bool(fields)
        if count == row:
            return previous_line + 1
        previous_line = reader.line_num
    return None
