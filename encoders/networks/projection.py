"""Linear projections that reduce a representation's channels."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from encoders.errors import InvalidNetworkError


class Projection(nn.Module):
    """A fixed linear map of the channels, matrix (x - mean) at each place: (B, C, h, w) to K.

    Attributes
    ----------
    mean : (C,) buffer
    matrix : (K, C) buffer
        Its rows are orthonormal.
    """

    mean: Tensor
    matrix: Tensor

    def __init__(self, mean: Tensor, matrix: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("matrix", matrix)

    def forward(self, features: Tensor) -> Tensor:
        """Map (B, C, h, w) to (B, K, h, w)."""
        centered = features - self.mean.to(features)[:, None, None]
        return F.conv2d(centered, self.matrix.to(features)[:, :, None, None])


def check_channels(wide: int, narrow: int) -> None:
    """Check that a projection does not increase the number of channels.

    Raises
    ------
    InvalidNetworkError
        If ``narrow`` is below 1 or above ``wide``.
    """
    if not 1 <= narrow <= wide:
        raise InvalidNetworkError(
            f"a representation of {wide} channels cannot be reduced to {narrow}"
        )


def random_projection(wide: int, narrow: int, seed: int) -> Projection:
    """Return a projection to a random subspace, uniformly distributed; its mean is zero."""
    check_channels(wide, narrow)
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(wide, narrow, generator=generator, dtype=torch.float64)
    basis, triangle = torch.linalg.qr(drawn)
    basis = basis * triangle.diagonal().sign()  # makes the distribution uniform
    return Projection(torch.zeros(wide), basis.mT.float().contiguous())


def principal_projection(
    features: Callable[[Tensor], Tensor], batches: Iterable[Tensor], narrow: int
) -> Projection:
    """Return a projection to a representation's principal components over all places.

    Parameters
    ----------
    features : callable
        (B, 3, H, W) pictures -> (B, C, h, w).
    batches : iterable of (B, 3, H, W) tensors
        Pictures of the training split, which are read once; sums are in float64.
    narrow : int
        Number of components, by falling variance. The entry of largest magnitude of each
        component is positive.

    Raises
    ------
    InvalidNetworkError
        If there are no pictures, ``narrow`` exceeds the number of channels, or an output is not
        finite.
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
    if not products.isfinite().all():
        raise InvalidNetworkError(
            "the layer's output is NaN or infinite for pictures of the training split; keep an "
            "earlier layer, or mend the network or its weights"
        )
    mean = total / count
    _, vectors = torch.linalg.eigh(products / count - mean.outer(mean))
    rows = vectors.mT.flip(0)[:narrow]
    largest = rows.gather(1, rows.abs().argmax(1, keepdim=True))
    return Projection(mean.float(), (rows * largest.sign()).float().contiguous())
