"""The presets of networks: ``tiny``, ``small``, ``base`` and ``paper``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from encoders.errors import UnknownNameError

GRID = 16  # side of a representation, for pictures of the preset's size
FEATURES = 8  # channels of a representation

Normalization = Literal["batch", "group", "layer"]


@dataclass(frozen=True)
class TrunkSpec:
    """A residual network without its classifier.

    Attributes
    ----------
    block : "basic" (two 3x3 convolutions) or "bottleneck" (1x1, 3x3, 1x1 at four times the width)
    stem : int
        Channels of the first convolution, of stride 2.
    kernel : int
        Side of the first convolution.
    pool : bool
        Whether a 3x3 max-pooling of stride 2 follows.
    depths, widths, strides : tuples of int
        By stage: number of blocks, channels (before a bottleneck's factor of four), and stride of
        the first block.
    norm : "batch" or "group"
    """

    block: Literal["basic", "bottleneck"]
    stem: int
    kernel: int
    pool: bool
    depths: tuple[int, ...]
    widths: tuple[int, ...]
    strides: tuple[int, ...]
    norm: Normalization


@dataclass(frozen=True)
class PixelSpec:
    """A convolutional decoder.

    Attributes
    ----------
    body : tuple of int
        Widths of the 3x3 convolutions at the representation's own size.
    ups : tuple of (int, int or None)
        By upsampling: the width of a 4x4 transposed convolution of stride 2, and of the 3x3
        convolution after it, if there is one. A smaller output uses only the first ones.
    subpixel : bool
        Whether the last convolution does the last upsampling, by predicting four pixels at each
        place.
    pointwise : bool
        Whether the last convolution is 1x1 instead of 3x3 if the output has more channels than its
        input (embeddings, bins of color); it then costs a ninth.
    norm : "batch" or "group"
    """

    body: tuple[int, ...]
    ups: tuple[tuple[int, int | None], ...]
    subpixel: bool
    pointwise: bool
    norm: Normalization


@dataclass(frozen=True)
class HeadSpec:
    """A fully connected head.

    Attributes
    ----------
    reduce : tuple of int
        Widths of 3x3 convolutions of stride 2 that reduce each picture's representation, with
        shared weights, before it is flattened; none in the paper.
    hidden : int
        Width of the hidden layers.
    dropout : float
        Share of the hidden numbers that are dropped in training.
    norm : "batch" or "layer"
    """

    reduce: tuple[int, ...]
    hidden: int
    dropout: float
    norm: Normalization


@dataclass(frozen=True)
class PatchSpec:
    """A patch discriminator: 4x4 convolutions, all but the last two of stride 2."""

    width: int
    layers: int


@dataclass(frozen=True)
class Preset:
    """An architecture for all tasks, and the size of its pictures.

    Attributes
    ----------
    name : str
    size : int
        Side of the pictures in pixels; their representations are 16x16x8.
    trunk : TrunkSpec
    fold : int or None
        Width of the `Fold`, which adds the maps of coarser stages to the representation; None if
        no stage is coarser.
    pixels : PixelSpec
    head : HeadSpec
    patch : PatchSpec or None
        The discriminator for the adversarial term; None if the preset has none.
    """

    name: str
    size: int
    trunk: TrunkSpec
    fold: int | None
    pixels: PixelSpec
    head: HeadSpec
    patch: PatchSpec | None = None

    @property
    def stride(self) -> int:
        """Return how many pixels of a picture's side one place of the representation covers."""
        return self.size // GRID


# GroupNorm takes its statistics from one picture. So a representation does not depend on the rest
# of the batch, is the same in training and evaluation, needs no running averages in an untrained
# (random) encoder, and works with the small batches of tasks of several pictures. On two cores it
# is as fast as BatchNorm.
TINY = Preset(
    name="tiny",
    size=64,
    trunk=TrunkSpec(
        block="basic",
        stem=24,
        kernel=3,
        pool=False,
        depths=(1, 1, 1),
        widths=(48, 80, 96),
        strides=(2, 2, 2),
        norm="group",
    ),
    fold=48,
    pixels=PixelSpec(
        body=(64, 64), ups=((32, None), (16, None)), subpixel=True, pointwise=True, norm="group"
    ),
    head=HeadSpec(reduce=(16, 32), hidden=256, dropout=0.2, norm="layer"),
)

# The networks of `TINY` for pictures of twice the side: a pooling after the first convolution, and
# one more upsampling. What differs between the two is the resolution of pictures and labels.
SMALL = replace(
    TINY,
    name="small",
    size=128,
    trunk=replace(TINY.trunk, pool=True),
    pixels=replace(TINY.pixels, ups=((32, None), *TINY.pixels.ups)),
)

# The trunk is an unchanged ResNet-18, so that published weights fit it (`load_trunk`); hence
# BatchNorm. The fold allows its strides: a picture takes 0.6 thousand million multiplications,
# while stride 1 in the last two stages would take 3.0.
BASE = Preset(
    name="base",
    size=128,
    trunk=TrunkSpec(
        block="basic",
        stem=64,
        kernel=7,
        pool=True,
        depths=(2, 2, 2, 2),
        widths=(64, 128, 256, 512),
        strides=(1, 2, 2, 2),
        norm="batch",
    ),
    fold=128,
    pixels=PixelSpec(
        body=(256, 256, 128),
        ups=((64, 64), (32, 32), (16, None)),
        subpixel=True,
        pointwise=True,
        norm="batch",
    ),
    head=HeadSpec(reduce=(32,), hidden=512, dropout=0.3, norm="layer"),
)

# Zamir et al., CVPR 2018, and the authors' released configurations: ResNet-50 whose last stage
# has stride 1. The first 3x3 convolution of each stage has the stride, as in torchvision; in the
# authors' library it is in the last block of the stage before, with the same sizes and weights.
# The paper counts 15 layers of its decoder; the released configuration has these 14.
PAPER = Preset(
    name="paper",
    size=256,
    trunk=TrunkSpec(
        block="bottleneck",
        stem=64,
        kernel=7,
        pool=True,
        depths=(3, 4, 6, 3),
        widths=(64, 128, 256, 512),
        strides=(1, 2, 2, 1),
        norm="batch",
    ),
    fold=None,
    pixels=PixelSpec(
        body=(1024, 1024, 512, 256, 256, 128),
        ups=((64, 64), (32, 32), (16, 32), (16, None)),
        subpixel=False,
        pointwise=False,
        norm="batch",
    ),
    head=HeadSpec(reduce=(), hidden=2048, dropout=0.5, norm="batch"),
    patch=PatchSpec(width=64, layers=5),
)

PRESETS: dict[str, Preset] = {preset.name: preset for preset in (TINY, SMALL, BASE, PAPER)}
"""All presets by name."""


def find_preset(preset: str | Preset) -> Preset:
    """Look up a preset by name; a `Preset` is returned unchanged.

    Raises
    ------
    UnknownNameError
        If there is no preset of that name.
    """
    if isinstance(preset, Preset):
        return preset
    if preset not in PRESETS:
        raise UnknownNameError(f"no preset {preset!r}; choose one of {', '.join(PRESETS)}")
    return PRESETS[preset]
