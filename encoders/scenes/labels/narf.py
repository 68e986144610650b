"""3D keypoints: the interest value of NARF, before non-maximum suppression.

After B. Steder, R. B. Rusu, K. Konolige, W. Burgard, "Point feature extraction on 3D range scans
taking into account object boundaries", ICRA 2011, section IV. A keypoint should lie on a stable
patch of surface, near which the surface changes in different directions: close to a corner, not
on it, and not along an edge. The docstring of each step names its differences from the paper. One
difference is common to all: this range image has no noise, so it is smoothed only at the end.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator

import numpy as np

from encoders.scenes.labels.bits import pack, shift, unpack
from encoders.scenes.labels.raycast_view import RaycastView
from encoders.scenes.labels.scan import Scan
from encoders.scenes.labels.surface_change import (
    ANGLES,
    LEAST_PIXELS,
    PATCH,
    SUPPORT,
    SurfaceChanges,
    surface_changes,
)
from taskgraph.arrays import Floats, Indices

WIDEST = 8
"""Neighbors are at most one eighth of the picture's width away."""

STEP = 0.1
"""Least jump in depth of a border, as a share of `SUPPORT`."""


BLOCK = 1 << 21
"""Number of pairs of points that are processed together; it bounds the memory."""


def keypoints3d(view: RaycastView) -> Floats:
    """Return NARF's interest value I = I1 I2 of each pixel, in [0, 1], (H, W).

    It is zero in flat surroundings, on the far side of borders (which moves with the viewpoint)
    and without a surface. The support sigma is `SUPPORT`, or `LEAST_PIXELS`
    pixels where the surface is so far away that these are wider. At the end, the values are
    smoothed with the kernel (1, 2, 1) / 4 both ways, as the paper smooths them before it looks
    for maxima.
    """
    scan = Scan.of(view, jump=STEP * SUPPORT, margin=max(PATCH, view.size // WIDEST))
    seen, margin = np.isfinite(scan.depth), scan.margin
    scale = 2 * np.tan(view.camera.fov / 2) / view.size  # meters a pixel, one meter away
    support = np.maximum(SUPPORT, LEAST_PIXELS * scale * np.where(seen, scan.depth, 1.0))
    support = scan.places(support, fill=1.0)
    interest = _interest(scan, surface_changes(scan, support, scale), support)
    inner = interest.reshape(-1, scan.stride)[margin:-margin, margin:-margin]
    return _smoothed(np.where(seen & ~scan.shadow, inner, 0.0))


def _interest(scan: Scan, changes: SurfaceChanges, support: Floats) -> Floats:
    """Compute I = I1 I2 of every point p, at the P places of a map (section IV-B).

    Over the points n (p too) that are connected to p and nearer than half the support sigma, with
    d = |p - n|, w their weights and a their directions:

        I1(p) = min over n of 1 - w_n max(1 - 10 d / sigma, 0)                       (eq. 6)
        f(n)  = sqrt(w_n (1 - |2 d / sigma - 1/2|))                                  (eq. 7)
        I2(p) = max over pairs of f(n) f(m) (1 - |cos(a_n - a_m)|)                   (eq. 8)

    The angles are those of axes (a direction and its opposite are the same), so that the last
    factor is 1 for axes at right angles. They are put into 16 bins, of each of which only the best
    point is kept; the authors' own program does the same with 18.
    """
    x, y, z = scan.places(scan.points)
    calm, best = np.ones(support.size), np.zeros(ANGLES * support.size)
    for n, p in _neighbors(scan, changes.extent):
        d = (x.take(p) - x.take(n)) ** 2
        d += (y.take(p) - y.take(n)) ** 2
        d += (z.take(p) - z.take(n)) ** 2
        d = np.sqrt(d, out=d) / support.take(p)
        held = np.flatnonzero(d <= 0.5)
        n, p, d = n.take(held), p.take(held), d.take(held)
        weight = changes.weight.take(n)
        value = np.sqrt(weight * (1 - np.abs(2 * d - 0.5)))
        np.maximum.at(best, changes.bin.take(n) * support.size + p, value)
        near = np.flatnonzero(d < 0.1)
        np.minimum.at(calm, p.take(near), 1 - weight.take(near) * (1 - 10 * d.take(near)))
    return np.asarray(calm * _best_pairs(best.reshape(ANGLES, -1)))


def _neighbors(scan: Scan, extent: Floats) -> Iterator[tuple[Indices, Indices]]:
    """Yield blocks of pairs (n, p): places with a surface change, and pixels connected to them.

    ``extent`` (P,) is the largest distance of a place's neighbors, pixels. Pixels at the far
    side of borders are left out.
    """
    wanted, waiting = pack(scan.places(~scan.shadow)), []
    wide = functools.cache(lambda length: pack(extent >= length))
    for offsets, reached in scan.rings(min(scan.margin, extent.max(initial=0.0))):
        for offset, connected in zip(offsets, reached, strict=True):
            step = scan.step(offset)
            changing = shift(wide(math.hypot(*offset) or 1e-9), step)
            waiting.append((step, wanted & connected & changing))
            if len(waiting) * len(extent) > BLOCK:
                yield _pairs(waiting, len(extent))
                waiting = []
    yield _pairs(waiting, len(extent))


def _pairs(maps: list[tuple[int, int]], count: int) -> tuple[Indices, Indices]:
    """Return the places (n, p) with n a given step after p, for every true p of each map."""
    if not maps:
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    pairs = np.flatnonzero(unpack([bits for _, bits in maps], count))
    row, p = np.divmod(pairs, count)
    return np.array([step for step, _ in maps]).take(row) + p, p


def _best_pairs(best: Floats) -> Floats:
    """Return the (N,) largest f_i f_j (1 - |cos(a_i - a_j)|) over bins; ``best`` (A, N) is f."""
    result = np.zeros(best.shape[1])
    places = np.flatnonzero((best > 0).sum(0) > 1)
    held = best[:, places]
    twice = np.concatenate([held, held])
    largest = np.zeros(len(places))
    for turn in range(1, ANGLES // 2 + 1):
        product = (held * twice[turn : turn + ANGLES]).max(0)
        np.maximum(largest, (1 - np.cos(turn * np.pi / ANGLES)) * product, out=largest)
    result[places] = largest
    return result


def _smoothed(values: Floats) -> Floats:
    """Smooth a map with the kernel (1, 2, 1) / 4 along both axes; its edges are repeated."""
    wide = np.pad(values, 1, mode="edge")
    wide = (wide[:-2] + 2 * wide[1:-1] + wide[2:]) / 4
    return (wide[:, :-2] + 2 * wide[:, 1:-1] + wide[:, 2:]) / 4
