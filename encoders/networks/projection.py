"""Fewer channels for a wide representation: at random, or by principal components."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from encoders.errors import InvalidNetworkError


class Projection(nn.Module):
    """(B, C, h, w) -> (B, K, h, w): matrix (x - mean) at each place; nothing is trained.

    Attributes
    ----------
    mean : (C,) buffer
    matrix : (K, C) buffer
        With orthonormal rows.
    """

    mean: Tensor
    matrix: Tensor

    def __init__(self, mean: Tensor, matrix: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("matrix", matrix)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, K, h, w)."""
        centered = features - self.mean.to(features)[:, None, None]
        return F.conv2d(centered, self.matrix.to(features)[:, :, None, None])


def check_channels(wide: int, narrow: int) -> None:
    """Refuse a projection to no channels, or to more than there are.

    Raises
    ------
    InvalidNetworkError
    """
    if not 1 <= narrow <= wide:
        raise InvalidNetworkError(
            f"a representation of {wide} channels cannot be reduced to {narrow}"
        )


def random_projection(wide: int, narrow: int, seed: int) -> Projection:
    """A uniformly drawn subspace: Gaussian rows, made orthonormal; the mean is zero."""
    check_channels(wide, narrow)
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(wide, narrow, generator=generator, dtype=torch.float64)
    basis, triangle = torch.linalg.qr(drawn)
    basis = basis * triangle.diagonal().sign()  # so that the law is uniform, and the sign fixed
    return Projection(torch.zeros(wide), basis.mT.float().contiguous())


def principal_projection(
    features: Callable[[Tensor], Tensor], batches: Iterable[Tensor], narrow: int
) -> Projection:
    """The principal components of a representation over all places of all pictures.

    Parameters
    ----------
    features : callable
        (B, 3, H, W) pictures -> (B, C, h, w).
    batches : iterable of (B, 3, H, W) tensors
        Pictures of the training split. They pass once; sums are kept in float64.
    narrow : int
        How many components are kept: those of the largest variance, the largest first. The
        entry of largest magnitude is positive in each.

    Raises
    ------
    InvalidNetworkError
        If there are no pictures, or fewer channels than components.
    """
    count, total, products = 0, torch.zeros(()), torch.zeros(())
    with torch.no_grad():
        for images in batches:
            points = features(images).double().movedim(1, -1).flatten(0, 2)  # (B h w, C)
            count += len(points)
            total = total.to(points) + points.sum(0)
            products = products.to(points) + points.mT @ points
    if count == 0:
        raise InvalidNetworkError("principal components need at least one batch of pictures")
    check_channels(len(total), narrow)
    mean = total / count
    _, vectors = torch.linalg.eigh(products / count - mean.outer(mean))
    rows = vectors.mT.flip(0)[:narrow]
    largest = rows.gather(1, rows.abs().argmax(1, keepdim=True))
    return Projection(mean.float(), (rows * largest.sign()).float().contiguous())
