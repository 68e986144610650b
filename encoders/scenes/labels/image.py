"""Labels from the picture only: texture edges and 2D keypoints, before any suppression.

Both follow the operators with which Taskonomy's files were made, for pictures 512 pixels wide.
Their scales shrink with the picture, so that a scene has similar maps at any resolution.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from skimage.color import rgb2gray

from taskgraph.arrays import Floats, Pixels

REFERENCE = 512
"""Width of the pictures for which Taskonomy's operators are defined, pixels."""

EDGE_SIGMA = 3.0
"""Standard deviation of the blur before the gradient, pixels of a picture 512 across."""

FINEST_SIGMA = 1.0
"""Least blur in pixels; with less, the pixel grid is visible in the gradient."""

LARGEST_LOBE = 30.0
"""Largest width of a third of a SURF filter, pixels of a picture 512 across; the least is 1."""

LOBES = 10
"""Largest number of scales of keypoints."""


def edge_sigma(size: int) -> float:
    """Return the standard deviation (pixels) of the blur for pictures ``size`` pixels wide."""
    return max(FINEST_SIGMA, EDGE_SIGMA * size / REFERENCE)


def edge_texture(rgb: Pixels) -> Floats:
    r"""Return Canny's first stage: the gradient magnitude of the smoothed gray picture.

    .. math:: E = \frac{\sigma}{3} \sqrt{(S_x^2 + S_y^2) / 2}, \qquad
              S = \mathrm{Sobel} * G_\sigma * \mathrm{gray},

    where gray is in [0, 1] (``skimage.color.rgb2gray``), G a Gaussian of ``edge_sigma`` pixels,
    and Sobel that of ``skimage.filters.sobel``: weights 1, 2, 1 over 4 of differences across two
    pixels, so that E is sqrt(2) times the slope a pixel. The picture is mirrored at its borders.

    At 512 pixels sigma is 3 and the map is Taskonomy's own; the factor sigma / 3 measures the
    slope for a pixel of such a picture, so that a step of height h peaks near
    ``sqrt(2) h / (3 sqrt(2 pi))`` = 0.19 h at any resolution (0.15 h at 64 pixels, where the
    pixels themselves blur), and the paper's clip at 0.08 fits all sizes.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 array
        A picture in sRGB.

    Returns
    -------
    (H, W) array
        In [0, 1]; 0 where the picture is flat, larger at stronger edges.

    References
    ----------
    Canny, "A computational approach to edge detection", PAMI 1986; Zamir et al., "Taskonomy",
    CVPR 2018, supplement: Canny without non-maximum suppression.
    """
    sigma = edge_sigma(rgb.shape[1])
    smooth = ndimage.gaussian_filter(rgb2gray(rgb), sigma, mode="reflect")
    slopes = np.hypot(ndimage.sobel(smooth, axis=0), ndimage.sobel(smooth, axis=1))
    return np.asarray(slopes * (sigma / EDGE_SIGMA / 4 / np.sqrt(2)))


def keypoint_lobes(size: int) -> tuple[int, ...]:
    """Return the scales (pixels, odd) of SURF filters for pictures ``size`` pixels wide.

    At most ten, evenly spaced from 1 to 30 pixels of a picture 512 across, as Taskonomy has them,
    and rounded up to odd numbers: (1, 3, 5) at 64 pixels, (1, 3, 5, 7, 9, 11, 13, 15) at 256. A
    filter is three lobes wide.
    """
    widest = max(1.0, LARGEST_LOBE * size / REFERENCE)
    odd = 2 * np.ceil((np.linspace(1.0, widest, LOBES) - 1) / 2).astype(int) + 1
    return tuple(int(lobe) for lobe in np.unique(odd))


def keypoints2d(rgb: Pixels) -> Floats:
    """Return SURF's response before non-maximum suppression: the largest over all scales.

    The positive part of `hessian_response` of the gray picture (``skimage.color.rgb2gray``, in
    [0, 1]), its maximum over `keypoint_lobes`.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 array
        A picture in sRGB.

    Returns
    -------
    (H, W) array
        In [0, 1); 0 on uniform areas and straight edges, larger on blobs, corners and crossings.
        The paper clips it at 0.005.

    References
    ----------
    Bay, Tuytelaars, Van Gool, "SURF: Speeded up robust features", ECCV 2006; Zamir et al.,
    "Taskonomy", CVPR 2018, supplement.
    """
    gray = rgb2gray(rgb)
    response = np.zeros(gray.shape)
    for lobe in keypoint_lobes(gray.shape[1]):
        np.maximum(response, hessian_response(gray, lobe), out=response)
    return response


def hessian_response(gray: Floats, lobe: int) -> Floats:
    r"""Return SURF's approximate determinant of the Hessian at one scale.

    .. math:: (D_{xx} D_{yy} - (0.9\,D_{xy})^2) / (3 \ell)^4,

    with sums over boxes for the second derivatives: ``Dyy`` weighs three bars of ``lobe`` rows and
    ``2 lobe - 1`` columns by 1, -2, 1; ``Dxx`` is its transpose; ``Dxy`` weighs four squares of
    side ``lobe``, one pixel apart, by 1 and -1 across the diagonal. ``lobe`` 3 is SURF's 9 x 9
    filter, which stands for a Gaussian of 1.2 pixels. The picture is mirrored at its borders.
    (``skimage.feature.hessian_matrix_det`` has the same filters, yet shifted by a pixel, and takes
    the borders of a flat picture for keypoints.)

    Parameters
    ----------
    gray : (H, W) array
    lobe : int, odd, pixels

    Returns
    -------
    (H, W) array
        Positive on blobs, bright or dark, most on those 3/2 ``lobe`` across; negative on saddles.
    """
    height, width = gray.shape
    half = 3 * lobe // 2
    sums = np.zeros((height + 2 * half + 1, width + 2 * half + 1))
    sums[1:, 1:] = np.pad(gray, half, mode="symmetric").cumsum(0).cumsum(1)

    def box(top: int, left: int, bottom: int, right: int) -> Floats:
        """Return sums over the pixels around each one, (top, left) to (bottom, right) inclusive."""
        rows = slice(half + top, half + top + height), slice(half + bottom + 1, None)
        columns = slice(half + left, half + left + width), slice(half + right + 1, None)
        low, high = rows[0], slice(rows[1].start, rows[1].start + height)
        west, east = columns[0], slice(columns[1].start, columns[1].start + width)
        return np.asarray(sums[high, east] - sums[low, east] - sums[high, west] + sums[low, west])

    side, middle = lobe - 1, lobe // 2
    down = box(-half, -side, half, side) - 3 * box(-middle, -side, middle, side)
    across = box(-side, -half, side, half) - 3 * box(-side, -middle, side, middle)
    mixed = box(-lobe, -lobe, -1, -1) + box(1, 1, lobe, lobe)
    mixed -= box(-lobe, 1, -1, lobe) + box(1, -lobe, lobe, -1)
    return np.asarray((down * across - (0.9 * mixed) ** 2) / (3.0 * lobe) ** 4)
