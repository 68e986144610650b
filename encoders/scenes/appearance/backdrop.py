"""What is seen, and what shines in, through a window: sky, ground, and the houses opposite."""

from __future__ import annotations

import numpy as np

from encoders.scenes.appearance.domains import Lighting
from encoders.scenes.appearance.noise import hashed, value_noise
from taskgraph.arrays import AnyFloats

_SALT = np.array([9176], dtype=np.uint32)
_HOUSE = 9.0  # houses a radian
_WINDOWS = 70.0  # windows a radian, both ways
_LIT = np.array([2.4, 1.5, 0.6], dtype=np.float32)  # a lit window, as a multiple of the lamp


def sky(directions: AnyFloats, lighting: Lighting) -> AnyFloats:
    """Radiance from (N, 3) unit directions: the horizon fades into the sky and the ground.

    It has no detail, so that one sample of it stands for its neighborhood.

    Returns
    -------
    (N, 3) array, linear light
    """
    height = directions[:, 2]
    steep = np.maximum(np.minimum(height / 0.5, 1), np.float32(1e-9))
    up = np.exp(np.float32(0.7) * np.log(steep))  # steep**0.7: numpy's powers are far slower
    down = np.clip(-height / 0.06, 0, 1)
    horizon, top, ground = (
        np.asarray(color, np.float32)[:, None]
        for color in (lighting.horizon, lighting.sky, lighting.ground)
    )
    light: AnyFloats = horizon + up * (top - horizon)  # (3, N)
    light += down * (ground - light)
    return light.T


def view(directions: AnyFloats, lighting: Lighting) -> AnyFloats:
    """Radiance from (N, 3) unit directions, with trees and houses in front of the `sky`.

    Returns
    -------
    (N, 3) array, linear light
    """
    light = sky(directions, lighting)
    around = np.arctan2(directions[:, 1], directions[:, 0]).astype(np.float32)
    rise = directions[:, 2].astype(np.float32)
    lot = around * np.float32(_HOUSE)
    roof = 0.03 + 0.17 * hashed(np.floor(lot), 0 * lot, _SALT)
    trees = 0.02 + 0.16 * value_noise(14 * around, 0 * around, _SALT)
    trees += 0.03 * value_noise(110 * around, 0 * around, _SALT)
    horizon = np.asarray(lighting.horizon, np.float32)
    wall = hashed(np.floor(lot), 0 * lot + 1, _SALT)[:, None]
    house = horizon * (0.3 + 0.3 * wall) * np.array([1.0, 0.92, 0.84], np.float32)
    light = np.where(((rise > 0) & (rise < roof))[:, None], house, light)
    shining = _windows(around, rise) * (rise < roof - 0.02) * (rise > 0.01)
    if lighting.lit_windows:
        column, row = np.floor(around * _WINDOWS), np.floor(rise * _WINDOWS)
        on = hashed(column, row, _SALT + np.uint32(2)) < lighting.lit_windows
        glow = _LIT * np.float32(np.mean(lighting.lamp) / 4)
        light = np.where((shining > 0)[:, None] & on[:, None], glow, light)
    else:
        light = light * (1 - 0.45 * shining)[:, None]
    green = horizon * np.array([0.22, 0.3, 0.16], np.float32)
    hidden = (rise > -0.05) & (rise < trees - 0.05)
    seen: AnyFloats = np.where(hidden[:, None], green, light).astype(np.float32)
    return seen


def _windows(around: AnyFloats, rise: AnyFloats) -> AnyFloats:
    """1 where a direction meets a window of the houses' regular grid, else 0."""
    x, y = around * np.float32(_WINDOWS), rise * np.float32(_WINDOWS)
    x, y = np.mod(x, 1.0), np.mod(y, 1.0)
    inside = (x > 0.3) & (x < 0.75) & (y > 0.25) & (y < 0.8)
    return np.asarray(inside, dtype=np.float32)
