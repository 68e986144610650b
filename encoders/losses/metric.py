"""The metric loss of unsupervised segmentation: one segment, one place in embedding space."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from encoders.errors import InvalidLossInputError
from encoders.losses.masked import keep, wide

NEAREST = 2e-7  # the squared distance at which 1 - σ is 1e-7
FARTHEST = 80.0


def metric(
    prediction: Tensor,
    target: Tensor,
    mask: Tensor | None = None,
    *,
    pixels: int = 300,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Mean over pairs of sampled pixels of -log σ if they share a segment, else -log(1 - σ).

    σ = 2 / (1 + exp d), d the squared distance of the two embeddings, is the probability that
    both belong to one segment. d is clipped to [2e-7, 80]; at its lower end 1 - σ is 1e-7. The
    authors clip σ to [1e-7, 1 - 1e-7] as well, because they compute it before its logarithm;
    the logarithms here are exact, and two pixels of one segment beyond d = 17 still attract
    each other.

    Parameters
    ----------
    prediction : (B, C, H, W) tensor
        Embeddings, unbounded.
    target : (B, H, W) integer tensor
        Segment numbers. Only their equality within an image means anything.
    mask : (B, H, W) tensor, optional
        Non-zero where the target is valid; other pixels are never drawn.
    pixels : int
        How many pixels of each image are compared; all valid ones if there are fewer.
    generator : torch.Generator, optional
        Draws the pixels without replacement. Without one they are spread evenly over the valid
        pixels in reading order, the same for every prediction of an image: for test losses.

    Returns
    -------
    (B,) tensor, float32
        Lower is better; NaN for an image whose mask is empty, 0 for one valid pixel alone.

    Source
    ------
    Fathi et al., "Semantic instance segmentation via deep metric learning", 2017, equation 2.
    """
    kept = keep(prediction, mask)
    if target.shape != (prediction.shape[0], *prediction.shape[2:]):
        raise InvalidLossInputError(
            f"the segment numbers' shape is {tuple(target.shape)}, expected "
            f"{(prediction.shape[0], *prediction.shape[2:])}: the prediction's without channels"
        )
    valid = (torch.ones_like(target, dtype=torch.bool) if kept is None else kept).flatten(1)
    places, drawn = sample(valid, pixels, generator)  # (B, P), (B, P)
    points = wide(prediction).flatten(2)  # (B, C, H W)
    points = points.gather(2, places.unsqueeze(1).expand(-1, points.shape[1], -1)).mT  # (B, P, C)
    segments = target.flatten(1).gather(1, places)
    first, second = pairs(places.shape[1], places.device)
    same = segments.index_select(1, first) == segments.index_select(1, second)
    both = drawn.index_select(1, first) & drawn.index_select(1, second)
    among = squared_distances(points).flatten(1)  # (B, P P)
    distance = among.index_select(1, first * places.shape[1] + second).clamp(NEAREST, FARTHEST)
    # -log σ = d - log 2 + log(1 + exp -d), and -log(1 - σ) = -log(1 - exp -d) + log(1 + exp -d).
    own = torch.where(same, distance - math.log(2), -torch.log(-torch.expm1(-distance)))
    loss = torch.where(both, own + torch.log1p(torch.exp(-distance)), 0.0).sum(1)
    mean = loss / both.sum(1).clamp(min=1)
    return torch.where(drawn.any(1), mean, torch.nan)


def pairs(count: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """The numbers i < j of all count (count - 1) / 2 pairs."""
    first, second = torch.triu_indices(row=count, col=count, offset=1, device=device).unbind(0)
    return first, second


def sample(valid: Tensor, count: int, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
    """Places of ``count`` valid pixels of each image, and which of them are really valid.

    Parameters
    ----------
    valid : (B, N) boolean tensor
    count : int
    generator : torch.Generator, optional
        As in `metric`.

    Returns
    -------
    places : (B, min(count, N)) integer tensor
    drawn : tensor of the same shape, boolean
        False for places that only fill up the row of an image with fewer valid pixels.
    """
    count = min(count, valid.shape[1])
    if generator is None:
        available = valid.sum(1, keepdim=True)  # (B, 1)
        ranks = torch.arange(count, device=valid.device).unsqueeze(0)
        ranks = torch.where(available > count, (2 * ranks + 1) * available // (2 * count), ranks)
        order = torch.argsort(~valid, dim=1, stable=True)  # the valid ones first, in order
        places = order.gather(1, ranks)
    else:
        keys = torch.rand(valid.shape, generator=generator, device=generator.device)
        keys = torch.where(valid, keys.to(valid.device), -1.0)
        places = keys.topk(count, dim=1).indices
    return places, valid.gather(1, places)


def squared_distances(points: Tensor) -> Tensor:
    """(B, P, C) points -> (B, P, P) squared distances, by way of their inner products.

    Centring first keeps the products small where all points lie far from the origin, and so
    the cancellation; autocast is off, since half precision would leave nothing of it.
    """
    points = points - points.mean(1, keepdim=True)
    with torch.autocast(points.device.type, enabled=False):
        products = points @ points.mT
    squares = products.diagonal(dim1=1, dim2=2)
    return squares.unsqueeze(2) + squares.unsqueeze(1) - 2 * products
