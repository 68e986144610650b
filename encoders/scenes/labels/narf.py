"""3D keypoints: the interest value of NARF, before non-maximum suppression.

After B. Steder, R. B. Rusu, K. Konolige, W. Burgard, "Point feature extraction on 3D range scans
taking into account object boundaries", ICRA 2011, section IV. A keypoint should lie on a stable
patch of surface, near which the surface changes in different directions: close to a corner, not
on it, and not along an edge. Each step says where it departs from the paper. One departure is
common to all: this range image has no noise, so nothing is smoothed before the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoders.scenes.labels.scan import Scan
from encoders.scenes.labels.sight import Sight

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Indices = NDArray[np.intp]

SUPPORT = 0.3
"""Diameter (metres) of the ball whose surface changes decide about a point; the real data's."""

LEAST_PIXELS = 5.0
"""The support is at least this many pixels wide, so that far points have neighbours too."""

WIDEST = 8
"""Neighbours are sought up to one eighth of the picture's width away."""

STEP = 0.1
"""A jump in depth of this share of `SUPPORT` is a border; a smaller one is relief."""

PATCH = 2
"""Surface change is measured over (2 * 2 + 1)**2 pixels."""

LEAST_CHANGE = 0.2
"""Points whose surface changes less than this count as flat."""

ANGLES = 16
"""Bins for directions over half a turn; the middles of two are 0 and 90 degrees."""

BLOCK = 1 << 18
"""Pairs of points looked at in one go, to bound memory."""


