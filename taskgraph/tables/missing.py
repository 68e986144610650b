"""Messages about a column that a table lacks."""

from __future__ import annotations

import shlex

from taskgraph.tables.columns import Kind
from taskgraph.tables.formats import UNNAMED, FilePath


def kind_name(kind: Kind) -> str:
    """Return what a kind of table is called in messages."""
    return "a wide matrix of scores" if kind == "matrix" else kind


def missing_column(name: str, kind: Kind, header: list[str], found: Kind, path: FilePath) -> str:
    """Return the message for a table of ``kind`` without the column ``name``.

    ``found`` is the kind that the header looks like. If a command turns that into a table of
    transfers, the message gives the command.
    """
    shown = ", ".join(f'"{column}"' for column in header[:12])
    more = f" and {len(header) - 12} more" if len(header) > 12 else ""
    problem = f'a table of {kind} needs the column "{name}"; it has {shown}{more}'
    is_matrix = found == "matrix" and len(header) > 1 and not {"sources", "target"} & set(header)
    if kind == "transfers" and (found in ("losses", "wins", "scores") or is_matrix):
        return f"{problem}; {_conversion(found, path)}"
    other = "" if found in (kind, "matrix") else f"; this looks like a table of {found}"
    index = next((column for column in header if column.startswith(UNNAMED)), None)
    return f"{problem}{other}. {_remedy(name, kind, index)}"


def _conversion(found: Kind, path: FilePath) -> str:
    """Return the command that turns measurements of this kind into a table of transfers."""
    command = f"taskgraph affinity {shlex.quote(str(path))} -o transfers.csv"
    if found in ("scores", "matrix"):
        command += " --higher-is-better (or --lower-is-better)"
    looks_like = kind_name(found) if found == "matrix" else f"a table of {found}"
    text = (
        f"this looks like {looks_like}: turn it into transfers with `taskgraph affinity`: {command}"
    )
    if found == "matrix":
        text += (
            "; if it is not a matrix, name its columns with --column, as in --column sources=HEADER"
        )
    return text


def _remedy(name: str, kind: Kind, index: str | None) -> str:
    """Return how to name the missing column; commands that read transfers rename no columns."""
    if kind == "transfers":
        wrote = f' (its index, with `frame.reset_index(names="{name}")`)' if index else ""
        return f"Rename the column that holds it{wrote}, or read it in Python with `columns`"
    return (
        f'Rename it, or say which column to read as "{name}": '
        f"--column {name}={index or 'HEADER'} (in Python `columns`)"
    )
