"""Patterns of what rooms are built of: paint, wood, tiles, brick, concrete and stone.

Each is a mean plus terms of mean zero, and each term dies away where the footprint of a pixel
outgrows the term's own period: from afar a pattern is its mean color and not a moiré.
"""

from __future__ import annotations

import numpy as np

from encoders.scenes.appearance.noise import fade, faded_noise, fractal, hashed, pulse, value_noise
from encoders.scenes.appearance.place import Place, mix, scaled, toned
from taskgraph.arrays import AnyFloats, Seeds


def plain(p: Place) -> AnyFloats:
    """One color, with the faint unevenness of a painted surface."""
    return toned(p.colors[0], fractal(p.x, p.y, p.width, p.seed, octaves=1), 0.03)


def flat(p: Place) -> AnyFloats:
    """One color and nothing else."""
    return np.broadcast_to(p.colors[0], (len(p.u), 3))


def plaster(p: Place) -> AnyFloats:
    """Wall paint: broad mottling and a fine roller texture."""
    broad = fractal(p.x, p.y, p.width, p.seed, octaves=2)
    fine = faded_noise(60 * p.x, 60 * p.y, 60 * p.width, p.seed)
    return toned(toned(p.colors[0], broad, 0.06), fine, 0.03)


def _grain(along: AnyFloats, across: AnyFloats, width: AnyFloats, seed: Seeds) -> AnyFloats:
    """Wood's figure in [0, 1]: rings drawn out along the grain, and fine pores."""
    bend = value_noise(along * 0.6, across * 1.5, seed)
    rings = np.float32(0.5) + np.float32(0.5) * np.sin(
        np.float32(2 * np.pi) * (across * 4 + 3 * bend)
    )
    pores = faded_noise(along * 3, across * 45, 30 * width, seed + np.uint32(7))
    broad = faded_noise(along * 0.5, across * 6, 5 * width, seed + np.uint32(9))
    figure: AnyFloats = 0.35 * fade(rings, 7 * width) + 0.35 * pores + 0.3 * broad
    return figure


def wood(p: Place) -> AnyFloats:
    """Solid wood: the grain runs upright on upright faces, along the width on level ones."""
    along = np.where(p.level, p.x, p.y)
    across = np.where(p.level, p.y, p.x)
    return mix(p.colors[0], p.colors[1], _grain(along, across, p.width, p.seed))


def planks(p: Place) -> AnyFloats:
    """Floor boards along u: one period wide, nine long, joints staggered, each of its own tone."""
    row = np.floor(p.y)
    shift = hashed(row, row * 0, p.seed)
    length = p.x / 9 + shift
    board = np.floor(length)
    tone = fade(hashed(board, row, p.seed + np.uint32(1)), 0.7 * p.width)
    twist = p.seed + np.uint32(2)
    grain = _grain(p.x * 0.4 + 13 * shift, p.y, p.width, twist)
    color = toned(mix(p.colors[0], p.colors[1], grain), tone, 0.22)
    gap = 1 - (1 - pulse(p.y, 0.035, p.width)) * (1 - pulse(length, 0.004, p.width / 9))
    return scaled(color, 1 - 0.6 * gap)


def parquet(p: Place) -> AnyFloats:
    """Squares of five staves, laid across each other in turn."""
    column, row = np.floor(p.x), np.floor(p.y)
    turned = np.mod(column + row, 2) > 0.5
    along = np.where(turned, p.x, p.y)
    across = 5 * np.where(turned, p.y, p.x)
    stave = np.floor(across)
    tone = fade(hashed(stave + 5 * row, column * 7 + stave, p.seed), 3 * p.width)
    grain = _grain(along * 0.5 + 5 * tone, across, 5 * p.width, p.seed)
    color = toned(mix(p.colors[0], p.colors[1], grain), tone, 0.2)
    # The two ways of laying catch the light differently.
    sheen = fade(turned.astype(np.float32), p.width)
    return scaled(toned(color, sheen, 0.06), 1 - 0.5 * pulse(across, 0.06, 5 * p.width))


def _grout(p: Place, joint: float) -> AnyFloats:
    """Share of each footprint that lies in the joints of a square grid."""
    clear: AnyFloats = (1 - pulse(p.x, joint, p.width)) * (1 - pulse(p.y, joint, p.width))
    return 1 - clear


