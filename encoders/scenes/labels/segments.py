"""Unsupervised segments by normalized cuts, of the picture alone and of picture and geometry.

Three steps: over-segment (Felzenszwalb and Huttenlocher), join the regions into a graph weighted
by their likeness, and cut that graph in two, again and again (Shi and Malik), as long as a cut is
cheap. Nothing is drawn at random.
"""

from __future__ import annotations

import functools
import math
import warnings

import numpy as np
from numpy.typing import NDArray
from skimage.segmentation import felzenszwalb

from encoders.scenes.labels.cuts import SELF_WEIGHT, normalized_cuts
from encoders.scenes.labels.sight import Sight
from taskgraph.arrays import Floats, Indices, Integers32, Pixels

MOST_REGIONS = 64
"""Nodes of the largest graph that is cut, so that a picture's eigenvectors take milliseconds."""

COLOR_SPREAD = 255**0.5 / 255
"""Difference of colors (each channel in [0, 1]) at which the likeness falls to 1/e."""

SOLID_COLOR_SPREAD = 2 * COLOR_SPREAD
NORMAL_SPREAD = 0.2
STEP_SPREAD = 0.015
BEND_SPREAD = 0.5
"""The same for 2.5D segments: colors; unit normals; steps out of the surface as a share of their
distance; and bends, `_bend`, which run from -1 to 1."""

FARTHEST = 128.0
"""Meters at which what is not met by a ray is taken to be; the files' range of depth."""


def segment_unsup2d(rgb: Pixels) -> Integers32:
    """Segments of a picture by normalized cuts on its colors.

    Regions i and j that touch are alike by ``exp(-|c_i - c_j|^2 / s^2)`` with mean colors c in
    [0, 1] and s^2 = 255 / 255^2. With the likeness of a region to itself (2) and the dearest cut
    (0.005) these are the values with which Taskonomy's files were made.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 array

    Returns
    -------
    (H, W) int32 array
        Numbers 0, 1, ... of at most 64 connected segments, in the order in which they appear row
        by row. Segments have numbers, not classes: only which pixels share one matters.

    References
    ----------
    Shi and Malik, "Normalized cuts and image segmentation", PAMI 2000; Felzenszwalb and
    Huttenlocher, "Efficient graph-based image segmentation", IJCV 2004; Zamir et al.,
    "Taskonomy", CVPR 2018, supplement.
    """
    features = rgb / (255.0 * COLOR_SPREAD)
    regions = _regions(features)
    first, second = _borders(regions)
    return _segments(regions, first, second, _distance(regions, features))


def segment_unsup25d(sight: Sight) -> Integers32:
    r"""Segments of a view by normalized cuts on colors, normals, depth and curvature.

    Two regions that touch are alike by ``exp(-d^2)``, where d^2 adds up the squared differences of
    their mean colors, mean normals and mean bends (the mean curvature k in 1/m, as
    ``2 / pi * atan(k / 10)``), and the step between them; each divided by its spread. The step is
    by how far the one surface lies off the tangent planes of the other, as a share of the distance
    to the camera, averaged over their common border. It is 0 along a plane however slanted, where
    a difference of mean depths is not.

    Returns
    -------
    (H, W) int32 array
        As for `segment_unsup2d`. What no ray meets is a surface of its own, far away.
    """
    hits = sight.hits
    distance = np.where(hits.valid, hits.distance, FARTHEST)
    bend = 2 / np.pi * np.arctan(hits.curvature.mean(1) / 10)
    smooth = np.concatenate(
        [
            sight.rgb.reshape(-1, 3) / (255.0 * SOLID_COLOR_SPREAD),
            hits.normal / NORMAL_SPREAD,
            bend[:, None] / BEND_SPREAD,
        ],
        axis=1,
    )
    depth = np.log(distance)[:, None] / STEP_SPREAD
    regions = _regions(sight.grid(np.concatenate([smooth, depth], axis=1)))
    first, second = _borders(regions)
    step = _steps(sight, distance, first, second) / STEP_SPREAD
    labels, count = regions.ravel(), int(regions.max()) + 1
    pairs = labels[first] * count + labels[second]
    total = np.bincount(pairs, weights=step, minlength=count**2)
    mean = (total / np.maximum(np.bincount(pairs, minlength=count**2), 1)).reshape(count, count)
    squares = _distance(regions, sight.grid(smooth)) + ((mean + mean.T) / 2) ** 2
    return _segments(regions, first, second, squares)


def numbered(labels: NDArray[np.integer]) -> Integers32:
    """Rename (H, W) labels to 0, 1, ... in the order in which they first appear, row by row."""
    flat = labels.ravel() - labels.min()
    first = np.full(int(flat.max()) + 1, flat.size)
    np.minimum.at(first, flat, np.arange(flat.size))
    rank = np.empty(len(first), dtype=np.int32)
    rank[np.argsort(first)] = np.arange(len(first), dtype=np.int32)
    return np.asarray(rank[flat].reshape(labels.shape))


