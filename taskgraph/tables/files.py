"""Files of tables: text (plain or gzipped), Parquet, Feather; read strictly, written whole."""

from __future__ import annotations

import contextlib
import gzip
import os
import stat
import tempfile
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from os import PathLike
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.feather as pafeather
import pyarrow.parquet as papq

from taskgraph.errors import InvalidTableError, TaskgraphError, describe_os_error
from taskgraph.rows import Origin, row_name, rows_of
from taskgraph.tables.text import is_json, line_of, read_json, separator_of
from taskgraph.tasks import normalized

FilePath = str | PathLike[str]

HEAD = 1 << 20
"""Bytes that are looked at before a file is taken for a table."""

UNNAMED = "__index_level_"
"""How pandas begins the name of an index that has none, in a Parquet file."""

ARROW = ("parquet", "feather")
"""Kinds of files that say themselves what their columns are."""

SUFFIXES = (".csv", ".csv.gz", ".parquet")


@contextlib.contextmanager
def naming(path: FilePath, origin: Origin | None = None) -> Iterator[None]:
    """Put the file's name before every error of ours, and make one line of it.

    ``origin`` knows where each row of the table stands; by default they are the file's own.
    """
    with rows_of(origin or _OneFile()) as rows:
        try:
            yield
        except TaskgraphError as error:
            message = " ".join(str(error).split())
            counted = _counted(message, path, rows, origin)
            raise type(error)(f"{path!s}: {message}{counted}") from None
        except UnicodeEncodeError:
            raise InvalidTableError(
                f"{path!s}: a name holds a byte that is no character of UTF-8; rename it"
            ) from None
        except RecursionError:
            raise InvalidTableError(f"{path!s}: this is nested too deeply to be read") from None


class _OneFile:
    """The rows of one file, none of which was left out."""

    def of(self, number: int) -> tuple[str, int]:
        """The row itself."""
        return "", number


def _counted(message: str, path: FilePath, rows: list[int], origin: Origin | None) -> str:
    """What the number of a row counts, where an error names one: the line of a text file."""
    if not rows:
        return ""
    file, row = (origin or _OneFile()).of(rows[-1])
    if f"row {row}" not in message and f"and {row}" not in message:
        return ""  # a notice named it, not the error
    line = line_in(file or path, row)
    if line is None:
        return " (rows are counted from 1)"
    return f" (rows are counted from 1 below the header: row {row} is line {line})"


def line_in(path: FilePath, row: int) -> int | None:
    """The line of a CSV file on which a row begins; None where the file is no such text."""
    try:
        kind = _kind(Path(path))
        if kind not in ("csv", "gzip") or _is_json(Path(path), kind):
            return None
        separator = _csv_header(Path(path), kind)[1]
        opened = gzip.open if kind == "gzip" else open
        with opened(path, "rt", encoding="utf-8-sig", newline="") as text:
            return line_of(text, separator, row)
    except (TaskgraphError, OSError, ValueError):
        return None


def read_header(path: FilePath) -> list[str]:
    """The names of the columns, from the first bytes of the file alone.

    Outer blanks and invisible characters are left out. In a Parquet file that pandas wrote, the
    index comes first, as it does in a CSV file; one without a name is ``__index_level_0__``.

    Raises
    ------
    InvalidTableError
        If the file is missing, a folder, empty, or neither CSV text nor Parquet.
    """
    with naming(path):
        kind = _kind(Path(path))
        if kind in ARROW:
            return _tidied(_parquet_names(_schema(path, kind)))
        if _is_json(Path(path), kind):
            return _tidied([str(name) for name in _read_json(Path(path), kind).columns])
        return _tidied(_csv_header(Path(path), kind)[0])


def read_separator(path: FilePath) -> str:
    """The character that separates the columns of a CSV file; a comma for any other file.

    Raises
    ------
    InvalidTableError
        As for `read_header`.
    """
    with naming(path):
        kind = _kind(Path(path))
        is_text = kind not in ARROW and not _is_json(Path(path), kind)
        return _csv_header(Path(path), kind)[1] if is_text else ","