def keypoints3d(sight: Sight) -> Floats:
    """NARF's interest value I = I1 I2 of each pixel, in [0, 1], (H, W).

    Zero where the surroundings are flat, on the far side of borders (which moves with the
    viewpoint) and where nothing is seen. The support sigma is `SUPPORT`, or `LEAST_PIXELS`
    pixels where the surface is so far away that these are wider. At the end, the values are
    smoothed with the kernel (1, 2, 1) / 4 both ways, as the paper smooths them before it looks
    for maxima.
    """
    scan = Scan.of(sight, jump=STEP * SUPPORT, margin=max(PATCH, sight.size // WIDEST))
    seen = np.isfinite(scan.depth)
    scale = 2 * np.tan(sight.camera.fov / 2) / sight.size  # metres a pixel, one metre away
    support = np.maximum(SUPPORT, LEAST_PIXELS * scale * np.where(seen, scan.depth, 1.0))
    interest = _interest(scan, _changes(scan, support, scale), support)
    return _smoothed(np.where(seen & ~scan.shadow, interest, 0.0))


@dataclass(frozen=True, eq=False)
class _Changes:
    """The M pixels where the surface changes, those with the widest reach first.

    Their rows and columns, weights in (0, 1], bins of direction, and how many pixels away a point
    may be that counts them among its neighbours.
    """

    row: Indices
    column: Indices
    weight: Floats
    bin: Indices
    extent: Floats


def _changes(scan: Scan, support: Floats, scale: float) -> _Changes:
    """Section IV-A: how much the surface changes at each point, and in which direction.

    The weight is 1 at obstacle borders, 0 at shadow borders, and 1 - (1 - s)**3 elsewhere, with s
    the square root of the largest eigenvalue of the covariance of the normals in the connected
    5 x 5 patch: 0 on a plane, 0.7 next to a right-angled edge. The direction is across the
    border, or the eigenvector (across the edge), as it appears in the picture. The paper projects
    it onto the plane that faces the sensor at the point of interest instead; within a support,
    which the picture shows a few degrees wide, the angles between directions are alike.

    ``support`` is sigma at each point, metres, (H, W); ``scale`` as for `_extent`.
    """
    spread = _spread(scan)
    weight, angle = np.zeros(scan.depth.shape), np.zeros(scan.depth.shape)
    uneven = spread[..., [0, 1, 2], [0, 1, 2]].sum(-1) > _variance(LEAST_CHANGE)
    place = np.nonzero(uneven & ~scan.front & ~scan.shadow)
    values, vectors = np.linalg.eigh(spread[place])
    weight[place] = 1 - (1 - np.sqrt(np.clip(values[:, 2], 0.0, 1.0))) ** 3
    angle[place] = _picture_angles(scan.points[place], vectors[:, :, 2])
    place = np.nonzero(scan.front & ~scan.shadow)
    weight[place], angle[place] = 1.0, _border_angles(scan, *place)
    row, column = np.nonzero(weight > LEAST_CHANGE)
    extent = _extent(scan.points[row, column], support[row, column], scale)
    order = np.argsort(-extent, kind="stable")
    row, column = row[order], column[order]
    turns = angle[row, column] / np.pi * ANGLES
    bins = np.floor(turns + 0.5).astype(np.intp) % ANGLES
    return _Changes(row, column, weight[row, column], bins, extent[order])


def _extent(points: Floats, support: Floats, scale: float) -> Floats:
    """How many pixels away another point may be whose half support reaches each of the points.

    A step v (metres) from depth z moves the projection by at most |v| slant / (z - |v|), with
    slant the ratio of distance and depth; ``scale`` is what a pixel takes of this plane. The
    other point may be the deeper one by v, and its support wider for that.
    """
    step = 0.5 * support / max(1 - 0.5 * LEAST_PIXELS * scale, 1e-3)
    depth = -points[:, 2]
    slant = np.sqrt((points**2).sum(1)) / depth
    pixels: Floats = step * slant / (np.maximum(depth - step, 1e-3) * scale)
    return pixels


def _variance(weight: float) -> float:
    """The eigenvalue of the normals' covariance that has this weight."""
    return float((1 - (1 - weight) ** (1 / 3)) ** 2)


def _spread(scan: Scan) -> Floats:
    """Covariance of the normals in each pixel's connected patch, (H, W, 3, 3)."""
    height, width = scan.depth.shape
    x, y, z = np.moveaxis(scan.normals, -1, 0)
    seen = np.isfinite(scan.depth).astype(float)
    moments = np.stack([seen, x, y, z, x * x, x * y, x * z, y * y, y * z, z * z])
    around = np.pad(moments, ((0, 0), (PATCH, PATCH), (PATCH, PATCH)))
    sums = np.zeros_like(moments)
    for offsets, reached in scan.rings(np.hypot(PATCH, PATCH)):
        for (i, j), connected in zip(offsets, reached, strict=True):
            here = around[:, PATCH + i : PATCH + i + height, PATCH + j : PATCH + j + width]
            sums += connected * here
    sums /= np.maximum(sums[0], 1.0)
    mean, squares = np.moveaxis(sums[1:4], 0, -1), np.moveaxis(sums[4:], 0, -1)
    spread: Floats = squares[..., [[0, 1, 2], [1, 3, 4], [2, 4, 5]]]
    spread -= mean[..., :, None] * mean[..., None, :]
    return spread


def _border_angles(scan: Scan, row: Indices, column: Indices) -> Floats:
    """Directions across the borders at M pixels, radians counter-clockwise from the right.

    That of the mean offset to what lies unconnected behind the pixel, within the patch; for what
    hides things on both sides (a pole), of the axis along which they lie. Both are added up as
    complex numbers with twice the angle, so that opposite directions do not cancel.
    """
    depths = np.pad(scan.depth, PATCH, constant_values=np.nan)
    towards, axis = np.zeros((2, len(row)), dtype=complex)
    for offsets, reached in scan.rings(np.hypot(PATCH, PATCH)):
        for (i, j), connected in zip(offsets, reached, strict=True):
            beyond = depths[row + PATCH + i, column + PATCH + j]
            behind = ~connected[row, column] & (beyond > scan.depth[row, column])
            towards += complex(j, -i) * behind
            axis += complex(j, -i) ** 2 / max(np.hypot(i, j), 1.0) * behind
    angles: Floats = np.angle(towards**2 / np.maximum(np.abs(towards), 1e-12) + axis) / 2
    return angles


def _picture_angles(points: Floats, directions: Floats) -> Floats:
    """Angles (counter-clockwise from the right) at which 3D directions appear in the picture."""
    where = points[:, :2] / -points[:, 2:]
    x, y = (directions[:, :2] + where * directions[:, 2:]).T
    angles: Floats = np.arctan2(y, x)
    return angles


def _interest(scan: Scan, changes: _Changes, support: Floats) -> Floats:
    """Section IV-B: I = I1 I2 of every point p, (H, W).

    Over the points n (p too) that are connected to p and nearer than half the support sigma, with
    d = |p - n|, w their weights and a their directions:

        I1(p) = min over n of 1 - w_n max(1 - 10 d / sigma, 0)                       (eq. 6)
        f(n)  = sqrt(w_n (1 - |2 d / sigma - 1/2|))                                  (eq. 7)
        I2(p) = max over pairs of f(n) f(m) (1 - |cos(a_n - a_m)|)                   (eq. 8)

    The angles are those of axes (a direction and its opposite are the same), so that the last
    factor is 1 for axes at right angles. They are put into 16 bins, of each of which only the best
    point is kept; the authors' own program does the same with 18.
    """
    margin = scan.margin
    # Flat indices of padded maps, in which every neighbour of every pixel has a place.
    points = np.pad(scan.points, ((margin, margin), (margin, margin), (0, 0)))
    sigmas = np.pad(support, margin, constant_values=1.0)
    shape, points, sigmas = sigmas.shape, points.reshape(-1, 3), sigmas.ravel()
    places = (changes.row + margin) * shape[1] + changes.column + margin
    sources = points[places]
    calm, best = np.ones(sigmas.size), np.zeros(ANGLES * sigmas.size)
    for n, p in _neighbours(scan, changes.extent, places):
        step = points.take(p, axis=0) - sources.take(n, axis=0)
        d = np.sqrt(np.einsum("ij,ij->i", step, step)) / sigmas.take(p)
        held = np.flatnonzero(d <= 0.5)
        n, p, d = n.take(held), p.take(held), d.take(held)
        weight = changes.weight.take(n)
        value = np.sqrt(weight * (1 - np.abs(2 * d - 0.5)))
        np.maximum.at(best, changes.bin.take(n) * sigmas.size + p, value)
        near = np.flatnonzero(d < 0.1)
        np.minimum.at(calm, p.take(near), 1 - weight.take(near) * (1 - 10 * d.take(near)))
    interest = calm * _best_pairs(best.reshape(ANGLES, -1))
    inner: Floats = interest.reshape(shape)[margin:-margin, margin:-margin]
    return inner


def _neighbours(scan: Scan, extent: Floats, places: Indices) -> Iterator[tuple[Indices, Indices]]:
    """Pairs (n, p) of a changing point's number and a connected pixel's place, in blocks.

    ``places`` are those of the changing points in a padded map, ``extent`` how far their
    neighbours can be, the widest first.
    """
    connected = np.zeros([side + 2 * scan.margin for side in scan.depth.shape], dtype=bool)
    inner = connected[scan.margin : -scan.margin, scan.margin : -scan.margin]
    flat, held, pairs = connected.reshape(-1), 0, []
    for offsets, reached in scan.rings(min(scan.margin, extent.max(initial=0.0))):
        wide = np.searchsorted(-extent, [-np.hypot(i, j) for i, j in offsets], side="right")
        for (i, j), count, inner[:] in zip(offsets, wide, reached, strict=True):
            p = places[:count] - (i * connected.shape[1] + j)
            n = np.flatnonzero(flat.take(p))
            pairs.append((n, p.take(n)))
            held += len(n)
            if held > BLOCK:
                yield np.concatenate([n for n, _ in pairs]), np.concatenate([p for _, p in pairs])
                held, pairs = 0, []
    if pairs:
        yield np.concatenate([n for n, _ in pairs]), np.concatenate([p for _, p in pairs])


def _best_pairs(best: Floats) -> Floats:
    """(N,) largest f_i f_j (1 - |cos(a_i - a_j)|) over pairs of bins; ``best`` (A, N) holds f."""
    result = np.zeros(best.shape[1])
    several = np.flatnonzero((best > 0).sum(0) > 1)
    held = best[:, several]
    twice = np.concatenate([held, held])
    largest = np.zeros(len(several))
    for turn in range(1, ANGLES // 2 + 1):
        product = (held * twice[turn : turn + ANGLES]).max(0)
        np.maximum(largest, (1 - np.cos(turn * np.pi / ANGLES)) * product, out=largest)
    result[several] = largest
    return result


def _smoothed(values: Floats) -> Floats:
    """The map under the kernel (1, 2, 1) / 4 along both axes, its edge repeated outwards."""
    wide = np.pad(values, 1, mode="edge")
    wide = (wide[:-2] + 2 * wide[1:-1] + wide[2:]) / 4
    return (wide[:, :-2] + 2 * wide[:, 1:-1] + wide[:, 2:]) / 4
