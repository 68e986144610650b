"""What the colors on a page mean, below it."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from taskgraph.arrays import Pixels

GAP, LINE, ENTRY = 6, 18, 22
"""Pixels around the legend, along a line of words, and along a line of colors."""


def with_colors(
    page: Image.Image,
    names: Sequence[str],
    colors: Pixels,
    *,
    notes: Sequence[str] = (),
) -> Image.Image:
    """A page with lines of words below, then a box of each color beside its name.

    Parameters
    ----------
    names : sequence of str
        In as few lines as the page's width allows.
    colors : (N, 3) array
        One a name; those that are left over are not drawn.
    notes : sequence of str
        A line each.
    """
    font = ImageFont.load_default(size=14)
    entries = [name.replace("_", " ") for name in names]
    width = 40 + max(int(font.getlength(name)) for name in entries)
    across = max(1, (page.width - 2 * GAP) // width)
    top = page.height + GAP + (LINE * len(notes) + 4 if notes else 0)
    whole = Image.new("RGB", (page.width, top + ENTRY * -(-len(entries) // across) - 2), "white")
    whole.paste(page)
    pencil = ImageDraw.Draw(whole)
    for k, text in enumerate(notes):
        pencil.text((GAP, page.height + 4 + LINE * k), text, "black", font)
    for k, (name, color) in enumerate(zip(entries, colors, strict=False)):
        x, y = GAP + k % across * width, top + k // across * ENTRY
        pencil.rectangle([x, y, x + 24, y + 14], fill=tuple(color.tolist()))
        pencil.text((x + 30, y - 1), name, "black", font)
    return whole