def tile(p: Place) -> AnyFloats:
    """Square tiles of slightly different tones in a grid of grout."""
    tone = fade(hashed(np.floor(p.x), np.floor(p.y), p.seed), p.width)
    cloud = fractal(2 * p.x, 2 * p.y, 2 * p.width, p.seed, octaves=2)
    color = toned(toned(p.colors[0], tone, 0.08), cloud, 0.04)
    return mix(color, p.colors[1], _grout(p, 0.03))


def checker(p: Place) -> AnyFloats:
    """Tiles of two colors in turn, with grout of the third."""
    # The product of two zero-mean square waves, each averaged over the footprint.
    odd = (2 * pulse(p.x / 2, 0.5, p.width / 2) - 1) * (2 * pulse(p.y / 2, 0.5, p.width / 2) - 1)
    color = mix(p.colors[0], p.colors[1], np.float32(0.5) + np.float32(0.5) * odd)
    tone = fade(hashed(np.floor(p.x), np.floor(p.y), p.seed), p.width)
    return mix(toned(color, tone, 0.06), p.colors[2], _grout(p, 0.02))


def subway(p: Place) -> AnyFloats:
    """Wall tiles twice as wide as high, each row shifted by half a tile."""
    row = np.floor(p.y)
    x = p.x / 2 + 0.5 * np.mod(row, 2)
    tone = fade(hashed(np.floor(x), row, p.seed), p.width)
    clear = (1 - pulse(x, 0.025, p.width / 2)) * (1 - pulse(p.y, 0.05, p.width))
    return mix(toned(p.colors[0], tone, 0.05), p.colors[1], 1 - clear)


def brick(p: Place) -> AnyFloats:
    """Bricks three times as wide as high in mortar, each of its own tone, rough all over."""
    row = np.floor(p.y)
    x = p.x / 3 + 0.5 * np.mod(row, 2)
    tone = fade(hashed(np.floor(x), row, p.seed), p.width)
    rough = fractal(6 * p.x, 6 * p.y, 6 * p.width, p.seed, octaves=2)
    clear = (1 - pulse(x, 0.05, p.width / 3)) * (1 - pulse(p.y, 0.15, p.width))
    color = mix(p.colors[0], p.colors[1], tone)
    return toned(mix(p.colors[2], color, clear), rough, 0.25)


def concrete(p: Place) -> AnyFloats:
    """Cast concrete: clouds, pores, and the seams of its moulds one period apart."""
    cloud = fractal(1.5 * p.x, 1.5 * p.y, 1.5 * p.width, p.seed, octaves=3)
    pores = faded_noise(70 * p.x, 70 * p.y, 70 * p.width, p.seed)
    color = toned(mix(p.colors[0], p.colors[1], cloud), pores, 0.06)
    return scaled(color, 1 - 0.3 * _grout(p, 0.008))


def marble(p: Place) -> AnyFloats:
    """Stone in slabs one period wide: clouds, and veins along a bent field of lines."""
    bend = fractal(2 * p.x, 2 * p.y, 2 * p.width, p.seed, octaves=3)
    phase = 1.3 * p.x + 2.1 * p.y + 3 * bend
    vein = fade(pulse(phase, 0.06, np.maximum(3 * p.width, 0.03)), 3 * p.width, 0.06)
    cloud = fractal(4 * p.x, 4 * p.y, 4 * p.width, p.seed + np.uint32(5), octaves=2)
    color = mix(p.colors[0], p.colors[1], np.float32(0.7) * vein + np.float32(0.2) * cloud)
    return scaled(color, 1 - 0.3 * _grout(p, 0.006))


def terrazzo(p: Place) -> AnyFloats:
    """Stone chips of two colors in a ground of a third."""
    x, y = 40 * p.x, 40 * p.y
    chip = fade(hashed(np.floor(x), np.floor(y), p.seed), 40 * p.width)
    first = fade((chip > 0.86).astype(np.float32), 40 * p.width, 0.14)
    second = fade((chip < 0.14).astype(np.float32), 40 * p.width, 0.14)
    color = mix(p.colors[0], p.colors[1], first)
    color += scaled(p.colors[2] - p.colors[0], second)
    return color


def panels(p: Place) -> AnyFloats:
    """Upright boards one period wide with a groove between them."""
    groove = pulse(p.x, 0.06, p.width)
    tone = fade(hashed(np.floor(p.x), 0 * p.x, p.seed), p.width)
    return scaled(toned(p.colors[0], tone, 0.05), 1 - 0.35 * groove)