def _regions(features: Floats) -> Integers32:
    """At most `MOST_REGIONS` connected regions of an (H, W, C) array of features."""
    size = features.shape[1]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Got image with third dimension", RuntimeWarning)
        regions = felzenszwalb(
            features * COLOR_SPREAD,
            scale=100 * size / 512,
            sigma=0.5,
            min_size=max(2, features.shape[0] * size // 256),
            channel_axis=-1,
        )
    return _joined(regions, features)


def _joined(regions: NDArray[np.integer], features: Floats) -> Integers32:
    """Join the two regions that differ least, by Ward's criterion, until few enough are left."""
    size = np.bincount(regions.ravel()).astype(float)
    mean = _means(regions, features)
    first, second = _borders(regions)
    touch = np.zeros((len(size), len(size)), dtype=bool)
    touch[regions.ravel()[first], regions.ravel()[second]] = True
    touch |= touch.T
    loss = np.full(touch.shape, np.inf)
    one, other = np.nonzero(touch)
    loss[one, other] = _ward(size[one], size[other], mean[one], mean[other])
    owner = np.arange(len(size))
    for _ in range(len(size) - MOST_REGIONS):
        i, j = divmod(int(loss.argmin()), len(size))
        mean[i] = (size[i] * mean[i] + size[j] * mean[j]) / (size[i] + size[j])
        size[i] += size[j]
        owner[owner == j] = i
        touch[i] |= touch[j]
        touch[i, [i, j]] = False
        touch[:, i] = touch[i]
        touch[j] = touch[:, j] = False
        loss[j] = loss[:, j] = np.inf
        near = np.flatnonzero(touch[i])
        loss[i] = np.inf
        loss[i, near] = loss[near, i] = _ward(size[i], size[near], mean[i], mean[near])
    return numbered(owner[regions])


def _ward(size: Floats, others: Floats, mean: Floats, means: Floats) -> Floats:
    """By how much the summed squared deviation grows if two regions are joined."""
    apart = mean - means
    square = np.einsum("...c,...c->...", apart, apart)
    return np.asarray(size * others / (size + others) * square)


def _means(regions: NDArray[np.integer], features: Floats) -> Floats:
    """(N, C) mean of each feature over each region."""
    labels, columns = regions.ravel(), features.reshape(-1, features.shape[-1]).T
    return np.stack([np.bincount(labels, c) for c in columns], 1) / np.bincount(labels)[:, None]


def _distance(regions: Integers32, features: Floats) -> Floats:
    """(N, N) squared distance between the mean features of all regions."""
    mean = _means(regions, features)
    return np.asarray(((mean[:, None] - mean) ** 2).sum(-1))


def _borders(regions: NDArray[np.integer]) -> tuple[Indices, Indices]:
    """Flat places of all pairs of the eight-neighborhood that lie in different regions."""
    first, second = _neighbors(regions.shape)
    differ = regions.ravel()[first] != regions.ravel()[second]
    return first[differ], second[differ]


@functools.lru_cache(maxsize=4)
def _neighbors(shape: tuple[int, ...]) -> tuple[Indices, Indices]:
    """Flat places of all pairs of the eight-neighborhood in a picture."""
    place = np.arange(math.prod(shape)).reshape(shape)
    pairs = (
        (place[:, :-1], place[:, 1:]),
        (place[:-1], place[1:]),
        (place[:-1, :-1], place[1:, 1:]),
        (place[:-1, 1:], place[1:, :-1]),
    )
    return (
        np.concatenate([a.ravel() for a, _ in pairs]),
        np.concatenate([b.ravel() for _, b in pairs]),
    )


def _steps(sight: Sight, distance: Floats, first: Indices, second: Indices) -> Floats:
    """How far pairs of points lie off each other's tangent planes, as a share of their distance."""
    points = sight.camera.to_world(sight.rays) * distance[:, None]
    gap, normal = points[second] - points[first], sight.hits.normal
    off1, off2 = (np.einsum("ni,ni->n", normal[place], gap) for place in (first, second))
    off = np.maximum(np.abs(off1), np.abs(off2))
    return np.asarray(off / np.minimum(distance[first], distance[second]))


def _segments(regions: Integers32, first: Indices, second: Indices, squares: Floats) -> Integers32:
    """Cut the graph of regions that touch, alike by ``exp(-squares)``, and number its parts."""
    touch = np.eye(len(squares), dtype=bool)
    touch[regions.ravel()[first], regions.ravel()[second]] = True
    weights = np.where(touch | touch.T, np.exp(-squares), 0.0)
    np.fill_diagonal(weights, SELF_WEIGHT)
    return numbered(normalized_cuts(weights)[regions])
