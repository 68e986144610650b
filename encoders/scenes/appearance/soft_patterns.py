"""Patterns of cloth, print, plants and pictures; from afar each is its mean color."""

from __future__ import annotations

import numpy as np

from encoders.scenes.appearance.noise import fade, faded_noise, fractal, hashed, pulse, value_noise
from encoders.scenes.appearance.place import Place, mix, scaled, toned
from taskgraph.arrays import AnyFloats


def _cloth(p: Place, color: AnyFloats) -> AnyFloats:
    """The slight unevenness of woven threads, 3 mm apart."""
    x, y = p.u / np.float32(0.003), p.v / np.float32(0.003)
    threads = faded_noise(x, y, p.footprint / np.float32(0.003), p.seed)
    return toned(color, threads, 0.15)


def _disc(x: AnyFloats, y: AnyFloats, radius: float, width: AnyFloats) -> AnyFloats:
    """Share of each footprint within discs of ``radius`` in the middle of unit cells."""
    dx, dy = x - np.floor(x) - np.float32(0.5), y - np.floor(y) - np.float32(0.5)
    edge = np.maximum(width, 0.02)
    inside = np.clip((radius - np.sqrt(dx * dx + dy * dy)) / edge + np.float32(0.5), 0, 1)
    return fade(inside, width, np.pi * radius**2)


def stripes(p: Place) -> AnyFloats:
    """Upright stripes, half a period each, with a hairline on the seam."""
    band = pulse(p.x, 0.5, p.width)
    line = pulse(p.x + 0.02, 0.04, p.width)
    color = mix(p.colors[0], p.colors[1], band)
    return scaled(color, 1 - 0.12 * line)


def motif(p: Place) -> AnyFloats:
    """Wallpaper: lozenges on a staggered lattice, a dot in each."""
    a, b = p.x + p.y / 2, p.x - p.y / 2
    line = 1 - (1 - pulse(a, 0.12, p.width)) * (1 - pulse(b, 0.12, p.width))
    dot = _disc(a - 0.06, b - 0.06, 0.16, p.width)
    return mix(p.colors[0], p.colors[1], np.clip(line + 0.8 * dot, 0, 1))


def dots(p: Place) -> AnyFloats:
    """Polka dots."""
    return mix(_cloth(p, p.colors[0]), p.colors[1], _disc(p.x, p.y, 0.28, p.width))


def weave(p: Place) -> AnyFloats:
    """Cloth of two yarns: threads under and over each other, and broad wear."""
    over = (2 * pulse(p.x, 0.5, p.width) - 1) * (2 * pulse(p.y, 0.5, p.width) - 1)
    wear = fractal(p.u * 6, p.v * 6, p.footprint * 6, p.seed, octaves=2)
    color = mix(p.colors[0], p.colors[1], np.float32(0.5) + np.float32(0.5) * over)
    return toned(color, wear, 0.08)


def plaid(p: Place) -> AnyFloats:
    """Broad bands both ways, and a fine line of the third color."""
    bands = (pulse(p.x, 0.5, p.width) + pulse(p.y, 0.5, p.width)) / 2
    line = (pulse(p.x + 0.25, 0.08, p.width) + pulse(p.y + 0.25, 0.08, p.width)) / 2
    return _cloth(p, mix(mix(p.colors[0], p.colors[1], bands), p.colors[2], line))


def pile(p: Place) -> AnyFloats:
    """Carpet: tufts one period wide, and broad marks of wear."""
    tufts = faded_noise(p.x, p.y, p.width, p.seed)
    wear = fractal(p.u * 2, p.v * 2, p.footprint * 2, p.seed + np.uint32(3), octaves=2)
    return toned(mix(p.colors[0], p.colors[1], tufts), wear, 0.12)


def rug(p: Place) -> AnyFloats:
    """Nested lozenges between broad bands, in three colors, on pile."""
    x, y = np.abs(2 * (p.x - np.floor(p.x)) - 1), np.abs(2 * (p.y - np.floor(p.y)) - 1)
    rings = pulse(1.5 * (x + y), 0.5, 3 * p.width)
    band = pulse(p.y, 0.2, p.width)
    color = mix(mix(p.colors[0], p.colors[1], fade(rings, 2 * p.width)), p.colors[2], band)
    tufts = faded_noise(p.u * 150, p.v * 150, p.footprint * 150, p.seed)
    return toned(color, tufts, 0.15)