def read_index(path: FilePath) -> list[str]:
    """The columns of a Parquet or Feather file that were the index of a DataFrame, in order.

    Raises
    ------
    InvalidTableError
        As for `read_header`.
    """
    with naming(path):
        kind = _kind(Path(path))
        return _index_names(_schema(path, kind)) if kind in ARROW else []


def read_frame(path: FilePath, *, infer: Collection[str] = ()) -> pd.DataFrame:
    """Read a table.

    Columns of a CSV file are text (``007`` is not 7, and ``NA`` is a name), held as categories,
    so that a name of a million rows is stored once. Columns in ``infer`` become numbers where
    all of their fields are. Parquet files say themselves what their columns are. Headers are
    those of `read_header`, in the same order.

    Raises
    ------
    InvalidTableError
        As for `read_header`; and if a row has too many or too few fields, or the file is cut off.
    """
    with naming(path):
        kind = _kind(Path(path))
        if kind in ARROW:
            schema = _schema(path, kind)
            names = _parquet_names(schema)
            tidied = _tidied(names)
            texts = [f.name for f in schema if pa.types.is_string(f.type)]
            with _reading(kind):
                if kind == "feather":
                    table = pafeather.read_table(os.fspath(path), memory_map=False)
                else:
                    table = papq.read_table(path, read_dictionary=texts)
                return _to_pandas(table.select(names), tidied)
        if _is_json(Path(path), kind):
            frame = _read_json(Path(path), kind)
            return frame.set_axis(_tidied([str(name) for name in frame.columns]), axis=1)
        header, separator = _csv_header(Path(path), kind)
        tidied = _tidied(header)
        types = {
            raw: pa.dictionary(pa.int32(), pa.string())
            for raw, name in zip(header, tidied, strict=True)
            if name not in infer
        }
        convert = pacsv.ConvertOptions(column_types=types, null_values=[""])
        table = _read_csv(Path(path), kind, separator, convert)
        if any(
            pa.types.is_floating(c.type) and pc.any(pc.is_nan(c)).as_py() for c in table.columns
        ):
            # The text "nan" is no empty field; as text the two differ.
            types = {raw: pa.dictionary(pa.int32(), pa.string()) for raw in header}
            convert = pacsv.ConvertOptions(column_types=types, null_values=[""])
            table = _read_csv(Path(path), kind, separator, convert)
        return _to_pandas(table, tidied)


def _read_csv(path: Path, kind: str, separator: str, convert: pacsv.ConvertOptions) -> pa.Table:
    """Read the rows; one with too many or too few fields is named."""
    compression = "gzip" if kind == "gzip" else None
    uneven: list[pacsv.InvalidRow] = []

    def refuse(row: pacsv.InvalidRow) -> str:
        uneven.append(row)
        return "error"

    def read(parallel: bool) -> pa.Table:
        with pa.input_stream(os.fspath(path), compression=compression) as stream:
            return pacsv.read_csv(
                stream,
                read_options=pacsv.ReadOptions(use_threads=parallel),
                parse_options=pacsv.ParseOptions(delimiter=separator, invalid_row_handler=refuse),
                convert_options=convert,
            )

    with _reading(kind):
        try:
            return read(True)
        except pa.ArrowInvalid:
            if not uneven:
                raise
        # Rows are numbered only where one thread reads them all.
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


def write_frame(frame: pd.DataFrame, path: FilePath) -> None:
    """Write a table as CSV, gzipped CSV or Parquet, by the suffix of ``path``.

    The file appears whole or not at all: it is written beside its place and then moved there.

    Raises
    ------
    InvalidTableError
        If the suffix is none of ``.csv``, ``.csv.gz``, ``.parquet``, or the folder is missing.
    """
    check_writable(path, suffixes=SUFFIXES)
    name = Path(path).name.lower()
    if name.endswith(".parquet"):
        _replace(path, lambda place: frame.to_parquet(place, index=False))
    else:
        # A time stamp in the archive would make equal tables differ.
        packed = {"method": "gzip", "mtime": 0} if name.endswith(".gz") else None
        _replace(
            path,
            lambda place: frame.to_csv(
                place, index=False, compression=packed, lineterminator="\n", encoding="utf-8"
            ),
        )


