"""Read-outs: from frozen representations of one or several sources to a target."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from encoders.networks import FEATURES, EncoderDecoder, OutputSpec, Preset, decoder

SPREAD = 5.0
"""Standard deviations from a channel's mean beyond which representations are clipped."""


class Standardize(nn.Module):
    """Brings each channel to mean 0 and spread 1 and clips it to ±`SPREAD`.

    Statistics are fixed beforehand (`observe`) on the transfer data, where the authors' code uses
    those of each batch: so that one image's loss does not depend on its neighbors.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(1, channels, 1, 1))
        self.register_buffer("scale", torch.ones(1, channels, 1, 1))

    @torch.no_grad()
    def observe(self, representations: Tensor) -> None:
        """Take mean and spread from (N, channels, h, w) representations."""
        self.mean.copy_(representations.mean((0, 2, 3), keepdim=True))
        spread = representations.std((0, 2, 3), keepdim=True)
        self.scale.copy_(torch.where(spread > 1e-6, spread, 1.0))

    def forward(self, representation: Tensor) -> Tensor:
        """(B, channels, h, w) -> the same shape, within ±`SPREAD`."""
        return ((representation - self.mean) / self.scale).clamp(-SPREAD, SPREAD)


def stream(channels: int) -> nn.Sequential:
    """Two 3x3 convolutions of the same width, each with ReLU and batch normalization."""
    layers: list[nn.Module] = []
    for _ in range(2):
        layers += [nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(channels)]
    return nn.Sequential(*layers)


class ReadOut(nn.Module):
    """A transfer network without its encoders (Zamir et al., Sec. 3.2, and the authors' code).

    The k sources' representations, joined by channel and standardized, go through two parallel
    streams of two convolutions; both streams, joined, feed the target's own decoder, which starts
    anew. For a target of n pictures the same streams serve each.

    Parameters
    ----------
    preset : str or Preset
        Of the decoder.
    output : OutputSpec
        Of the target.
    channels : int
        Of one picture's joined representations: 8 k, or the sum of the encoders' own.
    inputs : int
        Pictures of one sample of the target.
    generator : torch.Generator
        Draws the weights.
    """

    def __init__(
        self,
        preset: str | Preset,
        output: OutputSpec,
        *,
        channels: int = FEATURES,
        inputs: int = 1,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.channels, self.inputs = channels, inputs
        self.standardize = Standardize(channels)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(torch.randint(2**62, (1,), generator=generator)))
            self.streams = nn.ModuleList([stream(channels), stream(channels)])
        self.joined = nn.BatchNorm2d(2 * channels)
        self.decoder = decoder(preset, output, inputs, features=2 * channels, generator=generator)

    def forward(self, representations: Tensor) -> Tensor:
        """(B, inputs x channels, h, w) representations -> the decoder's output."""
        batch, _, height, width = representations.shape
        each = representations.reshape(batch * self.inputs, self.channels, height, width)
        each = self.standardize(each)
        read = self.joined(torch.cat([one(each) for one in self.streams], dim=1))
        found: Tensor = self.decoder(read.reshape(batch, -1, height, width))
        return found


class Transfer(nn.Module):
    """A frozen encoder and a read-out that is trained."""

    def __init__(self, source: nn.Module, readout: ReadOut, inputs: int) -> None:
        super().__init__()
        self.source = EncoderDecoder(source.requires_grad_(False).eval(), nn.Identity(), inputs)
        self.readout = readout

    def train(self, mode: bool = True) -> Transfer:
        """Only the read-out ever trains."""
        super().train(mode)
        self.source.eval()
        return self

    def forward(self, images: Tensor) -> Tensor:
        """Pictures -> the target's output."""
        with torch.no_grad():
            representation = self.source.represent(images)
        found: Tensor = self.readout(representation)
        return found
