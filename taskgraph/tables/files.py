"""Files of tables, read strictly: text (plain or gzipped), JSON lines, Parquet, Feather."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.feather as pafeather
import pyarrow.parquet as papq

from taskgraph.errors import InvalidTableError
from taskgraph.frames.rows import row_name
from taskgraph.tables.formats import (
    ARROW,
    FilePath,
    arrow_names,
    csv_header,
    format_of,
    index_names,
    is_json_file,
    read_json_file,
    reading,
    schema_of,
    tidied,
)
from taskgraph.tables.naming import naming


def read_header(path: FilePath) -> list[str]:
    """Return the names of the columns; only the start of the file is read.

    Outer blanks and invisible characters are removed. In a Parquet file that pandas wrote, the
    index comes first, as it does in a CSV file; an index without a name is ``__index_level_0__``.

    Raises
    ------
    InvalidTableError
        If the file is missing, a folder, empty, or neither CSV text nor Parquet.
    """
    with naming(path):
        kind = format_of(Path(path))
        if kind in ARROW:
            return tidied(arrow_names(schema_of(path, kind)))
        if is_json_file(Path(path), kind):
            return tidied([str(name) for name in read_json_file(Path(path), kind).columns])
        return tidied(csv_header(Path(path), kind)[0])


def read_separator(path: FilePath) -> str:
    """Return the character that separates the columns of a CSV file; a comma for other formats.

    Raises
    ------
    InvalidTableError
        As for `read_header`.
    """
    with naming(path):
        kind = format_of(Path(path))
        is_text = kind not in ARROW and not is_json_file(Path(path), kind)
        return csv_header(Path(path), kind)[1] if is_text else ","


def read_index_columns(path: FilePath) -> list[str]:
    """Return the columns of a Parquet or Feather file that were the index of a DataFrame.

    Raises
    ------
    InvalidTableError
        As for `read_header`.
    """
    with naming(path):
        kind = format_of(Path(path))
        return index_names(schema_of(path, kind)) if kind in ARROW else []


def read_frame(path: FilePath, *, infer: Collection[str] = ()) -> pd.DataFrame:
    """Read a table; its headers are those of `read_header`, in the same order.

    Columns of a text file are text (``007`` is not 7, and ``NA`` is a name), held as categories,
    so that a name of a million rows is stored once. Columns in ``infer`` become numbers if all of
    their fields are numbers. Parquet and Feather files say the type of each column.

    Raises
    ------
    InvalidTableError
        As for `read_header`; and if a row has too many or too few fields, or the file is cut off.
    """
    with naming(path):
        kind = format_of(Path(path))
        if kind in ARROW:
            return _read_arrow(path, kind)
        if is_json_file(Path(path), kind):
            frame = read_json_file(Path(path), kind)
            return frame.set_axis(tidied([str(name) for name in frame.columns]), axis=1)
        return _read_text_table(Path(path), kind, infer)


def _read_arrow(path: FilePath, kind: str) -> pd.DataFrame:
    """Read a Parquet or Feather file."""
    schema = schema_of(path, kind)
    names = arrow_names(schema)
    headers = tidied(names)
    texts = [f.name for f in schema if pa.types.is_string(f.type)]
    with reading(kind):
        if kind == "feather":
            table = pafeather.read_table(os.fspath(path), memory_map=False)
        else:
            table = papq.read_table(path, read_dictionary=texts)
        return _to_pandas(table.select(names), headers)


def _read_text_table(path: Path, kind: str, infer: Collection[str]) -> pd.DataFrame:
    """Read a CSV file; columns in ``infer`` become numbers if all of their fields are numbers."""
    header, separator = csv_header(path, kind)
    headers = tidied(header)
    text = pa.dictionary(pa.int32(), pa.string())
    types = {raw: text for raw, name in zip(header, headers, strict=True) if name not in infer}
    table = _read_csv(path, kind, separator, types)
    if any(pa.types.is_floating(c.type) and pc.any(pc.is_nan(c)).as_py() for c in table.columns):
        # The text "nan" is not an empty field; only as text do the two differ.
        table = _read_csv(path, kind, separator, dict.fromkeys(header, text))
    return _to_pandas(table, headers)


def _read_csv(path: Path, kind: str, separator: str, types: Mapping[str, pa.DataType]) -> pa.Table:
    """Read the rows; the error names a row with too many or too few fields."""
    compression = "gzip" if kind == "gzip" else None
    uneven: list[pacsv.InvalidRow] = []

    def refuse(row: pacsv.InvalidRow) -> str:
        """Keep an uneven row, and make pyarrow fail."""
        uneven.append(row)
        return "error"

    def read(parallel: bool) -> pa.Table:
        """Read the file with several threads, or with one."""
        with pa.input_stream(os.fspath(path), compression=compression) as stream:
            return pacsv.read_csv(
                stream,
                read_options=pacsv.ReadOptions(use_threads=parallel),
                parse_options=pacsv.ParseOptions(delimiter=separator, invalid_row_handler=refuse),
                convert_options=pacsv.ConvertOptions(column_types=types, null_values=[""]),
            )

    with reading(kind):
        try:
            return read(True)
        except pa.ArrowInvalid:
            if not uneven:
                raise
        # pyarrow numbers the rows only if a single thread reads them.
        uneven.clear()
        try:
            return read(False)
        except pa.ArrowInvalid:
            first = uneven[0]
            text = first.text if len(first.text) < 80 else first.text[:80] + "…"
            raise InvalidTableError(
                f"{row_name(first.number - 1)}: this CSV file is broken or cut off (CSV parse "
                f"error: Expected {first.expected_columns} columns, got {first.actual_columns}: "
                f"{text})"
            ) from None


def read_text(path: FilePath) -> str:
    """Return the content of a UTF-8 text file.

    Raises
    ------
    InvalidTableError
        If the file is missing, a folder, empty, or not text.
    """
    with naming(path):
        if format_of(Path(path)) != "csv":
            raise InvalidTableError("this is a binary file, expected UTF-8 text")
        try:
            return Path(path).read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise InvalidTableError(f"byte {error.start} is not UTF-8 text") from None


def _to_pandas(table: pa.Table, names: list[str]) -> pd.DataFrame:
    """Return the table as a DataFrame with these headers; its memory is released on the way."""
    frame: pd.DataFrame = table.rename_columns(names).to_pandas(
        ignore_metadata=True, split_blocks=True, self_destruct=True
    )
    return frame
