"""Tables for a person, at most as wide as the terminal if standard output is one.

A list of names that is too long for its column continues on the lines below.
"""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
import unicodedata
from typing import TYPE_CHECKING

from taskgraph.cli.output import show

if TYPE_CHECKING:
    import pandas as pd

    from taskgraph.taxonomy import Taxonomy

LEAST_WIDTH = 10
"""Smallest width of a column of names, in characters; below it, columns are printed in blocks."""


def terminal_width() -> int | None:
    """Return the width of the terminal in characters; None if standard output is no terminal."""
    if sys.stdout is None or not sys.stdout.isatty():
        return None
    return shutil.get_terminal_size().columns


def show_frame(frame: pd.DataFrame) -> None:
    """Print a table to standard output."""
    show(table_text(frame, terminal_width()))


def show_taxonomy(taxonomy: Taxonomy) -> None:
    """Print a taxonomy to standard output."""
    width = terminal_width()
    if width is None or not taxonomy.solved:
        show(str(taxonomy))
        return
    names = ", ".join(taxonomy.supervised) or "none"
    listed = textwrap.fill(
        f"supervise: {names}",
        max(width, LEAST_WIDTH),
        subsequent_indent=" " * 11,
        break_long_words=False,
        break_on_hyphens=False,
    )
    table = table_text(taxonomy.printed_frame(), width)
    show(f"{textwrap.fill(taxonomy.headline(), max(width, LEAST_WIDTH))}\n{listed}\n\n{table}")


def table_text(frame: pd.DataFrame, width: int | None) -> str:
    """Return a table as text, in lines of at most ``width`` characters; None sets no limit."""
    import pandas as pd

    with pd.option_context("display.unicode.east_asian_width", True):
        text = str(frame.to_string(index=False, na_rep=""))
        if width is None or max(map(cells, text.split("\n"))) <= width:
            return text
        columns = [_printed(frame.iloc[:, place]) for place in range(frame.shape[1])]
        names = [place for place, column in enumerate(columns) if not _are_numbers(column[1:])]
        room = _room(columns, names, width)
        if room is None:
            return str(frame.to_string(index=False, na_rep="", line_width=width))
    wrapped = [
        [wrapped_cell(cell, room[place]) if place in room else [cell] for cell in column]
        for place, column in enumerate(columns)
    ]
    sizes = [max(cells(line) for cell in column for line in cell) for column in wrapped]
    return "\n".join(
        line for row in zip(*wrapped, strict=True) for line in _lines(row, sizes, set(names))
    )


def cells(text: str) -> int:
    """Return the width of a text on a terminal; East Asian wide characters count twice."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)


def wrapped_cell(text: str, width: int) -> list[str]:
    """Break a list of names into lines, after ``+`` and commas, and within longer names."""
    lines = [""]
    for part in re.findall(r"[^+,]*(?:[+,] ?)?", text):
        if lines[-1] and cells(lines[-1] + part.rstrip()) > width:
            lines.append("")
        for character in part:
            if cells(lines[-1] + character) > width and not character.isspace():
                lines.append("")
            lines[-1] += character
    return [line.rstrip() for line in lines]


def _printed(column: pd.Series) -> list[str]:
    """Return the header and the cells of a column as text, formatted as pandas does."""
    from pandas.api.types import is_numeric_dtype

    head = str(column.name).rstrip()
    if not is_numeric_dtype(column.dtype):
        return [head, *("" if c is None or c != c else str(c).rstrip() for c in column)]
    text = column.to_frame().to_string(index=False, header=False, na_rep="")
    return [head, *(cell.strip() for cell in text.split("\n"))]


def _are_numbers(texts: list[str]) -> bool:
    """Return whether all cells are numbers or percentages."""
    return all(re.fullmatch(r"[-+\d.,e%]*|inf|nan", text) for text in texts)


def _room(columns: list[list[str]], names: list[int], width: int) -> dict[int, int] | None:
    """Return the width of each column of names; None if the terminal is too narrow for them."""
    sizes = [max(map(cells, column)) for column in columns]
    left = width - (len(sizes) - 1) - sum(s for p, s in enumerate(sizes) if p not in names)
    room = {}
    for done, place in enumerate(sorted(names, key=sizes.__getitem__)):
        room[place] = min(sizes[place], left // (len(names) - done))
        left -= room[place]
        if room[place] < min(LEAST_WIDTH, sizes[place]):
            return None
    return room if names else None


def _lines(row: tuple[list[str], ...], sizes: list[int], names: set[int]) -> list[str]:
    """Return the lines of one row of cells, names aligned left and numbers right."""
    lines = []
    for number in range(max(map(len, row))):
        parts = []
        for place, (cell, size) in enumerate(zip(row, sizes, strict=True)):
            text = cell[number] if number < len(cell) else ""
            blank = " " * (size - cells(text))
            parts.append(text + blank if place in names else blank + text)
        lines.append(" ".join(parts).rstrip())
    return lines
