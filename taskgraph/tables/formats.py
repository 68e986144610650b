"""The format of a file, by its content, and the names of its columns."""

from __future__ import annotations

import contextlib
import gzip
import os
import zlib
from collections.abc import Iterator
from os import PathLike
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.feather as pafeather
import pyarrow.parquet as papq

from taskgraph.errors import InvalidTableError
from taskgraph.tables.text import is_json, read_json_rows, separator_of
from taskgraph.tasks import normalized

FilePath = str | PathLike[str]

HEAD = 1 << 20
"""Number of bytes from the start of a file in which its first line must end."""

UNNAMED = "__index_level_"
"""Beginning of the name that pandas gives an index without a name, in a Parquet file."""

ARROW = ("parquet", "feather")
"""Formats that say the type of each column."""


def format_of(path: Path) -> str:
    """Return ``csv`` (any text), ``gzip``, ``parquet`` or ``feather``, by the first bytes."""
    if path.is_dir():
        raise InvalidTableError("this is a folder, expected a file")
    try:
        with path.open("rb") as file:
            start = file.read(6)
    except FileNotFoundError:
        raise InvalidTableError("no such file") from None
    except OSError as error:
        raise InvalidTableError(f"cannot be read: {error.strerror}") from None
    if not start:
        raise InvalidTableError("the file is empty, expected a table")
    if start[:4] == b"PAR1":
        return "parquet"
    if start == b"ARROW1" or start[:4] == b"FEA1":
        return "feather"
    if start[:4] == b"PK\x03\x04":
        raise InvalidTableError(
            "this is an Excel sheet or another zip file; save the sheet as CSV in UTF-8"
        )
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InvalidTableError("this is text in UTF-16; save it as CSV in UTF-8")
    return "gzip" if start[:2] == b"\x1f\x8b" else "csv"


def schema_of(path: FilePath, kind: str) -> pa.Schema:
    """Return names and types of the columns of a Parquet or Feather file."""
    with reading(kind):
        if kind == "feather":
            return pafeather.read_table(os.fspath(path), memory_map=False).schema
        return papq.read_schema(path)


def _head(path: Path, kind: str) -> bytes:
    """Return the first `HEAD` bytes of a text file, unzipped."""
    with reading(kind), gzip.open(path) if kind == "gzip" else path.open("rb") as file:
        return file.read(HEAD)


def is_json_file(path: Path, kind: str) -> bool:
    """Return whether a text file begins as JSON lines or a JSON list do."""
    return is_json(_head(path, kind)[:200].decode("utf-8-sig", errors="replace"))


def read_json_file(path: Path, kind: str) -> pd.DataFrame:
    """Read JSON lines, or a JSON list of objects; see `read_json_rows`."""
    with reading(kind), gzip.open(path) if kind == "gzip" else path.open("rb") as file:
        content = file.read()
    try:
        return read_json_rows(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InvalidTableError(f"byte {error.start} is not UTF-8 text: expected JSON") from None


def csv_header(path: Path, kind: str) -> tuple[list[str], str]:
    """Return the names of the columns as written, and the character that separates them."""
    head = _head(path, kind)
    line, _, rest = head.partition(b"\n")
    if b"\0" in head or (not rest and len(head) == HEAD):
        raise InvalidTableError("this is not a table: expected CSV text in UTF-8, or Parquet")
    try:
        # The head may end within a character, so only its complete lines are decoded.
        lines = head[: head.rfind(b"\n") + 1].decode("utf-8-sig").splitlines()
        text = line.decode("utf-8-sig").rstrip("\r")
    except UnicodeDecodeError as error:
        raise InvalidTableError(
            f"byte {error.start} is not UTF-8 text: expected CSV text in UTF-8, or Parquet"
        ) from None
    if not text.strip():
        raise InvalidTableError("the first line is blank, expected the names of the columns")
    separator = separator_of([text, *lines[1:]])
    with reading(kind):
        options = pacsv.ParseOptions(delimiter=separator)
        source = pa.BufferReader(text.encode() + b"\n")
        try:
            return list(pacsv.read_csv(source, parse_options=options).column_names), separator
        except pa.ArrowInvalid:
            if text.count('"') % 2 == 0:
                raise
            raise InvalidTableError(
                "the first line ends within double quotes, expected the names of all columns on "
                "one line; close the quotes, or take the line break out of the name"
            ) from None


@contextlib.contextmanager
def reading(kind: str) -> Iterator[None]:
    """Turn errors of the libraries that read files into `InvalidTableError`."""
    word = {
        "parquet": "Parquet file",
        "feather": "Feather file",
        "gzip": "gzipped CSV file",
    }.get(kind, "CSV file")
    try:
        yield
    except (pa.ArrowException, OSError, EOFError, zlib.error) as error:
        reason = str(error).rstrip(".")
        if "Empty CSV file or block" in reason:
            raise InvalidTableError(
                "the file has only one line, expected the names of the columns and rows below them"
            ) from None
        reason = reason if len(reason) <= 200 else reason[:200] + "…"
        raise InvalidTableError(f"this {word} is broken or cut off ({reason})") from None


def tidied(header: list[str]) -> list[str]:
    """Return the normalized headers; raise if two are the same."""
    names = [normalized(name) for name in header]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None and _is_fraction(twice):
        raise InvalidTableError(
            f'the number "{twice}" is twice in the first line, which is read as the names of the '
            "columns; write a header of names above the numbers"
        )
    if twice is not None:
        raise InvalidTableError(f'two columns are called "{twice}"; rename one of them')
    return names


def _is_fraction(text: str) -> bool:
    """Return whether a header is a number with a fractional part."""
    try:
        return not float(text).is_integer()
    except (ValueError, OverflowError):
        return False


def arrow_names(schema: pa.Schema) -> list[str]:
    """Return the names of the columns, those of an index first; raise if names have levels."""
    levels = len(_pandas(schema).get("column_indexes", []))
    if levels > 1:
        raise InvalidTableError(
            f"the names of the columns have {levels} levels, expected one name each: join the "
            "levels to one before the table is written"
        )
    index = index_names(schema)
    return [*index, *(name for name in schema.names if name not in index)]


def index_names(schema: pa.Schema) -> list[str]:
    """Return the columns that pandas wrote as an index; a plain count of rows is not one."""
    named = {name for name in _pandas(schema).get("index_columns", []) if isinstance(name, str)}
    return [n for n in schema.names if n in named or n.startswith(UNNAMED)]


def _pandas(schema: pa.Schema) -> dict[str, list[object]]:
    """Return what pandas wrote about the columns; empty if there is nothing that can be read."""
    try:
        metadata = schema.pandas_metadata
    except ValueError:
        metadata = None
    lists = metadata if isinstance(metadata, dict) else {}
    return {key: value for key, value in lists.items() if isinstance(value, list)}
