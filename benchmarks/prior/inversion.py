"""Inversion of an encoder: the prior's picture that has the representation of a photograph.

The picture f_θ(z) is fitted so that the encoder gives the representation of a photograph. Where an
encoder drops something, the prior fills in what it likes (Ulyanov et al. 2018, section 3.4).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.prior.fit_settings import SMALL, FitSettings
from benchmarks.prior.fitting import fit_prior
from benchmarks.prior.kept import keep
from benchmarks.prior.observations import Observation, Photograph
from benchmarks.prior.photographs import photograph
from benchmarks.prior.quality import psnr, ssim
from benchmarks.prior.settings import Settings
from benchmarks.prior.stopping import RunningAverage
from benchmarks.results.banks import HASH, shipped_bank_hash
from benchmarks.results.log import Log

SIZE = 64
"""Side of the pictures that the encoders of the bank take, in pixels."""

JITTER = 0.01
"""Standard deviation of the input's noise, smaller than for noisy pictures."""


def inverted(
    encoder: Callable[[Tensor], Tensor], photo: Photograph, fit_settings: FitSettings, *, seed: int
) -> tuple[Photograph, float]:
    """Return the prior's picture whose representation is that of a photograph, and the distance.

    Parameters
    ----------
    encoder : callable
        From (B, C, H, W) pictures in [-1, 1] to representations.
    photo : (C, H, W) array in [0, 1]

    Returns
    -------
    picture : (C, H, W) array in [0, 1]
        The average of outputs after the last iteration.
    distance : float
        Mean squared difference of its representation to that of the photograph, as a share of the
        variance of the latter; 0 is best.
    """
    with torch.no_grad():
        wanted = encoder(torch.from_numpy(photo)[None] * 2 - 1)
        center, spread = wanted.mean(), wanted.std().clamp_min(1e-6)

    def represent(pictures: Tensor) -> Tensor:
        """Return the representations, with the mean and deviation of the photograph's taken out."""
        return (encoder(pictures * 2 - 1) - center) / spread

    with torch.no_grad():
        values = represent(torch.from_numpy(photo)[None])[0].numpy()
    observation = Observation(values, (len(photo), *photo.shape[1:]), represent)
    average = RunningAverage()
    for iterate in fit_prior(observation, fit_settings, seed=seed):
        average.add(iterate.picture.numpy())
    assert average.picture is not None
    picture = np.clip(average.picture, 0, 1).astype(np.float32)
    with torch.no_grad():
        difference = represent(torch.from_numpy(picture)[None])[0].numpy() - values
    return picture, float(np.mean(difference**2))


def invert_bank(settings: Settings, log: Log) -> None:
    """Invert every encoder of the bank for the first photograph, with the small network."""
    from encoders.bank.pretrained import SUFFIX, default_bank, load

    fit_settings = replace(
        SMALL["denoise"], iterations=settings.inversion_iterations, jitter=JITTER
    )
    name = settings.photos[0]
    photo = photograph(name, SIZE)
    for task in sorted(path.stem for path in default_bank().glob("*" + SUFFIX)):
        asked = {
            "part": "inversion",
            "task": task,
            "photo": name,
            "method": "inversion",
            "size": SIZE,
            "iterations": fit_settings.iterations,
            HASH: shipped_bank_hash(),
        }
        if log.has(asked, seed=0):
            continue
        start = time.perf_counter()
        encoder = load(task).encoder
        truth = seen_by(encoder, photo)
        picture, distance = inverted(
            cast(Callable[[Tensor], Tensor], encoder), truth, fit_settings, seed=0
        )
        metrics = {"psnr": psnr(picture, truth), "ssim": ssim(picture, truth), "distance": distance}
        keep(log.folder, f"inversion-{task}", picture)
        keep(log.folder, "inversion", photo)
        log.add(asked, metrics, seed=0, seconds=round(time.perf_counter() - start, 2))
        print(f"inversion: {task}: {metrics['psnr']:.2f} dB", flush=True)


def seen_by(encoder: nn.Module, photo: Photograph) -> Photograph:
    """Return the picture that an encoder takes: the photograph, or its lightness in [0, 1]."""
    from encoders.codecs.colors import lightness

    channels = next(each.in_channels for each in encoder.modules() if isinstance(each, nn.Conv2d))
    if channels == len(photo):
        return photo
    levels = np.round(photo.transpose(1, 2, 0) * 255).astype(np.uint8)
    gray: Photograph = (lightness(levels)[..., 0][None] + 1) / 2
    return np.ascontiguousarray(gray, dtype=np.float32)