def read_text(path: FilePath) -> str:
    """The content of a UTF-8 text file.

    Raises
    ------
    InvalidTableError
        If the file is missing, a folder, empty, or not text.
    """
    with naming(path):
        if _kind(Path(path)) != "csv":
            raise InvalidTableError("this is a binary file, expected UTF-8 text")
        try:
            return Path(path).read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise InvalidTableError(f"byte {error.start} is not UTF-8 text") from None


def write_text(text: str, path: FilePath) -> None:
    """Write a UTF-8 text file, whole or not at all; see `write_frame`."""
    write_bytes(text.encode(), path)


def write_bytes(content: bytes, path: FilePath) -> None:
    """Write a file, whole or not at all; see `write_frame`."""
    _replace(path, lambda place: Path(place).write_bytes(content))


def check_writable(path: FilePath, *, suffixes: Sequence[str] = ("",)) -> None:
    """Raise `InvalidTableError` where a file cannot be written, before work is spent on it.

    ``suffixes`` are the endings of the formats that can be written. A file of another name is
    made in the folder and removed again, since only that tells a full disk or a read-only one.
    """
    with naming(path):
        if not Path(path).name.lower().endswith(tuple(suffixes)):
            raise InvalidTableError(
                "cannot tell the format, expected a name that ends in " + ", ".join(suffixes)
            )
        with _writing():
            _try_out(_target(path))


def check_folder(path: FilePath) -> None:
    """Raise `InvalidTableError` where a folder can neither be made nor filled.

    It is tried as in `check_writable`, in the nearest folder that exists.
    """
    with naming(path), _writing():
        place = Path(os.path.realpath(path))
        while not place.exists():
            place = place.parent
        if not place.is_dir():
            raise InvalidTableError(f'"{place}" is a file, expected a folder; name another place')
        _try_out(place / "file")


def _replace(path: FilePath, write: Callable[[str], object]) -> None:
    """Write beside the place and move there: the file appears whole or not at all."""
    with naming(path), _writing():
        target = _target(path)
        handle, place = _temporary(target)
        try:
            try:
                write(place)
                os.fsync(handle)  # some file systems tell only here that the disk is full
            finally:
                os.close(handle)
            os.chmod(place, _mode(target))
            os.replace(place, target)
        except BaseException:
            Path(place).unlink(missing_ok=True)
            raise


@contextlib.contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InvalidTableError(f"cannot be written: {describe_os_error(error)}") from None


def _target(path: FilePath) -> Path:
    """The file that a path leads to through symbolic links, checked to be one or none yet."""
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise InvalidTableError("this is a folder, expected the name of a file to write")
    if target.exists() and not target.is_file():
        raise InvalidTableError("this is a pipe or a device, expected the name of a file to write")
    if target.parent.exists() and not target.parent.is_dir():
        raise InvalidTableError(
            f'"{Path(path).parent}" is a file, expected a folder; name a place in a folder'
        )
    if not target.parent.is_dir():
        raise InvalidTableError(f'the folder "{Path(path).parent}" does not exist; make it first')
    return target


def _temporary(target: Path) -> tuple[int, str]:
    """A new empty file beside the target: its descriptor and path."""
    # Part of the name, so that a long one is not too long with what is added to it.
    return tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:40]}.")


def _try_out(target: Path) -> None:
    """Make a file beside the target and remove it."""
    handle, place = _temporary(target)
    os.close(handle)
    os.unlink(place)


def _mode(target: Path) -> int:
    """Permissions of the file that is replaced, or those that a new file gets."""
    if target.exists():
        return stat.S_IMODE(target.stat().st_mode)
    # mkstemp lets its owner alone read; a new file follows the user's mask instead.
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _kind(path: Path) -> str:
    """``csv`` (any text), ``gzip``, ``parquet`` or ``feather``, by the first bytes of the file."""
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
    return "gzip" if start[:2] == b"\x1f\x8b" else "csv"


def _schema(path: FilePath, kind: str) -> pa.Schema:
    with _reading(kind):
        if kind == "feather":
            return pafeather.read_table(os.fspath(path), memory_map=False).schema
        return papq.read_schema(path)


