"""Networks: encoders and decoders of four presets, and encoders from other packages."""

from __future__ import annotations

from encoders.errors import InvalidNetworkError, MissingPackageError
from encoders.networks.decoders import Head, PixelDecoder, decoder
from encoders.networks.discriminator import Discriminator, discriminator
from encoders.networks.encoder import Encoder, EncoderProtocol, encoder, load_trunk
from encoders.networks.external import External, external, fit_projection
from encoders.networks.network import EncoderDecoder, network
from encoders.networks.outputs import OutputSpec
from encoders.networks.presets import FEATURES, PRESETS, Preset
from encoders.networks.zoo import import_torchvision

__all__ = [
    "FEATURES",
    "PRESETS",
    "Discriminator",
    "Encoder",
    "EncoderDecoder",
    "EncoderProtocol",
    "External",
    "Head",
    "InvalidNetworkError",
    "MissingPackageError",
    "OutputSpec",
    "PixelDecoder",
    "Preset",
    "decoder",
    "discriminator",
    "encoder",
    "external",
    "fit_projection",
    "import_torchvision",
    "load_trunk",
    "network",
]
