"""Digits rendered with the fonts that come with matplotlib: a synthetic source for real digits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.data.data import TEST, TRAIN, VAL
from benchmarks.data.packages import DIGITS, in_package
from benchmarks.data.source import RawData, Source
from taskgraph.arrays import Pixels

SEED = 21
FONTS = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSans-Oblique",
    "DejaVuSans-BoldOblique",
    "DejaVuSerif",
    "DejaVuSerif-Bold",
    "DejaVuSerif-Italic",
    "DejaVuSerif-BoldItalic",
    "DejaVuSansMono",
    "DejaVuSansMono-Oblique",
    "STIXGeneral",
    "STIXGeneralBol",
    "cmr10",
    "cmb10",
    "cmtt10",
    "cmss10",
    "cmmi10",
    "STIXGeneralItalic",
    "STIXGeneralBolIta",
    "DejaVuSansMono-Bold",
    "DejaVuSansMono-BoldOblique",
)
SPLITS = {TRAIN: slice(0, 14), VAL: slice(14, 17), TEST: slice(17, 21)}
"""Fonts of each split; no font is in two of them."""
VARIANTS = 15
"""Pictures of each digit in each font."""
SIDE, INNER = 28, 20
CANVAS = 96
"""Pixels along each side on which a digit is drawn before it is shrunk."""


def read_fonts(place: Path) -> RawData:
    """Return 3,150 rendered digits of 28 x 28, white on black, each turned and sheared a little.

    The set has the same bytes each time with the same version of Pillow. The splits are by font.
    """
    images, labels, groups = [], [], []
    for number, name in enumerate(FONTS):
        font = ImageFont.truetype(str(place / f"{name}.ttf"), 64)
        rng = np.random.default_rng([SEED, number])
        for label in range(10):
            for _ in range(VARIANTS):
                images.append(render_digit(str(label), font, rng))
                labels.append(label)
                groups.append(name)
    every = np.array(groups)
    splits = {split: np.flatnonzero(np.isin(every, FONTS[part])) for split, part in SPLITS.items()}
    pixels = np.stack(images)[..., None]
    return RawData(pixels, np.array(labels, np.int64), DIGITS, splits, tuple(groups))


def render_digit(text: str, font: ImageFont.FreeTypeFont, rng: np.random.Generator) -> Pixels:
    """Return a character in a box of 14 to 20 pixels' height, near the middle, (28, 28) bytes.

    It is turned by up to 15 degrees and sheared by up to 0.2.
    """
    canvas = Image.new("L", (CANVAS, CANVAS))
    middle = CANVAS / 2
    ImageDraw.Draw(canvas).text((middle, middle), text, fill=255, font=font, anchor="mm")
    shear = float(rng.uniform(-0.2, 0.2))
    moved = canvas.transform(
        canvas.size,
        Image.Transform.AFFINE,
        (1, shear, -shear * middle, 0, 1, 0),
        Image.Resampling.BILINEAR,
    ).rotate(float(rng.uniform(-15, 15)), Image.Resampling.BILINEAR)
    box = moved.getbbox()
    assert box is not None  # every font of the list has digits
    glyph = moved.crop(box)
    scale = float(rng.uniform(0.7, 1)) * INNER / max(glyph.size)
    size = tuple(max(1, round(scale * each)) for each in glyph.size)
    small = np.asarray(glyph.resize((size[0], size[1]), Image.Resampling.BOX))
    picture = np.zeros((SIDE, SIDE), np.uint8)
    top, left = ((SIDE - each) // 2 + int(rng.integers(-2, 3)) for each in small.shape)
    picture[top : top + small.shape[0], left : left + small.shape[1]] = small
    return picture


SOURCES = (
    Source(
        "fonts",
        f"{len(FONTS) * 10 * VARIANTS:,} images of 28 x 28, 10 digits in {len(FONTS)} fonts",
        "MIT (made by this project); the fonts have matplotlib's licenses",
        "pip install matplotlib",
        lambda root: in_package("matplotlib", "mpl-data", "fonts", "ttf"),
        read_fonts,
    ),
)
