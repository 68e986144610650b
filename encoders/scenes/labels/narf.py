"""3D keypoints: the interest value of NARF, before non-maximum suppression.

After B. Steder, R. B. Rusu, K. Konolige, W. Burgard, "Point feature extraction on 3D range scans
taking into account object boundaries", ICRA 2011, section IV. A keypoint should lie on a stable
patch of surface, near which the surface changes in different directions: close to a corner, not
on it, and not along an edge. Each step says where it departs from the paper. One departure is
common to all: this range image has no noise, so nothing is smoothed before the end.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from encoders.scenes.labels.bits import ahead, packed, unpacked, widened
from encoders.scenes.labels.scan import Offset, Scan
from encoders.scenes.labels.sight import Sight
from taskgraph.arrays import Booleans, Floats, Indices

SUPPORT = 0.3
"""Diameter (meters) of the ball whose surface changes decide about a point; the real data's."""

LEAST_PIXELS = 5.0
"""The support is at least this many pixels wide, so that far points have neighbors too."""

WIDEST = 8
"""Neighbors are sought up to one eighth of the picture's width away."""

STEP = 0.1
"""A jump in depth of this share of `SUPPORT` is a border; a smaller one is relief."""

PATCH = 2
"""Surface change is measured over (2 * 2 + 1)**2 pixels."""

LEAST_CHANGE = 0.2
"""Points whose surface changes less than this count as flat."""

ANGLES = 16
"""Bins for directions over half a turn; the middles of two are 0 and 90 degrees."""

TURN = ((1 - (1 - LEAST_CHANGE) ** (1 / 3)) ** 2) ** 0.5 / 4
"""Difference of two neighbors' normals, below which a patch cannot change by `LEAST_CHANGE`.

From its middle, all of a patch of `PATCH` 2 is at most four such neighbors away, so that the
variance of its normals is at most (4 `TURN`)**2."""

BLOCK = 1 << 21
"""Pairs of points, connected or not, looked at in one go, to bound memory."""


