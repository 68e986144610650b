"""Markdown for pages: tables, numbers, and wrapped paragraphs."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from taskgraph.tasks import split_sources

NOTHING = "–"
NOT_RECORDED = "not recorded"
WIDTH = 100


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of text; a column whose head ends in ``:`` is aligned to the right."""
    marks = ["--:" if head.endswith(":") else "--" for head in heads]
    lines = [_row([head.removesuffix(":") for head in heads]), f"|{'|'.join(marks)}|"]
    return "\n".join([*lines, *map(_row, rows)])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def number(value: Any, digits: int = 3) -> str:
    """Return a number with ``digits`` decimals; a dash for NaN."""
    return NOTHING if pd.isna(value) else f"{value:.{digits}f}"


def interval(low: Any, high: Any, digits: int = 3) -> str:
    """Return an interval as ``[low, high]``; a dash for NaN."""
    return NOTHING if pd.isna(low) else f"[{low:.{digits}f}, {high:.{digits}f}]"


def share(value: Any) -> str:
    """Return a share or p-value with three decimals, or four below 0.01; a dash for NaN."""
    if pd.isna(value):
        return NOTHING
    return f"{value:.4f}" if value < 0.01 else f"{value:.3f}"


def seconds(value: Any) -> str:
    """Return a duration in µs, ms, s, min or h, with three digits; a dash for NaN."""
    if pd.isna(value):
        return NOTHING
    for limit, factor, unit in ((1e-3, 1e6, "µs"), (1, 1e3, "ms"), (120, 1, "s")):
        if value < limit:
            return f"{value * factor:.3g} {unit}"
    return f"{value / 60:.3g} min" if value < 7200 else f"{value / 3600:.3g} h"


def commit_text(commit: str | None) -> str:
    """Return the first seven digits of a commit as code, or "not recorded" for None."""
    return f"`{commit[:7]}`" if commit else NOT_RECORDED


def names(joined: Any) -> str:
    """Return the joined names ``a+b`` as ``a, b``; a dash for none."""
    return NOTHING if pd.isna(joined) or not joined else ", ".join(split_sources(str(joined)))


def filled(text: str, *, width: int = WIDTH, indent: str = "") -> str:
    """Return a paragraph broken into lines; all lines but the first begin with ``indent``."""
    return textwrap.fill(
        text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def wrapped(page: str, *, width: int = WIDTH) -> str:
    """Return a page with wrapped paragraphs and lists; tables, headings and code are unchanged."""
    return "\n\n".join(_block(block, width) for block in page.split("\n\n"))


def _block(block: str, width: int) -> str:
    if block.startswith(("|", "#", "!", "```")):
        return block
    if block.startswith("- "):
        return "\n".join(filled(line, width=width, indent="  ") for line in block.splitlines())
    return filled(block, width=width)
