"""Hashes, value noise and square waves averaged over a pixel: what patterns are made of.

Everything comes from a 32-bit integer hash of lattice points (the finaliser of MurmurHash3 over a
linear mix of the coordinates), so it is the same on every platform. All arrays are (N,), single
precision; ``width`` is a pixel's footprint in the period of what it is asked for.
"""

from __future__ import annotations

import numpy as np

from taskgraph.arrays import AnyFloats, Seeds

_ACROSS, _UP, _SEED = np.uint32(0x8DA6B343), np.uint32(0xD8163841), np.uint32(0xCB1AB31F)
_UNIT = np.float32(2.0**-24)


def _finished(mixed: Seeds) -> AnyFloats:
    """Uniform numbers in [0, 1) from mixed integers, which are overwritten."""
    mixed ^= mixed >> np.uint32(16)
    mixed *= np.uint32(0x85EBCA6B)
    mixed ^= mixed >> np.uint32(13)
    mixed *= np.uint32(0xC2B2AE35)
    mixed ^= mixed >> np.uint32(16)
    return (mixed >> np.uint32(8)).astype(np.float32) * _UNIT


def _lattice(coordinate: AnyFloats, factor: np.uint32) -> Seeds:
    return coordinate.astype(np.int32).view(np.uint32) * factor


def hashed(x: AnyFloats, y: AnyFloats, seed: Seeds) -> AnyFloats:
    """A number in [0, 1) for each lattice cell: ``x`` and ``y`` hold whole numbers."""
    return _finished(
        (_lattice(np.asarray(x, np.float32), _ACROSS) ^ _lattice(np.asarray(y, np.float32), _UP))
        + seed * _SEED
    )


def value_noise(x: AnyFloats, y: AnyFloats, seed: Seeds) -> AnyFloats:
    """Smooth noise in [0, 1) of mean 1/2 whose bumps are about one unit apart.

    Uniform values at the whole points, blended with the weights 3 t^2 - 2 t^3.
    """
    left, low = np.floor(x), np.floor(y)
    s, t = x - left, y - low
    s, t = s * s * (3 - 2 * s), t * t * (3 - 2 * t)
    column, row = _lattice(left, _ACROSS), _lattice(low, _UP)
    column2, row2 = column + _ACROSS, row + _UP
    salt = seed * _SEED
    below = _finished((column ^ row) + salt)
    below += s * (_finished((column2 ^ row) + salt) - below)
    above = _finished((column ^ row2) + salt)
    above += s * (_finished((column2 ^ row2) + salt) - above)
    below += t * (above - below)
    return below


def fade(value: AnyFloats, width: AnyFloats, mean: float = 0.5) -> AnyFloats:
    """``value`` where a pixel is well below half a period, its ``mean`` where above one."""
    keep = np.clip(2 - 2 * width, 0, 1)
    return np.float32(mean) + keep * (value - np.float32(mean))


def faded_noise(x: AnyFloats, y: AnyFloats, width: AnyFloats, seed: Seeds) -> AnyFloats:
    """`value_noise` after `fade`; computed only where it does not fade away."""
    near = width < 1
    if near.all():
        return fade(value_noise(x, y, seed), width)
    result: AnyFloats = np.full(near.shape, 0.5, dtype=np.float32)
    rows = np.flatnonzero(near)
    if len(rows):
        salt = seed.take(rows) if len(seed) > 1 else seed
        result[rows] = fade(value_noise(x.take(rows), y.take(rows), salt), width.take(rows))
    return result


def fractal(
    x: AnyFloats, y: AnyFloats, width: AnyFloats, seed: Seeds, *, octaves: int
) -> AnyFloats:
    """Noise summed over octaves, each twice as fine and half as strong; in [0, 1), mean 1/2."""
    total: AnyFloats = np.full(np.shape(x), 0.5, dtype=np.float32)
    weight = 1 / (2 - 2 ** (1 - octaves))
    for octave in range(octaves):
        fine = np.float32(2**octave)
        noise = faded_noise(x * fine, y * fine, width * fine, seed + np.uint32(31 * octave))
        total += np.float32(weight) * (noise - np.float32(0.5))
        weight /= 2
    return total


def pulse(x: AnyFloats, duty: float, width: AnyFloats) -> AnyFloats:
    """Square wave of period 1 that is 1 on [0, duty), averaged over ``width`` around ``x``.

    Exact: the difference of the wave's integral at both ends of the interval, divided by its
    length; where the width is 8 or more, ``duty`` itself.
    """
    width = np.clip(width, 1e-3, 8)
    middle = x - np.floor(x)
    start, end = middle - width / 2, middle + width / 2
    whole_start, whole_end = np.floor(start), np.floor(end)
    area = (whole_end - whole_start) * np.float32(duty)
    area += np.minimum(end - whole_end, np.float32(duty))
    area -= np.minimum(start - whole_start, np.float32(duty))
    share: AnyFloats = area / width
    return share
