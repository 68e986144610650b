"""Lanczos downsampling as a matrix for each direction, through which gradients flow."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from taskgraph.arrays import Floats


def lanczos_matrix(size: int, factor: int, lobes: int = 2) -> Floats:
    """Return the matrix that averages ``size`` values to ``size / factor`` with a Lanczos kernel.

    The kernel is sinc(d) sinc(d / lobes) for a distance d below ``lobes``, in units of the output,
    and is normalized to sum to one. Values beyond an end equal the last value there. With two
    lobes this is the downsampler of Ulyanov et al. (2018): phase 0.5, size preserved.

    Parameters
    ----------
    size : int
        Number of values; divisible by ``factor``.

    Returns
    -------
    (size / factor, size) array
        Every row sums to one.
    """
    outputs = size // factor
    centers = (np.arange(outputs) + 0.5) * factor - 0.5
    reach = lobes * factor
    places = np.arange(-reach, size + reach)
    distance = (places - centers[:, None]) / factor  # (outputs, places)
    weights = np.sinc(distance) * np.sinc(distance / lobes) * (np.abs(distance) < lobes)
    weights /= weights.sum(axis=1, keepdims=True)
    matrix = np.zeros((outputs, size))
    for column, place in enumerate(np.clip(places, 0, size - 1)):
        matrix[:, place] += weights[:, column]
    return matrix


class Downsampler:
    """Downsamples pictures (..., H, W) to (..., H / factor, W / factor)."""

    def __init__(self, height: int, width: int, factor: int) -> None:
        self.rows = torch.tensor(lanczos_matrix(height, factor), dtype=torch.float32)
        self.columns = torch.tensor(lanczos_matrix(width, factor), dtype=torch.float32).T

    def __call__(self, pictures: Tensor) -> Tensor:
        """Return the smaller pictures."""
        return self.rows @ pictures @ self.columns
