"""Patterns of building materials: paint, wood, tiles, brick, concrete and stone.

Each pattern is its mean color plus terms of mean zero. A term fades to zero where a pixel covers
more than the term's period, so that distant surfaces show the mean color without aliasing.
"""

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
from taskgraph.arrays import AnyFloats, Seeds


def plain(p: PatternPoints) -> AnyFloats:
    """Return one color with the slight unevenness of a painted surface."""
    return vary_brightness(p.colors[0], fractal_noise(p.x, p.y, p.width, p.seed, octaves=1), 0.03)


def flat(p: PatternPoints) -> AnyFloats:
    """Return one uniform color."""
    return np.broadcast_to(p.colors[0], (len(p.u), 3))


def plaster(p: PatternPoints) -> AnyFloats:
    """Return wall paint: broad stains and a fine texture."""
    broad = fractal_noise(p.x, p.y, p.width, p.seed, octaves=2)
    fine = faded_noise(60 * p.x, 60 * p.y, 60 * p.width, p.seed)
    return vary_brightness(vary_brightness(p.colors[0], broad, 0.06), fine, 0.03)


def _grain(along: AnyFloats, across: AnyFloats, width: AnyFloats, seed: Seeds) -> AnyFloats:
    """Return the grain of wood in [0, 1]: rings stretched along the grain, and fine pores."""
    bend = value_noise(along * 0.6, across * 1.5, seed)
    rings = np.float32(0.5) + np.float32(0.5) * np.sin(
        np.float32(2 * np.pi) * (across * 4 + 3 * bend)
    )
    pores = faded_noise(along * 3, across * 45, 30 * width, seed + np.uint32(7))
    broad = faded_noise(along * 0.5, across * 6, 5 * width, seed + np.uint32(9))
    figure: AnyFloats = 0.35 * fade(rings, 7 * width) + 0.35 * pores + 0.3 * broad
    return figure


def wood(p: PatternPoints) -> AnyFloats:
    """Return solid wood; its grain is vertical on vertical faces, along u on level ones."""
    along = np.where(p.level, p.x, p.y)
    across = np.where(p.level, p.y, p.x)
    return mix(p.colors[0], p.colors[1], _grain(along, across, p.width, p.seed))


def planks(p: PatternPoints) -> AnyFloats:
    """Return floor boards along u, one period wide and nine long, with staggered joints."""
    row = np.floor(p.y)
    shift = lattice_hash(row, row * 0, p.seed)
    length = p.x / 9 + shift
    board = np.floor(length)
    tone = fade(lattice_hash(board, row, p.seed + np.uint32(1)), 0.7 * p.width)
    twist = p.seed + np.uint32(2)
    grain = _grain(p.x * 0.4 + 13 * shift, p.y, p.width, twist)
    color = vary_brightness(mix(p.colors[0], p.colors[1], grain), tone, 0.22)
    gap = 1 - (1 - square_wave(p.y, 0.035, p.width)) * (1 - square_wave(length, 0.004, p.width / 9))
    return scale_colors(color, 1 - 0.6 * gap)


def parquet(p: PatternPoints) -> AnyFloats:
    """Return parquet: squares of five staves, in alternating directions."""
    column, row = np.floor(p.x), np.floor(p.y)
    turned = np.mod(column + row, 2) > 0.5
    along = np.where(turned, p.x, p.y)
    across = 5 * np.where(turned, p.y, p.x)
    stave = np.floor(across)
    tone = fade(lattice_hash(stave + 5 * row, column * 7 + stave, p.seed), 3 * p.width)
    grain = _grain(along * 0.5 + 5 * tone, across, 5 * p.width, p.seed)
    color = vary_brightness(mix(p.colors[0], p.colors[1], grain), tone, 0.2)
    # Staves of the two directions differ in brightness.
    sheen = fade(turned.astype(np.float32), p.width)
    return scale_colors(
        vary_brightness(color, sheen, 0.06), 1 - 0.5 * square_wave(across, 0.06, 5 * p.width)
    )


def _grout(p: PatternPoints, joint: float) -> AnyFloats:
    """Return the share of each footprint that lies in the joints of a square grid."""
    clear: AnyFloats = (1 - square_wave(p.x, joint, p.width)) * (
        1 - square_wave(p.y, joint, p.width)
    )
    return 1 - clear


