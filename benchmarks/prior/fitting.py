"""Fit an untrained network to one observation, one iteration after the other."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from benchmarks.prior.fit_settings import FitSettings
from benchmarks.prior.network import Hourglass
from benchmarks.prior.observations import Observation

FALL = 10**0.5
"""The factor by which the loss rises when the fit to the observation falls by 5 dB."""

CHECKS = 100
"""Iterations between two checks of backtracking."""

ARITHMETIC = {"float32": torch.float32, "bfloat16": torch.bfloat16}


@dataclass(frozen=True, eq=False)
class Iterate:
    """The state after one iteration.

    Attributes
    ----------
    number : int
        From 1.
    picture : (C, H, W) tensor in (0, 1)
        The network's output before the update of this iteration.
    loss : float
        Mean squared difference of its measurement to the observation.
    """

    number: int
    picture: Tensor
    loss: float


def fit_prior(
    observation: Observation, fit_settings: FitSettings, *, seed: int, arithmetic: str = "float32"
) -> Iterator[Iterate]:
    """Yield the iterates of min_θ ‖measure(f_θ(z)) − values‖², for a fixed random input z.

    Each step is one of Adam. Every `CHECKS` iterations the loss is compared with that of the check
    before; if the fit to the observation has fallen by more than 5 dB, the weights of the check
    before are restored (the published "backtracking", whose condition is inverted in the notebook
    for denoising).

    Parameters
    ----------
    seed : int
        Seed of the weights, the input and its jitter.
    arithmetic : {"float32", "bfloat16"}
        Type of the products in convolutions; the weights are always float32. See `fastest`.

    Raises
    ------
    TooSmallError
        If the picture is smaller than the network needs.
    """
    generator = torch.Generator().manual_seed(seed)
    code = _code(fit_settings, observation.shape[1:], generator)
    target = torch.from_numpy(observation.values)[None]  # (1, C, h, w)
    network = _network(fit_settings, observation.shape[0], seed)
    optimizer = torch.optim.Adam(network.parameters(), fit_settings.rate, fused=True)
    kept, before = _weights(network), float("inf")
    for number in range(1, fit_settings.iterations + 1):
        _add_noise(network, fit_settings.weight_jitter, generator)
        jitter = torch.randn(code.shape, generator=generator) * fit_settings.jitter
        noisy = (code + jitter).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=arithmetic == "bfloat16"):
            output = network(noisy)
        picture = output.float()
        loss = (observation.measure(picture) - target).square().mean()
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        value = loss.item()
        fallen = number % CHECKS == 0 and value > before * FALL
        if fallen:
            network.load_state_dict(kept)
        elif number % CHECKS == 0:
            kept, before = _weights(network), value
        if not fallen:
            optimizer.step()
        yield Iterate(number, picture.detach()[0], value)


def _network(fit_settings: FitSettings, channels: int, seed: int) -> Hourglass:
    """Return the network with PyTorch's initial weights, which depend on the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Hourglass(fit_settings.network, fit_settings.inputs, channels)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def _code(fit_settings: FitSettings, size: tuple[int, int], generator: torch.Generator) -> Tensor:
    """Return the fixed input, (1, inputs, H, W)."""
    height, width = size
    if fit_settings.code == "grid":
        ys, xs = torch.linspace(0, 1, height), torch.linspace(0, 1, width)
        return torch.stack(torch.meshgrid(ys, xs, indexing="ij"))[None]
    return torch.rand((1, fit_settings.inputs, height, width), generator=generator) * 0.1


def _weights(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


@torch.no_grad()
def _add_noise(network: nn.Module, share: float, generator: torch.Generator) -> None:
    """Add noise to every kernel, as a share of its own standard deviation."""
    if share:
        for weight in network.parameters():
            if weight.ndim == 4 and weight.numel() > 1:
                noise = torch.randn(weight.shape, generator=generator)
                weight.add_(noise * weight.std() * share)


def fastest(observation: Observation, fit_settings: FitSettings, *, iterations: int = 4) -> str:
    """Return the key of `ARITHMETIC` with which iterations take less time on this machine."""
    seconds = {}
    for arithmetic in ARITHMETIC:
        ends = []
        for _ in zip(
            range(iterations),
            fit_prior(observation, fit_settings, seed=0, arithmetic=arithmetic),
            strict=False,
        ):
            ends.append(time.process_time())
        seconds[arithmetic] = min(b - a for a, b in itertools.pairwise(ends))
    return min(seconds, key=lambda name: seconds[name])
