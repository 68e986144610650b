"""Encoder and decoder together, with shared towers for samples of several pictures."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from encoders.errors import InvalidNetworkError
from encoders.networks.decoders import decoder
from encoders.networks.encoder import Encodes, encoder
from encoders.networks.outputs import OutputSpec
from encoders.networks.presets import Preset


class EncoderDecoder(nn.Module):
    """A task's network: one encoder, applied to every picture of a sample, and one decoder.

    Attributes
    ----------
    encoder : module that `Encodes`
    decoder : module
        From (B, inputs x features, h, w).
    inputs : int
        Pictures of one sample: 1, 2 (poses, matching), 3 (ego-motion) or 9 (jigsaw).
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module, inputs: int = 1) -> None:
        super().__init__()
        self.encoder, self.decoder, self.inputs = encoder, decoder, inputs

    def represent(self, images: Tensor) -> Tensor:
        """The representations of each sample's pictures, joined by channel.

        Parameters
        ----------
        images : (B, inputs, C, H, W) tensor in [-1, 1]; (B, C, H, W) will do for one picture

        Returns
        -------
        (B, inputs x features, h, w) tensor
            Picture i's are channels i x features to (i + 1) x features - 1.

        Raises
        ------
        InvalidNetworkError
            If a sample has another number of pictures.
        """
        if images.dim() == 4 and self.inputs == 1:
            return cast(Encodes, self.encoder)(images)
        if images.dim() != 5 or images.shape[1] != self.inputs:
            raise InvalidNetworkError(
                f"samples of shape {tuple(images.shape[1:])} given to a network of "
                f"{self.inputs} picture(s), expected (B, {self.inputs}, C, H, W)"
            )
        each = cast(Encodes, self.encoder)(images.flatten(0, 1))  # (B inputs, features, h, w)
        return each.reshape(len(images), -1, *each.shape[2:])

    def forward(self, images: Tensor) -> Tensor:
        """Pictures as in `represent` -> (B, size, H, W) maps or (B, size) numbers."""
        return cast(Tensor, self.decoder(self.represent(images)))


def network(
    preset: str | Preset,
    output: OutputSpec,
    *,
    inputs: int = 1,
    channels: int = 3,
    seed: int = 0,
) -> EncoderDecoder:
    """A new, untrained network of a preset for an output.

    Ego-motion's three poses come from one head of 18 numbers, where the authors' has two heads
    of 6 and composes the third pose: a network that predicts (1,3) as well is also told by
    `encoders.losses.ego_cycle` when it contradicts itself, and the composition, which needs
    the task's own units, stays in the loss.

    Parameters
    ----------
    preset : str or Preset
    output : OutputSpec
    inputs, channels : int
        Pictures of one sample, and their channels.
    seed : int
        Fixes all weights. Networks of one preset, seed and number of channels begin with the
        same encoder, whatever their output.
    """
    generator = torch.Generator().manual_seed(seed)
    return EncoderDecoder(
        encoder(preset, channels=channels, generator=generator),
        decoder(preset, output, inputs, generator=generator),
        inputs,
    )
