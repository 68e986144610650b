"""Patterns of cloth, wallpaper, plants and pictures; distant surfaces show the mean color."""

from __future__ import annotations

import numpy as np

from encoders.scenes.appearance.noise import (
    fade,
    faded_noise,
    fractal_noise,
    lattice_hash,
    square_wave,
    value_noise,
)
from encoders.scenes.appearance.pattern_points import (
    PatternPoints,
    mix,
    scale_colors,
    vary_brightness,
)
from taskgraph.arrays import AnyFloats


def _cloth(p: PatternPoints, color: AnyFloats) -> AnyFloats:
    """Add the slight unevenness of woven threads, 3 mm apart."""
    x, y = p.u / np.float32(0.003), p.v / np.float32(0.003)
    threads = faded_noise(x, y, p.footprint / np.float32(0.003), p.seed)
    return vary_brightness(color, threads, 0.15)


def _disc(x: AnyFloats, y: AnyFloats, radius: float, width: AnyFloats) -> AnyFloats:
    """Return the share of each footprint inside discs of ``radius`` in the middle of unit cells."""
    dx, dy = x - np.floor(x) - np.float32(0.5), y - np.floor(y) - np.float32(0.5)
    edge = np.maximum(width, 0.02)
    inside = np.clip((radius - np.sqrt(dx * dx + dy * dy)) / edge + np.float32(0.5), 0, 1)
    return fade(inside, width, np.pi * radius**2)


def stripes(p: PatternPoints) -> AnyFloats:
    """Return vertical stripes, half a period each, with a thin line between them."""
    band = square_wave(p.x, 0.5, p.width)
    line = square_wave(p.x + 0.02, 0.04, p.width)
    color = mix(p.colors[0], p.colors[1], band)
    return scale_colors(color, 1 - 0.12 * line)


def motif(p: PatternPoints) -> AnyFloats:
    """Return wallpaper: lozenges in staggered rows, with a dot in each."""
    a, b = p.x + p.y / 2, p.x - p.y / 2
    line = 1 - (1 - square_wave(a, 0.12, p.width)) * (1 - square_wave(b, 0.12, p.width))
    dot = _disc(a - 0.06, b - 0.06, 0.16, p.width)
    return mix(p.colors[0], p.colors[1], np.clip(line + 0.8 * dot, 0, 1))


def dots(p: PatternPoints) -> AnyFloats:
    """Return polka dots."""
    return mix(_cloth(p, p.colors[0]), p.colors[1], _disc(p.x, p.y, 0.28, p.width))


def weave(p: PatternPoints) -> AnyFloats:
    """Return woven cloth of two yarns, with broad signs of wear."""
    over = (2 * square_wave(p.x, 0.5, p.width) - 1) * (2 * square_wave(p.y, 0.5, p.width) - 1)
    wear = fractal_noise(p.u * 6, p.v * 6, p.footprint * 6, p.seed, octaves=2)
    color = mix(p.colors[0], p.colors[1], np.float32(0.5) + np.float32(0.5) * over)
    return vary_brightness(color, wear, 0.08)


def plaid(p: PatternPoints) -> AnyFloats:
    """Return broad bands in both directions, and a fine line of the third color."""
    bands = (square_wave(p.x, 0.5, p.width) + square_wave(p.y, 0.5, p.width)) / 2
    line = (square_wave(p.x + 0.25, 0.08, p.width) + square_wave(p.y + 0.25, 0.08, p.width)) / 2
    return _cloth(p, mix(mix(p.colors[0], p.colors[1], bands), p.colors[2], line))


def pile(p: PatternPoints) -> AnyFloats:
    """Return carpet: tufts one period wide, and broad signs of wear."""
    tufts = faded_noise(p.x, p.y, p.width, p.seed)
    wear = fractal_noise(p.u * 2, p.v * 2, p.footprint * 2, p.seed + np.uint32(3), octaves=2)
    return vary_brightness(mix(p.colors[0], p.colors[1], tufts), wear, 0.12)


