"""The sizes that networks come in, as values: `tiny`, `base` and `paper`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from encoders.errors import UnknownNameError

GRID = 16  # side of a representation at the preset's own picture size
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
        Its side.
    pool : bool
        Whether a 3x3 maximum of stride 2 follows.
    depths, widths, strides : tuples, one entry a stage
        Blocks, channels (before a bottleneck's factor) and the stride of the first block.
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
        One entry a doubling: the width of a 4x4 transposed convolution of stride 2, and of the
        3x3 convolution after it, if any. A smaller output uses the first ones only.
    subpixel : bool
        Whether the last doubling is done by the last convolution, which then predicts four
        pixels at each place.
    pointwise : bool
        Whether an output of more channels than the features it is made from (embeddings, bins
        of color) takes a 1x1 convolution, at a ninth of the cost of a 3x3.
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
        Widths of 3x3 convolutions of stride 2 that shrink each picture's representation, with
        shared weights, before it is flattened; none in the paper.
    hidden : int
        Width of the hidden layers.
    dropout : float
        Share of hidden numbers that training leaves out.
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
    """One architecture for all tasks, and the size of picture it is meant for.

    Attributes
    ----------
    name : str
    size : int
        Side of its pictures in pixels; their representations are 16x16x8.
    trunk : TrunkSpec
    fold : int or None
        Width at which stages coarser than the representation are added back to it, so that
        each place knows the whole picture; None where no stage is coarser.
    pixels : PixelSpec
    head : HeadSpec
    patch : PatchSpec or None
        The discriminator, where the adversarial term is an option.
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
        """Pixels of the picture, along a side, to one place of the representation."""
        return self.size // GRID


# GroupNorm: the statistics are one picture's own, so a representation does not depend on the
# rest of the batch, is the same in training and evaluation, needs no running averages in an
# untrained (random) encoder, and holds for the small batches of several pictures a sample. On
# two cores it is also no slower than BatchNorm.
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

# The trunk is ResNet-18 as it stands, so that published weights fit it (`load_trunk`); hence
# BatchNorm. Folding keeps its strides: 0.6 thousand million multiplications a picture, where
# 3.0 would be needed with stride 1 in the last two stages.
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
# has stride 1. Its first 3x3 of each stage carries the stride, as in torchvision; the authors'
# library puts it into the last block of the stage before, with the same sizes and weights. The
# paper counts 15 layers of its decoder; the released configuration has the 14 that stand here.
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

PRESETS: dict[str, Preset] = {preset.name: preset for preset in (TINY, BASE, PAPER)}


def find(preset: str | Preset) -> Preset:
    """The preset of that name; a preset is itself.

    Raises
    ------
    UnknownNameError
        If there is none of that name.
    """
    if isinstance(preset, Preset):
        return preset
    if preset not in PRESETS:
        raise UnknownNameError(f"no preset {preset!r}; choose one of {', '.join(PRESETS)}")
    return PRESETS[preset]
