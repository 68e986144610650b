"""Views of pictures of any size: middle squares, random crops in color noise, and ten crops."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.learning.augment import flip
from encoders.errors import InvalidDataError
from taskgraph.arrays import Pixels

CROP = 224
SHORTER = (256, 480)
"""Shorter side of a training picture of which `CROP` pixels are cut (He et al. 2015, section 3.4).
"""
TESTED = 256
"""Shorter side of a test picture of which `CROP` pixels are cut."""
NOISE = 0.1
"""Deviation of the factors of the color noise (Krizhevsky et al. 2012, section 4.1)."""
COLOR_VALUES = (0.2175, 0.0188, 0.0045)
COLOR_VECTORS = (
    (-0.5675, 0.7192, 0.4009),
    (-0.5808, -0.0045, -0.8140),
    (-0.5836, -0.6948, 0.4203),
)
"""Root eigenvalues and eigenvectors (columns) of the covariance of ImageNet's colors in [0, 1]."""


def picture_tensor(picture: Pixels) -> Tensor:
    """Return an (H, W, C) picture as a (C, H, W) tensor of numbers in [0, 255]."""
    return torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1).float()


def with_shorter_side(picture: Tensor, shorter: int) -> Tensor:
    """Return a (C, H, W) picture whose shorter side has a number of pixels, in its proportions."""
    _, height, width = picture.shape
    scale = shorter / min(height, width)
    size = max(shorter, round(height * scale)), max(shorter, round(width * scale))
    if size == (height, width):
        return picture
    return F.interpolate(picture[None], size, mode="bilinear", antialias=True)[0].clamp(0, 255)


def middle_square(picture: Pixels, size: int, *, shorter: int | None = None) -> Tensor:
    """Return the middle square of a picture, (C, size, size) bytes.

    Parameters
    ----------
    shorter : int, optional
        Pixels to which the shorter side is resized first; by default ``size``.
    """
    resized = with_shorter_side(picture_tensor(picture), shorter or size)
    return _cut(resized, size, *_middle(resized, size)).round().to(torch.uint8)


def middle_squares(pictures: Pixels | Sequence[Pixels], size: int) -> Pixels:
    """Return the middle squares of pictures of any size as (N, size, size, C) bytes.

    Raises
    ------
    InvalidDataError
        If there is no memory for them.
    """
    if not len(pictures):
        return np.zeros((0, size, size, 3), np.uint8)
    channels = pictures[0].shape[2]
    try:
        squares = np.empty((len(pictures), size, size, channels), np.uint8)
    except MemoryError:
        raise InvalidDataError(
            f"{len(pictures)} pictures of {size} x {size} do not fit in memory; take a smaller "
            "--size, or --protocol imagenet, which reads them from the files"
        ) from None
    for row, picture in enumerate(pictures):
        squares[row] = middle_square(picture, size).permute(1, 2, 0).numpy()
    return squares


def scaled(pixels: int, size: int) -> int:
    """Return a number of pixels for crops of `CROP` as one for crops of another size."""
    return max(size, round(pixels * size / CROP))


def random_crop(picture: Pixels, size: int, generator: torch.Generator) -> Tensor:
    """Return a random square of a picture that is resized at random, (C, size, size).

    The shorter side is drawn uniformly from `SHORTER`, in proportion to the size.
    """
    low, high = (scaled(side, size) for side in SHORTER)
    shorter = int(torch.randint(low, high + 1, (), generator=generator))
    resized = with_shorter_side(picture_tensor(picture), shorter)
    top, left = (
        int(torch.randint(side - size + 1, (), generator=generator)) for side in resized.shape[1:]
    )
    return _cut(resized, size, top, left)


def color_noise(images: Tensor, generator: torch.Generator) -> Tensor:
    """Add one random color to all pixels of each image, as AlexNet and ResNet do.

    The color is the sum over the principal components p of ImageNet's colors of p times its
    deviation times a normal factor with deviation `NOISE`. Gray images get the color's mean.

    Parameters
    ----------
    images : (B, C, H, W) tensor of numbers in [0, 255]
    """
    factors = torch.randn(len(images), 3, generator=generator) * NOISE
    colors = (factors * torch.tensor(COLOR_VALUES)) @ torch.tensor(COLOR_VECTORS).T * 255
    if images.shape[1] == 1:
        colors = colors.mean(1, keepdim=True)
    return images + colors[:, :, None, None]


def ten_crops(picture: Pixels, size: int) -> Tensor:
    """Return the four corners and the middle of a picture, and their mirror images.

    Returns
    -------
    (10, C, size, size) tensor of bytes
        Of the picture with a shorter side of `TESTED` pixels, in proportion to the size. Source:
        Krizhevsky et al. 2012, section 4.1.
    """
    resized = with_shorter_side(picture_tensor(picture), scaled(TESTED, size))
    bottom, right = resized.shape[1] - size, resized.shape[2] - size
    places = [(0, 0), (0, right), (bottom, 0), (bottom, right), _middle(resized, size)]
    crops = torch.stack([_cut(resized, size, *place) for place in places])
    return torch.cat([crops, crops.flip(3)]).round().to(torch.uint8)


def _middle(picture: Tensor, size: int) -> tuple[int, int]:
    """Return top and left of the middle square."""
    return (picture.shape[1] - size) // 2, (picture.shape[2] - size) // 2


def _cut(picture: Tensor, size: int, top: int, left: int) -> Tensor:
    """Return a square of a (C, H, W) picture."""
    return picture[:, top : top + size, left : left + size]


@dataclass
class CropBatches:
    """Batches of random crops of pictures that are read when they are needed.

    Each iteration is the next epoch, in another order. The last incomplete batch is left out, but
    a set smaller than a batch is one batch.

    Attributes
    ----------
    pictures : sequence of (H, W, C) arrays
        Of any size.
    labels : (N,) tensor
    size : int
        Pixels of the crops.
    batch, seed : int
    """

    pictures: Pixels | Sequence[Pixels]
    labels: Tensor
    size: int
    batch: int
    seed: int = 0
    epoch: int = field(default=0, init=False)

    def __len__(self) -> int:
        return max(1, len(self.pictures) // self.batch)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        numbers = np.random.SeedSequence([self.seed, self.epoch]).generate_state(2)
        self.epoch += 1
        order = np.random.default_rng(numbers[0]).permutation(len(self.pictures))
        generator = torch.Generator().manual_seed(int(numbers[1]))
        for number in range(len(self)):
            rows = order[number * self.batch : (number + 1) * self.batch]
            crops = [random_crop(self.pictures[row], self.size, generator) for row in rows]
            images = color_noise(flip(torch.stack(crops), generator), generator)
            yield images, self.labels[torch.from_numpy(rows)]
