"""Error messages about a file: they begin with its name, and give the line of a row."""

from __future__ import annotations

import contextlib
import gzip
from collections.abc import Iterator
from pathlib import Path

from taskgraph.errors import InvalidTableError, TaskgraphError
from taskgraph.frames.rows import Origin, rows_of
from taskgraph.tables.formats import FilePath, csv_header, format_of, is_json_file
from taskgraph.tables.text import line_of


@contextlib.contextmanager
def naming(path: FilePath, origin: Origin | None = None) -> Iterator[None]:
    """Put the file's name before every error of this library, and make the message one line.

    ``origin`` tells the file and the row in it of each row of the table; by default all rows are
    those of the one file.
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
    """The origin of rows that are all rows of one file."""

    def of(self, number: int) -> tuple[str, int]:
        """Return no file, and the number itself."""
        return "", number


def _counted(message: str, path: FilePath, rows: list[int], origin: Origin | None) -> str:
    """Return how rows are counted, and the line of a text file, if the message names a row."""
    if not rows:
        return ""
    file, row = (origin or _OneFile()).of(rows[-1])
    if f"row {row}" not in message and f"and {row}" not in message:
        return ""  # a notice named the row, not the error
    line = line_in(file or path, row)
    if line is None:
        return " (rows are counted from 1)"
    return f" (rows are counted from 1 below the header: row {row} is line {line})"


def line_in(path: FilePath, row: int) -> int | None:
    """Return the line of a CSV file on which a row begins; None for other formats."""
    try:
        kind = format_of(Path(path))
        if kind not in ("csv", "gzip") or is_json_file(Path(path), kind):
            return None
        separator = csv_header(Path(path), kind)[1]
        opened = gzip.open if kind == "gzip" else open
        with opened(path, "rt", encoding="utf-8-sig", newline="") as text:
            return line_of(text, separator, row)
    except (TaskgraphError, OSError, ValueError):
        return None
