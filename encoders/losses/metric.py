"""The metric loss of unsupervised segmentation: pixels of one segment get close embeddings."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from encoders.errors import InvalidLossInputError
from encoders.losses.masked import as_float32, checked_mask

NEAREST, FARTHEST = 2e-7, 80.0
"""Bounds to which squared distances are clipped; at the lower one, 1 - σ is 1e-7."""


def metric(
    prediction: Tensor,
    target: Tensor,
    mask: Tensor | None = None,
    *,
    pixels: int = 300,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Return the mean over pairs of pixels of -log σ in one segment, else of -log(1 - σ).

    σ = 2 / (1 + exp d) is the probability that both pixels belong to one segment, with d the
    squared distance of their embeddings, clipped to [2e-7, 80]. The authors also clip σ to
    [1e-7, 1 - 1e-7], because they compute it before its logarithm. The logarithms here are exact,
    so that pixels of one segment attract each other beyond d = 17 as well.

    Parameters
    ----------
    prediction : (B, C, H, W) tensor
        Embeddings, unbounded.
    target : (B, H, W) integer tensor
        Segment numbers; only their equality within an image matters.
    mask : (B, H, W) tensor, optional
        Non-zero where the target is valid; other pixels are never drawn.
    pixels : int
        Number of pixels of each image that are compared; all valid ones if there are fewer.
    generator : torch.Generator, optional
        Draws the pixels without replacement. Without a generator, they are evenly spaced among
        the valid pixels in reading order, so that test losses of an image use the same pixels.

    Returns
    -------
    (B,) tensor, float32
        Lower is better; NaN for an image whose mask is empty, 0 for one valid pixel alone.

    Source
    ------
    Fathi et al., "Semantic instance segmentation via deep metric learning", 2017, equation 2.
    """
    kept = checked_mask(prediction, mask)
    if target.shape != (prediction.shape[0], *prediction.shape[2:]):
        raise InvalidLossInputError(
            f"the segment numbers' shape is {tuple(target.shape)}, expected "
            f"{(prediction.shape[0], *prediction.shape[2:])}: the prediction's without channels"
        )
    valid = (torch.ones_like(target, dtype=torch.bool) if kept is None else kept).flatten(1)
    places, drawn = sample_pixels(valid, pixels, generator)  # (B, P), (B, P)
    points = embeddings_at(as_float32(prediction), places)  # (B, P, C)
    segments = target.flatten(1).gather(1, places)
    first, second = pixel_pairs(places.shape[1], places.device)
    same = segments.index_select(1, first) == segments.index_select(1, second)
    both = drawn.index_select(1, first) & drawn.index_select(1, second)
    among = squared_distances(points).flatten(1)  # (B, P P)
    distance = among.index_select(1, first * places.shape[1] + second).clamp(NEAREST, FARTHEST)
    # -log σ = d - log 2 + log(1 + exp -d), and -log(1 - σ) = -log(1 - exp -d) + log(1 + exp -d).
    own = torch.where(same, distance - math.log(2), -torch.log(-torch.expm1(-distance)))
    loss = torch.where(both, own + torch.log1p(torch.exp(-distance)), 0.0).sum(1)
    mean = loss / both.sum(1).clamp(min=1)
    return torch.where(drawn.any(1), mean, torch.nan)


def embeddings_at(maps: Tensor, places: Tensor) -> Tensor:
    """Return (B, P, C) embeddings at (B, P) places of (B, C, H, W) maps.

    Whole rows of channels are copied, and their gradients have the layout ``channels_last`` of the
    networks: a training step takes a quarter less time than with `torch.gather` by channel.
    """
    batch, channels = maps.shape[:2]
    rows = maps.movedim(1, -1).reshape(-1, channels)  # no copy of maps in `channels_last`
    first = torch.arange(batch, device=maps.device).unsqueeze(1) * (len(rows) // max(batch, 1))
    return rows.index_select(0, (first + places).flatten()).reshape(batch, -1, channels)


def pixel_pairs(count: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return the positions i < j of all count (count - 1) / 2 pairs."""
    first, second = torch.triu_indices(row=count, col=count, offset=1, device=device).unbind(0)
    return first, second


def sample_pixels(
    valid: Tensor, count: int, generator: torch.Generator | None
) -> tuple[Tensor, Tensor]:
    """Choose ``count`` valid pixels of each image.

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
        False for places beyond the number of valid pixels of an image.
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
    """Return the squared distances, (B, P, P), of (B, P, C) points, from inner products.

    The points are centered first, which keeps the products and so the cancellation small if all
    points are far from the origin. Autocast is off, because half precision is not enough.
    """
    points = points - points.mean(1, keepdim=True)
    with torch.autocast(points.device.type, enabled=False):
        products = points @ points.mT
    squares = products.diagonal(dim1=1, dim2=2)
    return squares.unsqueeze(2) + squares.unsqueeze(1) - 2 * products
