"""Answers as text: the likeliest classes, or plain numbers."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from encoders.draw.canvas import Canvas
from taskgraph.arrays import Array

TOP = 3
"""Number of classes to name."""

LEAST = 0.005
"""Classes with a lower probability are not named: it would read 0 %."""

MATCHES = ("another point", "same point")
"""Names of the classes 0 and 1 of matching."""

BAR = (190, 214, 244)
"""Color of the bars."""


def draw_classes(canvas: Canvas, answer: Array) -> Image.Image:
    """Name the likeliest classes, each on a bar as long as its probability."""
    best = [int(k) for k in answer.argsort()[::-1][:TOP]]
    named = [(canvas.name(k), float(answer[k])) for k in best if answer[k] >= LEAST]
    return bars(named, canvas.tile)


def draw_match(canvas: Canvas, answer: Array) -> Image.Image:
    """Give the probabilities that both pictures show the same point, and that they do not."""
    order = (1, 0) if answer[1] >= answer[0] else (0, 1)
    return bars([(MATCHES[k], float(answer[k])) for k in order], canvas.tile)


def draw_numbers(canvas: Canvas, answer: Array) -> Image.Image:
    """Write the first twelve numbers in their units."""
    return text([f"{value:.3g}" for value in canvas.in_units(answer)[:12]], canvas.tile)


def bars(shares: Sequence[tuple[str, float]], tile: int) -> Image.Image:
    """Draw names with percentages on bars, one in each third of the tile, from the top."""
    paper = Image.new("RGB", (tile, tile), "white")
    drawing, step = ImageDraw.Draw(paper), tile / TOP
    font = _font([f"{name} 100 %" for name, _ in shares], tile - 8, tile)
    for k, (name, share) in enumerate(shares):
        top, bottom = int(k * step) + 3, int((k + 1) * step) - 3
        drawing.rectangle([0, top, max(0, round(share * tile) - 1), bottom], fill=BAR)
        middle = (top + bottom) / 2
        drawing.text((4, middle), name, "black", font, "lm")
        drawing.text((tile - 4, middle), f"{100 * share:.0f} %", "black", font, "rm")
    return paper


def text(rows: Sequence[str], tile: int) -> Image.Image:
    """Write lines of text into the middle of a tile."""
    paper = Image.new("RGB", (tile, tile), "white")
    font = _font(rows, tile - 8, tile / max(len(rows), 1) / 1.2)
    where = (tile / 2, tile / 2)
    ImageDraw.Draw(paper).multiline_text(where, "\n".join(rows), "black", font, "mm")
    return paper


def _font(rows: Sequence[str], width: float, height: float) -> ImageFont.FreeTypeFont:
    """Return the largest font in which each row fits, from 7 pixels to a tenth of the tile."""
    size = max(11, round(width / 10))
    while True:
        font = ImageFont.load_default(size=size)
        assert isinstance(font, ImageFont.FreeTypeFont)
        fits = size <= height and all(font.getlength(row) <= width for row in rows)
        if fits or size <= 7:
            return font
        size -= 1
