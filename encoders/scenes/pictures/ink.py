"""The drawn look: areas of flat poster color with inked outlines."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from encoders.scenes.raycast import Hits
from taskgraph.arrays import AnyFloats, Booleans

INK = np.array([0.012, 0.010, 0.016], dtype=np.float32)
"""Linear light of the outlines."""

_STEPS = np.array([0.62, 0.82, 1.0], dtype=np.float32)  # sides, fronts, tops
_BENT = np.cos(np.deg2rad(40))  # normals further apart than this make an edge
_BEHIND = 0.06  # as does a step in depth of more than this share of it


def filled(albedo: AnyFloats, normal: AnyFloats) -> AnyFloats:
    """Each color in one of three steps of brightness, by where its surface faces.

    Surfaces that face up or down are brightest; upright ones are darker the more they face
    along x than along y, so that the corners of a room show.
    """
    across, along, up = np.abs(normal.T)
    step = np.where(up > 0.6, 2, np.where(along > across, 1, 0))
    return albedo * _STEPS[step][:, None]


def outlines(hits: Hits, size: int, *, width: int = 1) -> Booleans:
    """Where another instance, another face or a step in depth begins, ``width`` samples wide.

    A line is drawn on the nearer side only, so that it does not thicken what it outlines.

    Returns
    -------
    (size, size) boolean array
    """
    instance = hits.instance.reshape(size, size)
    normal = hits.normal.reshape(size, size, 3).astype(np.float32)
    depth = np.where(hits.valid, hits.distance, 1e3).reshape(size, size).astype(np.float32)
    known = hits.valid.reshape(size, size)
    ink = np.zeros((size, size), dtype=bool)
    for axis in (0, 1):
        here = (slice(None),) * axis + (slice(None, -1),)
        there = (slice(None),) * axis + (slice(1, None),)
        first, second = depth[here], depth[there]
        bent = np.einsum("...i,...i", normal[here], normal[there]) < _BENT
        behind = np.abs(first - second) > _BEHIND * np.minimum(first, second)
        edge = (instance[here] != instance[there]) | (known[here] & (bent | behind))
        ink[here] |= edge & (first <= second)
        ink[there] |= edge & (first > second)
    return thickened(ink, width)


def thickened(ink: Booleans, width: int) -> Booleans:
    """Lines of one sample made ``width`` samples wide."""
    return ndimage.binary_dilation(ink, np.ones((width, width), dtype=bool)) if width > 1 else ink
