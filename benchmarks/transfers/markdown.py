"""Tables and numbers as Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from taskgraph.tasks import split_sources

NOTHING = "–"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows of text under heads; a head that ends in ``:`` is aligned to the right."""
    marks = ["--:" if head.endswith(":") else "--" for head in heads]
    lines = [
        "| " + " | ".join(head.removesuffix(":") for head in heads) + " |",
        "|" + "|".join(marks) + "|",
    ]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def number(value: Any, digits: int = 3) -> str:
    """A number with so many decimals; a dash for none."""
    return NOTHING if pd.isna(value) else f"{value:.{digits}f}"


def interval(low: Any, high: Any, digits: int = 3) -> str:
    """``low–high`` in square brackets."""
    return NOTHING if pd.isna(low) else f"[{low:.{digits}f}, {high:.{digits}f}]"


def share(value: Any) -> str:
    """A p-value or a small share, never rounded to zero."""
    if pd.isna(value):
        return NOTHING
    return f"{value:.4f}" if value < 0.01 else f"{value:.3f}"


def seconds(value: Any) -> str:
    """A time in the unit that suits it."""
    if pd.isna(value):
        return NOTHING
    for limit, factor, unit in ((1e-3, 1e6, "µs"), (1, 1e3, "ms"), (120, 1, "s")):
        if value < limit:
            return f"{value * factor:.3g} {unit}"
    return f"{value / 60:.3g} min" if value < 7200 else f"{value / 3600:.3g} h"


def names(joined: Any) -> str:
    """``a+b`` as ``a, b``."""
    return NOTHING if pd.isna(joined) or not joined else ", ".join(split_sources(str(joined)))


def wrapped(page: str, *, width: int = 100) -> str:
    """Break the lines of paragraphs and lists; tables, headings, pictures and code stay."""
    blocks = page.split("\n\n")
    return "\n\n".join(_block(block, width) for block in blocks)


def _block(block: str, width: int) -> str:
    if block.startswith(("|", "#", "!", "```")):
        return block
    if block.startswith("- "):
        return "\n".join(_filled(line, width, "  ") for line in block.splitlines())
    return _filled(block, width, "")


def _filled(text: str, width: int, indent: str) -> str:
    return textwrap.fill(
        text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