def folds(p: Place) -> AnyFloats:
    """Hanging cloth: soft upright folds, one a period, and a broad stripe every four."""
    wave = np.sin(np.float32(2 * np.pi) * (p.x + value_noise(p.x, p.y / 8, p.seed)))
    shade = fade(np.float32(0.5) + np.float32(0.5) * wave, p.width)
    color = mix(p.colors[0], p.colors[1], pulse(p.x / 4, 0.25, p.width / 4))
    return toned(color, shade, 0.25)


def leaf(p: Place) -> AnyFloats:
    """Foliage: patches of two greens."""
    return mix(p.colors[0], p.colors[1], fractal(p.x, p.y, p.width, p.seed, octaves=2))


def soil(p: Place) -> AnyFloats:
    """Crumbs of two earth colors."""
    return mix(p.colors[0], p.colors[1], fractal(p.x, p.y, p.width, p.seed, octaves=3))


def landscape(p: Place) -> AnyFloats:
    """A painted country: sky over far hills over a meadow, brushed.

    Nothing but sky lies between one period and two; then it begins again.
    """
    brush = fractal(14 * p.x, 14 * p.y, 14 * p.width, p.seed, octaves=2) - np.float32(0.5)
    y = 2 * (p.y / 2 - np.floor(p.y / 2)) + np.float32(0.12) * brush
    hills = np.float32(0.5) + np.float32(0.25) * (value_noise(3 * p.x, p.x * 0, p.seed) - 0.5)
    bank = np.float32(0.28) + np.float32(0.2) * (value_noise(2 * p.x, p.x * 0, p.seed + 1) - 0.5)
    rise = fade(np.clip(2 * y - 1, 0, 1), p.width, 1.25 / 1.5)
    # Of two periods 0.28 are meadow, and 0.5 lie below the skyline.
    hill = fade((y < hills).astype(np.float32), p.width, (0.5 - 0.28) / (2 - 0.28))
    color = mix(mix(p.colors[0], p.colors[1], rise), p.colors[2], hill)
    low = (y > 0.66) & (y < 1)
    sun = _disc(p.x + hashed(0 * p.x, 0 * p.x, p.seed), y - 0.33, 0.1, p.width)
    color = mix(color, p.colors[4], np.where(low | (p.width > 1), sun, 0))
    return mix(color, p.colors[3], fade((y < bank).astype(np.float32), p.width, 0.14))


def blocks(p: Place) -> AnyFloats:
    """An abstract painting: rectangles of five colors between dark bars."""
    x = p.x + np.float32(0.25) * hashed(np.floor(2 * p.y), 0 * p.y, p.seed)
    column, row = np.floor(3 * x), np.floor(2 * p.y)
    rows = np.minimum((5 * hashed(column, row, p.seed)).astype(np.intp), 4)
    columns = np.arange(len(rows)) if p.colors.shape[1] > 1 else 0
    bar = 1 - (1 - pulse(3 * x, 0.08, 3 * p.width)) * (1 - pulse(2 * p.y, 0.05, 2 * p.width))
    every = p.colors.mean(0)
    near = fade(np.ones_like(bar), 2 * p.width, 0.0)
    return scaled(mix(every, p.colors[rows, columns], near), 1 - 0.8 * bar)


def page(p: Place) -> AnyFloats:
    """A screen that shows a page: a bright ground, lines of text and colored windows."""
    line = pulse(8 * p.y, 0.45, 8 * p.width) * pulse(p.x, 0.7, p.width)
    pane = hashed(np.floor(2 * p.x), np.floor(3 * p.y), p.seed)
    pane = fade((pane > 0.7).astype(np.float32), 3 * p.width, 0.3)
    return mix(mix(p.colors[0], p.colors[1], line * np.float32(0.6)), p.colors[2], pane)
