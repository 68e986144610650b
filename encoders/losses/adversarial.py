"""The adversarial term of the paper's pixel tasks: an option, and never a test loss."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from encoders.losses.masked import masked_mean, wide


def generator_loss(fake: Tensor) -> Tensor:
    """-log D(fake), meaned over patches: what the encoder-decoder minimizes.

    Parameters
    ----------
    fake : (B, 1, h, w) tensor
        The discriminator's logits for predictions.

    Returns
    -------
    (B,) tensor, float32
    """
    return masked_mean(F.softplus(-wide(fake)), None)


def discriminator_loss(real: Tensor, fake: Tensor, *, real_label: float = 0.9) -> Tensor:
    """Cross-entropy of the logits of labels against ``real_label``, of predictions against 0.

    Parameters
    ----------
    real, fake : (B, 1, h, w) tensors
        The discriminator's logits for labels and for predictions.
    real_label : float
        Below 1, so that the discriminator never grows certain.

    Returns
    -------
    (B,) tensor, float32
        The sum of both, each meaned over patches.
    """
    real, fake = wide(real), wide(fake)
    # softplus(x) - p x is the cross-entropy of a logit x against the probability p.
    return masked_mean(F.softplus(real) - real_label * real, None) + masked_mean(
        F.softplus(fake), None
    )


def combined(loss: Tensor, adversarial: Tensor, *, share: float = 0.004) -> Tensor:
    """(1 - share) loss + share adversarial; the paper's share is 0.004, colorization's 0.01."""
    return (1 - share) * loss + share * adversarial


def noise_scale(step: int, *, start: float = 0.1, halved_at: int = 25_000) -> float:
    """Standard deviation of the noise on what the discriminator sees: start / (1 + step / h).

    The authors publish the start (0.1) and the law (inverse time), not the rate; h = 25,000
    steps, as long as they train without the discriminator, is our choice.
    """
    return start / (1 + step / halved_at)


def with_noise(images: Tensor, scale: float, generator: torch.Generator) -> Tensor:
    """The images with white Gaussian noise of standard deviation ``scale`` added."""
    noise = torch.randn(images.shape, generator=generator, device=generator.device)
    return images + scale * noise.to(images)
