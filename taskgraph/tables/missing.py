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
    looks = found == "matrix" and len(header) > 1 and not {"sources", "target"} & set(header)
    if kind == "transfers" and (found in ("losses", "wins", "scores") or looks):
        command = f"taskgraph affinity {shlex.quote(str(path))} -o transfers.csv"
        if found in ("scores", "matrix"):
            command += " --higher-is-better (or --lower-is-better)"
        own = ""
        if looks:
            own = (
                "; if it is no matrix, say which columns are which with --column, as in --column "
                "sources=HEADER"
            )
        return (
            f'a table of transfers needs the column "{name}"; it has {shown}{more}; this looks '
            f"like a {'' if looks else 'table of '}{'wide matrix of scores' if looks else found}: "
            f"turn it into transfers with `taskgraph affinity`: {command}{own}"
        )
    other = "" if found in (kind, "matrix") else f"; this looks like a table of {found}"
    index = next((column for column in header if column.startswith(UNNAMED)), None)
    return f'a table of {kind} needs the column "{name}"; it has {shown}{more}{other}. ' + _remedy(
        name, kind, index
    )


def _remedy(name: str, kind: Kind, index: str | None) -> str:
    """Return how to name the missing column; commands that read transfers rename no columns."""
    if kind == "transfers":
        wrote = f' (its index, with `frame.reset_index(names="{name}")`)' if index else ""
        return f"Rename the column that holds it{wrote}, or read it in Python with `columns`"
    return (
        f'Rename it, or say which column to read as "{name}": '
        f"--column {name}={index or 'HEADER'} (in Python `columns`)"
    )