def _head(path: Path, kind: str) -> bytes:
    with _reading(kind), gzip.open(path) if kind == "gzip" else path.open("rb") as file:
        return file.read(HEAD)


def _is_json(path: Path, kind: str) -> bool:
    return is_json(_head(path, kind)[:200].decode("utf-8-sig", errors="replace"))


def _read_json(path: Path, kind: str) -> pd.DataFrame:
    with _reading(kind), gzip.open(path) if kind == "gzip" else path.open("rb") as file:
        content = file.read()
    try:
        return read_json(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InvalidTableError(f"byte {error.start} is not UTF-8 text: expected JSON") from None


def _csv_header(path: Path, kind: str) -> tuple[list[str], str]:
    """The names of the columns as they are written, and the character that separates them."""
    head = _head(path, kind)
    line, _, rest = head.partition(b"\n")
    if b"\0" in head or (not rest and len(head) == HEAD):
        raise InvalidTableError("this is not a table: expected CSV text in UTF-8, or Parquet")
    try:
        # The head may end within a character, so that only its lines are decoded.
        lines = head[: head.rfind(b"\n") + 1].decode("utf-8-sig").splitlines()
        text = line.decode("utf-8-sig").rstrip("\r")
    except UnicodeDecodeError as error:
        raise InvalidTableError(
            f"byte {error.start} is not UTF-8 text: expected CSV text in UTF-8, or Parquet"
        ) from None
    if not text.strip():
        raise InvalidTableError("the first line is blank, expected the names of the columns")
    separator = separator_of([text, *lines[1:]])
    with _reading(kind):
        options = pacsv.ParseOptions(delimiter=separator)
        source = pa.BufferReader(text.encode() + b"\n")
        return list(pacsv.read_csv(source, parse_options=options).column_names), separator


@contextlib.contextmanager
def _reading(kind: str) -> Iterator[None]:
    word = {
        "parquet": "Parquet file",
        "feather": "Feather file",
        "gzip": "gzipped CSV file",
    }.get(kind, "CSV file")
    try:
        yield
    except (pa.ArrowException, OSError, EOFError, zlib.error) as error:
        reason = str(error).rstrip(".")
        if len(reason) > 200:
            reason = reason[:200] + "…"
        raise InvalidTableError(f"this {word} is broken or cut off ({reason})") from None


def _to_pandas(table: pa.Table, names: list[str]) -> pd.DataFrame:
    frame: pd.DataFrame = table.rename_columns(names).to_pandas(
        ignore_metadata=True, split_blocks=True, self_destruct=True
    )
    return frame


def _tidied(header: list[str]) -> list[str]:
    """Headers as they are compared; refused where two are the same."""
    names = [normalized(name) for name in header]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None and _is_fraction(twice):
        raise InvalidTableError(
            f'the number "{twice}" is twice in the first line, which is read as the names of the '
            "columns; write a header of names above the numbers"
        )
    if twice is not None:
        raise InvalidTableError(f'the column "{twice}" is there twice; rename one of them')
    return names


def _is_fraction(text: str) -> bool:
    try:
        return not float(text).is_integer()
    except (ValueError, OverflowError):
        return False


def _parquet_names(schema: pa.Schema) -> list[str]:
    """The columns, those of an index first; refused where a name has several levels."""
    levels = len(_pandas(schema).get("column_indexes", []))
    if levels > 1:
        raise InvalidTableError(
            f"the names of the columns have {levels} levels, expected one name each: join the "
            "levels to one before the table is written"
        )
    index = _index_names(schema)
    return [*index, *(name for name in schema.names if name not in index)]


def _index_names(schema: pa.Schema) -> list[str]:
    """The columns that pandas wrote as an index; a mere count of rows is none."""
    named = {name for name in _pandas(schema).get("index_columns", []) if isinstance(name, str)}
    return [n for n in schema.names if n in named or n.startswith(UNNAMED)]


def _pandas(schema: pa.Schema) -> dict[str, list[object]]:
    """What pandas wrote along about the columns; empty where it wrote nothing that can be read."""
    try:
        found = schema.pandas_metadata
    except ValueError:
        found = None
    lists = found if isinstance(found, dict) else {}
    return {key: value for key, value in lists.items() if isinstance(value, list)}