def keypoints3d(sight: Sight) -> Floats:
    """NARF's interest value I = I1 I2 of each pixel, in [0, 1], (H, W).

    Zero where the surroundings are flat, on the far side of borders (which moves with the
    viewpoint) and where nothing is seen. The support sigma is `SUPPORT`, or `LEAST_PIXELS`
    pixels where the surface is so far away that these are wider. At the end, the values are
    smoothed with the kernel (1, 2, 1) / 4 both ways, as the paper smooths them before it looks
    for maxima.
    """
    scan = Scan.of(sight, jump=STEP * SUPPORT, margin=max(PATCH, sight.size // WIDEST))
    seen, margin = np.isfinite(scan.depth), scan.margin
    scale = 2 * np.tan(sight.camera.fov / 2) / sight.size  # meters a pixel, one meter away
    support = np.maximum(SUPPORT, LEAST_PIXELS * scale * np.where(seen, scan.depth, 1.0))
    support = scan.places(support, fill=1.0)
    interest = _interest(scan, _changes(scan, support, scale), support).reshape(-1, scan.stride)
    inner = interest[margin:-margin, margin:-margin]
    return _smoothed(np.where(seen & ~scan.shadow, inner, 0.0))


@dataclass(frozen=True, eq=False)
class _Patch:
    """The pixels around each pixel: (M,) offsets, steps between places, and (M, P) what is held.

    ``held`` says for each place of a map with its margin whether the surface goes on to there.
    """

    offsets: tuple[Offset, ...]
    steps: Indices
    held: Booleans

    @classmethod
    def of(cls, scan: Scan) -> _Patch:
        """The squares of `PATCH` pixels to either side."""
        rings = list(scan.rings(np.hypot(PATCH, PATCH)))
        offsets = tuple(offset for found, _ in rings for offset in found)
        held = unpacked([bits for _, maps in rings for bits in maps], scan.places(scan.depth).size)
        return cls(offsets, np.array([scan.step(offset) for offset in offsets]), held)


@dataclass(frozen=True, eq=False)
class _Changes:
    """How the surface changes, at the P places of maps with their margins.

    Its weight in (0, 1], the bin of its direction, and how many pixels away a point may be that
    counts the place among its neighbors: 0 where the surface does not change.
    """

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

    ``support`` is sigma at each place, meters, (P,); ``scale`` as for `_extent`.
    """
    points, patch = scan.places(scan.points), _Patch.of(scan)
    weight, angle, extent = np.zeros((3, support.size))
    place = _uneven(scan)
    spread = _spread(scan, patch, place)
    large = np.flatnonzero(np.einsum("iin->n", spread) > _variance(LEAST_CHANGE))
    place = place[large]
    values, axes = np.linalg.eigh(spread[:, :, large].transpose(2, 0, 1))  # rising
    value, vector = values[:, 2], axes[:, :, 2].T
    weight[place] = 1 - (1 - np.sqrt(np.clip(value, 0.0, 1.0))) ** 3
    angle[place] = _picture_angles(points[:, place], vector)
    place = np.flatnonzero(scan.places(scan.front & ~scan.shadow))
    weight[place], angle[place] = 1.0, _border_angles(scan, patch, place)
    place = np.flatnonzero(weight > LEAST_CHANGE)
    extent[place] = _extent(points[:, place], support[place], scale)
    bins = np.floor(angle / np.pi * ANGLES + 0.5).astype(np.intp) % ANGLES
    return _Changes(weight, bins, extent)


def _extent(points: Floats, support: Floats, scale: float) -> Floats:
    """How many pixels away another point may be whose half support reaches each of the points.

    A step v (meters) from depth z moves the projection by at most |v| slant / (z - |v|), with
    slant the ratio of distance and depth; ``scale`` is what a pixel takes of this plane. The
    other point may be the deeper one by v, and its support wider for that.
    """
    step = 0.5 * support / max(1 - 0.5 * LEAST_PIXELS * scale, 1e-3)
    depth = -points[2]
    slant = np.sqrt((points**2).sum(0)) / depth
    pixels: Floats = step * slant / (np.maximum(depth - step, 1e-3) * scale)
    return pixels


def _variance(weight: float) -> float:
    """The eigenvalue of the normals' covariance that has this weight."""
    return float((1 - (1 - weight) ** (1 / 3)) ** 2)


def _uneven(scan: Scan) -> Indices:
    """The places of a pixel at no border in whose patch any two neighbors differ by `TURN`."""
    normals, turns = scan.places(scan.normals), 0
    for offset in ((0, 1), (1, 0)):
        step = scan.step(offset)
        apart = normals[:, step:] - normals[:, :-step]
        turn = packed(np.einsum("in,in->n", apart, apart) > TURN**2) & scan.links[offset]
        turns |= turn | turn << step
    sideways = widened(turns, range(1, PATCH + 1))
    around = widened(sideways, [scan.step((rows, 0)) for rows in range(1, PATCH + 1)])
    even = np.isfinite(scan.depth) & ~scan.front & ~scan.shadow
    count = normals.shape[1]
    return np.flatnonzero(unpacked([around & packed(scan.places(even))], count)[0])


def _spread(scan: Scan, patch: _Patch, place: Indices) -> Floats:
    """Covariance of the normals in the connected patches around N places, (3, 3, N)."""
    held = patch.held[:, place]  # (M, N)
    around = place + patch.steps[:, None]
    normals = [axis.take(around) * held for axis in scan.places(scan.normals)]
    count = held.sum(0)
    mean = [normal.sum(0) / count for normal in normals]
    spread = np.empty((3, 3, len(place)))
    for i, j in itertools.combinations_with_replacement(range(3), 2):
        squares = np.einsum("mn,mn->n", normals[i], normals[j]) / count
        spread[i, j] = spread[j, i] = squares - mean[i] * mean[j]
    return spread


def _border_angles(scan: Scan, patch: _Patch, place: Indices) -> Floats:
    """Directions across the borders at N places, radians counter-clockwise from the right.

    That of the mean offset to what lies unconnected behind the pixel, within the patch; for what
    hides things on both sides (a pole), of the axis along which they lie. Both are added up as
    complex numbers with twice the angle, so that opposite directions do not cancel.
    """
    depths = scan.places(scan.depth, fill=np.nan)
    behind = ~patch.held[:, place] & (depths[place + patch.steps[:, None]] > depths[place])
    ways = np.array([complex(j, -i) for i, j in patch.offsets])
    toward = (ways[:, None] * behind).sum(0)
    axis = ((ways**2 / np.maximum(np.abs(ways), 1.0))[:, None] * behind).sum(0)
    angles: Floats = np.angle(toward**2 / np.maximum(np.abs(toward), 1e-12) + axis) / 2
    return angles


def _picture_angles(points: Floats, directions: Floats) -> Floats:
    """Angles (counter-clockwise from the right) at which (3, N) directions at points appear."""
    x, y = directions[:2] - points[:2] / points[2] * directions[2]
    angles: Floats = np.arctan2(y, x)
    return angles


def _interest(scan: Scan, changes: _Changes, support: Floats) -> Floats:
    """Section IV-B: I = I1 I2 of every point p, at the P places of a map with its margin.

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
    """Pairs (n, p) of the places of changing points and of pixels connected to them, in blocks.

    ``extent`` is how far from each place its neighbors can be, (P,). Pixels at the far side of
    borders are left out.
    """
    wanted, waiting = packed(scan.places(~scan.shadow)), []
    wide = functools.cache(lambda length: packed(extent >= length))
    for offsets, reached in scan.rings(min(scan.margin, extent.max(initial=0.0))):
        for offset, connected in zip(offsets, reached, strict=True):
            step = scan.step(offset)
            changing = ahead(wide(math.hypot(*offset) or 1e-9), step)
            waiting.append((step, wanted & connected & changing))
            if len(waiting) * len(extent) > BLOCK:
                yield _pairs(waiting, len(extent))
                waiting = []
    yield _pairs(waiting, len(extent))


def _pairs(maps: list[tuple[int, int]], count: int) -> tuple[Indices, Indices]:
    """Places (n, p), n being so many steps after p, for every p that a step's map holds."""
    if not maps:
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    found = np.flatnonzero(unpacked([bits for _, bits in maps], count))
    row, p = np.divmod(found, count)
    return np.array([step for step, _ in maps]).take(row) + p, p


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
