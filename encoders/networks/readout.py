"""Read-outs: networks from the frozen representations of one or more sources to a target."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from encoders.networks import FEATURES, EncoderDecoder, OutputSpec, Preset, decoder

SPREAD = 5.0
"""Standard deviations from a channel's mean beyond which representations are clipped."""


class Standardize(nn.Module):
    """Brings each channel to mean 0 and standard deviation 1, and clips it to ±`SPREAD`.

    The statistics are fixed beforehand by `observe`. The authors' code uses those of each batch;
    with fixed ones the loss of an image does not depend on the other images of its batch.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(1, channels, 1, 1))
        self.register_buffer("scale", torch.ones(1, channels, 1, 1))

    @torch.no_grad()
    def observe(self, representations: Tensor) -> None:
        """Set mean and standard deviation to those of (N, channels, h, w) representations."""
        self.mean.copy_(representations.mean((0, 2, 3), keepdim=True))
        spread = representations.std((0, 2, 3), keepdim=True)
        self.scale.copy_(torch.where(spread > 1e-6, spread, 1.0))

    def forward(self, representation: Tensor) -> Tensor:
        """Standardize (B, channels, h, w) values to within ±`SPREAD`."""
        return ((representation - self.mean) / self.scale).clamp(-SPREAD, SPREAD)


class Streams(nn.Sequential):
    """Two parallel streams of two 3x3 convolutions, each with ReLU and batch normalization.

    Both streams are computed together: the first layer makes the channels of both, and the second
    has two groups. That takes half as many, larger operations.
    """

    def __init__(self, channels: int) -> None:
        both = 2 * channels
        layers: list[nn.Module] = []
        for inputs, groups in ((channels, 1), (both, 2)):
            layers += [
                nn.Conv2d(inputs, both, 3, padding=1, groups=groups),
                nn.ReLU(inplace=True),
                nn.BatchNorm2d(both),
            ]
        super().__init__(*layers)


class ReadOut(nn.Module):
    """A transfer network without its encoders (Zamir et al., Sec. 3.2, and the authors' code).

    The representations of the k sources are joined by channel, standardized, and passed through
    two parallel streams of two convolutions. The joined streams are the input of a new decoder for
    the target. If a sample of the target has n pictures, all share the same streams.

    Parameters
    ----------
    preset : str or Preset
        Preset of the decoder.
    output : OutputSpec
        What the target's decoder produces.
    channels : int
        Channels of one picture's joined representations: 8 for each source, or the sum of the
        encoders' own numbers.
    inputs : int
        Number of pictures in one sample of the target.
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
            self.streams = Streams(channels)
        self.joined = nn.BatchNorm2d(2 * channels)
        self.decoder = decoder(preset, output, inputs, features=2 * channels, generator=generator)

    def forward(self, representations: Tensor) -> Tensor:
        """Return the decoder's output for (B, inputs x channels, h, w) representations."""
        batch, _, height, width = representations.shape
        each = representations.reshape(batch * self.inputs, self.channels, height, width)
        each = self.standardize(each)
        read = self.joined(self.streams(each))
        result: Tensor = self.decoder(read.reshape(batch, -1, height, width))
        return result


class TransferNetwork(nn.Module):
    """A frozen encoder followed by a read-out that is trained."""

    def __init__(self, source: nn.Module, readout: ReadOut, inputs: int) -> None:
        super().__init__()
        self.source = EncoderDecoder(source.requires_grad_(False).eval(), nn.Identity(), inputs)
        self.readout = readout

    def train(self, mode: bool = True) -> TransferNetwork:
        """Set the mode of the read-out; the encoder stays in evaluation mode."""
        super().train(mode)
        self.source.eval()
        return self

    def forward(self, images: Tensor) -> Tensor:
        """Return the target's output for pictures."""
        with torch.no_grad():
            representation = self.source.represent(images)
        result: Tensor = self.readout(representation)
        return result
