"""Legends below a page: what its colors mean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from encoders.draw.maps import FAR, NEAR, SEMANTIC_COLORS, depth_colors
from encoders.draw.tiles import UNSEEN, wrap_text

GAP, LINE, ENTRY = 6, 18, 22
"""Pixels around the legend, along a line of text, and along a line of colors."""

BOX, BAR = 24, 240
"""Widths of a class's box and of the depth scale, pixels."""

FONT_SIZE = 14

_FONT = ImageFont.load_default(size=FONT_SIZE)


def with_legend(
    page: Image.Image,
    *,
    classes: Sequence[str] = (),
    depth: bool = False,
    notes: Sequence[str] = (),
) -> Image.Image:
    """Add a legend below a page.

    Parameters
    ----------
    classes : sequence of str
        Names of the classes of semantic segmentation, the background first. Each is listed
        beside its color.
    depth : bool
        Whether to draw the scale of depths, in meters.
    notes : sequence of str
        Further explanations, wrapped to the page's width.
    """
    for note in notes:
        page = _with_note(page, note)
    if depth:
        page = _with_depth_scale(page)
    return _with_classes(page, classes) if classes else page


def _extended(
    page: Image.Image, height: int, least_width: int = 0
) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """Return the page with ``height`` white rows of pixels below it, and a drawing of it."""
    size = (max(page.width, least_width), page.height + height)
    longer = Image.new("RGB", size, "white")
    longer.paste(page)
    return longer, ImageDraw.Draw(longer)


def _with_note(page: Image.Image, note: str) -> Image.Image:
    lines = wrap_text(note, _FONT, page.width - 2 * GAP)
    longer, drawing = _extended(page, GAP + LINE * len(lines))
    drawing.multiline_text((GAP, page.height + GAP), "\n".join(lines), "black", _FONT)
    return longer


def _with_depth_scale(page: Image.Image) -> Image.Image:
    """Add a bar from `NEAR` to `FAR` meters on a logarithmic scale; each tick doubles the depth."""
    text, top = "Depth and distance, m", page.height + GAP
    left = GAP + round(_FONT.getlength(text)) + 3 * GAP
    longer, drawing = _extended(page, 2 * GAP + 2 * LINE, left + BAR + 2 * GAP)
    drawing.text((GAP, top), text, "black", _FONT)
    colors = depth_colors(np.geomspace(NEAR, FAR, BAR))
    longer.paste(Image.fromarray(np.repeat(colors[None], LINE, axis=0)), (left, top))
    ticks = NEAR * 2.0 ** np.arange(round(np.log2(FAR / NEAR)) + 1)
    for tick, x in zip(ticks, np.linspace(left, left + BAR, len(ticks)), strict=True):
        drawing.text((x, top + LINE + 2), f"{tick:g}", "black", _FONT, "ma")
    return longer


def _with_classes(page: Image.Image, names: Sequence[str]) -> Image.Image:
    """Add each class beside its color, and the color of pixels without a label."""
    entries = [
        (name.replace("_", " "), tuple(color.tolist()))
        for name, color in zip(names, SEMANTIC_COLORS, strict=False)
    ] + [("no label", UNSEEN)]
    width = BOX + 16 + max(int(_FONT.getlength(name)) for name, _ in entries)
    columns = max(1, (page.width - 2 * GAP) // width)
    longer, drawing = _extended(page, GAP + ENTRY * -(-len(entries) // columns))
    for k, (name, color) in enumerate(entries):
        x, y = GAP + k % columns * width, page.height + GAP + k // columns * ENTRY
        drawing.rectangle([x, y, x + BOX, y + 14], fill=color)
        drawing.text((x + BOX + GAP, y - 1), name, "black", _FONT)
    return longer