def rug(p: PatternPoints) -> AnyFloats:
    """Return a rug: nested lozenges between broad bands, in three colors."""
    x, y = np.abs(2 * (p.x - np.floor(p.x)) - 1), np.abs(2 * (p.y - np.floor(p.y)) - 1)
    rings = square_wave(1.5 * (x + y), 0.5, 3 * p.width)
    band = square_wave(p.y, 0.2, p.width)
    color = mix(mix(p.colors[0], p.colors[1], fade(rings, 2 * p.width)), p.colors[2], band)
    tufts = faded_noise(p.u * 150, p.v * 150, p.footprint * 150, p.seed)
    return vary_brightness(color, tufts, 0.15)


def folds(p: PatternPoints) -> AnyFloats:
    """Return hanging cloth: a soft vertical fold each period, and a broad stripe every four."""
    wave = np.sin(np.float32(2 * np.pi) * (p.x + value_noise(p.x, p.y / 8, p.seed)))
    shade = fade(np.float32(0.5) + np.float32(0.5) * wave, p.width)
    color = mix(p.colors[0], p.colors[1], square_wave(p.x / 4, 0.25, p.width / 4))
    return vary_brightness(color, shade, 0.25)


def leaf(p: PatternPoints) -> AnyFloats:
    """Return foliage: patches of two greens."""
    return mix(p.colors[0], p.colors[1], fractal_noise(p.x, p.y, p.width, p.seed, octaves=2))


def soil(p: PatternPoints) -> AnyFloats:
    """Return soil: crumbs of two colors."""
    return mix(p.colors[0], p.colors[1], fractal_noise(p.x, p.y, p.width, p.seed, octaves=3))


def landscape(p: PatternPoints) -> AnyFloats:
    """Return a painted landscape: sky over hills over a meadow, with brush strokes.

    The second period is sky only; the landscape repeats every two periods.
    """
    brush = fractal_noise(14 * p.x, 14 * p.y, 14 * p.width, p.seed, octaves=2) - np.float32(0.5)
    y = 2 * (p.y / 2 - np.floor(p.y / 2)) + np.float32(0.12) * brush
    hills = np.float32(0.5) + np.float32(0.25) * (value_noise(3 * p.x, p.x * 0, p.seed) - 0.5)
    bank = np.float32(0.28) + np.float32(0.2) * (value_noise(2 * p.x, p.x * 0, p.seed + 1) - 0.5)
    rise = fade(np.clip(2 * y - 1, 0, 1), p.width, 1.25 / 1.5)
    # In two periods, 0.28 are meadow, and 0.5 lie below the skyline.
    hill = fade((y < hills).astype(np.float32), p.width, (0.5 - 0.28) / (2 - 0.28))
    color = mix(mix(p.colors[0], p.colors[1], rise), p.colors[2], hill)
    low = (y > 0.66) & (y < 1)
    sun = _disc(p.x + lattice_hash(0 * p.x, 0 * p.x, p.seed), y - 0.33, 0.1, p.width)
    color = mix(color, p.colors[4], np.where(low | (p.width > 1), sun, 0))
    return mix(color, p.colors[3], fade((y < bank).astype(np.float32), p.width, 0.14))


def blocks(p: PatternPoints) -> AnyFloats:
    """Return an abstract painting: rectangles of five colors between dark bars."""
    x = p.x + np.float32(0.25) * lattice_hash(np.floor(2 * p.y), 0 * p.y, p.seed)
    column, row = np.floor(3 * x), np.floor(2 * p.y)
    rows = np.minimum((5 * lattice_hash(column, row, p.seed)).astype(np.intp), 4)
    columns = np.arange(len(rows)) if p.colors.shape[1] > 1 else 0
    bar = 1 - (1 - square_wave(3 * x, 0.08, 3 * p.width)) * (
        1 - square_wave(2 * p.y, 0.05, 2 * p.width)
    )
    every = p.colors.mean(0)
    near = fade(np.ones_like(bar), 2 * p.width, 0.0)
    return scale_colors(mix(every, p.colors[rows, columns], near), 1 - 0.8 * bar)


def page(p: PatternPoints) -> AnyFloats:
    """Return a screen that shows a page: a bright ground, lines of text and colored windows."""
    line = square_wave(8 * p.y, 0.45, 8 * p.width) * square_wave(p.x, 0.7, p.width)
    pane = lattice_hash(np.floor(2 * p.x), np.floor(3 * p.y), p.seed)
    pane = fade((pane > 0.7).astype(np.float32), 3 * p.width, 0.3)
    return mix(mix(p.colors[0], p.colors[1], line * np.float32(0.6)), p.colors[2], pane)