def tile(p: PatternPoints) -> AnyFloats:
    """Return square tiles of slightly different tones in a grid of grout."""
    tone = fade(lattice_hash(np.floor(p.x), np.floor(p.y), p.seed), p.width)
    cloud = fractal_noise(2 * p.x, 2 * p.y, 2 * p.width, p.seed, octaves=2)
    color = vary_brightness(vary_brightness(p.colors[0], tone, 0.08), cloud, 0.04)
    return mix(color, p.colors[1], _grout(p, 0.03))


def checker(p: PatternPoints) -> AnyFloats:
    """Return a checkerboard of tiles of two colors, with grout of the third."""
    # The product of two zero-mean square waves, each averaged over the footprint.
    odd = (2 * square_wave(p.x / 2, 0.5, p.width / 2) - 1) * (
        2 * square_wave(p.y / 2, 0.5, p.width / 2) - 1
    )
    color = mix(p.colors[0], p.colors[1], np.float32(0.5) + np.float32(0.5) * odd)
    tone = fade(lattice_hash(np.floor(p.x), np.floor(p.y), p.seed), p.width)
    return mix(vary_brightness(color, tone, 0.06), p.colors[2], _grout(p, 0.02))


def subway(p: PatternPoints) -> AnyFloats:
    """Return wall tiles twice as wide as high, each row shifted by half a tile."""
    row = np.floor(p.y)
    x = p.x / 2 + 0.5 * np.mod(row, 2)
    tone = fade(lattice_hash(np.floor(x), row, p.seed), p.width)
    clear = (1 - square_wave(x, 0.025, p.width / 2)) * (1 - square_wave(p.y, 0.05, p.width))
    return mix(vary_brightness(p.colors[0], tone, 0.05), p.colors[1], 1 - clear)


def brick(p: PatternPoints) -> AnyFloats:
    """Return rough bricks of different tones in mortar, three times as wide as high."""
    row = np.floor(p.y)
    x = p.x / 3 + 0.5 * np.mod(row, 2)
    tone = fade(lattice_hash(np.floor(x), row, p.seed), p.width)
    rough = fractal_noise(6 * p.x, 6 * p.y, 6 * p.width, p.seed, octaves=2)
    clear = (1 - square_wave(x, 0.05, p.width / 3)) * (1 - square_wave(p.y, 0.15, p.width))
    color = mix(p.colors[0], p.colors[1], tone)
    return vary_brightness(mix(p.colors[2], color, clear), rough, 0.25)


def concrete(p: PatternPoints) -> AnyFloats:
    """Return cast concrete: stains, pores, and seams one period apart."""
    cloud = fractal_noise(1.5 * p.x, 1.5 * p.y, 1.5 * p.width, p.seed, octaves=3)
    pores = faded_noise(70 * p.x, 70 * p.y, 70 * p.width, p.seed)
    color = vary_brightness(mix(p.colors[0], p.colors[1], cloud), pores, 0.06)
    return scale_colors(color, 1 - 0.3 * _grout(p, 0.008))


def marble(p: PatternPoints) -> AnyFloats:
    """Return marble slabs one period wide, with stains and bent veins."""
    bend = fractal_noise(2 * p.x, 2 * p.y, 2 * p.width, p.seed, octaves=3)
    phase = 1.3 * p.x + 2.1 * p.y + 3 * bend
    vein = fade(square_wave(phase, 0.06, np.maximum(3 * p.width, 0.03)), 3 * p.width, 0.06)
    cloud = fractal_noise(4 * p.x, 4 * p.y, 4 * p.width, p.seed + np.uint32(5), octaves=2)
    color = mix(p.colors[0], p.colors[1], np.float32(0.7) * vein + np.float32(0.2) * cloud)
    return scale_colors(color, 1 - 0.3 * _grout(p, 0.006))


def terrazzo(p: PatternPoints) -> AnyFloats:
    """Return stone chips of two colors on a ground of a third."""
    x, y = 40 * p.x, 40 * p.y
    chip = fade(lattice_hash(np.floor(x), np.floor(y), p.seed), 40 * p.width)
    first = fade((chip > 0.86).astype(np.float32), 40 * p.width, 0.14)
    second = fade((chip < 0.14).astype(np.float32), 40 * p.width, 0.14)
    color = mix(p.colors[0], p.colors[1], first)
    color += scale_colors(p.colors[2] - p.colors[0], second)
    return color


def panels(p: PatternPoints) -> AnyFloats:
    """Return vertical boards one period wide with grooves between them."""
    groove = square_wave(p.x, 0.06, p.width)
    tone = fade(lattice_hash(np.floor(p.x), 0 * p.x, p.seed), p.width)
    return scale_colors(vary_brightness(p.colors[0], tone, 0.05), 1 - 0.35 * groove)
