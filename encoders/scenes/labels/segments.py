"""Unsupervised segments by normalized cuts, of the picture only and of picture and geometry.

Three steps: over-segment (Felzenszwalb and Huttenlocher), build a graph of the regions weighted by
their similarity, and cut the graph repeatedly (Shi and Malik) as long as a cut is cheap. No step is
random.
"""

from __future__ import annotations

import functools
import math
import warnings

import numpy as np
from numpy.typing import NDArray
from skimage.segmentation import felzenszwalb

from encoders.scenes.labels.cuts import SELF_WEIGHT, normalized_cuts
from encoders.scenes.labels.raycast_view import RaycastView
from taskgraph.arrays import Floats, Indices, Integers32, Pixels

MOST_REGIONS = 64
"""Largest number of nodes of a graph, so that its eigenvectors take milliseconds."""

COLOR_SPREAD = 255**0.5 / 255
"""Difference of colors (each channel in [0, 1]) at which the similarity falls to 1/e."""

SOLID_COLOR_SPREAD = 2 * COLOR_SPREAD
NORMAL_SPREAD = 0.2
STEP_SPREAD = 0.015
BEND_SPREAD = 0.5
"""The same for 2.5D segments: colors, unit normals, relative steps out of the surface, and bends
(`_bend`, from -1 to 1)."""

FARTHEST = 128.0
"""Distance (meters) assumed for rays without a hit: the largest depth in files."""


def segment_unsup2d(rgb: Pixels) -> Integers32:
    """Return segments of a picture by normalized cuts on its colors.

    The similarity of adjacent regions i and j is ``exp(-|c_i - c_j|^2 / s^2)`` with mean colors
    c in [0, 1] and s^2 = 255 / 255^2. This, the similarity of a region to itself (2) and the
    largest cost of a cut (0.005) are the values with which Taskonomy's files were made.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 array

    Returns
    -------
    (H, W) int32 array
        Numbers 0, 1, ... of at most 64 connected segments, in the order in which they appear row
        by row. The numbers have no meaning of their own.

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


def segment_unsup25d(view: RaycastView) -> Integers32:
    r"""Return segments of a view by normalized cuts on colors, normals, depth and curvature.

    The similarity of adjacent regions is ``exp(-d^2)``. d^2 is the sum of the squared differences
    of mean colors, mean normals and mean bends (``2 / pi * atan(k / 10)`` of the mean curvature k
    in 1/m), and of the step between them, each divided by its spread. The step is the distance of
    one surface from the tangent planes of the other, as a share of the distance to the camera,
    averaged over their common border. It is 0 along a plane at any slant.

    Returns
    -------
    (H, W) int32 array
        See `segment_unsup2d`. Pixels without a surface are a surface of their own, far away.
    """
    hits = view.hits
    distance = np.where(hits.valid, hits.distance, FARTHEST)
    bend = 2 / np.pi * np.arctan(hits.curvature.mean(1) / 10)
    smooth = np.concatenate(
        [
            view.rgb.reshape(-1, 3) / (255.0 * SOLID_COLOR_SPREAD),
            hits.normal / NORMAL_SPREAD,
            bend[:, None] / BEND_SPREAD,
        ],
        axis=1,
    )
    depth = np.log(distance)[:, None] / STEP_SPREAD
    regions = _regions(view.grid(np.concatenate([smooth, depth], axis=1)))
    first, second = _borders(regions)
    step = _steps(view, distance, first, second) / STEP_SPREAD
    labels, count = regions.ravel(), int(regions.max()) + 1
    pairs = labels[first] * count + labels[second]
    total = np.bincount(pairs, weights=step, minlength=count**2)
    mean = (total / np.maximum(np.bincount(pairs, minlength=count**2), 1)).reshape(count, count)
    squares = _distance(regions, view.grid(smooth)) + ((mean + mean.T) / 2) ** 2
    return _segments(regions, first, second, squares)


def renumbered(labels: NDArray[np.integer]) -> Integers32:
    """Rename (H, W) labels to 0, 1, ... in the order in which they first appear, row by row."""
    flat = labels.ravel() - labels.min()
    first = np.full(int(flat.max()) + 1, flat.size)
    np.minimum.at(first, flat, np.arange(flat.size))
    rank = np.empty(len(first), dtype=np.int32)
    rank[np.argsort(first)] = np.arange(len(first), dtype=np.int32)
    return np.asarray(rank[flat].reshape(labels.shape))


def _regions(features: Floats) -> Integers32:
    """Return at most `MOST_REGIONS` connected regions of an (H, W, C) array of features."""
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
    """Join the two most similar regions, by Ward's criterion, until few enough are left."""
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
    return renumbered(owner[regions])


def _ward(size: Floats, others: Floats, mean: Floats, means: Floats) -> Floats:
    """Return the growth of the sum of squared deviations if two regions are joined."""
    apart = mean - means
    square = np.einsum("...c,...c->...", apart, apart)
    return np.asarray(size * others / (size + others) * square)


def _means(regions: NDArray[np.integer], features: Floats) -> Floats:
    """Return the (N, C) means of features over regions."""
    labels, columns = regions.ravel(), features.reshape(-1, features.shape[-1]).T
    return np.stack([np.bincount(labels, c) for c in columns], 1) / np.bincount(labels)[:, None]


def _distance(regions: Integers32, features: Floats) -> Floats:
    """Return the (N, N) squared distances between the mean features of regions."""
    mean = _means(regions, features)
    return np.asarray(((mean[:, None] - mean) ** 2).sum(-1))


def _borders(regions: NDArray[np.integer]) -> tuple[Indices, Indices]:
    """Return flat indices of all pairs of eight-neighbors in different regions."""
    first, second = _neighbors(regions.shape)
    differ = regions.ravel()[first] != regions.ravel()[second]
    return first[differ], second[differ]


@functools.lru_cache(maxsize=4)
def _neighbors(shape: tuple[int, ...]) -> tuple[Indices, Indices]:
    """Return flat indices of all pairs of eight-neighbors in a picture."""
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


def _steps(view: RaycastView, distance: Floats, first: Indices, second: Indices) -> Floats:
    """Return the distance of paired points from each other's tangent planes, relative to depth."""
    points = view.camera.to_world(view.rays) * distance[:, None]
    gap, normal = points[second] - points[first], view.hits.normal
    off1, off2 = (np.einsum("ni,ni->n", normal[place], gap) for place in (first, second))
    off = np.maximum(np.abs(off1), np.abs(off2))
    return np.asarray(off / np.minimum(distance[first], distance[second]))


def _segments(regions: Integers32, first: Indices, second: Indices, squares: Floats) -> Integers32:
    """Cut the graph of adjacent regions with similarities ``exp(-squares)``; number its parts."""
    touch = np.eye(len(squares), dtype=bool)
    touch[regions.ravel()[first], regions.ravel()[second]] = True
    weights = np.where(touch | touch.T, np.exp(-squares), 0.0)
    np.fill_diagonal(weights, SELF_WEIGHT)
    return renumbered(normalized_cuts(weights)[regions])
