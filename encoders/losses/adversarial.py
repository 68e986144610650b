"""The adversarial term of the paper's pixel tasks, an option of training.

Test losses never include it.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from encoders.losses.masked import as_float32, masked_mean


def generator_loss(fake: Tensor) -> Tensor:
    """Return the encoder-decoder's adversarial loss: the mean of -log D(fake) over patches.

    Parameters
    ----------
    fake : (B, 1, h, w) tensor
        The discriminator's logits for predictions.

    Returns
    -------
    (B,) tensor, float32
    """
    return masked_mean(F.softplus(-as_float32(fake)), None)


def discriminator_loss(real: Tensor, fake: Tensor, *, real_label: float = 0.9) -> Tensor:
    """Return the cross-entropy of the discriminator's logits to ``real_label`` and to 0.

    Parameters
    ----------
    real, fake : (B, 1, h, w) tensors
        The discriminator's logits for labels and for predictions.
    real_label : float
        Target probability of labels; below 1, so that the discriminator never becomes certain.

    Returns
    -------
    (B,) tensor, float32
        The mean over the patches of labels, plus that of predictions.
    """
    real, fake = as_float32(real), as_float32(fake)
    # softplus(x) - p x is the cross-entropy of a logit x against the probability p.
    return masked_mean(F.softplus(real) - real_label * real, None) + masked_mean(
        F.softplus(fake), None
    )


def combined(loss: Tensor, adversarial: Tensor, *, share: float = 0.004) -> Tensor:
    """Return (1 - share) loss + share adversarial.

    The paper's share is 0.004, and 0.01 for colorization.
    """
    return (1 - share) * loss + share * adversarial


def noise_scale(step: int, *, start: float = 0.1, halved_at: int = 25_000) -> float:
    """Return the standard deviation of the discriminator's input noise: start / (1 + step / h).

    The authors publish the start (0.1) and the formula, but not h, ``halved_at``. Our choice is
    25,000 steps, as long as the authors train without the discriminator.
    """
    return start / (1 + step / halved_at)


def with_noise(images: Tensor, scale: float, generator: torch.Generator) -> Tensor:
    """Add white Gaussian noise of standard deviation ``scale`` to the images."""
    noise = torch.randn(images.shape, generator=generator, device=generator.device)
    return images + scale * noise.to(images)
