"""Encoder and decoder together; the encoder is shared by all pictures of a sample."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from encoders.errors import InvalidNetworkError
from encoders.networks.decoders import decoder
from encoders.networks.encoder import EncoderProtocol, encoder
from encoders.networks.outputs import OutputSpec
from encoders.networks.presets import Preset


class EncoderDecoder(nn.Module):
    """A task's network: an encoder for each picture of a sample, and a decoder.

    Attributes
    ----------
    encoder : module
        Has the form of `EncoderProtocol`.
    decoder : module
        From (B, inputs x features, h, w) representations to the output.
    inputs : int
        Number of pictures of one sample: 1, 2 (poses, matching), 3 (ego-motion) or 9 (jigsaw).
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module, inputs: int = 1) -> None:
        super().__init__()
        self.encoder, self.decoder, self.inputs = encoder, decoder, inputs

    def represent(self, images: Tensor) -> Tensor:
        """Return the representations of each sample's pictures, concatenated by channel.

        Parameters
        ----------
        images : (B, inputs, C, H, W) tensor in [-1, 1], or (B, C, H, W) for one picture

        Returns
        -------
        (B, inputs x features, h, w) tensor
            Channels i x features to (i + 1) x features - 1 belong to picture i.

        Raises
        ------
        InvalidNetworkError
            If a sample has another number of pictures.
        """
        if images.dim() == 4 and self.inputs == 1:
            return cast(EncoderProtocol, self.encoder)(images)
        if images.dim() != 5 or images.shape[1] != self.inputs:
            raise InvalidNetworkError(
                f"samples of shape {tuple(images.shape[1:])} given to a network of "
                f"{self.inputs} picture(s), expected (B, {self.inputs}, C, H, W)"
            )
        each = cast(EncoderProtocol, self.encoder)(
            images.flatten(0, 1)
        )  # (B inputs, features, h, w)
        return each.reshape(len(images), -1, *each.shape[2:])

    def forward(self, images: Tensor) -> Tensor:
        """Return (B, size, H, W) maps or (B, size) numbers for pictures as in `represent`."""
        return cast(Tensor, self.decoder(self.represent(images)))


def network(
    preset: str | Preset,
    output: OutputSpec,
    *,
    inputs: int = 1,
    channels: int = 3,
    seed: int = 0,
) -> EncoderDecoder:
    """Make an untrained network of a preset for an output.

    Ego-motion has one head that predicts all three poses (18 numbers). The authors' network has two
    heads of 6 numbers and composes the third pose. Here the loss `encoders.losses.ego_cycle`
    composes it, because that needs the task's units, and so also penalizes inconsistent poses.

    Parameters
    ----------
    preset : str or Preset
    output : OutputSpec
    inputs, channels : int
        Number of pictures of one sample, and of their channels.
    seed : int
        Determines all weights. Networks with the same preset, seed and number of channels have
        the same initial encoder, whatever their output.
    """
    generator = torch.Generator().manual_seed(seed)
    return EncoderDecoder(
        encoder(preset, channels=channels, generator=generator),
        decoder(preset, output, inputs, generator=generator),
        inputs,
    )
